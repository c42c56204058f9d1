"""What a billing source is: it says which deliveries are complete, and fetches one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from finops.errors import FinopsError


class SourceFailed(FinopsError):
    """A source cannot be read now: it is not there, not reachable, or not allowed."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A delivery that is complete: the files of one billing period, or of several.

    Attributes:
        name: of it within its export, for people: '2026-10'.
        mark: another one whenever what it holds may be another; what was taken in under a mark is not fetched again.
            Empty where only reading it tells.
        files: what is to be fetched, as the source names it.
        size: bytes.
    """

    name: str
    mark: str
    files: tuple[str, ...]
    size: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that cannot be used as it is: under way, or damaged.

    Attributes:
        why: one sentence.
    """

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Offered:
    """What a source has.

    Attributes:
        ready: complete deliveries, the oldest billing period first.
        waiting: the others; what was taken in of them before stays.
    """

    ready: tuple[Offer, ...]
    waiting: tuple[Waiting, ...] = ()


class Source(Protocol):
    """One export, wherever it is delivered."""

    def offered(self, now: datetime) -> Offered:
        """What there is; raises SourceFailed where nobody can tell."""

    def fetch(self, offer: Offer, folder: Path) -> list[Path]:
        """Bring a delivery's files into an empty folder, or say where they lie already; raises SourceFailed."""

    def lacking(self) -> list[str]:
        """What must be allowed or mended before it can be read, each a sentence; nothing where all is well."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source, as `kind:` in finops.yaml names it by its module.

    Attributes:
        about: what is delivered there, one line.
        opened: a Source from the keys given, by name.
        keys: key → what it means.
        required: those of them that must be given.
    """

    about: str
    opened: Callable[..., Source]
    keys: Mapping[str, str]
    required: tuple[str, ...] = ("path",)

    def fault(self, given: Mapping[str, object]) -> str:
        """What is wrong with the keys of one source, '' where nothing is."""
        if unknown := [key for key in given if key not in self.keys]:
            return f"has no key {unknown[0]}; there are {', '.join(self.keys)}"
        if lacking := [key for key in self.required if not given.get(key)]:
            return f"needs the key {lacking[0]}: {self.keys[lacking[0]]}"
        return ""
