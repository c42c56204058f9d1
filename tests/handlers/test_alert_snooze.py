"""Asking for silence: form, preview, and what it does."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from finops.alert import Status
from sandbox import AppFailure
from tests.handlers.desk import Desk, buttons


def text_of(view: dict) -> str:
    """Everything a form says."""
    return json.dumps(view["blocks"], ensure_ascii=False)


def test_snoozed_after_a_preview(desk: Desk) -> None:
    """The preview names the call it silences and the rise it does not; only submitting it changes anything."""
    key = desk.raised()
    alice, place = desk.sandbox.person("alice"), "cost-payments"
    alice.click(place, desk.ts(key), "alert_snooze")
    assert alice.view["callback_id"] == "snooze"
    assert alice.submit({"until": "2026-11-20", "why": "the load test ends on Thursday"}) is None
    assert alice.view["callback_id"] == "snooze_preview"
    shown = text_of(alice.view)
    assert "Erin Example" in shown and "the load test ends on Thursday" in shown
    assert "it rises above *formal*" in shown
    assert desk.alert(key).snooze is None
    alice.close()
    assert alice.view["state"]["values"]["why"]["why"]["value"] == "the load test ends on Thursday", "and back again"
    alice.submit({"until": "2026-11-19"})
    assert alice.submit() is None
    assert alice.view is None
    message = desk.says(key, "*Snoozed* by Alice Example", "the load test ends on Thursday")
    assert buttons(message)["alert_end_snooze"] == "End snooze"
    alert = desk.alert(key)
    assert alert.snooze.until.isoformat() == "2026-11-19T08:00:00+00:00", "as work begins in Berlin"
    assert (alert.status(desk.bench.clock.now), alert.answer_by) == (Status.SNOOZED, None)
    assert "load test" in desk.noted(key, 1)[0]
    alice.click(place, desk.ts(key), "alert_end_snooze")
    desk.says(key, "*Open*")
    assert desk.alert(key).answer_by is not None
    assert desk.record()[1:] == [("alice", "alert.snoozed"), ("alice", "alert.snooze ended")]


@pytest.mark.parametrize(
    ("until", "why", "errors"),
    [
        ("2026-11-12", "because", {"until": "A snooze ends on a day after today. Choose a later day."}),
        ("2026-11-11", "because", {"until": "A snooze ends on a day after today. Choose a later day."}),
        ("2026-11-27", "because", {"until": "An alert is snoozed for 14 days at most. Choose an earlier day."}),
        ("2026-11-20", "   ", {"why": "Say in a few words why nobody need look until then."}),
    ],
)
def test_what_is_wrong_stands_at_its_field(desk: Desk, until: str, why: str, errors: dict[str, str]) -> None:
    """A day that is past or too far, and a missing reason, are said at their field, and the form stays open."""
    key = desk.raised()
    alice = desk.sandbox.person("alice")
    alice.click("cost-payments", desk.ts(key), "alert_snooze")
    assert alice.submit({"until": until, "why": why}) == errors
    assert alice.view["callback_id"] == "snooze"
    assert desk.alert(key).snooze is None


def test_what_has_risen_since_is_not_silenced(desk: Desk) -> None:
    """A preview of a lower rung silences nothing once the alert stands higher, and lets the person go back."""
    key = desk.raised(step=2)
    alice = desk.sandbox.person("alice")
    alice.click("cost-payments", desk.ts(key), "alert_snooze")
    alice.submit({"until": "2026-11-20", "why": "because"})
    desk.raised(step=3)
    assert alice.submit() is None
    assert "moved since you looked" in text_of(alice.view)
    alice.close()
    alice.close()
    assert alice.submit() is None
    assert "Until" in text_of(alice.view) and "emergency" in text_of(alice.view)
    assert alice.submit() is None
    desk.says(key, "*Snoozed* by Alice Example")


def test_only_those_whom_the_ladder_names_snooze(desk: Desk) -> None:
    """Somebody else gets no form; one opened before the right was lost changes nothing and keeps what was typed."""
    key = desk.raised()
    frank = desk.sandbox.person("frank")
    [listed] = frank.command("general", "/finops alerts")
    frank.click("general", listed["ts"], "alerts_show")
    desk.sandbox.wait_for(lambda: len(desk.hidden("frank", "general")) == 2, timeout=5)
    frank.click("general", desk.hidden("frank", "general")[-1]["ts"], "alert_snooze")
    desk.sandbox.wait_for(lambda: len(desk.hidden("frank", "general")) == 3, timeout=5)
    assert frank.view is None
    assert "Only those whom the ladder names" in desk.hidden("frank", "general")[-1]["text"]
    desk.set_owners("payments", "alice", "frank")
    frank.click("general", desk.hidden("frank", "general")[1]["ts"], "alert_snooze")
    desk.set_owners("payments", "alice")
    refused = frank.submit({"until": "2026-11-20", "why": "because"})
    assert list(refused) == ["until"] and "Only those whom the ladder names" in refused["until"]
    assert frank.view["state"]["values"]["why"]["why"]["value"] == "because"
    assert desk.alert(key).snooze is None


def test_a_snooze_wakes_in_the_teams_morning(desk: Desk) -> None:
    """Until a day means until work begins on it, on the team's own clock."""
    desk.bench.clock.now += timedelta(hours=2)
    key = desk.raised("search")
    carol = desk.sandbox.person("carol")
    carol.click("cost-search", desk.ts(key), "alert_snooze")
    carol.submit({"until": "2026-11-13", "why": "until tomorrow"})
    carol.submit()
    desk.says(key, "*Snoozed* by Carol Example")
    assert desk.alert(key).snooze.until.isoformat() == "2026-11-13T08:00:00+00:00"
    with pytest.raises(AppFailure):
        carol.submit()
