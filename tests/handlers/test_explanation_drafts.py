"""What somebody types of an explanation is kept, whatever becomes of the form."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.answers import Answers
from handlers.explanation_drafts import ENDED
from handlers.explanation_fields import FIRST as FIELDS
from sandbox import AppFailure
from storage.budgets import TABLE as BUDGETS
from storage.explanations import find_draft, save_draft
from tests.handlers.desk import Desk, buttons
from tests.handlers.explaining import FIRST, KEY, NEXT, explain, says, stored, text_of


def draft(desk: Desk, user_id: str, number: int = 0) -> dict[str, Any]:
    """What is kept for somebody."""
    with desk.bench.installation.state.reading() as connection:
        kept = find_draft(connection, user_id, KEY, number)
    return {name: value for name, value in kept.items() if name != ENDED}


def held(view: dict[str, Any], name: str) -> Any:
    """What a field of a form holds."""
    [value] = [
        each for element in view["state"]["values"][name].values() for key, each in element.items() if key != "type"
    ]
    return value["value"] if isinstance(value, dict) else value


def test_what_is_typed_survives_a_closed_form(desk: Desk) -> None:
    """Every character is kept while it is typed; the form opened again holds it, and can be begun anew."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    proposed = held(alice.view, "explanation_what")
    alice.click(None, None, "explanation_why", "We dou")
    alice.select(None, None, "explanation_category", "price")
    assert draft(desk, alice.id)["explanation_why"] == "We dou"
    alice.close()
    alice.command("general", "/finops explain payments")
    assert held(alice.view, "explanation_why") == "We dou" and held(alice.view, "explanation_category") == "price"
    assert "what you had typed" in text_of(alice.view)
    alice.click(None, None, "explanation_anew")
    assert held(alice.view, "explanation_why.1") is None and held(alice.view, "explanation_what.1") == proposed
    assert draft(desk, alice.id) == {} and "what you had typed" not in text_of(alice.view)
    anew = {f"{name}.1": value for name, value in FIRST.items()}
    assert list(alice.submit(anew | {"explanation_amount.1": "none"})) == ["explanation_amount.1"]
    assert alice.submit({"explanation_amount.1": "50"}) is None
    assert alice.submit(NEXT) is None
    says(desk, "+$50", "The load test ran on all nodes.")


def test_the_second_step_is_kept_too(desk: Desk) -> None:
    """What is typed of What next and of an action is there again after going back, and after another start."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    alice.submit(FIRST)
    alice.click(None, None, "explanation_following", "We look at")
    alice.click(None, None, "explanation_task", "Turn nodes off")
    alice.close()
    alice.submit({"explanation_why": "Another reason."})
    assert held(alice.view, "explanation_following") == "We look at"
    assert held(alice.view, "explanation_task") == "Turn nodes off"
    alice.close()
    alice.close()
    assert alice.view is None
    alice.command("general", "/finops explain payments")
    assert held(alice.view, "explanation_why") == "Another reason."
    assert alice.submit({}) is None
    assert held(alice.view, "explanation_following") == "We look at"
    assert alice.submit({}) is None
    says(desk, "Another reason.", "We look at", "*Turn nodes off* — Alice Example")
    assert draft(desk, alice.id) == {}


def test_a_draft_is_its_writers_own(desk: Desk) -> None:
    """Nobody finds what somebody else has typed."""
    alice, bob = desk.sandbox.person("alice"), desk.sandbox.person("bob")
    alice.command("general", "/finops explain payments")
    alice.click(None, None, "explanation_why", "mine")
    bob.command("general", "/finops explain payments")
    assert held(bob.view, "explanation_why") is None and "what you had typed" not in text_of(bob.view)


@pytest.mark.parametrize("ends", ["submitted", "begun anew"])
def test_what_comes_after_the_end_is_no_draft(desk: Desk, ends: str) -> None:
    """A character of either step told late, after the form was submitted or begun anew, proposes nothing."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    carried = json.loads(alice.view["private_metadata"])
    if ends == "submitted":
        alice.submit(FIRST)
        alice.submit(NEXT)
    else:
        alice.click(None, None, "explanation_why", "typed")
        alice.close()
        alice.command("general", "/finops explain payments")
        alice.click(None, None, "explanation_anew")
        alice.close()
    answers = Answers(desk.bench.installation, lambda: None)
    for name in ("explanation_why", "explanation_following", "explanation_task"):
        late = replace(answers.request(alice.id, "", "V1"), inputs={name: "late"}, metadata=carried)
        for told in (answers.actions[name], answers.closings["explanation"], answers.closings["explanation_next"]):
            told(late)
        assert draft(desk, alice.id) == {}
    alice.command("general", "/finops explain payments")
    assert "what you had typed" not in text_of(alice.view)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("explanation_amount", "60"),
        ("explanation_category", "price"),
        ("explanation_stays", "yes"),
        ("explanation_what", "It ran twice."),
        ("explanation_why", "Three customers."),
    ],
)
def test_a_change_of_any_field_is_kept(desk: Desk, name: str, value: str) -> None:
    """Whichever one field of an explanation is changed, the form that was closed holds it when it is opened again."""
    explain(desk)
    message = says(desk, "*submitted*")
    alice = desk.sandbox.person("alice")
    alice.click("cost-payments", message["ts"], "explanation_edit")
    before = {each: held(alice.view, each) for each in FIELDS}
    alice.select(None, None, name, value)
    alice.close()
    alice.click("cost-payments", message["ts"], "explanation_edit")
    assert {each: held(alice.view, each) for each in FIELDS} == before | {name: value}
    assert "what you had typed" in text_of(alice.view)


def test_a_form_only_looked_at_is_no_draft(desk: Desk) -> None:
    """Whoever opens a form and closes it has typed nothing; what is put back to what it was is kept as such."""
    explain(desk)
    message = says(desk, "*submitted*")
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    alice.close()
    alice.click("cost-payments", message["ts"], "explanation_edit")
    alice.close()
    assert draft(desk, alice.id) == {} and draft(desk, alice.id, 1) == {}
    alice.click("cost-payments", message["ts"], "explanation_edit")
    alice.click(None, None, "explanation_why", "Oth")
    alice.click(None, None, "explanation_why", FIRST["explanation_why"])
    alice.close()
    assert draft(desk, alice.id, 1)["explanation_why"] == FIRST["explanation_why"]


def test_what_is_submitted_unchanged_is_no_draft(desk: Desk) -> None:
    """An edit that ends as it began is told so, and leaves nothing behind."""
    explain(desk)
    message = says(desk, "*submitted*")
    alice = desk.sandbox.person("alice")
    alice.click("cost-payments", message["ts"], "explanation_edit")
    alice.submit({})
    alice.submit({})
    desk.told("alice", "Nothing of the explanation was changed.")
    assert draft(desk, alice.id, 1) == {}


def test_an_older_text_that_is_told_late_is_not_submitted(desk: Desk) -> None:
    """What was told of the first step while it was typed may come after Next: what stood there then is submitted."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    assert alice.submit(FIRST) is None
    with desk.bench.installation.state.writing() as connection:
        known = find_draft(connection, alice.id, KEY, 0, lock=True)
        save_draft(connection, alice.id, KEY, 0, known | {"explanation_why": "Cut of"}, desk.bench.installation.now)
    assert alice.submit(NEXT) is None
    says(desk, "*submitted*")
    assert [each.wording.why for each in stored(desk)] == [FIRST["explanation_why"]]


def test_two_editors(desk: Desk) -> None:
    """Of two who edit the same explanation the second is told what it is now, keeps their text, and sees both."""
    explain(desk)
    message = says(desk, "*submitted*")
    alice, bob = desk.sandbox.person("alice"), desk.sandbox.person("bob")
    for person in (alice, bob):
        person.click("cost-payments", message["ts"], "explanation_edit")
        assert person.view["title"]["text"] == "Edit explanation 1"
    alice.submit({"explanation_why": "Alice was first."})
    alice.submit({})
    says(desk, "Alice was first.")
    errors = bob.submit({"explanation_why": "Bob came later."})
    assert "Alice Example has changed it meanwhile: it is submitted now." in errors["explanation_what"]
    assert held(bob.view, "explanation_why") == "Bob came later."
    bob.close()
    message = says(desk, "Alice was first.")
    bob.click("cost-payments", message["ts"], "explanation_edit")
    assert "It has been changed since you began to write" in text_of(bob.view)
    assert "Alice was first." in text_of(bob.view) and held(bob.view, "explanation_why") == "Bob came later."
    bob.submit({})
    bob.submit({})
    says(desk, "Bob came later.", "Alice Example and Bob Example")
    [explanation] = stored(desk)
    words = [explanation.wording.why, *(each.wording.why for each in explanation.former)]
    assert words == ["Bob came later.", FIRST["explanation_why"], "Alice was first."]
    assert "explanation_edit" in buttons(says(desk, "Bob came later."))


def test_changed_between_the_two_steps(desk: Desk) -> None:
    """A review that comes while somebody is at the second step is not overwritten, and the text stays."""
    explain(desk)
    message = says(desk, "*submitted*")
    alice, dave = desk.sandbox.person("alice"), desk.sandbox.person("dave")
    alice.click("cost-payments", message["ts"], "explanation_edit")
    alice.submit({"explanation_why": "A better reason."})
    dave.click("@app", desk.told("dave", "*explained*")["ts"], "explanation_approve")
    says(desk, "*approved*")
    errors = alice.submit({"explanation_following": "A better end."})
    assert "Dave Example has changed it meanwhile: it is approved now." in errors["explanation_following"]
    assert held(alice.view, "explanation_following") == "A better end."
    assert stored(desk)[0].wording.why == FIRST["explanation_why"]


def test_a_form_that_is_closed_is_kept(desk: Desk) -> None:
    """Where Slack tells what a closed form held, it is kept; where it tells nothing, nothing is overwritten."""
    answers = Answers(desk.bench.installation, lambda: None)
    alice = desk.sandbox.user_id("alice")
    metadata = {"key": str(KEY), "number": 0, "read": 0, "turn": 2, "draft": 0}
    request = replace(answers.request(alice, "", "V1"), metadata=metadata)
    answers.closings["explanation"](replace(request, inputs={"explanation_why.2": "typed\x00 last"}))
    assert draft(desk, alice)["explanation_why"] == "typed\ufffd last"
    answers.closings["explanation_next"](request)
    assert draft(desk, alice) == {"explanation_why": "typed\ufffd last", "read": 0}


def test_the_database_fails_while_a_form_is_closed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what was typed last cannot be kept, its writer has it back, every character of it, and hears why."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    alice.click(None, None, "explanation_why", "We dou")
    long = "<&> *not bold* :tada:\n" * 150

    def gone(*_: Any) -> None:
        raise RuntimeError("the database is gone")

    with monkeypatch.context() as patched:
        patched.setattr(desk.bench.installation.state, "writing", gone)
        for name, value in (("explanation_why", f"We doubled.\n{long}"), ("explanation_category", "price")):
            with pytest.raises(AppFailure):
                alice.select(None, None, name, value)
        alice.close()
    [told] = alice.direct_messages()
    assert "You closed the form *Explain a variance*" in told["text"] and "may not have been kept" in told["text"]
    given = [block["text"] for block in told["blocks"]]
    assert [text["text"] for text in given if text["type"] == "mrkdwn"][1:] == ["*Root cause*", "*Why*"]
    typed = "".join(text["text"] for text in given if text["type"] == "plain_text")
    assert typed == "price" + f"We doubled.\n{long}".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert "explanation_what" not in told["text"] and draft(desk, alice.id)["explanation_why"] == "We dou"
    alice.command("general", "/finops explain payments")
    assert held(alice.view, "explanation_why") == "We dou"


def test_nothing_is_given_back_that_was_kept_or_not_typed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that was only looked at is closed without a word, whatever the database does."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    with monkeypatch.context() as patched:
        patched.setattr(desk.bench.installation.state, "writing", lambda: 1 / 0)
        alice.close()
    alice.command("general", "/finops explain payments")
    alice.click(None, None, "explanation_why", "kept")
    alice.close()
    assert alice.direct_messages() == [] and desk.sandbox.complaints == []


def test_a_draft_of_a_month_without_a_number(desk: Desk) -> None:
    """It is shown as it was typed, with why it cannot be submitted, and can be deleted; with a number it is back."""
    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    task = {"explanation_task": "Turn *it* off", "explanation_saving": "1,200", "explanation_then": "another"}
    alice.submit(FIRST | {"explanation_why": "<b> & *so*"})
    alice.submit(NEXT | task)
    alice.close()
    alice.close()
    budgets = take_budgets_out(desk)
    alice.command("general", "/finops explain payments")
    assert alice.view["callback_id"] == "explanation_draft" and not alice.view["submit"]
    texts = [block["text"]["text"] for block in alice.view["blocks"] if block["type"] == "section"]
    assert "Payments*, November 2026: payments has no approved budget for November 2026" in texts[0]
    assert texts[2:] == [
        *("*Amount explained*", "103.7", "*What happened*", FIRST["explanation_what"]),
        *("*Root cause*", "business-driven growth", "*Does it go on?*", "No, only once"),
        *("*Why*", "&lt;b&gt; &amp; *so*", "*What next*", NEXT["explanation_following"]),
        "*Corrective actions that you added*",
        "What is to be done: Turn *it* off\nBy whom: Alice Example\nUntil when: 2026-11-26\nSaving a month: 1,200",
    ]
    put_budgets_back(desk, budgets)
    alice.close()
    alice.command("general", "/finops explain payments")
    assert held(alice.view, "explanation_why") == "<b> & *so*"
    alice.close()
    budgets = take_budgets_out(desk)
    alice.command("general", "/finops explain payments")
    alice.click(None, None, "explanation_anew")
    assert "The draft is deleted." in text_of(alice.view) and draft(desk, alice.id) == {}
    alice.close()
    [said] = alice.command("general", "/finops explain payments")
    assert "has no approved budget for November 2026" in said["text"] and alice.view is None
    put_budgets_back(desk, budgets)
    alice.command("general", "/finops explain payments")
    assert held(alice.view, "explanation_why") is None


def take_budgets_out(desk: Desk) -> list[dict[str, Any]]:
    """Leave the company without budgets; returns what there was."""
    with desk.bench.installation.state.writing() as connection:
        rows = [dict(row) for row in connection.execute(BUDGETS.select()).mappings()]
        connection.execute(BUDGETS.delete())
    return rows


def put_budgets_back(desk: Desk, rows: list[dict[str, Any]]) -> None:
    """The budgets as they were."""
    with desk.bench.installation.state.writing() as connection:
        connection.execute(BUDGETS.insert(), rows)


def test_slack_does_not_show_the_form_anew(desk: Desk) -> None:
    """Where Slack does not replace the form, the person is told, and opens it again as it was proposed."""
    from sandbox import Fault

    alice = desk.sandbox.person("alice")
    alice.command("general", "/finops explain payments")
    alice.click(None, None, "explanation_why", "typed")
    alice.close()
    alice.command("general", "/finops explain payments")
    desk.sandbox.inject(Fault("views.update", "500"))
    alice.click(None, None, "explanation_anew")
    desk.told("alice", "Slack did not show the form anew.")
    alice.close()
    desk.sandbox.person("alice").command("general", "/finops explain payments")
    assert "Payments in November 2026" in held(alice.view, "explanation_what")
