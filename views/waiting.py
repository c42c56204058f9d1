"""What waits for a person, each as a line of App Home with the buttons that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from finops.alert import Alert, is_overdue
from finops.company import Team
from finops.freeze import Freeze, FreezeException
from finops.policy import Policy
from views.alert import ACKNOWLEDGE, DECIDE
from views.alert_calls import SHOW
from views.alert_words import lead
from views.freeze import GRANT, REFUSE
from views.freeze_words import ICE
from views.home import Choice, Waiting
from views.people import person
from views.sentences import called_by
from views.text import escape
from views.time import day

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


def _show(alert: Alert) -> Choice:
    return Choice("Show", SHOW, str(alert.key))
