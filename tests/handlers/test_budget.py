"""Budgets and requests for others, as the team, Finance and the executive sponsor meet them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.budget_request import BudgetRequest, RequestStage
from finops.periods import Month
from storage.audit import read, verify
from storage.budget_requests import find_request
from storage.budgets import approved_budgets, parse_budgets, record_budgets
from storage.forecasts import find_forecasts, make_forecasts
from storage.plan_data import budget_versions
from tests.bot.conftest import Bench, open_bench
from tests.handlers.desk import Desk, buttons, key_of, open_desk
from tests.planning import add_months

PLACE = "cost-payments"
ASKED = {"first": "2026-12", "until": "2027-01", "amount": "3400", "why": "the launch needs a second region"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A running bot with three final months and budgets through December."""
    bench: Bench = open_bench(tmp_path, rate_limits=False)
    add_months(bench.installation, tmp_path)
    with open_desk(bench) as opened:
        yield opened
    bench.sandbox.stop()
    bench.installation.state.close()


def budget(desk: Desk, person: str, place: str = "general") -> dict[str, Any]:
    """What somebody is answered about payments."""
    [message] = desk.sandbox.person(person).command(place, "/finops budget payments")
    return dict(message)


def ask(desk: Desk, person: str = "alice", **changed: str) -> dict[str, str] | None:
    """Open the form from the answer and submit it."""
    who = desk.sandbox.person(person)
    who.click("general", budget(desk, person)["ts"], "budget_request")
    errors: dict[str, str] | None = who.submit({k: v for k, v in (ASKED | changed).items() if v})
    return errors


def request_of(desk: Desk, number: int = 1) -> BudgetRequest | None:
    """A request as stored."""
    with desk.bench.installation.state.reading() as connection:
        return find_request(connection, number)


def message(desk: Desk, *words: str, number: int = 1) -> dict[str, Any]:
    """Wait until the request's message in the team's channel says something; returns it."""

    def found() -> dict[str, Any] | None:
        mine = [m for m in desk.sandbox.messages(PLACE) if key_of(m) == f"budget-request/{number}"]
        assert len(mine) <= 1
        return mine[0] if mine and all(word in mine[0]["text"] for word in words) else None

    desk.sandbox.wait_for(lambda: found() is not None, timeout=10)
    desk.settle()
    shown = found()
    assert shown is not None
    return shown


def amounts(desk: Desk) -> dict[str, tuple[Decimal, int]]:
    """Payments' budgets from November on: amount and version."""
    with desk.bench.installation.state.reading() as connection:
        found = approved_budgets(connection, team="payments")
    return {str(b.month): (b.amount, b.version) for b in found if str(b.month) >= "2026-11"}


def test_what_budget_answers(desk: Desk) -> None:
    """The budgets from this month on with who set them, how near the last ones came, and a way to ask for others."""
    company, state, october = desk.bench.installation.company, desk.bench.installation.state, Month(2026, 10)
    make_forecasts(company=company, state=state, now=datetime(2026, 10, 16, 9, tzinfo=UTC))
    with state.reading() as connection:
        told = find_forecasts(connection, october, company.basis, date(2026, 10, 16), "payments")["payments", "USD"]
    shown = budget(desk, "alice")
    assert "• November 2026: *$2,900* (version 1, test, 12 Nov, budgets.csv)" in shown["text"]
    assert "• January 2027: no budget in USD yet" in shown["text"]
    near = (
        f"• October 2026: spent $3,103.83 of $2,900, off by 7.0 %; forecast told on the 16th ${told.amount:,.2f}, off"
    )
    assert near in shown["text"]
    before = "• September 2026: spent $3,003.70 of $2,900, off by 3.6 %; no forecast was told on the 16th"
    assert before in shown["text"]
    assert "Off on average: the budget by" in shown["text"]
    assert "budget_request" in buttons(shown)
    assert "budget_request" not in buttons(budget(desk, "frank"))
    [own] = desk.sandbox.person("alice").command("general", "/finops budget")
    assert own["text"] == shown["text"]


def test_a_requests_life(desk: Desk) -> None:
    """Asked, announced, told to who decides, approved by another: it counts, for the months of the exception alone."""
    assert ask(desk) is None
    shown = message(desk, "*Payments* asks for an exception to its budget", "$3,400 a month for December 2026")
    assert "instead of $2,900 (+$500); January 2027, which has no budget yet" in shown["text"]
    assert "February 2027 has no budget, as before." in shown["text"]
    assert "It waits for one of Dave Example and Erin Example to decide." in shown["text"]
    told = desk.told("erin", "asks for an exception")
    assert {"budget_approve", "budget_refuse"} <= buttons(told).keys()
    before = amounts(desk)
    desk.sandbox.person("erin").click("@app", told["ts"], "budget_approve")
    after = message(desk, "*Approved* by Erin Example")
    assert not buttons(after)
    desk.told("alice", "*Approved* by Erin Example")
    dave = desk.told("dave", "*Approved* by Erin Example")
    assert not buttons(dave)
    assert amounts(desk) == before | {"2026-12": (Decimal(3400), 2), "2027-01": (Decimal(3400), 1)}
    with desk.bench.installation.state.reading() as connection:
        versions = budget_versions(connection, team="payments")
        entries = [each.entry for each in read(connection)][-4:]
        assert verify(connection) == []
    assert [v.source for v in versions if str(v.month) == "2026-12"] == ["budgets.csv", "budget request 1"]
    asked, *recorded, approved = entries
    assert [(e.action, e.team) for e in entries] == [
        ("budget_request.asked", "payments"),
        ("budget.recorded", "payments"),
        ("budget.recorded", "payments"),
        ("budget_request.approved", "payments"),
    ]
    assert asked.note == ASKED["why"] and {e.note for e in recorded} == {"budget request 1"}
    assert (approved.was or {})["status"] == "asked" and (approved.became or {})["former"] == {
        "2026-12": "2900",
        "2027-01": None,
    }
    assert "before: $2,900" in budget(desk, "alice")["text"]


def test_a_lasting_change(desk: Desk) -> None:
    """Without an end, the first month and each later one with a budget get the new amount."""
    assert ask(desk, first="2026-11", until="", amount="3,400") is None
    message(desk, "asks for another budget", "$3,400 a month for November 2026 to December 2026 instead of $2,900")
    erin = desk.sandbox.person("erin")
    erin.click("@app", desk.told("erin", "asks for another budget")["ts"], "budget_approve")
    message(desk, "*Approved*")
    assert amounts(desk) == {"2026-11": (Decimal(3400), 2), "2026-12": (Decimal(3400), 2)}


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        (
            {"amount": "3.400"},
            {"amount": "3.400 can be read in two ways: write 3,400 or 3.40."},
        ),
        ({"until": "2026-11"}, {"until": "Choose the first month or a later one, or leave it empty."}),
        ({"why": "  "}, {"why": "Say why, for whoever decides."}),
        (
            {"amount": "2900", "until": "2026-12"},
            {"amount": "The budget is that already. There is nothing to ask for."},
        ),
        ({"amount": "-1"}, {"amount": "Write zero or more, with at most 2 decimals."}),
    ],
)
def test_what_is_wrong_with_a_request(desk: Desk, changed: dict[str, str], errors: dict[str, str]) -> None:
    """What a request lacks is said at its field, and nothing is written."""
    assert ask(desk, **changed) == errors
    assert request_of(desk) is None


def test_not_twice(desk: Desk) -> None:
    """What waits already is not asked for again, by anybody; another amount is."""
    ask(desk)
    assert ask(desk) == {"amount": "You have asked for that already. It waits for an answer."}
    assert ask(desk, "bob") == {"amount": "Alice Example has asked for that already. It waits for an answer."}
    assert ask(desk, "bob", amount="3500") is None


def test_refused_with_a_reason(desk: Desk) -> None:
    """A refusal needs a reason, which who asked is told; no budget changes."""
    ask(desk)
    shown, dave, before = message(desk, "asks for"), desk.sandbox.person("dave"), amounts(desk)
    dave.click("@app", desk.told("dave", "asks for")["ts"], "budget_refuse")
    assert dave.submit({"why": " "}) == {"why": "Say why, in at most 500 characters."}
    assert dave.submit({"why": "take it from the reserve"}) is None
    after = message(desk, "*Refused* by Dave Example", "“take it from the reserve”")
    assert after["ts"] == shown["ts"] and not buttons(after)
    desk.told("alice", "take it from the reserve")
    assert amounts(desk) == before and desk.record()[-1] == ("dave", "budget_request.refused")


def test_withdrawn(desk: Desk) -> None:
    """Who asked may take it back, nobody else; then nothing waits."""
    ask(desk)
    message(desk, "asks for")
    assert "budget_withdraw" not in buttons(budget(desk, "bob"))
    alice = desk.sandbox.person("alice")
    alice.click("general", budget(desk, "alice")["ts"], "budget_withdraw")
    message(desk, "*Withdrawn* by Alice Example")
    assert not buttons(desk.told("erin", "*Withdrawn*"))
    assert "asks for" not in budget(desk, "alice")["text"]
    assert desk.record()[-1] == ("alice", "budget_request.withdrawn")


def test_two_approve_at_once(desk: Desk) -> None:
    """Of two who answer the same message one wins, and the other is told who it was."""
    ask(desk)
    message(desk, "asks for")
    old = {name: desk.told(name, "asks for")["ts"] for name in ("dave", "erin")}
    desk.sandbox.person("dave").click("@app", old["dave"], "budget_approve")
    desk.sandbox.person("erin").click("@app", old["erin"], "budget_approve")
    desk.told("erin", "Dave Example has approved it already.")
    message(desk, "*Approved* by Dave Example")
    assert amounts(desk)["2026-12"] == (Decimal(3400), 2)
    assert [action for _, action in desk.record()].count("budget_request.approved") == 1


def test_nobody_approves_their_own(desk: Desk) -> None:
    """Dave is FinOps and Finance: he may ask, and another has to decide; he is not asked himself."""
    assert ask(desk, "dave") is None
    shown = message(desk, "It waits for Erin Example to decide.")
    dave = desk.sandbox.person("dave")
    desk.sandbox.join(PLACE, "dave") if hasattr(desk.sandbox, "join") else None
    state = budget(desk, "dave")
    assert {"budget_withdraw"} == buttons(state).keys() - {"budget_request"}
    erins = budget(desk, "erin")
    assert "budget_approve" in buttons(erins)
    assert not [m for m in dave.direct_messages() if "asks for" in m["text"]]
    assert shown


@pytest.mark.parametrize("person", ["alice", "bob"])
def test_roles_are_checked_on_every_click(desk: Desk, person: str) -> None:
    """The buttons in the channel are there for everybody to see, and do nothing for who may not decide."""
    ask(desk)
    shown = message(desk, "asks for")
    who = desk.sandbox.person(person)
    for action in ("budget_approve", "budget_refuse"):
        who.click(PLACE, shown["ts"], action)
    desk.sandbox.wait_for(
        lambda: (
            "Only Finance and the executive sponsor may decide on a budget." in json.dumps(desk.hidden(person, PLACE))
        ),
        timeout=10,
    )
    stored = request_of(desk)
    assert stored is not None and stored.stage is RequestStage.ASKED


def test_a_budget_that_changed_since(desk: Desk) -> None:
    """What was asked for against another amount is not approved unseen."""
    ask(desk)
    told = desk.told("erin", "asks for")
    with desk.bench.installation.state.writing() as connection:
        text = "team,month,amount,currency\npayments,2026-12,3000,USD\n"
        budgets = parse_budgets(text, "new.csv", lambda _team: None)
        record_budgets(connection, budgets, source="new.csv", by="test", now=desk.bench.clock.now)
    desk.sandbox.person("erin").click("@app", told["ts"], "budget_approve")
    desk.told("erin", "The budget of 2026-12 has changed since this was asked for.")
    assert amounts(desk)["2026-12"] == (Decimal(3000), 2)
