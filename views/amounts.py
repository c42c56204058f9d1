"""Amounts, ratios and days in words: the last step, and the only one that rounds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from html import unescape

from babel import Locale
from babel.numbers import get_currency_precision, get_currency_symbol

from finops.money import EXACT, ZERO, plain
from finops.periods import Month
from finops.policy import LADDER
from views.text import escape
from views.tiers import listed

LOCALE = Locale("en")
MINUS = "\u2212"
NO_BREAK = "\u00a0"
TIER_EDGES = (ZERO, *(tier.above for tier in LADDER[1:]))
THRESHOLDS = (ZERO, Decimal("0.5"), Decimal("0.8"), Decimal(1))
"""Shares of the budget that raise an alert (DESIGN.md, section 3, rule 4)."""
_DIGITS_TO_TELL = 4
_LONG = Decimal(1000)
_BRIEF_ENOUGH = Decimal(10)
_UNITS = ("", "k", "M", "bn")
_SHORT_MONTHS = [LOCALE.months["format"]["abbreviated"][number] for number in range(1, 13)]
_LONG_MONTHS = [LOCALE.months["format"]["wide"][number] for number in range(1, 13)]
_SHORT_DAYS = [LOCALE.days["format"]["abbreviated"][number] for number in range(7)]


@lru_cache(maxsize=512)
def _form(currency: str) -> tuple[str, int, Decimal]:
    """What stands before an amount, its digits, and the exponent to round at; Babel is asked once a currency."""
    known = currency in LOCALE.currencies and currency != "XXX"
    before = get_currency_symbol(currency, LOCALE) if known else escape(currency, 20)
    digits = get_currency_precision(currency) if known else 2
    # CLDR's alphaNextToNumber: a symbol ending in a letter keeps its distance from the number.
    apart = not known or before[-1].isalpha()
    return before + (NO_BREAK if apart else ""), digits, Decimal(1).scaleb(-digits)


def symbol(currency: str) -> str:
    """What stands before an amount in a picture: '$', 'KWD ', with nothing escaped."""
    return unescape(_form(currency)[0])


def rounded(amount: Decimal, currency: str) -> Decimal:
    """An amount as it is shown: half-even to the currency's own digits."""
    return amount.quantize(_form(currency)[2], context=EXACT)


def difference(amount: Decimal, other: Decimal, currency: str) -> Decimal:
    """amount − other of two amounts that are both shown, as shown: whoever subtracts them gets the same."""
    return EXACT.subtract(rounded(amount, currency), rounded(other, currency))


def money(amount: Decimal, currency: str, precise: bool = False, signed: bool = False) -> str:
    """An amount with its currency: '$1,234.50', '−¥1,235', 'KWD 1.500'.

    Args:
        amount: exact, in the currency.
        currency: ISO 4217; any other is shown as it is written, with two digits.
        precise: every digit the amount has, at least the currency's own; else half-even to the currency's own.
        signed: with '+' before what is more than zero.
    """
    before, _, exponent = _form(currency)
    shown = amount.quantize(exponent, context=EXACT)
    if precise and shown != amount:
        shown = Decimal(plain(amount))
    text = f"{shown:,f}".lstrip("-")
    return f"{_sign(shown, signed)}{before}{text}"


def brief(amount: Decimal, currency: str, signed: bool = False) -> str:
    """An amount for a sentence: money() without its '.00' where the shown amount is whole."""
    text = money(amount, currency, signed=signed)
    whole, point, digits = text.rpartition(".")
    return whole if point and not digits.strip("0") else text


def short(amount: Decimal, currency: str, signed: bool = False) -> str:
    """An amount for a narrow place, rounded to what can be told apart there: '+$379', '−€1.7k', '$12k', '$3.4M'."""
    if abs(amount) < _BRIEF_ENOUGH:
        return brief(amount, currency, signed)
    shown, unit = abs(amount), ""
    for unit in _UNITS:
        # 999.6 is 1k, and not 1,000; 9.97k is 10k.
        shown = shown.quantize(Decimal("0.1") if unit and shown < _BRIEF_ENOUGH else Decimal(1), context=EXACT)
        if shown < _LONG or unit == _UNITS[-1]:
            break
        shown = EXACT.divide(abs(amount), _LONG ** (_UNITS.index(unit) + 1))
    text = f"{shown:,f}".removesuffix(".0")
    return f"{_sign(amount, signed)}{_form(currency)[0]}{text}{unit}"


def number(amount: Decimal, currency: str, signed: bool = False) -> str:
    """An amount without its currency, for a column that names it once."""
    shown = rounded(amount, currency)
    return _sign(shown, signed) + f"{shown:,f}".lstrip("-")


def ratio(value: Decimal | None, edges: Sequence[Decimal] = TIER_EDGES) -> str:
    """A variance ratio: '+7.3 %', 'n/a' for None.

    Args:
        value: a fraction, unrounded.
        edges: fractions that a ratio beside them must not be rounded onto: 0.050001 is '+5.0001 %', never '+5.0 %'.
    """
    return "n/a" if value is None else _percent(value, 1, edges, "+" if value > 0 else "")


def share(value: Decimal | None, edges: Sequence[Decimal] = THRESHOLDS) -> str:
    """A part of a whole: '69 %', 'n/a' for None; 0.996 of a budget is '99.6 %', never '100 %'."""
    return "n/a" if value is None else _percent(value, 0, edges, "")


def distance(value: Decimal, edges: Sequence[Decimal] = TIER_EDGES) -> str:
    """A ratio without its sign, for 'x % over' and 'x % under'."""
    return _percent(abs(value), 1, edges, "")


def percent(fraction: Decimal) -> str:
    """A share as it is configured: '7.5 %'."""
    return f"{plain(EXACT.multiply(fraction, Decimal(100)))} %"


def _percent(value: Decimal, digits: int, edges: Sequence[Decimal], plus: str) -> str:
    size = EXACT.multiply(abs(value), Decimal(100))
    sign = MINUS if value < 0 else plus
    if size >= _LONG:
        digits = 0
    steps = [EXACT.multiply(edge, Decimal(100)) for edge in edges]
    for more in range(digits, digits + _DIGITS_TO_TELL + 1):
        shown = size.quantize(Decimal(1).scaleb(-more), context=EXACT)
        if shown == size or shown not in steps:
            return f"{sign}{shown:,f} %"
    side = "just past" if size > shown else "just short of"
    return f"{side} {sign}{plain(shown)} %"


def _sign(shown: Decimal, signed: bool) -> str:
    if shown < 0:
        return MINUS
    return "+" if signed and shown > 0 else ""


def short_day(day: date) -> str:
    """'14 Nov'."""
    return f"{day.day} {_SHORT_MONTHS[day.month - 1]}"


def long_day(day: date) -> str:
    """'Sat 14 Nov 2026'."""
    return f"{_SHORT_DAYS[day.weekday()]} {short_day(day)} {day.year}"


def days(first: date, last: date) -> str:
    """'1–20 Nov', '28 Oct – 3 Nov', '14 Nov'."""
    if first == last:
        return short_day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{short_day(last)}"
    return f"{short_day(first)} – {short_day(last)}"


def month_name(month: Month) -> str:
    """'November 2026'."""
    return f"{_LONG_MONTHS[month.month - 1]} {month.year}"


def month_names(months: Sequence[Month]) -> str:
    """'October 2026', 'January 2027 and March 2027 to May 2027': no span holds a month that is not among them.

    Args:
        months: one at least, in order.
    """
    spans: list[list[Month]] = []
    for month in months:
        if spans and spans[-1][-1].next == month:
            spans[-1].append(month)
        else:
            spans.append([month])
    named = [" to ".join(month_name(each) for each in dict.fromkeys((span[0], span[-1]))) for span in spans]
    return listed(named)
