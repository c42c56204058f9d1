"""Which cost is counted."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from finops.errors import NotFound
from finops.money import ZERO


class Basis(StrEnum):
    """The cost a figure counts; every figure shown names its basis.

    EFFECTIVE is EffectiveCost of every charge category but Tax, BILLED is BilledCost of every category,
    USAGE_BILLED is BilledCost of Usage alone (the runbook's own query, spelled for FOCUS 1.x).
    """

    EFFECTIVE = "effective"
    BILLED = "billed"
    USAGE_BILLED = "usage-billed"

    @classmethod
    def parse(cls, text: str) -> Basis:
        """Read a basis by its name; raises NotFound with the three that exist."""
        try:
            return cls(text.strip().lower())
        except ValueError:
            raise NotFound(f"'{text}' is not a basis.", f"There are {', '.join(cls)}.") from None

    def counts(self, charge_category: str) -> bool:
        """Whether charges of a FOCUS ChargeCategory count at all."""
        if self is Basis.EFFECTIVE:
            return charge_category != "Tax"
        return self is Basis.BILLED or charge_category == "Usage"

    def cost(self, charge_category: str, billed_cost: Decimal, effective_cost: Decimal) -> Decimal:
        """The part of a charge that this basis counts: one of the two costs, or zero."""
        if not self.counts(charge_category):
            return ZERO
        return effective_cost if self is Basis.EFFECTIVE else billed_cost
