"""Amounts as people type them: read in one way, or refused with the reason."""

from __future__ import annotations

from decimal import Decimal

import pytest

from handlers.typed_amount import typed_amount

UNREADABLE = "Write an amount of USD such as 1,200 or 1,200.50: commas between thousands, a point before decimals."
TOO_FINE = "A point stands before decimals, and USD has 2; thousands are written as 1,200."
TWO_WAYS = "1.200 can be read in two ways: write 1,200 or 1.20."
OTHER = "This is an amount of USD: write it in no other currency."


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("1200", "USD", Decimal(1200)),
        ("1,200", "USD", Decimal(1200)),
        ("1 200.5", "USD", Decimal("1200.5")),
        ("1’234’567.89", "USD", Decimal("1234567.89")),
        ("−$300", "USD", Decimal(-300)),
        ("+300 usd", "USD", Decimal(300)),
        ("USD 1,200", "USD", Decimal(1200)),
        ("$40", "CAD", Decimal(40)),
        ("1.200", "KWD", Decimal("1.200")),
        ("1,200", "JPY", Decimal(1200)),
        ("1.200", "USD", TWO_WAYS),
        ("$1.200", "USD", TWO_WAYS),
        ("-12.345", "USD", "−12.345 can be read in two ways: write −12,345 or −12.34."),
        ("1.200", "JPY", "1.200 can be read in two ways: write 1,200 or 1."),
        ("0.125", "USD", TOO_FINE),
        ("1200.125", "USD", TOO_FINE),
        ("1.2345", "USD", TOO_FINE),
        ("1.234.567", "USD", UNREADABLE),
        ("1.200,50", "USD", UNREADABLE),
        ("1,5", "USD", UNREADABLE),
        ("12,00", "USD", UNREADABLE),
        ("1e3", "USD", UNREADABLE),
        ("a lot", "USD", UNREADABLE),
        ("", "USD", UNREADABLE),
        ("1.2", "JPY", "A point stands before decimals, and JPY has none; thousands are written as 1,200."),
        ("none", "JPY", "Write an amount of JPY such as 1,200."),
        ("EUR 300", "USD", OTHER),
        ("€300", "USD", OTHER),
        ("1" + "0" * 18, "USD", "That is more than is kept: at most 18 digits stand before the point."),
    ],
)
def test_typed_amounts(text: str, currency: str, expected: Decimal | str) -> None:
    """What can be read in one way alone is taken, in the currency's own digits; all else is refused with the reason."""
    assert typed_amount(text, currency) == expected
