"""What of a series made the difference: the account, region, usage type or resource whose cost moved most."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from finops.anomaly_state import Cause
from finops.money import EXACT, ZERO, subtract

MOST_CAUSES = 3
"""Causes named of each dimension."""
DIGITS = Decimal("0.0001")
LEAST_SHARE = Decimal("0.1")
"""Of the largest: what moved less is left out."""


def leading_causes(
    during: Mapping[str, Mapping[str, Decimal]],
    before: Mapping[str, Mapping[str, Decimal]],
    days: int,
    days_before: int,
    *,
    is_increase: bool,
) -> tuple[Cause, ...]:
    """The values of each dimension that moved most in the anomaly's direction, the largest first.

    Args:
        during: dimension ('account', 'region', 'usage type', 'resource') → value → cost on the anomaly's days.
        before: the same on ordinary days before it; whole weeks, so that each weekday counts alike.
        days, days_before: how many days each of them holds.

    Returns:
        By dimension, in the order of `during`.
    """
    if days <= 0 or days_before <= 0:
        raise ValueError(f"{days} and {days_before} days cannot be compared")
    found: list[Cause] = []
    for dimension, costs in during.items():
        usual = before.get(dimension, {})
        moved = [
            Cause(dimension, value, _excess(costs.get(value, ZERO), usual.get(value, ZERO), days, days_before))
            for value in {*costs, *usual}
        ]
        sign = 1 if is_increase else -1
        moved.sort(key=lambda each: (-sign * each.excess, each.value))
        least = LEAST_SHARE * abs(moved[0].excess) if moved else ZERO
        found += [each for each in moved[:MOST_CAUSES] if sign * each.excess > ZERO and abs(each.excess) >= least]
    return tuple(found)


def _excess(cost: Decimal, usual: Decimal, days: int, days_before: int) -> Decimal:
    """Cost over that of as many days before, rounded to 1/10000."""
    as_many = EXACT.divide(EXACT.multiply(usual, Decimal(days)), Decimal(days_before))
    return subtract(cost, as_many).quantize(DIGITS, context=EXACT)
