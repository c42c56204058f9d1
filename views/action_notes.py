"""What is said of a corrective action: in the thread where it stands, and to those who have to act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from finops.alert_rungs import heard_at
from finops.basis import Basis
from finops.company import Team
from finops.corrective_action import LONGEST, ActionChange, ActionEvent, ActionStage, ActionStep, CorrectiveAction
from finops.effect import Effect
from finops.measured_saving import LEAST, WINDOW
from finops.policy import Policy
from views import blocks
from views.actions import action_line, hidden_by, saving_words
from views.amounts import brief, days
from views.fit import message
from views.message import Block, Message
from views.people import mention, person, some
from views.sentences import BASIS, called_by
from views.text import escape

DONE, EDIT, DROP, REOPEN, ADD = "action_done", "action_edit", "action_drop", "action_reopen", "action_add"
"""action_ids; the value is the action's number, of ADD the team's slug."""
HEADS = {
    ActionStep.PLANNED: ":pushpin: *Planned*",
    ActionStep.EDITED: ":pencil2: *Changed*",
    ActionStep.DONE: ":white_check_mark: *Done*",
    ActionStep.REOPENED: ":leftwards_arrow_with_hook: *Open again*",
    ActionStep.MEASURED: ":bar_chart: *Measured*",
    ActionStep.DROPPED: ":wastebasket: *Dropped*",
    ActionStep.OVERDUE: ":alarm_clock: *Overdue*",
    ActionStep.CALLED: ":rotating_light: *Still overdue*",
}
CHASED = (ActionStep.OVERDUE, ActionStep.CALLED)
"""Steps that ask somebody for an answer."""


def action_buttons(action: CorrectiveAction) -> list[Block]:
    """What can be done about an action where it stands; none for one that has ended."""
    number = str(action.number)
    if action.stage is ActionStage.OPEN:
        return [
            blocks.button("Done", f"{DONE}.{number}", number, style="primary"),
            blocks.button("Edit", f"{EDIT}.{number}", number),
            blocks.button("Drop", f"{DROP}.{number}", number),
        ]
    if action.stage is ActionStage.DONE:
        return [
            blocks.button("Edit", f"{EDIT}.{number}", number),
            blocks.button("Other day", f"{DONE}.{number}", number),
            blocks.button("Not done", f"{REOPEN}.{number}", number, confirm=_sure()),
        ]
    return [blocks.button("Open again", f"{REOPEN}.{number}", number, confirm=_sure())]


def _sure() -> Block:
    return blocks.confirm("Open it again?", "It is to be done anew, and what was measured of it goes.", "Open it")


def event_note(
    action: CorrectiveAction, event: ActionEvent, team: Team, names: Mapping[str, str], today: date, *, to: str = ""
) -> Message:
    """What happened to an action.

    Args:
        today: the team's local day.
        to: Slack's id of who is told directly; empty for the thread, where only groups are pinged, as nothing else
            reaches them.
    """
    by = f" by {person(event.by, names)}" if event.by else ""
    lines = [f"{HEADS[event.step]}{by}: *{escape(called_by(team))}*, {action_line(action, names, today)}"]
    if event.step is ActionStep.DONE:
        lines.append(f"Its saving is measured from the bill once {LEAST} days from then on have settled.")
    if event.step is ActionStep.REOPENED and event.note:
        lines.append(f"“{escape(event.note, LONGEST)}”")
    if event.step is ActionStep.OVERDUE:
        lines.append("Say that it is done, give it another day, or drop it with a reason.")
    if event.step is ActionStep.CALLED:
        lines.append(_called(action, event, names, to))
    text = "\n".join(lines)
    asks = event.step in CHASED and action.stage is ActionStage.OPEN
    return message(text, [*blocks.paragraphs(text), *([blocks.actions(*action_buttons(action))] if asks else [])])


def _called(action: CorrectiveAction, event: ActionEvent, names: Mapping[str, str], to: str) -> str:
    if to:
        return f"{person(action.owner, names)} has not answered: find out what holds it up, or who does it instead."
    who = [mention(each) if each.startswith("S") else person(each, names) for each in event.calls]
    return f"{person(action.owner, names)} has not answered: {some(who)} are called."


def answered_note(
    action: CorrectiveAction, event: ActionEvent, team: Team, names: Mapping[str, str], today: date
) -> Message:
    """What a message that asked for an answer says once there is one; it asks no more."""
    by = person(event.by, names)
    text = f":white_check_mark: Answered by {by}: *{escape(called_by(team))}*, {action_line(action, names, today)}"
    return message(text, blocks.paragraphs(text))


def measured_note(action: CorrectiveAction, team: Team, names: Mapping[str, str], today: date, basis: Basis) -> Message:
    """What the money shows, with the days that were compared and what may hide in it."""
    saving = action.measured
    if saving is None:
        raise ValueError(f"action {action.number} is not measured")
    final = action.stage is ActionStage.MEASURED
    head = HEADS[ActionStep.MEASURED] if final else ":hourglass_flowing_sand: *Measured so far*"
    currency = action.key.currency
    lines = [
        f"{head}: *{escape(called_by(team))}*, #{action.number} *{escape(action.text, LONGEST)}* — "
        f"{person(action.owner, names)}.",
        f"{saving_words(saving, currency)}.",
    ]
    if action.promised is not None:
        lines.append(f"Promised were {brief(action.promised, currency)} a month.")
    lines += hidden_by(action)
    before, after = days(saving.before_from, saving.before_through), days(saving.after_from, saving.after_through)
    basis_words = f"Settled days {before} against {after}; basis {BASIS[basis]}."
    until = (
        "This is final." if final else f"It is measured anew until {WINDOW} days from the day it was done have settled."
    )
    text = "\n".join(lines)
    return message(
        f"{text}\n{basis_words} {until}", [*blocks.paragraphs(text), blocks.context(f"{basis_words} {until}")]
    )


def change_effects(
    change: ActionChange,
    team: Team,
    place: tuple[str, str],
    names: Mapping[str, str],
    now: datetime,
    policy: Policy,
) -> list[Effect]:
    """A note in the thread for each thing that happened, and a direct message to whoever is called.

    Args:
        place: where the thread is, and the key of the message it belongs to; both may be empty.
    """
    action, made = change.action, []
    today, held = policy.calendar.day_of(now), heard_at(policy, now)
    for event in change.events:
        if event.step is ActionStep.MEASURED:
            continue
        key = f"action/{action.number}/{event.step}/{action.version}"
        pings = any(each.startswith("S") for each in event.calls) and event.step is ActionStep.CALLED
        if place[0]:
            said = event_note(action, event, team, names, today).as_payload()
            when = held if pings else None
            made.append(Effect(key, "action", place[0], said, team.slug, thread_of=place[1], not_before=when))
        for each in event.calls:
            if not each.startswith("S"):
                said = event_note(action, event, team, names, today, to=each).as_payload()
                made.append(Effect(f"{key}/{each}", "action", each, said, team.slug, not_before=held))
    return made


def owner_effect(
    action: CorrectiveAction, by: str, team: Team, names: Mapping[str, str], now: datetime, policy: Policy
) -> Effect:
    """A direct message to whom an action was given: it is theirs to do.

    Args:
        by: Slack's id of who gave it to them.
    """
    line = action_line(action, names, policy.calendar.day_of(now))
    text = f":pushpin: {person(by, names)} gave you a corrective action: *{escape(called_by(team))}*, {line}"
    said = message(text, [*blocks.paragraphs(text), blocks.actions(*action_buttons(action))]).as_payload()
    key = f"action/{action.number}/yours/{action.version}"
    return Effect(key, "action", action.owner, said, team.slug, not_before=heard_at(policy, now))


def measured_effects(
    action: CorrectiveAction,
    team: Team,
    place: tuple[str, str],
    names: Mapping[str, str],
    now: datetime,
    policy: Policy,
    basis: Basis,
    owner: str,
) -> list[Effect]:
    """The result in the thread, edited each time it is measured, and to the owner the first and the last one.

    Args:
        owner: who is told: the action's owner or who stands in for them.
    """
    said = measured_note(action, team, names, policy.calendar.day_of(now), basis).as_payload()
    key, held = f"action/{action.number}/measured/{action.done_on}", heard_at(policy, now)
    direct = [Effect(f"{key}/{owner}", "action", owner, said, team.slug, not_before=held)]
    if action.stage is ActionStage.MEASURED:
        direct = [Effect(f"{key}/final/{owner}", "action", owner, said, team.slug, not_before=held)]
    thread = [Effect(key, "action", place[0], said, team.slug, thread_of=place[1])] if place[0] else []
    return [*thread, *direct]
