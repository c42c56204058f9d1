"""What waits for a person, each as a line of App Home with the buttons that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from finops.alert import Alert, is_overdue
from finops.anomaly import Anomaly
from finops.budget_request import BudgetRequest
from finops.budget_request import is_late as is_undecided
from finops.company import Team
from finops.corrective_action import CorrectiveAction
from finops.explanation import WITH_AUTHOR, Explanation, is_late
from finops.freeze import Freeze, FreezeException
from finops.policy import Policy
from views.action_notes import DONE, EDIT
from views.alert import ACKNOWLEDGE, DECIDE
from views.alert_calls import SHOW
from views.alert_words import lead
from views.amounts import money
from views.anomaly import INVESTIGATE
from views.anomaly import SHOW as SHOW_ANOMALY
from views.anomaly_words import GLASS
from views.anomaly_words import lead as anomaly_lead
from views.budget_request import APPROVE as APPROVE_BUDGET
from views.budget_request import REFUSE as REFUSE_BUDGET
from views.budget_request import approve_confirm, what_is_asked
from views.explanation import SHOW as SHOW_EXPLANATION
from views.explanation import reference
from views.explanation_words import MEMO, stage_words, which
from views.freeze import GRANT, REFUSE
from views.freeze_words import ICE
from views.home import Choice, Waiting
from views.people import person
from views.sentences import called_by
from views.text import escape
from views.time import day

WRENCH, MONEYBAG = ":wrench:", ":moneybag:"
LONGEST = 500
"""Most characters of what an exception is for, and of its reason: nobody grants what they cannot see."""


def answer_waits(alert: Alert, team: Team, policy: Policy, now: datetime) -> Waiting:
    """An alert that nobody has taken on: the finding, and since when or by when something is to be done."""
    due = ""
    if alert.due and alert.step > 0:
        due = f"; overdue since {day(alert.due)}" if is_overdue(alert, policy, now) else f"; due {day(alert.due)}"
    text = f"{lead(alert, team, policy)}\nOpen: nobody has acknowledged it{due}."
    return Waiting(text, (Choice("Acknowledge", ACKNOWLEDGE, str(alert.key)), _show(alert)))


def decision_waits(alert: Alert, team: Team, policy: Policy) -> Waiting:
    """An emergency for which a sponsor has to decide on a freeze."""
    text = f"{lead(alert, team, policy)}\n{ICE} As an executive sponsor, decide on a freeze of non-critical spend."
    return Waiting(text, (Choice("Decide", DECIDE, str(alert.key)), _show(alert)))


def exception_waits(freeze: Freeze, asked: FreezeException, team: Team, names: Mapping[str, str]) -> Waiting:
    """An exception that somebody asks for, with the reason."""
    name = escape(called_by(team))
    text = (
        f"{ICE} {person(asked.asked_by, names)} asks for an exception to the freeze of *{name}* "
        f"until {day(asked.until)}: {escape(asked.what, LONGEST)} — “{escape(asked.why, LONGEST)}”"
    )
    value = f"{freeze.id}/{asked.number}"
    return Waiting(text, (Choice("Grant", GRANT, value), Choice("Refuse", REFUSE, value)))


def explanation_waits(
    explanation: Explanation, team: Team, policy: Policy, names: Mapping[str, str], now: datetime
) -> Waiting:
    """An explanation that is to be reviewed, or to be written anew by whoever wrote it."""
    amount = money(explanation.wording.amount, explanation.key.currency)
    late = is_late(explanation, policy.calendar, now)
    by = "" if explanation.stage in WITH_AUTHOR else f" by {person(explanation.author, names)}"
    text = f"{MEMO} {which(explanation, team)}, {amount}{by}\n{stage_words(explanation, names, late=late)}"
    return Waiting(text, (Choice("Show", SHOW_EXPLANATION, reference(explanation)),))


def action_waits(action: CorrectiveAction, team: Team, today: date) -> Waiting:
    """A corrective action of the person's that is due today, or overdue."""
    when = f"overdue since {day(action.due)}" if action.due < today else "due today"
    text = f"{WRENCH} *{escape(called_by(team))}*: {escape(action.text, LONGEST)} — {when}."
    number = str(action.number)
    return Waiting(text, (Choice("Done", DONE, number), Choice("Edit", EDIT, number)))


def request_waits(
    request: BudgetRequest, team: Team, policy: Policy, names: Mapping[str, str], now: datetime
) -> Waiting:
    """A budget that somebody asks for, and by when it is to be decided."""
    what = "an exception to the budget" if request.until else "another budget"
    text = (
        f"{MONEYBAG} {person(request.asked_by, names)} asks for {what} of *{escape(called_by(team))}*: "
        f"{what_is_asked(request)} “{escape(request.why, LONGEST)}”"
    )
    if request.due:
        late = is_undecided(request, policy.calendar, now)
        text += f"\n{'Overdue since' if late else 'To be decided by'} {day(request.due)}."
    value = f"{request.number}/{request.version}"
    approve = Choice("Approve", APPROVE_BUDGET, value, approve_confirm(request))
    return Waiting(text, (approve, Choice("Refuse", REFUSE_BUDGET, value)))


def anomaly_waits(anomaly: Anomaly, team: Team) -> Waiting:
    """An anomaly of which nobody has said what it is."""
    number = str(anomaly.number)
    choices = (Choice("Investigating", INVESTIGATE, number), Choice("Show", SHOW_ANOMALY, number))
    return Waiting(f"{GLASS} {anomaly_lead(anomaly, team)}\nOpen: say what it is.", choices)


def _show(alert: Alert) -> Choice:
    return Choice("Show", SHOW, str(alert.key))
