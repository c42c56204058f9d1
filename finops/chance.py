"""The chance of a month to end over an edge of the ladder or under it, and the step that a forecast stands on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finops.forecast import Forecast
from finops.money import EXACT, subtract
from finops.policy import Materiality, Tier, ratio_of, tier_of

HELD = Decimal("0.8")
"""The part of its chance that keeps an alert on a step: one of 70 % is left below 56 %, so that a forecast that goes up
and down around it does not call twice. Ours."""
_DIGITS = 4


def chance_over(forecast: Forecast, budget: Decimal, edge: Decimal) -> Decimal | None:
    """The chance of ending more than a share of the budget over it, a fraction to 1/10000.

    Args:
        edge: a fraction of the budget; 0 for the budget itself.

    Returns:
        None for a budget that is not above zero: nothing is a share of it.
    """
    if budget <= 0:
        return None
    return _fraction(forecast.probability_over(EXACT.multiply(budget, 1 + edge)))


def chance_under(forecast: Forecast, budget: Decimal, edge: Decimal) -> Decimal | None:
    """The same of ending more than a share of the budget under it."""
    if budget <= 0:
        return None
    return _fraction(forecast.probability_under(EXACT.multiply(budget, 1 - edge)))


def chances(forecast: Forecast, budget: Decimal, ladder: Sequence[Tier]) -> tuple[Decimal, ...]:
    """Of each step above the first, the chance of ending beyond its edge, on the side of the budget that the expected
    amount is on; empty where the budget is not above zero.
    """
    beyond = chance_under if forecast.amount < budget else chance_over
    found = (beyond(forecast, budget, tier.above) for tier in ladder[1:])
    return tuple(each for each in found if each is not None)


def expected_tier(forecast: Forecast, budget: Decimal, ladder: Sequence[Tier], materiality: Materiality) -> Tier:
    """The step that a running month stands on: by its expected amount, and where a step names a chance, by that.

    An expected variance that is not material stays in the first step whatever the chances, and a budget that is not
    above zero has none: its amount decides.
    """
    variance = subtract(forecast.amount, budget)
    found = chances(forecast, budget, ladder) if any(tier.chance is not None for tier in ladder) else ()
    if not found:
        return tier_of(variance, budget, ladder, materiality)
    if not materiality.reached(variance, ratio_of(variance, budget)):
        return ladder[0]
    reached = [ladder[0]]
    for tier, chance in zip(ladder[1:], found, strict=True):
        by_amount = abs(variance) > EXACT.multiply(tier.above, budget)
        if by_amount if tier.chance is None else chance >= tier.chance:
            reached.append(tier)
    return reached[-1]


def _fraction(probability: float) -> Decimal:
    # A forecast's distribution is known at some points; between them, more digits would be those of the arithmetic.
    return Decimal(round(probability * 10**_DIGITS)).scaleb(-_DIGITS)
