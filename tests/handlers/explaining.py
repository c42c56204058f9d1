"""Steps that tests of explanations share: the form filled in, and what stands in Slack and in the database."""

from __future__ import annotations

import json
from typing import Any

from finops.explanation import Explanation, VarianceKey
from storage.explanations import explanations_of
from tests.handlers.desk import NOVEMBER, Desk, key_of

KEY = VarianceKey("payments", NOVEMBER, "USD")
FIRST = {
    "explanation_what": "The load test ran on all nodes.",
    "explanation_category": "growth",
    "explanation_stays": "no",
    "explanation_why": "We doubled the customers.",
}
NEXT = {"explanation_following": "We turn the nodes off."}
Json = dict[str, Any]


def stored(desk: Desk, key: VarianceKey = KEY) -> list[Explanation]:
    """Every explanation of a team's month."""
    with desk.bench.installation.state.reading() as connection:
        return explanations_of(connection, key)


def shown(desk: Desk, number: int = 1) -> Json | None:
    """An explanation's message in Slack, wherever in the channel it stands."""
    place = "cost-payments"
    first = desk.sandbox.messages(place)
    every = {m["ts"]: m for one in first for m in (one, *desk.sandbox.thread(place, one["ts"]))}
    found = [m for m in every.values() if key_of(m) == f"explanation/{KEY}/{number}"]
    assert len(found) <= 1
    return found[0] if found else None


def says(desk: Desk, *words: str, number: int = 1) -> Json:
    """Wait until an explanation's message says something; returns it."""

    def there() -> bool:
        message = shown(desk, number)
        return message is not None and all(word in message["text"] for word in words)

    desk.sandbox.wait_for(there, timeout=30)
    message = shown(desk, number)
    assert message is not None
    return message


def explain(desk: Desk, person: str = "alice", first: Json | None = None, following: Json | None = None) -> Any:
    """Open the form by the command and submit both steps; returns the person."""
    who = desk.sandbox.person(person)
    who.command("general", "/finops explain payments 2026-11")
    assert who.view and who.view["callback_id"] == "explanation"
    assert who.submit(FIRST | (first or {})) is None
    assert who.view["callback_id"] == "explanation_next"
    assert who.submit(NEXT | (following or {})) is None
    assert who.view is None
    return who


def text_of(view: Json) -> str:
    """Everything a form says."""
    return json.dumps(view["blocks"], ensure_ascii=False)
