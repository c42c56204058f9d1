"""Spend of a team as published by an ingest, and how fresh it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from finops.basis import Basis
from finops.money import add
from finops.periods import Month


@dataclass(frozen=True, slots=True)
class DaySpend:
    """One team's charges of one day, provider, service, charge category and currency.

    Attributes:
        day: of ChargePeriodStart, UTC.
        billing_period: 'YYYY-MM' of the invoice.
        billed_cost: sum of BilledCost, exact.
        effective_cost: sum of EffectiveCost, exact.
    """

    day: date
    billing_period: str
    provider: str
    service: str
    charge_category: str
    currency: str
    billed_cost: Decimal
    effective_cost: Decimal

    def cost(self, basis: Basis) -> Decimal:
        """What a basis counts of it."""
        return basis.cost(self.charge_category, self.billed_cost, self.effective_cost)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far one export's delivery of one billing period reaches.

    Attributes:
        first_day, last_day: of ChargePeriodStart, both inside.
        delivered_at: when the current version was ingested, UTC.
        confirmed_at: when the provider last delivered it, changed or not, UTC.
    """

    export: str
    billing_period: str
    version: int
    rows: int
    first_day: date
    last_day: date
    delivered_at: datetime
    confirmed_at: datetime
    restated: bool


@dataclass(frozen=True, slots=True)
class Restatement:
    """A later delivery changed days that had been delivered before.

    Attributes:
        change: of the month's actual, exact.
        at: when it was taken in, UTC.
    """

    change: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Freshness:
    """Through which day figures run and from which day on they may still move.

    Attributes:
        data_through: the last day that every export concerned has delivered, or None where there is no data.
        settled_through: the last day whose figures have stopped moving, or None.
    """

    data_through: date | None
    settled_through: date | None

    @property
    def known_through(self) -> date | None:
        """The last day that is delivered and settled: what comes after it is forecast. None where there is none."""
        if self.data_through is None or self.settled_through is None:
            return None
        return min(self.data_through, self.settled_through)

    @property
    def provisional_from(self) -> date | None:
        """The first delivered day that may still move, None where all are settled."""
        if self.data_through is None:
            return None
        if self.settled_through is None:
            return None
        first = self.settled_through + timedelta(days=1)
        return first if first <= self.data_through else None


def freshness(coverages: Iterable[Coverage], month: Month, as_of: date, settled_after: int) -> Freshness:
    """Freshness of a month's figures that rest on several exports: the stalest one decides.

    A day is settled when the delivery that holds it was made at least `settled_after` days after it: the provider had
    had that time to correct it, so the delivered figure is itself a re-delivery of the day.

    Args:
        coverages: the exports concerned, every billing period of each.
        month: the month looked at; later billing periods are not.
        as_of: the local day the figures are looked at; later days are not counted.
        settled_after: in days.
    """
    wait = timedelta(days=settled_after)
    known = [each for each in coverages if _counts(each, month, as_of)]
    through = reach(known, month, as_of)
    newest: dict[str, Coverage] = {}
    for coverage in known:
        if coverage.billing_period >= newest.get(coverage.export, coverage).billing_period:
            newest[coverage.export] = coverage
    if not through:
        return Freshness(None, None)
    settled = (min(coverage.confirmed_at.date(), as_of) - wait for coverage in newest.values())
    return Freshness(min(through.values()), min(settled))


def reach(coverages: Iterable[Coverage], month: Month, as_of: date) -> dict[str, date]:
    """Export → the last day that it has delivered for a month or before it; the other arguments as with freshness()."""
    through: dict[str, date] = {}
    for coverage in coverages:
        if _counts(coverage, month, as_of):
            last = min(coverage.last_day, as_of)
            through[coverage.export] = max(last, through.get(coverage.export, last))
    return through


def _counts(coverage: Coverage, month: Month, as_of: date) -> bool:
    """Whether a billing period says anything of a month as of a day."""
    return coverage.first_day <= as_of and coverage.billing_period <= str(month)


def freshness_of(
    exports: Collection[str], coverages: Iterable[Coverage], month: Month, as_of: date, settled_after: int
) -> Freshness:
    """Freshness of a team's figures, which rest on some exports; the other arguments as with freshness().

    A team without spend has none, and is judged by the freshest export: that one shows that nothing was billed.
    """
    if exports:
        return freshness((each for each in coverages if each.export in exports), month, as_of, settled_after)
    known = list(coverages)
    each = [
        freshness((coverage for coverage in known if coverage.export == export), month, as_of, settled_after)
        for export in sorted({coverage.export for coverage in known})
    ]
    reached = [found for found in each if found.data_through]
    return max(reached, key=lambda found: found.data_through or date.min, default=Freshness(None, None))


def total(spend: Iterable[DaySpend], basis: Basis) -> Decimal:
    """Exact sum of a basis over rows of one currency."""
    return add(row.cost(basis) for row in spend)
