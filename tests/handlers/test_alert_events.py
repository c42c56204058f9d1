"""Events as Slack brings them: twice, late, before the message's place is known, and with anything in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.answers import Answers
from bot.events import Events, NotYetKnown
from sandbox import Fault
from storage.deliveries import find
from tests.handlers.desk import Desk


def heard(events: Events, event: dict[str, Any], event_id: str) -> None:
    """Bring an event to the listeners."""
    body = {"event": event, "event_id": event_id}
    (events.message if event["type"] == "message" else events.reaction)(body, event)


def reaction(desk: Desk, key: str, person: str, kind: str = "reaction_added") -> dict[str, Any]:
    """An event of the emoji on an alert's message."""
    item = {"type": "message", "channel": desk.sandbox.channel_id(desk.channel(key)), "ts": desk.ts(key)}
    return {"type": kind, "user": desk.sandbox.user_id(person), "reaction": "white_check_mark", "item": item}


def test_an_event_brought_twice(desk: Desk) -> None:
    """An event that Slack delivers twice is one acknowledgement, and a refusal is told once."""
    key = desk.raised()
    desk.sandbox.duplicate_next_event()
    desk.sandbox.person("alice").react("cost-payments", desk.ts(key), "white_check_mark")
    desk.says(key, "*Acknowledged*")
    desk.sandbox.duplicate_next_event()
    desk.sandbox.person("bob").say("cost-payments", "ack", thread_ts=desk.ts(key))
    desk.told("bob", "was faster")
    desk.sandbox.wait_for(lambda: len([d for d in desk.sandbox.deliveries if d.kind == "events_api"]) >= 4, timeout=5)
    desk.settle()
    assert len([m for m in desk.sandbox.person("bob").direct_messages() if "faster" in m["text"]]) == 1
    assert desk.record()[1:] == [("alice", "alert.acknowledged")]


def test_a_late_copy_means_nothing(desk: Desk) -> None:
    """A copy of an event that comes after what undid it does not do it again, whether it was taken or refused."""
    key = desk.raised()
    events = Events(Answers(desk.bench.installation, lambda: None))
    heard(events, reaction(desk, key, "alice"), "Ev1")
    heard(events, reaction(desk, key, "bob"), "Ev2")
    heard(events, reaction(desk, key, "alice", "reaction_removed"), "Ev3")
    for late in ("Ev1", "Ev2"):
        heard(events, reaction(desk, key, "alice" if late == "Ev1" else "bob"), late)
    assert desk.alert(key).acknowledgement is None
    assert [action for _, action in desk.record()] == [
        "alert.raised",
        "alert.acknowledged",
        "alert.acknowledgement taken back",
    ]


def test_an_answer_to_a_message_that_is_just_being_posted(desk: Desk) -> None:
    """An emoji put on the message before its place is known here is told again by Slack, and counts then."""
    desk.sandbox.inject(Fault("chat.postMessage", "slow", times=4, seconds=1.5))
    key = desk.raised(posted=False)
    desk.sandbox.wait_for(lambda: desk.message(key), timeout=5)
    events = Events(Answers(desk.bench.installation, lambda: None))
    event = reaction(desk, key, "alice")
    with pytest.raises(NotYetKnown):
        heard(events, event, "Ev1")
    desk.settle()
    heard(events, event, "Ev1")
    desk.says(key, "*Acknowledged* by Alice Example")


def test_events_of_others_are_left_alone(desk: Desk) -> None:
    """Bots, edits, other words and emojis, words outside threads and reactions to files change and say nothing."""
    key = desk.raised()
    events = Events(Answers(desk.bench.installation, lambda: None))
    channel, ts, alice = desk.sandbox.channel_id("cost-payments"), desk.ts(key), desk.sandbox.user_id("alice")
    word = {"type": "message", "channel": channel, "user": alice, "text": "ack", "ts": "1.2", "thread_ts": ts}
    put = reaction(desk, key, "alice")
    for number, event in enumerate(
        (
            word | {"bot_id": "B1"},
            word | {"subtype": "message_changed"},
            word | {"edited": {"ts": "1.3"}},
            word | {"text": "ack?"},
            word | {"text": None},
            word | {"thread_ts": "1.2"},
            word | {"thread_ts": "99.9"},
            word | {"channel": "C0"},
            {"type": "message"},
            put | {"reaction": "eyes"},
            put | {"item": {"type": "file", "file": "F1"}},
            put | {"item": None},
            put | {"user": None},
            {"type": "reaction_added"},
        )
    ):
        heard(events, event, f"Ev{number}")
    assert desk.record() == [("finops", "alert.raised")]
    desk.settle()
    assert len(desk.sandbox.person("alice").direct_messages()) == 1
    heard(events, word | {"subtype": "thread_broadcast"}, "Ev99")
    desk.says(key, "*Acknowledged*")


def test_a_bot_that_reacts_is_told_nothing(desk: Desk) -> None:
    """Nobody whom the directory does not know is written to: a refusal for a bot would never arrive."""
    key = desk.raised()
    events = Events(Answers(desk.bench.installation, lambda: None))
    heard(events, reaction(desk, key, "alice") | {"user": "U0ROBOT"}, "Ev1")
    with desk.bench.installation.state.reading() as connection:
        assert find(connection, "answer/Ev1/U0ROBOT") is None
    assert "acknowledged" not in json.dumps(desk.record())


def test_a_message_about_several_alerts(desk: Desk) -> None:
    """A word or emoji on a call for several alerts says to use its buttons; on anything else it says nothing."""
    events = Events(Answers(desk.bench.installation, lambda: None))
    answer = events._answers.thread_words["ack"]
    request = events._answers.request(desk.sandbox.user_id("alice"), "D1", "Ev1")
    from dataclasses import replace

    said = answer(replace(request, via="thread", message="calls/U1/payments/2026-11/forecast/USD/1"))
    assert "several alerts" in said.message.text
    for key in ("daily/payments/2026-11-12", "digest/payments/2026-W46", "freeze/1/decided", "alert/nonsense", ""):
        assert answer(replace(request, via="thread", message=key)).message is None
