"""Decisions to close a month, and the months that are left open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from finops.budget import Budget
from finops.month_close import CloseDecision
from storage.budgets import record_budgets
from storage.closed_months import basis_of, close
from storage.month_close import closed_since, find_decision, left_open, save_decision
from tests.reports import CLOSED_AT, FOREIGN, NASTY, OCTOBER, made_figures
from tests.storage.bills import Place

DECIDED = CloseDecision(OCTOBER, "U1", f"{NASTY} {FOREIGN}", CLOSED_AT)


def test_the_first_decision_counts(place: Place) -> None:
    """It is read back whole; a second one of the month is not written."""
    with place.state.writing() as connection:
        assert save_decision(connection, DECIDED)
    with place.state.writing() as connection:
        assert not save_decision(connection, replace(DECIDED, by="U2"))
        assert save_decision(connection, replace(DECIDED, month=OCTOBER.next))
    with place.state.reading() as connection:
        assert find_decision(connection, OCTOBER) == DECIDED
        assert find_decision(connection, OCTOBER.previous) is None


def test_months_with_a_budget_or_a_decision_are_left_open_until_they_are_closed(place: Place) -> None:
    """In their order; a closed one is not among them, and is found by when its last team was closed."""
    budgets = [Budget("a", month, Decimal(1), "USD") for month in (OCTOBER.next, OCTOBER, OCTOBER.previous)]
    with place.state.writing() as connection:
        record_budgets(connection, budgets, source="test", by="test", now=CLOSED_AT)
        save_decision(connection, replace(DECIDED, month=OCTOBER.previous.previous))
        close(connection, [made_figures("a")])
        assert left_open(connection) == [OCTOBER.previous.previous, OCTOBER.previous, OCTOBER.next]
        assert closed_since(connection, CLOSED_AT) == [OCTOBER]
        assert closed_since(connection, CLOSED_AT + timedelta(seconds=1)) == []


def test_a_closed_month_has_its_own_basis(place: Place) -> None:
    """That of its figures, whatever is counted by now; of one that is not closed it is what is counted."""
    figures = made_figures("a")
    billed = type(figures.basis).BILLED
    with place.state.writing() as connection:
        close(connection, [figures])
        assert basis_of(connection, OCTOBER, billed) is figures.basis
        assert basis_of(connection, OCTOBER.next, billed) is billed
