"""Which anomaly on record a finding is, as figures are restated and days are added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from finops.anomaly_found import FoundAnomaly, FoundDay
from finops.anomaly_state import Anomaly, AnomalySeries
from finops.money import EXACT, subtract

MOVED = timedelta(days=3)
"""By so much the first day of an anomaly may move when figures are restated; it stays the same anomaly."""
STILL_OUT = Decimal("0.5")
"""Part of its excess that a day keeps at least which is still out of the ordinary after a restatement."""


def known_as(
    anomalies: Iterable[Anomaly],
    series: AnomalySeries,
    findings: Sequence[FoundAnomaly],
    cost_on: Callable[[date], Decimal | None] = lambda _: None,
) -> list[Anomaly | None]:
    """The anomaly on record that each finding of a series is, in their order; None where it is a new one.

    One in the same direction: over all findings first the one that is on record with the same first day, so that no
    two ever are, then the one with the most days in common, then the nearest that began within three days and of
    which a day is still out of the ordinary: another is withdrawn, and its answer silences nothing.

    Args:
        cost_on: what a day of the series costs by the newest figures, None where that is not known.
    """
    candidates = [each for each in anomalies if each.key.series == series and not each.withdrawn]
    pairs = []
    for number, finding in enumerate(findings):
        for place, anomaly in enumerate(candidates):
            rank = _likeness(anomaly, finding, cost_on)
            if rank is not None:
                pairs.append((rank, anomaly.key.first_day, number, place))
    known: list[Anomaly | None] = [None] * len(findings)
    taken: set[int] = set()
    for _, _, number, place in sorted(pairs):
        if known[number] is None and place not in taken:
            known[number] = candidates[place]
            taken.add(place)
    return known


def _likeness(
    anomaly: Anomaly, finding: FoundAnomaly, cost_on: Callable[[date], Decimal | None]
) -> tuple[int, int] | None:
    """How surely a finding is an anomaly on record, the least being the surest; None where it is not."""
    if anomaly.found.is_increase != finding.is_increase:
        return None
    apart = abs(anomaly.key.first_day - finding.first_day)
    common = len({each.day for each in anomaly.found.days} & {each.day for each in finding.days})
    if not apart:
        return 0, 0
    if common:
        return 1, -common
    if apart <= MOVED and any(_is_still_out(day, cost_on(day.day)) for day in anomaly.found.days):
        return 2, apart.days
    return None


def _is_still_out(day: FoundDay, cost: Decimal | None) -> bool:
    """Whether a day on record keeps much of its excess at the cost that it has now."""
    if cost is None:
        return False
    excess, least = subtract(cost, day.expected), EXACT.multiply(day.excess, STILL_OUT)
    return excess >= least if day.excess > 0 else excess <= least
