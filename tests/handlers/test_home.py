"""App Home of those whom the ladder names: what waits for them, and what they are called for."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from finops.budget_request import BudgetRequest
from finops.budget_request import Change as BudgetChange
from finops.calendar import WorkCalendar
from finops.corrective_action import Target, plan_action
from finops.explanation import ExplanationRules, Stage, give_back
from storage.budget_requests import save_request
from storage.corrective_actions import save_action
from storage.explanations import save_explanation
from tests.handlers.desk import Desk
from tests.handlers.explaining import KEY, explain, stored


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


def test_what_follows_a_variance_waits_at_home(desk: Desk) -> None:
    """A review waits for reviewers, a return for its author, an action that is due for its owner, a budget for Finance.

    None of them waits for anybody else.
    """
    explain(desk)
    alice, bob, dave = (desk.sandbox.person(name) for name in ("alice", "bob", "dave"))
    assert "explanation 1, $103.70 by Alice Example" in json.dumps(dave.open_home(timeout=5))
    assert "explanation 1" not in json.dumps(alice.open_home(timeout=5))
    [submitted] = stored(desk)
    rules, now = ExplanationRules(), desk.bench.clock.now
    reviewed = give_back(submitted, Stage.RETURNED, "Why now?", dave.id, 1, rules, WorkCalendar(), now)
    today = desk.bench.clock.now.date()
    action = plan_action(KEY, 1, "Turn it off", bob.id, today, None, Target(), alice.id, desk.bench.clock.now)
    asked = BudgetRequest(
        0,
        "payments",
        "USD",
        Decimal(3500),
        (BudgetChange(KEY.month.next, Decimal(2900)),),
        "one more market",
        alice.id,
        desk.bench.clock.now,
        due=today - timedelta(days=1),
    )
    with desk.bench.installation.state.writing() as connection:
        save_explanation(connection, reviewed, desk.bench.clock.now)
        save_action(connection, action.action, desk.bench.clock.now)
        save_request(connection, asked, desk.bench.clock.now)
    homes = {each.name: json.dumps(each.open_home(timeout=5), ensure_ascii=False) for each in (alice, bob, dave)}
    assert {name for name, home in homes.items() if "it explains nothing until it is written anew" in home} == {"alice"}
    assert {name for name, home in homes.items() if "Turn it off — due today" in home} == {"bob"}
    assert {name for name, home in homes.items() if "“one more market”" in home} == {"dave"}
    assert "*Payments*: $3,500 a month for December 2026 instead of $2,900 (+$600)." in homes["dave"]
    assert "“one more market”\\nOverdue since Wed 11 Nov." in homes["dave"]


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
