"""A freeze from its decision to its end, with exceptions, as sponsors and teams meet it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from finops.freeze import FreezeStatus
from finops.policy import Role
from jobs import end_freezes
from storage.freezes import find_freeze
from storage.leaves import Leave, record_leave
from storage.people import find_person
from tests.handlers.desk import Desk, buttons, key_of

DECISION = {"decision": "freeze", "what": "new GPU capacity", "until": "2026-11-30", "why": "until the plan is there"}


def freeze_of(desk: Desk, number: int = 1) -> Any:
    """A freeze as stored."""
    with desk.bench.installation.state.reading() as connection:
        return find_freeze(connection, number)


def clicked(desk: Desk, person: str, name: str, value: str) -> str:
    """What an old or made-up button answers to a person."""
    answers = _answers(desk)
    request = replace(answers.request(desk.sandbox.user_id(person), "C1", "x"), value=value, via="button")
    reply = answers.safely(lambda: answers.actions[name](request))
    return str(reply.message.text) if reply.message else ""


def decide(desk: Desk, key: str, person: str = "erin", **changed: str) -> dict[str, str] | None:
    """Open the form from the direct message and submit it."""
    who = desk.sandbox.person(person)
    call = desk.told(person, "Payments")
    who.click("@app", call["ts"], "alert_freeze")
    return who.submit(DECISION | changed)


def test_a_freezes_life(desk: Desk) -> None:
    """Decided, asked, granted, refused, lifted: each is announced, shown in the alert, and on record."""
    key = desk.raised(step=3)
    assert buttons(desk.message(key))["alert_freeze"] == "Decide on a freeze"
    assert decide(desk, key) is None
    message = desk.says(key, "*Freeze in force*", "decided by Erin Example", "new GPU capacity")
    assert {"freeze_exception", "freeze_lift"} <= buttons(message).keys() and "alert_freeze" not in buttons(message)
    desk.sandbox.wait_for(lambda: any("Freeze in force" in note for note in desk.notes(key)), timeout=5)
    bob, erin, place = desk.sandbox.person("bob"), desk.sandbox.person("erin"), "cost-payments"
    for what in ("the release", "a test cluster"):
        bob.click(place, desk.ts(key), "freeze_exception")
        assert bob.submit({"what": what, "until": "2026-11-20", "why": "customers wait"}) is None
    for action, what in (("freeze_grant", "the release"), ("freeze_refuse", "a test cluster")):
        erin.click("@app", desk.told("erin", what)["ts"], action)
    desk.says(key, "granted by Erin Example", "the release")
    desk.told("bob", "refused by Erin Example")
    assert [(each.granted, each.answered_by == erin.id) for each in freeze_of(desk).exceptions] == [
        (True, True),
        (False, True),
    ]
    assert "Erin Example has granted it already." in clicked(desk, "erin", "freeze_refuse", "1/1")
    [state] = erin.command("general", "/finops freeze payments")
    erin.click("general", state["ts"], "freeze_lift")
    desk.says(key, "*Freeze lifted* by Erin Example")
    assert freeze_of(desk).status is FreezeStatus.LIFTED
    bob_sees = desk.sandbox.person("bob")
    [nothing] = bob_sees.command("general", "/finops freeze")
    assert "Nothing is frozen" in nothing["text"]
    assert desk.record()[1:] == [
        ("erin", "alert.duty done"),
        ("erin", "freeze.decided"),
        ("bob", "freeze.exception asked"),
        ("bob", "freeze.exception asked"),
        ("erin", "freeze.exception granted"),
        ("erin", "freeze.exception refused"),
        ("erin", "freeze.lifted"),
    ]
    desk.settle()
    assert sum("Freeze lifted" in note for note in desk.notes(key)) == 1


def test_the_record_says_what_it_was_and_became(desk: Desk) -> None:
    """An entry of a freeze holds the state before and after in plain words."""
    from storage.audit import read

    key = desk.raised(step=3)
    decide(desk, key)
    bob = desk.sandbox.person("bob")
    desk.says(key, "*Freeze in force*")
    bob.click("cost-payments", desk.ts(key), "freeze_exception")
    bob.submit({"what": "the release", "until": "2026-11-20", "why": "customers wait"})
    desk.sandbox.person("erin").click("@app", desk.told("erin", "the release")["ts"], "freeze_grant")
    desk.told("bob", "granted")
    with desk.bench.installation.state.reading() as connection:
        entries = [each.entry for each in read(connection, subject="freeze/1")]
    asked = {"exception": 1, "status": "waiting", "what": "the release", "until": "2026-11-20"}
    frozen = {"alert": key, "status": "in force", "what": "new GPU capacity", "until": "2026-11-30"}
    assert [(e.action, e.was, e.became, e.note, e.team) for e in entries] == [
        ("freeze.decided", None, frozen, "until the plan is there", "payments"),
        ("freeze.exception asked", None, asked, "customers wait", "payments"),
        ("freeze.exception granted", asked, asked | {"status": "granted"}, "", "payments"),
    ]


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"what": "  "}, {"what": "Name the services, accounts or purchases."}),
        ({"until": "2026-11-11"}, {"until": "Choose today or a later day."}),
        ({"why": " "}, {"why": "Say why, for those who read it later."}),
        ({"decision": "none", "why": " ", "what": ""}, {"why": "Say why, for those who read it later."}),
    ],
)
def test_what_is_wrong_with_a_decision(desk: Desk, changed: dict[str, str], errors: dict[str, str]) -> None:
    """What a decision lacks is said at its field, and nothing is written."""
    key = desk.raised(step=3)
    assert decide(desk, key, **changed) == errors
    assert freeze_of(desk) is None


def test_no_freeze_is_a_decision_too(desk: Desk) -> None:
    """Declining is recorded and shown with its reason, and waits for nobody any more."""
    key = desk.raised(step=3)
    erin = desk.sandbox.person("erin")
    assert "decide on a freeze" in json.dumps(erin.open_home(timeout=5))
    assert decide(desk, key, decision="none", what="", why="it is one late invoice") is None
    desk.says(key, "*No freeze*", "decided by Erin Example", "it is one late invoice")
    assert "decide on a freeze" not in json.dumps(erin.open_home(timeout=5))
    assert desk.record()[1:] == [("erin", "alert.duty done"), ("erin", "freeze.declined")]


def test_only_sponsors_decide_lift_and_grant(desk: Desk) -> None:
    """Everybody else is refused politely, by button and by form, and nothing changes."""
    key = desk.raised(step=3)
    alice, place = desk.sandbox.person("alice"), "cost-payments"
    alice.click(place, desk.ts(key), "alert_freeze")
    desk.sandbox.wait_for(lambda: desk.hidden("alice", place), timeout=5)
    assert "Only an executive sponsor" in desk.hidden("alice", place)[0]["text"] and alice.view is None
    decide(desk, key)
    desk.says(key, "*Freeze in force*")
    alice.click(place, desk.ts(key), "freeze_lift")
    alice.click(place, desk.ts(key), "freeze_exception")
    alice.submit({"what": "the release", "until": "2026-11-20", "why": "customers wait"})
    desk.sandbox.wait_for(lambda: len(desk.notes(key)) == 2, timeout=5)
    desk.settle()
    note = next(m for m in desk.sandbox.thread(place, desk.ts(key)) if "freeze_grant" in buttons(m))
    alice.click(place, note["ts"], "freeze_grant")
    desk.sandbox.wait_for(lambda: len([*_hidden_in_thread(desk, "alice", key), *desk.hidden("alice", place)]) == 3)
    assert freeze_of(desk).status is FreezeStatus.IN_FORCE and freeze_of(desk).waiting
    assert [action for _, action in desk.record()[2:]] == ["freeze.decided", "freeze.exception asked"]


def _hidden_in_thread(desk: Desk, person: str, key: str) -> list[dict[str, Any]]:
    seen = desk.sandbox.person(person).sees(desk.channel(key), thread_ts=desk.ts(key))
    return [message for message in seen if message.get("is_ephemeral")]


def test_nobody_grants_their_own(desk: Desk) -> None:
    """A sponsor's own exception is answered by another one."""
    key = desk.raised(step=3)
    decide(desk, key)
    desk.says(key, "*Freeze in force*")
    erin = desk.sandbox.person("erin")
    [state] = erin.command("general", "/finops freeze")
    erin.click("general", state["ts"], "freeze_exception")
    erin.submit({"what": "my own plan", "until": "2026-11-20", "why": "because"})
    desk.says(key, "my own plan")
    [state] = erin.command("general", "/finops freeze")
    assert "freeze_grant" not in buttons(state)
    desk.sandbox.wait_for(lambda: any("my own plan" in note for note in desk.notes(key)), timeout=5)
    company = desk.bench.installation.company
    assert "Nobody grants an exception to themselves" in clicked(desk, "erin", "freeze_grant", "1/1")
    assert company.roles and freeze_of(desk).waiting


def _answers(desk: Desk) -> Any:
    from bot.answers import Answers

    return Answers(desk.bench.installation, lambda: None)


def test_who_stands_in_for_the_sponsor_decides(desk: Desk) -> None:
    """While the sponsor is on leave the stand-in decides, on the team's days of the leave and no others."""
    key = desk.raised(step=3)
    carol, erin = desk.sandbox.user_id("carol"), desk.sandbox.user_id("erin")
    with desk.bench.installation.state.writing() as connection:
        leave = Leave(erin, carol, date(2026, 11, 13), date(2026, 11, 16))
        record_leave(connection, leave, desk.bench.clock.now)
        assert find_person(connection, carol).email == "carol@example.com"
    who = desk.sandbox.person("carol")
    [state] = who.command("general", "/finops freeze")
    assert "alert_freeze" not in buttons(state)
    desk.bench.clock.now += timedelta(days=1)
    [state] = who.command("general", "/finops freeze")
    who.click("general", state["ts"], "alert_freeze")
    assert who.submit(DECISION) is None
    desk.says(key, "*Freeze in force*", "decided by Carol Example")


def test_a_freeze_is_decided_in_an_emergency_only(desk: Desk) -> None:
    """A button of former days opens nothing once the alert has fallen, nor while a freeze is in force."""
    key = desk.raised(step=3)
    call = desk.told("erin", "Payments")
    erin = desk.sandbox.person("erin")
    desk.raised(step=2)
    erin.click("@app", call["ts"], "alert_freeze")
    desk.told("erin", "not an emergency any more")
    assert erin.view is None
    desk.bench.clock.now += timedelta(days=2)
    desk.raised(step=3)
    assert decide(desk, key) is None
    desk.says(key, "*Freeze in force*")
    erin.click("@app", call["ts"], "alert_freeze")
    desk.told("erin", "Erin Example has decided on a freeze already")


def test_an_emergency_that_comes_again_is_decided_again(desk: Desk) -> None:
    """A decision counts for the emergency it was made in, and a freeze that is over for none."""
    key = desk.raised(step=3)
    assert decide(desk, key, decision="none", what="") is None
    desk.says(key, "*No freeze*")
    desk.raised(step=2)
    desk.bench.clock.now = datetime.fromisoformat("2026-11-16T09:00:00+00:00")
    desk.raised(step=3)
    message = desk.message(key)
    erin = desk.sandbox.person("erin")
    assert "decide on a freeze" in json.dumps(erin.open_home(timeout=5))
    [state] = erin.command("general", "/finops freeze")
    assert "alert_freeze" in buttons(state) and message is not None


def set_sponsors(desk: Desk, *sponsors: str) -> None:
    """Give the company other executive sponsors, as a new finops.yaml would."""
    desk.bench.installation.company.roles[Role.EXECUTIVE_SPONSOR] = tuple(f"{name}@example.com" for name in sponsors)


def ask(desk: Desk, key: str, person: str, **changed: str) -> dict[str, str] | None:
    """Ask for an exception with the button in the alert's message."""
    who = desk.sandbox.person(person)
    who.click(desk.channel(key), desk.ts(key), "freeze_exception")
    return who.submit({"what": "the release", "until": "2026-11-20", "why": "customers wait"} | changed)


def direct(desk: Desk, person: str, words: str) -> list[str]:
    """What a person was told directly of something."""
    return [each["text"] for each in desk.sandbox.person(person).direct_messages() if words in each["text"]]


def test_every_sponsor_is_asked(desk: Desk) -> None:
    """A request reaches each executive sponsor, or who stands in for one on leave, and nobody who asks it."""
    set_sponsors(desk, "erin", "frank")
    key = desk.raised(step=3)
    assert decide(desk, key) is None
    desk.says(key, "*Freeze in force*")
    erin, carol, frank = (desk.sandbox.user_id(name) for name in ("erin", "carol", "frank"))
    with desk.bench.installation.state.writing() as connection:
        record_leave(connection, Leave(erin, carol, date(2026, 11, 12), date(2026, 11, 16)), desk.bench.clock.now)
    assert ask(desk, key, "bob") is None
    for name in ("carol", "frank"):
        assert f"<@{carol}> and <@{frank}>, it waits for your answer." in desk.told(name, "the release")["text"]
    assert ask(desk, key, "frank", what="my own plan") is None
    assert f"<@{carol}>, it waits for your answer." in desk.told("carol", "my own plan")["text"]
    desk.settle()
    assert direct(desk, "erin", "the release") == [] == direct(desk, "frank", "my own plan")


def test_an_answer_takes_the_question_back(desk: Desk) -> None:
    """Once one sponsor has answered, every message that asked for it says so and has no buttons any more."""
    set_sponsors(desk, "erin", "frank")
    key = desk.raised(step=3)
    assert decide(desk, key) is None
    desk.says(key, "*Freeze in force*")
    for what in ("the release", "a test cluster"):
        assert ask(desk, key, "bob", what=what) is None
    seen = {name: desk.told(name, "the release")["ts"] for name in ("erin", "frank")}
    assert "freeze_grant" in buttons(desk.told("frank", "a test cluster"))
    desk.settle()
    desk.sandbox.person("erin").click("@app", seen["erin"], "freeze_grant")

    def asked(name: str) -> dict[str, Any]:
        return next(each for each in desk.sandbox.person(name).direct_messages() if each["ts"] == seen[name])

    for name in seen:
        desk.sandbox.wait_for(lambda name=name: "granted by Erin Example" in asked(name)["text"], timeout=30)
        assert not buttons(asked(name)) and "waits" not in asked(name)["text"]
    desk.settle()
    thread = desk.sandbox.thread("cost-payments", desk.ts(key))
    [noted] = [each for each in thread if key_of(each) == "freeze/1/asked/1"]
    assert "granted by Erin Example" in noted["text"] and not buttons(noted)
    [state] = desk.sandbox.person("erin").command("general", "/finops freeze payments")
    desk.sandbox.person("erin").click("general", state["ts"], "freeze_lift")
    desk.says(key, "*Freeze lifted*")
    desk.settle()
    [left] = [each for each in desk.sandbox.person("frank").direct_messages() if "a test cluster" in each["text"]]
    assert "answered by nobody, until Fri 20 Nov 2026 and over" in left["text"] and not buttons(left)


def test_of_two_sponsors_the_first_decides(desk: Desk) -> None:
    """A form that was opened before somebody else decided writes nothing, and says who decided what and why."""
    set_sponsors(desk, "erin", "frank")
    key = desk.raised(step=3)
    frank = desk.sandbox.person("frank")
    frank.click("@app", desk.told("frank", "Payments")["ts"], "alert_freeze")
    assert decide(desk, key, decision="none", what="", why="one late invoice") is None
    refused = frank.submit(DECISION)
    assert refused is not None
    assert "Erin Example has decided meanwhile, on no freeze: one late invoice" in " ".join(refused.values())
    assert freeze_of(desk, 2) is None
    frank.click("@app", desk.told("frank", "Payments")["ts"], "alert_freeze")
    assert frank.submit(DECISION) is None
    desk.says(key, "*Freeze in force*", "decided by Frank Example")


def test_only_the_team_asks(desk: Desk) -> None:
    """Whoever has no role in the team asks in its channel, and nowhere else."""
    key = desk.raised(step=3)
    assert decide(desk, key) is None
    desk.says(key, "*Freeze in force*")
    frank = desk.sandbox.person("frank")
    [state] = frank.command("general", "/finops freeze")
    frank.click("general", state["ts"], "freeze_exception")
    desk.sandbox.wait_for(
        lambda: any("Only the team asks" in each["text"] for each in desk.hidden("frank", "general")), timeout=10
    )
    assert frank.view is None
    alice = desk.sandbox.person("alice")
    [state] = alice.command("general", "/finops freeze")
    alice.click("general", state["ts"], "freeze_exception")
    assert alice.submit({"what": "a demo", "until": "2026-11-20", "why": "it is sold"}) is None
    answers = _answers(desk)
    here = desk.sandbox.channel_id("cost-payments")
    asked = replace(answers.request(frank.id, here, "x"), value="1", via="button")
    form = answers.actions["freeze_exception"](asked).modal
    assert json.loads(form["private_metadata"]) == {"freeze": 1, "channel": here}
    inputs = {"what": "the release", "until": "2026-11-20", "why": "customers wait"}
    for channel, number in (("C1", 1), (here, 2)):
        form = replace(answers.request(frank.id, "", "x"), inputs=inputs, metadata={"freeze": 1, "channel": channel})
        answers.safely(lambda form=form: answers.submissions["freeze_exception"](form))
        assert len(freeze_of(desk).exceptions) == number


def test_what_is_granted_is_seen_whole(desk: Desk) -> None:
    """The longest exception stands whole in every message that asks for an answer, and a longer one is not taken."""
    key = desk.raised(step=3)
    assert decide(desk, key) is None
    desk.says(key, "*Freeze in force*")
    what, why = "w" * 249 + "!", "y" * 249 + "?"
    inputs = {"what": f"{what}.", "until": "2026-11-20", "why": why}
    answers = _answers(desk)
    bob = replace(answers.request(desk.sandbox.user_id("bob"), "", "x"), metadata={"freeze": 1})
    assert answers.submissions["freeze_exception"](replace(bob, inputs=inputs)).errors == {
        "what": "At most 250 characters: everybody is shown all of it."
    }
    assert ask(desk, key, "bob", what=what, why=why) is None
    erin = desk.sandbox.person("erin")
    [listed] = erin.command("general", "/finops freeze")
    for shown in (desk.told("erin", what)["text"], json.dumps(listed["blocks"]), json.dumps(erin.open_home(timeout=5))):
        assert what in shown and why in shown


def test_what_is_past_is_neither_shown_nor_granted(desk: Desk) -> None:
    """The day after its last one an exception is listed nowhere as granted or waiting, and its button refuses."""
    key = desk.raised(step=3)
    assert decide(desk, key) is None
    desk.says(key, "*Freeze in force*")
    for what in ("the release", "a test cluster"):
        assert ask(desk, key, "bob", what=what, until="2026-11-12") is None
    erin = desk.sandbox.person("erin")
    erin.click("@app", desk.told("erin", "the release")["ts"], "freeze_grant")
    desk.says(key, "granted by Erin Example")
    desk.bench.clock.now += timedelta(days=1)
    [state] = erin.command("general", "/finops freeze")
    assert "freeze_grant" not in buttons(state) and "a test cluster" not in state["text"]
    assert "1 exception waits" not in erin.command("general", "/finops alerts")[0]["text"]
    assert "asks for an exception" not in json.dumps(erin.open_home(timeout=5))
    assert "2026-11-12, is past" in clicked(desk, "erin", "freeze_grant", "1/2")
    end_freezes.run(
        now=desk.bench.clock.now, company=desk.bench.installation.company, state=desk.bench.installation.state
    )
    desk.sandbox.wait_for(lambda: "Exception" not in str((desk.message(key) or {}).get("text")), timeout=10)
    assert (
        "what it let go on is frozen again"
        in desk.told("bob", "granted by Erin Example, until Thu 12 Nov 2026 and over")["text"]
    )
