"""Reading stored days, budgets and deliveries for a replay: all teams in a handful of set-based queries."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from finops.basis import Basis
from finops.company import Company, Team
from finops.history import History, Spent
from finops.periods import Month
from storage.budgets import approved_budgets
from storage.spend import all_team_days, coverages
from storage.teams import all_teams


def read_history(connection: Connection, basis: Basis, first: date, last: date) -> History:
    """Every team's days from first to last, both inside, with all budgets and deliveries as they are known today."""
    known = coverages(connection)
    spent: dict[str, dict[str, Spent]] = defaultdict(dict)
    for (team, currency), days in all_team_days(connection, basis, first, last).items():
        spent[team][currency] = Spent(days.daily, tuple(known[period] for period in sorted(days.periods)))
    budgets: dict[str, dict[Month, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for budget in approved_budgets(connection):
        budgets[budget.team][budget.month][budget.currency] = budget.amount
    return History(basis, tuple(known.values()), dict(spent), dict(budgets))


def replayed_teams(connection: Connection, company: Company, history: History) -> dict[str, Team]:
    """Every team by slug that a company's alerts could be of: known ones, and those that only a budget names."""
    known = all_teams(connection, company)
    return known | {slug: Team(slug=slug, name=slug) for slug in sorted(history.budgets) if slug not in known}
