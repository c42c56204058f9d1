"""The ladder: from a variance to a tier."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.basis import Basis
from finops.company import Company, Team
from finops.explanation import Variance
from finops.policy import LADDER, Materiality, Tier, ratio_of, tier_of

MONEY = st.decimals(min_value="-1e12", max_value="1e12", places=18, allow_nan=False, allow_infinity=False)
BUDGET = st.decimals(min_value="0.000001", max_value="1e12", places=18, allow_nan=False, allow_infinity=False)
RANK = {tier.name: rank for rank, tier in enumerate(LADDER)}


@pytest.mark.parametrize(
    ("ratio", "name"),
    [
        ("0", "note"),
        ("0.05", "note"),
        ("0.050000000000000001", "investigate"),
        ("0.10", "investigate"),
        ("0.100000000000000001", "formal"),
        ("0.20", "formal"),
        ("0.200000000000000001", "emergency"),
        ("99", "emergency"),
    ],
)
@pytest.mark.parametrize("budget", ["1", "1000", "0.03", "123456789.01"])
def test_edges_belong_to_the_lower_tier(ratio: str, name: str, budget: str) -> None:
    """A ratio exactly at an edge is in the tier below, over and under, whatever the budget."""
    variance = Decimal(ratio) * Decimal(budget)
    assert tier_of(variance, Decimal(budget)).name == name
    assert tier_of(-variance, Decimal(budget)).name == name


@given(variance=MONEY, more=MONEY, budget=BUDGET)
def test_more_overspend_is_never_a_lower_tier(variance: Decimal, more: Decimal, budget: Decimal) -> None:
    """The tier rises with the size of the variance and never falls."""
    small, large = sorted((abs(variance), abs(more)))
    assert RANK[tier_of(small, budget).name] <= RANK[tier_of(large, budget).name]


@given(variance=MONEY, budget=BUDGET)
def test_the_tier_agrees_with_the_ratio(variance: Decimal, budget: Decimal) -> None:
    """Wherever the printed ratio is clear of an edge, it names the tier."""
    ratio = ratio_of(abs(variance), budget)
    assert ratio is not None
    if any(abs(ratio - tier.above) < Decimal("1e-20") for tier in LADDER):
        return
    assert tier_of(variance, budget) == [tier for tier in LADDER if tier is LADDER[0] or ratio > tier.above][-1]


@pytest.mark.parametrize(
    ("variance", "materiality", "name"),
    [
        (Decimal(50), Materiality(amount=Decimal(51)), "note"),
        (Decimal(51), Materiality(amount=Decimal(51)), "emergency"),
        (Decimal(-51), Materiality(amount=Decimal(51)), "emergency"),
        (Decimal(50), Materiality(Decimal(51), Decimal("0.1"), both=True), "note"),
        (Decimal(50), Materiality(Decimal(51), Decimal("0.1"), both=False), "emergency"),
        (Decimal(50), Materiality(Decimal(10), Decimal("0.9"), both=True), "note"),
    ],
)
def test_materiality(variance: Decimal, materiality: Materiality, name: str) -> None:
    """Below the least amount AND/OR ratio a variance of 50 % stays a note."""
    assert tier_of(variance, Decimal(100), materiality=materiality).name == name


def test_a_zero_budget_goes_by_the_amount() -> None:
    """Spend against a budget of zero is investigated, or climbs as far as the policy's amounts say."""
    zero = Decimal(0)
    assert ratio_of(Decimal(5), zero) is None
    assert tier_of(zero, zero).name == "note"
    assert tier_of(Decimal(5), zero).name == "investigate"
    assert tier_of(Decimal(5), zero, materiality=Materiality(amount=Decimal(10))).name == "note"
    ladder = (
        Tier("calm", zero, (), ""),
        Tier("loud", Decimal("0.1"), (), "", above_amount=Decimal(100)),
        Tier("louder", Decimal("0.2"), (), "", above_amount=Decimal(1000)),
    )
    names = [tier_of(Decimal(amount), zero, ladder).name for amount in (100, 101, 1001)]
    assert names == ["calm", "loud", "louder"]


@pytest.mark.parametrize(
    ("amount", "budget", "within"),
    [
        ("105", "100", (3, 9)),
        ("106", "100", (3, 3)),
        ("121", "100", (1, 2)),
        ("79", "100", (1, 2)),
        ("12.5", "10", (3, 9)),
        ("50", "0", (3, 3)),
    ],
)
def test_working_days_of_an_explanation(amount: str, budget: str, within: tuple[int, int]) -> None:
    """A review and an answer have the days of the variance's tier, over and under, else the company's; a variance that
    is not material is in the first tier.
    """
    ladder = (
        replace(LADDER[0], explanation_answer_within=9),
        *LADDER[1:-1],
        replace(LADDER[-1], explanation_review_within=1, explanation_answer_within=2),
    )
    company, team = Company(ladder=ladder), Team("a", "a", materiality=Materiality(Decimal(3)))
    at = datetime(2026, 11, 18, tzinfo=UTC)
    rules = company.explanation_rules(team, Variance(Decimal(amount), Decimal(budget), False, Basis.EFFECTIVE, 1, at))
    assert rules == replace(company.explanations, review_within=within[0], answer_within=within[1])
