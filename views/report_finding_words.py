"""What a month's report finds beside the figures, in plain sentences that every form of it says."""

from __future__ import annotations

from collections.abc import Sequence

from finops.breakdown import Line
from finops.freeze import Freeze, FreezeStatus
from finops.money import ZERO
from finops.report_findings import Contradiction, Hidden, Repeat, Said
from finops.variance_report import Duty, Undone, VarianceReport
from views.amounts import month_name, short_day
from views.report_words import CATEGORIES, SERVICE, cash, name_of, person
from views.text import clip, tidy
from views.tiers import direction, listed

NAMED = 3
"""Most teams or services named in one sentence."""


def hidden(report: VarianceReport, each: Hidden) -> str:
    """Who hides behind whom, with the amounts."""
    currency = each.currency
    rise, covered = cash(each.rise, currency), cash(each.covered, currency)
    if not each.team:
        over = _named([f"{name_of(report, line.name)} {_change(line, currency)}" for line in each.risen])
        under = _named([f"{name_of(report, line.name)} {_change(line, currency)}" for line in each.fallen])
        return (
            f"In the {clip(tidy(currency), 20)} total {covered} of {rise} over budget is hidden by teams under "
            f"theirs: {over}; against {under}."
        )
    risen = _named([f"{clip(tidy(line.name), SERVICE)} {_change(line, currency)}" for line in each.risen])
    fallen = _named([f"{clip(tidy(line.name), SERVICE)} {_change(line, currency)}" for line in each.fallen])
    return (
        f"{name_of(report, each.team)} is {_stands(each)}, yet {risen} against the month before; "
        f"{covered} of that is hidden by {fallen}."
    )


def _stands(each: Hidden) -> str:
    """'within its budget', or by how much it is over it without being asked why."""
    if each.variance <= 0:
        return "within its budget"
    return f"only {cash(each.variance, each.currency)} over its budget, too little to ask for an explanation"


def _change(line: Line, currency: str) -> str:
    return cash(line.change or ZERO, currency, signed=True)


def _named(names: Sequence[str]) -> str:
    left = len(names) - NAMED
    return listed([*names[:NAMED], f"{left:,} more"] if left > 0 else names)


def repeat(report: VarianceReport, each: Repeat) -> str:
    """What has been the cause for months, with its amounts."""
    amounts = ", ".join(
        f"{cash(amount, each.currency, signed=True)} in {month_name(month)}"
        for month, amount in zip(reversed(each.months), reversed(each.amounts), strict=True)
    )
    running = f"{len(each.months)} months running"
    if each.category:
        return f"{name_of(report, each.team)}: {CATEGORIES[each.category].lower()} explains it {running}: {amounts}."
    if each.service:
        return f"{name_of(report, each.team)}: {clip(tidy(each.service), SERVICE)} drives it {running}: {amounts}."
    return f"{name_of(report, each.team)}: {direction(each.amounts[0])} budget {running}: {amounts}."


def contradiction(report: VarianceReport, each: Contradiction) -> str:
    """What was said, and what the month after shows."""
    key, found = each.explanation.key, each
    then, before = month_name(report.month), month_name(report.month.previous)
    said = "said to be once, and is still there" if each.said is Said.ONCE else "said to go on, and went away"
    costs = (
        f"{cash(found.before, key.currency)} in {before}, {cash(found.then, key.currency)} in {then}, "
        f"{cash(found.after, key.currency)} in {month_name(report.month.next)}"
    )
    return (
        f"{name_of(report, key.team)}, explanation {each.explanation.number}: {said}. "
        f"{clip(tidy(each.service), SERVICE)} cost {costs}."
    )


def undone(report: VarianceReport, each: Undone) -> str:
    """Who has not done what, and since when."""
    team = name_of(report, each.team)
    amount = "" if each.amount is None else cash(each.amount, each.currency)
    number = each.about.rpartition("/")[2]
    if each.duty is Duty.EXPLAIN:
        value = each.amount or ZERO
        said = f"{team}: nobody has explained {cash(abs(value), each.currency)} {direction(value)} budget"
    elif each.duty is Duty.REVIEW:
        said = f"{team}: explanation {number} ({amount}) waits for a review"
    elif each.duty is Duty.ANSWER:
        said = f"{team}: explanation {number} ({amount}) waits for {person(report, each.who)}"
    elif each.duty is Duty.ACTION:
        said = f"{team}: {person(report, each.who)} has not done “{clip(tidy(each.words), 200)}”"
    else:
        said = f"{team}: the duty of its alert ({clip(tidy(each.words), 40)}) was not done"
    if each.due is None:
        return f"{said}."
    day = f"{short_day(each.due)} {each.due.year}"
    return f"{said}, overdue since {day}." if each.is_late else f"{said}, due {day}."


def decision(report: VarianceReport, freeze: Freeze) -> str:
    """What a sponsor decided on an emergency."""
    team, by = name_of(report, freeze.alert.team), person(report, freeze.decided_by)
    if freeze.status is FreezeStatus.DECLINED:
        return f"{team}: no freeze, decided by {by}: {tidy(freeze.why)}"
    until = f" until {short_day(freeze.until)} {freeze.until.year}" if freeze.until else ""
    exceptions = f"; {len(freeze.granted)} exceptions hold" if freeze.granted else ""
    return f"{team}: freeze of {tidy(freeze.what)}{until} ({freeze.status}{exceptions}), decided by {by}"
