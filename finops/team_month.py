"""One team's month: budget against actual, with everything a reader needs to judge it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from finops.basis import Basis
from finops.chance import chance_over, chance_under, expected_tier
from finops.forecast import Forecast, forecast_month
from finops.money import EXACT, ZERO, add, subtract
from finops.periods import Month
from finops.policy import Materiality, Tier, ratio_of, tier_of
from finops.spend import Freshness, Restatement


@dataclass(frozen=True, slots=True)
class TeamMonth:
    """A team's month in one basis and currency.

    Attributes:
        budget: approved amount, None where there is none.
        actual: cost of the days up to as_of that are delivered; None where no delivery reaches into the month.
        variance: actual − budget, positive = overspend; None without either.
        variance_ratio: variance / budget, a fraction; None where the budget is absent or zero.
        tier: the ladder's step: of the forecast against the budget while the month runs, of the actual once it is
            over; None where there is nothing to compare.
        forecast: expected end of a month still running, None once it is over or without enough settled days.
        daily: day → cost, only of this month.
        partial: the month is still running, or the data stops before its end.
        by_invoice: grouped by BillingPeriod instead of ChargePeriodStart.
        restated_from: the actual before the last delivery that changed days already delivered, or None.
        restated_at: when that delivery was taken in, UTC.
    """

    team: str
    month: Month
    basis: Basis
    currency: str
    budget: Decimal | None
    actual: Decimal | None
    variance: Decimal | None
    variance_ratio: Decimal | None
    tier: Tier | None
    forecast: Forecast | None
    freshness: Freshness
    partial: bool
    as_of: date
    daily: dict[date, Decimal]
    by_invoice: bool = False
    restated_from: Decimal | None = None
    restated_at: datetime | None = None

    @property
    def data_through(self) -> date | None:
        """The last delivered day inside the month, None where no delivery reaches it."""
        through = self.freshness.data_through
        return min(through, self.month.last) if through and through >= self.month.first else None

    @property
    def provisional_from(self) -> date | None:
        """The first day inside the month that may still move."""
        first = self.freshness.provisional_from
        if first is None or self.data_through is None:
            return None
        first = max(first, self.month.first)
        return first if first <= self.data_through else None

    @property
    def counts_provisional(self) -> bool:
        """Whether the forecast has days that may still move as they stand; see Forecast.raised_to."""
        through, forecast = self.data_through, self.forecast
        if forecast is None or through is None:
            return False
        since = [(day, cost) for day, cost in forecast.days if forecast.settled_through < day <= through]
        return any(cost for _, cost in since) and all(self.daily.get(day, ZERO) == cost for day, cost in since)

    @property
    def over(self) -> bool:
        """Whether the month has ended as of the day looked at."""
        return self.as_of > self.month.last

    @property
    def reading(self) -> Decimal | None:
        """The amount that the tier judges: the forecast while the month runs, the actual once it is over."""
        return self.forecast.amount if self.forecast and not self.over else self.actual

    @property
    def reading_variance(self) -> Decimal | None:
        """reading − budget."""
        if self.reading is None or self.budget is None:
            return None
        return subtract(self.reading, self.budget)

    @property
    def reading_ratio(self) -> Decimal | None:
        """reading_variance / budget."""
        variance = self.reading_variance
        return None if variance is None else ratio_of(variance, self.budget)

    def chance_over(self, edge: Decimal) -> Decimal | None:
        """The chance of ending more than a share of the budget over it, a fraction; None where nothing is forecast, or
        no budget above zero approved.
        """
        if self.forecast is None or self.budget is None or self.over:
            return None
        return chance_over(self.forecast, self.budget, edge)

    def chance_under(self, edge: Decimal) -> Decimal | None:
        """The same of ending more than a share of the budget under it."""
        if self.forecast is None or self.budget is None or self.over:
            return None
        return chance_under(self.forecast, self.budget, edge)

    @property
    def target(self) -> Decimal | None:
        """The budget's share due by the end of data_through, by calendar days."""
        if self.budget is None or self.data_through is None:
            return None
        return target_line(self.budget, self.month, self.data_through)


def target_line(budget: Decimal, month: Month, day: date) -> Decimal:
    """The budget's calendar-day share due by the end of a day inside the month."""
    return EXACT.divide(EXACT.multiply(budget, Decimal(day.day)), Decimal(len(month)))


def assess(
    *,
    team: str,
    month: Month,
    basis: Basis,
    currency: str,
    budget: Decimal | None,
    daily: dict[date, Decimal],
    freshness: Freshness,
    as_of: date,
    ladder: Sequence[Tier],
    materiality: Materiality,
    by_invoice: bool = False,
    restated: Restatement | None = None,
    forecast: Forecast | None = None,
    missing: Collection[date] = (),
) -> TeamMonth:
    """Judge a team's month.

    Args:
        daily: day → cost in `basis` and `currency`: the month and the four weeks before it, none after as_of. By
            invoice: day → cost of the month's billing period alone.
        freshness: of the exports the team's spend comes from.
        as_of: the local day the month is looked at.
        restated: the latest restatement of the month, None where there was none.
        forecast: as made of all its history, None where none was: then the days at hand are carried on.
        missing: of these, those that were not delivered.
    """
    first, last = month.first, month.last
    own = daily if by_invoice else {day: cost for day, cost in daily.items() if first <= day <= last}
    reached = freshness.data_through is not None and (freshness.data_through >= month.first or bool(own))
    actual = add(own.values()) if reached else None
    variance = subtract(actual, budget) if actual is not None and budget is not None else None
    ended = as_of > month.last
    if not reached or ended or by_invoice:
        forecast = None
    elif forecast is None and freshness.known_through:
        forecast = forecast_month(month, daily, min(freshness.known_through, month.last), missing)
        if forecast and freshness.data_through:
            forecast = forecast.raised_to(own, freshness.data_through)
    through = freshness.data_through
    return TeamMonth(
        team=team,
        month=month,
        basis=basis,
        currency=currency,
        budget=budget,
        actual=actual,
        variance=variance,
        variance_ratio=None if variance is None else ratio_of(variance, budget),
        tier=_tier(budget, variance, forecast, ended, ladder, materiality),
        forecast=forecast,
        freshness=freshness,
        partial=not ended or through is None or through < month.last,
        as_of=as_of,
        daily=own,
        by_invoice=by_invoice,
        restated_from=subtract(actual, restated.change) if actual is not None and restated else None,
        restated_at=restated.at if restated else None,
    )


def rejudged(month: TeamMonth, ladder: Sequence[Tier], materiality: Materiality) -> TeamMonth:
    """A team's month held against another ladder: its figures stay, its tier is the other's."""
    tier = _tier(month.budget, month.variance, month.forecast, month.over, ladder, materiality)
    return replace(month, tier=tier)


def _tier(
    budget: Decimal | None,
    variance: Decimal | None,
    forecast: Forecast | None,
    ended: bool,
    ladder: Sequence[Tier],
    materiality: Materiality,
) -> Tier | None:
    if variance is None or budget is None:
        return None
    if forecast and not ended:
        return expected_tier(forecast, budget, ladder, materiality)
    # A running month under its budget says nothing yet; one already over it does, forecast or not.
    return tier_of(variance, budget, ladder, materiality) if ended or variance > 0 else None
