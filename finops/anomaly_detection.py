"""Anomalies of daily costs, for all series at once: days, and runs of days, that cost more or less than is ordinary.

Every day is judged by the days before it alone, so that a verdict never changes while the figures of its past do not.
A day counts as out of the ordinary above a least ratio AND a least score; a run of such days is one anomaly, however
long it lasts, and counts from the day on which all that it has cost over what was expected reaches a least amount.
After 14 days it is the new level. What grows too slowly for any of its days to stand out is found by its weeks, and
what was known to cost nothing by its first cost. What recurs by the calendar, holidays, and a return to a known level
are none.

Floats exist only in here: amounts come in and go out as Decimal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from finops.anomaly_course import LEAST_HISTORY, SHIFT, Course, Run
from finops.anomaly_found import FoundAnomaly, FoundDay, Minimums, Shape
from finops.anomaly_noise import Floats
from finops.money import EXACT

BLOCK = 1000
"""Series that are judged together: 40 MB of working memory for 400 days."""
HIGHEST = 1000.0
"""Score above which nothing is told apart: after days that all cost the same it has no bound."""
HIGHEST_RATIO = 1_000_000.0
"""Ratio above which nothing is: after days that cost next to nothing it has none either."""
CENTS = Decimal("0.0001")
"""What amounts made of floats are rounded to."""

__all__ = ["LEAST_HISTORY", "find_anomalies"]


def find_anomalies(costs: Floats, first_day: date, minimums: Sequence[Minimums]) -> list[FoundAnomaly]:
    """All anomalies of many series, increases and decreases, those over included.

    A series is judged from its 43rd day on, counted from its first cost, and that cost itself is one where 42 days of 0
    come before it; the more of its past is given (400 days for
    yearly fees), the more of what recurs is known.

    Args:
        costs: one row a series, one column a day, through the last settled day; NaN where a day's figures are missing,
            0 where nothing was billed. Negative on a day of credits.
        first_day: of the columns.
        minimums: one for each series.

    Returns:
        By series, and within it by day.
    """
    if len(minimums) != len(costs):
        raise ValueError(f"{len(costs)} series and {len(minimums)} minimums")
    days = [first_day + timedelta(number) for number in range(costs.shape[1])]
    found: list[FoundAnomaly] = []
    for begins in range(0, len(costs), BLOCK):
        block = slice(begins, begins + BLOCK)
        found += _in_block(np.asarray(costs[block], dtype=np.float64), days, minimums[block], begins)
    return found


def _in_block(costs: Floats, days: Sequence[date], minimums: Sequence[Minimums], begins: int) -> Iterator[FoundAnomaly]:
    ratio, score = (np.array([float(getattr(each, name)) for each in minimums]) for name in ("ratio", "score"))
    course = Course(costs, days, ratio, score)
    course.take()
    for run in sorted(course.runs, key=lambda run: (run.series, run.first)):
        found = _reached(run, float(minimums[run.series].amount)) if run.is_counted else None
        if found is not None:
            yield _found(run, found, days, begins)


def _reached(run: Run, least: float) -> int | None:
    """The column in which a run has cost the least amount, None where it never has."""
    total = 0.0
    for column, (cost, expected) in run.days.items():
        total += abs(cost - expected)
        if total >= least:
            return column
    return None


def _found(run: Run, found: int, days: Sequence[date], begins: int) -> FoundAnomaly:
    expected = run.days[run.first][1]
    return FoundAnomaly(
        series=begins + run.series,
        is_increase=run.sign > 0,
        shape=Shape.SHIFT if run.last - run.first + 1 >= SHIFT else Shape.SPIKE,
        days=tuple(FoundDay(days[n], _money(cost), _money(usual)) for n, (cost, usual) in run.days.items()),
        found_on=days[found],
        ratio=_money(min(run.ratio, HIGHEST_RATIO)) if expected > 0 else None,
        score=_money(min(run.score, HIGHEST)),
        over_on=days[run.over] if run.over is not None else None,
        is_absorbed=run.absorbed,
    )


def _money(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(CENTS, context=EXACT)
