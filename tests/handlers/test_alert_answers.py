"""Acknowledging an alert and giving it back, by button, word and emoji, as people do it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from finops.alert import Status
from sandbox import Fault
from tests.handlers.desk import Desk, buttons

TAKEN = {
    "alert_take_back": "Take back",
    "alert_explain": "Explain",
    "alert_snooze": "Snooze",
    "alert_drivers": "Drivers",
}


def test_acknowledged_by_button(desk: Desk) -> None:
    """A click edits the message, stops silence, is noted in the thread and on record, and shows nothing else."""
    key = desk.raised()
    assert buttons(desk.message(key))["alert_acknowledge"] == "Acknowledge"
    desk.sandbox.person("alice").click("cost-payments", desk.ts(key), "alert_acknowledge")
    message = desk.says(key, "*Acknowledged* by Alice Example")
    assert buttons(message) == TAKEN
    [note] = desk.noted(key, 1)
    assert "Alice Example" in note and "acknowledged" in note.lower()
    alert = desk.alert(key)
    assert alert.status(desk.bench.clock.now) is Status.ACKNOWLEDGED
    assert (alert.answer_by, alert.acknowledgement.via) == (None, "button")
    assert desk.hidden("alice", "cost-payments") == []
    assert desk.record() == [("finops", "alert.raised"), ("alice", "alert.acknowledged")]


@pytest.mark.parametrize("way", ["thread", "reaction"])
def test_acknowledged_without_a_button(desk: Desk, way: str) -> None:
    """`ack` in the thread and the emoji on the message do what the button does, and say so nowhere else."""
    key = desk.raised()
    alice = desk.sandbox.person("alice")
    if way == "thread":
        alice.say("cost-payments", " Ack ", thread_ts=desk.ts(key))
    else:
        alice.react("cost-payments", desk.ts(key), "white_check_mark")
    desk.says(key, "*Acknowledged* by Alice Example")
    assert desk.alert(key).acknowledgement.via == way
    assert desk.record()[1:] == [("alice", "alert.acknowledged")]
    desk.settle()
    assert len(alice.direct_messages()) == 1, "the call alone"


@pytest.mark.parametrize("way", ["button", "thread", "reaction"])
def test_taken_back(desk: Desk, way: str) -> None:
    """Whoever acknowledged takes it back in each way, and silence counts anew."""
    key = desk.raised()
    alice, place = desk.sandbox.person("alice"), "cost-payments"
    alice.react(place, desk.ts(key), "white_check_mark")
    desk.says(key, "*Acknowledged*")
    if way == "button":
        alice.click(place, desk.ts(key), "alert_take_back")
    elif way == "thread":
        alice.say(place, "unack", thread_ts=desk.ts(key))
    else:
        alice.unreact(place, desk.ts(key), "white_check_mark")
    desk.says(key, "*Open*")
    alert = desk.alert(key)
    assert (alert.acknowledgement, alert.answer_by is not None) == (None, True)
    assert [action for _, action in desk.record()] == [
        "alert.raised",
        "alert.acknowledged",
        "alert.acknowledgement taken back",
    ]


def test_an_emoji_on_a_note_counts(desk: Desk) -> None:
    """The emoji on a note in the thread is an answer to the alert; other emojis and other messages are nothing."""
    key = desk.raised()
    alice, place = desk.sandbox.person("alice"), "cost-payments"
    alice.react(place, desk.ts(key), "eyes")
    said = alice.say(place, "looking into it, will ack later", thread_ts=desk.ts(key))
    alice.react(place, said["ts"], "white_check_mark")
    alice.say(place, "ack")
    alice.click(place, desk.ts(key), "alert_acknowledge")
    desk.says(key, "*Acknowledged*")
    alice.click(place, desk.ts(key), "alert_take_back")
    desk.says(key, "*Open*")
    desk.noted(key, 2)
    note = [m for m in desk.sandbox.thread(place, desk.ts(key)) if "bot_id" in m][-1]
    alice.react(place, note["ts"], "white_check_mark")
    desk.says(key, "*Acknowledged*")
    desk.settle()
    assert len(alice.direct_messages()) == 1, "the call alone"


def test_an_emoji_taken_away_gives_back_only_itself(desk: Desk) -> None:
    """Taking the emoji away leaves an acknowledgement alone that was given by button, or by somebody else."""
    key = desk.raised()
    alice, bob, place = desk.sandbox.person("alice"), desk.sandbox.person("bob"), "cost-payments"
    alice.click(place, desk.ts(key), "alert_acknowledge")
    desk.says(key, "*Acknowledged* by Alice Example")
    for person in (alice, bob):
        person.react(place, desk.ts(key), "white_check_mark")
        person.unreact(place, desk.ts(key), "white_check_mark")
    desk.told("bob", "Alice Example was faster")
    desk.settle()
    assert desk.record()[1:] == [("alice", "alert.acknowledged")]


def test_others_are_refused_and_told_who_may(desk: Desk) -> None:
    """Somebody whom the ladder does not name is told who may: beside the message, or directly after a word or emoji."""
    key = desk.raised()
    frank, place = desk.sandbox.person("frank"), "cost-payments"
    desk.sandbox.look(lambda: desk.sandbox._workspace.join(frank.id, desk.sandbox.channel_id(place)))
    frank.click(place, desk.ts(key), "alert_acknowledge")
    desk.sandbox.wait_for(lambda: desk.hidden("frank", place), timeout=5)
    [refusal] = desk.hidden("frank", place)
    assert "Only those whom the ladder names" in refusal["text"]
    assert all(name in refusal["text"] for name in ("Alice Example", "Bob Example", "Dave Example", "@finops"))
    assert "Erin" not in refusal["text"], "silence has not called her yet"
    frank.react(place, desk.ts(key), "white_check_mark")
    frank.say(place, "unack", thread_ts=desk.ts(key))
    desk.sandbox.wait_for(lambda: len(frank.direct_messages()) == 2, timeout=5)
    # Away from the alert, it has to be said which one.
    told = refusal["text"].replace("Only those", "Payments, November 2026: Only those")
    assert {m["text"] for m in frank.direct_messages()} == {told}
    assert desk.record() == [("finops", "alert.raised")]


def test_the_sponsor_may_once_the_chain_reached_them(desk: Desk) -> None:
    """An emergency calls the sponsor at once, so the sponsor acknowledges it; FinOps, called by nobody yet, may not."""
    key = desk.raised(step=3)
    desk.told("erin", "Payments")
    call = desk.told("erin", "Payments")
    erin = desk.sandbox.person("erin")
    erin.click("@app", call["ts"], "alert_acknowledge")
    desk.says(key, "*Acknowledged* by Erin Example")
    desk.told("erin", "Acknowledged")
    assert desk.record()[1:] == [("erin", "alert.acknowledged")]


def test_the_second_is_told_who_was_first(desk: Desk) -> None:
    """A click on what somebody else has acknowledged changes nothing and names them; one's own again says so too."""
    key = desk.raised()
    alice, bob, place = desk.sandbox.person("alice"), desk.sandbox.person("bob"), "cost-payments"
    # Slack takes its time with the edit, so that everybody still sees the button.
    desk.sandbox.inject(Fault("chat.update", "500"))
    for person in (alice, bob, alice):
        person.click(place, desk.ts(key), "alert_acknowledge")
    desk.sandbox.wait_for(lambda: desk.hidden("bob", place) and desk.hidden("alice", place), timeout=5)
    [told] = desk.hidden("bob", place)
    assert "Alice Example was faster." in told["text"] and "*Acknowledged* by Alice Example" in told["text"]
    [again] = desk.hidden("alice", place)
    assert "*Acknowledged* by Alice Example" in again["text"] and "faster" not in again["text"]
    bob.say(place, "unack", thread_ts=desk.ts(key))
    desk.told("bob", "Alice Example acknowledged it.")
    assert desk.record()[1:] == [("alice", "alert.acknowledged")]
    desk.bench.clock.now += timedelta(minutes=1)
    desk.says(key, "*Acknowledged* by Alice Example")


def test_an_answer_takes_back_calls_that_are_not_yet_made(desk: Desk) -> None:
    """Calls that wait for the end of quiet hours are not made any more once somebody has acknowledged."""
    desk.bench.clock.now = datetime(2026, 11, 12, 20, 30, tzinfo=UTC)
    key = desk.raised(posted=False)
    alice = desk.sandbox.person("alice")
    [listed] = alice.command("general", "/finops alerts mine")
    alice.click("general", listed["ts"], "alerts_show")
    desk.sandbox.wait_for(lambda: len(desk.hidden("alice", "general")) == 2, timeout=5)
    alice.click("general", desk.hidden("alice", "general")[1]["ts"], "alert_acknowledge")
    desk.sandbox.wait_for(lambda: len(desk.hidden("alice", "general")) == 3, timeout=5)
    assert "*Acknowledged* by Alice Example" in desk.hidden("alice", "general")[2]["text"]
    desk.bench.clock.now = datetime(2026, 11, 13, 7, 0, tzinfo=UTC)
    desk.says(key, "*Acknowledged* by Alice Example")
    desk.settle()
    assert [desk.sandbox.person(name).direct_messages() for name in ("alice", "bob", "dave")] == [[], [], []]
    assert desk.noted(key, 1)
