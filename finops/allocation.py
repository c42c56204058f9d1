"""Shared costs given to the teams that use them: evenly, by fixed shares, or in proportion to their own cost.

Parts add up to the whole to the last digit: every part is rounded down to the smallest unit that is kept, and what is
left goes, a unit each, to those that lost most by it (the largest remainder, or Hamilton's method).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from finops.money import EXACT, SCALE, ZERO

FINEST_SHARE = 10**12
"""Fixed shares are kept to a trillionth."""
FINEST_COST = 10**6
"""What shares are in proportion to is kept to a millionth of a currency unit."""


class Method(StrEnum):
    """How a shared cost is split."""

    EVENLY = "evenly"
    SHARES = "shares"
    PROPORTIONALLY = "proportionally"


@dataclass(frozen=True, slots=True)
class Allocation:
    """One shared cost: what is charged to a team goes to others.

    Attributes:
        pool: slug of the team whose cost is shared; what no share covers stays with it.
        name: stands as the service of what the others get.
        receivers: slugs, each once.
        shares: of each receiver, 0 to 1, not more than 1 together; for Method.SHARES alone.
    """

    pool: str
    name: str
    method: Method
    receivers: tuple[str, ...]
    shares: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class Weight:
    """What part of a pool one team gets: units of all units.

    Attributes:
        units: of the sum over all weights of the pool, a whole number that is not negative.
    """

    team: str
    units: int


def weights(allocation: Allocation, costs: Mapping[str, Decimal]) -> tuple[Weight, ...]:
    """Who gets how much of a pool, the pool itself what is left.

    Args:
        costs: receiver → its own cost, in one currency and basis; one below zero counts as none.
    """
    if allocation.method is Method.EVENLY:
        return tuple(Weight(team, 1) for team in allocation.receivers)
    if allocation.method is Method.SHARES:
        found = [
            Weight(team, int(share * FINEST_SHARE))
            for team, share in zip(allocation.receivers, allocation.shares, strict=True)
        ]
        left = FINEST_SHARE - sum(each.units for each in found)
        return (*found, Weight(allocation.pool, left)) if left else tuple(found)
    found = [
        Weight(team, max(0, int(EXACT.multiply(costs.get(team, ZERO), FINEST_COST)))) for team in allocation.receivers
    ]
    return tuple(found) if any(each.units for each in found) else (Weight(allocation.pool, 1),)


def split(amount: Decimal, given: Sequence[Weight]) -> tuple[Decimal, ...]:
    """An amount in parts by weights, in their order; exact, to 18 places."""
    whole = sum(each.units for each in given)
    sign = -1 if amount < 0 else 1
    units = int(EXACT.scaleb(EXACT.abs(amount), SCALE))
    parts = [units * each.units // whole for each in given]
    rests = [units * each.units % whole for each in given]
    order = sorted(range(len(given)), key=lambda place: (-rests[place], place))
    for place in order[: units - sum(parts)]:
        parts[place] += 1
    return tuple(EXACT.scaleb(Decimal(sign * part), -SCALE) for part in parts)
