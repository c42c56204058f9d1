"""The next plan: what each team is proposed as budget, every part of it with its reason.

A proposal begins with what is expected from the last final months, and each part after it says by how much something
else moves that: a cause that will not come again, one that has come to stay, a saving. The parts add up to it exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from finops.accuracy import final_actuals
from finops.basis import Basis
from finops.company import Company, Team
from finops.corrective_action import CorrectiveAction
from finops.errors import NotFound
from finops.explanation import Explanation, Stage
from finops.history import NOTHING, History, Mornings
from finops.money import EXACT, add, subtract
from finops.periods import Month
from finops.plan_parts import Actuals, Kind, Part, Remark, causes, saving, share_of
from finops.scope import UNALLOCATED

WINDOW = 3
"""Final months that a proposal rests on: a quarter, as long as what is planned."""
LOOKED_AT = 6
"""Months before the quarter among which they are looked for."""
Expected = Callable[[Actuals, Month], Decimal]
"""From the actuals of final months to what a later month is expected to cost."""


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A calendar quarter, 1 to 4."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Read 'YYYY-Qn'; raises NotFound for anything else."""
        match = re.fullmatch(r"(\d{4})-[Qq]([1-4])", text.strip())
        if not match or int(match[1]) < 1900:
            raise NotFound(f"'{text}' is not a quarter.", "Write it as YYYY-Qn, for example 2027-Q1.")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, month: Month) -> Quarter:
        """The quarter a month lies in."""
        return cls(month.year, (month.month + 2) // 3)

    @property
    def months(self) -> tuple[Month, Month, Month]:
        """Its months, in order."""
        first = Month(self.year, 3 * self.number - 2)
        return first, first.next, first.next.next

    def __str__(self) -> str:
        return f"{self.year:04d}-Q{self.number}"


@dataclass(frozen=True)
class Proposal:
    """A team's proposed budget of a month.

    Attributes:
        actuals: of the final months it rests on.
        current: the approved budget of the month, None where there is none.
    """

    team: str
    month: Month
    currency: str
    basis: Basis
    actuals: Actuals
    parts: tuple[Part, ...]
    current: Decimal | None = None

    @property
    def amount(self) -> Decimal:
        """The proposed budget: the sum of its parts."""
        return add(part.amount for part in self.parts)

    @property
    def explanations(self) -> tuple[str, ...]:
        """Ids of the explanations behind it."""
        return tuple(part.explanation.id for part in self.parts if part.explanation)

    @property
    def actions(self) -> tuple[int, ...]:
        """Numbers of the corrective actions behind it."""
        return tuple(part.action.number for part in self.parts if part.action)


@dataclass(frozen=True)
class NoProposal:
    """A team for which nothing can be proposed.

    Attributes:
        known: its months with final figures.
        began: the day of its first known charge, None where there is none.
    """

    team: str
    currency: str
    known: tuple[Month, ...] = ()
    began: date | None = None


@dataclass(frozen=True)
class PlanData:
    """What a plan is made from.

    Attributes:
        history: days and budgets, from four weeks before the months looked at.
        explanations: (team, currency) → its explanations of the months looked at and of those that corrective actions
            belong to.
        actions: (team, currency) → its corrective actions.
    """

    teams: Mapping[str, Team]
    history: History
    explanations: Mapping[tuple[str, str], Sequence[Explanation]] = field(default_factory=dict)
    actions: Mapping[tuple[str, str], Sequence[CorrectiveAction]] = field(default_factory=dict)


def looked_at(quarter: Quarter, today: date) -> list[Month]:
    """The months that a plan may rest on, oldest first: the last six that are over and before the quarter."""
    return min(quarter.months[0], Month.of(today)).before(LOOKED_AT)[::-1]


def run_rate(actuals: Actuals, month: Month) -> Decimal:
    """Mean cost a day over some months, times the days of another; to 18 places.

    The average method of Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., 5.2, by day, so that
    months of different length compare. Any other function of this shape may take its place.
    """
    days = sum(len(known) for known in actuals)
    return share_of(EXACT.multiply(add(actuals.values()), Decimal(len(month))), Decimal(1), Decimal(days))


def propose(
    team: str,
    month: Month,
    currency: str,
    basis: Basis,
    actuals: Actuals,
    explanations: Iterable[Explanation],
    actions: Iterable[CorrectiveAction],
    smallest: Decimal,
    today: date,
    *,
    current: Decimal | None = None,
    before: Month | None = None,
    expected: Expected = run_rate,
) -> Proposal:
    """A team's budget of a month, from the final months before it.

    Args:
        actuals: in `basis` and `currency`.
        explanations: the team's, of any month and stage, in `currency`.
        actions: the team's, of any stage, in `currency`.
        smallest: with as many places as the proposal is rounded to, half-even.
        today: the day of the plan: what was to be done before it and is still open saves nothing.
        before: explanations of this month and later ones are left out; None for those of `month` and later.
        expected: what the parts are held against.
    """
    approved = sorted(
        (each for each in explanations if each.stage is Stage.APPROVED), key=lambda each: (each.key.month, each.number)
    )
    base = expected(actuals, month)
    parts = [Part(Kind.BASE, base)]
    for part, moved in causes([each for each in approved if each.key.month < (before or month)], actuals, basis):
        level = expected(moved, month)
        parts.append(replace(part, amount=subtract(level, base)))
        base = level
    taken_out = {
        part.explanation.id
        for part in parts
        if part.explanation and part.kind is Kind.ONE_OFF and part.remark is not Remark.OTHER_BASIS
    }
    counts = {each.id for each in approved}
    for action in actions:
        if saved := saving(action, actuals, month, counts, taken_out, today):
            parts.append(saved)
    if (left := add(part.amount for part in parts)) < 0:
        parts.append(Part(Kind.FLOOR, left.copy_negate()))
    total = add(part.amount for part in parts)
    apart = subtract(total.quantize(smallest, context=EXACT), total)
    if apart:
        parts.append(Part(Kind.ROUNDING, apart))
    return Proposal(team, month, currency, basis, actuals, tuple(parts), current)


def propose_quarter(
    quarter: Quarter,
    data: PlanData,
    company: Company,
    today: date,
    smallest: Callable[[str], Decimal],
    *,
    team: str | None = None,
    expected: Expected = run_rate,
) -> Iterator[Proposal | NoProposal]:
    """Every team's months of a quarter, or why a team has none; team by team, in each currency it has spend in.

    Args:
        smallest: currency → an amount with as many places as its proposals are rounded to.
        team: one team's alone.
    """
    mornings = Mornings(data.history, company)
    months = looked_at(quarter, today)
    for slug, known in data.teams.items():
        if team is not None and slug != team:
            continue
        budgets = data.history.budgets.get(slug, {})
        for currency in _currencies(known, company, data.history, quarter):
            spent = data.history.spent.get(slug, {}).get(currency, NOTHING)
            began = min(spent.daily, default=None)
            final = final_actuals(spent, months, mornings, company, today)
            final = {month: actual for month, actual in final.items() if began and began <= month.first}
            if len(final) < WINDOW or slug == UNALLOCATED:
                yield NoProposal(slug, currency, tuple(final), began)
                continue
            for month in quarter.months:
                yield propose(
                    slug,
                    month,
                    currency,
                    data.history.basis,
                    {each: final[each] for each in sorted(final)[-WINDOW:]},
                    data.explanations.get((slug, currency), ()),
                    data.actions.get((slug, currency), ()),
                    smallest(currency),
                    today,
                    current=budgets.get(month, {}).get(currency),
                    before=quarter.months[0],
                    expected=expected,
                )


def _currencies(team: Team, company: Company, history: History, quarter: Quarter) -> list[str]:
    """The currencies that a team has spend or a budget of the quarter in, its own first."""
    budgets = history.budgets.get(team.slug, {})
    found = {*history.spent.get(team.slug, {}), *(each for month in quarter.months for each in budgets.get(month, {}))}
    own = team.currency or company.currency
    return sorted(found or {own}, key=lambda currency: (currency != own, currency))
