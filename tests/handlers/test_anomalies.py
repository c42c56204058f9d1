"""Anomalies in a workspace: the message, its buttons, who may click them, the list and App Home."""

from __future__ import annotations

import json
from typing import Any

import pytest

from finops.anomaly import Anomaly
from handlers.anomalies import COMMAND
from handlers.request import Request
from storage.anomalies import anomalies_in
from tests.handlers.desk import Desk, buttons, key_of
from tests.jobs.anomalous import DAY, NOW, deliver, look
from tests.jobs.test_find_anomalies import MORE

PLACE = "cost-payments"


@pytest.fixture
def found(desk: Desk) -> Desk:
    """The desk with an anomaly of payments in its channel."""
    deliver(desk.bench.installation, MORE, NOW)
    look(desk.bench.installation)
    desk.settle()
    desk.sandbox.wait_for(lambda: message(desk), timeout=30)
    return desk


def message(desk: Desk) -> dict[str, Any] | None:
    """The anomaly's message in Slack."""
    return next((each for each in desk.sandbox.messages(PLACE) if key_of(each) == "anomaly/1"), None)


def says(desk: Desk, words: str) -> dict[str, Any]:
    """Wait until the anomaly's message says something; returns it."""
    desk.sandbox.wait_for(lambda: (shown := message(desk)) and words in shown["text"], timeout=10)
    shown = message(desk)
    assert shown is not None
    return shown


def stored(desk: Desk) -> Anomaly:
    with desk.bench.installation.state.reading() as connection:
        [anomaly] = anomalies_in(connection)
    return anomaly


def click(desk: Desk, person: str, action: str) -> None:
    shown = message(desk)
    assert shown is not None
    desk.sandbox.person(person).click(PLACE, shown["ts"], action)


def test_investigating_and_taking_it_back(found: Desk) -> None:
    """A click says so on the message with its effect; a second one changes nothing; only its author takes it back."""
    assert buttons(says(found, "nobody has said what it is")) == {
        "anomaly_investigate": "Investigating",
        "anomaly_expect": "Expected …",
        "anomaly_false_alarm": "False alarm",
    }
    click(found, "alice", "anomaly_investigate")
    shown = says(found, "*Investigating*: Alice Example looks into it: until Thu 26 Nov 2026")
    assert "anomaly_undo" in buttons(shown) and "anomaly_investigate" not in buttons(shown)
    assert found.hidden("alice", PLACE) == []
    version = stored(found).version
    found.sandbox.person("bob").click(PLACE, shown["ts"], "anomaly_undo")
    found.sandbox.wait_for(lambda: found.hidden("bob", PLACE), timeout=10)
    assert "Alice Example said so." in found.hidden("bob", PLACE)[0]["text"]
    assert stored(found).version == version
    click(found, "alice", "anomaly_undo")
    says(found, "nobody has said what it is")
    found.settle()
    assert [each for each in found.record() if each[1].startswith("anomaly.")] == [
        ("finops", "anomaly.found"),
        ("alice", "anomaly.answered"),
        ("alice", "anomaly.undone"),
    ]


def test_a_second_click_changes_nothing(found: Desk) -> None:
    """False alarm twice by one person is one answer; the second click shows where it stands."""
    ts = says(found, "Compute")["ts"]
    alice = found.sandbox.person("alice")
    alice.click(PLACE, ts, "anomaly_false_alarm")
    says(found, "*False alarm*, says Alice Example")
    before = stored(found)
    again(found, "alice", "anomaly_false_alarm")
    assert stored(found) == before
    assert [action for _, action in found.record()].count("anomaly.answered") == 1


def again(desk: Desk, person: str, action: str) -> None:
    """Click a button that the message showed before, as somebody does whose Slack is late."""
    installation = desk.bench.installation
    request = Request(
        desk.sandbox.user_id(person),
        installation.now,
        value="1",
        channel=desk.sandbox.channel_id(PLACE),
        via="button",
        message="anomaly/1",
    )
    reply = COMMAND.actions[action](request, company=installation.company, state=installation.state)
    assert reply.message is not None and "says Alice Example" in reply.message.text


def test_others_are_refused(found: Desk) -> None:
    """Whoever is neither owner nor engineering lead nor FinOps is told who may, also with a form that they got hold of;
    FinOps may.
    """
    frank = found.sandbox.person("frank")
    found.sandbox.look(lambda: found.sandbox._workspace.join(frank.id, found.sandbox.channel_id(PLACE)))
    for number, action in enumerate(("anomaly_investigate", "anomaly_expect", "anomaly_false_alarm"), start=1):
        click(found, "frank", action)
        found.sandbox.wait_for(lambda number=number: len(found.hidden("frank", PLACE)) == number, timeout=10)
    assert all("Only the team's owners" in each["text"] for each in found.hidden("frank", PLACE))
    assert stored(found).answer is None
    dave = found.sandbox.user_id("dave")
    found.sandbox.look(lambda: found.sandbox._workspace.join(dave, found.sandbox.channel_id(PLACE)))
    click(found, "dave", "anomaly_false_alarm")
    says(found, "*False alarm*, says Dave Example")


def test_expected_until_a_day(found: Desk) -> None:
    """The form asks for the day and says what holds until then; a past day is refused at its field."""
    alice = found.sandbox.person("alice")
    click(found, "alice", "anomaly_expect")
    assert "days that cost up to $660 ping nobody" in json.dumps(alice.view)
    assert alice.submit({"until": "2026-11-01"}) == {"until": "That day is past. Choose today or a later day."}
    assert alice.submit({"until": "2026-11-30"}) is None
    shown = says(found, "*Expected*, says Alice Example: until Mon 30 Nov 2026 days that cost up to $660 ping nobody")
    assert "To do by" not in shown["text"]
    assert found.record()[-1] == ("alice", "anomaly.answered")


def test_the_list_and_home(found: Desk) -> None:
    """`/finops anomalies` ranks what lasts, with its cause; history tells what is over; App Home shows whose turn."""
    alice, installation = found.sandbox.person("alice"), found.bench.installation
    text = said(found, "/finops anomalies payments")
    assert "*1 anomaly lasts or waits for an answer* for “payments”" in text
    assert "• Account: `production (0012)` (+$900)" in text
    assert "*No anomaly of the last 92 days is over*" in said(found, "/finops anomalies history")
    assert "Open: say what it is." in json.dumps(alice.open_home(timeout=5))
    assert "Open: say what it is." not in json.dumps(found.sandbox.person("frank").open_home(timeout=5))
    deliver(installation, MORE, NOW + 4 * DAY)
    look(installation)
    assert "*1 anomaly lasts or waits for an answer*" in said(found, "/finops anomalies"), "nobody has answered"
    assert "*1 anomaly is over*, of the last 92 days" in said(found, "/finops anomalies history")
    assert "Name a team, `history`, or both." in said(found, "/finops anomalies payments please")
    object.__setattr__(installation.company, "visibility", "own")
    kept = found.sandbox.person("frank").command("general", "/finops anomalies")[-1]["text"]
    assert "No anomaly lasts" in kept and ":lock: 1 more anomaly belongs to teams" in kept


def said(desk: Desk, line: str) -> str:
    """What alice is answered."""
    return str(desk.sandbox.person("alice").command("general", line)[-1]["text"])
