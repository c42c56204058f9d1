"""The course of many series, day by day: each day is judged by the days before it, and never again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from finops.anomaly_calendar import EDGE, Likeness, likenesses
from finops.anomaly_creep import Creep
from finops.anomaly_fees import Fees
from finops.anomaly_noise import WINDOW, Expected, Flags, Floats, Scatter, expected_of, scatter_of, without_mishaps

SETTLING = 14
"""First days of a series, which stand for themselves."""
CLEANING = 21
"""From this day of a series on what is no ordinary day is kept from what is expected."""
LEAST_HISTORY = 42
"""Days of a series before which nothing is an anomaly: six of each weekday, and the last month's fees."""
HISTORY = 182
"""Days that the scatter is read from."""
WEEKDAYS = 16
"""Weeks in which a weekday's own scatter is looked for."""
OVER_WEEKDAY = 1.5
"""So many times the second largest residual of its weekday is out of the ordinary."""
REFRESH = 7
"""Days after which the scatter is read anew, counted by the calendar; what is known hangs on no first column."""
LEAST_SCATTER = 0.02
"""Of the level: smaller movements are ordinary in every series."""
BAND = 4.0
"""An ordinary day moves what is expected by this many scatters at most."""
ABSORBED, ABSORBED_BELOW = 14, 21
"""Delivered days after which a run is the new level: more below, for long holidays end."""
REMEMBERED = 91
"""Days for which a level that was left is known: a return to it is no anomaly."""
SHIFT = 7
"""Days after which a run is no spike."""
QUIET = 2
"""Ordinary days in a row that end a run."""
CAUGHT_UP, MOST_MISSED = 1.2, 6
"""A day holds what the days before it lacked, a little more included; of so many missing days at most."""
KEPT = 0.5
"""Part of a run's first ratio that its later days reach at least."""


@dataclass
class Run:
    """Days in a row of one series that are no ordinary ones.

    Attributes:
        series: its row.
        sign: 1 above what was expected, −1 below.
        first, last: columns of its first and latest day.
        ratio: excess / expected of the first day, the expected cost taken as a tenth of the level at least.
        score: of that day, in scatters.
        over: column in which it was seen to be over, None while it lasts.
        absorbed: whether it is over because it has become the level.
        is_counted: whether it began when the series had its least history.
        days: column → (cost, expected) of its days above what was expected, or below.
    """

    series: int
    sign: int
    first: int
    last: int
    ratio: float
    score: float
    over: int | None
    absorbed: bool
    is_counted: bool
    days: dict[int, tuple[float, float]]


class Course:
    """What happens to series of days.

    Args:
        costs: one row a series, one column a day; NaN where missing. What comes before the first cost is not counted.
        days: of the columns, consecutive.
        ratio, score: least of an anomaly, one for each series.
    """

    def __init__(self, costs: Floats, days: Sequence[date], ratio: Floats, score: Floats) -> None:
        series, length = costs.shape
        self._costs, self._days, self._ratio, self._score = costs, days, ratio, score
        begun = np.isfinite(costs) & (costs != 0)
        self._start = np.where(begun.any(axis=1), begun.argmax(axis=1), length)
        self._clean = np.full((series, WINDOW + length), np.nan)
        self.expected, self._levels, self._residuals, self._scattered, self.scores = (
            np.full((series, length), np.nan) for _ in range(5)
        )
        self._creep = Creep(self._clean, ratio)
        self._fees = Fees(self._residuals, self._levels, self._scattered)
        nothing = np.full(series, np.inf)
        self._scatter = Scatter(nothing, nothing.copy(), np.full(series, 0.5))
        self._sign, self._first, self._calm, self._lasted = (np.zeros(series, dtype=np.int64) for _ in range(4))
        self._run_ratio, self._left_level, self._last, self._owed = (np.zeros(series) for _ in range(4))
        self._spent, self._counted = np.zeros(series), np.zeros(series)
        self._left_until, self._missed = np.full(series, -1), np.zeros(series, dtype=np.int64)
        self._running: dict[int, Run] = {}
        self.runs: list[Run] = []

    def take(self) -> None:
        """Judge all days in their order."""
        with np.errstate(invalid="ignore", divide="ignore"):
            for today, like in enumerate(likenesses(self._days)):
                self._take_day(today, like)
        self._take_new()

    def _take_day(self, today: int, like: Likeness) -> None:
        self._look_again(today)
        cost = self._costs[:, today]
        size = self._spent / np.maximum(self._counted, 1)
        expected = expected_of(self._clean[:, today : today + WINDOW], size)
        young = today < self._start + SETTLING
        live = (today >= self._start) & np.isfinite(cost)
        expected = Expected(np.where(young, np.nan, expected.cost), expected.level)
        excess = np.where(live, cost - expected.cost, np.nan)
        residual = excess / expected.level
        if self._days[today].toordinal() % REFRESH == 0:
            since = max(0, today - HISTORY)
            self._scatter = scatter_of(self._scattered[:, since : max(today, 1)], LEAST_SCATTER)
        self.expected[:, today], self._levels[:, today] = expected.cost, expected.level
        self._residuals[:, today] = self._scattered[:, today] = residual
        self.scores[:, today] = residual / self._scatter.up
        recurs = self._fees.explain(today, like, expected.level, self._scatter.core)
        returns = self._returns(today, cost, expected)
        above, below = self._out(today, cost, expected, residual, live)
        above &= ~(recurs | returns | self._fees.unknown(like, len(cost)) | self._catches_up(excess, expected))
        credited = below & self._fees.credited(today, like, expected.level)
        below &= ~credited
        lasting, ended = self._carry_on(today, excess, expected, live, above, below)
        kept = self._clean_cost(cost, expected, live, returns, recurs | credited | lasting | above | below)
        kept = np.where(young & live, cost, kept)
        kept = np.where(np.isfinite(kept), kept, np.where(live, cost, self._last))
        self._clean[:, WINDOW + today] = np.where(today >= self._start, kept, np.nan)
        self._last = np.where(today >= self._start, kept, self._last)
        self._scattered[lasting, today] = np.nan
        self._end(today, ended)
        self._lasted += live
        absorbed = self._absorb(today, expected)
        self._creep.rest(absorbed, today)
        left = np.where(today <= self._left_until, self._left_level, 0)
        crept = self._creep.seen(today, (self._sign == 0) & ~(above | below), left) & live
        for sign, hit in ((1, above), (-1, below)):
            self._open(today, sign, hit & (self._sign == 0) & ~absorbed, expected)
        self._open_crept(today, crept & (self._sign == 0) & ~absorbed)
        self._spent, self._counted = self._spent + np.where(live, np.abs(cost), 0), self._counted + live
        self._missed = np.where((today >= self._start) & ~live, self._missed + 1, 0)
        self._owed = np.where(live, np.maximum(-np.nan_to_num(excess), 0), self._owed)

    def _look_again(self, today: int) -> None:
        """Forget mishaps of young series: take anew what was expected of them, and their scatter."""
        rows, first = np.flatnonzero(self._start == today - LEAST_HISTORY), today - LEAST_HISTORY
        if not len(rows):
            return
        # A fee of the month's first days comes again, and the scatter has to know it.
        recurs = np.array([day.day <= EDGE for day in self._days[first:today]])
        clean, mishaps = without_mishaps(self._costs[rows, first:today], recurs, LEAST_SCATTER)
        changed = mishaps.any(axis=1)
        rows, clean = rows[changed], clean[changed]
        held = self._clean[rows, WINDOW + first : WINDOW + today]
        self._clean[rows, WINDOW + first : WINDOW + today] = np.where(np.isfinite(clean), clean, held)
        for day in range(first + SETTLING, today):
            expected = expected_of(self._clean[rows, day : day + WINDOW], np.nanmean(np.abs(clean), axis=1))
            self.expected[rows, day], self._levels[rows, day] = expected.cost, expected.level
            self._residuals[rows, day] = (self._costs[rows, day] - expected.cost) / expected.level
            self._scattered[rows, day] = (clean[:, day - first] - expected.cost) / expected.level
        self._last[rows] = self._clean[rows, WINDOW + today - 1]
        anew = scatter_of(self._scattered[rows, first:today], LEAST_SCATTER)
        self._scatter.up[rows], self._scatter.down[rows], self._scatter.core[rows] = anew.up, anew.down, anew.core
        self._end(today, np.isin(np.arange(len(self._sign)), rows) & (self._sign != 0))

    def _take_new(self) -> None:
        """Make runs of series that were known to cost nothing before their first cost: its first days."""
        length = self._costs.shape[1]
        for row in map(int, np.flatnonzero((self._start >= LEAST_HISTORY) & (self._start < length))):
            start = int(self._start[row])
            if np.isfinite(self._costs[row, :start]).sum() < LEAST_HISTORY:
                continue
            run = Run(row, 1, start, start, np.inf, np.inf, None, False, True, {})
            for today in range(start, min(start + ABSORBED, length)):
                cost = float(self._costs[row, today])
                if cost > 0:
                    run.last, run.days[today] = today, (cost, 0.0)
                elif today - run.last >= QUIET:
                    run.over = today
                    break
            else:
                if start + ABSORBED <= length:
                    run.over, run.absorbed = start + ABSORBED - 1, True
            if run.days:
                self.runs.append(run)

    def _out(self, today: int, cost: Floats, expected: Expected, residual: Floats, live: Flags) -> tuple[Flags, Flags]:
        """Series whose day lies above, and below, all that is ordinary."""
        judged = live & (today >= self._start + CLEANING)
        excess = residual * expected.level
        above = judged & (residual >= self._score * self._scatter.up) & (cost > 0)
        above &= residual >= OVER_WEEKDAY * self._second_of_weekday(today)
        below = judged & (residual <= -self._score * self._scatter.down)
        return (
            above & (excess >= self._ratio * np.maximum(expected.cost, 0)),
            below & (-excess >= self._ratio * np.abs(expected.cost)),
        )

    def _second_of_weekday(self, today: int) -> Floats:
        """The second largest residual of the day's weekday: some weekdays scatter more than others."""
        known = self._scattered[:, today % 7 : today : 7][:, -WEEKDAYS:]
        if known.shape[1] < 2:
            return np.zeros(len(known))
        found: Floats = np.partition(np.nan_to_num(known), -2, axis=1)[:, -2]
        return found

    def _returns(self, today: int, cost: Floats, expected: Expected) -> Flags:
        """Series that are back at a level which they left not long ago."""
        usual = np.maximum(1, np.nan_to_num(expected.cost / expected.level)) * self._left_level
        room = 2 * np.where(np.isfinite(self._scatter.up), self._scatter.up, 0) * self._left_level
        found: Flags = (today <= self._left_until) & (cost <= usual * (1 + self._ratio) + room)
        return found

    def _catches_up(self, excess: Floats, expected: Expected) -> Flags:
        """Series whose day holds no more than what the days before it lacked."""
        lacked = np.minimum(self._missed, MOST_MISSED) * np.nan_to_num(np.abs(expected.cost)) + self._owed
        room = np.where(lacked > 0, 2 * self._scatter.core * expected.level, 0)
        found: Flags = excess <= CAUGHT_UP * lacked + room
        return found

    def _carry_on(
        self, today: int, excess: Floats, expected: Expected, live: Flags, above: Flags, below: Flags
    ) -> tuple[Flags, Flags]:
        """Series whose run lasts today, and those whose run is seen to be over."""
        running = self._sign != 0
        size, least = np.abs(expected.cost), 0.1 * expected.level
        off = ~live | ((size < least) & (np.abs(excess) < least))
        kept = self._sign * excess >= KEPT * self._run_ratio * np.maximum(size, least)
        lasting = running & ~off & kept & (self._sign * excess > 0)
        self._calm = np.where(running & ~off, np.where(lasting, 0, self._calm + 1), self._calm)
        turned = ((self._sign < 0) & above) | ((self._sign > 0) & below)
        for row in np.flatnonzero(lasting):
            run = self._running[int(row)]
            run.last, run.days[today] = today, (float(self._costs[row, today]), float(expected.cost[row]))
        return lasting, running & ((self._calm >= QUIET) | turned)

    def _clean_cost(self, cost: Floats, expected: Expected, live: Flags, returns: Flags, out: Flags) -> Floats:
        """What of a day counts for what is expected later: within the band, the expected cost where it is out."""
        band = BAND * self._scatter.core * expected.level
        kept = np.clip(cost, expected.cost - band, expected.cost + band)
        kept = np.where(returns & (cost > kept), cost, np.where(out, expected.cost, kept))
        found: Floats = np.where(live, kept, expected.cost)
        return found

    def _end(self, today: int, ended: Flags) -> None:
        for row in np.flatnonzero(ended):
            self._running.pop(int(row)).over = today
        self._sign[ended] = 0

    def _absorb(self, today: int, expected: Expected) -> Flags:
        """Let runs that have lasted be the new level; a missing day shows nothing of it."""
        absorbed: Flags = (self._sign > 0) & (self._lasted >= ABSORBED)
        absorbed |= (self._sign < 0) & (self._lasted >= ABSORBED_BELOW)
        for row in np.flatnonzero(absorbed):
            first = int(self._first[row])
            costs = self._costs[row, first : today + 1]
            clean = self._clean[row, WINDOW + first : WINDOW + today + 1]
            clean[:] = np.where(np.isfinite(costs), costs, clean)
            self._lift(int(row), first, today)
            # Days of a level that stays explain no later fee.
            self._residuals[row, first + 1 : today + 1] = np.nan
            if self._sign[row] < 0:
                self._left_level[row], self._left_until[row] = expected.level[row], today + REMEMBERED
            run = self._running.pop(int(row))
            run.over, run.absorbed = today, True
        self._sign[absorbed] = 0
        return absorbed

    def _lift(self, row: int, first: int, today: int) -> None:
        """Carry the days before a new level to it: the week keeps its shape, and no day stands between two levels."""
        known = np.isfinite(self._costs[row, first : today + 1])
        usual = self.expected[row, first : today + 1][known].sum()
        scale = self._costs[row, first : today + 1][known].sum() / usual if usual > 0 else np.nan
        self._clean[row, first : first + WINDOW] *= scale if scale > 0 else np.nan

    def _open(self, today: int, sign: int, hit: Flags, expected: Expected) -> None:
        for row in map(int, np.flatnonzero(hit)):
            cost, usual = float(self._costs[row, today]), float(expected.cost[row])
            ratio = abs(cost - usual) / max(abs(usual), 0.1 * float(expected.level[row]))
            score = abs(float(self.scores[row, today]))
            if sign < 0:
                score = abs(float(self._residuals[row, today] / self._scatter.down[row]))
            counted = bool(today >= self._start[row] + LEAST_HISTORY)
            self._begin(Run(row, sign, today, today, ratio, score, None, False, counted, {today: (cost, usual)}))

    def _open_crept(self, today: int, crept: Flags) -> None:
        for row in map(int, np.flatnonzero(crept)):
            cost = float(self._costs[row, today])
            usual, score = self._creep.unlearn(row, today)
            if cost > usual > 0:
                counted = bool(today >= self._start[row] + LEAST_HISTORY)
                ratio = (cost - usual) / usual
                self._begin(Run(row, 1, today, today, ratio, score, None, False, counted, {today: (cost, usual)}))

    def _begin(self, run: Run) -> None:
        row = run.series
        self._sign[row], self._first[row], self._calm[row], self._run_ratio[row] = run.sign, run.first, 0, run.ratio
        self._lasted[row] = 1
        self._running[row] = run
        self.runs.append(run)
