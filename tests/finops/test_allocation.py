"""Shared costs in parts that add up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.allocation import Allocation, Method, Weight, split, weights
from finops.money import EXACT, add

AMOUNTS = st.decimals(-(10**12), 10**12, places=18)
GIVEN = st.lists(st.integers(0, 10**18), min_size=1, max_size=8).filter(any)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(amount=AMOUNTS, units=GIVEN)
def test_parts_are_the_whole(amount: Decimal, units: list[int]) -> None:
    """Whatever is split, the parts add up to the last digit, and none is further than a unit from its exact share."""
    given_weights = [Weight(f"t{number}", each) for number, each in enumerate(units)]
    parts = split(amount, given_weights)
    assert add(parts) == amount
    for part, each in zip(parts, units, strict=True):
        exact = EXACT.divide(EXACT.multiply(amount, Decimal(each)), Decimal(sum(units)))
        assert EXACT.abs(EXACT.subtract(part, exact)) < Decimal("1.000001e-18")
        assert each or not part


def test_what_is_left_goes_to_the_largest_remainders() -> None:
    """A unit each, the first listed before others that lost as much."""
    unit = Decimal("1e-18")
    thirds = [Weight(team, 1) for team in "abc"]
    assert split(unit, thirds) == (unit, 0, 0)
    assert split(2 * unit, thirds) == (unit, unit, 0)
    assert split(-unit, thirds) == (-unit, 0, 0)
    assert split(unit, [Weight("a", 1), Weight("b", 2)]) == (0, unit)


COSTS = {"a": Decimal("30.5"), "b": Decimal("-4"), "c": Decimal("10.25")}


@pytest.mark.parametrize(
    ("method", "receivers", "shares", "expected"),
    [
        (Method.EVENLY, ("a", "b"), (), {"a": 1, "b": 1}),
        (Method.SHARES, ("a", "b"), ("0.6", "0.25"), {"a": 6 * 10**11, "b": 25 * 10**10, "pool": 15 * 10**10}),
        (Method.SHARES, ("a", "b"), ("0.6", "0.4"), {"a": 6 * 10**11, "b": 4 * 10**11}),
        (Method.PROPORTIONALLY, ("a", "b", "c", "d"), (), {"a": 30_500_000, "b": 0, "c": 10_250_000, "d": 0}),
        (Method.PROPORTIONALLY, ("b", "d"), (), {"pool": 1}),
    ],
)
def test_who_gets_how_much(
    method: Method, receivers: tuple[str, ...], shares: tuple[str, ...], expected: dict[str, int]
) -> None:
    """What no share covers, and all of it where nobody has any cost, stays with the pool."""
    allocation = Allocation("pool", "Shared", method, receivers, tuple(map(Decimal, shares)))
    assert {each.team: each.units for each in weights(allocation, COSTS)} == expected
