"""Money: exact amounts with their currency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

from finops.errors import CurrencyMismatch

ZERO = Decimal(0)
SCALE = 18
"""Decimal places kept everywhere: DECIMAL(38,18), the most that FOCUS providers deliver."""
EXACT = Context(prec=60)
"""Wide enough that no sum or difference of DECIMAL(38,18) values is ever rounded."""


def add(amounts: Iterable[Decimal]) -> Decimal:
    """Sum without rounding, whatever the number and size of the amounts."""
    with localcontext(EXACT):
        return sum(amounts, ZERO)


def subtract(amount: Decimal, other: Decimal) -> Decimal:
    """Difference without rounding."""
    return EXACT.subtract(amount, other)


def plain(amount: Decimal) -> str:
    """Full precision without exponent or trailing zeros: '20.52022672899', '0', '-3'."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and its ISO 4217 currency.

    Attributes:
        amount: exact, unrounded, in units of the currency (1.5 is one dollar fifty).
        currency: three capital letters.
    """

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        """Sum; raises CurrencyMismatch over different currencies."""
        return Money(EXACT.add(self.amount, self._same(other).amount), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Difference; raises CurrencyMismatch over different currencies."""
        return Money(EXACT.subtract(self.amount, self._same(other).amount), self.currency)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be added.")
        return other
