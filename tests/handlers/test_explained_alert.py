"""An alert's message says how far its variance is explained, whatever becomes of the explanations."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from finops.explanation import VarianceKey
from finops.policy import Kind
from storage.deliveries import TABLE as DELIVERIES
from tests.handlers.desk import NOVEMBER, Desk, key_of
from tests.handlers.explaining import explain, says, stored

NOTHING = "Explained $0 of $400 · approved $0 · open $400."
PART = "Explained $60 of $400 · approved $0 · open $340."


@pytest.fixture
def explained(desk: Desk) -> tuple[Desk, str]:
    """An alert of $400, $60 of which Alice has explained; its message says so."""
    key = desk.raised()
    explain(desk, first={"explanation_amount": "60"})
    says(desk, "*submitted*")
    desk.says(key, PART)
    desk.settle()
    return desk, key


def shown_by(message: dict[str, Any]) -> list[str]:
    """The texts of a message's sections and of its small print."""
    blocks = [block for block in message["blocks"] if block["type"] in ("section", "context")]
    return [text["text"] for block in blocks for text in block.get("elements", [block.get("text")])]


def alert_rows(desk: Desk, key: str) -> list[tuple[str, int]]:
    """Key and number of wanted states of everything queued of an alert."""
    query = select(DELIVERIES.c.key, DELIVERIES.c.revision).where(DELIVERIES.c.key.contains(key))
    with desk.bench.installation.state.reading() as connection:
        return [(row.key, row.revision) for row in connection.execute(query)]


def reviewed(desk: Desk, action: str) -> None:
    """Dave presses a button in the direct message that asks him for a review."""
    dave = desk.sandbox.person("dave")
    dave.click("@app", desk.told("dave", "*explained*")["ts"], f"explanation_{action}")
    if dave.view:
        dave.submit({"explanation_review": "Which nodes?"})


def withdrawn(desk: Desk, _: str) -> None:
    """Alice takes it back."""
    desk.sandbox.person("alice").click("cost-payments", says(desk, "*submitted*")["ts"], "explanation_withdraw")


@pytest.mark.parametrize(
    ("done", "what", "line"),
    [
        (reviewed, "approve", "Explained $60 of $400 · approved $60 · open $340."),
        (reviewed, "return", NOTHING),
        (reviewed, "ask", PART),
        (withdrawn, "", NOTHING),
    ],
)
def test_what_becomes_of_it_stands_in_the_alerts_message(
    explained: tuple[Desk, str], done: Any, what: str, line: str
) -> None:
    """A review and a withdrawal change the one line of the alert's message, edited in place; nobody is called by it."""
    desk, key = explained
    before, ts, notes = desk.message(key), desk.ts(key), len(desk.notes(key))
    assert before is not None
    done(desk, what)
    after = desk.says(key, line)
    desk.settle()
    assert desk.ts(key) == ts and before["text"].replace(PART, line) == desk.says(key, line)["text"]
    assert shown_by(after) == [line if text == PART else text for text in shown_by(before)]
    posted = [m for m in desk.sandbox.messages("cost-payments") if "bot_id" in m]
    assert [key_of(message) for message in posted] == [f"alert/{key}"]
    assert len(desk.notes(key)) == notes + 1


def test_an_action_of_an_alert_keeps_the_line(explained: tuple[Desk, str]) -> None:
    """Whatever moves the alert, its message goes on saying how far it is explained, also for who asks to see it."""
    desk, key = explained
    desk.raised(step=3)
    said = "Explained $60 of $800 · approved $0 · open $740."
    alice = desk.sandbox.person("alice")
    alice.click("cost-payments", desk.ts(key), "alert_acknowledge")
    desk.says(key, "*Acknowledged* by Alice Example", said)
    [listed] = alice.command("general", "/finops alerts payments")
    alice.click("general", listed["ts"], "alerts_show")
    desk.sandbox.wait_for(lambda: said in desk.hidden("alice", "general")[-1]["text"], timeout=5)


def test_a_decision_on_a_freeze_keeps_the_line(explained: tuple[Desk, str]) -> None:
    """The message that a decision on a freeze changes says how far the alert is explained, too."""
    desk, key = explained
    desk.raised(step=3)
    erin = desk.sandbox.person("erin")
    erin.click("@app", desk.told("erin", "Payments")["ts"], "alert_freeze")
    erin.submit({"decision": "freeze", "what": "GPU", "until": "2026-11-30", "why": "until the plan is there"})
    desk.says(key, "GPU", "Explained $60 of $800 · approved $0 · open $740.")


def test_other_alerts_stay_as_they_are(desk: Desk) -> None:
    """No alert of another team, none that is told in another's thread and none that was never posted is shown anew."""
    other = desk.raised("search")
    unposted = f"payments/{NOVEMBER}/{Kind.FORECAST}/USD"
    before = alert_rows(desk, other)
    explain(desk, first={"explanation_amount": "60"})
    says(desk, "*submitted*")
    desk.settle()
    assert alert_rows(desk, other) == before and alert_rows(desk, f"alert/{unposted}") == []
    assert [each.key for each in stored(desk)] == [VarianceKey("payments", NOVEMBER, "USD")]
