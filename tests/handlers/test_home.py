"""App Home of those whom the ladder names: what waits for them, and what they are called for."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.handlers.desk import Desk


def test_an_alerts_row_says_how_much_and_since_when(desk: Desk) -> None:
    """A row has the amount over the budget and its duty's day, which is said to be passed once it is; Show shows it."""
    key = desk.raised(step=2)
    alice = desk.sandbox.person("alice")
    home = json.dumps(alice.open_home(timeout=5), ensure_ascii=False)
    assert "$400 (13.8 %) over its budget of $2,900" in home
    assert "nobody has acknowledged it; due Thu 26 Nov." in home
    before = len(alice.direct_messages())
    alice.click(None, None, "alerts_show")
    desk.sandbox.wait_for(lambda: len(alice.direct_messages()) > before, timeout=5)
    assert "*To do by Thu 26 Nov:*" in alice.direct_messages()[-1]["text"]
    desk.bench.clock.now += timedelta(days=17)
    assert "overdue since Thu 26 Nov." in json.dumps(alice.open_home(timeout=5))
    assert desk.alert(key).acknowledgement is None


def test_an_exception_is_refused_at_home(desk: Desk) -> None:
    """A sponsor reads what is asked for and why, and refuses it where they read it."""
    key = desk.raised(step=3)
    erin, alice = desk.sandbox.person("erin"), desk.sandbox.person("alice")
    erin.open_home(timeout=5)
    erin.click(None, None, "alert_freeze")
    erin.submit({"decision": "freeze", "what": "GPU", "until": "2026-11-30", "why": "until the plan is there"})
    desk.says(key, "*Freeze in force*")
    alice.click("cost-payments", desk.ts(key), "freeze_exception")
    alice.submit({"what": "the release", "until": "2026-11-20", "why": "customers wait"})
    asked = "Alice Example asks for an exception to the freeze of *Payments* until Fri 20 Nov"
    home = json.dumps(erin.open_home(timeout=5), ensure_ascii=False)
    assert f"{asked}: the release — “customers wait”" in home
    erin.click(None, None, "freeze_refuse")
    desk.sandbox.wait_for(lambda: "asks for an exception" not in json.dumps(erin.home), timeout=5)
    assert desk.record()[-1] == ("erin", "freeze.exception refused")


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ("dave", "As Finance you are called for every team's overspend in *formal* and *emergency*, and"),
        ("erin", "As the executive sponsor you are called for every team's overspend in *emergency*, and"),
        ("frank", "You do not own or lead a team."),
    ],
)
def test_who_has_no_team_is_told_what_they_are_called_for(desk: Desk, person: str, said: str) -> None:
    """Only somebody without any role is told that they have no team."""
    home = json.dumps(desk.sandbox.person(person).open_home(timeout=5))
    assert said in home
    assert ("You do not own or lead a team." in home) == (person == "frank")


def test_help_of_one_command(desk: Desk) -> None:
    """`/finops help alerts` shows its usage alone; a mistyped one comes back as a button; admin stands last."""
    alice = desk.sandbox.person("alice")
    [one] = alice.command("general", "/finops help alerts")
    assert "`/finops alerts [team] [mine]`" in one["text"] and "/finops variance" not in one["text"]
    [wrong] = alice.command("general", "/finops help alrts")
    assert "There is no command 'alrts'" in wrong["text"] and "Did you mean `/finops help alerts`?" in wrong["text"]
    [every] = alice.command("general", "/finops help")
    names = [line.split("`")[1].split()[1] for line in every["text"].splitlines() if line.startswith("•")]
    assert names == [*sorted(set(names) - {"admin"}), "admin"]
