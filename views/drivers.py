"""What moved a variance as a table that adds up to it, and in words: beside an explanation's form and in answers."""

from __future__ import annotations

from finops.breakdown import Line
from finops.explained_month import Drivers
from finops.money import add
from views import blocks
from views.amounts import days
from views.breakdown import Table, as_code, table
from views.driver_words import caveats, sentences, steps_of
from views.message import Block
from views.text import escape

SHOWN = 6
"""Most services that are named; the others are added into one."""


def driver_blocks(drivers: Drivers, currency: str) -> list[Block]:
    """The table, and below it each part in a sentence where the parts are known."""
    title = f"*What moved it*, {escape(currency, 20)}, {compared(drivers)}; the rows add up to the variance exactly"
    shown = [blocks.section(f"{title}\n{as_code(driver_table(drivers, currency))}")]
    if drivers.separation is None:
        return shown
    if said := sentences(drivers.separation, currency):
        shown += blocks.paragraphs("\n".join(f"• {each}" for each in said))
    if lacking := caveats(drivers.separation):
        shown.append(blocks.context(*lacking))
    return shown


def compared(drivers: Drivers) -> str:
    """'1–20 Nov against 1–20 Oct', with the numbers of days where they differ, as the months' lengths do."""
    if drivers.days is None or drivers.former is None:
        return "of which no day has settled yet"
    now, former = ((last - first).days + 1 for first, last in (drivers.days, drivers.former))
    said = f"{days(*drivers.days)} against {days(*drivers.former)}"
    return said if now == former else f"{said} ({now} days against {former})"


def driver_table(drivers: Drivers, currency: str) -> Table:
    """The parts, or the largest changes and the others in one, and the closing lines; as shown they add up."""
    # The budget's own step comes first in a picture, and last in a table.
    budget, *steps = steps_of(drivers)
    lines = [Line(step.name, step.amount) for step in steps]
    many = len(drivers.lines)
    if drivers.separation is None and many > SHOWN:
        others = Line(f"{many - SHOWN + 1:,} others", add(line.amount for line in lines[SHOWN - 1 : many]))
        lines = [*lines[: SHOWN - 1], others, *lines[many:]]
    return table(lines, drivers.total, currency, most=len(lines) + 1, last=Line(budget.name, budget.amount))
