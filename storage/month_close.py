"""Months that are still to be closed, what they wait for, and decisions to close them as they stand."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from finops.closed_month import says_something, unfinished
from finops.company import Company
from finops.month_close import CloseDecision, Waiting, waiting_for
from finops.periods import Month
from finops.team_month import TeamMonth
from storage.budgets import TABLE as BUDGETS
from storage.closed_months import TABLE as CLOSED
from storage.closed_months import basis_of, closed_months
from storage.plain_json import kept
from storage.spend import coverages
from storage.tables import BillingPeriodRow, CloseDecisionRow
from storage.team_months import team_months

DECISIONS = CloseDecisionRow.__table__  # type: ignore[attr-defined]
PERIODS = BillingPeriodRow.__table__.c  # type: ignore[attr-defined]


def first_month(connection: Connection) -> Month | None:
    """The month of the first day ever delivered: the data of those before it will never come. None before any."""
    first = connection.execute(select(func.min(PERIODS.first_day))).scalar()
    return None if first is None else Month.of(first)


def left_open(connection: Connection) -> list[Month]:
    """Months that are not closed and are to be, however late, if they have ended: with a budget, or decided on."""
    closed = select(CLOSED.c.month)
    budgeted = select(BUDGETS.c.month).where(BUDGETS.c.status == "approved", BUDGETS.c.month.not_in(closed))
    decided = select(DECISIONS.c.month).where(DECISIONS.c.month.not_in(closed))
    return sorted(Month.parse(month) for month in connection.execute(budgeted.union(decided)).scalars())


def closed_since(connection: Connection, moment: datetime) -> list[Month]:
    """Months of which a team was closed at an instant or later."""
    query = select(CLOSED.c.month).where(CLOSED.c.closed_at >= moment).distinct()
    return sorted(Month.parse(month) for month in connection.execute(query).scalars())


def unclosed(connection: Connection, company: Company, month: Month, today: date) -> list[TeamMonth]:
    """Team months with something to say that are not closed, in the basis that the month was closed in."""
    closed = closed_months(connection, month)
    basis = basis_of(connection, month, company.basis)
    found = team_months(connection, company, month, today, basis)
    return [each for each in found if says_something(each) and (each.team, each.currency) not in closed]


def read_waiting(connection: Connection, company: Company, month: Month, today: date) -> Waiting | None:
    """What a month waits for, None where nothing of it is missing."""
    missing = unfinished(unclosed(connection, company, month, today))
    return waiting_for(month, missing, coverages(connection).values(), today)


def find_decision(connection: Connection, month: Month) -> CloseDecision | None:
    """The decision to close a month as it stands."""
    row = connection.execute(select(DECISIONS).where(DECISIONS.c.month == str(month))).first()
    return None if row is None else CloseDecision(month, row.decided_by, row.reason, row.decided_at)


def save_decision(connection: Connection, decision: CloseDecision) -> bool:
    """Write a decision; returns whether it is the month's first, and so the one that counts."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(DECISIONS).values(
        month=str(decision.month), decided_by=kept(decision.by), reason=kept(decision.reason), decided_at=decision.at
    )
    first = row.on_conflict_do_nothing(index_elements=["month"]).returning(DECISIONS.c.month)
    return connection.execute(first).first() is not None
