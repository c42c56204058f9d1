"""Explaining a variance from the command or the alert to its approval, as owners and reviewers meet it."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.answers import Answers
from finops.alert import Status
from finops.explanation import Category, Stage
from storage.audit import read
from storage.corrective_actions import actions_of
from storage.explanations import find_draft
from tests.handlers.desk import Desk, buttons
from tests.handlers.explaining import FIRST, KEY, NEXT, explain, says, shown, stored, text_of


def test_from_the_command_to_the_approval(desk: Desk) -> None:
    """An owner explains, it stands in the channel, a reviewer approves it, and the message and the record say so."""
    explain(desk)
    message = says(desk, "*submitted*", "The load test ran on all nodes.", "We turn the nodes off.", "open $0")
    named = ("approve", "return", "ask", "edit", "withdraw")
    assert list(buttons(message)) == [f"explanation_{name}" for name in named]
    [explanation] = stored(desk)
    assert explanation.stage is Stage.SUBMITTED and explanation.wording.amount == explanation.explained.value
    desk.told("alice", "is submitted for review. Explained $103.70 of $103.70")
    call = desk.told("dave", "*explained* +$103.70")
    assert {"explanation_approve", "explanation_return", "explanation_ask"} <= buttons(call).keys()
    desk.sandbox.person("dave").click("@app", call["ts"], "explanation_approve")
    says(desk, "*approved*", "*Approved* by Dave Example", "approved $103.70")
    assert stored(desk)[0].stage is Stage.APPROVED
    desk.told("alice", "*approved* explanation 1")
    assert "explanation_approve" not in buttons(desk.told("dave", "*Approved* by Dave Example"))
    assert desk.record() == [("alice", "explanation.submitted"), ("dave", "explanation.approved")]
    desk.settle()
    thread = [m["text"] for m in desk.sandbox.thread("cost-payments", message["ts"])[1:]]
    assert len(thread) == 2 and "*explained*" in thread[0] and "it is yours to review" in thread[0]
    assert f"<@{desk.sandbox.user_id('dave')}>" in thread[0] and "<!subteam^" in thread[0]
    assert "Dave Example *approved* explanation 1" in thread[1]


def test_from_the_alert(desk: Desk) -> None:
    """Explained from the alert, it stands in the alert's thread, and what the alert asked for is done by it."""
    key = desk.raised()
    alice = desk.sandbox.person("alice")
    alice.click("cost-payments", desk.ts(key), "alert_explain")
    alice.submit(FIRST)
    alice.submit(NEXT)
    desk.says(key, "*Done* by Alice Example")
    says(desk, "*submitted*")
    notes = desk.noted(key, 3)
    assert "explanation 1 — *submitted*" in notes[0] and "*explained*" in notes[1]
    assert notes[2] == ":white_check_mark: *Done*: Alice Example has explained the whole variance."
    assert desk.alert(key).status(desk.bench.clock.now) is Status.ACKNOWLEDGED
    assert desk.record()[1:] == [("alice", "alert.duty done"), ("alice", "explanation.submitted")]


def test_what_somebody_acknowledged_stays_theirs(desk: Desk) -> None:
    """An alert that somebody has taken on stays theirs, though another's explanation does what it asks for."""
    key = desk.raised()
    desk.sandbox.person("bob").click("cost-payments", desk.ts(key), "alert_acknowledge")
    desk.says(key, "*Acknowledged* by Bob Example")
    explain(desk)
    says(desk, "*submitted*")
    desk.says(key, "*Done* by Alice Example")
    held = desk.alert(key).acknowledgement
    assert held is not None and held.by == desk.sandbox.user_id("bob")


def test_the_form_says_the_number_and_what_moved_it(desk: Desk) -> None:
    """The form shows the variance, the drivers that add up to it, and proposes what is open in words and as amount."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    said = text_of(alice.view)
    assert "$103.70 (3.6 %) over the budget of $2,900, by the forecast of $3,003.70" in said
    assert "expected for" in said and "budget against last month" in said and "Explained $0 of $103.70" in said
    values = alice.view["state"]["values"]
    assert values["explanation_amount"]["explanation_amount"]["value"] == "103.7"
    assert "Payments in November 2026: $103.70" in values["explanation_what"]["explanation_what"]["value"]


def test_portions_and_what_is_open(desk: Desk) -> None:
    """A variance is split over two explanations: the second is proposed what is open, and both messages say so."""
    explain(desk, first={"explanation_amount": "60"})
    says(desk, "Explained $60 of $103.70", "open $43.70")
    bob = desk.sandbox.person("bob")
    bob.command("general", "/finops explain payments")
    assert bob.view["state"]["values"]["explanation_amount"]["explanation_amount"]["value"] == "43.7"
    assert "We doubled the customers." in text_of(bob.view)
    bob.submit(FIRST | {"explanation_category": "price"})
    bob.submit(NEXT)
    says(desk, "explanation 2", "Bob Example", "price or rate change", "open $0", number=2)
    says(desk, "Explained $103.70 of $103.70", number=1)
    assert sum(each.wording.amount for each in stored(desk)) == stored(desk)[1].explained.value


def test_corrective_actions_one_after_the_other(desk: Desk) -> None:
    """Several actions are added in the form, one is taken out again, and all are written with the explanation."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    alice.submit(FIRST)
    bob = desk.sandbox.user_id("bob")
    one = {"explanation_task": "Turn nodes off", "explanation_owner": bob, "explanation_due": "2026-11-20"}
    assert alice.submit(NEXT | one | {"explanation_saving": "1,200", "explanation_then": "another"}) is None
    assert "Turn nodes off" in text_of(alice.view) and alice.view["callback_id"] == "explanation_next"
    assert alice.view["state"]["values"]["explanation_task.1"]["explanation_task.1"]["value"] is None
    following = alice.view["state"]["values"]["explanation_following.1"]["explanation_following.1"]["value"]
    assert following == NEXT["explanation_following"]
    two = {"explanation_task.1": "A mistake", "explanation_then.1": "another"}
    assert alice.submit(two) is None
    alice.click(None, None, "explanation_take_out", "1")
    assert "A mistake" not in text_of(alice.view)
    three = {
        "explanation_task.2": "Buy a plan",
        "explanation_service.2": "Compute",
        "explanation_account.2": "0012",
        "explanation_tag.2": "team = payments",
        "explanation_then.2": "submit",
    }
    assert alice.submit(three) is None and alice.view is None
    says(desk, "*Turn nodes off* — Bob Example, due Fri 20 Nov, promised $1,200 a month", "*Buy a plan*")
    with desk.bench.installation.state.reading() as connection:
        actions = actions_of(connection, KEY)
        entries = [each.entry.action for each in read(connection)]
    assert [(a.text, a.explanation, a.promised) for a in actions] == [
        ("Turn nodes off", 1, Decimal(1200)),
        ("Buy a plan", 1, None),
    ]
    target = actions[1].target
    assert (target.service, target.account, target.tag, target.value) == ("Compute", "0012", "team", "payments")
    assert [name for name in entries if not name.startswith("budget.")] == [
        "explanation.submitted",
        "action.planned",
        "action.planned",
    ]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"explanation_amount": "a lot"}, "explanation_amount"),
        ({"explanation_amount": "0"}, "explanation_amount"),
        ({"explanation_amount": "1.200,50"}, "explanation_amount"),
        ({"explanation_amount": "1.200"}, "explanation_amount"),
        ({"explanation_amount": "1,5"}, "explanation_amount"),
        ({"explanation_what": "   "}, "explanation_what"),
        ({"explanation_why": " \n "}, "explanation_why"),
    ],
)
def test_what_is_wrong_stands_at_its_field(desk: Desk, changed: dict[str, str], field: str) -> None:
    """What cannot be read is said where it was written, and the form stays open."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    assert list(alice.submit(FIRST | changed)) == [field]
    assert alice.view["callback_id"] == "explanation" and stored(desk) == []


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"explanation_saving": "100"}, ["explanation_task"]),
        ({"explanation_task": "x", "explanation_owner": None}, ["explanation_owner"]),
        ({"explanation_task": "x", "explanation_due": "2026-11-11"}, ["explanation_due"]),
        ({"explanation_task": "x", "explanation_saving": "lots"}, ["explanation_saving"]),
        ({"explanation_task": "x", "explanation_tag": "checkout"}, ["explanation_tag"]),
        ({"explanation_then": "another"}, ["explanation_task"]),
    ],
)
def test_what_is_wrong_with_an_action(desk: Desk, changed: dict[str, Any], fields: list[str]) -> None:
    """What an action lacks is said at its field, and nothing is written."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    alice.submit(FIRST)
    assert list(alice.submit(NEXT | changed)) == fields
    assert stored(desk) == []


def test_amounts_as_people_write_them(desk: Desk) -> None:
    """Thousands, currency signs and a true minus are read; what is shown as open means it to the last digit."""
    for written, amount in (("$1,200.50", "1200.50"), ("\u2212 300 USD", "-300"), ("USD 7", "7")):
        explain(desk, first={"explanation_amount": written})
        assert stored(desk)[-1].wording.amount == Decimal(amount)
    left = stored(desk)[0].explained.value - sum(each.wording.amount for each in stored(desk))
    explain(desk, first={"explanation_amount": f"{left:.2f}"})
    assert stored(desk)[-1].wording.amount == left and stored(desk)[-1].wording.category is Category.GROWTH


def test_who_may_explain(desk: Desk) -> None:
    """Owners, the engineering lead and FinOps may; anybody else is told who may, by command and by button."""
    key = desk.raised()
    frank = desk.sandbox.person("frank")
    [refused] = frank.command("general", "/finops explain payments")
    assert "Only the owners, the engineering lead and FinOps explain" in refused["text"] and frank.view is None
    [refused] = desk.sandbox.person("erin").command("general", "/finops explain payments")
    assert "Only the owners" in refused["text"]
    for name in ("alice", "bob", "dave"):
        person = desk.sandbox.person(name)
        person.command("general", "/finops explain payments")
        assert person.view is not None
        person.close()
    assert key


def test_nothing_to_explain(desk: Desk) -> None:
    """Without an approved budget or without data it is said what to do, and no form opens."""
    alice = desk.sandbox.person("alice")
    [said] = alice.command("general", "/finops explain payments 2026-10")
    assert "has no approved budget for October 2026" in said["text"] and alice.view is None
    carol = desk.sandbox.person("carol")
    [said] = carol.command("general", "/finops explain idle 2026-09")
    assert "There is no data for idle in September 2026" in said["text"]
    [said] = carol.command("general", "/finops explain idle 2026-12")
    assert said["text"] == ":warning: December 2026 has not begun.\nName this month or an earlier one."


def test_the_database_fails_while_one_submits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the write fails the person is told, the form stays open with the text, and the next try writes it."""
    from sqlalchemy.exc import OperationalError

    import handlers.explanation_changes as changes

    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    alice.submit(FIRST)

    def broken(*_: Any, **__: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    with monkeypatch.context() as patched:
        patched.setattr(changes, "append", broken)
        errors = alice.submit(NEXT)
    assert list(errors) == ["explanation_following"] and "Something went wrong" in errors["explanation_following"]
    held = alice.view["state"]["values"]["explanation_following"]["explanation_following"]["value"]
    assert held == NEXT["explanation_following"] and stored(desk) == [] and shown(desk) is None
    with monkeypatch.context() as patched:
        patched.setattr(changes, "append", broken)
        alice.close()
        alice.submit(FIRST | {"explanation_why": "Because."})
        with desk.bench.installation.state.reading() as connection:
            assert find_draft(connection, alice.id, KEY, 0)["explanation_why"] == "Because."
    assert alice.submit(NEXT) is None
    says(desk, "Because.", "We turn the nodes off.")


def test_the_whole_database_is_gone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written at all, the first step stays open with every word."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")

    def gone(*_: Any) -> None:
        raise RuntimeError("the database is gone")

    with monkeypatch.context() as patched:
        patched.setattr(desk.bench.installation.state, "writing", gone)
        errors = alice.submit(FIRST)
    assert list(errors) == ["explanation_amount"] and "nothing was changed" in errors["explanation_amount"]
    assert alice.view["state"]["values"]["explanation_why"]["explanation_why"]["value"] == FIRST["explanation_why"]


def test_long_text_is_kept_whole(desk: Desk) -> None:
    """Three thousand characters in each field are shown whole: what one message cannot hold goes on in the thread."""
    line = "".join(chr(ord("a") + n % 26) for n in range(40))
    long = ((line + " & ") * 80)[:2990]
    explain(
        desk,
        first={"explanation_what": long + "WHAT-END", "explanation_why": long + "WHY-END"},
        following={"explanation_following": long + "NEXT-END"},
    )
    message = says(desk, "*submitted*")
    desk.settle()
    thread = desk.sandbox.thread("cost-payments", message["ts"])
    everything = json.dumps([m["blocks"] for m in thread if "blocks" in m])
    assert all(end in everything for end in ("WHAT-END", "WHY-END", "NEXT-END"))
    assert "explanation_approve" in buttons(message)
    alice = desk.sandbox.person("alice")
    alice.click("cost-payments", message["ts"], "explanation_edit")
    alice.submit({"explanation_what": "Short.", "explanation_why": "Short too."})
    alice.submit({"explanation_following": "Short as well."})
    says(desk, "Short too.")
    desk.settle()
    everything = json.dumps([m.get("blocks") for m in desk.sandbox.thread("cost-payments", message["ts"])])
    assert "WHY-END" not in everything and "written anew" in everything


def test_two_forms_cannot_be_submitted_twice(desk: Desk) -> None:
    """A form submitted from elsewhere meanwhile writes nothing, and says how the same is submitted once more."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    alice.submit(FIRST)
    carried = json.loads(alice.view["private_metadata"])
    answers = Answers(desk.bench.installation, lambda: None)
    inputs = {**NEXT, "explanation_then": "submit"}
    request = replace(answers.request(alice.id, "", "V1"), via="form", inputs=inputs, metadata=carried)
    assert not answers.submissions["explanation_next"](request).errors
    errors = alice.submit(NEXT)
    assert "copy what you wrote here, go back, and press Next again" in errors["explanation_following"]
    assert [each.number for each in stored(desk)] == [1]
    alice.close()
    assert alice.submit({"explanation_amount": "1", "explanation_why": "Another."}) is None
    assert alice.submit(NEXT) is None
    assert [each.wording.why for each in stored(desk)] == [FIRST["explanation_why"], "Another."]
