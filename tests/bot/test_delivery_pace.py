"""Slack's limits are kept by all senders together, and no limit holds up what it is not of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.channels.slack import CHANNEL
from bot.delivery import Sender
from sandbox import Fault
from storage import pace
from tests.bot.delivering import PostOffice, each_office, open_office

STORM = 60
"""Seconds of Retry-After."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PostOffice]:
    """A sender's surroundings."""
    yield from each_office(tmp_path)


def test_one_post_a_second_and_channel_whoever_sends(office: PostOffice) -> None:
    """Two senders post once in a second to a channel, under whatever name it is known; other channels do not wait."""
    one, two = office.sender("one"), office.sender("two")
    office.queue("a", place="#cost-payments")
    office.queue("b", place=office.sandbox.channel_id("cost-payments"))
    office.queue("c", place="#cost-search")
    assert (one.send_due(), two.send_due()) == (2, 0)
    office.clock.now += pace.GAP - timedelta(milliseconds=50)
    assert (one.send_due(), two.send_due()) == (0, 0)
    office.clock.now += timedelta(milliseconds=50)
    assert (one.send_due(), two.send_due()) == (1, 0)


def test_a_dead_senders_channel_is_free_again(office: PostOffice) -> None:
    """A sender that died in a post keeps the channel from others for seconds, not until its lease has run out."""
    from storage import sending

    living = office.sender("living")
    office.queue("a")
    office.queue("b")
    with office.state.writing() as connection:
        assert sending.lease_due(connection, "dead", office.clock(), 5, office.clock())
    assert living.send_due() == 0
    office.clock.now += pace.HOLD
    assert living.send_due() == 1


def test_a_clock_set_back_stops_nothing(office: PostOffice) -> None:
    """A wait noted by a clock that ran a day ahead is not believed."""
    sender = office.sender()
    with office.state.writing() as connection:
        address = pace.address_of(connection, "#cost-payments")
        pace.close(connection, address, office.clock() + timedelta(days=1))
    office.queue()
    assert sender.send_due() == 1


def test_an_edit_waits_for_no_post(office: PostOffice) -> None:
    """Messages of one channel are edited in the second in which it was posted to, all at once."""
    sender = office.sender()
    for number in range(4):
        office.queue(f"k{number}")
    office.send_all(sender, 4)
    office.queue("new")
    for number in range(4):
        office.queue(f"k{number}", text=f"edited {number}")
    assert sender.send_due() == 5
    assert office.texts() == [*(f"edited {number}" for number in range(4)), "hello"]


@pytest.mark.parametrize(
    ("method", "takers", "refused"),
    [
        ("chat.postMessage", {"new", "doubt", "other doubt"}, 1),
        ("chat.update", {"old", "older"}, 2),
        ("views.publish", {"home", "other home"}, 2),
        ("conversations.history", {"doubt", "other doubt"}, 2),
    ],
)
def test_a_storm_of_limits_holds_up_only_its_own(
    office: PostOffice, method: str, takers: set[str], refused: int
) -> None:
    """429 on one kind of call costs no try, is asked again only after Retry-After, and lets all other kinds pass."""
    sender = office.sender()
    places = {"older": "#cost-search", "old": "#cost-search", "doubt": "#cost-payments", "other doubt": "#cost-idle"}
    for key in ("older", "old"):
        office.queue(key, place=places[key])
        office.send_all(sender, 1, timedelta(seconds=2))
    office.sandbox.inject(Fault("chat.postMessage", "reset_before", times=2))
    for key in ("doubt", "other doubt"):
        office.queue(key, place=places[key])
    office.send_all(sender, 1, timedelta(seconds=2))
    # As many as may be on their way before the first refusal is known.
    office.sandbox.inject(Fault(method, "rate_limited", times=refused, seconds=STORM))
    for key in ("older", "old"):
        office.queue(key, text="edited", place=places[key])
    for key, name in (("home", "alice"), ("other home", "bob")):
        office.queue_home(key, name)
    office.queue("new", place="#general")
    office.send_all(sender, 8, timedelta(seconds=2))
    every = {"older", "old", "doubt", "other doubt", "home", "other home", "new"}
    due = {key for key in every if office.find(key).sent_revision < office.find(key).revision}
    assert due <= takers and len(due) == refused
    assert office.limited() <= refused
    office.send_all(sender, 10, timedelta(seconds=20))
    assert office.counts() == {"sent": len(every)}
    assert not any(office.find(key).attempts for key in every)


def test_a_picture_that_is_limited_holds_up_itself_alone(office: PostOffice) -> None:
    """A limit met while a chart is uploaded makes neither its channel nor any other message wait."""
    from tests.bot.pictures import PICTURE

    sender = office.sender()
    office.sandbox.inject(Fault("files.getUploadURLExternal", "rate_limited", seconds=STORM))
    office.queue("chart", picture=PICTURE, picture_after=1)
    office.queue("plain")
    sender.send_due()
    office.clock.now += pace.GAP
    sender.send_due()
    assert office.texts() == ["hello"]
    office.send_all(sender, 3)
    assert (office.counts(), office.find("chart").attempts) == ({"sent": 2}, 0)


def test_two_senders_keep_slacks_own_limits(tmp_path: Path) -> None:
    """Two senders at full speed against a workspace that counts: everything arrives, and nothing comes too fast."""
    office = open_office(tmp_path, rate_limits=True)
    settings = office.installation.settings
    senders = []
    for owner in ("one", "two"):
        office.sender(owner)
        channel = CHANNEL(settings.slack_bot_token.get_secret_value(), settings.api_url)
        senders.append(Sender(office.state, channel, owner, lambda: datetime.now(UTC)))
    office.clock.now = datetime.now(UTC) - timedelta(seconds=5)
    for number in range(4):
        for place in ("#cost-payments", "#cost-search"):
            office.queue(f"{place}/{number}", place=place)
    begun = time.monotonic()
    for sender in senders:
        sender.start()
    office.sandbox.wait_for(lambda: office.counts() == {"sent": 8}, timeout=20)
    for sender in senders:
        sender.stop()
    assert office.limited() == 0
    assert 3.0 <= time.monotonic() - begun < 8
    office.sandbox.stop()
    office.state.close()
