"""What an alert's thread is told: what happened, from what to what, by whom, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from finops.alert import Action, Alert, Event, Status
from finops.company import Team
from finops.explanation import EXPLAINED
from finops.policy import Policy
from views import blocks
from views.alert_words import (
    because,
    finding,
    folded_line,
    held_line,
    quoted,
    roles_called,
    rung,
    rung_sign,
    silence,
    to_do,
    until_then,
)
from views.fit import message
from views.message import Message
from views.people import called_lines, callee, person, some
from views.time import moment

VIA = {
    "button": "by button",
    "thread": "with `ack` in the thread",
    "reaction": "with :white_check_mark:",
    EXPLAINED: "by explaining it",
}
"""How an acknowledgement came (finops.alert.Acknowledgement.via)."""


def event_note(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> Message:
    """One event as a note in the alert's thread; it mentions whom the event calls and names everybody else.

    Args:
        alert: as it is after the change that the event is part of.
    """
    lines = [_SAID[event.action](alert, event, team, policy, names), *_called(event, policy, names)]
    lines.append(_follows(alert, event, policy, names))
    text = "\n".join(line for line in lines if line)
    return message(text, blocks.paragraphs(text))


def _before(alert: Alert, event: Event, policy: Policy) -> str:
    """The rung it stood on before, in words."""
    return rung(alert.key.kind, int(event.was["step"]), policy)


def _after(alert: Alert, event: Event, policy: Policy) -> str:
    """The rung it stands on since."""
    return rung(alert.key.kind, int(event.became["step"]), policy)


def _moved(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    sign = rung_sign(alert.key.kind, int(event.became["step"]), policy)
    moved = f"from {_before(alert, event, policy)} to *{_after(alert, event, policy)}*"
    return f"{sign} *{_verb(event)}* {moved}. {finding(alert, team)}"


def _verb(event: Event) -> str:
    """How a step moved; underspend does not rise, its gap grows."""
    was, became = int(event.was["step"]), int(event.became["step"])
    if event.action is Action.RAISED:
        return "Raised"
    if was * became < 0:
        return "Turned"
    if became < 0:
        return "Gap grown" if event.action is Action.ROSE else "Gap narrowed"
    return "Risen" if event.action is Action.ROSE else "Fallen"


def _resolved(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    why = f": {because(event.note)}" if event.note else "."
    return f":white_check_mark: *Resolved*, from {_before(alert, event, policy)}{why} {finding(alert, team)}"


def _concluded(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    return f":checkered_flag: *Concluded*, from {_before(alert, event, policy)}: {because(event.note)}"


def _acknowledged(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    by, via = person(event.by, names), VIA.get(event.note, "")
    said = f":raised_hand: *Acknowledged* by {by} {via}".rstrip()
    if alert.acknowledgement is None:
        return f"{said}."
    rest = until_then(alert, alert.acknowledgement.step, policy)
    return f"{said}; it holds until {moment(alert.acknowledgement.until)}. {rest}"


def _taken_back(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    return f":leftwards_arrow_with_hook: {person(event.by, names)} *took the acknowledgement back*{_open(event)}."


def _expired(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    return (
        f":hourglass: *The acknowledgement has expired*{_open(event)}. "
        "If somebody still works on it, they acknowledge it again."
    )


def _snoozed(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    said = f":zzz: *Snoozed* by {person(event.by, names)}"
    if alert.snooze is None:
        return f"{said}: {quoted(event.note)}."
    rest = until_then(alert, alert.snooze.step, policy, asleep=True)
    return f"{said} until {moment(alert.snooze.until)}: {quoted(event.note)}. {rest}"


def _snooze_ended(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    who = f"{person(event.by, names)} *ended the snooze*" if event.by else "*The snooze has ended*"
    now = _open(event) or ": it is acknowledged"
    return f":bell: {who}{now if event.became['status'] != Status.RESOLVED else ''}."


def _escalated(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    who, are = roles_called(event.calls or event.folded)
    verb = f"{are} called next" if event.calls else "would be next"
    return f":arrow_up: *Nobody has acknowledged it in time*, so {who} {verb}. {finding(alert, team)}"


def _overdue(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    said = to_do(alert, policy, event.at)
    return said if "Overdue" in said else f":alarm_clock: *Overdue.* {said}".rstrip()


def _called_now(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    then = ", so they are now" if event.calls or event.folded else ", and nobody is named to be"
    return f":bell: *Nobody has been called for this step yet*{then}. {finding(alert, team)}"


UNDONE = {
    "returned": "the explanation was returned",
    "voided": "the explanation does not fit the number any more",
    "withdrawn": "the explanation was taken back",
}
"""Why what was done does not hold any more (finops.explanation.Step), where it is not that a part is left."""


def _undone(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    why = UNDONE.get(event.note, "some of the variance is not explained any more")
    said = f":leftwards_arrow_with_hook: *What was to be done is open again*: {why}."
    held = alert.acknowledgement
    if event.became["status"] != Status.ACKNOWLEDGED or held is None:
        return said
    return f"{said} {person(held.by, names)} has until {moment(held.until)}; then it is asked for again."


def _done(alert: Alert, event: Event, team: Team, policy: Policy, names: Mapping[str, str]) -> str:
    if event.note == EXPLAINED:
        return f":white_check_mark: *Done*: {person(event.by, names)} has explained the whole variance."
    how = f": {quoted(event.note)}" if event.note else ""
    return f":white_check_mark: *What was to be done is done*, says {person(event.by, names)}{how}."


_SAID: dict[Action, Callable[[Alert, Event, Team, Policy, Mapping[str, str]], str]] = {
    Action.RAISED: _moved,
    Action.ROSE: _moved,
    Action.FELL: _moved,
    Action.RESOLVED: _resolved,
    Action.CONCLUDED: _concluded,
    Action.ACKNOWLEDGED: _acknowledged,
    Action.TAKEN_BACK: _taken_back,
    Action.EXPIRED: _expired,
    Action.SNOOZED: _snoozed,
    Action.SNOOZE_ENDED: _snooze_ended,
    Action.CALLED: _called_now,
    Action.DONE: _done,
    Action.UNDONE: _undone,
    Action.ESCALATED: _escalated,
    Action.OVERDUE: _overdue,
}


def _open(event: Event) -> str:
    return ": it is open again" if event.became["status"] == Status.OPEN else ""


def _called(event: Event, policy: Policy, names: Mapping[str, str]) -> list[str]:
    if event.folded:
        said = some([callee(each, names, pings=False) for each in event.folded])
        return [f"{folded_line(policy)} Left out: {said}."]
    if event.action is Action.EXPIRED and event.calls:
        # Whoever acknowledged it is asked as that, whatever their role is.
        return [f"Asked again: {some([callee(each, names, pings=True) for each in event.calls])}."]
    return called_lines(event.calls, names, pings=True)


def _follows(alert: Alert, event: Event, policy: Policy, names: Mapping[str, str]) -> str:
    """What is to be done, and what silence does; nothing where the event changes neither."""
    if event.action in (Action.RAISED, Action.ROSE):
        quiet = "" if event.calls or event.folded else _why_nobody(alert, event)
        todo = to_do(alert, policy, event.at)
        return "\n".join(part for part in (quiet, todo, silence(alert, names) if event.calls else "") if part)
    if event.action is Action.FELL:
        due = to_do(alert, policy, event.at)
        return "Nobody is called." + (f"\n{due}" if due else "")
    if event.action is Action.RESOLVED:
        return "Nothing is left to do."
    if event.action not in (Action.TAKEN_BACK, Action.EXPIRED, Action.SNOOZE_ENDED, Action.CALLED, Action.ESCALATED):
        return ""
    todo = to_do(alert, policy, event.at) if event.action in (Action.CALLED, Action.ESCALATED) else ""
    next_called = silence(alert, names) if event.became["status"] == Status.OPEN else ""
    return "\n".join(part for part in (todo, next_called) if part)


def _why_nobody(alert: Alert, event: Event) -> str:
    """Why a rise calls nobody: another speaks for it, it is answered, it is night, or it has just been called for."""
    if event.note:
        return f"Nobody is called: {event.note}."
    answered = {Status.ACKNOWLEDGED: "acknowledged", Status.SNOOZED: "snoozed"}
    for status, words in answered.items():
        if event.became["status"] == status:
            return f"Nobody is called: it is {words} for this step."
    if alert.call_at:
        return held_line(alert.call_at)
    if not any(level.callees for level in alert.chain):
        return "Nobody is named to be called for this step."
    return "Nobody is called again: they were called for this step a short while ago."
