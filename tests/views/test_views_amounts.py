"""Amounts, ratios and days as they are shown."""

import time
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from finops.money import EXACT
from finops.periods import Month
from views.amounts import (
    brief,
    days,
    difference,
    distance,
    long_day,
    money,
    month_name,
    month_names,
    number,
    ratio,
    rounded,
    share,
    short,
    short_day,
)

AMOUNTS = st.decimals(min_value=-(10**20), max_value=10**20, places=18)
FRACTIONS = st.decimals(min_value=-100, max_value=100, places=12)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234.5", "USD", "$1,234.50"),
        ("-1234.5", "USD", "−$1,234.50"),
        ("0.125", "USD", "$0.12"),
        ("0.135", "USD", "$0.14"),
        ("-0.004", "USD", "$0.00"),
        ("1234.5", "JPY", "¥1,234"),
        ("1.5", "KWD", "KWD\u00a01.500"),
        ("7", "EUR", "€7.00"),
        ("7", "ZZZ", "ZZZ\u00a07.00"),
        ("1e17", "USD", "$100,000,000,000,000,000.00"),
    ],
)
def test_money(amount: str, currency: str, shown: str) -> None:
    """An amount is rounded half-even to its currency's own digits, an unknown currency standing by its code."""
    assert money(Decimal(amount), currency) == shown


def test_variants_of_money() -> None:
    """Signed, precise, brief and bare amounts."""
    assert money(Decimal("1234.5"), "USD", signed=True) == "+$1,234.50"
    assert money(Decimal(0), "USD", signed=True) == "$0.00"
    assert money(Decimal("20.520226728990"), "USD", precise=True) == "$20.52022672899"
    assert money(Decimal("20.5"), "USD", precise=True) == "$20.50"
    assert (brief(Decimal(60000), "USD"), brief(Decimal("0.5"), "USD")) == ("$60,000", "$0.50")
    amounts = ("0.41", "-9.5", "999.6", "-1748.35", "9970", "99949", "3400000", "-2e12")
    assert [short(Decimal(each), "EUR", signed=True) for each in amounts] == [
        *("+€0.41", "−€9.50", "+€1k", "−€1.7k", "+€10k", "+€100k", "+€3.4M", "−€2,000bn")
    ]
    assert (brief(Decimal(60000), "JPY"), number(Decimal(-5), "USD")) == ("¥60,000", "−5.00")


@given(AMOUNTS, st.sampled_from(["USD", "EUR", "GBP", "JPY", "INR"]))
def test_money_is_what_babel_says(amount: Decimal, currency: str) -> None:
    """The fast way gives what Babel gives in English, but for a proper minus sign."""
    shown = amount.quantize(Decimal(1).scaleb(-(0 if currency == "JPY" else 2)), rounding=ROUND_HALF_EVEN)
    with localcontext(prec=60):
        assert money(amount, currency) == format_currency(shown + 0, currency, locale="en").replace("-", "−")


@given(st.lists(AMOUNTS, min_size=1, max_size=20))
def test_shown_amounts_can_be_read_back(amounts: list[Decimal]) -> None:
    """A shown amount is exactly the rounded one."""
    for amount in amounts:
        assert Decimal(number(amount, "USD").replace(",", "").replace("−", "-")) == rounded(amount, "USD")


def test_money_is_fast() -> None:
    """An amount takes less than 15 µs at its best, so that a list of thousands is answered inline."""
    amount, best = Decimal("41200.173456789"), 1.0
    for _ in range(20):
        begun = time.process_time()
        for _ in range(500):
            money(amount, "USD")
        best = min(best, (time.process_time() - begun) / 500)
    assert best < 15e-6


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0.073", "+7.3 %"),
        ("-0.073", "−7.3 %"),
        ("0.05", "+5.0 %"),
        ("0.050001", "+5.0001 %"),
        ("0.0499999", "+4.99999 %"),
        ("0.05000000000001", "just past +5 %"),
        ("-0.19999999999", "just short of −20 %"),
        ("0.0996", "+9.96 %"),
        ("0", "0.0 %"),
        ("12345", "+1,234,500 %"),
    ],
)
def test_ratio(value: str, shown: str) -> None:
    """A ratio has one decimal, and as many more as tell it from the edge of a tier."""
    assert ratio(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((1,), "January 2027"),
        ((1, 2), "January 2027 to February 2027"),
        ((1, 3), "January 2027 and March 2027"),
        ((1, 2, 3, 5, 7, 8), "January 2027 to March 2027, May 2027 and July 2027 to August 2027"),
        ((12, 13), "December 2027 to January 2028"),
    ],
)
def test_month_names(numbers: tuple[int, ...], shown: str) -> None:
    """Months in a row are a span, and no span holds a month that is not among them."""
    assert month_names([Month(2027 + (each - 1) // 12, (each - 1) % 12 + 1) for each in numbers]) == shown


def test_ratio_of_nothing() -> None:
    """Without a ratio 'n/a' is shown."""
    assert ratio(None) == share(None) == "n/a"


@given(FRACTIONS)
def test_no_ratio_lands_on_an_edge(value: Decimal) -> None:
    """A shown ratio is on an edge only where the ratio is."""
    for edge in ("0", "5", "10", "20"):
        shown = distance(value).removesuffix(" %").replace(",", "")
        if not shown.startswith("just") and Decimal(shown) == Decimal(edge):
            assert abs(value) * 100 == Decimal(edge)


def test_shares_tell_the_thresholds() -> None:
    """A share is whole per cent, but never rounded onto 50, 80 or 100 %."""
    assert [share(Decimal(value)) for value in ("0.687", "0.996", "1", "1.004", "0.799")] == [
        "69 %",
        "99.6 %",
        "100 %",
        "100.4 %",
        "79.9 %",
    ]


def test_days() -> None:
    """Days and months in English, whatever the machine's locale."""
    assert short_day(date(2026, 11, 14)) == "14 Nov"
    assert long_day(date(2026, 11, 14)) == "Sat 14 Nov 2026"
    assert month_name(Month(2026, 11)) == "November 2026"
    assert days(date(2026, 11, 1), date(2026, 11, 20)) == "1–20 Nov"
    assert days(date(2026, 10, 28), date(2026, 11, 3)) == "28 Oct – 3 Nov"
    assert days(date(2026, 11, 3), date(2026, 11, 3)) == "3 Nov"


@given(AMOUNTS, AMOUNTS)
def test_a_shown_difference_is_the_difference_of_what_is_shown(amount: Decimal, other: Decimal) -> None:
    """Whoever subtracts two shown amounts gets the shown difference, to the last digit."""
    apart = difference(amount, other, "USD")
    assert rounded(apart, "USD") == apart
    assert EXACT.add(apart, rounded(other, "USD")) == rounded(amount, "USD")
