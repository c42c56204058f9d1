from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from finops.anomaly_calendar import likenesses
from finops.anomaly_detection import LEAST_HISTORY, find_anomalies
from finops.anomaly_found import FoundAnomaly, FoundDay, Minimums, Shape
from tests.finops.made_up_costs import DEFAULT, FIRST, LENGTH, ORDINARY, found_in, increases, made_up

SEEDS = 20
CLEAR = ("steady", "weekday rhythm", "growth", "month-start fee", "month-end batch", "holidays", "missing days")


def test_ordinary_costs_hardly_ever_ping() -> None:
    """Twenty series of each ordinary behaviour give less than 0.03 increases per series and quarter."""
    series = np.array([made_up(name, seed) for name in ORDINARY for seed in range(SEEDS)])
    quarters = len(series) * (LENGTH - LEAST_HISTORY) / 91.25
    assert len(increases(series)) / quarters < 0.03


def test_what_recurs_never_pings() -> None:
    """Fees, batches, weekends, holidays, credits, growth and missing days are no anomalies at all."""
    names = [name for name in ORDINARY if name not in ("autoscaling", "bursts")]
    assert increases(np.array([made_up(name, seed) for name in names for seed in range(5)])) == []


@pytest.mark.parametrize("behaviour", CLEAR)
def test_a_spike_is_one_anomaly(behaviour: str) -> None:
    """A day at three times its cost is found on that day, with what it cost and what was expected."""
    costs = made_up(behaviour, 3)
    costs[250] = ordinary = np.nan_to_num(costs[250], nan=1000)
    costs[250] *= 3
    (found,) = increases(costs)
    day = FIRST + timedelta(250)
    assert (found.first_day, found.last_day, found.found_on, found.shape) == (day, day, day, Shape.SPIKE)
    assert found.cost == Decimal(repr(float(costs[250]))).quantize(Decimal("0.0001"))
    assert float(found.expected) == pytest.approx(ordinary, rel=0.25)
    assert found.over_on == day + timedelta(2) and not found.is_absorbed


@pytest.mark.parametrize("behaviour", CLEAR)
def test_a_shift_is_one_anomaly(behaviour: str) -> None:
    """A level that stays twice as high is one anomaly from its first day on, and the new level after two weeks."""
    costs = made_up(behaviour, 3)
    costs[170:] *= 2
    (found,) = increases(costs)
    assert abs((found.first_day - FIRST).days - 170) <= 1
    assert (found.shape, found.is_absorbed) == (Shape.SHIFT, True)
    begun = (found.first_day - FIRST).days
    delivered = np.flatnonzero(np.isfinite(costs[begun:]))
    assert found.over_on == found.first_day + timedelta(int(delivered[13]))


@pytest.mark.parametrize(("usual", "spike"), [(1e-13, 1e12), (1e-18, 1e20), (1e-18, 9.9)])
def test_an_absurd_series_keeps_no_other_from_being_judged(usual: float, spike: float) -> None:
    """After days that cost next to nothing the ratio is cut off, as the score is; the series beside it is found too."""
    costs = np.full((2, LENGTH), [[usual], [100.0]])
    costs[:, -1] = spike, 1000
    low = replace(DEFAULT, amount=Decimal(1))
    absurd, other = find_anomalies(costs, FIRST, [low, low])
    assert (absurd.ratio, absurd.score, absurd.cost) == (1_000_000, 1000, Decimal(repr(spike)))
    assert (other.series, other.ratio, other.cost) == (1, 9, 1000)


def test_a_return_to_a_known_level_is_no_anomaly() -> None:
    """After five weeks nearly switched off, the former level pings nobody; the fall is recorded."""
    costs = made_up("steady", 5)
    costs[200:235] *= 0.1
    assert [(each.is_increase, each.first_day, each.is_absorbed) for each in found_in(costs)] == [
        (False, FIRST + timedelta(200), True)
    ]


def test_a_catching_up_day_is_no_anomaly() -> None:
    """A day that holds the cost of the missing or lower days before it pings nobody."""
    costs = made_up("steady", 6)
    costs[200:203] = np.nan
    costs[203] *= 4
    costs[300], costs[301] = 0, costs[301] * 2
    assert increases(costs) == []


def test_nothing_is_found_in_a_short_history() -> None:
    """Before six weeks after its first cost a series has no anomaly; on the first day after it has."""
    costs = made_up("steady", 7)
    costs[:100] = np.nan
    before, after = costs.copy(), costs.copy()
    before[99 + LEAST_HISTORY] *= 9
    after[100 + LEAST_HISTORY] *= 9
    assert (increases(before), len(increases(after))) == ([], 1)


def test_a_mishap_in_a_short_history_is_not_learnt() -> None:
    """Three days at forty times the cost in the first six weeks are none, and hide no later spike."""
    begins = (3, 7, 12, 15, 24, 36)
    costs = np.array([made_up(name, 3) for name in ("steady", "weekday rhythm") for _ in begins])
    for row, first in zip(costs, begins * 2, strict=True):
        row[first : first + 3] *= 40
        row[150] *= 3
    assert [(each.series, each.first_day) for each in increases(costs)] == [
        (row, FIRST + timedelta(150)) for row in range(len(costs))
    ]


@pytest.mark.parametrize("behaviour", ["steady", "weekday rhythm", "month-start fee", "month-end batch"])
def test_a_slow_leak_is_told_while_it_grows(behaviour: str) -> None:
    """Twice the cost in four weeks, too little a day to stand out, is found before it has stopped growing for long."""
    costs = made_up(behaviour, 4)
    costs[200:] *= np.minimum(1 + np.arange(LENGTH - 200) / 28, 2)
    found = increases(costs)
    assert found and FIRST + timedelta(205) <= found[0].found_on <= FIRST + timedelta(238)


def test_a_service_that_is_new_is_told_from_its_first_day() -> None:
    """Known to cost nothing for six weeks, its first two weeks are one anomaly over nothing; then it is expected."""
    costs = made_up("weekday rhythm", 6)
    costs[:LEAST_HISTORY] = 0
    (found,) = increases(costs)
    first = FIRST + timedelta(LEAST_HISTORY)
    assert (found.first_day, found.found_on, found.over_on) == (first, first, first + timedelta(13))
    assert (found.expected, found.ratio, found.is_absorbed, len(found.days)) == (0, None, True, 14)
    costs[0] = np.nan
    assert increases(costs) == []


def test_what_is_new_for_a_day_is_over() -> None:
    """A purchase of one day of what never cost anything is one day, and over after two without any cost."""
    costs = np.zeros(LENGTH)
    costs[100] = 500
    (found,) = increases(costs)
    assert (len(found.days), found.over_on, found.is_absorbed) == (1, FIRST + timedelta(102), False)


def test_a_credit_of_every_month_is_recorded_once() -> None:
    """The first credit is a decrease on record; the same on the second of every later month is expected."""
    costs = made_up("steady", 5)
    seconds = [number for number in range(LENGTH) if (FIRST + timedelta(number)).day == 2 and number > 60]
    costs[seconds] -= 3000
    assert [(each.is_increase, each.first_day) for each in found_in(costs)] == [(False, FIRST + timedelta(seconds[0]))]


def test_a_new_level_keeps_the_shape_of_its_week() -> None:
    """Fifty times as much is expected by its weekdays as soon as it is the new level: nothing is told of it again."""
    costs = made_up("weekday rhythm", 5)
    costs[:150] *= 0.02
    (found,) = increases(costs)
    assert (found.first_day, found.is_absorbed) == (FIRST + timedelta(150), True)


def test_later_days_change_no_earlier_verdict() -> None:
    """What is found through a day is the same whatever the days after it cost."""
    costs = np.array([made_up(name, 8) for name in ORDINARY])
    costs[:, 150] = np.abs(np.nan_to_num(costs[:, 150])) * 4 + 500
    costs[:, 260:] *= 2
    whole = found_in(costs)
    for through in (160, 262, 275):
        last = FIRST + timedelta(through)
        known = [_as_of(each, last) for each in whole if each.found_on <= last]
        assert known and [_as_of(each, last) for each in found_in(costs[:, : through + 1])] == known


def _as_of(found: FoundAnomaly, last: date) -> FoundAnomaly:
    """What was known of an anomaly on a day; its shape may change while it lasts."""
    over = found.over_on if found.over_on and found.over_on <= last else None
    days = tuple(day for day in found.days if day.day <= last)
    return replace(found, days=days, over_on=over, is_absorbed=found.is_absorbed and bool(over), shape=Shape.SPIKE)


def test_the_unit_of_money_does_not_matter() -> None:
    """The same costs in a currency of another worth have the same anomalies, their amounts in that currency."""
    costs = np.array([made_up(name, 9) for name in ORDINARY])
    costs[:, 260:] *= 1.8
    free = Minimums(Decimal(0), Decimal("0.25"), Decimal(4))
    ones = found_in(costs, free)
    for factor in (2.0**-6, 2.0**7):
        others = found_in(costs * factor, free)
        assert [_without_amounts(each) for each in ones] == [_without_amounts(each) for each in others]
        assert [float(each.excess) * factor for each in ones] == pytest.approx(
            [float(each.excess) for each in others], rel=1e-5, abs=0.01
        )


def _without_amounts(found: FoundAnomaly) -> FoundAnomaly:
    return replace(found, days=tuple(FoundDay(each.day, Decimal(0), Decimal(0)) for each in found.days))


def test_other_series_do_not_matter() -> None:
    """A series has the anomalies that it has alone, whatever is judged beside it."""
    rows = np.array([made_up(name, 10) for name in CLEAR])
    rows[:, 300:303] *= 3
    alone = [replace(each, series=row) for row, costs in enumerate(rows) for each in found_in(costs)]
    assert alone and found_in(rows) == alone


def test_an_anomaly_reaches_all_three_minimums() -> None:
    """A rise of a third for five days is found on the day its sum passes the amount, not below the ratio or score."""
    costs = np.full(LENGTH, 90.0)
    costs[300:305] = 120.0
    (found,) = found_in(costs)
    assert found.days == tuple(
        FoundDay(FIRST + timedelta(number), Decimal("120.0000"), Decimal("90.0000")) for number in range(300, 305)
    )
    assert (found.found_on, found.ratio, found.excess) == (
        FIRST + timedelta(303),
        Decimal("0.3333"),
        Decimal("150.0000"),
    )
    for more in ({"amount": Decimal(151)}, {"ratio": Decimal("0.34")}, {"score": found.score + 1}):
        assert found_in(costs, replace(DEFAULT, **more)) == []


def test_a_new_cost_after_none_has_no_ratio() -> None:
    """Where nothing was expected the ratio is None and the amount decides."""
    costs = np.zeros(LENGTH)
    costs[:60], costs[300] = 50.0, 5000.0
    found = increases(costs)
    assert [(each.first_day, each.ratio) for each in found] == [(FIRST + timedelta(300), None)]


def test_each_series_has_its_minimums() -> None:
    """As many minimums as series are asked for, and series without any cost have no anomaly."""
    assert found_in(np.zeros((2, 90))) == found_in(np.full((1, 90), np.nan)) == found_in(np.zeros((0, 90))) == []
    with pytest.raises(ValueError, match="2 series and 1 minimums"):
        find_anomalies(np.zeros((2, 90)), FIRST, [DEFAULT])


def test_days_resemble_those_at_the_same_place_of_a_month() -> None:
    """The last Friday of a month resembles that of the month before by date, end, weekday and working day."""
    days = [date(2025, 1, 1) + timedelta(number) for number in range(90)]
    like = likenesses(days)[days.index(date(2025, 2, 28))]
    assert [days[number] for number in like.same] == [date(2025, 1, 24), date(2025, 1, 28), date(2025, 1, 31)]
    assert like.needed == (days.index(date(2025, 1, 28)),)
