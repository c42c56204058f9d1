"""What drives a variance, in words: each part with what it comes from, what happened, and what to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.breakdown import Line
from finops.drivers import Caveat, Contributor, Driver, Part, Separation
from finops.explained_month import Drivers
from finops.money import ZERO, add
from views.amounts import days, money
from views.text import escape, tidy

TITLES = {
    Driver.PRICE: "Price",
    Driver.VOLUME: "Volume",
    Driver.MIX: "Mix",
    Driver.RESOURCES: "New and ended resources",
    Driver.COMMITMENT: "Commitments",
    Driver.CREDITS: "Credits and corrections",
    Driver.CALENDAR: "Calendar",
    Driver.TAX: "Tax",
    Driver.UNALLOCATED: "Shared and unallocated",
    Driver.NOT_SEPARABLE: "Not separable",
}
MEANINGS = {
    Driver.PRICE: "what a unit costs",
    Driver.VOLUME: "how much is used",
    Driver.MIX: "dearer or cheaper kinds in each other's place",
    Driver.RESOURCES: "charged in one of the two periods only",
    Driver.COMMITMENT: "what commitments save, and what of them is bought or unused",
    Driver.CREDITS: "credits, adjustments and corrections of earlier bills",
    Driver.CALENDAR: "the number of days",
    Driver.TAX: "charges of the category Tax",
    Driver.UNALLOCATED: "given to or by the team in an allocation",
    Driver.NOT_SEPARABLE: "without quantities that can be compared",
}
CAVEATS = {
    Caveat.ROWS: "The rows of a bill lie in a warehouse; what is not separable can be looked at there.",
    Caveat.QUANTITIES: "Some rows have no quantity or no unit: without both nothing is price, volume or mix.",
    Caveat.CONTRACTED_COST: "Rows under a commitment lack ContractedCost: what it saves is part of the price.",
    Caveat.RESOURCES: "The bill names no resources: new and ended are SKUs.",
}
QUESTIONS: dict[Driver, tuple[str, str]] = {
    Driver.PRICE: ("{where}: why does a unit cost more?", "{where}: why does a unit cost less, and does it stay so?"),
    Driver.VOLUME: ("More usage of {where}: who started it?", "Less usage of {where}: does it stay so?"),
    Driver.MIX: ("Dearer kinds, {where}: who chose them?", "Cheaper kinds, {where}: does it stay so?"),
    Driver.RESOURCES: ("New: {where}. Who started it, and what for?", "Ended: {where}. Does it stay so?"),
    Driver.COMMITMENT: (
        "Commitments save less: did one end, or go unused?",
        "Commitments save more: was one bought, and until when does it run?",
    ),
    Driver.CREDITS: ("Fewer credits, {where}: which one ended?", "More credits, {where}: does this one come again?"),
    Driver.CALENDAR: ("More days: was the budget made for that?", "Fewer days: was the budget made for that?"),
    Driver.TAX: ("More tax: on what?", "Less tax: on what?"),
    Driver.UNALLOCATED: ("More shared costs, {where}: what did their owner say?", "Fewer shared costs, {where}: why?"),
    Driver.NOT_SEPARABLE: ("{where} costs more: what changed there?", "{where} costs less: what changed there?"),
}
"""What to ask where a part is more than nothing, and where it is less."""
NAMED = 3
"""Most contributors that a part names, the others in one included."""
LARGEST = 3
"""Most parts that What happened names."""
ASKED = 2
"""Most questions that are asked."""
AGAINST = "budget against "
"""How the step begins that the budget itself makes."""
Clean = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One step from the budget, or from the month before, to what was or will be spent.

    Attributes:
        part: None for the steps that no driver makes: the budget against the month before, and what is expected.
    """

    name: str
    amount: Decimal
    part: Part | None = None


def steps_of(drivers: Drivers) -> list[Step]:
    """The steps from the budget to the reading: what the budget left out, the parts or services, what is expected."""
    against = "last month" if drivers.whole or drivers.former is None else days(*drivers.former)
    found = [Step(f"{AGAINST}{against}", drivers.budget)]
    if drivers.separation:
        found += parts_of(drivers.separation)
    else:
        found += [Step(line.name, line.amount) for line in drivers.lines]
    if drivers.rest is not None and drivers.rest_days is not None:
        found.append(Step(f"expected for {days(*drivers.rest_days)}", drivers.rest))
    return found


def parts_of(separation: Separation) -> list[Step]:
    """The steps from the former days to the current ones."""
    return [Step(TITLES[part.driver], part.amount, part) for part in separation.parts]


def lines_of(separation: Separation) -> list[Line]:
    """The parts as a breakdown."""
    return [Line(step.name, step.amount) for step in parts_of(separation)]


def sentences(separation: Separation, currency: str) -> list[str]:
    """Each part in a sentence of mrkdwn, the largest first: what, how much, what it comes from."""
    return [
        f"*{TITLES[part.driver]}* {money(part.amount, currency, signed=True)} ({MEANINGS[part.driver]}): "
        f"{comes_from(part, currency, escape)}."
        for part in separation.parts
    ]


def caveats(separation: Separation) -> list[str]:
    """What the bill does not tell."""
    return [said for caveat, said in CAVEATS.items() if caveat in separation.caveats]


def comes_from(part: Part, currency: str, clean: Clean = tidy) -> str:
    """'Compute in production, 1,200 → 1,500 Hours, +$300; 2 others +$4'; what is shown names all of it."""
    shown = part.shortened(NAMED).contributors
    return "; ".join(
        f"{where(part.driver, each, currency, clean)} {money(each.amount, currency, signed=True)}" for each in shown
    )


def where(driver: Driver, found: Contributor, currency: str, clean: Clean = tidy) -> str:
    """A contributor in words, with what moved there."""
    place = _place(found, clean)
    moved = _moved(driver, found, currency, clean)
    return f"{place}, {moved}," if moved else place


def _place(found: Contributor, clean: Clean) -> str:
    if found.others:
        return f"{found.others:,} others"
    if not (found.name or found.service):
        return f"(no service) in {clean(found.account)}" if found.account else "all"
    at = " in ".join(clean(each) for each in (found.service, found.account) if each)
    if not found.name:
        return at
    return f"{clean(found.name)} ({at})" if at else clean(found.name)


def _moved(driver: Driver, found: Contributor, currency: str, clean: Clean) -> str:
    if found.was is None or found.now is None:
        return ""
    if driver is Driver.RESOURCES:
        numbers = ((found.now, "new"), (found.was, "ended"))
        return " and ".join(f"{number:,f} {what}" for number, what in numbers if number)
    if driver is Driver.PRICE:
        return f"{_price(found.was, currency)} → {_price(found.now, currency)} per {clean(found.unit)}"
    return f"{_quantity(found.was)} → {_quantity(found.now)} {clean(found.unit)}"


def _price(amount: Decimal, currency: str) -> str:
    """A unit price with four digits that tell: '$0.1234', '$0.00001234'."""
    if not amount:
        return money(amount, currency)
    return money(round(amount, max(2, 3 - amount.adjusted())), currency, precise=True)


def _quantity(amount: Decimal) -> str:
    """'1,234', '12.3', '0.00123'."""
    shown = f"{round(amount, max(0, 2 - amount.adjusted()) if amount else 0):,f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def what_happened(drivers: Drivers, currency: str) -> str:
    """The largest parts in a plain sentence, the others in one, then what no part makes; together the variance."""
    steps = steps_of(drivers)
    parts = sorted((step for step in steps if step.part), key=lambda step: -abs(step.amount))
    # Of one that is left the name takes no more room than its number would.
    shown = LARGEST + 1 if len(parts) == LARGEST + 1 else LARGEST
    said = [_said(step, currency) for step in parts[:shown]]
    if others := parts[shown:]:
        rest = add(step.amount for step in others)
        said.append(f"{len(others):,} smaller parts together {money(rest, currency, signed=True)}")
    said += [_said(step, currency) for step in steps if not step.part and step.amount]
    return f"What moved it: {'; '.join(said)}."


def _said(step: Step, currency: str) -> str:
    amount = money(step.amount, currency, signed=True)
    if step.part is None or not step.part.contributors:
        return f"{tidy(step.name)} {amount}"
    return (
        f"{step.name.lower()} {amount} (mostly {where(step.part.driver, step.part.contributors[0], currency)})".replace(
            ",)", ")"
        )
    )


def questions(parts: Sequence[Part], variance: Decimal) -> list[str]:
    """What to ask about the largest parts that go the variance's way, for plain text."""
    way = [part for part in parts if part.contributors and (part.amount > 0) is (variance > 0) and part.amount != ZERO]
    asked = []
    for part in way[:ASKED]:
        same = [each for each in part.contributors if (each.amount > 0) is (part.amount > 0)]
        place = _place((same or list(part.contributors))[0], tidy)
        asked.append(QUESTIONS[part.driver][0 if part.amount > 0 else 1].format(where=place))
    return asked
