"""Every due message reaches Slack once, whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox import Fault
from storage import sending
from tests.bot.delivering import PostOffice, each_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PostOffice]:
    """A sender's surroundings."""
    yield from each_office(tmp_path)


def _lease(office: PostOffice, owner: str) -> list[sending.Lease]:
    with office.state.writing() as connection:
        return sending.lease_due(connection, owner, office.clock(), 5, office.clock())


@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before", "500", "502", "slow", "rate_limited"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_post_that_breaks_is_there_once(office: PostOffice, kind: str, times: int) -> None:
    """A reset, a server error, a time-out or a rate limit around a post leaves the message there exactly once."""
    sender = office.sender()
    office.sandbox.inject(Fault("chat.postMessage", kind, times=times, seconds=1.5))
    office.queue()
    office.send_all(sender)
    assert office.texts() == ["hello"]
    assert office.find().ts == office.sandbox.messages("cost-payments")[0]["ts"]


@pytest.mark.parametrize("place", ["#cost-payments", "alice"])
def test_a_sender_killed_after_the_post_does_not_post_again(office: PostOffice, place: str) -> None:
    """A message whose sender died before noting it is found by its key, and brought to its newest state."""
    sender = office.sender()
    address = office.sandbox.user_id(place) if place == "alice" else office.sandbox.channel_id(place)
    office.queue(place=place if place.startswith("#") else address)
    [taken] = _lease(office, "dead")
    with office.state.writing() as connection:
        assert sending.begin(connection, taken.delivery, address, office.clock())
    sender._channel.post(taken.delivery, address, "")
    office.queue(text="newer", place=taken.delivery.destination)
    assert sender.send_due() == 0
    office.clock.now += sending.LEASE + timedelta(seconds=1)
    office.send_all(sender)
    found = office.sandbox.person("alice").direct_messages() if place == "alice" else None
    assert (office.texts() if found is None else [message["text"] for message in found]) == ["newer"]


def test_a_message_that_is_found_as_it_should_be_is_not_edited(office: PostOffice) -> None:
    """After a reset the look-up alone settles what became of a message that nobody has changed since."""
    sender = office.sender()
    office.sandbox.inject(Fault("chat.postMessage", "reset_after_commit"))
    office.queue()
    office.send_all(sender, 3)
    assert (office.texts(), office.counts(), office.calls("chat.update")) == (["hello"], {"sent": 1}, 0)


def test_updates_are_coalesced(office: PostOffice) -> None:
    """Of ten states queued one after another, Slack sees the first that was sent and the last."""
    sender = office.sender()
    office.queue()
    office.send_all(sender, 1)
    for number in range(10):
        office.queue(text=f"state {number}")
    office.send_all(sender, 3)
    assert office.texts() == ["state 9"]
    assert office.calls("chat.update") == 1


def test_a_state_queued_before_the_post_is_the_one_that_is_posted(office: PostOffice) -> None:
    """A message that changed between its lease and its post goes out in its newest state at once."""
    sender = office.sender()
    office.queue()
    [taken] = _lease(office, "me")
    office.queue(text="newer")
    sender._send(taken)
    assert (office.texts(), office.calls("chat.update"), office.counts()) == (["newer"], 0, {"sent": 1})


def test_the_same_state_is_no_update(office: PostOffice) -> None:
    """Queueing what is there already sends nothing."""
    sender = office.sender()
    office.queue()
    office.send_all(sender, 2)
    office.queue()
    assert sender.send_due() == 0


def test_a_message_moves_with_its_teams_channel_until_it_is_there(office: PostOffice) -> None:
    """An unsent message goes where it was last wanted; one that is sent stays where it is and is edited there."""
    sender = office.sender()
    office.queue(place="#nowhere")
    office.send_all(sender, 1)
    office.queue(place="#cost-payments")
    office.send_all(sender, 2)
    office.queue(place="#cost-search", text="newer")
    office.send_all(sender, 2)
    assert (office.texts(), office.texts("cost-search")) == (["newer"], [])


def test_what_slack_never_takes_is_dead_with_its_reason(office: PostOffice) -> None:
    """A message that Slack refuses as invalid is not tried again, and the reason is kept."""
    sender = office.sender()
    office.queue(blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}])
    office.send_all(sender, 3)
    assert office.calls("chat.postMessage") == 1
    assert office.counts() == {"dead": 1}


def test_an_unknown_channel_waits_for_a_person(office: PostOffice) -> None:
    """A channel that does not exist keeps the message due for a while, with what to do."""
    sender = office.sender()
    office.queue(place="#nowhere")
    sender.send_due()
    assert office.counts() == {"due": 1}


def test_the_rest_of_a_long_message_goes_into_its_thread(office: PostOffice) -> None:
    """What one message could not hold follows in its thread, in order and once."""
    sender = office.sender()
    office.queue(continued=[{"text": f"part {n}", "blocks": []} for n in (2, 3)])
    office.send_all(sender, 6)
    assert office.replies() == ["part 2", "part 3"]


def test_a_picture_that_is_late_follows_in_the_thread(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message does not wait for ever for its chart: it goes out without, and the chart comes into its thread."""
    from tests.bot.pictures import PICTURE

    monkeypatch.setattr("bot.channels.slack_pictures.WAIT", 0.0)
    sender = office.sender()
    office.queue(picture=PICTURE, picture_after=1)
    sender.send_due()
    [parent] = office.sandbox.messages("cost-payments")
    assert [block["type"] for block in parent["blocks"]] == ["section"]
    monkeypatch.setattr("bot.channels.slack_pictures.WAIT", 5.0)
    office.clock.now += timedelta(seconds=2)
    office.send_all(sender, 4)
    thread = office.sandbox.thread("cost-payments", parent["ts"])
    assert [block["type"] for block in thread[-1]["blocks"]] == ["image"]


def test_a_direct_message_takes_no_look_up(office: PostOffice) -> None:
    """A person is posted to by their id, is edited where that led, and is asked for only after an unknown outcome."""
    sender, alice = office.sender(), office.sandbox.user_id("alice")
    office.queue(place=alice)
    office.send_all(sender, 2)
    office.queue(place=alice, text="newer")
    office.send_all(sender, 2)
    assert office.calls("conversations.open") == 0
    office.sandbox.inject(Fault("chat.postMessage", "reset_after_commit"))
    office.queue("other", place=alice)
    office.send_all(sender, 3)
    assert office.calls("conversations.open") == 1
    said = [message["text"] for message in office.sandbox.person("alice").direct_messages()]
    assert said == ["newer", "hello"]


def test_a_note_that_fails_after_the_post_does_not_post_again(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that fails right after Slack took the message leads to a look-up, not to a second message."""
    sender = office.sender()
    works = sending.mark_sent
    broken = iter([True])

    def fails_once(*given: Any) -> None:
        if next(broken, False):
            raise OSError("database is locked")
        works(*given)

    monkeypatch.setattr("bot.delivery.sending.mark_sent", fails_once)
    office.queue()
    office.send_all(sender, 4)
    assert office.texts() == ["hello"]
    assert office.calls("chat.postMessage") == 1


def test_a_refusal_does_not_bury_what_came_after(office: PostOffice) -> None:
    """A revision queued while the former one is being refused for good is sent all the same."""
    sender = office.sender()
    office.queue(blocks=[{"type": "nonsense"}])
    [taken] = _lease(office, "me")
    refused = sender._channel.post

    def changed_meanwhile(*given: Any) -> Any:
        office.queue(text="good")
        return refused(*given)

    sender._channel.post = changed_meanwhile  # type: ignore[method-assign]
    sender._send(taken)
    sender._channel.post = refused  # type: ignore[method-assign]
    assert office.texts() == []
    office.send_all(sender, 2)
    assert office.texts() == ["good"]


def test_a_late_edit_does_not_stay(office: PostOffice) -> None:
    """A sender that slept through its lease may undo another's edit in Slack; the newest state is then sent again."""
    sender, other = office.sender("late"), office.sender("other")
    office.queue()
    office.send_all(sender, 1)
    office.queue(text="older")
    [late] = _lease(office, "late")
    works = sender._channel.update

    def slept(delivery: Any) -> Any:
        office.clock.now += sending.LEASE + timedelta(seconds=1)
        office.queue(text="newest")
        office.send_all(other, 1)
        assert office.texts() == ["newest"]
        return works(delivery)

    sender._channel.update = slept  # type: ignore[method-assign]
    sender._send(late)
    assert office.texts() == ["older"]
    office.send_all(other, 2)
    assert (office.texts(), office.counts()) == (["newest"], {"sent": 1})


def test_somebody_who_waits_comes_first(office: PostOffice) -> None:
    """An answer to a click and a changed alert are sent before alerts, and these before a morning's summaries."""
    sender, alice = office.sender(), office.sandbox.user_id("alice")
    office.queue("alert/a", kind="alert", place="#cost-search")
    office.send_all(sender, 1)
    for number in range(10):
        office.queue(f"daily/{number}", kind="daily", place=f"C{number}")
        office.queue(f"alert/{number}", kind="alert", place=f"C{number}")
    office.queue("alert/a", text="changed", kind="alert", place="#cost-search")
    office.queue("a", kind="answer", place=alice)
    order = [lease.delivery.key for lease in _lease(office, "me")]
    assert order == ["alert/a", "a", "alert/0", "alert/1", "alert/2"]
