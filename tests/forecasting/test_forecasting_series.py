"""The benchmark's series: what is drawn, what is read, and what the baselines make of it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from tests.forecasting.accuracy import BANDS, origins_of
from tests.forecasting.baselines import BASELINES, filled
from tests.forecasting.behaviours import BEHAVIOURS
from tests.forecasting.days import days_of_month, months_later, thanksgiving
from tests.forecasting.series import AIR_PASSENGERS, air_passengers, make_series, read_csv

MONDAY = date(2026, 1, 5)
APRIL = date(2026, 4, 1)
SO_FAR = (date(2026, 4, 10) - MONDAY).days + 1


def test_the_calendar():
    """Thanksgiving is the fourth Thursday of November, and months have their own lengths."""
    assert [thanksgiving(year).day for year in (2022, 2023, 2024, 2025)] == [24, 23, 28, 27]
    assert [days_of_month(date(2024, month, 5)) for month in (1, 2, 4)] == [31, 29, 30]
    assert [months_later(date(2025, 11, 20), months) for months in (0, 1, 2)] == [
        date(2025, 11, 1),
        date(2025, 12, 1),
        date(2026, 1, 1),
    ]


def test_series_are_drawn_from_their_seed_alone():
    """A series is the same however many are drawn beside it, and another with another seed."""
    few, many, other = make_series(5, 1), make_series(5, 3), make_series(6, 1)
    same = [each for each in many if each.name.endswith(" 0")]
    assert [each.name for each in few] == [each.name for each in same] == [f"{name} 0" for name in BEHAVIOURS]
    assert all(np.array_equal(one.daily, two.daily, equal_nan=True) for one, two in zip(few, same, strict=True))
    assert not any(np.array_equal(one.truth, two.truth) for one, two in zip(few, other, strict=True))


def test_every_series_is_fit_to_be_forecast():
    """A series has at least 60 days of history (a new team fewer), whole months, and spend in each of them."""
    for each in make_series(5, 4):
        history = (each.months[0] - each.first_day).days
        assert (18 <= history < 33) if each.behaviour == "new team" else (60 <= history <= 400), each.name
        assert each.first_day + timedelta(days=len(each.truth)) == months_later(each.months[-1], 1), each.name
        assert np.isfinite(each.truth).all(), each.name
        assert all(each.total(month) > 0 for month in each.months), each.name
        known = ~np.isnan(each.daily)
        assert np.array_equal(each.daily[known], each.truth[known]), each.name


def test_origins_know_nothing_of_what_is_to_come():
    """Each forecast is asked for with the days before its origin only, and together they have 1 to 28 days left."""
    series = make_series(5, 3)
    origins = origins_of(series, seed=5)
    assert {each.days_left for each in origins} == set(range(1, 29))
    for each in origins:
        daily, first_day, month = each.asked
        assert first_day + timedelta(days=len(daily) + each.days_left) == months_later(month, 1)
        assert BANDS[each.band][0] <= each.days_left <= BANDS[each.band][1]
        assert each.total == series[each.series].total(month)


def test_a_perfect_week_is_forecast_exactly():
    """Where every week is the same, the baselines that know weeks are right to the digit, with a day missing too."""
    week = np.array([10.0, 11, 12, 11, 10, 4, 3])
    truth = week[np.arange((date(2026, 5, 1) - MONDAY).days) % 7]
    total = truth[(APRIL - MONDAY).days :].sum()
    daily = truth[:SO_FAR].copy()
    daily[[30, SO_FAR - 2]] = np.nan
    assert np.array_equal(filled(daily), truth[:SO_FAR])
    told = {name: BASELINES[name](daily, MONDAY, APRIL) for name in ("weekday median", "robust STL", "ETS")}
    assert told == pytest.approx(dict.fromkeys(told, total), rel=1e-3)


def test_a_straight_line_is_forecast_exactly():
    """Least squares go on with a line, and the run rate spreads the month's mean so far over its days."""
    truth = 5.0 + np.arange((date(2026, 5, 1) - MONDAY).days)
    total = truth[(APRIL - MONDAY).days :].sum()
    assert BASELINES["least squares"](truth[:SO_FAR], MONDAY, APRIL) == pytest.approx(total)
    mean = truth[SO_FAR - 10 : SO_FAR].mean()
    assert BASELINES["run rate"](truth[:SO_FAR], MONDAY, APRIL) == pytest.approx(30 * mean)


def test_every_baseline_answers_a_young_series():
    """Ten days of history, three of them missing, are enough for each baseline to say a number."""
    daily = np.array([1.0, np.nan, 2, 1, 1, np.nan, np.nan, 1, 2, 1])
    told = [method(daily, date(2026, 3, 25), APRIL) for method in BASELINES.values()]
    assert np.isfinite(told).all()


@pytest.mark.skipif(
    not AIR_PASSENGERS.exists(), reason="AirPassengers is not beside this repository, in ../shared/data"
)
def test_air_passengers_keeps_its_months():
    """The published monthly totals are kept exactly when they are spread over days."""
    last, before = air_passengers(years=2)
    assert [round(last.total(month), 6) for month in last.months[:3]] == [417, 391, 419]
    assert [round(before.total(month), 6) for month in before.months[:3]] == [360, 342, 406]


def test_own_series_are_read(tmp_path):
    """A column is a series from its first amount on; a gap stays a gap, and only whole months are asked for."""
    rows = [f"{date(2026, 1, 1) + timedelta(days=day)},{day},{'' if day < 70 else 2.5}" for day in range(125)]
    del rows[3]
    (tmp_path / "own.csv").write_text("\n".join(["date,compute,storage", *reversed(rows)]))
    compute, storage = read_csv(tmp_path / "own.csv")
    assert (compute.name, compute.first_day, len(compute.truth)) == ("compute", date(2026, 1, 1), 125)
    assert np.flatnonzero(np.isnan(compute.daily)).tolist() == [3]
    assert compute.months == (APRIL,)
    assert (storage.first_day, len(storage.truth), storage.months) == (date(2026, 3, 12), 55, ())


@pytest.mark.parametrize("text", ["day,amount\n2026-01-01,3\n", "date\n2026-01-01\n", "date,a\n1.1.26,3\n", "date,a\n"])
def test_a_file_without_series_is_refused(tmp_path, text):
    """A file without dates, without amounts or with another form of date is refused."""
    (tmp_path / "own.csv").write_text(text)
    with pytest.raises(ValueError):
        list(read_csv(tmp_path / "own.csv"))
