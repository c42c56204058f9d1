"""The escalation ladder: from a ratio to a tier, and from a tier to who must do what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum

from finops.money import EXACT, ZERO

RATIO = Context(prec=28)


class Role(StrEnum):
    """Who may be called or asked."""

    OWNER = "owner"
    ENGINEERING_LEAD = "engineering_lead"
    FINOPS = "finops"
    FINANCE = "finance"
    EXECUTIVE_SPONSOR = "executive_sponsor"


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of the ladder.

    Attributes:
        name: as shown.
        above: the ratio (a fraction) over which the step begins; the edge itself belongs to the step below.
        who: the roles it calls.
        duty: what they must do on overspend, one sentence.
        duty_under: what they must do on underspend.
        above_amount: the variance, in the budget's currency, over which the step begins where no ratio exists.
    """

    name: str
    above: Decimal
    who: tuple[Role, ...]
    duty: str
    duty_under: str = "update the forecast"
    above_amount: Decimal | None = None


LADDER = (
    Tier("note", ZERO, (Role.FINOPS,), "noted in the report", "noted in the report"),
    Tier(
        "investigate",
        Decimal("0.05"),
        (Role.FINOPS, Role.ENGINEERING_LEAD),
        "find the driver and update the forecast; the explanation is due in 5 working days",
    ),
    Tier(
        "formal",
        Decimal("0.10"),
        (Role.FINOPS, Role.FINANCE, Role.ENGINEERING_LEAD),
        "formal variance report, with a corrective plan in 2 weeks",
    ),
    Tier(
        "emergency",
        Decimal("0.20"),
        (Role.EXECUTIVE_SPONSOR, Role.FINANCE),
        "emergency review; freeze of non-critical spend to be decided",
    ),
)
"""The runbook's ladder (DESIGN.md, section 3)."""


@dataclass(frozen=True, slots=True)
class Materiality:
    """When a variance is too small to climb the ladder.

    Attributes:
        amount: the least variance, in the team's currency, regardless of sign.
        ratio: the least ratio, a fraction, regardless of sign.
        both: whether both must be reached (AND) or either is enough (OR).
    """

    amount: Decimal = ZERO
    ratio: Decimal = ZERO
    both: bool = True

    def reached(self, variance: Decimal, ratio: Decimal | None) -> bool:
        """Whether a variance counts; without a ratio the amount alone decides."""
        amount = abs(variance) >= self.amount
        if ratio is None:
            return amount
        return (amount and abs(ratio) >= self.ratio) if self.both else (amount or abs(ratio) >= self.ratio)


def ratio_of(variance: Decimal, budget: Decimal | None) -> Decimal | None:
    """variance / budget to 28 digits; None where the budget is absent, zero or negative."""
    return RATIO.divide(variance, budget) if budget is not None and budget > 0 else None


def tier_of(
    variance: Decimal, budget: Decimal, ladder: Sequence[Tier] = LADDER, materiality: Materiality | None = None
) -> Tier:
    """The step of the ladder that a variance falls in.

    Edges are compared without division, so a ratio of exactly 5 % is exact. Underspend uses the same edges. Where the
    budget is zero the amount alone decides: the highest step whose above_amount is passed, or, where the policy names
    none, the first step over `note` for any material overspend.

    Args:
        variance: actual − budget, unrounded.
        budget: of the same currency.
    """
    if not (materiality or Materiality()).reached(variance, ratio_of(variance, budget)):
        return ladder[0]
    size = abs(variance)
    if budget > 0:
        return [ladder[0], *(tier for tier in ladder[1:] if size > EXACT.multiply(tier.above, budget))][-1]
    if any(tier.above_amount is not None for tier in ladder):
        passed = (tier for tier in ladder if tier.above_amount is not None and size > tier.above_amount)
        return [ladder[0], *passed][-1]
    return ladder[min(1, len(ladder) - 1)] if size > 0 else ladder[0]
