"""A month's variance report in plain sentences, which every form of it says: names are tidy, and nothing is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from html import unescape

from finops.basis import Basis
from finops.breakdown import Line
from finops.closed_month import TeamFigures
from finops.corrective_action import ActionStage, CorrectiveAction
from finops.explanation import Category, Explanation, Stage
from finops.forecast_judged import Judged
from finops.money import ZERO
from finops.variance_report import EARLIER, Lack, Missing, TeamReport, Total, VarianceReport
from views.amounts import distance, money, month_name, ratio, short_day
from views.sentences import BASIS
from views.text import clip, tidy
from views.tiers import direction

CATEGORIES = {
    Category.GROWTH: "Business-driven growth",
    Category.OPTIMISATION: "Optimisation",
    Category.INFRASTRUCTURE: "Infrastructure change",
    Category.PRICE: "Price or rate change",
    Category.ANOMALY: "Anomaly",
    Category.ALLOCATION: "Allocation or tagging error",
    Category.TIMING: "Timing",
}
STAGES = {
    Stage.SUBMITTED: "waits for a review",
    Stage.ASKED: "a question waits for its author",
    Stage.RETURNED: "returned to its author",
    Stage.APPROVED: "approved",
    Stage.VOIDED: "void: the variance has moved",
    Stage.WITHDRAWN: "withdrawn",
}
FORECASTS = "How near forecasts came"
"""The heading of that part."""
NAME, SERVICE = 80, 60
"""Characters of a team's and of a service's name."""


def cash(amount: Decimal, currency: str, signed: bool = False) -> str:
    """An amount as it is shown, in plain text."""
    return unescape(money(amount, currency, signed=signed))


def name_of(report: VarianceReport, slug: str) -> str:
    """A team's name."""
    return clip(tidy(report.teams.get(slug) or slug), NAME)


def person(report: VarianceReport, user_id: str) -> str:
    """Somebody's name, their id where the workspace does not know them."""
    return clip(tidy(report.names.get(user_id) or user_id), NAME) if user_id else "nobody"


def title(report: VarianceReport) -> str:
    """'Variance report, October 2026'."""
    return f"Variance report, {month_name(report.month)}"


def standing(report: VarianceReport) -> str:
    """'Final', or what it is instead; a part of the teams makes no report final."""
    if report.is_final:
        return "Final" if report.of_all else "Final for the teams shown"
    return "Not final" if report.is_closed else "Preliminary"


def headline(report: VarianceReport) -> list[str]:
    """What became of the budgets, one sentence a currency."""
    if not report.rows:
        return [f"No team has a budget or spend in {month_name(report.month)}."]
    return [_headline(report, total) for total in report.totals]


def _headline(report: VarianceReport, total: Total) -> str:
    spent, when = cash(total.actual, total.currency), month_name(report.month)
    lead = f"{_teams(total.teams)} spent {spent} in {when}{'' if report.has_ended else ' so far'}"
    if not _has_budget(total):
        return f"{lead}, without any approved budget."
    budget = cash(total.budget, total.currency)
    if not report.has_ended:
        return f"{lead} against {budget} budgeted for the whole month."
    if not total.unbudgeted:
        return f"{lead} against {budget} budgeted: {beside(total.variance, total)}; {_asked(total)}."
    without = cash(total.unbudgeted, total.currency)
    rest = f"{lead}, {without} of it without a budget. The rest is"
    if not total.variance:
        return f"{rest} exactly the {budget} budgeted; {_asked(total)}."
    apart = f"{cash(abs(total.variance), total.currency)} ({ratio(total.ratio)}) {direction(total.variance)}"
    return f"{rest} {apart} the {budget} budgeted; {_asked(total)}."


def _asked(total: Total) -> str:
    """How many variances ask for an explanation, and how many of them lack an approved one."""
    if not total.material:
        return "no variance asks for an explanation"
    if total.material == 1:
        return f"1 variance asks for an explanation, and has {'no' if total.open else 'an'} approved one"
    left = f"{total.open:,} of them {'has' if total.open == 1 else 'have'} no approved one"
    if total.open in (0, total.material):
        left = "none has an approved one" if total.open else "all of them have an approved one"
    return f"{total.material:,} variances ask for an explanation, {left}"


def _has_budget(total: Total) -> bool:
    return bool(total.budget or total.over or total.under or total.judged)


def beside(variance: Decimal, total: Total) -> str:
    """'$2,100.00 over (+2.1 %)'."""
    if not variance:
        return "exactly on budget"
    return f"{cash(abs(variance), total.currency)} {direction(variance)} ({ratio(total.ratio)})"


def _teams(number: int) -> str:
    return "1 team" if number == 1 else f"{number:,} teams"


def notes(report: VarianceReport) -> list[str]:
    """The basis, when the figures were closed or delivered, and what no budget stands against."""
    said = [f"Basis: {BASIS[Basis(report.basis)]}; days in UTC."]
    if report.at:
        what = "Closed" if report.is_closed else "Not closed: figures as delivered"
        said.append(f"{what} on {short_day(report.at.date())} {report.at.year} at {report.at:%H:%M} UTC.")
    if decision := report.decision:
        by = person(report, decision.by)
        said.append(f"Closed as it stands, although data was missing, by {by}: “{clip(tidy(decision.reason), 300)}”")
    for total in report.totals:
        if total.undelivered:
            said.append(f"Budgets of {cash(total.undelivered, total.currency)} are of teams without data.")
    return said + restated(report)


def restated(report: VarianceReport) -> list[str]:
    """What has changed since the month was closed, one sentence a team."""
    return [sentence for row in report.rows if (sentence := restated_row(report, row))]


def restated_row(report: VarianceReport, row: TeamReport) -> str:
    """'Payments was restated since: from $1 to $2.'; empty where nothing changed."""
    if row.now is None:
        return ""
    was, now, currency = row.figures, row.now, row.figures.key.currency
    said = []
    if was.actual != now.actual:
        said.append(f"restated since it was closed: {_moved(was.actual, now.actual, currency)}")
    if was.budget != now.budget:
        said.append(f"given another budget since: {_moved(was.budget, now.budget, currency)}")
    if not said:
        said.append("delivered whole since it was closed, and its figures stay as they were")
    return f"{name_of(report, was.key.team)} was {' and '.join(said)}."


def _moved(was: Decimal | None, now: Decimal | None, currency: str) -> str:
    """'from $1.00 to $2.00'."""
    before, after = ("none" if amount is None else cash(amount, currency) for amount in (was, now))
    return f"from {before} to {after}"


def missing(report: VarianceReport) -> list[str]:
    """What keeps the report from being final, one sentence each; empty where it is final."""
    return [_missing(report, each) for each in report.missing]


def _missing(report: VarianceReport, lack: Missing) -> str:
    who = name_of(report, lack.team) if lack.team else month_name(report.month)
    if lack.lack is Lack.RUNNING:
        return f"{who} has not ended."
    if lack.lack is Lack.NOT_CLOSED:
        until = f": its data runs through {short_day(lack.through)}" if lack.through else ": there is no data of it"
        return f"{who} is not closed{until}."
    if lack.lack is Lack.CLOSED_INCOMPLETE:
        until = f"data only through {short_day(lack.through)}" if lack.through else "no data"
        return f"{who} has {until}: its figures are not complete."
    if lack.lack is Lack.INCOMPLETE:
        until = f"only through {short_day(lack.through)}" if lack.through else "without any of its days"
        return f"{who} was delivered anew {until}: its figures are not complete any more."
    variance, currency = lack.variance or ZERO, lack.currency
    said = f"{who} is {cash(abs(variance), currency)} {direction(variance)} budget ({ratio(lack.ratio)})"
    parts = []
    if lack.unexplained:
        parts.append(f"{cash(abs(lack.unexplained), currency)} {_unexplained(variance, lack.unexplained)}")
    if lack.waiting:
        parts.append(f"{cash(abs(lack.waiting), currency)} is explained and not approved")
    return f"{said}: {' and '.join(parts)}." if parts else f"{said}, and nothing explains it."


def _unexplained(variance: Decimal, left: Decimal) -> str:
    return "is not explained" if (left > 0) == (variance > 0) else "more is explained than there is"


def tier(figures: TeamFigures) -> str:
    """'formal', 'formal (under)'; 'incomplete' where days are missing and no overspend is known, '–' for none."""
    if figures.closed_at and not figures.is_complete and not figures.step:
        return "incomplete"
    name = clip(tidy(figures.tier), 40) if figures.tier else "–"
    return f"{name} (under)" if figures.step < 0 else name


def coverage(row: TeamReport) -> str:
    """'$800.00 explained, $500.00 of it approved, $200.00 open'; empty without a variance."""
    found, currency = row.coverage, row.figures.key.currency
    if found is None:
        return ""
    if not found.explained:
        return f"nothing explained, {cash(found.open, currency)} open"
    explained, approved = cash(found.explained, currency), cash(found.approved, currency)
    return f"{explained} explained, {approved} of it approved, {cash(found.open, currency)} open"


def covered(row: TeamReport) -> str:
    """The coverage of a variance that asks for an explanation, as a sentence; empty for any other."""
    said = coverage(row) if row.is_material else ""
    return f"{said[:1].upper()}{said[1:]}.{'' if row.is_open else ' Settled.'}" if said else ""


def driver(line: Line, currency: str) -> str:
    """'Amazon EC2 +$3,000.00 (from $5,000.00 to $8,000.00)'."""
    name = clip(tidy(line.name), SERVICE)
    change = cash(line.change or ZERO, currency, signed=True)
    return f"{name} {change} (from {cash(line.former or ZERO, currency)} to {cash(line.amount, currency)})"


def unexplained(total: Total) -> str:
    """'$4,918.51 over and $12,189.07 under budget', 'nothing'."""
    parts = [(total.open_over, "over"), (total.open_under, "under")]
    said = [f"{cash(abs(amount), total.currency)} {where}" for amount, where in parts if amount]
    return f"{' and '.join(said)} budget" if said else "nothing"


def explanation_title(report: VarianceReport, each: Explanation) -> str:
    """'Explanation 1: $800.00, price or rate change, goes on; approved by Ada'."""
    wording, currency = each.wording, each.key.currency
    goes = "goes on" if wording.stays else "once"
    stage = STAGES[each.stage]
    if each.stage is Stage.APPROVED:
        stage = f"approved by {person(report, each.reviewer)}"
    category = CATEGORIES[wording.category]
    by = person(report, each.author)
    counted = "" if each.basis == Basis(report.basis) else f" of {BASIS[each.basis]} cost"
    return (
        f"Explanation {each.number}: {cash(wording.amount, currency)}{counted}, {category[0].lower()}{category[1:]}, "
        f"{goes}; by {by}, {stage}"
    )


def action_line(report: VarianceReport, action: CorrectiveAction) -> str:
    """'Resize the nodes: Ada, by 20 Nov; promised $300.00 a month; measured $280.00 (80 %: $250.00 to $310.00)'."""
    currency = action.key.currency
    said = [f"{person(report, action.owner)}, by {short_day(action.due)} {action.due.year}, {action.stage}"]
    if action.promised is not None:
        said.append(f"promised {cash(action.promised, currency)} a month")
    if found := action.measured:
        low, high = cash(found.low, currency), cash(found.high, currency)
        said.append(f"measured {cash(found.monthly, currency)} a month (80 %: {low} to {high})")
    elif action.stage is not ActionStage.DROPPED:
        said.append("not measured yet")
    return f"{tidy(action.text)} — {'; '.join(said)}"


def forecasts(report: VarianceReport) -> list[str]:
    """How near forecasts of this month and the two before came, one sentence for each number of days left."""
    if not report.accuracy:
        return [
            f"No forecast of {_judged_months(report)} can be judged: one is kept each day from the first ingest on, "
            "and held against the actual once its month is closed with all its days."
        ]
    return [_forecasts(each) for each in report.accuracy]


def _judged_months(report: VarianceReport) -> str:
    return f"{month_name(report.month.before(EARLIER)[-1])} to {month_name(report.month)}"


def _forecasts(each: Judged) -> str:
    """'15 to 21 days before the end: 12 forecasts, 6.1 % off on average; the 80 % interval held 10 of 12 …'."""
    number = "1 forecast" if each.forecasts == 1 else f"{each.forecasts:,} forecasts"
    off = f", {distance(each.error)} off on average" if each.error is not None else ""
    held = [
        f"the {name} % interval held {part * each.forecasts:,.0f} of {each.forecasts:,}"
        for name, part in (("80", each.held_80), ("95", each.held_95))
    ]
    return f"{each.band[0]} to {each.band[1]} days before the end: {number}{off}; {', '.join(held)}."


def counted(lines: Iterable[str], most: int, rest: str) -> list[str]:
    """The first lines, and how many there are more."""
    found = list(lines)
    left = len(found) - most
    return [*found[:most], f"… and {left:,} more{rest}"] if left > 0 else found
