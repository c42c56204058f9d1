from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.forecast import PROBABILITIES
from finops.forecast_totals import MonthTotals, forecast_totals
from finops.periods import Month
from tests.finops.made_up_histories import FIRST, Floats, series, workdays

MAY = Month(2026, 5)
UNTIL = date(2026, 5, 10)
COUNT = (UNTIL - FIRST).days + 1
LEFT = 21


def mixed(seed: int = 3) -> Floats:
    """Twelve series of 436 days: steady, growing, shifted, sparse, with fees, credits and holes, begun late."""
    rng = np.random.default_rng(seed)
    found = [series(workdays, COUNT, noise=0.1, seed=number) for number in range(6)]
    found.append(series(lambda day, number: 50 * 1.004**number, COUNT, noise=0.05))
    found.append(series(lambda day, number: 90.0 if number < 300 else 40.0, COUNT, noise=0.05))
    found.append(series(lambda day, number: 10.0 + 700 * (day.day == 1), COUNT, noise=0.05))
    found.append(np.where(rng.random(COUNT) < 0.1, rng.gamma(2, 30, COUNT), 0.0))
    found.append(series(workdays, COUNT, noise=0.1) - 400.0 * (rng.random(COUNT) < 0.02))
    found.append(np.where(np.arange(COUNT) < COUNT - 40, np.nan, series(workdays, COUNT, noise=0.1)))
    daily = np.array(found)
    daily[3, rng.random(COUNT) < 0.05] = np.nan
    return daily


def forecast(daily: Floats, until: date = UNTIL, month: Month = MAY) -> MonthTotals:
    return forecast_totals(daily, FIRST, until, month)


def rest(daily: list[float] | Floats, until: date = UNTIL, month: Month = MAY) -> float:
    return float(forecast(np.array([daily]), until, month).expected[0])


def test_same_input_gives_the_same_output() -> None:
    """Two runs give the same digits."""
    once, again = forecast(mixed()), forecast(mixed())
    np.testing.assert_array_equal(once.quantiles, again.quantiles)
    np.testing.assert_array_equal(once.by_day, again.by_day)


def test_each_series_is_forecast_by_itself() -> None:
    """Neither the order of series nor what else is in the batch moves a forecast."""
    daily = mixed()
    whole = forecast(daily)
    turned = forecast(daily[::-1].copy())
    alone = np.array([rest(each) for each in daily])
    np.testing.assert_allclose(turned.expected[::-1], whole.expected, rtol=1e-9)
    np.testing.assert_allclose(turned.quantiles[:, ::-1], whole.quantiles, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(alone, whole.expected, rtol=1e-9)


@pytest.mark.parametrize("factor", [2.0**-20, 0.001, 3.7, 1e9])
def test_scaled_costs_give_scaled_forecasts(factor: float) -> None:
    """Costs k times as high give totals, days and quantiles k times as high, from thousandths to billions."""
    plain, scaled = forecast(mixed()), forecast(mixed() * factor)
    np.testing.assert_allclose(scaled.expected / factor, plain.expected, rtol=1e-6)
    np.testing.assert_allclose(scaled.quantiles / factor, plain.quantiles, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(scaled.by_day / factor, plain.by_day, rtol=1e-6, atol=1e-9)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 30))
def test_quantiles_rise_and_hold_what_is_expected(seed: int, day: int) -> None:
    """On every day of the month quantiles rise, both intervals hold the forecast, and its days add up to it."""
    until = date(2026, 4, 30) + timedelta(days=day)
    found = forecast_totals(mixed(seed)[:, : COUNT - 10 + day], FIRST, min(until, UNTIL), MAY)
    assert np.all(np.diff(found.quantiles, axis=0) >= 0)
    assert np.all(found.quantiles[PROBABILITIES.index(0.1)] <= found.expected + 1e-9)
    assert np.all(found.quantiles[PROBABILITIES.index(0.9)] >= found.expected - 1e-9)
    np.testing.assert_allclose(found.by_day.sum(axis=0), found.expected, rtol=1e-9, atol=1e-6)


def test_later_days_are_not_looked_at() -> None:
    """What comes after settled_through changes nothing."""
    daily = mixed()
    known = forecast(daily)
    longer = np.concatenate([daily, np.full((len(daily), 9), 1e6)], axis=1)
    np.testing.assert_array_equal(forecast(longer).quantiles, known.quantiles)


def test_a_steady_series_is_forecast_as_it_is() -> None:
    """A constant cost gives the same cost for every day left, with no doubt about it."""
    found = forecast(np.full((1, COUNT), 12.5))
    np.testing.assert_allclose(found.expected, [12.5 * LEFT])
    np.testing.assert_allclose(found.quantiles, 12.5 * LEFT)


def test_weekends_are_forecast_as_weekends() -> None:
    """A rhythm of working days is kept: the 21 days left have 15 of them."""
    assert rest(series(workdays, COUNT)) == pytest.approx(15 * 100 + 6 * 20, rel=0.01)


@pytest.mark.parametrize(("fee_day", "due"), [(1, 0), (15, 1), (31, 1)])
def test_a_monthly_fee_is_expected_on_its_day(fee_day: int, due: int) -> None:
    """A fee of the 1st is not expected again this month, one of the 15th or of the last day is."""

    def cost(day: date, _number: int) -> float:
        last = (day + timedelta(days=1)).day == 1
        return 10.0 + 500 * (last if fee_day == 31 else day.day == fee_day)

    assert rest(series(cost, COUNT)) == pytest.approx(10 * LEFT + 500 * due, rel=0.01)


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_a_batch_at_the_months_end_comes_again(batch: int) -> None:
    """What is computed on a month's last days alone, however many, is expected on them, and is no new level after."""

    def cost(day: date, _number: int) -> float:
        return 100.0 + 250 * ((day + timedelta(days=batch)).month != day.month)

    costs = series(cost, COUNT, noise=0.03)
    assert rest(costs) == pytest.approx(100 * LEFT + 250 * batch, rel=0.03)
    until = date(2026, 5, 2)
    assert rest(costs[: (until - FIRST).days + 1], until) == pytest.approx(100 * 29 + 250 * batch, rel=0.03)


def test_a_fee_that_is_due_is_doubted() -> None:
    """On the day before a monthly fee the interval is wider than without one, by what a fee differs by."""
    until, fee = date(2026, 4, 29), 1000.0
    costs = series(lambda day, number: 100.0, (until - FIRST).days + 1, noise=0.02)
    ends = np.array([(FIRST + timedelta(days=number + 1)).day == 1 for number in range(len(costs))])
    found = forecast(np.array([costs, costs + fee * ends]), until, Month(2026, 4))
    low, high = found.quantiles[PROBABILITIES.index(0.1)], found.quantiles[PROBABILITIES.index(0.9)]
    plain, due = high - low
    assert plain < 15
    assert 0.1 * fee < due < 0.5 * fee


def test_what_came_before_a_shift_is_forgotten() -> None:
    """Ten days after a commitment was bought, the new level alone is forecast."""
    assert rest(series(lambda day, number: 100.0 if number < COUNT - 10 else 60.0, COUNT)) == pytest.approx(
        60 * LEFT, rel=0.02
    )


def test_one_incident_is_not_carried_on() -> None:
    """A single day of ten times the cost leaves the forecast of the days to come where it was."""
    costs = series(lambda day, number: 100.0, COUNT, noise=0.02)
    before = rest(costs)
    costs[-3] *= 10
    assert rest(costs) == pytest.approx(before, rel=0.03)


def test_growth_goes_on() -> None:
    """Growth of 3 % a week is carried on: nearer to it than the last week's level would be."""
    costs = series(lambda day, number: 100 * 1.03 ** (number / 7), COUNT + LEFT)
    actual = costs[-LEFT:].sum()
    assert rest(costs[:COUNT]) == pytest.approx(actual, rel=0.02)


def test_a_resource_that_ended_costs_nothing_more() -> None:
    """After two months of zeros nothing is expected, and nothing negative."""
    found = forecast(np.array([series(lambda day, number: 80.0 * (number < COUNT - 60), COUNT, noise=0.1)]))
    assert found.expected[0] < 80.0
    assert found.quantiles.min() >= 0


def test_a_missing_day_is_not_zero() -> None:
    """Holes in the past leave the forecast where it is; one in the month is filled with what the day may have cost."""
    costs = series(workdays, COUNT, noise=0.03)
    whole = rest(costs)
    holes = costs.copy()
    holes[100:300:17] = np.nan
    assert rest(holes) == pytest.approx(whole, rel=0.03)
    holes[-4] = np.nan  # Thursday, 7 May
    found = forecast(np.array([holes]))
    assert found.expected[0] == pytest.approx(whole + 100, rel=0.04)
    assert found.by_day[found.days.index(date(2026, 5, 7)), 0] == pytest.approx(100, rel=0.1)


def test_no_forecast_below_two_weeks_or_of_what_fell_silent() -> None:
    """Thirteen known days, or none in the last eight, give no number at all; fourteen do."""
    thirteen, fourteen, silent = (series(workdays, COUNT) for _ in range(3))
    thirteen[:-13] = fourteen[:-14] = silent[-8:] = np.nan
    found = forecast(np.array([thirteen, fourteen, silent, np.full(COUNT, np.nan)]))
    assert np.isfinite(found.expected).tolist() == [False, True, False, False]
    assert np.isfinite(found.quantiles).all(axis=0).tolist() == [False, True, False, False]


def test_a_month_out_of_reach_is_refused() -> None:
    """A month that is over, or begins more than a week after the last settled day, raises."""
    for month in (Month(2026, 4), Month(2026, 7)):
        with pytest.raises(ValueError, match="not within reach"):
            forecast(mixed(), month=month)


def test_a_month_that_has_not_settled_yet_is_forecast_whole() -> None:
    """With three days of the month before still open, only the month's own days are in the total."""
    found = forecast(np.full((1, COUNT), 2.0), until=date(2026, 4, 27))
    assert found.days == tuple(MAY.days())
    np.testing.assert_allclose(found.expected, [62.0])


def test_intervals_hold_as_often_as_they_say() -> None:
    """Over 250 series with AR(1) noise and seven days of the month, 80 % and 95 % are kept to within four and three."""
    rng = np.random.default_rng(11)
    count, length = 250, COUNT + LEFT
    noise = np.zeros((count, length))
    for day in range(1, length):
        noise[:, day] = 0.7 * noise[:, day - 1] + 0.07 * rng.standard_normal(count)
    costs = np.exp(noise) * np.array([series(workdays, length)])
    inside80, inside95 = [], []
    for day in (0, 4, 9, 14, 19, 24, 28):
        until = date(2026, 4, 30) + timedelta(days=day)
        known = (until - FIRST).days + 1
        found = forecast_totals(costs[:, :known], FIRST, until, MAY)
        actual = costs[:, known:length].sum(axis=1)
        for inside, low, high in ((inside80, 0.1, 0.9), (inside95, 0.025, 0.975)):
            below, above = (found.quantiles[PROBABILITIES.index(each)] for each in (low, high))
            inside.append(((actual >= below) & (actual <= above)).mean())
    assert np.mean(inside80) == pytest.approx(0.8, abs=0.04)
    assert np.mean(inside95) == pytest.approx(0.95, abs=0.03)
