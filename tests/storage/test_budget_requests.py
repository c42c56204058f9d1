"""Budget requests and what plans are made from."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from finops.budget import Budget
from finops.budget_request import BudgetRequest, BudgetRequestRefused, BudgetRules, RequestStage, approve, ask
from finops.calendar import WorkCalendar
from finops.company import Company
from finops.explanation import ExplanationChange, Stage
from finops.periods import Month
from finops.plan import Quarter
from storage.audit import append, read, verify
from storage.budget_requests import (
    RequestChangedMeanwhile,
    find_request,
    request_entry,
    requests_in,
    save_request,
)
from storage.budgets import approved_budgets, lock_budgets, record_budgets
from storage.corrective_actions import save_action
from storage.explanations import save_explanation
from storage.plan_data import budget_versions, planned_budgets, read_plan_data
from tests.planning import OCTOBER, acted, explained
from tests.storage.bills import NOW, Place

DECEMBER, JANUARY = Month(2026, 12), Month(2027, 1)


def made(by: str = "U1", amount: str = "3400.000000000000000001") -> BudgetRequest:
    """A request for December and January."""
    return ask(
        "payments",
        "USD",
        Decimal(amount),
        DECEMBER,
        JANUARY,
        "why",
        {DECEMBER: Decimal(2900)},
        by=by,
        rules=BudgetRules(),
        calendar=WorkCalendar(),
        now=NOW,
    )


def test_kept_as_it_was(place: Place) -> None:
    """A request comes back as it was written, with its number and version, exact to the 18th place."""
    with place.state.writing() as connection:
        saved = save_request(connection, made(), NOW)
        other = save_request(connection, replace(made(), team="search"), NOW)
    assert (saved.number, saved.version, other.number) == (1, 1, 2)
    with place.state.reading() as connection:
        assert find_request(connection, 1) == saved and find_request(connection, 9) is None
        assert requests_in(connection, team="payments", stages=(RequestStage.ASKED,)) == [saved]
        assert requests_in(connection) == [saved, other]
        assert requests_in(connection, stages=(RequestStage.APPROVED,)) == []


def test_never_written_over(place: Place) -> None:
    """A request that was read before somebody changed it is not written."""
    with place.state.writing() as connection:
        saved = save_request(connection, made(), NOW)
        save_request(connection, replace(saved, why="other"), NOW)
    with pytest.raises(RequestChangedMeanwhile), place.state.writing() as connection:
        save_request(connection, replace(saved, why="lost"), NOW)


def test_two_approve_at_once(place: Place) -> None:
    """Of two who approve in the same moment one wins and the other is told; each month has one new version."""
    with place.state.writing() as connection:
        record_budgets(connection, [Budget("payments", DECEMBER, Decimal(2900), "USD")], source="a", by="x", now=NOW)
        save_request(connection, made(), NOW)
    together, said = threading.Barrier(2), []

    def answer(by: str) -> None:
        together.wait()
        try:
            with place.state.writing() as connection:
                lock_budgets(connection)
                was = find_request(connection, 1, lock=True)
                assert was is not None
                current = {b.month: b.amount for b in approved_budgets(connection, team="payments")}
                after = save_request(connection, approve(was, by, 1, current, NOW, NOW.date()), NOW)
                record_budgets(connection, after.budgets, source="budget request 1", by=by, now=NOW)
                append(connection, [request_entry(after, was, NOW)])
            said.append(f"{by} won")
        except BudgetRequestRefused as refusal:
            said.append(refusal.reason)

    threads = [threading.Thread(target=answer, args=(by,)) for by in ("U2", "U3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    winner = next(each for each in said if each.endswith("won"))[:2]
    assert sorted(said) == sorted([f"{winner} won", f"<@{winner}> has approved it already."])
    with place.state.reading() as connection:
        assert [(str(v.month), v.version, v.recorded_by) for v in budget_versions(connection, team="payments")] == [
            ("2026-12", 1, "x"),
            ("2026-12", 2, winner),
            ("2027-01", 1, winner),
        ]
        assert verify(connection) == []
        assert [each.entry.action for each in read(connection)].count("budget_request.approved") == 1


def test_an_import_waits_for_an_approval(place: Place) -> None:
    """Two that give one month another budget at once make two versions, one after the other."""
    budget = Budget("payments", DECEMBER, Decimal(1), "USD")
    locked, wrote = threading.Event(), threading.Event()

    def import_file() -> None:
        locked.wait(10)
        with place.state.writing() as connection:
            record_budgets(connection, [replace(budget, amount=Decimal(2))], source="b", by="y", now=NOW)
        wrote.set()

    thread = threading.Thread(target=import_file)
    thread.start()
    with place.state.writing() as connection:
        lock_budgets(connection)
        locked.set()
        assert not wrote.wait(0.3)
        record_budgets(connection, [budget], source="a", by="x", now=NOW)
    thread.join(30)
    with place.state.reading() as connection:
        assert [(v.version, v.amount) for v in budget_versions(connection)] == [(1, 1), (2, 2)]


def test_what_was_planned(place: Place) -> None:
    """The amount that was approved by the month's first local day; what came later is no plan."""
    company = Company(timezone="Europe/Berlin")
    budget = Budget("payments", Month(2024, 12), Decimal(1), "USD")
    with place.state.writing() as connection:
        for number, at in enumerate((NOW - timedelta(days=3), NOW, NOW + timedelta(days=1)), start=1):
            changed = [replace(budget, amount=Decimal(number))]
            record_budgets(connection, changed, source=str(number), by="x", now=at)
        versions = budget_versions(connection, months=[Month(2024, 12)])
    assert planned_budgets(versions, company, {}) == {"payments": {(Month(2024, 12), "USD"): Decimal(2)}}


def test_what_a_plan_is_read_from(place: Place) -> None:
    """Explanations and corrective actions of the team and currency, also those of older months that actions name."""
    told = [
        explained("92"),
        explained("61", Month(2026, 1), stays=True),
        explained("1", stage=Stage.RETURNED, number=2),
    ]
    with place.state.writing() as connection:
        for each in told:
            save_explanation(connection, ExplanationChange(each), NOW)
        for action in (acted(), acted(month=Month(2026, 1), explanation=1)):
            save_action(connection, replace(action, number=0), NOW)
    with place.state.reading() as connection:
        data = read_plan_data(connection, Company(), Quarter(2027, 1), OCTOBER.next.first)
    found = data.explanations["payments", "USD"]
    assert [(each.id, each.stage) for each in found] == [
        ("payments/2026-01/USD/1", Stage.APPROVED),
        ("payments/2026-10/USD/1", Stage.APPROVED),
        ("payments/2026-10/USD/2", Stage.RETURNED),
    ]
    assert [each.number for each in data.actions["payments", "USD"]] == [1, 2]
