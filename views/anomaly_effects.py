"""From what happened to anomalies to what Slack is to show: the message, notes in its thread, and direct messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from finops.alert import Callee
from finops.alert_rungs import heard_at
from finops.anomaly import Anomaly, AnomalyChange, AnomalyEvent, AnomalyStep
from finops.company import Team
from finops.effect import Effect
from finops.policy import Policy
from views import blocks
from views.anomaly import REVIEW, anomaly_message
from views.anomaly_words import GLASS, lead, standing
from views.fit import message
from views.message import Message
from views.people import mention, person, some, told_directly
from views.text import escape

HEADS = {
    AnomalyStep.FOUND: f"{GLASS} *Found*: our own figures show it too",
    AnomalyStep.RAISED_AGAIN: ":rotating_light: *It is to be looked at again*",
    AnomalyStep.ANSWERED: ":speech_balloon: *Answered*",
    AnomalyStep.UNDONE: ":leftwards_arrow_with_hook: *Taken back*",
    AnomalyStep.JOINED: ":incoming_envelope: *AWS Cost Anomaly Detection* has found it too",
    AnomalyStep.OVER: ":white_check_mark: *Over*",
    AnomalyStep.WITHDRAWN: ":wastebasket: *Withdrawn*",
    AnomalyStep.REVIEW_ASKED: ":memo: *The cost review is due*",
    AnomalyStep.REVIEWED: ":memo: *Cost review held*",
}
STANDS = (AnomalyStep.RAISED_AGAIN, AnomalyStep.ANSWERED, AnomalyStep.UNDONE)
"""After these a note says where it stands."""
MOST_NOTE = 500


@dataclass(frozen=True)
class ToldAnomaly:
    """A change that Slack is told of.

    Attributes:
        change: as stored, with the anomaly's number and new version.
        place: '#channel' or id where its message stands, empty for nowhere.
        callees: whose turn it is, as they are called now.
        members: id of a user group → ids of the people in it.
        is_first: whether it has no message of its own yet, so that the message itself is the news.
    """

    change: AnomalyChange
    team: Team
    policy: Policy
    place: str = ""
    callees: Sequence[Callee] = ()
    members: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_first: bool = False


def anomaly_effects(told: ToldAnomaly, names: Mapping[str, str], now: datetime) -> list[Effect]:
    """Everything that a change makes Slack show; nothing of an anomaly that has pinged nobody, but for its review."""
    anomaly, today = told.change.anomaly, told.policy.calendar.day_of(now)
    made = [_message(told, names, now), *_notes(told, names, now)] if told.place and anomaly.told_at else []
    for event in told.change.events:
        for user_id in told_directly(event.calls, told.members):
            shown = review_message(anomaly, told.team) if event.step is AnomalyStep.REVIEW_ASKED else None
            shown = shown or _note_of(anomaly, event, told.team, names, today, named=True)
            key = f"{anomaly.message}/{event.step}/{anomaly.version}/{user_id}"
            held = heard_at(told.policy, now)
            made.append(Effect(key, "call", user_id, shown.as_payload(), told.team.slug, not_before=held))
    return made


def review_message(anomaly: Anomaly, team: Team) -> Message:
    """Reminds whoever looked into it of the post-incident cost review."""
    text = (
        f"{HEADS[AnomalyStep.REVIEW_ASKED]}: {lead(anomaly, team)}\nYou looked into it, and it is over. With those "
        "concerned, write down what caused it, what it cost, and what keeps it from coming again; then say so here."
    )
    button = blocks.button("Review held", REVIEW, str(anomaly.number), style="primary")
    return message(text, [*blocks.paragraphs(text), blocks.actions(button)])


def _message(told: ToldAnomaly, names: Mapping[str, str], now: datetime) -> Effect:
    """Its own message: edited in place, so that it pings only when it is first posted."""
    anomaly, calendar = told.change.anomaly, told.policy.calendar
    shown = anomaly_message(anomaly, told.team, told.callees, names, calendar, calendar.day_of(now))
    held = heard_at(told.policy, now) if told.is_first else None
    kind = "incoming" if anomaly.told_in else "anomaly"
    return Effect(anomaly.message, kind, told.place, shown.as_payload(), told.team.slug, not_before=held)


def _notes(told: ToldAnomaly, names: Mapping[str, str], now: datetime) -> Iterator[Effect]:
    """What happened, in the thread; the first ping is news by the message itself, where it has one."""
    anomaly, today = told.change.anomaly, told.policy.calendar.day_of(now)
    found = any(event.step is AnomalyStep.FOUND for event in told.change.events)
    for number, event in enumerate(told.change.events, start=1):
        if told.is_first or (found and event.step is AnomalyStep.JOINED):
            continue
        callees = [each.id for each in told.callees if each.id] if event.pings else []
        shown = _note_of(anomaly, event, told.team, names, today, calls=callees)
        yield Effect(
            f"anomaly/{anomaly.number}/{anomaly.version}.{number}",
            "anomaly_note",
            told.place,
            shown.as_payload(),
            told.team.slug,
            thread_of=anomaly.message,
            broadcast=event.pings,
            not_before=heard_at(told.policy, now) if event.pings else None,
        )


def _note_of(
    anomaly: Anomaly,
    event: AnomalyEvent,
    team: Team,
    names: Mapping[str, str],
    today: date,
    *,
    calls: Sequence[str] = (),
    named: bool = False,
) -> Message:
    """What happened to an anomaly.

    Args:
        calls: Slack ids of who is pinged by it.
        named: whether it stands alone, and has to say of which anomaly it speaks.
    """
    by = f" by {person(event.by, names)}" if event.by else ""
    which = f": {lead(anomaly, team)}" if named or event.pings else "."
    lines = [f"{HEADS[event.step]}{by}{which}"]
    if event.step in STANDS or named:
        lines += standing(anomaly, names, today)
    if event.step is AnomalyStep.REVIEWED and event.note:
        lines.append(f"“{escape(event.note, MOST_NOTE)}”")
    if event.step in (AnomalyStep.OVER, AnomalyStep.WITHDRAWN) and event.note:
        lines.append(f"{escape(event.note, MOST_NOTE).capitalize()}.")
    if event.step is AnomalyStep.REVIEW_ASKED:
        lines.append(f"{some([person(each, names) for each in event.calls])} is reminded.")
    if calls:
        lines.append(f"{some([mention(each) for each in calls])}: please say with a button above what it is.")
    text = "\n".join(lines)
    return message(text, blocks.paragraphs(text))
