"""The job that reminds those who may decide on a budget, from the form's submission on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.answers import Answers
from bot.installation import Installation
from finops.budget_request import BudgetRequest, BudgetRules
from finops.company import Company, Team
from finops.errors import NotAllowed
from finops.policy import Role
from handlers.request import Request
from jobs import chase_budget_requests
from storage.audit import read, verify
from storage.budget_requests import find_request
from storage.deliveries import TABLE as DELIVERIES
from storage.leaves import Leave, record_leave
from storage.people import replace_directory
from tests.company import make_company
from views.budget_request import request_effects

PEOPLE = {name: f"U{name.upper()}" for name in ("alice", "bob", "carol", "dave", "erin")}
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEY = "budget-request/1"
DUE = date(2026, 11, 17)
"""A Tuesday, three working days after Thursday the 12th."""
WEDNESDAY = datetime(2026, 11, 18, 8, 30, tzinfo=UTC)
"""09:30 in Berlin, at work."""


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company with its directory filled; Dave has Finance, Erin is the executive sponsor."""
    installation = make_company(tmp_path)
    with installation.state.writing() as connection:
        people = [(user, name.title(), f"{name}@example.com", "Europe/Berlin") for name, user in PEOPLE.items()]
        groups = [("SFINANCE", "finance", "UDAVE"), ("SFINOPS", "finops", "UDAVE")]
        replace_directory(connection, people, groups, [])
    return installation


def asked(place: Installation, by: str = "alice") -> BudgetRequest:
    """Somebody asks for another budget of payments in December."""
    answers = Answers(place, lambda: None)
    request: Request = answers.request(PEOPLE[by], "", "x")
    inputs = {"first": "2026-12", "until": "2026-12", "amount": "3,400", "why": "a second region"}
    metadata = {"team": "payments", "currency": "USD"}
    answers.submissions["budget_request"](replace(request, inputs=inputs, metadata=metadata))
    return stored(place)


def stored(place: Installation) -> BudgetRequest:
    """The request as stored."""
    with place.state.reading() as connection:
        found = find_request(connection, 1)
    assert found is not None
    return found


def press(place: Installation, person: str, action: str, version: int) -> Any:
    """A button of the request's message, as it was at a version."""
    answers = Answers(place, lambda: None)
    return answers.actions[action](replace(answers.request(PEOPLE[person], "", "x"), value=f"1/{version}"))


def chase(place: Installation, now: datetime, company: Company | None = None) -> str:
    """The job."""
    return chase_budget_requests.run(now=now, company=company or place.company, state=place.state).summary


def said(place: Installation) -> dict[str, dict[str, Any]]:
    """Key → every delivery about budget requests."""
    with place.state.reading() as connection:
        rows = connection.execute(select(DELIVERIES).where(DELIVERIES.c.kind == "budget-request")).mappings()
        return {str(row["key"]): dict(row) for row in rows}


def company_with(place: Installation, **changed: Any) -> Company:
    """The company, some of it configured otherwise."""
    return replace(place.company, **changed)


def test_reminded_once(place: Installation) -> None:
    """Once its working days have passed those who may decide are reminded directly, in working hours, once; what asked
    before says that it is overdue, and the record has it.
    """
    request = asked(place)
    assert (request.due, request.reminded) == (DUE, None)
    assert "To be decided by Tue 17 Nov." in said(place)[KEY]["payload"]["text"]
    assert chase(place, datetime(2026, 11, 17, 15, 59, tzinfo=UTC)) == "nobody to remind"
    assert chase(place, datetime(2026, 11, 17, 16, tzinfo=UTC)) == "nobody to remind"
    assert chase(place, WEDNESDAY) == "1 overdue"
    assert chase(place, WEDNESDAY + HOUR) == chase(place, WEDNESDAY + 5 * DAY) == "nobody to remind"
    assert (stored(place).reminded, stored(place).version) == (DUE, 2)
    found = said(place)
    assert {key: row["destination"] for key, row in found.items() if "overdue" in key} == {
        f"{KEY}/overdue/UDAVE": "UDAVE",
        f"{KEY}/overdue/UERIN": "UERIN",
    }
    for key in (KEY, f"{KEY}/overdue/UDAVE", f"{KEY}/overdue/UERIN"):
        shown = str(found[key]["payload"])
        assert ":alarm_clock: *Overdue* since Tue 17 Nov." in shown and "'1/2'" in shown and "'1/1'" not in shown
    with place.state.reading() as connection:
        last = [each.entry for each in read(connection, subject=KEY)][-1]
        assert verify(connection) == []
    assert (last.who, last.action, (last.became or {})["called"]) == (
        "finops",
        "budget_request.overdue",
        ["UDAVE", "UERIN"],
    )


def test_an_answer_ends_it(place: Installation) -> None:
    """What is decided is not chased, and what reminded of it says what became of it."""
    asked(place)
    chase(place, WEDNESDAY)
    press(place, "erin", "budget_approve", 2)
    assert chase(place, WEDNESDAY + DAY) == "nobody to remind"
    assert all("*Approved* by Erin" in row["payload"]["text"] for row in said(place).values() if row["state"] == "due")


def test_never_who_asked_and_stand_ins(place: Installation) -> None:
    """Who asked is not reminded of their own request; who is on leave is stood in for."""
    asked(place, by="dave")
    with place.state.writing() as connection:
        record_leave(connection, Leave("UERIN", "UCAROL", date(2026, 11, 16), date(2026, 11, 30)), place.now)
    chase(place, WEDNESDAY)
    assert [key for key in said(place) if "overdue" in key] == [f"{KEY}/overdue/UCAROL"]


def test_groups_are_reached_in_the_thread(place: Installation) -> None:
    """A group has no direct messages: it is mentioned in the thread of the request."""
    company = company_with(place, roles={Role.FINANCE: ("@finance",)})
    asked(place)
    assert chase(place, WEDNESDAY, company) == "1 overdue"
    note = said(place)[f"{KEY}/overdue"]
    assert (note["destination"], note["thread_of"]) == ("#cost-payments", KEY)
    assert "It waits for <!subteam^SFINANCE> to decide." in note["payload"]["text"]


def test_a_group_is_asked_after_quiet_hours(place: Installation) -> None:
    """A request that mentions a group is posted when quiet hours are over; one that mentions nobody at once."""
    night, morning = datetime(2026, 11, 12, 21, tzinfo=UTC), datetime(2026, 11, 13, 6, tzinfo=UTC)
    request = asked(place)
    for approvers, held in ((["SFINANCE", "UERIN"], morning), (["UERIN"], None)):
        team, policy = place.company.listed["payments"], place.company.policy(Team("", ""))
        [shown, direct] = request_effects(request, team, "#c", {}, night, policy=policy, approvers=approvers)
        assert (shown.key, shown.not_before) == (KEY, held)
        assert (direct.key, direct.not_before) == (f"{KEY}/UERIN", morning)


def test_nobody_to_remind(place: Installation) -> None:
    """Where nobody is known who may decide, it is said once somebody is."""
    asked(place)
    assert chase(place, WEDNESDAY, company_with(place, roles={})) == "nobody to remind"
    assert stored(place).reminded is None
    assert chase(place, WEDNESDAY) == "1 overdue"


def test_who_and_by_when_are_configured(place: Installation) -> None:
    """Other roles ask and decide, and within other working days, where the configuration says so."""
    rules = BudgetRules((Role.FINOPS,), (Role.ENGINEERING_LEAD,), 1)
    object.__setattr__(place.company, "budgets", rules)
    with pytest.raises(NotAllowed, match="Only FinOps may ask for another budget"):
        asked(place, by="alice")
    object.__setattr__(place.company, "budgets", replace(rules, askers=(Role.OWNER,)))
    assert asked(place).due == date(2026, 11, 13)
    with pytest.raises(NotAllowed, match="Only the engineering lead may decide on a budget"):
        press(place, "erin", "budget_approve", 1)
    assert chase(place, datetime(2026, 11, 16, 9, tzinfo=UTC)) == "1 overdue"
    assert [key for key in said(place) if "overdue" in key] == [f"{KEY}/overdue/UBOB"]
    press(place, "bob", "budget_approve", 2)
    assert stored(place).answered_by == "UBOB"
