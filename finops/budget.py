"""Budgets: what a team may spend in a month."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from finops.periods import Month


@dataclass(frozen=True, slots=True)
class Budget:
    """An approved budget.

    Attributes:
        team: the team's slug.
        month: the month it is for.
        amount: exact, in the currency; zero means that nothing should be spent.
        currency: ISO 4217.
        version: 1 for the first of this team, month and currency, one more for each that replaced it.
    """

    team: str
    month: Month
    amount: Decimal
    currency: str
    version: int = 1
