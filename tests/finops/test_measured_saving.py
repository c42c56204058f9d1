"""A measured saving: exact, balanced over weekdays, blind to missing days, and honest about its uncertainty."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.corrective_action import MeasuredSaving
from finops.day_noise import noise_of, within
from finops.measured_saving import Measurement, TargetDays, measure_saving
from finops.money import EXACT, add

DAY = timedelta(days=1)
NOW = datetime(2026, 12, 20, 8, tzinfo=UTC)
DONE = date(2026, 11, 10)
RHYTHM = (100, 100, 100, 100, 100, 40, 30)
MONTH = Decimal(365) / 12


def span(first: date, last: date) -> list[date]:
    """Every day, both ends inside."""
    return [first + number * DAY for number in range((last - first).days + 1)]


def target(
    before: str = "100", after: str = "60", *, through: date = date(2026, 12, 17), missing: Iterable[date] = ()
) -> TargetDays:
    """A target that costs the same each weekday, and another share of it from DONE on."""
    known = [day for day in span(DONE - 40 * DAY, through) if day not in set(missing)]
    daily = {day: Decimal(before if day < DONE else after) * RHYTHM[day.weekday()] / 100 for day in known}
    return TargetDays(daily, frozenset(known), through)


def measured(days: TargetDays, done_on: date = DONE) -> Measurement:
    """A measurement that can be made."""
    found = measure_saving(days, done_on, 7, NOW)
    assert found is not None
    return found


def near(amount: Decimal, expected: Decimal) -> bool:
    """The same to the last digit that is kept."""
    return abs(amount - expected) <= Decimal("2e-18")


def test_a_saving_is_the_mean_day_before_less_after() -> None:
    """Four whole weeks on each side, from the day before it was done and from the day on, times 365/12."""
    found = measured(target())
    week_before, week_after = Decimal(570), Decimal(342)
    assert found.final
    assert near(found.saving.monthly, EXACT.divide((week_before - week_after) / 7 * 365, Decimal(12)))
    assert found.saving == MeasuredSaving(
        monthly=found.saving.monthly,
        low=found.saving.low,
        high=found.saving.high,
        before_from=date(2026, 10, 13),
        before_through=date(2026, 11, 9),
        after_from=DONE,
        after_through=date(2026, 12, 7),
        publication=7,
        measured_at=NOW,
    )
    assert found.saving.low == found.saving.monthly == found.saving.high and not found.saving.is_unclear


def test_a_measurement_waits_for_a_settled_week_and_is_final_after_four() -> None:
    """Nothing is said before seven days have settled; whole weeks count until there are four."""
    assert measure_saving(target(through=DONE + 5 * DAY), DONE, 1, NOW) is None
    assert measure_saving(TargetDays({}, frozenset(), None), DONE, 1, NOW) is None
    for settled, weeks, final in ((6, 1, False), (12, 1, False), (13, 2, False), (26, 3, False), (27, 4, True)):
        found = measured(target(through=DONE + settled * DAY))
        assert (found.saving.after_through, found.final) == (DONE + (7 * weeks - 1) * DAY, final)
        assert near(found.saving.monthly, measured(target()).saving.monthly)


def test_days_that_have_not_settled_are_not_looked_at() -> None:
    """Half-delivered days after the last settled one change nothing."""
    whole, cut = target(), target()
    settled = DONE + 13 * DAY
    wild = {**whole.daily, **{day: Decimal(0) for day in span(settled + DAY, date(2026, 12, 17))}}
    assert (
        measured(TargetDays(wild, whole.delivered, settled)).saving
        == measured(TargetDays(cut.daily, cut.delivered, settled)).saving
    )


def test_a_missing_day_is_left_out_and_a_delivered_one_without_charges_is_zero() -> None:
    """No data is not no cost."""
    gone = [DONE - 3 * DAY, DONE + 2 * DAY]
    assert near(measured(target(missing=gone)).saving.monthly, measured(target()).saving.monthly)
    nothing = {day: cost for day, cost in target().daily.items() if day < DONE}
    off = measured(TargetDays(nothing, target().delivered, date(2026, 12, 17)))
    assert near(off.saving.monthly, EXACT.divide(Decimal(570) * 365, Decimal(84)))
    assert measure_saving(target(missing=span(DONE - 40 * DAY, DONE - 6 * DAY)), DONE, 1, NOW) is None
    every_sunday = [day for day in span(DONE - 40 * DAY, DONE) if day.weekday() == 6]
    assert measure_saving(target(missing=every_sunday), DONE, 1, NOW) is None


def test_fewer_weeks_before_are_used_as_far_as_they_go() -> None:
    """Where the bill begins ten days before, one week is compared."""
    found = measured(target(missing=span(DONE - 40 * DAY, DONE - 11 * DAY)))
    assert (found.saving.before_from, found.saving.trend) == (DONE - 7 * DAY, None)
    assert near(found.saving.monthly, measured(target()).saving.monthly)


def test_a_monthly_fee_is_compared_with_a_monthly_fee() -> None:
    """A fee on the first of both months is no saving, one that is gone is saved once a month, never 30 times."""
    flat = target(after="100")
    fees = {day: Decimal(5000) for day in (date(2026, 11, 1), date(2026, 12, 1))}

    def with_fees(*days: date, through: date = date(2026, 12, 17)) -> Decimal:
        daily = {**flat.daily, **{day: flat.daily[day] + fees[day] for day in days}}
        return measured(TargetDays(daily, flat.delivered, through)).saving.monthly

    assert near(with_fees(*fees), Decimal(0))
    assert near(with_fees(date(2026, 11, 1)), Decimal(5000))
    assert near(with_fees(date(2026, 11, 1), through=DONE + 13 * DAY), Decimal(0))


def test_growth_before_is_said() -> None:
    """What had been growing or falling before already is named, where it stands out of the noise."""
    rng = random.Random(3)
    days = span(DONE - 28 * DAY, DONE + 27 * DAY)

    def grown(a_day: float) -> MeasuredSaving:
        daily = {day: Decimal(round(100 + a_day * number + rng.gauss(0, 1), 6)) for number, day in enumerate(days)}
        return measured(TargetDays(daily, frozenset(days), days[-1])).saving

    growing, falling, still = grown(2.0), grown(-1.0), grown(0.0)
    assert growing.trend and growing.trend > 500 and growing.monthly < 0
    assert falling.trend and falling.trend < -200
    assert still.trend is None and still.is_unclear


COSTS = st.decimals(0, 10**6, places=6)


@given(st.lists(COSTS, min_size=56, max_size=56), st.booleans())
def test_the_point_is_exact(costs: list[Decimal], scaled: bool) -> None:
    """Over whole weeks without a first of a month it is the difference of the sums, whatever the digits."""
    first = date(2026, 2, 2) - 28 * DAY  # the firsts on either side fall out below
    days = span(first, first + 55 * DAY)
    daily = {day: cost / (1000 if scaled else 1) for day, cost in zip(days, costs, strict=True)}
    found = measured(TargetDays(daily, frozenset(days), days[-1]), days[28])
    assert found.saving.low <= found.saving.monthly <= found.saving.high
    ordinary = [day for day in days if day.day != 1]
    if len(ordinary) == 56:
        before, after = (add(daily[day] for day in part) for part in (days[:28], days[28:]))
        assert near(found.saving.monthly, EXACT.divide((before - after) * 365, Decimal(336)))


def test_student() -> None:
    """Shares of Student's t distribution are those of the tables."""
    for freedom, size in ((1, 3.0777), (2, 1.8856), (3, 1.6377), (10, 1.3722), (27, 1.3137), (42, 1.3020)):
        assert within(size, freedom) == pytest.approx(0.8, abs=1e-4)


def noisy(rng: random.Random, number: int, correlation: float) -> list[float]:
    """Noise of variance one in which each day resembles the one before."""
    values = [rng.gauss(0, 1)]
    while len(values) < number:
        values.append(correlation * values[-1] + sqrt(1 - correlation**2) * rng.gauss(0, 1))
    return values


@pytest.mark.parametrize("weeks", [1, 2, 4])
@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6])
def test_the_interval_covers_what_it_claims(weeks: int, correlation: float) -> None:
    """An 80 % interval holds the true saving in 75 to 85 % of made-up courses with a weekday rhythm."""
    rng, runs, hits = random.Random(20261121), 300, 0
    days = [(number, int(number >= 28)) for number in range(28 + 7 * weeks)]
    for _ in range(runs):
        noise = noisy(rng, len(days), correlation)
        costs = [RHYTHM[number % 7] - 20 * after + 4 * wave for (number, after), wave in zip(days, noise, strict=True)]
        found = sum(costs[:28]) / 28 - sum(costs[28:]) / (7 * weeks)
        hits += abs(found - 20) <= noise_of(days, costs).half
    assert 0.75 <= hits / runs <= 0.85, hits / runs


def test_correlation_widens_the_interval() -> None:
    """Days that resemble each other tell less than days that do not."""
    days = [(number, int(number >= 28)) for number in range(56)]

    def mean_half(correlation: float) -> float:
        rng = random.Random(5)
        return sum(noise_of(days, noisy(rng, 56, correlation)).half for _ in range(40)) / 40

    assert mean_half(0.7) > 1.8 * mean_half(0.0)
