"""Every due message reaches Slack once, whatever breaks on the way."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from bot.channels.slack import CHANNEL
from bot.delivery import Sender
from bot.directory import refresh_directory
from finops.effect import Effect
from sandbox import Fault
from storage import deliveries
from tests.bot.conftest import Bench


def _sender(bench: Bench, owner: str = "me") -> Sender:
    settings = bench.installation.settings
    channel = CHANNEL(settings.slack_bot_token.get_secret_value(), settings.api_url)
    channel.client.timeout = 2
    refresh_directory(channel.client, bench.installation.state)
    return Sender(bench.installation.state, channel, owner, bench.installation.clock)


def _queue(bench: Bench, key: str = "k", text: str = "hello", place: str = "#cost-payments", **more: Any) -> None:
    payload = {"text": text, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}], **more}
    with bench.installation.state.writing() as connection:
        deliveries.queue(connection, [Effect(key, "test", place, payload)], bench.installation.now)


def _send_all(bench: Bench, sender: Sender, tries: int = 12) -> None:
    """Send until nothing is due, moving the clock over every wait."""
    for _ in range(tries):
        sender.send_due()
        sender._free_at.clear()
        bench.clock.now += timedelta(minutes=15)


def _find(bench: Bench, key: str = "k") -> deliveries.Delivery:
    with bench.installation.state.reading() as connection:
        found = deliveries.find(connection, key)
    assert found is not None
    return found


def _texts(bench: Bench, channel: str = "cost-payments") -> list[str]:
    return [message["text"] for message in bench.sandbox.messages(channel)]


@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before", "500", "502", "slow", "rate_limited"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_post_that_breaks_is_there_once(bench: Bench, kind: str, times: int) -> None:
    """A reset, a server error, a time-out or a rate limit around a post leaves the message there exactly once."""
    sender = _sender(bench)
    bench.sandbox.inject(Fault("chat.postMessage", kind, times=times, seconds=3))
    _queue(bench)
    _send_all(bench, sender)
    assert _texts(bench) == ["hello"]
    assert _find(bench).ts == bench.sandbox.messages("cost-payments")[0]["ts"]


def test_a_sender_killed_after_the_post_does_not_post_again(bench: Bench) -> None:
    """A message whose sender died before noting it is found by its key, and brought to its newest state."""
    sender = _sender(bench)
    _queue(bench)
    with bench.installation.state.writing() as connection:
        [taken] = deliveries.lease_due(connection, "dead", bench.installation.now, 5)
        place = bench.sandbox.channel_id("cost-payments")
        assert deliveries.mark_begun(connection, taken, place, "dead", bench.installation.now)
    sender._channel.post(taken, bench.sandbox.channel_id("cost-payments"), "")
    _queue(bench, text="newer")
    assert sender.send_due() == 0
    bench.clock.now += deliveries.LEASE + timedelta(seconds=1)
    _send_all(bench, sender)
    assert _texts(bench) == ["newer"]


def test_updates_are_coalesced(bench: Bench) -> None:
    """Of ten states queued one after another, Slack sees the first that was sent and the last."""
    sender = _sender(bench)
    _queue(bench)
    _send_all(bench, sender, 1)
    for number in range(10):
        _queue(bench, text=f"state {number}")
    _send_all(bench, sender, 3)
    assert _texts(bench) == ["state 9"]
    assert [call.method for call in bench.sandbox.calls].count("chat.update") == 1


def test_the_same_state_is_no_update(bench: Bench) -> None:
    """Queueing what is there already sends nothing."""
    sender = _sender(bench)
    _queue(bench)
    _send_all(bench, sender, 2)
    _queue(bench)
    assert sender.send_due() == 0


def test_one_message_a_second_and_channel(bench: Bench) -> None:
    """Two messages to one channel leave at least a second apart; two channels do not wait for each other."""
    sender = _sender(bench)
    for number in range(2):
        _queue(bench, f"a{number}")
    _queue(bench, "b", place="#cost-search")
    start = time.monotonic()
    assert sender.send_due() == 2
    assert sender.send_due() == 0
    while sender.send_due() == 0:
        time.sleep(0.05)
    assert 1.0 <= time.monotonic() - start < 3
    assert len(_texts(bench)) == 2


def test_what_slack_never_takes_is_dead_with_its_reason(bench: Bench) -> None:
    """A message that Slack refuses as invalid is not tried again, and the reason is kept."""
    sender = _sender(bench)
    _queue(bench, blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}])
    _send_all(bench, sender, 3)
    assert [call.method for call in bench.sandbox.calls].count("chat.postMessage") == 1
    with bench.installation.state.reading() as connection:
        assert deliveries.counts(connection) == {"dead": 1}


def test_an_unknown_channel_waits_for_a_person(bench: Bench) -> None:
    """A channel that does not exist keeps the message due for a while, with what to do."""
    sender = _sender(bench)
    _queue(bench, place="#nowhere")
    sender.send_due()
    with bench.installation.state.reading() as connection:
        assert deliveries.counts(connection) == {"due": 1}


def test_the_rest_of_a_long_message_goes_into_its_thread(bench: Bench) -> None:
    """What one message could not hold follows in its thread, in order and once."""
    sender = _sender(bench)
    _queue(bench, continued=[{"text": f"part {n}", "blocks": []} for n in (2, 3)])
    _send_all(bench, sender, 6)
    [parent] = bench.sandbox.messages("cost-payments")
    assert [m["text"] for m in bench.sandbox.thread("cost-payments", parent["ts"])][-2:] == ["part 2", "part 3"]


def test_a_picture_that_is_late_follows_in_the_thread(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message does not wait for ever for its chart: it goes out without, and the chart comes into its thread."""
    monkeypatch.setattr("bot.channels.slack_pictures.WAIT", 0.0)
    sender = _sender(bench)
    from tests.bot.pictures import PICTURE

    _queue(bench, picture=PICTURE, picture_after=1)
    sender.send_due()
    [parent] = bench.sandbox.messages("cost-payments")
    assert [block["type"] for block in parent["blocks"]] == ["section"]
    monkeypatch.setattr("bot.channels.slack_pictures.WAIT", 5.0)
    _send_all(bench, sender, 4)
    thread = bench.sandbox.thread("cost-payments", parent["ts"])
    assert [block["type"] for block in thread[-1]["blocks"]] == ["image"]


def test_two_senders_share_the_work(bench: Bench) -> None:
    """Two senders on one database post every message once between them."""
    senders = [_sender(bench, "one"), _sender(bench, "two")]
    for number in range(6):
        _queue(bench, f"p{number}", place="#cost-payments")
        _queue(bench, f"s{number}", place="#cost-search")
    for sender in senders:
        sender.start()
    bench.sandbox.wait_for(lambda: len(_texts(bench)) + len(_texts(bench, "cost-search")) == 12, timeout=20)
    for sender in senders:
        sender.stop()
    assert sorted(_texts(bench)) == ["hello"] * 6


def test_a_direct_message_finds_its_person(bench: Bench) -> None:
    """A destination that is a person becomes a direct message."""
    sender = _sender(bench)
    _queue(bench, place=bench.sandbox.user_id("alice"))
    _send_all(bench, sender, 2)
    assert [message["text"] for message in bench.sandbox.person("alice").direct_messages()] == ["hello"]


def test_a_note_that_fails_after_the_post_does_not_post_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that fails right after Slack took the message leads to a look-up, not to a second message."""
    sender = _sender(bench)
    works = deliveries.mark_sent
    broken = iter([True])

    def fails_once(*given: Any) -> None:
        if next(broken, False):
            raise OSError("database is locked")
        works(*given)

    monkeypatch.setattr("bot.delivery.deliveries.mark_sent", fails_once)
    _queue(bench)
    _send_all(bench, sender, 4)
    assert _texts(bench) == ["hello"]
    assert [call.method for call in bench.sandbox.calls].count("chat.postMessage") == 1


def test_a_refusal_does_not_bury_what_came_after(bench: Bench) -> None:
    """A revision queued while the former one is being refused for good is sent all the same."""
    sender = _sender(bench)
    _queue(bench, blocks=[{"type": "nonsense"}])
    with bench.installation.state.writing() as connection:
        [taken] = deliveries.lease_due(connection, "me", bench.installation.now, 5)
    _queue(bench, text="good")
    sender._send(taken)
    assert _texts(bench) == []
    _send_all(bench, sender, 2)
    assert _texts(bench) == ["good"]


def test_somebody_who_waits_comes_first(bench: Bench) -> None:
    """An answer to a click is sent before a morning's summaries that were queued earlier."""
    sender = _sender(bench)
    for number in range(20):
        _queue(bench, f"daily/{number}", place=f"C{number}")
    with bench.installation.state.writing() as connection:
        effect = Effect("a", "answer", bench.sandbox.user_id("alice"), {"text": "now", "blocks": []})
        deliveries.queue(connection, [effect], bench.installation.now)
    sender.send_due()
    assert [message["text"] for message in bench.sandbox.person("alice").direct_messages()] == ["now"]
