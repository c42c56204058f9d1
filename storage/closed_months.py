"""Closed months as stored: written once, and never changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from pydantic import TypeAdapter
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from finops.basis import Basis
from finops.closed_month import TeamCurrency, TeamFigures
from finops.money import EXACT
from finops.periods import Month
from storage.amounts import exact_sum
from storage.spend import DAILY, counted
from storage.tables import ClosedMonthRow

TABLE = ClosedMonthRow.__table__  # type: ignore[attr-defined]
_FIGURES = TypeAdapter(TeamFigures)


def closed_months(connection: Connection, month: Month) -> dict[TeamCurrency, TeamFigures]:
    """Every team's figures as the month was closed with them; empty while it is not closed."""
    query = select(TABLE.c.body).where(TABLE.c.month == str(month))
    found = (_FIGURES.validate_python(body) for body in connection.execute(query).scalars())
    by_key = {(figures.key.team, figures.key.currency): figures for figures in found}
    return dict(sorted(by_key.items(), key=lambda pair: pair[0]))  # not by the server's own order of texts


def is_closed(connection: Connection, month: Month) -> bool:
    """Whether a month is closed."""
    return connection.execute(select(TABLE.c.month).where(TABLE.c.month == str(month)).limit(1)).first() is not None


def basis_of(connection: Connection, month: Month, otherwise: Basis) -> Basis:
    """The basis that a month was closed in; another while it is not closed."""
    query = select(TABLE.c.body).where(TABLE.c.month == str(month)).order_by(TABLE.c.closed_at, TABLE.c.team).limit(1)
    body = connection.execute(query).scalar()
    return otherwise if body is None else _FIGURES.validate_python(body).basis


def close(connection: Connection, figures: Iterable[TeamFigures]) -> int:
    """Write figures with their closed_at; what is written already stays as it is.

    Returns:
        How many are new.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    rows = [
        {
            "month": str(each.key.month),
            "team": each.key.team,
            "currency": each.key.currency,
            "publication": each.publication,
            "body": _FIGURES.dump_python(each, mode="json"),
            "closed_at": each.closed_at,
        }
        for each in figures
    ]
    known = _known(connection, rows)
    new = [row for row in rows if (row["month"], row["team"], row["currency"]) not in known]
    if new:
        written = dialect.insert(TABLE).on_conflict_do_nothing(index_elements=["month", "team", "currency"])
        connection.execute(written, new)
    return len(new)


def _known(connection: Connection, rows: Iterable[dict[str, object]]) -> set[tuple[object, object, object]]:
    months = sorted({str(row["month"]) for row in rows})
    query = select(TABLE.c.month, TABLE.c.team, TABLE.c.currency).where(TABLE.c.month.in_(months))
    return {(month, team, currency) for month, team, currency in connection.execute(query)}


def service_costs(
    connection: Connection, basis: Basis, month: Month, until: date | None = None
) -> dict[TeamCurrency, dict[str, Decimal]]:
    """(team, currency) → its services' costs of a month, exact; one set-based query for all teams.

    Args:
        until: the last day counted, the month's last where it is left out.
    """
    column = DAILY.effective_cost if basis is Basis.EFFECTIVE else DAILY.billed_cost
    last = min(until or month.last, month.last)
    query = (
        select(DAILY.team, DAILY.currency, DAILY.service, exact_sum(column))
        .where(DAILY.day.between(month.first, last), counted(basis, DAILY.charge_category))
        .group_by(DAILY.team, DAILY.currency, DAILY.service)
    )
    found: dict[TeamCurrency, dict[str, Decimal]] = {}
    for team, currency, service, cost in connection.execute(query):
        services = found.setdefault((team, currency), {})
        name = service or "(none)"
        services[name] = EXACT.add(services[name], cost) if name in services else cost
    return found
