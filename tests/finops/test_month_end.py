from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal

import pytest

from finops.forecast import LEAST_DAYS, PROBABILITIES, Forecast
from finops.money import add
from finops.month_end import NoForecast, month_end
from finops.periods import Month
from tests.finops.made_up_histories import FIRST, money, series, workdays

MAY = Month(2026, 5)
UNTIL = date(2026, 5, 10)
COUNT = (UNTIL - FIRST).days + 1
COSTS = money(series(workdays, COUNT, noise=0.1))


def days(last: date, first: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def found(**changes: object) -> Forecast:
    answer = month_end(MAY, COSTS, UNTIL, **changes)  # type: ignore[arg-type]
    assert isinstance(answer, Forecast)
    return answer


def test_what_has_settled_is_exact() -> None:
    """Eighteen digits of a settled day are in every amount; only what is to come is rounded, to the currency's."""
    tiny = Decimal("0.000000000000000001")
    plain = found()
    answer = month_end(MAY, {**COSTS, UNTIL: COSTS[UNTIL] + tiny}, UNTIL)
    assert isinstance(answer, Forecast)
    own = [cost for day, cost in COSTS.items() if day in MAY]
    assert plain.settled == add(own)
    assert answer.settled == add([*own, tiny])
    assert [amount - answer.settled for amount in (answer.amount, *answer.quantiles)] == [
        amount - plain.settled for amount in (plain.amount, *plain.quantiles)
    ]


@pytest.mark.parametrize("digits", [0, 2, 3])
def test_what_is_to_come_has_the_digits_of_the_currency(digits: int) -> None:
    """Yen come without decimals, dinars with three."""
    answer = found(digits=digits)
    unit = Decimal(1).scaleb(-digits)
    estimates = [
        *(amount - answer.settled for amount in (answer.amount, *answer.quantiles)),
        *dict(answer.days).values(),
    ]
    assert [amount % unit for amount in estimates] == [0] * len(estimates)
    assert any(amount % (10 * unit) for amount in estimates)


def test_intervals_lie_in_each_other_around_the_amount() -> None:
    """95 % around 80 % around the expected amount, above what has settled."""
    answer = found()
    ends = [answer.settled, answer.lowest, answer.low, answer.amount, answer.high, answer.highest]
    assert ends == sorted(ends)
    assert answer.high > answer.low


def test_probability_over_an_amount_falls_with_it() -> None:
    """It is the share of the same distribution that lies above, and is never told finer than that is known."""
    answer = found()
    ladder = [answer.settled + number * (answer.highest - answer.settled) / 40 for number in range(60)]
    told = [answer.probability_over(amount) for amount in ladder]
    assert told == sorted(told, reverse=True)
    assert (told[0], told[-1]) == (0.995, pytest.approx(0.005))
    for probability in PROBABILITIES[1:-1]:
        assert answer.probability_over(answer.quantile(probability)) == pytest.approx(1 - probability, abs=0.02)


def test_a_month_that_has_settled_is_certain() -> None:
    """With no day left the forecast is the actual, and its probability of being over is 0 or 1."""
    april = Month(2026, 4)
    answer = month_end(april, COSTS, april.last)
    assert isinstance(answer, Forecast)
    actual = add([cost for day, cost in COSTS.items() if day in april])
    assert (answer.amount, answer.settled, {*answer.quantiles}, answer.by_day()) == (actual, actual, {actual}, [])
    assert (answer.probability_over(actual), answer.probability_over(actual - 1)) == (0.0, 1.0)


def test_days_to_come_add_up_to_the_forecast() -> None:
    """The picture's line begins at the first open day and ends at the expected amount, to a cent a day."""
    answer = found()
    days, totals = zip(*answer.by_day(), strict=True)
    assert days == tuple(UNTIL + timedelta(days=number) for number in range(1, 22))
    assert abs(totals[-1] - answer.amount) <= Decimal("0.21")


def test_a_missing_day_is_not_zero() -> None:
    """A day that was not delivered is estimated, not part of what has settled, and whatever is stored for it unused."""
    gone = date(2026, 5, 6)
    answer = found(missing=[gone])
    own = [cost for day, cost in COSTS.items() if day in MAY and day != gone]
    assert answer.settled == add(own)
    assert answer.days[0][0] == gone
    assert 85 < answer.days[0][1] < 115


@pytest.mark.parametrize("begins", [date(2026, 4, 20), date(2026, 5, 1), date(2026, 5, 3), date(2026, 5, 10)])
def test_before_its_first_charge_a_series_cost_nothing(begins: date) -> None:
    """A team that begins inside the month is expected to cost what its own days do, with nothing for those before."""
    until = date(2026, 5, 26)
    answer = month_end(MAY, {day: Decimal(100) for day in days(until, begins)}, until)
    assert isinstance(answer, Forecast)
    own = 100 * len([day for day in days(MAY.last, begins) if day in MAY])
    assert (answer.amount, answer.low, answer.high) == (own, own, own)
    assert [day for day, _ in answer.days] == [date(2026, 5, number) for number in range(27, 32)]


def test_an_interval_holds_what_it_is_sure_of() -> None:
    """Where every day costs the same fraction of a cent more, rounding leaves the actual inside every interval."""
    cost = Decimal("100.123456789")
    answer = month_end(MAY, {day: cost for day in COSTS}, UNTIL)
    assert isinstance(answer, Forecast)
    assert answer.low <= 31 * cost <= answer.high
    assert answer.high - answer.low == Decimal("0.01")


def test_a_day_without_an_entry_had_no_cost() -> None:
    """A gap between entries counts as zero: costs every third day are forecast at a third."""
    sparse = {day: Decimal(30) for number, day in enumerate(sorted(COSTS)) if number % 3 == 0}
    answer = month_end(MAY, sparse, UNTIL)
    assert isinstance(answer, Forecast)
    assert answer.amount - answer.settled == pytest.approx(Decimal(210), rel=Decimal("0.25"))


def test_no_forecast_says_why() -> None:
    """Too few days, days too old, a month out of reach: each is named."""
    short = {day: cost for day, cost in COSTS.items() if day > UNTIL - timedelta(days=LEAST_DAYS - 1)}
    old = [UNTIL - timedelta(days=number) for number in range(8)]
    assert month_end(MAY, short, UNTIL) is NoForecast.TOO_SHORT
    assert month_end(MAY, {}, UNTIL) is NoForecast.TOO_SHORT
    assert month_end(MAY, COSTS, UNTIL, missing=old) is NoForecast.TOO_OLD
    assert NoForecast.TOO_SHORT.value == "fewer than 14 settled days are known"
    assert month_end(Month(2026, 4), COSTS, UNTIL) is NoForecast.OUT_OF_REACH
    assert month_end(Month(2026, 7), COSTS, UNTIL) is NoForecast.OUT_OF_REACH


def test_numpy_is_loaded_with_the_first_forecast_only() -> None:
    """A process that only reads forecasts does not pay for numpy."""
    code = "import sys, finops.month_end; print('numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
