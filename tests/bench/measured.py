"""What the benchmark says: claims that hold or not, and figures beside them."""

from __future__ import annotations

from dataclasses import dataclass, field

import click


@dataclass(frozen=True, slots=True)
class Claim:
    """Something promised.

    Attributes:
        promise: in words.
        limit, measured: as shown.
        holds: whether the measured figure keeps within the limit.
    """

    promise: str
    limit: str
    measured: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """Something measured that nobody promised."""

    what: str
    measured: str


@dataclass(slots=True)
class Findings:
    """All of one run, in the order in which they were found; each is said at once."""

    claims: list[Claim] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def claim(self, promise: str, limit: str, measured: str, holds: bool) -> None:
        """Note a claim's measurement."""
        self.claims.append(Claim(promise, limit, measured, holds))
        click.echo(f"{'pass' if holds else 'FAIL'}: {promise}: {measured} (limit: {limit})")

    def fact(self, what: str, measured: str) -> None:
        """Note a figure."""
        self.facts.append(Fact(what, measured))
        click.echo(f"      {what}: {measured}")

    @property
    def hold(self) -> bool:
        """Whether every claim holds."""
        return all(claim.holds for claim in self.claims)


def step(text: str) -> None:
    """Say what is done next."""
    click.echo(f"bench: {text} …", err=True)


def milliseconds(seconds: float) -> str:
    """'12.3 ms'."""
    return f"{seconds * 1000:,.1f} ms"


def seconds(value: float) -> str:
    """'1.23 s'."""
    return f"{value:,.2f} s"


def megabytes(size: float) -> str:
    """'345 MB', a megabyte being 10^6 bytes."""
    return f"{size / 1e6:,.0f} MB"
