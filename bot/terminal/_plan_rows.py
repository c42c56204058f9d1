"""Proposed budgets as rows: for people, for programs, and as the file that is edited and read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from bot.terminal.output import csv_cell
from finops.money import add, plain, subtract
from finops.periods import Month
from finops.plan import NoProposal, Proposal
from finops.plan_parts import Kind, Part
from storage.budgets import COLUMNS
from views.amounts import money
from views.plan import behind, lack, part_words, reason, why

FILE = (*COLUMNS, "reason", "explanations")
"""Columns of the file: those of a budget file, and two that reading it back leaves aside."""


def file_rows(proposals: Iterable[Proposal]) -> list[dict[str, str]]:
    """A row for each proposal; a team without one has none, for missing is not zero."""
    return [
        {
            "team": each.team,
            "month": str(each.month),
            "amount": plain(each.amount),
            "currency": each.currency,
            "reason": reason(each),
            "explanations": behind(each),
        }
        for each in proposals
    ]


def file_text(proposals: Iterable[Proposal]) -> str:
    """The file as CSV, the head line also where nothing is proposed; no cell of it is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FILE, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: csv_cell(value) for name, value in row.items()} for row in file_rows(proposals))
    return text.getvalue()


def data_rows(found: Iterable[Proposal | NoProposal]) -> list[dict[str, Any]]:
    """Everything, in the shape that programs rely on; amounts as text in full precision."""
    return [_without(each) if isinstance(each, NoProposal) else _data(each) for each in found]


def shown_rows(proposals: Sequence[Proposal]) -> list[dict[str, Any]]:
    """What fits a terminal, rounded; a column of parts is left out where nobody has any."""
    names = {Kind.ONE_OFF: "one-offs", Kind.GOES_ON: "goes on", Kind.SAVING: "savings"}
    used = [kind for kind in names if any(part.kind is kind for each in proposals for part in each.parts)]
    return [
        {
            "team": each.team,
            "month": str(each.month),
            "run rate": money(each.parts[0].amount, each.currency),
            **{names[kind]: _of(each, kind) for kind in used},
            "proposal": money(each.amount, each.currency),
            "budget now": None if each.current is None else money(each.current, each.currency),
        }
        for each in proposals
    ]


def total_lines(proposals: Iterable[Proposal]) -> list[str]:
    """All proposals of a month together, a line for each currency."""
    amounts: dict[str, dict[Month, list[Decimal]]] = {}
    for each in proposals:
        amounts.setdefault(each.currency, {}).setdefault(each.month, []).append(each.amount)
    return [
        f"Together in {currency}: "
        + ", ".join(f"{month} {money(add(some), currency)}" for month, some in sorted(months.items()))
        for currency, months in sorted(amounts.items())
    ]


def reason_lines(proposals: Iterable[Proposal]) -> list[str]:
    """What is behind the proposals besides the run rate, line by line: its amount in each month, and why."""
    told: dict[str, dict[str, dict[Month, str]]] = {}
    months: dict[str, list[Month]] = {}
    for each in proposals:
        whose = f"{each.team}, {each.currency}"
        months.setdefault(whose, []).append(each.month)
        for part in each.parts:
            if part.kind not in (Kind.BASE, Kind.ROUNDING):
                amount = money(part.amount, each.currency, signed=True)
                told.setdefault(whose, {}).setdefault(why(part, each), {})[each.month] = amount
    lines = []
    for whose, reasons in told.items():
        lines.append(f"{whose}:")
        for said, amounts in reasons.items():
            lines.append(f"  {' · '.join(amounts.get(month, '–') for month in months[whose])}: {said}")
    return lines


def lack_lines(found: Iterable[Proposal | NoProposal]) -> list[str]:
    """Teams without a proposal, and why, line by line."""
    return [
        f"No proposal for {each.team} in {each.currency}: {lack(each)}."
        for each in found
        if isinstance(each, NoProposal)
    ]


def _of(proposal: Proposal, kind: Kind) -> str | None:
    parts = [part.amount for part in proposal.parts if part.kind is kind]
    return money(add(parts), proposal.currency, signed=True) if parts else None


def _data(proposal: Proposal) -> dict[str, Any]:
    current = proposal.current
    return {
        "team": proposal.team,
        "month": str(proposal.month),
        "amount": plain(proposal.amount),
        "currency": proposal.currency,
        "basis": str(proposal.basis),
        "reason": reason(proposal),
        "explanations": list(proposal.explanations),
        "actions": list(proposal.actions),
        "budget": None if current is None else plain(current),
        "change": None if current is None else plain(subtract(proposal.amount, current)),
        "from_months": {str(month): plain(actual) for month, actual in sorted(proposal.actuals.items())},
        "parts": [_part(part, proposal) for part in proposal.parts],
    }


def _part(part: Part, proposal: Proposal) -> dict[str, Any]:
    return {
        "kind": str(part.kind),
        "amount": plain(part.amount),
        "explanation": part.explanation.id if part.explanation else None,
        "action": part.action.number if part.action else None,
        "remark": str(part.remark) if part.remark else None,
        "reason": part_words(part, proposal),
    }


def _without(team: NoProposal) -> dict[str, Any]:
    nothing = dict.fromkeys(("month", "amount", "currency", "basis"))
    more: dict[str, Any] = {"explanations": [], "actions": [], "budget": None, "change": None}
    more |= {"from_months": {}, "parts": []}
    return {"team": team.team, **nothing, "currency": team.currency, "reason": lack(team), **more}
