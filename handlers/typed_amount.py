"""An amount as somebody has typed it into a form; what can be read in two ways is refused, never guessed."""

from __future__ import annotations

import re
from decimal import Decimal

from finops.money import ZERO
from views.amounts import rounded, symbol

MOST = Decimal(10) ** 18
NO_LESS = "A promised saving is zero or more; leave it empty where none is promised."
"""For the field of a promised saving below zero."""
CURRENCY = re.compile(r"^[A-Za-z]{3}(?=[\s\d\u2212-])|(?<=[\s\d])[A-Za-z]{3}$|[$€£¥]")
APART = re.compile(r"[\s\u00a0\u202f'’]")
"""What may stand between digits without changing what they mean."""
TWO_WAYS = re.compile(r"([+-]?[1-9][0-9]{0,2})\.([0-9]{3})")
"""Thousands or decimals, whoever looks at it."""
NUMBER = re.compile(r"[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?")


def zero_or_more(currency: str) -> str:
    """For the field of an amount of a currency that was typed below zero."""
    digits = _digits(currency)
    return f"Write zero or more, with{f' at most {digits}' if digits else 'out'} decimals."


def typed_amount(text: str, currency: str) -> Decimal | str:
    """'1,200.50', '−$300', '1 200' as an amount of a currency; 1.200 and 1.200,50 are refused.

    Returns:
        The amount, signed as it was typed; else a sentence for the field.
    """
    named = {each.upper() for each in CURRENCY.findall(text.strip())}
    bare = APART.sub("", CURRENCY.sub("", text.strip())).replace("\u2212", "-")
    digits = _digits(currency)
    if not NUMBER.fullmatch(bare):
        example = "1,200 or 1,200.50: commas between thousands, a point before decimals" if digits else "1,200"
        return f"Write an amount of {currency} such as {example}."
    if named - {currency, *symbol(currency)}:
        return f"This is an amount of {currency}: write it in no other currency."
    if digits < 3 and (parts := TWO_WAYS.fullmatch(bare)):
        whole, after = parts.groups()
        decimals = f"{whole}.{after[:digits]}" if digits else whole
        return f"{bare} can be read in two ways: write {whole},{after} or {decimals}.".replace("-", "\u2212")
    if len(bare.partition(".")[2]) > digits:
        return f"A point stands before decimals, and {currency} has {digits or 'none'}; thousands are written as 1,200."
    amount = Decimal(bare.replace(",", ""))
    return amount if abs(amount) < MOST else "That is more than is kept: at most 18 digits stand before the point."


def _digits(currency: str) -> int:
    """Decimals that amounts of a currency are typed with."""
    return -int(rounded(ZERO, currency).as_tuple().exponent)
