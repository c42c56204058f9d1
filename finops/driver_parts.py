"""Takes a change of cost apart by price-volume-mix analysis, from the rates and quantities of the bill's own rows.

A change is price where a unit costs another amount, volume where more units are used, and mix where dearer or cheaper
kinds are used in each other's place. What has no usable quantity is not guessed at: it is a part of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from functools import reduce
from typing import NamedTuple

from finops.drivers import Caveat, Charges, Contributor, Driver, Part, Separation, Span
from finops.money import SCALE, ZERO, add, subtract

_WIDE = Context(prec=120)
"""Holds any cost times any quantity by any quantity, each DECIMAL(38,18), with more than SCALE places."""
_UNIT = Decimal(1).scaleb(-SCALE)
_LARGEST = Decimal(10) ** (38 - SCALE)
"""What DECIMAL(38,18) does not hold is no finding, but a quantity next to zero."""


class _Key(NamedTuple):
    """A SKU in a sub-account, as its price is looked at."""

    provider: str
    account: str
    service: str
    category: str
    sku: str
    has_resource: bool
    unit: str

    @property
    def without_unit(self) -> _Key:
        return self._replace(unit="")

    @property
    def group(self) -> tuple[str, ...]:
        """Within it quantities may be added: one service, one unit."""
        return self.provider, self.account, self.service, self.category, self.unit


@dataclass(slots=True)
class _Side:
    """A SKU in one period."""

    cost: Decimal = ZERO
    quantity: Decimal | None = ZERO
    is_there: bool = False

    def take(self, cost: Decimal, quantity: Decimal | None) -> None:
        self.is_there = True
        self.cost = add((self.cost, cost))
        known = self.quantity is not None and quantity is not None
        self.quantity = add((self.quantity or ZERO, quantity or ZERO)) if known else None

    @property
    def is_nothing(self) -> bool:
        return not self.is_there or (not self.cost and self.quantity == 0)

    @property
    def is_usable(self) -> bool:
        """Whether a price can be told; of what is not there none needs to be."""
        return self.is_nothing or bool(self.quantity is not None and self.quantity > 0 and self.cost >= 0)


class _Cell:
    """A SKU in both periods."""

    __slots__ = ("current", "former", "key", "name")

    def __init__(self, key: _Key) -> None:
        self.key, self.name = key, ""
        self.former, self.current = _Side(), _Side()

    @property
    def change(self) -> Decimal:
        return subtract(self.current.cost, self.former.cost)

    @property
    def is_one_sided(self) -> bool:
        return self.former.is_nothing or self.current.is_nothing

    @property
    def is_usable(self) -> bool:
        return bool(self.key.unit) and self.former.is_usable and self.current.is_usable

    def contributor(self, amount: Decimal) -> Contributor:
        return Contributor(self.name or self.key.sku, self.key.service, self.key.account, amount)


class _Found:
    """Contributors by driver, those of one place gathered."""

    def __init__(self) -> None:
        self._by_driver: dict[Driver, dict[tuple[str, ...], Contributor]] = defaultdict(dict)

    def take(self, driver: Driver, found: Contributor) -> None:
        """Add an amount, and to what was counted before."""
        known, place = self._by_driver[driver], (found.service, found.account, found.name, found.unit)
        if before := known.get(place):
            # Quantities and numbers add up; prices do not.
            was, now = (
                None if one is None or other is None or driver is Driver.PRICE else add((one, other))
                for one, other in ((before.was, found.was), (before.now, found.now))
            )
            found = replace(found, amount=add((before.amount, found.amount)), was=was, now=now)
        known[place] = found

    def parts(self) -> tuple[Part, ...]:
        made = []
        for driver, found in self._by_driver.items():
            moved = [each for each in found.values() if each.amount]
            moved.sort(key=lambda each: (-abs(each.amount), each.service, each.account, each.name, each.unit))
            made.append(Part(driver, add(each.amount for each in moved), tuple(moved)))
        # A part of nothing may have contributors that cancel out: it is kept as long as there are any.
        return tuple(
            sorted((part for part in made if part.contributors), key=lambda part: (-abs(part.amount), part.driver))
        )


def separate(charges: Sequence[Charges], span: Span) -> Separation:
    """What the change from the former period to the current one consists of.

    Args:
        charges: of one team and currency, in both periods; their costs are what the parts add up to.
    """
    found = _Found()
    metered = []
    for each in charges:
        if driver := _whole(each):
            found.take(driver, _contributor(each, each.cost))
            continue
        metered.append(each)
        if each.saved:
            found.take(Driver.COMMITMENT, replace(_contributor(each, each.saved), name=""))
    cells = _cells(_resources(metered, found))
    groups: dict[tuple[str, ...], list[_Cell]] = defaultdict(list)
    mixed = _mixed_units(cells)
    for cell in cells:
        if cell.key.without_unit in mixed:
            found.take(Driver.NOT_SEPARABLE, cell.contributor(cell.change))
        elif cell.is_one_sided and not cell.key.has_resource:
            _take_sku(cell, found)
        elif cell.is_usable:
            groups[cell.key.group].append(cell)
        else:
            found.take(Driver.NOT_SEPARABLE, cell.contributor(cell.change))
    for group in groups.values():
        _price_volume_mix(group, span, found)
    return Separation(span, found.parts(), _caveats(metered))


def _whole(charge: Charges) -> Driver | None:
    """The driver that a charge belongs to with its whole cost, None where its quantity is looked at."""
    if charge.is_shared:
        return Driver.UNALLOCATED
    if charge.category == "Tax":
        return Driver.TAX
    if charge.is_correction or charge.category not in ("Usage", "Purchase"):
        return Driver.CREDITS
    if charge.is_unused or (charge.is_committed and charge.category == "Purchase"):
        return Driver.COMMITMENT
    return None


def _contributor(charge: Charges, amount: Decimal) -> Contributor:
    """An amount with the sign that it has in the change."""
    signed = amount if charge.is_current else subtract(ZERO, amount)
    return Contributor(charge.name or charge.sku, charge.service, charge.account, signed)


def _resources(charges: Iterable[Charges], found: _Found) -> list[Charges]:
    """Take the resources that are charged in one of the periods only; returns the other charges.

    One that has changed its SKU is neither new nor ended: that is mix.
    """
    charges = list(charges)
    seen: dict[tuple[str, str], set[bool]] = defaultdict(set)
    for each in charges:
        seen[each.provider, each.resource].add(each.is_current)
    counted, others = set[tuple[str, ...]](), []
    for each in charges:
        if not each.resource or len(seen[each.provider, each.resource]) == 2:
            others.append(each)
            continue
        taken = _contributor(each, subtract(each.cost, each.saved))
        place = (each.provider, each.resource, taken.service, taken.account, taken.name)
        once = ZERO if place in counted else Decimal(1)
        counted.add(place)
        was, now = (ZERO, once) if each.is_current else (once, ZERO)
        found.take(Driver.RESOURCES, replace(taken, was=was, now=now, unit="resource"))
    return others


def _cells(charges: Iterable[Charges]) -> list[_Cell]:
    cells: dict[_Key, _Cell] = {}
    for each in charges:
        key = _Key(each.provider, each.account, each.service, each.category, each.sku, bool(each.resource), each.unit)
        cell = cells.setdefault(key, _Cell(key))
        cell.name = max(cell.name, each.name)
        side = cell.current if each.is_current else cell.former
        side.take(subtract(each.cost, each.saved), each.quantity)
    return list(cells.values())


def _mixed_units(cells: Iterable[_Cell]) -> set[_Key]:
    """SKUs that are counted in other units than before."""
    former, current = defaultdict[_Key, set[str]](set), defaultdict[_Key, set[str]](set)
    for cell in cells:
        for side, units in ((cell.former, former), (cell.current, current)):
            if not side.is_nothing:
                units[cell.key.without_unit].add(cell.key.unit)
    return {key for key in former.keys() & current.keys() if former[key] != current[key]}


def _take_sku(cell: _Cell, found: _Found) -> None:
    """A SKU that is charged in one of the periods only."""
    if cell.former.is_nothing and cell.current.is_nothing:
        return
    was, now = (ZERO, Decimal(1)) if cell.former.is_nothing else (Decimal(1), ZERO)
    found.take(Driver.RESOURCES, replace(cell.contributor(cell.change), was=was, now=now, unit="SKU"))


def _price_volume_mix(group: Sequence[_Cell], span: Span, found: _Found) -> None:
    """The SKUs of one service and unit.

    With cost c, quantity q, Q = Σ q, and D the growth of the days, each SKU moves by
    calendar c0 (D − 1), volume c0 (Q1/Q0 − D), mix c0 (q1/q0 − Q1/Q0) and price c1 − c0 q1/q0.
    Source: the price-volume-mix analysis of management accounting (sales price, quantity and mix variances).
    """
    was = add(cell.former.quantity or ZERO for cell in group)
    now = add(cell.current.quantity or ZERO for cell in group)
    if not was or not now:
        for cell in group:
            _take_sku(cell, found)
        return
    key = group[0].key
    days, before = span.growth(key.unit) if key.category == "Usage" else (1, 1)
    moved = [(cell, _moved(cell, was, now, days, before)) for cell in group]
    if any(abs(amount) >= _LARGEST for _, parts in moved for amount in parts.values()):
        for cell in group:
            found.take(Driver.NOT_SEPARABLE, cell.contributor(cell.change))
        return
    for cell, parts in moved:
        whole = Contributor("", key.service, key.account, ZERO)
        found.take(Driver.CALENDAR, replace(whole, amount=parts[Driver.CALENDAR]))
        found.take(Driver.VOLUME, replace(whole, amount=parts[Driver.VOLUME], was=ZERO, now=ZERO, unit=key.unit))
        quantities = (_in_as_many_days(cell.former.quantity or ZERO, days, before), cell.current.quantity or ZERO)
        mix = replace(cell.contributor(parts[Driver.MIX]), was=quantities[0], now=quantities[1], unit=key.unit)
        found.take(Driver.MIX, mix)
        prices = [_price(side) for side in (cell.former, cell.current)]
        price = replace(cell.contributor(parts[Driver.PRICE]), was=prices[0], now=prices[1], unit=key.unit)
        found.take(Driver.PRICE, price)
    scaled = _in_as_many_days(was, days, before)
    found.take(Driver.VOLUME, Contributor("", key.service, key.account, ZERO, scaled, now, key.unit))


def _moved(cell: _Cell, was: Decimal, now: Decimal, days: int, before: int) -> dict[Driver, Decimal]:
    """The four parts of a SKU's change, each to 18 places; what rounding leaves over goes to the largest."""
    c0, c1, q0, q1 = cell.former.cost, cell.current.cost, cell.former.quantity or ZERO, cell.current.quantity or ZERO
    by_days = _times(c0, Decimal(days), Decimal(before))
    by_group = _times(c0, now, was)
    # A SKU without a former price has none that could have changed: all of it is mix.
    by_itself = _times(c0, q1, q0) if q0 and q1 else c1
    parts = {
        Driver.CALENDAR: _WIDE.subtract(by_days, c0),
        Driver.VOLUME: _WIDE.subtract(by_group, by_days),
        Driver.MIX: _WIDE.subtract(by_itself, by_group),
        Driver.PRICE: _WIDE.subtract(c1, by_itself),
    }
    parts = {driver: amount.quantize(_UNIT, context=_WIDE) for driver, amount in parts.items()}
    largest = max(parts, key=lambda driver: abs(parts[driver]))
    left = reduce(_WIDE.subtract, parts.values(), cell.change)
    parts[largest] = _WIDE.add(parts[largest], left)
    return parts


def _times(cost: Decimal, quantity: Decimal, other: Decimal) -> Decimal:
    """cost × quantity / other."""
    return _WIDE.divide(_WIDE.multiply(cost, quantity), other)


def _in_as_many_days(quantity: Decimal, days: int, before: int) -> Decimal:
    """What the former period had used in as many days as the current one has, to 18 places."""
    return _times(quantity, Decimal(days), Decimal(before)).quantize(_UNIT, context=_WIDE)


def _price(side: _Side) -> Decimal | None:
    """What a unit costs, to 18 places."""
    return _WIDE.divide(side.cost, side.quantity).quantize(_UNIT, context=_WIDE) if side.quantity else None


def _caveats(metered: Sequence[Charges]) -> frozenset[Caveat]:
    """What is missing in the bill's rows."""
    found = set()
    if any(each.is_committed and each.contracted is None for each in metered):
        found.add(Caveat.CONTRACTED_COST)
    if any(each.quantity is None or not each.unit for each in metered if each.cost):
        found.add(Caveat.QUANTITIES)
    if metered and not any(each.resource for each in metered):
        found.add(Caveat.RESOURCES)
    return frozenset(found)
