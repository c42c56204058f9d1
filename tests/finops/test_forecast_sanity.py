from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.forecast import LEAST_DAYS, PROBABILITIES, Forecast
from finops.forecast_settling import REMEMBERED
from finops.forecast_totals import LONGEST, MonthTotals, forecast_totals
from finops.month_end import LATEST, month_end
from finops.periods import Month
from tests.finops.made_up_histories import Floats, money, series, workdays

MAY = Month(2026, 5)
LEVELS = {"usual": 100.0, "thousandths": 1e-3, "tiny": 1e-12, "huge": 1e15}
MOST = 5.0
"""Times the dearest day ever seen that a day to come is expected to cost at most, on the mean."""


def forecast(daily: Floats, until: date, month: Month = MAY) -> MonthTotals:
    return forecast_totals(daily, until - timedelta(days=daily.shape[1] - 1), until, month)


@st.composite
def histories(draw: st.DrawFn) -> Floats:
    """One history: a level, a rhythm, a trend, noise, spikes, credits, zeros, pauses, and days not delivered."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.sampled_from([LEAST_DAYS, 20, 35, 61, 130, 420, LONGEST + 50]))
    day = np.arange(count)
    costs = np.exp(draw(st.sampled_from([0.0, 0.02, 0.3, 1.5])) * rng.standard_normal(count))
    costs *= np.where(day % 7 < 5, 1.0, draw(st.sampled_from([0.0, 0.3, 1.0, 1.4])))
    costs *= np.exp(draw(st.sampled_from([-0.02, 0.0, 0.001, 0.01])) * (day - count))
    costs *= 1 + draw(st.sampled_from([0.0, 0.5])) * np.sin(day / draw(st.sampled_from([5, 30, 58])))
    costs[rng.random(count) < draw(st.sampled_from([0.0, 0.01]))] *= 50
    costs[rng.random(count) < draw(st.sampled_from([0.0, 0.3, 0.95]))] = 0
    costs -= draw(st.sampled_from([0.0, 0.0, 0.02])) * 30 * (rng.random(count) < 0.1)
    costs[rng.random(count) < draw(st.sampled_from([0.0, 0.0, 0.05]))] = np.nan
    known = np.flatnonzero(~np.isnan(costs))
    gone = draw(st.integers(0, LATEST)) if len(known) > LEAST_DAYS + LATEST else 0
    costs[count - gone :] = np.nan
    return draw(st.sampled_from(list(LEVELS.values()))) * costs


@settings(max_examples=60, deadline=None)
@given(histories(), st.integers(-LATEST, 30))
def test_whatever_the_history_the_answer_is_sane(costs: Floats, day: int) -> None:
    """Finite, rising, its days add up, both intervals hold it; nothing negative where nothing was, nothing absurd."""
    found = forecast(costs[None], MAY.first + timedelta(days=day))
    if found.known[0] < LEAST_DAYS or found.idle[0] > LATEST:
        assert np.isnan(found.expected).all()
        return
    size = np.nanmax(np.abs(costs)) or 1.0
    expected, quantiles, by_day = found.expected[0] / size, found.quantiles[:, 0] / size, found.by_day[:, 0] / size
    assert np.isfinite(quantiles).all()
    assert np.isfinite(by_day).all()
    assert np.all(np.diff(quantiles) >= 0)
    assert by_day.sum() == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert quantiles[PROBABILITIES.index(0.1)] <= expected + 1e-9
    assert quantiles[PROBABILITIES.index(0.9)] >= expected - 1e-9
    assert abs(expected) <= MOST * len(found.days)
    if np.nanmin(costs) >= 0:
        assert quantiles.min() >= 0
        assert expected >= 0


@pytest.mark.parametrize("count", [LEAST_DAYS, 40, 400])
@pytest.mark.parametrize("cost", [0.0, 1e-9, 12.5, -3.0, 1e12])
def test_a_constant_is_forecast_as_it_is(cost: float, count: int) -> None:
    """Every day left costs the same, nothing if nothing ever did, without any doubt, young or old."""
    found = forecast(np.full((1, count), cost), date(2026, 5, 10))
    np.testing.assert_allclose(found.expected, [21 * cost], rtol=1e-9)
    np.testing.assert_allclose(found.quantiles, 21 * cost, rtol=1e-9)


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
@pytest.mark.parametrize("count", [21, 40, 400])
def test_missing_days_move_little(level: float, count: int) -> None:
    """With every ninth day missing, the days left are forecast as with all of them, in any size of amounts."""
    costs = level * series(workdays, count, noise=0.03) / 100
    holes = costs.copy()
    holes[3::9] = np.nan
    whole, found = forecast(np.array([costs, holes]), date(2026, 4, 30)).expected
    assert found == pytest.approx(whole, rel=0.06)


def test_credits_are_not_cut_off() -> None:
    """A series of credits alone is forecast below zero, with its interval."""
    found = forecast(-series(workdays, 400, noise=0.1)[None], date(2026, 5, 10))
    assert found.expected[0] == pytest.approx(-(15 * 100 + 6 * 20), rel=0.1)
    assert np.diff(found.quantiles[:, 0]).max() > 0


@pytest.mark.parametrize("days", [28, 42, 60])
def test_a_move_in_is_forecast_to_settle(days: int) -> None:
    """A team that is moving in since a few weeks is forecast to settle, neither to stay as it was nor to go on."""
    costs = 100 * (1 - 0.8 * np.exp(-np.arange(days + 21) / 12)) * series(workdays, days + 21, noise=0.02) / 100
    found = forecast(costs[None, :days], date(2026, 5, 10))
    assert found.expected[0] == pytest.approx(costs[days:].sum(), rel=0.04)


def test_young_and_old_are_forecast_by_themselves() -> None:
    """An old series beside a young one, or the other way, has the forecast it has alone, to the last digits."""
    old, young = series(workdays, 400, noise=0.1), series(workdays, 400, noise=0.1, seed=2)
    young[: 400 - REMEMBERED + 200] = np.nan
    together = forecast(np.array([old, young]), date(2026, 5, 10))
    alone = [forecast(each[None], date(2026, 5, 10)) for each in (old, young)]
    np.testing.assert_allclose(together.quantiles, np.concatenate([each.quantiles for each in alone], axis=1), 1e-9)


@pytest.mark.parametrize("cost", ["0", "0.000000000001", "-12.34", "123456789012345.67"])
def test_money_of_any_size_is_told(cost: str) -> None:
    """What has settled is exact and the rest near it, from nothing through credits to hundreds of trillions."""
    until = date(2026, 5, 10)
    daily = {until - timedelta(days=number): Decimal(cost) for number in range(100)}
    answer = month_end(MAY, daily, until)
    assert isinstance(answer, Forecast)
    assert answer.settled == 10 * Decimal(cost)
    assert float(answer.amount - answer.settled) == pytest.approx(21 * float(cost), rel=1e-6, abs=0.01)
    assert answer.lowest <= answer.low <= answer.amount <= answer.high <= answer.highest


def test_money_reads_what_a_ledger_has() -> None:
    """Entries in cents, of days in any order, give the same forecast as sorted ones."""
    costs = money(series(workdays, 436, noise=0.1))
    until = max(costs)
    month = Month.of(until)
    turned = dict(sorted(costs.items(), reverse=True))
    assert month_end(month, costs, until) == month_end(month, turned, until)
