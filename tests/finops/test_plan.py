"""A proposed budget: its parts add up to the last digit, and each cause moves it as it should."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.basis import Basis
from finops.corrective_action import ActionStage, CorrectiveAction
from finops.errors import NotFound
from finops.explanation import Category, Explanation, Stage
from finops.money import EXACT, ZERO, add
from finops.periods import Month
from finops.plan import Proposal, Quarter, looked_at, propose, run_rate
from finops.plan_parts import Kind, Remark
from tests.planning import AUGUST, NOVEMBER, OCTOBER, SEPTEMBER, acted, explained

JANUARY = Month(2027, 1)
TODAY = date(2026, 11, 12)
CENT = Decimal("0.00")
ROUNDED = Decimal("0.001612903225806452")
ACTUALS = {AUGUST: Decimal(3100), SEPTEMBER: Decimal(3000), OCTOBER: Decimal(3100)}
"""100 a day."""
MONEY = st.decimals(min_value=-(10**19), max_value=10**19, places=18, allow_nan=False, allow_infinity=False)
MONTHS = st.sampled_from([Month(2026, 7), AUGUST, SEPTEMBER, OCTOBER, NOVEMBER])
DAYS = st.dates(date(2026, 7, 1), date(2027, 3, 31))


def proposed(
    *things: Explanation | CorrectiveAction, actuals: Mapping[Month, Decimal] = ACTUALS, **more: Any
) -> Proposal:
    """January 2027 of payments."""
    explanations = [each for each in things if isinstance(each, Explanation)]
    actions = [each for each in things if isinstance(each, CorrectiveAction)]
    given = {"smallest": CENT, "month": JANUARY, "today": TODAY} | more
    return propose(
        "payments",
        currency="USD",
        basis=Basis.EFFECTIVE,
        actuals=actuals,
        explanations=explanations,
        actions=actions,
        **given,
    )


def promised(amount: str, **more: Any) -> CorrectiveAction:
    """A corrective action of APPROVED, with what it is to save a month."""
    return acted(amount, **{"month": AUGUST, "explanation": 1} | more)


def moves(proposal: Proposal) -> list[tuple[Kind, str, Remark | None]]:
    """Every part but the base: kind, amount as text, remark."""
    return [(part.kind, f"{part.amount.normalize():f}", part.remark) for part in proposal.parts[1:]]


def test_the_run_rate() -> None:
    """The mean cost a day of the months, times the days of the one that is planned."""
    assert run_rate(ACTUALS, JANUARY) == 3100
    assert run_rate(ACTUALS, Month(2027, 2)) == 2800
    assert proposed().amount == 3100 and moves(proposed()) == []


GROWTH = Category.GROWTH
CAUSES = {
    "once": ([explained("92")], [(Kind.ONE_OFF, "-31", None)]),
    "a credit that came once": ([explained("-92")], [(Kind.ONE_OFF, "31", None)]),
    "once, before the months counted": ([explained("92", Month(2026, 7))], []),
    "to stay since the last month": ([explained("310", stays=True)], [(Kind.GOES_ON, "205.543478260869565217", None)]),
    "to stay since the first month": ([explained("310", AUGUST, stays=True)], [(Kind.GOES_ON, "0", Remark.CONTAINED)]),
    "to stay since the running month": ([explained("300", NOVEMBER, stays=True)], [(Kind.GOES_ON, "310", None)]),
    "explained in each month": (
        [explained("310", month, stays=True, category=GROWTH) for month in (AUGUST, SEPTEMBER, OCTOBER)],
        [
            (Kind.GOES_ON, "0", Remark.CONTAINED),
            (Kind.GOES_ON, "0", Remark.CONTINUES),
            (Kind.GOES_ON, "0", Remark.CONTINUES),
        ],
    ),
    "explained in two months, more in the second": (
        [explained("300", SEPTEMBER, stays=True), explained("610", stays=True)],
        [(Kind.GOES_ON, "104.456521739130434783", None), (Kind.GOES_ON, "205.543478260869565217", None)],
    ),
    "two of one month": (
        [explained("155", stays=True), explained("155", stays=True, number=2)],
        [(Kind.GOES_ON, "102.771739130434782609", None), (Kind.GOES_ON, "102.771739130434782608", None)],
    ),
    "not approved": ([explained("92", stage=Stage.SUBMITTED)], []),
    "in another basis": ([explained("92", basis=Basis.BILLED)], [(Kind.ONE_OFF, "0", Remark.OTHER_BASIS)]),
}


@pytest.mark.parametrize("name", CAUSES)
def test_causes(name: str) -> None:
    """What came once is taken out of its month; what has come to stay counts as if it had been there all along."""
    things, expected = CAUSES[name]
    found = proposed(*things)
    assert [each for each in moves(found) if each[0] is not Kind.ROUNDING] == expected
    assert add(part.amount for part in found.parts) == found.amount


DECEMBER = date(2026, 12, 10)
APPROVED = explained("310", AUGUST, stays=True)
SUBMITTED = replace(APPROVED, stage=Stage.SUBMITTED)
HELD = (Kind.GOES_ON, "0", Remark.CONTAINED)
"""The part of APPROVED, which every month counted holds."""
SAVINGS: dict[str, tuple[list[Explanation | CorrectiveAction], list[tuple[Kind, str, Remark | None]]]] = {
    "promised": ([APPROVED, promised("100")], [HELD, (Kind.SAVING, "-100", Remark.PROMISED)]),
    "due in the month itself": ([APPROVED, promised("100", due=date(2027, 1, 10))], [HELD]),
    "done after the months counted": (
        [APPROVED, promised("100", done_on=date(2026, 11, 1))],
        [HELD, (Kind.SAVING, "-100", Remark.PROMISED)],
    ),
    "done within them": (
        [APPROVED, promised("92", done_on=OCTOBER.first)],
        [HELD, (Kind.SAVING, "-61", Remark.PROMISED)],
    ),
    "done before them": (
        [APPROVED, promised("92", done_on=AUGUST.first)],
        [HELD, (Kind.SAVING, "0", Remark.CONTAINED)],
    ),
    "due today": ([APPROVED, promised("100", due=TODAY)], [HELD, (Kind.SAVING, "-100", Remark.PROMISED)]),
    "overdue": (
        [APPROVED, promised("100", due=date(2026, 11, 11))],
        [HELD, (Kind.SAVING, "0", Remark.OVERDUE)],
    ),
    "done late": (
        [APPROVED, promised("100", due=date(2026, 11, 1), done_on=TODAY)],
        [HELD, (Kind.SAVING, "-100", Remark.PROMISED)],
    ),
    "stands alone": ([acted("100")], [(Kind.SAVING, "0", Remark.UNAPPROVED)]),
    "stands alone, done": ([acted("100", done_on=OCTOBER.first)], [(Kind.SAVING, "0", Remark.UNAPPROVED)]),
    "stands alone, done before the months counted": (
        [acted("100", done_on=AUGUST.first)],
        [(Kind.SAVING, "0", Remark.CONTAINED)],
    ),
    "stands alone, overdue": ([acted("100", due=date(2026, 11, 1))], [(Kind.SAVING, "0", Remark.UNAPPROVED)]),
    "of an explanation without approval": ([SUBMITTED, promised("100")], [(Kind.SAVING, "0", Remark.UNAPPROVED)]),
    "of another explanation than the approved one": (
        [APPROVED, promised("100", explanation=2)],
        [HELD, (Kind.SAVING, "0", Remark.UNAPPROVED)],
    ),
    "measured": ([acted("100", done_on=DECEMBER, measured="80.5")], [(Kind.SAVING, "-80.5", Remark.MEASURED)]),
    "measured, of an explanation without approval": (
        [SUBMITTED, promised("100", done_on=DECEMBER, measured="80.5")],
        [(Kind.SAVING, "-80.5", Remark.MEASURED)],
    ),
    "measured as more": ([acted("100", done_on=DECEMBER, measured="-9")], [(Kind.SAVING, "0", Remark.NOT_SAVED)]),
    "nothing promised": ([acted(None)], []),
    "dropped": ([acted("100", stage=ActionStage.DROPPED)], []),
    "of a cause that is left out": (
        [explained("92", basis=Basis.BILLED), acted("100", explanation=1)],
        [(Kind.ONE_OFF, "0", Remark.OTHER_BASIS), (Kind.SAVING, "-100", Remark.PROMISED)],
    ),
    "of a cause that is taken out": (
        [explained("92"), acted("100", explanation=1)],
        [(Kind.ONE_OFF, "-31", None), (Kind.SAVING, "0", Remark.TAKEN_OUT)],
    ),
}


@pytest.mark.parametrize("name", SAVINGS)
def test_savings(name: str) -> None:
    """What is measured, or promised with an approved explanation and not overdue, is taken off once, from the month
    after its day on, as far as the months counted do not show it; other promises are told and move nothing.
    """
    things, expected = SAVINGS[name]
    assert moves(proposed(*things)) == expected


def test_never_below_zero() -> None:
    """More savings than spend leave a budget of zero, and the part that is left over is told."""
    found = proposed(acted("1", done_on=DECEMBER, measured="5000"))
    assert found.amount == 0 and moves(found)[-1] == (Kind.FLOOR, "1900", None)


def test_rounding_is_a_part_of_its_own() -> None:
    """What is rounded to the currency's own digits, half-even, is told to the last digit."""
    found = proposed(actuals=ACTUALS | {OCTOBER: Decimal("3100.1")}, smallest=Decimal(0))
    assert found.amount == 3100 and moves(found) == [(Kind.ROUNDING, "-0.033695652173913043", None)]


def test_what_is_expected_can_be_replaced() -> None:
    """Another way to expect a month gives other amounts that add up all the same."""

    def middle(actuals: Mapping[Month, Decimal], month: Month) -> Decimal:
        return sorted(actuals.values())[len(actuals) // 2]

    found = proposed(explained("500"), explained("200", stays=True, number=2), expected=middle)
    assert [part.amount for part in found.parts] == [3100, -100, Decimal("193.548387096774193548"), ROUNDED]


@st.composite
def anything(draw: st.DrawFn) -> list[Explanation | CorrectiveAction]:
    """Explanations and corrective actions of any kind, each with its number."""
    found: list[Explanation | CorrectiveAction] = []
    for number in range(1, draw(st.integers(0, 6)) + 1):
        told = explained(
            "0",
            draw(MONTHS),
            stays=draw(st.booleans()),
            number=number,
            category=draw(st.sampled_from([Category.GROWTH, Category.TIMING])),
            stage=draw(st.sampled_from([Stage.APPROVED, Stage.APPROVED, Stage.RETURNED])),
        )
        found.append(replace(told, wording=replace(told.wording, amount=draw(MONEY))))
    for number in range(1, draw(st.integers(0, 4)) + 1):
        done = draw(st.none() | DAYS)
        measured = str(draw(MONEY)) if done and draw(st.booleans()) else None
        act = acted(str(draw(MONEY)), due=draw(DAYS), done_on=done, measured=measured, number=number)
        found.append(replace(act, explanation=draw(st.integers(0, 6))))
    return found


@given(
    st.lists(MONEY, min_size=3, max_size=3),
    anything(),
    st.sampled_from([CENT, Decimal(0), Decimal("0.000")]),
    st.sampled_from([JANUARY, Month(2027, 2), Month(2028, 2)]),
)
@settings(deadline=None, max_examples=200)
def test_the_parts_add_up(
    amounts: list[Decimal], things: list[Explanation | CorrectiveAction], smallest: Decimal, month: Month
) -> None:
    """Whatever was spent, explained and saved: Decimal throughout, the parts add up to the proposal to the last digit,
    it has the currency's digits, and is not below zero.
    """
    found = proposed(
        *things, actuals=dict(zip(ACTUALS, amounts, strict=True)), smallest=smallest, month=month, before=JANUARY
    )
    assert all(isinstance(part.amount, Decimal) for part in found.parts)
    total = ZERO
    for part in found.parts:
        total = add([total, part.amount])
    assert total == found.amount >= 0
    assert found.amount == found.amount.quantize(smallest, context=EXACT)


def test_quarters() -> None:
    """A quarter is written YYYY-Qn; its months follow each other, and a plan looks at the six before it."""
    assert Quarter.parse(" 2027-q1 ").months == (JANUARY, Month(2027, 2), Month(2027, 3))
    assert str(Quarter.of(Month(2026, 12))) == "2026-Q4"
    for text in ("2027", "2027-Q5", "2027-01", "0027-Q1"):
        with pytest.raises(NotFound, match="is not a quarter"):
            Quarter.parse(text)
    months = [Month(2026, number) for number in range(5, 11)]
    assert looked_at(Quarter(2027, 1), date(2026, 11, 12)) == months
    assert looked_at(Quarter(2026, 2), date(2026, 11, 12))[-1] == Month(2026, 3)
