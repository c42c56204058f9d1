"""What drives the change of teams' months, as the worker told it: kept for who has no ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from finops.basis import Basis
from finops.closed_month import TeamCurrency
from finops.drivers import Separation
from finops.periods import Month
from storage.bulk import upsert
from storage.plain_json import plain
from storage.tables import VarianceDriversRow

TABLE = VarianceDriversRow.__table__  # type: ignore[attr-defined]
_SEPARATION = TypeAdapter(Separation)
Mark = tuple[int, date]
"""The newest run that published any of what parts were told from, and the last of their days."""
KEPT = 20
"""Most contributors of a part that are kept, the smaller ones in one."""


def save_drivers(
    connection: Connection,
    month: Month,
    basis: Basis,
    found: Iterable[tuple[TeamCurrency, Separation | None]],
    marks: Mapping[TeamCurrency, Mark],
    now: datetime,
) -> None:
    """Write the parts of teams' months in the place of what was known of them; None where there is nothing to compare.

    Args:
        marks: what each was told from; those of other teams are not looked at.
    """
    for (team, currency), separation in found:
        publication, through = marks[team, currency]
        values = {
            "team": team,
            "month": str(month),
            "currency": currency,
            "basis": str(basis),
            "publication": publication,
            "through": through,
            "body": separation and _body(separation),
            "told_at": now,
        }
        upsert(connection, TABLE, values, ("team", "month", "currency", "basis"))


def find_drivers(connection: Connection, team: str, month: Month, currency: str, basis: Basis) -> Separation | None:
    """The parts of a team's month, None where nobody has told them or there is nothing to compare."""
    where = (TABLE.c.team == team, TABLE.c.month == str(month), TABLE.c.currency == currency)
    query = select(TABLE.c.body).where(*where, TABLE.c.basis == str(basis))
    body = connection.execute(query).scalar()
    return None if body is None else _SEPARATION.validate_python(body)


def told_from(connection: Connection, month: Month, basis: Basis) -> dict[TeamCurrency, Mark]:
    """What the parts of each team's month were told from."""
    query = select(TABLE.c.team, TABLE.c.currency, TABLE.c.publication, TABLE.c.through)
    found = connection.execute(query.where(TABLE.c.month == str(month), TABLE.c.basis == str(basis)))
    return {(team, currency): (publication, through) for team, currency, publication, through in found}


def _body(separation: Separation) -> dict[str, Any]:
    short = Separation(separation.span, tuple(part.shortened(KEPT) for part in separation.parts), separation.caveats)
    body: dict[str, Any] = plain(_SEPARATION.dump_python(short, mode="json"))
    return body | {"caveats": sorted(body["caveats"])}
