"""Reviewing an explanation: by whom, what follows, and what the second of two is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from finops.explanation import Stage
from tests.handlers.desk import Desk, buttons
from tests.handlers.explaining import FIRST, KEY, explain, says, stored, text_of


def hidden_in_thread(desk: Desk, person: str, ts: str) -> list[dict[str, Any]]:
    """What only one person sees in a thread of the team's channel."""
    seen = desk.sandbox.person(person).sees("cost-payments", thread_ts=ts)
    return [message for message in seen if message.get("is_ephemeral")]


def test_returned_and_written_anew(desk: Desk) -> None:
    """A reviewer returns it with a reason, its author is told and writes it anew, and it is reviewed again."""
    explain(desk)
    message = says(desk, "*submitted*")
    dave, alice = desk.sandbox.person("dave"), desk.sandbox.person("alice")
    call = desk.told("dave", "*explained*")
    dave.click("@app", call["ts"], "explanation_return")
    assert dave.view["callback_id"] == "explanation_return"
    assert list(dave.submit({"explanation_review": "  "})) == ["explanation_review"]
    assert dave.submit({"explanation_review": "Which nodes?\nAll of them?"}) is None
    says(desk, "*returned*", "*Returned* by Dave Example", "Which nodes?", "Explained $0 of $103.70")
    told = desk.told("alice", "*returned* explanation 1")
    assert "All of them?" in told["text"] and "Please write it anew" in told["text"]
    alice.click("@app", told["ts"], "explanation_edit")
    alice.submit({"explanation_what": "Nodes of the shop."})
    alice.submit({})
    says(desk, "*submitted*", "Nodes of the shop.", "Explained $103.70 of $103.70")
    dave.click("@app", desk.told("dave", "*wrote explanation 1 anew*")["ts"], "explanation_approve")
    says(desk, "*approved*")
    assert [action for _, action in desk.record()] == [
        "explanation.submitted",
        "explanation.returned",
        "explanation.edited",
        "explanation.approved",
    ]
    desk.settle()
    notes = [m["text"] for m in desk.sandbox.thread("cost-payments", message["ts"])[1:]]
    assert len(notes) == 4 and f"<@{alice.id}>, please write it anew" in notes[1]


def test_an_alert_is_open_again_with_its_explanation(desk: Desk) -> None:
    """What an alert asked for is done by an explanation of the whole; returned or taken back it is to be done again."""
    key = desk.raised()
    explain(desk)
    says(desk, "*submitted*")
    assert desk.alert(key).duty_done
    dave, alice = desk.sandbox.person("dave"), desk.sandbox.person("alice")
    dave.click("@app", desk.told("dave", "*explained*")["ts"], "explanation_return")
    assert dave.submit({"explanation_review": "Which nodes?"}) is None
    told = desk.told("alice", "*returned* explanation 1")
    alert = desk.alert(key)
    assert alert.duty_done is None and alert.acknowledgement and alert.acknowledgement.by == alice.id
    desk.settle()
    [note] = [each for each in desk.notes(key) if "is open again" in each]
    assert note.startswith(
        ":leftwards_arrow_with_hook: *What was to be done is open again*: the explanation was returned. "
        "Alice Example has until "
    )
    alice.click("@app", told["ts"], "explanation_edit")
    alice.submit({"explanation_what": "Nodes of the shop."})
    alice.submit({})
    message = says(desk, "*submitted*", "Nodes of the shop.")
    assert desk.alert(key).duty_done
    alice.click("cost-payments", message["ts"], "explanation_withdraw")
    says(desk, "*withdrawn*")
    assert desk.alert(key).duty_done is None
    assert [action for _, action in desk.record() if action.startswith("alert.duty")] == [
        "alert.duty done",
        "alert.duty open again",
        "alert.duty done",
        "alert.duty open again",
    ]


def test_asked_and_answered(desk: Desk) -> None:
    """A question gives its author the turn; it may still be approved."""
    explain(desk)
    says(desk, "*submitted*")
    dave = desk.sandbox.person("dave")
    dave.click("@app", desk.told("dave", "*explained*")["ts"], "explanation_ask")
    dave.submit({"explanation_review": "Is it over?"})
    message = says(desk, "*asked*", "Is it over?")
    desk.told("alice", "*asks* about explanation 1")
    assert "explanation_approve" in buttons(message)
    [standing] = dave.command("general", "/finops explanations payments doubled")
    dave.click("general", standing["ts"], "explanation_show")
    desk.sandbox.wait_for(lambda: len(desk.hidden("dave", "general")) == 2, timeout=5)
    dave.click("general", desk.hidden("dave", "general")[-1]["ts"], "explanation_approve")
    says(desk, "*approved*")


def test_nobody_reviews_their_own(desk: Desk) -> None:
    """FinOps may explain and may review, but not what they wrote, nor what they helped to write."""
    explain(desk, "dave")
    message = says(desk, "*submitted*")
    dave = desk.sandbox.person("dave")
    [listed] = dave.command("general", "/finops explanations")
    dave.click("general", listed["ts"], "explanation_show")
    desk.sandbox.wait_for(lambda: len(desk.hidden("dave", "general")) == 2, timeout=5)
    for action in ("explanation_approve", "explanation_return", "explanation_ask"):
        dave.click("general", desk.hidden("dave", "general")[1]["ts"], action)
    desk.sandbox.wait_for(lambda: len(desk.hidden("dave", "general")) == 5, timeout=5)
    refused = [each["text"] for each in desk.hidden("dave", "general")[2:]]
    assert all("You wrote this explanation yourself" in each for each in refused) and dave.view is None
    assert stored(desk)[0].stage is Stage.SUBMITTED
    assert not any("*explained*" in m["text"] for m in dave.direct_messages())
    note = desk.sandbox.thread("cost-payments", message["ts"])
    assert all(f"<@{dave.id}>" not in each["text"] for each in note)


def test_only_reviewers_review(desk: Desk) -> None:
    """Owners and others are told who may; nothing changes."""
    explain(desk)
    message = says(desk, "*submitted*")
    bob = desk.sandbox.person("bob")
    for action in ("explanation_approve", "explanation_return", "explanation_ask"):
        bob.click("cost-payments", message["ts"], action)
    desk.sandbox.wait_for(lambda: len(desk.hidden("bob", "cost-payments")) == 3, timeout=5)
    said = [each["text"] for each in desk.hidden("bob", "cost-payments")]
    assert all("Only FinOps and Finance may review" in each for each in said)
    assert stored(desk)[0].version == 1


def test_an_author_is_told_first_that_it_is_their_own(desk: Desk) -> None:
    """An owner who may not review is told of what they wrote that somebody else does; nothing changes."""
    explain(desk)
    message = says(desk, "*submitted*")
    alice = desk.sandbox.person("alice")
    for action in ("explanation_approve", "explanation_return", "explanation_ask"):
        alice.click("cost-payments", message["ts"], action)
    desk.sandbox.wait_for(lambda: len(desk.hidden("alice", "cost-payments")) == 3, timeout=5)
    said = {each["text"] for each in desk.hidden("alice", "cost-payments")}
    assert said == {":warning: You wrote this explanation yourself.\nSomebody else reviews it."}
    assert stored(desk)[0].version == 1


def test_the_second_click_is_told_who_was_first(desk: Desk) -> None:
    """Two reviewers of one version: the second is told who was first, with what, and sees it as it is."""
    company = desk.bench.installation.company
    company.roles.update(
        {role: (*names, "erin@example.com") for role, names in company.roles.items() if role == "finance"}
    )
    explain(desk)
    says(desk, "*submitted*")
    dave, erin = desk.sandbox.person("dave"), desk.sandbox.person("erin")
    theirs = desk.told("erin", "*explained*")
    erin.click("@app", theirs["ts"], "explanation_return")
    dave.click("@app", desk.told("dave", "*explained*")["ts"], "explanation_approve")
    says(desk, "*approved*")
    errors = erin.submit({"explanation_review": "Too late."})
    assert "Dave Example was faster: it is approved now." in errors["explanation_review"]
    assert erin.view["state"]["values"]["explanation_review"]["explanation_review"]["value"] == "Too late."
    erin.close()
    desk.told("erin", "*Approved* by Dave Example")
    [explanation] = stored(desk)
    value = f"{KEY}/1@1"
    assert explanation.reviewer == dave.id
    desk.settle()
    assert value not in json.dumps(erin.direct_messages()[0]["blocks"])


def test_withdrawn_by_its_author(desk: Desk) -> None:
    """Whoever wrote it takes it back: it explains nothing any more, and its words are kept."""
    explain(desk)
    message = says(desk, "*submitted*")
    bob, alice = desk.sandbox.person("bob"), desk.sandbox.person("alice")
    bob.click("cost-payments", message["ts"], "explanation_withdraw")
    desk.sandbox.wait_for(lambda: desk.hidden("bob", "cost-payments"), timeout=5)
    assert "Only who wrote it" in desk.hidden("bob", "cost-payments")[0]["text"]
    alice.click("cost-payments", message["ts"], "explanation_withdraw")
    message = says(desk, "*withdrawn*", "Explained $0 of $103.70", FIRST["explanation_why"])
    assert buttons(message) == {"explanation_edit": "Write it anew"}
    alice.click("cost-payments", message["ts"], "explanation_edit")
    alice.submit({})
    alice.submit({})
    says(desk, "*submitted*")


def test_finops_does_not_rewrite_what_owners_wrote(desk: Desk) -> None:
    """FinOps reviews and may write explanations of its own, but changes nobody's words."""
    explain(desk)
    says(desk, "*submitted*")
    dave = desk.sandbox.person("dave")
    [listed] = dave.command("general", "/finops explanations payments")
    dave.click("general", listed["ts"], "explanation_show")
    desk.sandbox.wait_for(lambda: len(desk.hidden("dave", "general")) == 2, timeout=5)
    dave.click("general", desk.hidden("dave", "general")[1]["ts"], "explanation_edit")
    desk.sandbox.wait_for(lambda: len(desk.hidden("dave", "general")) == 3, timeout=5)
    assert "Only its authors, the owners" in desk.hidden("dave", "general")[2]["text"] and dave.view is None


def test_an_action_added_to_an_approved_one_leaves_it_approved(desk: Desk) -> None:
    """A corrective action that is added later changes nothing of the words that were approved; other words do."""
    explain(desk)
    says(desk, "*submitted*")
    desk.sandbox.person("dave").click("@app", desk.told("dave", "*explained*")["ts"], "explanation_approve")
    message = says(desk, "*approved*")
    alice = desk.sandbox.person("alice")
    alice.click("cost-payments", message["ts"], "explanation_edit")
    alice.submit({})
    alice.submit({"explanation_task": "Buy a plan", "explanation_due": "2026-12-01"})
    message = says(desk, "*approved*", "*Buy a plan*")
    alice.click("cost-payments", message["ts"], "explanation_edit")
    assert "Buy a plan" not in text_of(alice.view)
    alice.submit({"explanation_why": "Another reason."})
    assert "Buy a plan" in text_of(alice.view)
    alice.submit({})
    says(desk, "*submitted*", "Another reason.", "approved $0")


@pytest.mark.parametrize(
    "value", ["", "payments/2026-11/USD/1", "payments/2026-11/USD/9@1", "x/y/z/1@1", "<!channel>@1"]
)
def test_buttons_that_name_nothing(desk: Desk, value: str) -> None:
    """Whatever a button holds may be old or made up: it is refused in words."""
    from dataclasses import replace

    from bot.answers import Answers

    answers = Answers(desk.bench.installation, lambda: None)
    request = replace(answers.request(desk.sandbox.user_id("dave"), "C1", "x"), value=value, via="button")
    for name in ("explanation_approve", "explanation_show", "explanation_edit", "explanation_withdraw"):
        reply = answers.safely(lambda name=name: answers.actions[name](request))
        assert ":warning:" in reply.message.text and "went wrong" not in reply.message.text


def test_searched_in_slack(desk: Desk) -> None:
    """What was decided is found by words and team, and shown whole by a button."""
    explain(desk)
    says(desk, "*submitted*")
    carol = desk.sandbox.person("carol")
    [listed] = carol.command("general", "/finops explanations DOUBLED customers")
    assert "We doubled the customers." in listed["text"] and "explanation 1" in listed["text"]
    carol.click("general", listed["ts"], "explanation_show")
    desk.sandbox.wait_for(lambda: len(desk.hidden("carol", "general")) == 2, timeout=5)
    assert "The load test ran on all nodes." in desk.hidden("carol", "general")[1]["text"]
    [nothing] = carol.command("general", "/finops explanations search doubled")
    assert "No explanation with “search doubled” was found." in nothing["text"]


def test_a_mistyped_team_is_suggested(desk: Desk) -> None:
    """Words that find nothing and begin with what looks like a team come back with the team; others do not."""
    carol = desk.sandbox.person("carol")
    [near] = carol.command("general", "/finops explanations paymnts doubled")
    assert near["text"] == (
        ":warning: No explanation with 'paymnts doubled' was found.\n`/finops explain` writes one.\n"
        "Did you mean `/finops explanations payments doubled`?"
    )
    [nothing] = carol.command("general", "/finops explanations zzzz")
    assert nothing["text"] == "No explanation with “zzzz” was found. `/finops explain` writes one."
