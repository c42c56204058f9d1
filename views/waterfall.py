"""The waterfall picture's data: from the budget, or the month before, step by step to what was or will be spent."""

from __future__ import annotations

from collections.abc import Sequence
from html import unescape
from typing import Any

from finops.explained_month import Drivers
from finops.money import ZERO, add, plain
from finops.team_month import TeamMonth
from views.amounts import brief, money, month_name, symbol
from views.driver_words import AGAINST, Step, steps_of
from views.message import Picture
from views.text import literal, unmarked
from views.tiers import direction

NAME = "waterfall"
MOST = 8
"""Most steps that are drawn, so that their names can be read on a phone; the smallest of the others are one step."""


def waterfall(month: TeamMonth, drivers: Drivers, name: str) -> Picture:
    """The picture of a variance.

    Args:
        drivers: of the month, which has a budget.
        name: the team's, as written.
    """
    budget = month.budget or ZERO
    steps = _few(steps_of(drivers))
    ends = "Forecast" if drivers.rest is not None else "Actual"
    reading, shown = add((budget, drivers.total)), unmarked(name, 60)
    finding = _bare(_finding(drivers, steps, month.currency))
    bars = [["Budget", plain(ZERO), plain(budget), brief(budget, month.currency), "whole"]]
    at = budget
    for step in steps:
        to, said = add((at, step.amount)), brief(step.amount, month.currency, signed=True)
        bars.append([unmarked(step.name, 40), plain(at), plain(to), said, "over" if step.amount > 0 else "under"])
        at = to
    bars.append([ends, plain(ZERO), plain(reading), brief(reading, month.currency), "whole"])
    data: dict[str, Any] = {
        "title": finding,
        "subtitle": f"{month_name(month.month)} · {shown} · {month.basis} cost in {_bare(literal(month.currency, 12))}",
        "symbol": symbol(month.currency),
        "bars": [[_bare(part) for part in bar] for bar in bars],
    }
    said = "; ".join(f"{unmarked(step.name, 60)} {money(step.amount, month.currency, signed=True)}" for step in steps)
    alt = (
        f"Waterfall of {shown}, {month_name(month.month)}. {finding}. Budget {money(budget, month.currency)}; {said}; "
        f"{ends.lower()} {money(reading, month.currency)}."
    )
    return Picture(NAME, data, alt_text=_bare(alt), title=f"{shown}: {finding}")


def _few(steps: Sequence[Step]) -> list[Step]:
    """The steps in their order, the smallest of many gathered into one."""
    if len(steps) <= MOST:
        return list(steps)
    small = sorted(steps, key=lambda step: abs(step.amount))[: len(steps) - MOST + 1]
    kept = [step for step in steps if not any(step is each for each in small)]
    return [*kept, Step(f"{len(small):,} others", add(step.amount for step in small))]


def _finding(drivers: Drivers, steps: Sequence[Step], currency: str) -> str:
    """'$1,240 over budget, most of it volume': what the picture shows, as its title."""
    variance = drivers.total
    if not variance:
        return "Exactly on budget"
    said = f"{brief(abs(variance), currency)} {direction(variance)} budget"
    way = [step for step in steps if (step.amount > 0) is (variance > 0) and step.amount]
    largest = max(way, key=lambda step: abs(step.amount))
    most = "most of it" if abs(largest.amount) * 2 > abs(variance) else "first of all"
    return f"{said}, {most} {_called(largest, drivers)}"


def _called(step: Step, drivers: Drivers) -> str:
    """A step inside a sentence."""
    if step.part is None and step.amount == drivers.budget and step.name.startswith(AGAINST):
        return f"as the budget lay {'below' if step.amount > 0 else 'above'} {step.name.removeprefix(AGAINST)}"
    return unmarked(step.name[:1].lower() + step.name[1:], 40)


def _bare(text: str) -> str:
    """Without the escapes of mrkdwn: pictures and their descriptions show text as it is."""
    return unescape(text).replace("<", "\u2039").replace(">", "\u203a")
