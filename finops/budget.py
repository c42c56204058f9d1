"""Budgets: what a team may spend in a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class BudgetVersion:
    """An approved version of a budget.

    Attributes:
        source: the file, plan or request it came from.
        recorded_by: Slack's id, or a name at the terminal.
    """

    team: str
    month: Month
    currency: str
    version: int
    amount: Decimal
    source: str
    recorded_by: str
    recorded_at: datetime
