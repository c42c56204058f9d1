"""Threads, messages that are held back, and messages that are wanted no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox import Fault
from storage import deliveries, sending
from tests.bot.delivering import PostOffice, each_office

HOUR = timedelta(hours=1)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PostOffice]:
    """A sender's surroundings."""
    yield from each_office(tmp_path)


def _withdraw(office: PostOffice, prefix: str) -> int:
    with office.state.writing() as connection:
        return deliveries.withdraw(connection, prefix)


def test_notes_stand_in_the_order_in_which_they_were_queued(office: PostOffice) -> None:
    """A note that fails holds back the later ones of its thread, and nothing else."""
    sender = office.sender()
    office.queue("alert/a", kind="alert")
    office.send_all(sender, 1, timedelta(seconds=2))
    for number in range(1, 4):
        office.queue(f"alert/a/{number}.1", text=f"note {number}", thread_of="alert/a")
    office.sandbox.inject(Fault("chat.postMessage", "500"))
    office.send_all(sender, 1, timedelta(0))
    office.queue("other", text="other", place="#cost-search")
    office.send_all(sender, 3, timedelta(milliseconds=300))
    assert (office.replies("alert/a"), office.texts("cost-search")) == ([], ["other"])
    office.send_all(sender, 8)
    assert office.replies("alert/a") == ["note 1", "note 2", "note 3"]


def test_a_note_waits_for_its_thread_to_begin_without_using_up_tries(office: PostOffice) -> None:
    """A note whose thread begins tomorrow is not tried before, and comes right after it."""
    sender = office.sender()
    office.queue("alert/a", kind="alert", not_before=office.clock.now + 60 * HOUR)
    office.queue("alert/a/1.1", text="note", thread_of="alert/a")
    office.send_all(sender, 59, HOUR)
    assert (office.texts(), office.find("alert/a/1.1").attempts) == ([], 0)
    office.send_all(sender, 4, HOUR)
    assert (office.texts(), office.replies("alert/a")) == (["hello"], ["note"])


def test_a_note_without_a_thread_dies_in_the_open(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note to a message that was never queued is tried for a while, and is then dead with what it waited for."""
    monkeypatch.setattr("bot.delivery.MOST_ATTEMPTS", 5)
    sender = office.sender()
    office.queue("note", thread_of="nothing")
    office.send_all(sender, 6)
    with office.state.reading() as connection:
        assert [letter.error for letter in deliveries.dead(connection)] == ["waits for nothing"]


def test_a_dead_note_lets_the_next_pass(office: PostOffice) -> None:
    """What Slack refuses for good does not end its thread."""
    sender = office.sender()
    office.queue("alert/a", kind="alert")
    office.queue("alert/a/1.1", thread_of="alert/a", blocks=[{"type": "nonsense"}])
    office.queue("alert/a/2.1", text="note 2", thread_of="alert/a")
    office.send_all(sender, 4)
    assert (office.replies("alert/a"), office.counts()) == (["note 2"], {"sent": 2, "dead": 1})


def test_a_thread_begins_when_its_message_is_revived(office: PostOffice) -> None:
    """Notes of a message that died wait for it, and follow it once it is tried again."""
    sender = office.sender()
    office.queue("alert/a", kind="alert", blocks=[{"type": "nonsense"}])
    office.queue("alert/a/1.1", text="note", thread_of="alert/a")
    office.send_all(sender, 3)
    assert office.counts() == {"dead": 1, "due": 1}
    office.queue("alert/a", kind="alert")
    office.send_all(sender, 3)
    assert office.replies("alert/a") == ["note"]


def test_a_broadcast_note_is_seen_in_the_channel_too(office: PostOffice) -> None:
    """A note with broadcast stands in the thread and in the channel, another in the thread only."""
    sender = office.sender()
    office.queue("alert/a", text="alert", kind="alert")
    office.queue("alert/a/1.1", text="loud", thread_of="alert/a", broadcast=True)
    office.queue("alert/a/2.1", text="quiet", thread_of="alert/a")
    office.send_all(sender, 4)
    assert (office.texts(), office.replies("alert/a")) == (["alert", "loud"], ["loud", "quiet"])


def test_the_rest_of_a_long_note_stays_in_its_thread(office: PostOffice) -> None:
    """What a note could not hold follows it in the thread that it is in itself."""
    sender = office.sender()
    office.queue("alert/a", kind="alert")
    office.queue("alert/a/1.1", text="note", thread_of="alert/a", continued=[{"text": "rest", "blocks": []}])
    office.send_all(sender, 4)
    assert office.replies("alert/a") == ["note", "rest"]


def test_what_is_held_back_goes_out_in_its_newest_state(office: PostOffice) -> None:
    """A message held back until morning and changed at night comes in the morning, once, as it was last wanted."""
    sender = office.sender()
    morning = office.clock.now + 8 * HOUR
    office.queue(text="raised", not_before=morning)
    office.send_all(sender, 3, HOUR)
    office.queue(text="acknowledged")
    office.send_all(sender, 4, HOUR)
    assert office.texts() == []
    office.send_all(sender, 3, HOUR)
    assert (office.texts(), office.calls("chat.update")) == (["acknowledged"], 0)


def test_what_pings_at_night_waits_though_it_was_due_by_day(office: PostOffice) -> None:
    """A message that could not be sent by day and would ping at night is held back; an edit of one sent is not."""
    sender = office.sender()
    office.queue("late", text="by day", place="#nowhere")
    office.queue("sent", text="by day")
    office.send_all(sender, 1, HOUR)
    morning = office.clock.now + 8 * HOUR
    for key, place in (("late", "#cost-search"), ("sent", "#cost-payments")):
        office.queue(key, text="at night", place=place, not_before=morning)
    office.send_all(sender, 3, HOUR)
    assert (office.texts("cost-search"), office.texts()) == ([], ["at night"])
    office.send_all(sender, 6, HOUR)
    assert office.texts("cost-search") == ["at night"]


def test_what_is_withdrawn_is_not_sent_until_it_is_queued_again(office: PostOffice) -> None:
    """Only what begins with the prefix is taken back; the same message queued again is sent at once, and once."""
    sender, alice = office.sender(), office.sandbox.user_id("alice")
    for key in ("call/a%/1/x", "call/a%/2/x", "call/ab/1/x"):
        office.queue(key, text=key, place=alice, not_before=office.clock.now + HOUR)
    assert _withdraw(office, "call/a%/") == 2
    office.send_all(sender, 4, HOUR)
    assert office.counts() == {"withdrawn": 2, "sent": 1}
    office.queue("call/a%/1/x", text="call/a%/1/x", place=alice)
    office.send_all(sender, 1)
    said = [message["text"] for message in office.sandbox.person("alice").direct_messages()]
    assert said == ["call/ab/1/x", "call/a%/1/x"]


def test_a_withdrawal_beats_a_sender_that_has_not_begun(office: PostOffice) -> None:
    """A message withdrawn between its lease and its post is not posted, and can be queued and sent again at once."""
    sender = office.sender()
    office.queue()
    with office.state.writing() as connection:
        [taken] = sending.lease_due(connection, "me", office.clock(), 5, office.clock())
    assert _withdraw(office, "k") == 1
    sender._send(taken)
    assert (office.texts(), office.counts()) == ([], {"withdrawn": 1})
    office.queue()
    assert sender.send_due() == 1
    assert office.texts() == ["hello"]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after_commit"])
def test_a_withdrawal_in_the_middle_of_a_post_loses_and_doubles_nothing(office: PostOffice, kind: str) -> None:
    """What is withdrawn while its outcome is unknown is not posted again; wanted again, it is there once."""
    sender = office.sender()
    office.sandbox.inject(Fault("chat.postMessage", kind))
    office.queue()
    sender.send_due()
    assert _withdraw(office, "k") == 1
    office.send_all(sender, 3)
    assert len(office.texts()) == (kind == "reset_after_commit")
    office.queue(text="again")
    office.send_all(sender, 3)
    assert (office.texts(), office.counts()) == (["again"], {"sent": 1})


def test_a_withdrawal_during_the_post_is_edited_when_wanted_again(office: PostOffice) -> None:
    """A message withdrawn while its post succeeds is known to be there, and is edited when it is queued again."""
    sender = office.sender()
    works = sender._channel.post

    def withdrawn_meanwhile(*given: object) -> object:
        posted = works(*given)  # type: ignore[arg-type]
        assert _withdraw(office, "k") == 1
        return posted

    sender._channel.post = withdrawn_meanwhile  # type: ignore[assignment, method-assign]
    office.queue()
    sender.send_due()
    assert (office.texts(), office.counts(), bool(office.find().ts)) == (["hello"], {"withdrawn": 1}, True)
    office.queue(text="again")
    office.send_all(sender, 2)
    assert (office.texts(), office.counts()) == (["again"], {"sent": 1})
