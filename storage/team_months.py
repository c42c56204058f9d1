"""Team months, read and judged: for one team with all its rows, or for every team in a handful of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from finops.basis import Basis
from finops.closed_month import TeamCurrency
from finops.company import Company, Team
from finops.forecast import RHYTHM_DAYS, Forecast
from finops.money import EXACT, ZERO
from finops.periods import Month
from finops.spend import DaySpend, Freshness, Restatement, freshness_of
from finops.team_month import TeamMonth, assess
from storage.budgets import approved_budgets
from storage.forecasts import find_forecasts, missing_days
from storage.spend import TeamDays, all_team_days, coverages, exports_of, invoice_days, restatements, team_days
from storage.teams import all_teams

Daily = dict[date, Decimal]


@dataclass(frozen=True)
class TeamAnswer:
    """All that is known of one team's month.

    Attributes:
        month: in the team's own currency.
        others: the same month in every other currency that it has spend or a budget in.
        spend: its rows of this month and the one before, of the team's own currency, none after as_of.
    """

    month: TeamMonth
    others: tuple[TeamMonth, ...]
    spend: tuple[DaySpend, ...]


class _Reading:
    """What every team's month shares: coverage, budgets and restatements of one month."""

    def __init__(
        self, connection: Connection, company: Company, month: Month, as_of: date, basis: Basis, by_invoice: bool
    ) -> None:
        self.company, self.month, self.as_of, self.basis, self.by_invoice = company, month, as_of, basis, by_invoice
        self.coverages = coverages(connection)
        self._freshness: dict[frozenset[str], Freshness] = {}

    @property
    def ever_delivered_again(self) -> bool:
        """Whether any billing period has a second version: without one nothing can have been restated."""
        return any(coverage.version > 1 for coverage in self.coverages.values())

    def freshness(self, periods: Iterable[int]) -> Freshness:
        """Of the exports that billing periods belong to; of all exports where there are none."""
        exports = exports_of(periods, self.coverages)
        if exports not in self._freshness:
            known, settled_after = self.coverages.values(), self.company.settled_after
            self._freshness[exports] = freshness_of(exports, known, self.month, self.as_of, settled_after)
        return self._freshness[exports]

    def forecasts(self, connection: Connection, team: str | None = None) -> dict[TeamCurrency, Forecast]:
        """What a running month is expected to end at; one team's or all teams'."""
        if self.by_invoice or self.as_of > self.month.last:
            return {}
        return find_forecasts(connection, self.month, self.basis, self.as_of, team)

    def assess(
        self,
        team: Team,
        currency: str,
        daily: Daily,
        periods: Iterable[int],
        budget: Decimal | None,
        restated: Restatement | None,
        forecast: Forecast | None,
    ) -> TeamMonth:
        """One team's month in one currency."""
        periods = set(periods)
        return assess(
            team=team.slug,
            month=self.month,
            basis=self.basis,
            currency=currency,
            budget=budget,
            daily=daily,
            freshness=self.freshness(periods),
            as_of=self.as_of,
            ladder=self.company.ladder,
            materiality=team.materiality or self.company.materiality,
            by_invoice=self.by_invoice,
            restated=None if self.by_invoice else restated,
            forecast=forecast,
            missing=self._missing(daily, periods) if forecast is None else (),
        )

    def _missing(self, daily: Daily, periods: Iterable[int]) -> set[date]:
        """Days since a team's first that its exports did not deliver, while the month runs."""
        if not daily or self.by_invoice or self.as_of > self.month.last:
            return set()
        return missing_days(
            self.coverages.values(), exports_of(periods, self.coverages), min(daily), min(self.as_of, self.month.last)
        )


def team_answer(
    connection: Connection,
    company: Company,
    team: Team,
    month: Month,
    as_of: date,
    basis: Basis,
    by_invoice: bool = False,
) -> TeamAnswer:
    """One team's month from its own rows: four small queries whatever the number of teams."""
    reading = _Reading(connection, company, month, as_of, basis, by_invoice)
    if by_invoice:
        rows = [(period, spend) for period, _, spend in invoice_days(connection, team.slug, month)]
    else:
        rows = team_days(connection, team.slug, month.previous.first, min(month.last, as_of))
    rows = [(period, spend) for period, spend in rows if spend.day <= as_of]
    budgets = {budget.currency: budget.amount for budget in approved_budgets(connection, month, team.slug)}
    restated = restatements(connection, month, basis, team.slug) if reading.ever_delivered_again else {}
    forecasts = reading.forecasts(connection, team.slug)
    spent = _by_currency((spend.currency, spend.day, spend.cost(basis)) for _, spend in rows)
    months = {
        currency: reading.assess(
            team,
            currency,
            spent.get(currency, {}),
            (period for period, spend in rows if spend.currency == currency),
            budgets.get(currency),
            restated.get((team.slug, currency)),
            forecasts.get((team.slug, currency)),
        )
        for currency in _currencies(company, team, budgets, spent)
    }
    own, *others = months.values()
    return TeamAnswer(own, tuple(others), tuple(spend for _, spend in rows if spend.currency == own.currency))


def team_months(
    connection: Connection, company: Company, month: Month, as_of: date, basis: Basis, by_invoice: bool = False
) -> list[TeamMonth]:
    """Every team's month, its own currency first, then each other currency it has spend or a budget in.

    Nothing is lost: a budget without spend, spend without a budget and unallocated spend all have rows.
    """
    reading = _Reading(connection, company, month, as_of, basis, by_invoice)
    if by_invoice:
        found = _invoiced(connection, month, as_of, basis)
    else:
        first = month.first - timedelta(days=RHYTHM_DAYS)
        found = all_team_days(connection, basis, first, min(month.last, as_of))
    currencies: dict[str, list[str]] = defaultdict(list)
    for slug, currency in found:
        currencies[slug].append(currency)
    budgets: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for budget in approved_budgets(connection, month):
        budgets[budget.team][budget.currency] = budget.amount
    restated = restatements(connection, month, basis)
    forecasts = reading.forecasts(connection)
    nothing = TeamDays()
    return [
        reading.assess(
            team,
            currency,
            (days := found.get((slug, currency), nothing)).daily,
            days.periods,
            budgets.get(slug, {}).get(currency),
            restated.get((slug, currency)),
            forecasts.get((slug, currency)),
        )
        for slug, team in _with_budgeted(all_teams(connection, company), budgets).items()
        for currency in _currencies(company, team, budgets.get(slug, {}), currencies.get(slug, ()))
    ]


def _invoiced(connection: Connection, month: Month, as_of: date, basis: Basis) -> dict[tuple[str, str], TeamDays]:
    """The same as all_team_days, of the month's billing period."""
    found: dict[tuple[str, str], TeamDays] = {}
    for period, team, row in invoice_days(connection, None, month):
        if row.day <= as_of:
            days = found.setdefault((team, row.currency), TeamDays())
            days.daily[row.day] = EXACT.add(days.daily.get(row.day, ZERO), row.cost(basis))
            days.periods.add(period)
    return found


def _with_budgeted(known: dict[str, Team], budgets: Iterable[str]) -> dict[str, Team]:
    """Known teams, and those that only a budget names."""
    return known | {slug: Team(slug=slug, name=slug) for slug in sorted(budgets) if slug not in known}


def _by_currency(rows: Iterable[tuple[str, date, Decimal]]) -> dict[str, Daily]:
    spent: dict[str, Daily] = {}
    for currency, day, cost in rows:
        daily = spent.setdefault(currency, {})
        daily[day] = EXACT.add(daily[day], cost) if day in daily else cost
    return spent


def _currencies(company: Company, team: Team, budgets: Iterable[str], spent: Iterable[str]) -> list[str]:
    """The currencies a team's month is shown in, its own first."""
    budgeted, used = sorted(set(budgets)), sorted(set(spent))
    found = [*budgeted, *(currency for currency in used if currency not in budgeted)]
    own = team.currency or (company.currency if company.currency in found or not found else found[0])
    return [own, *(currency for currency in found if currency != own)]
