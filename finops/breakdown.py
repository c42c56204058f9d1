"""What a team's actual consists of, and what moved it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from finops.basis import Basis
from finops.money import ZERO, add, subtract
from finops.periods import Month
from finops.spend import DaySpend

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a breakdown.

    Attributes:
        name: what the cost belongs to, as billed; '(none)' where the bill names nothing.
        amount: cost in the period looked at, exact.
        former: cost in the period it is compared with, exact; None where there is nothing to compare with.
    """

    name: str
    amount: Decimal
    former: Decimal | None = None

    @property
    def change(self) -> Decimal | None:
        """amount − former."""
        return None if self.former is None else subtract(self.amount, self.former)


def group(rows: Iterable[Row], key: Callable[[Row], str], cost: Callable[[Row], Decimal]) -> dict[str, Decimal]:
    """Exact sums by key."""
    amounts: dict[str, list[Decimal]] = {}
    for row in rows:
        amounts.setdefault(key(row) or "(none)", []).append(cost(row))
    return {name: add(found) for name, found in amounts.items()}


def compare(current: dict[str, Decimal], former: dict[str, Decimal] | None) -> list[Line]:
    """Lines of both periods, largest amount first; the amounts add up to the current total exactly."""
    names = current.keys() | (former or {}).keys()
    lines = [Line(name, current.get(name, ZERO), None if former is None else former.get(name, ZERO)) for name in names]
    lines = [line for line in lines if line.amount or line.former]
    return sorted(lines, key=lambda line: (-abs(line.amount), line.name))


def by_key(
    spend: Sequence[DaySpend], key: Callable[[DaySpend], str], basis: Basis, month: Month, through: date
) -> list[Line]:
    """A month's actual by service, category or another key, beside the same number of days of the month before.

    Args:
        spend: rows of one currency, holding both months.
        through: the last day counted of the month.
    """
    first, before = month.first, month.previous.first
    until = min(before + (through - first), month.previous.last)
    current = group((row for row in spend if first <= row.day <= through), key, lambda row: row.cost(basis))
    earlier = [row for row in spend if before <= row.day <= until]
    former = group(earlier, key, lambda row: row.cost(basis)) if earlier else None
    return compare(current, former)
