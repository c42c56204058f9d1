"""What people write in an alert's thread when they mean to answer it, and when they do not."""

from __future__ import annotations

import pytest

from bot.answers import Answers
from bot.events import Events
from handlers.thread_words import thread_word
from tests.handlers.desk import Desk

WORDS = ("ack", "acknowledge", "acknowledged", "unack")
ALONE = (
    *("ack", " ACK. ", "Ack!", "ack please", "ack, thanks", "ack - thank you!", "ack :pray:"),
    *("*ack*", "_ack_", "`ack`", "“ack”", "ack 👍", "ack 🙏 thx.", "ack :+1::skin-tone-2:"),
    "ACK, please :slightly_smiling_face:",
)


@pytest.mark.parametrize("text", ALONE)
def test_a_word_with_what_people_put_around_it(text: str) -> None:
    """Case, punctuation, styling, a closing please or thanks and emojis leave the word what it is."""
    assert thread_word(text, WORDS) == ("ack", True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ack that it was the release", ("ack", False)),
        ("ack?", ("", False)),
        ("ack, please?", ("", False)),
        ("ack, not mine", ("ack", False)),
        ("unack for now", ("unack", False)),
        ("Acknowledged by whom?", ("acknowledged", False)),
        ("Unack", ("unack", True)),
        ("I cannot ack this", ("", False)),
        ("please ack", ("", False)),
        ("acks", ("", False)),
        ("acking now", ("", False)),
        ("<@U1> ack", ("", False)),
        (":ack:", ("", False)),
        ("…", ("", False)),
        ("", ("", False)),
    ],
)
def test_what_is_no_answer(text: str, found: tuple[str, bool]) -> None:
    """More words, a question and a word that only contains ours are no answer; a sentence begun with ours is known."""
    assert thread_word(text, WORDS) == found


def test_a_polite_word_acknowledges(desk: Desk) -> None:
    """`Ack, thanks! :pray:` in the thread acknowledges the alert."""
    key = desk.raised()
    desk.sandbox.person("alice").say("cost-payments", "Ack, thanks! :pray:", thread_ts=desk.ts(key))
    desk.says(key, "*Acknowledged* by Alice Example")
    assert desk.record()[1:] == [("alice", "alert.acknowledged")]


def test_a_sentence_that_begins_with_the_word_is_answered_once(desk: Desk) -> None:
    """Whoever writes more is told in private how to answer, once however often Slack tells it, and nothing changes."""
    key = desk.raised()
    events = Events(Answers(desk.bench.installation, lambda: None))
    alice, channel = desk.sandbox.person("alice"), desk.sandbox.channel_id("cost-payments")
    said = {"type": "message", "channel": channel, "user": alice.id, "ts": "1.2", "thread_ts": desk.ts(key)}
    said["text"] = "ack that this was the release"
    for event_id in ("Ev1", "Ev1", "Ev2"):
        events.message({"event": said, "event_id": event_id}, said)
    desk.told("alice", "To acknowledge, answer with `ack` alone.")
    for other in ("I cannot ack this", "the release"):
        events.message({"event": said | {"text": other, "ts": "1.3"}, "event_id": "Ev3"}, said | {"text": other})
    desk.settle()
    assert [m["text"] for m in alice.direct_messages()][1:] == ["To acknowledge, answer with `ack` alone."]
    assert desk.record() == [("finops", "alert.raised")]


def test_nothing_is_said_outside_of_alerts(desk: Desk) -> None:
    """In a thread that is no alert's, and to whom the directory does not know, no hint is given."""
    key = desk.raised()
    events = Events(Answers(desk.bench.installation, lambda: None))
    channel, alice = desk.sandbox.channel_id("cost-payments"), desk.sandbox.user_id("alice")
    said = {"type": "message", "channel": channel, "user": alice, "text": "ack for today", "ts": "1.2"}
    for number, event in enumerate(({"thread_ts": "99.9"}, {"thread_ts": desk.ts(key), "user": "U0ROBOT"})):
        events.message({"event": said | event, "event_id": f"Ev{number}"}, said | event)
    desk.settle()
    assert len(desk.sandbox.person("alice").direct_messages()) == 1, "the call alone"
