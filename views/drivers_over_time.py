"""The picture of what drove a team's cost over months: each month's change against the month before, stacked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from html import unescape
from typing import Any

from finops.basis import Basis
from finops.drivers import Driver, Separation
from finops.money import ZERO, add, plain
from finops.periods import DAY, Month
from views.amounts import brief, days, money, month_name, short, short_day, symbol
from views.driver_words import TITLES
from views.message import Picture
from views.text import clip, literal, unmarked

NAME = "drivers_over_time"
MOST = 5
"""Most drivers with a colour of their own; the others are one."""
ALT_TEXT = 2_000
Told = Sequence[tuple[Month, Separation]]


def drivers_over_time(told: Told, currency: str, basis: Basis, name: str) -> Picture:
    """The picture of some months.

    Args:
        told: each month with the parts of its change against the month before, the oldest first; one at least.
        name: the team's, as written.
    """
    parts, shown = _parts(told), unmarked(name, 60)
    changes = [separation.total for _, separation in told]
    finding = _bare(_finding(parts, changes, currency))
    first, last = told[0][0], told[-1][0]
    when = month_name(first) if first == last else f"{month_name(first)} to {month_name(last)}"
    data: dict[str, Any] = {
        "title": finding,
        "subtitle": f"{when} · {shown} · {basis} cost in {_bare(literal(currency, 12))}, each against the month before",
        "symbol": symbol(currency),
        "months": [_span(month, separation) for month, separation in told],
        "parts": [[title, [plain(amount) for amount in amounts]] for title, amounts in parts],
        "changes": [
            [plain(change), *(_bare(form(change, currency, signed=True)) for form in (brief, short))]
            for change in changes
        ],
    }
    lines = "; ".join(
        f"{month_name(month)} {money(change, currency, signed=True)}{_largest(separation, currency)}"
        for (month, separation), change in zip(told, changes, strict=True)
    )
    alt = _bare(f"Drivers of cost of {shown}, {when}, each month against the one before. {finding}: {lines}.")
    return Picture(NAME, data, alt_text=clip(alt, ALT_TEXT), title=f"{shown}: {finding}")


def _parts(told: Told) -> list[tuple[str, list[Decimal]]]:
    """Each driver's amount in every month, the one that moved most first, the small ones in one."""
    amounts: dict[Driver, list[Decimal]] = defaultdict(lambda: [ZERO] * len(told))
    for number, (_, separation) in enumerate(told):
        for part in separation.parts:
            amounts[part.driver][number] = add((amounts[part.driver][number], part.amount))
    order = sorted(amounts, key=lambda driver: (-add(map(abs, amounts[driver])), driver))
    kept, small = (order, []) if len(order) <= MOST + 1 else (order[:MOST], order[MOST:])
    found = [(TITLES[driver], amounts[driver]) for driver in kept]
    if small:
        together = [add(amounts[driver][number] for driver in small) for number in range(len(told))]
        found.append((f"{len(small)} others", together))
    return found


def _finding(parts: Sequence[tuple[str, list[Decimal]]], changes: Sequence[Decimal], currency: str) -> str:
    """'+$5,100 in all, most of it volume': what the picture shows, as its title."""
    total = add(changes)
    if not total:
        return "No change in all"
    sums = [(name, add(amounts)) for name, amounts in parts]
    name, amount = max(sums, key=lambda each: each[1] if total > 0 else -each[1])
    most = "most of it" if abs(amount) * 2 > abs(total) else "first of all"
    return f"{brief(total, currency, signed=True)} in all, {most} {name[:1].lower()}{name[1:]}"


def _largest(separation: Separation, currency: str) -> str:
    """' (volume +$300.00)': the part that moved most."""
    part = max(separation.parts, key=lambda each: abs(each.amount), default=None)
    if part is None or not part.amount:
        return ""
    title = TITLES[part.driver]
    return f" ({title[:1].lower()}{title[1:]} {money(part.amount, currency, signed=True)})"


def _span(month: Month, separation: Separation) -> str:
    """'Jun', or the days where it is a part of the month: '1–17 Nov'."""
    first, last = separation.span.current
    whole = first == month.first and last + DAY == month.next.first
    return short_day(first).split()[1] if whole else days(first, last)


def _bare(text: str) -> str:
    """Without the escapes of mrkdwn: pictures and their descriptions show text as it is."""
    return unescape(text).replace("<", "\u2039").replace(">", "\u203a")
