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
NUMBER = re.compile(r"[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?")


def typed_amount(text: str, currency: str) -> Decimal | str:
    """'1,200.50', '−$300', '1 200' as an amount of a currency; 1.200 and 1.200,50 are refused.

    Returns:
        The amount, signed as it was typed; else a sentence for the field.
    """
    named = {each.upper() for each in CURRENCY.findall(text.strip())}
    bare = APART.sub("", CURRENCY.sub("", text.strip())).replace("\u2212", "-")
    digits = -int(rounded(ZERO, currency).as_tuple().exponent)
    if not NUMBER.fullmatch(bare):
        example = "1,200 or 1,200.50: commas between thousands, a point before decimals" if digits else "1,200"
        return f"Write an amount of {currency} such as {example}."
    if named - {currency, *symbol(currency)}:
        return f"This is an amount of {currency}: write it in no other currency."
    if len(bare.partition(".")[2]) > digits:
        return f"A point stands before decimals, and {currency} has {digits or 'none'}; thousands are written as 1,200."
    amount = Decimal(bare.replace(",", ""))
    return amount if abs(amount) < MOST else "That is more than is kept: at most 18 digits stand before the point."
