"""A proposed budget in words, for the terminal and for files: what it rests on, and why it is not simply that."""

from __future__ import annotations

from decimal import Decimal

from finops.corrective_action import CorrectiveAction
from finops.explanation import Explanation
from finops.money import ZERO, add
from finops.plan import WINDOW, NoProposal, Proposal
from finops.plan_parts import Kind, Part, Remark
from finops.scope import UNALLOCATED
from views.amounts import brief, long_day, money, month_name, month_names, rounded
from views.text import clip, tidy

MOST = 80
"""Most characters of a corrective action's text."""


def smallest(currency: str) -> Decimal:
    """Zero with the currency's own digits: what proposals are rounded to."""
    return rounded(ZERO, currency)


def reason(proposal: Proposal) -> str:
    """Every part of a proposal in one line: '$9,217.00 from August 2026 to …; −$100.00: …'."""
    return "; ".join(part_words(part, proposal) for part in proposal.parts)


def behind(proposal: Proposal) -> str:
    """Ids of the explanations and corrective actions behind a proposal: 'payments/2026-10/USD/1, action 7'."""
    return ", ".join([*proposal.explanations, *(f"action {number}" for number in proposal.actions)])


def part_words(part: Part, proposal: Proposal) -> str:
    """One part of a proposal: by how much it moves it, and why."""
    precise = part.kind is Kind.ROUNDING
    moved = money(part.amount, proposal.currency, precise=precise, signed=part.kind is not Kind.BASE)
    return f"{moved}{' ' if part.kind is Kind.BASE else ': '}{why(part, proposal)}"


def why(part: Part, proposal: Proposal) -> str:
    """What is behind one part of a proposal, without its amount."""
    if part.action:
        return _saving(part, part.action, proposal)
    if part.explanation:
        return _cause(part, part.explanation)
    if part.kind is Kind.FLOOR:
        return "a budget is not below zero"
    if part.kind is Kind.ROUNDING:
        return f"rounded to {proposal.currency}'s own digits"
    return _base(proposal)


def lack(team: NoProposal) -> str:
    """Why nothing can be proposed for a team, and what to do."""
    if team.team == UNALLOCATED:
        return "nobody owns this spend; write scopes for it"
    needed = f"a proposal needs {WINDOW} whole months with final figures"
    if team.began is None:
        return f"no spend in {team.currency} to plan from; {needed}"
    since = f"its first known charge is of {long_day(team.began)}"
    known = (
        f"there {'is' if len(team.known) == 1 else 'are'} {month_names(sorted(team.known))}"
        if team.known
        else "there is none"
    )
    return f"{needed}, and {known}: {since}"


def _base(proposal: Proposal) -> str:
    total, days = add(proposal.actuals.values()), sum(len(month) for month in proposal.actuals)
    return (
        f"from {month_names(sorted(proposal.actuals))}: "
        f"{_shown(total, proposal)} in {days} days, times {len(proposal.month)} days of {month_name(proposal.month)}, "
        f"basis {proposal.basis}"
    )


def _cause(part: Part, explanation: Explanation) -> str:
    wording, of = explanation.wording, month_name(explanation.key.month)
    told = f"{wording.category}, {brief(wording.amount, explanation.key.currency, signed=True)} in {of}"
    what = f"{explanation.id} ({told})"
    if part.remark is Remark.OTHER_BASIS:
        return f"{what} was explained in another basis and is left out"
    if part.kind is Kind.ONE_OFF:
        return f"{what} came once and is taken out"
    if part.remark is Remark.CONTAINED:
        return f"{what} has come to stay, and every month counted holds it"
    if part.remark is Remark.CONTINUES:
        return f"{what} goes on as it was explained for an earlier month"
    return f"{what} has come to stay and counts as in a whole month"


def _saving(part: Part, action: CorrectiveAction, proposal: Proposal) -> str:
    named = f"action {action.number} “{clip(tidy(action.text), MOST)}”"
    if part.remark is Remark.TAKEN_OUT:
        return f"{named} is for {action.key}/{action.explanation}, whose cause is taken out already"
    if part.remark is Remark.NOT_SAVED:
        return f"{named} has saved nothing"
    if part.remark is Remark.CONTAINED:
        return f"{named} was done before the months counted, which show its saving already"
    if part.remark is Remark.MEASURED and action.measured:
        monthly, how = action.measured.monthly, f"measured, done {_day(action)}"
    else:
        monthly = action.promised or ZERO
        how = f"promised, not measured, {'done' if action.done_on else 'due'} {_day(action)}"
    saves = f"{named} saves {_shown(monthly, proposal)} a month"
    if left_out := _not_counted(part, action):
        return f"{saves}, promised, not counted: {left_out}"
    shown = f"{saves}, {how}"
    return shown if part.amount == monthly.copy_negate() else f"{shown}; the months counted show the rest already"


def _not_counted(part: Part, action: CorrectiveAction) -> str:
    """Why a promise does not lower the plan, empty where it does."""
    if part.remark is Remark.OVERDUE:
        return f"it was due {_day(action)} and is still open"
    if part.remark is not Remark.UNAPPROVED:
        return ""
    if not action.explanation:
        return "it belongs to no explanation, so nobody has approved it"
    return f"{action.key}/{action.explanation}, which it belongs to, is not approved"


def _day(action: CorrectiveAction) -> str:
    return long_day(action.done_on or action.due)


def _shown(amount: Decimal, proposal: Proposal) -> str:
    return money(amount, proposal.currency)
