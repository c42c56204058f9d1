"""A budget request's life: somebody asks, another decides once, and nothing of it is done unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from finops.budget import Budget
from finops.budget_request import (
    BudgetRequest,
    BudgetRequestRefused,
    BudgetRules,
    Change,
    RequestStage,
    approve,
    ask,
    is_late,
    refuse,
    remind,
    withdraw,
)
from finops.calendar import WorkCalendar
from finops.periods import Month

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
NOVEMBER, DECEMBER, JANUARY, FEBRUARY = Month(2026, 11), Month(2026, 12), Month(2027, 1), Month(2027, 2)
CURRENT = {Month(2026, 10): Decimal(1), NOVEMBER: Decimal(2900), DECEMBER: Decimal(2900), FEBRUARY: Decimal(3000)}


def asked(**changed: Any) -> BudgetRequest:
    """A request of Alice's for 3,400 in December and January, as it is stored."""
    given: dict[str, Any] = {
        "team": "payments",
        "currency": "USD",
        "amount": Decimal(3400),
        "first": DECEMBER,
        "until": JANUARY,
        "why": " a second region ",
        "current": CURRENT,
        "by": "U1",
        "rules": BudgetRules(),
        "calendar": WorkCalendar(),
        "now": NOW,
    }
    return ask(**(given | changed))


def test_an_exception() -> None:
    """It changes its months alone, and says what the month after has, so that the former amount is back by itself."""
    request = asked()
    assert request.changes == (Change(DECEMBER, Decimal(2900)), Change(JANUARY, None))
    assert (request.until, request.after, request.why) == (JANUARY, Decimal(3000), "a second region")
    assert request.budgets == [
        Budget("payments", DECEMBER, Decimal(3400), "USD"),
        Budget("payments", JANUARY, Decimal(3400), "USD"),
    ]


def test_a_lasting_change() -> None:
    """It changes its first month and each later one that has another budget; none before."""
    assert [change.month for change in asked(until=None, first=NOVEMBER).changes] == [NOVEMBER, DECEMBER, FEBRUARY]
    assert [change.month for change in asked(until=None, first=JANUARY, amount=Decimal(3000)).changes] == [JANUARY]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"first": Month(2026, 10)}, "2026-10 is over."),
    ({"until": NOVEMBER}, "2026-11 is before 2026-12."),
    ({"why": " \n"}, "A reason is needed."),
    ({"why": "x" * 501}, "A reason has at most 500 characters."),
    ({"amount": Decimal(2900), "until": DECEMBER}, "The budget is that already."),
    ({"amount": Decimal("-0.01")}, "That amount is not possible."),
    ({"amount": Decimal("1e20")}, "That amount is not possible."),
    ({"amount": Decimal("1e-19")}, "That amount is not possible."),
    ({"until": Month(2029, 1)}, "one request changes 24 at most."),
]


@pytest.mark.parametrize(("changed", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_cannot_be_asked_for(changed: dict[str, Any], said: str) -> None:
    """What says nothing, changes nothing or is not possible is refused."""
    with pytest.raises(BudgetRequestRefused) as refusal:
        asked(**changed)
    assert said in refusal.value.reason


def test_decided_once_by_another() -> None:
    """Another person approves; the second to answer is told who was first, and who asked never decides."""
    request = asked()
    with pytest.raises(BudgetRequestRefused, match="Nobody decides on their own request"):
        approve(request, "U1", 0, CURRENT, NOW, NOW.date())
    approved = approve(request, "U2", 0, CURRENT, NOW, NOW.date())
    assert (approved.stage, approved.answered_by) == (RequestStage.APPROVED, "U2")
    for late in (
        lambda: approve(approved, "U3", 0, CURRENT, NOW, NOW.date()),
        lambda: refuse(approved, "no", "U3", 0, NOW),
        lambda: withdraw(approved, "U1", 0, NOW),
    ):
        with pytest.raises(BudgetRequestRefused, match="<@U2> has approved it already"):
            late()


def test_what_is_not_approved_unseen() -> None:
    """Neither another version than was seen, nor a budget that has changed since."""
    with pytest.raises(BudgetRequestRefused, match="has changed since you looked"):
        approve(asked(), "U2", 1, CURRENT, NOW, NOW.date())
    with pytest.raises(BudgetRequestRefused, match="The budget of 2027-01 has changed since"):
        approve(asked(), "U2", 0, CURRENT | {JANUARY: Decimal(1)}, NOW, NOW.date())
    with pytest.raises(BudgetRequestRefused, match="is over by now"):
        approve(asked(), "U2", 0, CURRENT, NOW, date(2027, 6, 1))


def test_refused_and_withdrawn() -> None:
    """A refusal has a reason; who asked alone withdraws."""
    with pytest.raises(BudgetRequestRefused, match="A reason is needed"):
        refuse(asked(), " ", "U2", 0, NOW)
    assert refuse(asked(), " no ", "U2", 0, NOW).reason == "no"
    with pytest.raises(BudgetRequestRefused, match="Only who asked"):
        withdraw(asked(), "U2", 0, NOW)
    assert withdraw(asked(), "U1", 0, NOW).stage is RequestStage.WITHDRAWN


def test_due_and_overdue() -> None:
    """It is due after the working days that are configured, overdue from that day's end on, and called so once; what is
    answered, or was asked for without a day, never is.
    """
    assert asked().due == date(2026, 11, 23)
    request, calendar = asked(rules=BudgetRules(answer_within=2)), WorkCalendar()
    friday = datetime(2026, 11, 20, 17, tzinfo=UTC)
    assert request.due == friday.date()
    assert not is_late(request, calendar, friday - timedelta(seconds=1)) and is_late(request, calendar, friday)
    assert remind(request, calendar, friday - timedelta(seconds=1)) is request
    reminded = remind(request, calendar, friday)
    assert reminded == replace(request, reminded=request.due)
    assert remind(reminded, calendar, friday + timedelta(days=9)) is reminded
    refused = refuse(request, "no", "U2", 0, friday)
    for other in (refused, replace(request, due=None)):
        assert not is_late(other, calendar, friday) and remind(other, calendar, friday) is other


PEOPLE = st.sampled_from(["U1", "U2", "U3"])


class Life(RuleBasedStateMachine):
    """Whoever clicks what, in any order, with whatever version they saw and whatever the budget is by then."""

    @initialize()
    def begin(self) -> None:
        """Alice asks."""
        self.request = asked()
        self.current = dict(CURRENT)
        self.answers = 0

    @rule(month=st.sampled_from([DECEMBER, JANUARY]), amount=st.integers(2899, 2901))
    def change_budget(self, month: Month, amount: int) -> None:
        """Somebody else records a budget."""
        self.current[month] = Decimal(amount)

    @rule(what=st.sampled_from(["approve", "refuse", "withdraw"]), by=PEOPLE, read=st.integers(0, 1))
    def answer(self, what: str, by: str, read: int) -> None:
        """An answer either is refused and changes nothing, or is the first one and counts."""
        before = self.request
        try:
            if what == "approve":
                self.request = approve(before, by, read, self.current, NOW, NOW.date())
                assert {each.month: self.current.get(each.month) for each in before.changes} == {
                    each.month: each.former for each in before.changes
                }
            elif what == "refuse":
                self.request = refuse(before, "no", by, read, NOW)
            else:
                self.request = withdraw(before, by, read, NOW)
        except BudgetRequestRefused:
            return
        self.answers += 1
        assert before.waits and read == before.version
        assert (by == before.asked_by) == (what == "withdraw")

    @invariant()
    def answered_once(self) -> None:
        """There is one answer at most, and nobody's own."""
        assert self.answers == (0 if self.request.waits else 1)
        if self.request.stage in (RequestStage.APPROVED, RequestStage.REFUSED):
            assert self.request.answered_by not in ("", self.request.asked_by)


Life.TestCase.settings = settings(deadline=None, max_examples=50)
TestLife = Life.TestCase
