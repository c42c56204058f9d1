"""`/finops actions` and its forms, as owners, FinOps and everybody else meet them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from finops.corrective_action import ActionStage, CorrectiveAction, Target, measure, plan_action, remind
from finops.explanation import VarianceKey
from finops.periods import Month
from storage.audit import read
from storage.corrective_actions import actions_in, find_action, save_change
from storage.deliveries import queue
from storage.leaves import Leave, record_leave
from tests.finops.test_corrective_action import saving
from tests.handlers.desk import Desk, buttons
from tests.handlers.explaining import explain, says
from views.action_notes import change_effects

PLACE = "cost-payments"
FORM = {
    "text": "Turn idle nodes off at night",
    "due": "2026-11-26",
    "promised": "1,200.50",
    "service": "Compute",
    "account": " 0012 ",
    "tag": "env=test",
}


def stored(desk: Desk, number: int = 1) -> CorrectiveAction:
    """An action as stored."""
    with desk.bench.installation.state.reading() as connection:
        found = find_action(connection, number)
    assert found is not None
    return found


def planned(
    desk: Desk, owner: str = "carol", due: date = date(2026, 11, 20), promised: str = "900"
) -> CorrectiveAction:
    """An action of Payments, stored without a word to anybody."""
    user, now = desk.sandbox.user_id(owner), desk.bench.clock.now
    key = VarianceKey("payments", Month(2026, 11), "USD")
    change = plan_action(key, 0, "Turn <idle> nodes off", user, due, Decimal(promised), Target("Compute"), user, now)
    with desk.bench.installation.state.writing() as connection:
        return save_change(connection, change, now).action


def listed(desk: Desk, person: str, words: str = "") -> dict[str, Any]:
    """The answer to the command."""
    [answer] = desk.sandbox.person(person).command("general", f"/finops actions {words}".strip())
    return dict(answer)


def pressed(desk: Desk, person: str, action: str, words: str = "") -> Any:
    """Ask for the list and press a button of it; returns the person, whose form may be open."""
    message, who = listed(desk, person, words), desk.sandbox.person(person)
    [name] = [each for each in buttons(message) if each.split(".")[0] == action][:1]
    who.click("general", message["ts"], name)
    return who


def notes(desk: Desk) -> list[str]:
    """What stands in the team's channel, by the bot."""
    desk.settle()
    return [message["text"] for message in desk.sandbox.messages(PLACE) if "bot_id" in message]


def record(desk: Desk) -> list[tuple[str, str]]:
    """Who did what to actions."""
    names = {desk.sandbox.user_id(name): name for name in ("alice", "bob", "carol", "dave")}
    with desk.bench.installation.state.reading() as connection:
        return [
            (names.get(each.entry.who, each.entry.who), each.entry.action)
            for each in read(connection)
            if each.entry.action.startswith("action.")
        ]


def test_an_actions_life(desk: Desk) -> None:
    """Planned, edited, done, opened again, dropped: each by form or button, told in the channel, and on record."""
    carol = desk.sandbox.user_id("carol")
    assert pressed(desk, "alice", "action_add", "payments").submit(FORM | {"owner": carol}) is None
    action = stored(desk)
    assert (action.text, action.owner, action.due, action.promised, action.target) == (
        FORM["text"],
        carol,
        date(2026, 11, 26),
        Decimal("1200.50"),
        Target("Compute", "0012", "env", "test"),
    )
    assert action.key == VarianceKey("payments", Month(2026, 11), "USD")
    assert "action_edit.1" in buttons(desk.told("carol", "Alice Example gave you a corrective action"))
    answer = listed(desk, "carol", "mine")
    assert (
        "#1 *Turn idle nodes off at night* — Carol Example, due Thu 26 Nov, promised $1,200.50 a month."
        in answer["text"]
    )
    pressed(desk, "carol", "action_edit").submit({"promised": "", "due": "2026-11-30"})
    assert (stored(desk).promised, stored(desk).due) == (None, date(2026, 11, 30))
    assert pressed(desk, "carol", "action_done").submit({"on": "2026-11-13"}) == {"on": "Choose today or a day before."}
    assert desk.sandbox.person("carol").submit({"on": "2026-11-11"}) is None
    assert (stored(desk).stage, stored(desk).done_on) == (ActionStage.DONE, date(2026, 11, 11))
    assert "being measured" in listed(desk, "bob")["text"]
    pressed(desk, "bob", "action_reopen")
    assert stored(desk).stage is ActionStage.OPEN
    assert pressed(desk, "bob", "action_drop").submit({"why": " "}) is not None
    desk.sandbox.person("bob").submit({"why": "the nodes are gone"})
    assert (stored(desk).stage, stored(desk).dropped_why) == (ActionStage.DROPPED, "the nodes are gone")
    assert "No corrective action is open" in listed(desk, "bob")["text"]
    assert "*Corrective actions*: 1 dropped.\n" in listed(desk, "bob", "dropped")["text"]
    heads = [note.split("*")[1] for note in notes(desk)]
    assert heads == ["Planned", "Changed", "Done", "Open again", "Dropped"]
    assert record(desk) == [
        ("alice", "action.planned"),
        ("carol", "action.edited"),
        ("carol", "action.done"),
        ("bob", "action.reopened"),
        ("bob", "action.dropped"),
    ]


def test_a_dropped_action_opens_no_form(desk: Desk) -> None:
    """An old button of a dropped action says at once how it is opened again, and the list of dropped ones does it."""
    planned(desk)
    old, carol = listed(desk, "carol"), desk.sandbox.person("carol")
    pressed(desk, "carol", "action_drop").submit({"why": "the nodes are gone"})
    seen = len(desk.hidden("carol", "general"))
    for action in ("action_done.1", "action_edit.1", "action_drop.1"):
        carol.click("general", old["ts"], action)
        assert carol.view is None
    desk.sandbox.wait_for(lambda: len(desk.hidden("carol", "general")) == seen + 3, timeout=5)
    said = {each["text"] for each in desk.hidden("carol", "general")[seen:]}
    assert said == {
        ":warning: This corrective action is dropped.\nOpen it again first. `/finops actions dropped` lists it."
    }
    pressed(desk, "carol", "action_reopen", "payments dropped")
    assert stored(desk).stage is ActionStage.OPEN


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"text": " "}, {"text": "Say what is to be done."}),
        ({"due": "2026-11-11"}, {"due": "Choose today or a later day."}),
        (
            {"promised": "-5"},
            {"promised": "A promised saving is zero or more; leave it empty where none is promised."},
        ),
        (
            {"promised": "1.200"},
            {"promised": "1.200 can be read in two ways: write 1,200 or 1.20."},
        ),
        ({"tag": "=test"}, {"tag": "Write the tag's key before its value: env=test."}),
    ],
)
def test_what_is_wrong_with_a_plan(desk: Desk, changed: dict[str, str], errors: dict[str, str]) -> None:
    """What a form lacks is said at its field, and nothing is written."""
    assert pressed(desk, "alice", "action_add", "payments").submit(FORM | changed) == errors
    with desk.bench.installation.state.reading() as connection:
        assert actions_in(connection) == []


def test_a_promise_that_is_left_as_it_was(desk: Desk) -> None:
    """A promise with more digits than can be typed now stays to the last digit where only something else is edited."""
    planned(desk, promised="900.123456")
    assert pressed(desk, "carol", "action_edit").submit({"text": "Turn them off"}) is None
    assert (stored(desk).text, stored(desk).promised) == ("Turn them off", Decimal("900.123456"))


def test_only_those_concerned_change_it(desk: Desk) -> None:
    """Its owner, the team's owners and lead, FinOps and who stands in may; everybody else sees no button."""
    planned(desk)
    for person, may in (("carol", 1), ("alice", 1), ("bob", 1), ("dave", 1), ("erin", 0), ("frank", 0)):
        assert ("action_done.1" in buttons(listed(desk, person))) is bool(may)
    assert buttons(listed(desk, "frank", "payments")) == {}
    frank, carol = desk.sandbox.user_id("frank"), desk.sandbox.user_id("carol")
    with desk.bench.installation.state.writing() as connection:
        record_leave(connection, Leave(carol, frank, date(2026, 11, 1), date(2026, 11, 30)), desk.bench.clock.now)
    assert "action_done.1" in buttons(listed(desk, "frank"))


def test_what_is_asked_for_is_shown(desk: Desk) -> None:
    """A team's, one's own, the overdue ones; text that others wrote pings nobody."""
    planned(desk, due=date(2026, 11, 11))
    planned(desk, owner="bob")
    assert "Turn &lt;idle&gt; nodes off" in listed(desk, "frank")["text"]
    for words, numbers in (
        ("", {1, 2}),
        ("payments", {1, 2}),
        ("search", set()),
        ("late", {1}),
        ("payments late", {1}),
    ):
        shown = listed(desk, "frank", words)["text"]
        assert {number for number in (1, 2, 3) if f"#{number} " in shown} == numbers
    assert "#2 " in listed(desk, "bob", "mine")["text"] and "#1 " not in listed(desk, "bob", "mine")["text"]
    assert "*overdue since Wed 11 Nov*" in listed(desk, "frank", "late")["text"]
    assert "I do not understand 'tomorrow'" in listed(desk, "frank", "payments tomorrow")["text"]


def test_of_two_forms_the_second_is_refused(desk: Desk) -> None:
    """What somebody else changed meanwhile is not written over, and what was typed stays in the form."""
    planned(desk)
    carol = pressed(desk, "carol", "action_edit")
    pressed(desk, "alice", "action_done").submit({})
    [refusal] = carol.submit({"text": "Other words"}).values()
    assert "Somebody else has changed this corrective action meanwhile." in refusal
    assert stored(desk).text == "Turn <idle> nodes off"


def test_an_answer_ends_the_question(desk: Desk) -> None:
    """What asked its owner asks no more once somebody has answered."""
    action = planned(desk, due=date(2026, 11, 11))
    installation, now = desk.bench.installation, desk.bench.clock.now
    team = installation.company.listed["payments"]
    policy = replace(installation.company.policy(team))
    with installation.state.writing() as connection:
        saved = save_change(connection, remind(action, policy.calendar, action.owner, now), now)
        effects = change_effects(saved, team, (f"#{PLACE}", ""), {}, now, policy)
        queue(connection, effects, now)
    desk.settle()
    asked = desk.told("carol", "*Overdue*")
    assert set(buttons(asked)) == {"action_done.1", "action_edit.1", "action_drop.1"}
    carol = desk.sandbox.person("carol")
    carol.click("@app", asked["ts"], "action_done.1")
    assert carol.submit({}) is None
    desk.settle()
    told = desk.told("carol", "Answered by Carol Example")
    assert told["ts"] == asked["ts"] and buttons(told) == {}
    assert not any("Overdue" in note for note in notes(desk))


def test_an_explanations_message_follows_its_actions(desk: Desk) -> None:
    """Edited, done, opened again or dropped, an action stands so in the message of its explanation, and only there."""
    explain(desk, following={"explanation_task": "Turn nodes off", "explanation_due": "2026-11-26"})
    message = says(desk, "*Turn nodes off* — Alice Example, due Thu 26 Nov.")
    desk.settle()
    posted = len(desk.sandbox.messages(PLACE))
    pressed(desk, "alice", "action_edit").submit({"text": "Turn most off"})
    says(desk, "*Turn most off* — Alice Example, due Thu 26 Nov.")
    pressed(desk, "alice", "action_done").submit({"on": "2026-11-11"})
    says(desk, "*Turn most off* — Alice Example, done Wed 11 Nov.")
    pressed(desk, "alice", "action_reopen")
    says(desk, "*Turn most off* — Alice Example, due Thu 26 Nov.")
    pressed(desk, "alice", "action_drop").submit({"why": "the nodes are gone"})
    after = says(desk, "*Turn most off* — Alice Example, dropped: “the nodes are gone”.")
    desk.settle()
    assert after["ts"] == message["ts"] and len(desk.sandbox.messages(PLACE)) == posted
    assert "*submitted*" in after["text"] and "explanation_approve" in buttons(after)


def test_a_measured_action_is_shown_until_it_is_final(desk: Desk) -> None:
    """What the money shows stands in the list with its interval; what is final leaves it."""
    planned(desk)
    pressed(desk, "carol", "action_done").submit({})
    now = desk.bench.clock.now + timedelta(minutes=1)
    with desk.bench.installation.state.writing() as connection:
        action = find_action(connection, 1)
        assert action is not None
        known = save_change(connection, measure(action, saving("900"), final=False, now=now), now).action
    assert "Measured: $900 a month less (80 % interval $800 to $1,000) so far." in listed(desk, "carol")["text"]
    with desk.bench.installation.state.writing() as connection:
        save_change(connection, measure(known, saving("900"), final=True, now=now), now)
    assert "No corrective action is open" in listed(desk, "carol")["text"]
