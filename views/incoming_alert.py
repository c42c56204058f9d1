"""What AWS says of cost, beside our own figures: a line on an alert, a note in its thread, a message of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from finops.company import Team
from finops.incoming_alert import AnomalyFigures, BudgetFigures, IncomingAlert, Origin, Received
from finops.money import EXACT
from finops.policy import ratio_of
from finops.team_month import TeamMonth
from views import blocks
from views.amounts import brief, days, month_name, share, short_day
from views.fit import message
from views.message import Block, Message
from views.sentences import called_by, counted, freshness, lead, warning
from views.text import escape
from views.tiers import listed
from views.time import moment

NAMES = {Origin.BUDGETS: "AWS Budgets", Origin.ANOMALY_DETECTION: "AWS Cost Anomaly Detection", Origin.OTHER: "AWS"}
COUNTS = {
    Origin.BUDGETS: "AWS Budgets counts what is set in that budget",
    Origin.ANOMALY_DETECTION: "AWS Cost Anomaly Detection counts net unblended cost",
    Origin.OTHER: "AWS counts in its own way",
}
"""On which basis each reckons."""
SIGN = ":incoming_envelope:"
LINES, LINE, TITLE = 20, 300, 150
"""Most lines of a text that is shown, most characters of each, and of one that is only named."""
NEWEST = 3
"""Most lines on the message of an alert; all of them stand in its thread."""


def incoming_lines(received: Sequence[Received]) -> list[str]:
    """What AWS said of a month, for the small print of its alert.

    Args:
        received: the newest first.
    """
    said = [f"{_short(each.alert)}, received {moment(each.received_at, dated=True)}." for each in received[:NEWEST]]
    if more := len(received) - NEWEST:
        said += [f"AWS said {more:,} more before."] if more > 0 else []
    return said


def incoming_note(received: Received) -> Message:
    """What AWS says, as a note in the thread of our alert of that month."""
    alert = received.alert
    rest = f"{COUNTS[alert.origin]}: its figure moves nothing here, this alert goes by our own figures."
    text = f"{_said(alert)}\n{_got(received)} {rest}"
    return message(text, blocks.paragraphs(text))


def incoming_message(received: Received, team: Team, month: TeamMonth | None) -> Message:
    """What AWS says and what our own figures say, where no alert of ours is open.

    Args:
        month: the team's, in the alert's currency; None where it has none in that.
    """
    alert = received.alert
    name, when = escape(called_by(team)), month_name(alert.month)
    if month is None:
        own = f"*Our figures:* none for *{name}* in {escape(received.currency)} in {when}."
    else:
        own = "\n".join(line for line in (f"*Our figures:* {lead(month, team)}", warning(month)) if line)
    text = f"{_said(alert, name)}\n{own}\nNo alert of ours is open for {name} in {when}, and this opens none."
    known = (freshness(month), counted(month)) if month else ()
    small = [*known, f"{COUNTS[alert.origin]}.", _got(received)]
    return message("\n".join((text, " ".join(each for each in small if each))), _body(text, small))


def unowned_message(received: Received) -> Message:
    """What AWS says of something that no team owns, for FinOps."""
    alert = received.alert
    kinds = (("budget", alert.budget), ("account", alert.account), ("service", alert.service))
    named = [f"the {what} {escape(name)}" for what, name in kinds if name]
    if named:
        whose = f"nothing in `finops.yaml` says whose {listed(named)} {'is' if len(named) == 1 else 'are'}."
        whose += "\nFinOps: add a rule under `incoming.map`, and the next one goes to its team."
    else:
        whose = "it names no account, budget or service.\nFinOps: please read it, and tell whom it concerns."
    text = f"{_said(alert)}\n*No team owns this:* {whose}"
    small = [f"{COUNTS[alert.origin]}.", _got(received)]
    return message(f"{text}\n{' '.join(small)}", _body(text, small))


def _body(text: str, small: Sequence[str]) -> list[Block]:
    return [*blocks.paragraphs(text), blocks.context(*small)]


def _got(received: Received) -> str:
    """When it came, and when it was said where that was long before."""
    alert, came = received.alert, f"Received {moment(received.received_at, dated=True)}"
    late = abs(received.received_at - alert.at) > timedelta(hours=1)
    return f"{came}, said {moment(alert.at, dated=True)}." if late else f"{came}."


def _short(alert: IncomingAlert) -> str:
    """One line, without marks: 'AWS Budgets says $0.59 ACTUAL for the budget Test Budget'."""
    name, figures = NAMES[alert.origin], alert.figures
    if isinstance(figures, BudgetFigures):
        kind = "FORECASTED" if figures.is_forecast else "ACTUAL"
        return f"{name} says {brief(figures.amount, alert.currency)} {kind} for {_budget(alert)}{_part(alert, figures)}"
    if isinstance(figures, AnomalyFigures):
        return f"{name} says {_apart(alert, figures)}{_place(alert)}{_when(figures)}"
    first = alert.title or next((line for line in alert.text.splitlines() if line.strip()), "nothing")
    return f"{name} says “{escape(first, TITLE)}”"


def _said(alert: IncomingAlert, team: str = "") -> str:
    """All that it says, in a sentence or in its own words.

    Args:
        team: for whom, escaped; empty where the place says it.
    """
    name, figures = f"{SIGN} {f'*{team}:* ' if team else ''}*{NAMES[alert.origin]}*", alert.figures
    if isinstance(figures, BudgetFigures):
        kind = "FORECASTED" if figures.is_forecast else "ACTUAL"
        spent = f"{brief(figures.amount, alert.currency)}{_part(alert, figures)}"
        set_at = figures.threshold
        limit = "" if set_at is None else f" Its alert threshold is {brief(set_at, alert.currency)}."
        return f"{name} says: the {kind} cost of {_budget(alert)}{_account(alert)} is {spent}.{limit}"
    if isinstance(figures, AnomalyFigures):
        spent = "" if figures.actual is None else f"{brief(figures.actual, alert.currency)} spent"
        expected = "" if figures.expected is None else f"{brief(figures.expected, alert.currency)} expected"
        both = ", ".join(part for part in (spent, expected) if part)
        where = f"{_place(alert)}{_account(alert)}{_when(figures)}"
        return f"{name} says: {_apart(alert, figures)}{where}{f': {both}' if both else ''}."
    return f"{name} says{f' of {_budget(alert)}{_account(alert)}' if alert.budget else ''}:\n{_own_words(alert)}"


def _own_words(alert: IncomingAlert) -> str:
    """Its title and text, line by line."""
    lines = [line for line in (alert.title, *alert.text.splitlines()) if line.strip()]
    shown = [escape(line, LINE) for line in lines[:LINES]]
    if more := len(lines) - len(shown):
        shown.append(f"… and {more:,} more {'line' if more == 1 else 'lines'}.")
    return "\n".join(shown) or "(nothing)"


def _budget(alert: IncomingAlert) -> str:
    return f"the budget {escape(alert.budget)}" if alert.budget else "a budget"


def _account(alert: IncomingAlert) -> str:
    name = f" {escape(alert.account_name)}" if alert.account_name else ""
    return f" (account{name} {escape(alert.account, 20)})" if alert.account else ""


def _part(alert: IncomingAlert, figures: BudgetFigures) -> str:
    """', 295 % of the $0.20 budgeted'; empty where it does not say what is budgeted."""
    if figures.budgeted is None:
        return ""
    part, budgeted = share(ratio_of(figures.amount, figures.budgeted)), brief(figures.budgeted, alert.currency)
    return f", with {budgeted} budgeted" if part == "n/a" else f", {part} of the {budgeted} budgeted"


def _apart(alert: IncomingAlert, figures: AnomalyFigures) -> str:
    more = "less" if figures.impact < 0 else "more"
    return f"{brief(EXACT.abs(figures.impact), alert.currency)} {more} than expected"


def _place(alert: IncomingAlert) -> str:
    what = alert.service or alert.dimension
    return f" in {escape(what)}" if what else ""


def _when(figures: AnomalyFigures) -> str:
    if figures.begins and figures.ends and figures.begins <= figures.ends:
        return f", {days(figures.begins, figures.ends)}"
    first = figures.begins or figures.ends
    return f", since {short_day(first)}" if first else ""
