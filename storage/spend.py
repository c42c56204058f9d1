"""Reading published spend: what one team's answer or all teams' daily figures need, in one query each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, and_, bindparam, cast, func, select, text, true
from sqlalchemy.sql.expression import TextualSelect

from finops.basis import Basis
from finops.money import EXACT, SCALE
from finops.periods import Month
from finops.spend import Coverage, DaySpend, Restatement
from storage.amounts import exact_sum
from storage.tables import BillingPeriodRow, DailySpendRow, MonthlySpendRow, RestatementRow

DAILY = DailySpendRow.__table__.c  # type: ignore[attr-defined]
PERIOD = BillingPeriodRow.__table__.c  # type: ignore[attr-defined]
MONTHLY = MonthlySpendRow.__table__.c  # type: ignore[attr-defined]
RESTATED = RestatementRow.__table__.c  # type: ignore[attr-defined]


@dataclass(slots=True)
class TeamDays:
    """A team's days in one basis and currency.

    Attributes:
        daily: day → cost, exact; days without charges are absent.
        periods: ids of the billing periods the charges were delivered in.
    """

    daily: dict[date, Decimal] = field(default_factory=dict)
    periods: set[int] = field(default_factory=set)


# Statements of the interactive answers are built once: building one costs as much as running it.
_COVERAGES = select(
    PERIOD.id,
    PERIOD.export,
    PERIOD.billing_period,
    PERIOD.version,
    PERIOD.rows,
    PERIOD.first_day,
    PERIOD.last_day,
    PERIOD.delivered_at,
    PERIOD.confirmed_at,
    PERIOD.restated,
).order_by(PERIOD.export, PERIOD.billing_period)
_CHARGES = (
    DAILY.period,
    DAILY.day,
    DAILY.provider,
    DAILY.service,
    DAILY.charge_category,
    DAILY.currency,
    DAILY.billed_cost,
    DAILY.effective_cost,
)


@lru_cache(maxsize=100)
def _team_days(first: date, last: date) -> TextualSelect:
    """The key begins with the day: naming each day makes this a look-up a day instead of a scan over all teams.

    The days stand in the text, as binding 61 of them takes four times as long as running the query.
    """
    days = ", ".join(f"'{first + timedelta(days=number)}'" for number in range((last - first).days + 1))
    names = ", ".join(column.name for column in _CHARGES)
    query = f"SELECT {names} FROM {DailySpendRow.__tablename__} WHERE day IN ({days}) AND team = :team ORDER BY day"
    return text(query).columns(*_CHARGES)


def coverages(connection: Connection) -> dict[int, Coverage]:
    """Every published billing period by its id."""
    return {key: Coverage(*values) for key, *values in connection.execute(_COVERAGES).all()}


def billed_currencies(connection: Connection) -> list[str]:
    """Every currency that any published charge is in, by name."""
    return sorted(connection.execute(select(MONTHLY.currency).distinct()).scalars())


def team_days(connection: Connection, team: str, first: date, last: date) -> list[tuple[int, DaySpend]]:
    """One team's rows from first to last day, both inside, each with its billing period's id, in order of day."""
    if last < first:
        return []
    rows = connection.execute(_team_days(first, last), {"team": team}).all()
    return [(period, DaySpend(day, "", *charges)) for period, day, *charges in rows]


def invoice_days(connection: Connection, team: str | None, month: Month) -> list[tuple[int, str, DaySpend]]:
    """Rows of the month's billing period, whatever their day: (period id, team, spend); one team's or all teams'."""
    periods = {key: found for key, found in coverages(connection).items() if found.billing_period == str(month)}
    if not periods:
        return []
    first = min(found.first_day for found in periods.values())
    last = max(found.last_day for found in periods.values())
    query = select(DailySpendRow.__table__).where(  # type: ignore[attr-defined]
        DAILY.day.between(first, last), DAILY.period.in_(periods), true() if team is None else DAILY.team == team
    )
    return [
        (
            row.period,
            row.team,
            DaySpend(
                row.day,
                str(month),
                row.provider,
                row.service,
                row.charge_category,
                row.currency,
                row.billed_cost,
                row.effective_cost,
            ),
        )
        for row in connection.execute(query)
    ]


def all_team_days(connection: Connection, basis: Basis, first: date, last: date) -> dict[tuple[str, str], TeamDays]:
    """(team, currency) → its days from first to last day, both inside; one set-based query for all teams.

    The database strings a team's days together instead of giving a row for each: at 10,000 teams the driver's work per
    row was four fifths of the time.
    """
    column = DAILY.effective_cost if basis is Basis.EFFECTIVE else DAILY.billed_cost
    dated = cast(DAILY.day, String) + ":" + cast(column, String)
    query = (
        select(DAILY.team, DAILY.currency, DAILY.period, func.aggregate_strings(dated, ","))
        .where(DAILY.day.between(first, last), counted(basis, DAILY.charge_category))
        .group_by(DAILY.team, DAILY.currency, DAILY.period)
    )
    digits: dict[tuple[str, str], dict[str, int]] = {}
    found: dict[tuple[str, str], TeamDays] = {}
    for team, currency, period, charges in connection.execute(query).all():
        days = digits.setdefault((team, currency), {})
        found.setdefault((team, currency), TeamDays()).periods.add(period)
        # Without its point an amount of 18 places is the integer that SQLite keeps (storage.amounts).
        for charge in charges.replace(".", "").split(","):
            day = charge[:10]
            days[day] = days.get(day, 0) + int(charge[11:])
    known = {day: date.fromisoformat(day) for day in set().union(*digits.values())}
    for key, days in digits.items():
        found[key].daily = {known[day]: Decimal(total).scaleb(-SCALE, EXACT) for day, total in days.items()}
    return found


def counted(basis: Basis, category: ColumnElement[str]) -> ColumnElement[bool]:
    """SQL twin of Basis.counts."""
    if basis is Basis.EFFECTIVE:
        return category != "Tax"
    return true() if basis is Basis.BILLED else category == "Usage"


@dataclass(frozen=True, slots=True)
class MonthSpend:
    """A team's month in one sub-account, region, category and currency."""

    provider: str
    sub_account_id: str
    sub_account_name: str
    region: str
    charge_category: str
    currency: str
    billed_cost: Decimal
    effective_cost: Decimal

    def cost(self, basis: Basis) -> Decimal:
        """What a basis counts of it."""
        return basis.cost(self.charge_category, self.billed_cost, self.effective_cost)


def month_spend(connection: Connection, team: str, month: Month) -> list[MonthSpend]:
    """One team's month by sub-account and region."""
    columns = (
        MONTHLY.provider,
        MONTHLY.sub_account_id,
        MONTHLY.sub_account_name,
        MONTHLY.region,
        MONTHLY.charge_category,
        MONTHLY.currency,
        MONTHLY.billed_cost,
        MONTHLY.effective_cost,
    )
    query = select(*columns).where(MONTHLY.month == str(month), MONTHLY.team == team)
    return [MonthSpend(*row) for row in connection.execute(query)]


@cache
def _restatements(basis: Basis, one_team: bool) -> Select[Any]:
    own = RESTATED.team == bindparam("team") if one_team else true()
    month = RESTATED.month == bindparam("month")
    latest = (
        select(RESTATED.team, RESTATED.currency, func.max(RESTATED.restated_at).label("at"))
        .where(month, own)
        .group_by(RESTATED.team, RESTATED.currency)
        .subquery()
    )
    column = RESTATED.effective_cost if basis is Basis.EFFECTIVE else RESTATED.billed_cost
    same = (
        latest.c.team == RESTATED.team,
        latest.c.currency == RESTATED.currency,
        latest.c.at == RESTATED.restated_at,
    )
    return (
        select(RESTATED.team, RESTATED.currency, exact_sum(column), func.max(RESTATED.restated_at))
        .join(latest, and_(*same))
        .where(month, own, counted(basis, RESTATED.charge_category))
        .group_by(RESTATED.team, RESTATED.currency)
    )


def restatements(
    connection: Connection, month: Month, basis: Basis, team: str | None = None
) -> dict[tuple[str, str], Restatement]:
    """(team, currency) → by how much the latest restatement changed the month's actual, and when."""
    values = {"month": str(month)} | ({} if team is None else {"team": team})
    found = connection.execute(_restatements(basis, team is not None), values)
    return {(slug, currency): Restatement(change, at) for slug, currency, change, at in found if change}


ServiceWeeks = dict[tuple[str, str], tuple[dict[str, Decimal], dict[str, Decimal]]]
"""(team, currency) → cost by service of the last seven settled days, and of the seven before."""


def service_weeks(connection: Connection, basis: Basis, settled_through: date | None) -> ServiceWeeks:
    """Every team's services over the last two settled weeks, in two set-based queries."""
    weeks: ServiceWeeks = {}
    if settled_through is None:
        return weeks
    column = DAILY.effective_cost if basis is Basis.EFFECTIVE else DAILY.billed_cost
    for number, last in enumerate((settled_through, settled_through - timedelta(days=7))):
        query = (
            select(DAILY.team, DAILY.currency, DAILY.service, exact_sum(column))
            .where(DAILY.day.between(last - timedelta(days=6), last), counted(basis, DAILY.charge_category))
            .group_by(DAILY.team, DAILY.currency, DAILY.service)
        )
        for team, currency, service, cost in connection.execute(query):
            weeks.setdefault((team, currency), ({}, {}))[number][service or "(none)"] = cost
    return weeks


def exports_of(periods: Iterable[int], known: dict[int, Coverage]) -> frozenset[str]:
    """The exports that billing periods belong to."""
    return frozenset(known[period].export for period in set(periods))
