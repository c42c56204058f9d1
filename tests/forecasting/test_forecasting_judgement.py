"""The benchmark's judgement: of forecasts, of anomalies, and of the claims."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from click.testing import CliRunner

from tests.bench.measured import Findings
from tests.forecasting import __main__ as command
from tests.forecasting import anomaly_baselines, product
from tests.forecasting.accuracy import measure, origins_of
from tests.forecasting.anomaly_baselines import Thresholds, flags
from tests.forecasting.baselines import BASELINES, run_rate, weekday_median
from tests.forecasting.claims import claim_anomalies, claim_coverage, claim_errors
from tests.forecasting.detection import ask, judged, tally
from tests.forecasting.page import Run, write_page
from tests.forecasting.series import make_series
from tests.forecasting.unusual import COUNT, KINDS, WARM_UP, Event, Watched, make_watched

SEED = 5
FIRST = date(2025, 1, 1)


def watched(*events: Event) -> Watched:
    return Watched("team", "kind", FIRST, np.ones(COUNT), events)


SPIKE = Event(100, 101, True, 1000, 1)
SHIFT = Event(200, 209, True, 1000, 1)
LEAK = Event(301, 330, True, 1000, 1, goes_on=True)
SMALL = Event(150, 151, True, 1, 1)
ENDED = Event(250, 259, False, 1000, 1)


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ([], (0, 0, 3)),
        ([100, 200, 310], (3, 0, 0)),
        ([101, 209, 330], (3, 0, 0)),
        ([102, 199, 331], (0, 3, 3)),
        ([100, 101, 200, 201, 202, 210, 310], (3, 4, 0)),
        ([305, 311, 318, 325], (1, 1, 2)),
        ([150, 250, 251], (0, 0, 3)),
        ([3, WARM_UP - 1, WARM_UP], (0, 1, 3)),
    ],
)
def test_what_is_told_is_judged(told, verdict):
    """An event is found once within its days; again, beside them, or told late is false; small ones do not count."""
    assert judged(watched(SPIKE, SMALL, SHIFT, ENDED, LEAK), told) == verdict


def test_watched_series_hold_their_events():
    """Each kind has its events after the warm-up, ordinary teams have none, and there are teams of many series."""
    made = make_watched(SEED, each=4, teams=2)
    assert {each.kind for each in made} == {*KINDS, "ordinary"}
    for each in made:
        assert bool(each.events) == (each.kind != "ordinary"), each.team
        assert all(WARM_UP <= event.first <= event.last < COUNT for event in each.events), each.team
    sizes = [sum(each.team == f"team {number}" for each in made) for number in range(2)]
    assert all(3 <= size <= 10 for size in sizes)


@pytest.mark.parametrize("name", anomaly_baselines.BASELINES)
def test_baselines_do_not_look_ahead(name):
    """A baseline scores a day the same whatever comes after it."""
    daily = np.random.default_rng(3).lognormal(0, 0.1, 120)
    other = daily.copy()
    other[90:] *= 7
    method = anomaly_baselines.BASELINES[name]
    for one, two in zip(method(daily), method(other), strict=True):
        assert np.array_equal(one[:90], two[:90], equal_nan=True)


def test_baselines_keep_quiet_after_a_flag():
    """A day is flagged when score, ratio and amount are reached, and not within the days of quiet."""
    expected, daily = np.full(8, 100.0), np.array([100.0, 300, 300, 300, 300, 104, 300, np.nan])
    score = np.array([0.0, 9, 9, 9, 9, 9, 1, 9])
    assert flags((score, expected), daily, Thresholds(3, 0.5, 2), 100) == [1, 4]
    assert flags((score, expected), daily, Thresholds(3, 0.5, 0), 200) == [1, 2, 3, 4]
    assert flags((score, expected), daily, Thresholds(3, 0.5, 0), 201) == []


@pytest.fixture(autouse=True)
def without_the_slow_ones(monkeypatch):
    """The judgement is the same whatever the baselines compute: those that are fitted take seconds."""
    for name in ("robust STL", "ETS"):
        monkeypatch.setitem(BASELINES, name, weekday_median)


@pytest.fixture
def series():
    return make_series(SEED, 2, ("steady", "month start fee"))


def knowing(series, width):
    """A forecaster that knows the totals, its intervals so wide on both sides, as a share."""
    totals = {(len(each.asked[0]), each.asked[2]): each.total for each in origins_of(series, SEED)}

    def told(asked):
        found = [totals[len(daily), month] for daily, _, month in asked]
        return [(each, *[each * (1 - width), each * (1 + width)] * 2) for each in found]

    return told


def test_a_perfect_forecast_has_no_error(series):
    """Who knows the totals wins every claim of errors, and loses those of intervals by holding always."""
    accuracy, findings = measure(series, knowing(series, 0.1), SEED, processes=1), Findings()
    claim_errors(accuracy, findings, allowance=0)
    assert findings.hold
    assert accuracy.mean_error("product", accuracy.of()) == 0
    claim_coverage(accuracy, findings, allowance=0)
    assert [each.holds for each in findings.claims if "interval" in each.promise] == [False] * 10


def test_a_forecast_not_given_is_a_run_rate(series):
    """Where the product gives no forecast the run rate's error counts, and no interval is judged."""
    accuracy = measure(series, lambda asked: [None] * len(asked), SEED, processes=1)
    assert np.array_equal(accuracy.error["product"], accuracy.error["run rate"])
    assert not accuracy.answered.any() and np.isnan(accuracy.coverage(80, accuracy.of()))


def test_the_run_rate_does_not_win(series):
    """A product that is the run rate fails: it is not lower than itself, and far behind where there are fees."""
    findings = Findings()

    def told(asked):
        return [(run_rate(*each), 0.0, np.inf, 0.0, np.inf) for each in asked]

    claim_errors(measure(series, told, SEED, processes=1), findings, allowance=0)
    lost = {each.promise for each in findings.claims if not each.holds}
    assert "month-total error, on the average of the behaviours, lower than run rate" in lost
    assert "month start fee: at most 10 % behind the best baseline" in lost


def test_a_run_is_written(series, tmp_path):
    """The page has a row for every behaviour, method and kind, and names what was not won."""
    accuracy, findings = measure(series, knowing(series, 0.0), SEED, processes=1), Findings()
    claim_errors(accuracy, findings, allowance=0)
    made = make_watched(SEED, each=1, teams=1)
    told = {(each.first_day, each.daily[-1]): [(event.first, "spike") for event in each.events] for each in made}
    perfect = tally(made, ask(lambda asked: [told[first, daily[-1]] for daily, first in asked], made))
    none = tally(made, [[] for _ in made])
    tallies = {"product": perfect} | dict.fromkeys(anomaly_baselines.BASELINES, none)
    claim_anomalies(made, tallies, findings, allowance=0)
    findings.claim("something else", "1", "2", holds=False)
    write_page(Run(SEED, 2, accuracy, made, tallies, findings), tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text()
    assert [each.promise for each in findings.claims if not each.holds] == ["something else"]
    assert "## What was not won\n\n- something else: 2 (limit: 1)\n" in page
    assert "| product | 1.000 | 1.000 | 1.000 | 1.000 | 1.000 | 0.00 |" in page
    assert all(f"| {name} |" in page for name in ("steady", "month start fee", *anomaly_baselines.BASELINES))


def test_a_product_that_is_not_there_is_said(monkeypatch):
    """Without a forecaster the command says so and ends with exit code 1."""

    def missing():
        raise product.NotThereYet("There is no forecaster yet.")

    monkeypatch.setattr(product, "forecaster", missing)
    done = CliRunner().invoke(command.main, ["--series", "2"])
    assert (done.exit_code, done.output) == (1, "Error: There is no forecaster yet.\n")
