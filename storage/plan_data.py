"""What a plan and its accuracy rest on: days, budgets in every version, explanations, corrective actions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Connection, select

from finops.basis import Basis
from finops.budget import BudgetVersion
from finops.company import Company, Team
from finops.corrective_action import ActionStage, CorrectiveAction
from finops.explanation import Explanation
from finops.forecast import RHYTHM_DAYS
from finops.history import History, Spent
from finops.money import EXACT, ZERO
from finops.periods import Month
from finops.plan import PlanData, Quarter, looked_at
from storage.budgets import TABLE, approved_budgets
from storage.corrective_actions import actions_in
from storage.explanations import explanations_of_month
from storage.history import read_history, replayed_teams
from storage.spend import coverages, team_days

COUNTED = (ActionStage.OPEN, ActionStage.DONE, ActionStage.MEASURED)


def read_plan_data(connection: Connection, company: Company, quarter: Quarter, today: date) -> PlanData:
    """Everything that a quarter's plan rests on, in a handful of set-based queries."""
    months = looked_at(quarter, today)
    first = months[0].first - timedelta(days=RHYTHM_DAYS)
    history = read_history(connection, company.basis, first, months[-1].last)
    actions: dict[tuple[str, str], list[CorrectiveAction]] = defaultdict(list)
    for action in sorted(actions_in(connection, stages=COUNTED), key=lambda each: each.number):
        actions[action.key.team, action.key.currency].append(action)
    told = {each.key.month for some in actions.values() for each in some}
    told |= set(_from_to(months[0], quarter.months[0]))
    explanations: dict[tuple[str, str], list[Explanation]] = defaultdict(list)
    for month in sorted(told):
        for key, some in explanations_of_month(connection, month).items():
            explanations[key.team, key.currency] += some
    return PlanData(replayed_teams(connection, company, history), history, dict(explanations), dict(actions))


def _from_to(month: Month, end: Month) -> Iterator[Month]:
    """Months from one up to, not including, another."""
    while month < end:
        yield month
        month = month.next


def team_history(connection: Connection, basis: Basis, team: str, first: date, last: date) -> History:
    """The same as storage.history.read_history of one team alone: three small queries."""
    known = coverages(connection)
    daily: dict[str, dict[date, Decimal]] = defaultdict(dict)
    periods: dict[str, set[int]] = defaultdict(set)
    for period, spend in team_days(connection, team, first, last):
        if basis.counts(spend.charge_category):
            days = daily[spend.currency]
            days[spend.day] = EXACT.add(days.get(spend.day, ZERO), spend.cost(basis))
            periods[spend.currency].add(period)
    spent = {
        currency: Spent(days, tuple(known[period] for period in sorted(periods[currency])))
        for currency, days in daily.items()
    }
    budgets: dict[Month, dict[str, Decimal]] = defaultdict(dict)
    for budget in approved_budgets(connection, team=team):
        budgets[budget.month][budget.currency] = budget.amount
    return History(basis, tuple(known.values()), {team: spent} if spent else {}, {team: budgets} if budgets else {})


def budget_versions(
    connection: Connection, *, team: str | None = None, months: Collection[Month] | None = None
) -> list[BudgetVersion]:
    """Approved budgets in every version, by team, month, currency and version."""
    columns = [TABLE.c[name] for name in BudgetVersion.__slots__]
    query = select(*columns).where(TABLE.c.status == "approved")
    if team is not None:
        query = query.where(TABLE.c.team == team)
    if months is not None:
        query = query.where(TABLE.c.month.in_(sorted(map(str, months))))
    rows = connection.execute(query.order_by(TABLE.c.team, TABLE.c.month, TABLE.c.currency, TABLE.c.version))
    return [BudgetVersion(slug, Month.parse(month), *rest) for slug, month, *rest in rows]


def planned_budgets(
    versions: Sequence[BudgetVersion], company: Company, teams: Mapping[str, Team]
) -> dict[str, dict[tuple[Month, str], Decimal]]:
    """Team → (month, currency) → the amount approved by the month's first local day.

    Args:
        versions: as budget_versions() gives them.
    """
    planned: dict[str, dict[tuple[Month, str], Decimal]] = defaultdict(dict)
    for each in versions:
        if company.today(each.recorded_at, teams.get(each.team)) <= each.month.first:
            planned[each.team][each.month, each.currency] = each.amount
    return dict(planned)
