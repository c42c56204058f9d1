"""Shared costs in the ledger: split row by row, so that every figure made of the rows adds up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.allocation import Allocation, Method, split, weights
from finops.basis import Basis
from finops.company import Company, Team
from finops.money import add
from finops.scope import Rule
from storage.ledger.ingest import republish
from tests.storage.bills import NOW, Place, charge, write_csv

TEAMS = ("platform", "pay", "search", "idle")
COMPANY = Company(teams=tuple(Team(slug, slug.title(), scope=(Rule(tag={"team": (slug,)}),)) for slug in TEAMS))
EVENLY = Allocation("platform", "Shared platform", Method.EVENLY, ("pay", "search", "idle"))


def deliver(place: Place, *bill: tuple[str, str, str, str]) -> None:
    """Charges, each a team, a service, what was billed and what is effective."""
    path = place.folder / "bill.csv"
    path.unlink(missing_ok=True)
    rows = [
        charge(Tags=f'{{"team": "{team}"}}', ServiceName=service, BilledCost=billed, EffectiveCost=effective)
        for team, service, billed, effective in bill
    ]
    place.ingest(write_csv(path, rows))


def by_team(place: Place, basis: Basis = Basis.BILLED) -> dict[str, Decimal]:
    """Team → its total, in the ledger and as served."""
    found = {team: cost for (team, _currency), cost in place.totals("team", basis=basis).items() if cost}
    served: dict[str, Decimal] = {}
    for key, cost in place.served(basis).items():
        served[key[0]] = add((served.get(key[0], Decimal(0)), cost))
    assert {team: cost for team, cost in served.items() if cost} == found
    return found


def test_a_pool_is_shared_evenly(place: Place) -> None:
    """Each gets a third of every row to the last digit, as a service of the allocation's name; the total stays."""
    place.company = replace(COMPANY, allocations=(EVENLY,))
    deliver(place, ("platform", "EKS", "10", "-0.000000000000000002"), ("pay", "EC2", "1", "1"))
    third = Decimal("3.333333333333333333")
    assert by_team(place) == {"pay": 1 + third + Decimal("1e-18"), "search": third, "idle": third}
    assert by_team(place, Basis.EFFECTIVE) == {"pay": 1 - Decimal("1e-18"), "search": Decimal("-1e-18")}
    services = place.rows("SELECT team, service, rows FROM daily_spend ORDER BY 1, 2")
    assert [tuple(row) for row in services] == [
        ("idle", "Shared platform", 0),
        ("pay", "EC2", 1),
        ("pay", "Shared platform", 1),
        ("search", "Shared platform", 0),
    ]


SIXTY = replace(EVENLY, method=Method.SHARES, receivers=("pay", "search"), shares=(Decimal("0.6"), Decimal("0.25")))


@pytest.mark.parametrize(
    ("allocation", "expected"),
    [
        (SIXTY, {"pay": "50", "search": "35", "platform": "15"}),
        (replace(EVENLY, method=Method.PROPORTIONALLY), {"pay": "-10", "search": "110"}),
        (
            replace(EVENLY, method=Method.PROPORTIONALLY, receivers=("pay", "idle")),
            {"pay": "-10", "search": "10", "platform": "100"},
        ),
    ],
)
def test_shares_and_proportions(place: Place, allocation: Allocation, expected: dict[str, str]) -> None:
    """What no share covers stays; who costs nothing, or less, gets nothing; where nobody costs anything it stays."""
    place.company = replace(COMPANY, allocations=(allocation,))
    deliver(place, ("platform", "EKS", "100", "0"), ("search", "EC2", "10", "0"), ("pay", "EC2", "-10", "0"))
    assert by_team(place) == {team: Decimal(cost) for team, cost in expected.items()}


def test_a_changed_allocation_is_applied_to_what_was_delivered(place: Place) -> None:
    """Nothing is delivered anew: the next look at the ledger shares it, and takes it back again."""
    place.company = COMPANY
    deliver(place, ("platform", "EKS", "9", "9"))
    assert by_team(place) == {"platform": Decimal(9)}
    place.company = replace(COMPANY, allocations=(EVENLY,))
    assert applied(place) == 1
    assert by_team(place) == {"pay": Decimal(3), "search": Decimal(3), "idle": Decimal(3)}
    place.company = COMPANY
    assert applied(place) == 1
    assert by_team(place) == {"platform": Decimal(9)}


def applied(place: Place) -> int:
    """Billing periods published anew."""
    return republish(company=place.company, state=place.state, ledger=place.ledger, now=NOW)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(TEAMS),
        st.sampled_from(["EKS", "EC2"]),
        st.decimals(-(10**9), 10**12, places=18),
        st.decimals(-10, 10, places=3),
    ),
    min_size=1,
    max_size=6,
)
RULES = st.sampled_from(
    [
        EVENLY,
        replace(EVENLY, method=Method.PROPORTIONALLY),
        replace(EVENLY, method=Method.SHARES, shares=(Decimal("0.1"), Decimal("0.333"), Decimal("0.2"))),
    ]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, rule=RULES)
def test_the_engine_splits_as_the_rules_do(
    place: Place, rows: list[tuple[str, str, Decimal, Decimal]], rule: Allocation
) -> None:
    """Whatever is billed, every team has what finops.allocation gives it, and nothing is gained or lost."""
    place.company = replace(COMPANY, allocations=(rule,))
    deliver(place, *((team, service, f"{billed:f}", f"{effective:f}") for team, service, billed, effective in rows))
    own = {team: add(row[2] for row in rows if row[0] == team) for team in TEAMS}
    given_weights = weights(rule, {team: own[team] for team in rule.receivers})
    groups: dict[str, list[Decimal]] = {}
    for team, service, billed, _effective in rows:
        if team == "platform":
            groups.setdefault(service, []).append(billed)
    expected = {team: [cost] for team, cost in own.items() if team != "platform"}
    for costs in groups.values():
        for each, part in zip(given_weights, split(add(costs), given_weights), strict=True):
            expected.setdefault(each.team, []).append(part)
    found = by_team(place)
    assert found == {team: add(parts) for team, parts in expected.items() if add(parts)}
    assert add(found.values()) == add(row[2] for row in rows)


def test_weights_are_of_each_currency_and_cost(place: Place) -> None:
    """Nobody's share of euros depends on what they cost in dollars."""
    place.company = replace(COMPANY, allocations=(replace(EVENLY, method=Method.PROPORTIONALLY),))
    rows = [
        charge(Tags='{"team": "platform"}', BilledCost="10", BillingCurrency="USD"),
        charge(Tags='{"team": "platform"}', BilledCost="10", BillingCurrency="EUR"),
        charge(Tags='{"team": "pay"}', BilledCost="1", BillingCurrency="USD"),
        charge(Tags='{"team": "search"}', BilledCost="1", BillingCurrency="EUR"),
    ]
    place.ingest(write_csv(place.folder / "bill.csv", rows))
    found = {key: cost for key, cost in place.totals("team").items() if cost}
    assert found == {("pay", "USD"): Decimal(11), ("search", "EUR"): Decimal(11)}
