"""What became of each delivery that a source offered: taken in, refused, or waiting, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, select

from storage.bulk import upsert
from storage.tables import OfferedDeliveryRow

TABLE = OfferedDeliveryRow.__table__  # type: ignore[attr-defined]


KEY = ("export", "name")


class Outcome(StrEnum):
    """What became of a delivery."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Taken:
    """One delivery of an export, as it was last looked at.

    Attributes:
        name: of it within the export.
        mark: under which it was taken in or refused; empty where it is to be looked at again.
        why: what was refused, failed or is waited for, one line; else what whoever reads the figures should know.
        at: since when it stands so.
        periods: billing periods that it holds.
        rows: in the billing periods that it changed.
    """

    export: str
    name: str
    mark: str
    outcome: Outcome
    why: str
    at: datetime
    periods: tuple[str, ...] = ()
    rows: int = 0

    def is_as(self, other: Taken | None) -> bool:
        """Whether it stands as it did; a delivery that is taken in unchanged is no news."""
        if other is None:
            return False
        return replace(self.again(), at=other.at, rows=0) == replace(other.again(), rows=0)

    def again(self) -> Taken:
        """The same, offered again and not read again."""
        return replace(self, outcome=Outcome.UNCHANGED, rows=0) if self.outcome is Outcome.PUBLISHED else self


def taken_of(connection: Connection, export: str | None = None) -> list[Taken]:
    """What became of every delivery, of one export or of all, by export and name."""
    query = select(TABLE).order_by(TABLE.c.export, TABLE.c.name)
    if export is not None:
        query = query.where(TABLE.c.export == export)
    return [_taken(row._mapping) for row in connection.execute(query)]


def note_taken(connection: Connection, found: Iterable[Taken]) -> None:
    """Write what became of deliveries, in place of what was known of them."""
    for each in found:
        row = {name: getattr(each, name) for name in each.__slots__}
        upsert(connection, TABLE, row | {"outcome": str(each.outcome), "periods": list(each.periods)}, KEY)


def forget_taken(connection: Connection, export: str, name: str) -> None:
    """Take out what became of one delivery."""
    connection.execute(delete(TABLE).where(TABLE.c.export == export, TABLE.c.name == name))


def _taken(row: Any) -> Taken:
    known = {name: row[name] for name in Taken.__slots__}
    return Taken(**{**known, "outcome": Outcome(row["outcome"]), "periods": tuple(row["periods"])})
