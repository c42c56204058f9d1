"""The company's configuration in flat plain words, so that the record can say what of it was changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from finops.company import Company

NOT_POLICY = ("sources", "name")
"""Where bills lie, and how the company is called: nobody is called or judged by it."""


def company_words(company: Company) -> dict[str, str | list[str]]:
    """Dotted name → value, for example 'teams.payments.materiality.amount' → '100'; what is empty is left out."""
    words: dict[str, str | list[str]] = {}
    for field in fields(company):
        if field.name == "teams":
            for team in company.teams:
                words |= _flat(f"teams.{team.slug}", team)
        elif field.name not in NOT_POLICY:
            words |= _flat(field.name, getattr(company, field.name))
    return words


def _flat(name: str, value: Any) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for part, inner in _parts(value):
        found |= _flat(f"{name}.{part}", inner)
    if found:
        return found
    if isinstance(value, frozenset):
        value = tuple(sorted(value, key=str))
    if value is None or value in ("", (), {}) or is_dataclass(value) or isinstance(value, Mapping):
        return {}
    return {name: [str(each) for each in value] if isinstance(value, tuple) else str(value)}


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """The named or numbered parts of a value that has some."""
    if is_dataclass(value):
        yield from ((field.name, getattr(value, field.name)) for field in fields(value))
    elif isinstance(value, Mapping):
        yield from ((str(key), inner) for key, inner in value.items())
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        yield from ((str(getattr(each, "name", number)), each) for number, each in enumerate(value, start=1))
