"""A change of cost in parts: exact whatever the bill holds, and each part what its name says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.driver_parts import separate
from finops.drivers import Caveat, Charges, Contributor, Driver, Part, Separation, Span
from finops.money import add, subtract

OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
FEBRUARY = (date(2026, 2, 1), date(2026, 2, 28))
ALIKE = Span((date(2026, 11, 1), date(2026, 11, 20)), (date(2026, 10, 1), date(2026, 10, 20)))
SHORT = Span(FEBRUARY, (date(2026, 1, 1), date(2026, 1, 31)))
UNIT = Decimal(1).scaleb(-18)


def used(cost: str, quantity: str | None, *, now: bool = False, **values: Any) -> Charges:
    """Usage of one SKU."""
    about = {"service": "Compute", "account": "production", "sku": "large", "unit": "Hours"} | values
    return Charges(now, Decimal(cost), quantity=None if quantity is None else Decimal(quantity), **about)


def amounts(charges: Sequence[Charges], span: Span = ALIKE) -> dict[str, Decimal]:
    """Part → amount."""
    return {str(part.driver): part.amount for part in separate(charges, span).parts}


def is_exact(found: Separation, charges: Sequence[Charges]) -> bool:
    """Whether parts add up to the change, and contributors to their part."""
    now, former = (add(each.cost for each in charges if each.is_current is side) for side in (True, False))
    told = all(part.amount == add(each.amount for each in part.contributors) for part in found.parts)
    return told and found.total == subtract(now, former)


TINY, HUGE = UNIT, Decimal("99999999999999999999.999999999999999999")
COSTS = st.one_of(
    st.sampled_from([Decimal(0), TINY, -TINY, HUGE, -HUGE, Decimal(1) / 4]),
    st.decimals(-1000, 1000, places=18),
    st.decimals(0, 1000, places=2),
)
QUANTITIES = st.one_of(
    st.none(), st.sampled_from([Decimal(0), TINY, HUGE, Decimal(-3), Decimal(7)]), st.decimals(0, 100, places=18)
)
HOSTILE = st.builds(
    Charges,
    is_current=st.booleans(),
    cost=COSTS,
    provider=st.sampled_from(["AWS", ""]),
    account=st.sampled_from(["production", ""]),
    service=st.sampled_from(["Compute", "Storage"]),
    sku=st.sampled_from(["", "large", "small"]),
    unit=st.sampled_from(["", "Hours", "GB-Mo"]),
    resource=st.sampled_from(["", "i-1", "i-2", "i-3"]),
    name=st.sampled_from(["", "a", "b"]),
    category=st.sampled_from(["Usage"] * 6 + ["Purchase", "Tax", "Credit", "Adjustment", "no such category"]),
    quantity=QUANTITIES,
    contracted=st.one_of(st.none(), COSTS),
    is_correction=st.sampled_from([False] * 5 + [True]),
    is_committed=st.sampled_from([False, False, True]),
    is_unused=st.sampled_from([False] * 5 + [True]),
    is_shared=st.sampled_from([False] * 7 + [True]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(HOSTILE, max_size=40), st.sampled_from([ALIKE, SHORT]), st.randoms(use_true_random=False))
def test_the_parts_of_a_hostile_bill_add_up(bill: list[Charges], span: Span, chance: random.Random) -> None:
    """Whatever a bill holds (zero, negative and missing quantities, mixed units, duplicates, huge and tiny amounts) the
    parts are the change to the last digit, contributors are their part, and the order of rows changes nothing."""
    found = separate(bill, span)
    assert is_exact(found, bill)
    assert all(each.amount for part in found.parts for each in part.contributors)
    assert all(is_exact(found, bill) and len(part.shortened(3).contributors) <= 3 for part in found.parts)
    assert all(part.amount == add(each.amount for each in part.shortened(3).contributors) for part in found.parts)
    shuffled = list(bill)
    chance.shuffle(shuffled)
    assert separate(shuffled, span) == found


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.decimals("0.01", 1000, places=6), st.decimals("0.01", 1000, places=6)),
        min_size=1,
        unique_by=lambda row: row[0],
    ),
    st.decimals("0.01", 100, places=4),
)
def test_parts_are_what_their_formulas_say(rows: list[tuple[str, Decimal, Decimal]], growth: Decimal) -> None:
    """Where every quantity grows alike at its own price there is volume and nothing else, but for the days."""
    former = [used(str(cost), str(quantity), sku=sku) for sku, cost, quantity in rows]
    current = [used(str(cost * growth), str(quantity * growth), sku=sku, now=True) for sku, cost, quantity in rows]
    bill = [*former, *current]
    found = separate(bill, SHORT)
    expected = add(each.cost for each in former) * (growth - Decimal(28) / 31)
    volume = next((part.amount for part in found.parts if part.driver is Driver.VOLUME), Decimal(0))
    assert is_exact(found, bill)
    assert abs(volume - expected) < Decimal("1e-9")
    others = [part.amount for part in found.parts if part.driver not in (Driver.VOLUME, Driver.CALENDAR)]
    assert all(abs(amount) < Decimal("1e-9") for amount in others)


CASES: dict[str, tuple[list[Charges], Span, dict[str, str]]] = {
    "a dearer unit is price": ([used("10", "100"), used("15", "100", now=True)], ALIKE, {"price": "5"}),
    "more units are volume": ([used("10", "100"), used("15", "150", now=True)], ALIKE, {"volume": "5"}),
    "both": ([used("10", "100"), used("24", "200", now=True)], ALIKE, {"volume": "10", "price": "4"}),
    "another kind is mix": (
        [
            used("10", "100"),
            used("30", "100", sku="xl"),
            used("5", "50", now=True),
            used("45", "150", sku="xl", now=True),
        ],
        ALIKE,
        {"mix": "10"},
    ),
    "a resized resource is mix": (
        [
            used("10", "100", resource="i-1"),
            used("20", "100", resource="i-1", sku="xl", now=True),
        ],
        ALIKE,
        {"mix": "10"},
    ),
    "what free units cost is price": ([used("0", "100"), used("15", "150", now=True)], ALIKE, {"price": "15"}),
    "three days fewer are calendar": ([used("31", "31"), used("28", "28", now=True)], SHORT, {"calendar": "-3"}),
    "months have no days": (
        [used("31", "10", unit="GB-Mo"), used("31", "10", unit="GB-Mo", now=True)],
        SHORT,
        {},
    ),
    "a part of a month has": (
        [used("20", "20", unit="GB-Months"), used("20", "20", unit="GB-Months", now=True)],
        ALIKE,
        {
            "calendar": str((Decimal(20) * 31 / 30 - 20).quantize(UNIT)),
            "volume": str(-(Decimal(20) * 31 / 30 - 20).quantize(UNIT)),
        },
    ),
    "a fee has no days": (
        [used("31", "1", category="Purchase"), used("31", "1", category="Purchase", now=True)],
        SHORT,
        {},
    ),
    "new and ended resources": (
        [used("10", "100", resource="i-1"), used("12", "100", resource="i-2", now=True)],
        ALIKE,
        {"resources": "2"},
    ),
    "new and ended SKUs": ([used("10", "100"), used("12", "100", sku="xl", now=True)], ALIKE, {"resources": "2"}),
    "a commitment's saving": (
        [
            used("10", "100", contracted=Decimal(10)),
            used("6", "100", contracted=Decimal(10), is_committed=True, now=True),
            used("1", None, is_committed=True, is_unused=True, now=True),
        ],
        ALIKE,
        {"commitment": "-3"},
    ),
    "a commitment without contracted cost": (
        [used("10", "100"), used("6", "100", is_committed=True, now=True)],
        ALIKE,
        {"price": "-4"},
    ),
    "a commitment that is bought": (
        [used("99", "1", category="Purchase", is_committed=True, now=True)],
        ALIKE,
        {"commitment": "99"},
    ),
    "credits and corrections": (
        [used("-5", None, category="Credit"), used("-2", "3", is_correction=True, now=True)],
        ALIKE,
        {"credits": "3"},
    ),
    "tax": ([used("7", None, category="Tax", now=True)], ALIKE, {"tax": "7"}),
    "what was allocated": (
        [used("7", None, is_shared=True), used("9", None, is_shared=True, now=True)],
        ALIKE,
        {"unallocated": "2"},
    ),
    "another unit": ([used("10", "100"), used("12", "6000", unit="Minutes", now=True)], ALIKE, {"not separable": "2"}),
    "no quantity": ([used("10", None), used("12", "100", now=True)], ALIKE, {"not separable": "2"}),
    "no unit": ([used("10", "1", unit=""), used("12", "1", unit="", now=True)], ALIKE, {"not separable": "2"}),
    "zero units that cost": ([used("10", "0"), used("12", "100", now=True)], ALIKE, {"not separable": "2"}),
    "units below zero": ([used("10", "-1"), used("12", "100", now=True)], ALIKE, {"not separable": "2"}),
    "a negative cost": ([used("-10", "5"), used("12", "100", now=True)], ALIKE, {"not separable": "22"}),
    "next to no units": ([used("100", "1e-18"), used("12", "100", now=True)], ALIKE, {"not separable": "-88"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_part_is_what_its_name_says(name: str) -> None:
    """Each kind of change is told as that and as nothing else."""
    bill, span, expected = CASES[name]
    assert amounts(bill, span) == {driver: Decimal(amount) for driver, amount in expected.items()}
    assert is_exact(separate(bill, span), bill)


def test_a_part_tells_where_it_comes_from() -> None:
    """Volume tells quantities by service and sub-account, price its unit prices by SKU, resources how many."""
    bill = [
        used("10", "100", name="Large"),
        used("24", "200", name="Large", now=True),
        used("3", "10", sku="disk", unit="GB", name="Disk", service="Storage", resource="d-1", now=True),
        used("4", "10", sku="disk", unit="GB", name="Disk", service="Storage", resource="d-2", now=True),
        used("5", "10", sku="disk", unit="GB", name="Disk", service="Storage", resource="d-3"),
    ]
    found = separate(bill, ALIKE)
    tenth, twelfth = Decimal("0.1"), Decimal("0.12")
    assert {part.driver: part.contributors for part in found.parts} == {
        Driver.VOLUME: (Contributor("", "Compute", "production", Decimal(10), Decimal(100), Decimal(200), "Hours"),),
        Driver.PRICE: (Contributor("Large", "Compute", "production", Decimal(4), tenth, twelfth, "Hours"),),
        Driver.RESOURCES: (
            Contributor("Disk", "Storage", "production", Decimal(2), Decimal(1), Decimal(2), "resource"),
        ),
    }
    assert [part.driver for part in found.parts] == [Driver.VOLUME, Driver.PRICE, Driver.RESOURCES]


def test_shortening_again_counts_all_that_is_gathered() -> None:
    """The smaller contributors are one that says how many they are, however often a part is shortened."""
    part = Part(
        Driver.RESOURCES, Decimal(100), tuple(Contributor(str(number), "", "", Decimal(1)) for number in range(100))
    )
    once, again = part.shortened(20), part.shortened(20).shortened(3)
    assert once.contributors[19:] == (Contributor("", "", "", Decimal(81), others=81),)
    assert again.contributors == (*part.contributors[:2], Contributor("", "", "", Decimal(98), others=98))
    assert again == part.shortened(3) and once.shortened(20) == once


def test_what_a_bill_does_not_tell_is_said() -> None:
    """Caveats name what is missing, and nothing where all is there."""
    whole = used("10", "100", resource="i-1", contracted=Decimal(10))
    assert separate([whole], ALIKE).caveats == frozenset()
    bill = [used("10", None, is_committed=True)]
    assert separate(bill, ALIKE).caveats == {Caveat.CONTRACTED_COST, Caveat.QUANTITIES, Caveat.RESOURCES}
