"""Money: exact and never across currencies."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import CurrencyMismatch
from finops.money import Money, add, plain, subtract

WIDE = Decimal("99999999999999999999.999999999999999999")
amounts = st.integers(-(10**38) + 1, 10**38 - 1).map(lambda units: Decimal(units).scaleb(-18))


@given(st.lists(amounts, max_size=20))
def test_sums_are_exact(values: list[Decimal]) -> None:
    """Any sum and difference of 38-digit amounts is exact, whatever the thread's own context."""
    with localcontext(prec=200):
        exact, difference = sum(values, Decimal()), (values or [Decimal()])[0] - WIDE
    with localcontext(prec=5):
        assert add(values) == exact
        assert subtract((values or [Decimal()])[0], WIDE) == difference


def test_different_currencies_are_refused() -> None:
    """Amounts in different currencies are neither added nor subtracted; equal ones are."""
    dollars, euros = Money(WIDE, "USD"), Money(WIDE, "EUR")
    assert dollars + dollars == Money(Decimal("199999999999999999999.999999999999999998"), "USD")
    assert dollars - dollars == Money(Decimal(0), "USD")
    for refused in (dollars.__add__, dollars.__sub__):
        with pytest.raises(CurrencyMismatch, match=r"^EUR and USD cannot be added\.$|^USD and EUR cannot be added\.$"):
            refused(euros)


PLAIN = {
    "20.520226728990000000": "20.52022672899",
    "0E-18": "0",
    "-0.00": "0",
    "-3": "-3",
    "1E+3": "1000",
    "100": "100",
    "1E-18": "0.000000000000000001",
    "-0.50": "-0.5",
}


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_has_every_digit_and_no_exponent(text: str) -> None:
    """Amounts are written in full, without exponent, trailing zeros or a negative zero."""
    assert plain(Decimal(text)) == PLAIN[text]
