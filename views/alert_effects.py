"""From what happened to alerts to what Slack is to show: the message, notes in its thread, and direct messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from finops.alert import Action, AlertKey, Callee, Change, Event
from finops.company import Team
from finops.effect import Effect
from finops.explanation import Coverage
from finops.freeze import Freeze
from finops.incoming_alert import Received
from finops.policy import Kind, Policy
from views.alert import alert_message
from views.alert_calls import Call, call_message
from views.alert_notes import event_note


@dataclass(frozen=True)
class Told:
    """A change that Slack is told of.

    Attributes:
        change: as stored, with the alert's new version.
        place: '#channel' or id where the alert's message stands, empty for nowhere.
        freeze: the newest decision on the emergency.
        stand_ins: id of who is on leave → id of who takes their calls.
        members: id of a user group → ids of the people in it.
        coverage: how far the alert's variance is explained, None where nothing is to be.
        is_first: whether the alert has no message yet, so that the message itself is the news of a rise.
        received: what AWS said of the month, the newest first.
    """

    change: Change
    team: Team
    policy: Policy
    place: str = ""
    freeze: Freeze | None = None
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Sequence[str]] = field(default_factory=dict)
    coverage: Coverage | None = None
    is_first: bool = False
    received: Sequence[Received] = ()


def alert_effects(told: Sequence[Told], names: Mapping[str, str], now: datetime) -> list[Effect]:
    """Everything that changes of alerts make Slack show, the alerts' messages first.

    An alert that is only watched shows nothing.

    Args:
        names: Slack id → real name, or '@handle' of a group.
    """
    live = [each for each in told if each.change.alert.live]
    shown = [effect for each in live if each.place for effect in _in_channel(each, names, now)]
    return shown + _direct(live, names, now)


def _in_channel(told: Told, names: Mapping[str, str], now: datetime) -> list[Effect]:
    own = [] if told.change.alert.beside else [_message(told, names, now)]
    noted = list(enumerate(told.change.events, start=1))
    return own + [_note(told, event, number, names, now) for number, event in noted if _is_noted(told, event)]


def _message(told: Told, names: Mapping[str, str], now: datetime) -> Effect:
    """The alert's own message: edited in place, so that it pings only when it is first posted."""
    alert = told.change.alert
    called_now = {
        each.stands_in_for: each.id for event in told.change.events for each in event.calls if each.stands_in_for
    }
    stand_ins = {**told.stand_ins, **called_now}
    shown = alert_message(
        alert,
        told.team,
        told.policy,
        names,
        now,
        freeze=told.freeze,
        stand_ins=stand_ins,
        coverage=told.coverage,
        received=told.received,
    )
    return Effect(f"alert/{alert.key}", "alert", told.place, shown.as_payload(), told.team.slug)


def _is_noted(told: Told, event: Event) -> bool:
    """Whether an event is told in the thread; the first rise is news by the message itself, where it has one."""
    alert = told.change.alert
    first = told.is_first or alert.version == 1
    return alert.beside or not (first and event.action is Action.RAISED)


def _note(told: Told, event: Event, number: int, names: Mapping[str, str], now: datetime) -> Effect:
    alert = told.change.alert
    shown = event_note(alert, event, told.team, told.policy, names)
    return Effect(
        f"alert/{alert.key}/{alert.version}.{number}",
        "alert_note",
        told.place,
        shown.as_payload(),
        told.team.slug,
        thread_of=f"alert/{_speaker(alert.key) if alert.beside else alert.key}",
        broadcast=event.action in (Action.RAISED, Action.ROSE, Action.CALLED) and bool(event.calls),
    )


def _speaker(key: AlertKey) -> AlertKey:
    """The alert in whose thread another of the same month is told."""
    return AlertKey(key.team, key.month, Kind.FORECAST, key.currency)


def _direct(told: Sequence[Told], names: Mapping[str, str], now: datetime) -> list[Effect]:
    """One message a person, over all alerts they are called for; a user group's members are told one by one.

    A mention of a group reaches only those of it who are in the channel.
    """
    found: dict[str, list[Call]] = {}
    for each in told:
        for event in each.change.events:
            for user_id, called in _people(event.calls, each.members):
                call = Call(each.change.alert, event, called, each.team, each.policy, each.freeze)
                found.setdefault(user_id, []).append(call)
    return [_call(user_id, calls, names, now) for user_id, calls in found.items()]


def _people(called: Sequence[Callee], members: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Callee]]:
    """Every person who is called, once, with the call that reaches them: by themselves before as one of a group."""
    seen = set()
    for callee in sorted(called, key=lambda each: each.is_group):
        for user_id in members.get(callee.id, ()) if callee.is_group else (callee.id,):
            if user_id and user_id not in seen:
                seen.add(user_id)
                yield user_id, callee


def _call(user_id: str, calls: Sequence[Call], names: Mapping[str, str], now: datetime) -> Effect:
    first = calls[0].alert
    if all(call.alert.key == first.key for call in calls):
        key = f"call/{first.key}/{first.version}/{user_id}"
    else:
        key = f"calls/{user_id}/{first.key}/{first.version}"
    shown = call_message(calls, names, now)
    return Effect(key, "call", user_id, shown.as_payload(), calls[0].team.slug)
