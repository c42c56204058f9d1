"""A cluster's nodes shared out to what used them: to the last digit, and without changing any total."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.basis import Basis
from finops.company import Company, Team
from finops.money import add
from finops.scope import Rule
from storage.offered import Outcome
from storage.sources.replacement import shares
from tests.storage.bills import Place, charge, write_csv
from tests.storage.clusters import FOURTH, Cluster, allocation


@pytest.fixture
def cluster(place: Place) -> Cluster:
    """A cluster of which nothing is known yet."""
    return Cluster(place)


def nodes(place: Place, *rows: Mapping[str, Any], extra: str = "3.1") -> None:
    """The bill aws: nodes of the cluster, and something else that it pays for."""
    days = [{**row, "ChargePeriodStart": f"{row['ChargePeriodStart']}T00:00:00Z"} for row in rows]
    tag = json.dumps({"eks:cluster-name": "production", "team": "platform"})
    billed = [charge(Tags=tag, **row) for row in days]
    billed.append(charge(ServiceName="S3", BilledCost=extra, EffectiveCost=extra))
    place.ingest(write_csv(place.folder / "aws" / "bill.csv", billed), export="aws")


NODES = (
    {"ChargePeriodStart": "2024-09-03", "BilledCost": "10", "EffectiveCost": "6.000000000000000001"},
    {"ChargePeriodStart": "2024-09-04", "BilledCost": "7", "EffectiveCost": "7", "SubAccountId": "222"},
    {"ChargePeriodStart": "2024-09-04", "BilledCost": "-1", "EffectiveCost": "-1", "ChargeCategory": "Credit"},
    {"ChargePeriodStart": "2024-09-04", "BilledCost": "2", "EffectiveCost": "2", "BillingCurrency": "EUR"},
    {"ChargePeriodStart": "2024-09-04", "BilledCost": "1.9", "EffectiveCost": "0", "ChargeCategory": "Tax"},
    {"ChargePeriodStart": "2024-09-05", "BilledCost": "4", "EffectiveCost": "4"},
)


def measured(cluster: Cluster) -> None:
    """Two days: a third of it shop's, a third search's, and a third idle; and on the fourth shop alone."""
    third = date(2024, 9, 3)
    same = {"cpuCost": 0.02, "ramCost": 0.01}
    cluster.write(third, *(allocation(third, name, **same) for name in ("shop", "search", "__idle__")))
    cluster.write(FOURTH, allocation(FOURTH, "shop", cpuCost=0.5, ramCost=0))


def test_what_the_cluster_used_replaces_its_nodes(cluster: Cluster) -> None:
    """The billed cost goes from the nodes' team to those that used them; no total of the company changes."""
    place = cluster.place
    told_by = {"shop": "namespace", "search": "namespace", "platform": "team"}
    place.company = Company(
        teams=tuple(Team(name, name, scope=(Rule(tag={key: (name,)}),)) for name, key in told_by.items())
    )
    nodes(place, *NODES)
    measured(cluster)
    before = {basis: place.totals("charge_category", "day", basis=basis) for basis in Basis}
    found = cluster.replace()["2024-09"]
    assert (found.outcome, found.why) == (Outcome.PUBLISHED, "")
    assert {basis: place.totals("charge_category", "day", basis=basis) for basis in Basis} == before
    assert set(place.totals("charge_category", export="k8s").values()) == {Decimal(0)}
    third = place.totals("team", "day")
    assert third["shop", date(2024, 9, 3), "USD"] == Decimal("3.333333333333333334")
    assert third["search", date(2024, 9, 3), "USD"] == Decimal("3.333333333333333333")
    assert third["unallocated", date(2024, 9, 3), "USD"] == Decimal("3.333333333333333333")
    assert third["platform", date(2024, 9, 3), "USD"] == 0
    assert third["shop", FOURTH, "EUR"] == 2 and third["platform", FOURTH, "EUR"] == 0
    # The fifth was not measured yet: it stays where it was billed.
    assert third["platform", date(2024, 9, 5), "USD"] == 4
    assert place.totals("service", export="aws")["S3", "USD"] == Decimal("3.1")
    assert ("S3", "USD") not in place.totals("service", export="k8s")


def test_a_restated_bill_is_shared_out_anew(cluster: Cluster) -> None:
    """A new version of the nodes' bill is another mark, and the sums stay zero."""
    nodes(cluster.place, *NODES)
    measured(cluster)
    cluster.replace()
    assert cluster.replace()["2024-09"].outcome is Outcome.UNCHANGED
    restated = [{**row, "BilledCost": "20"} for row in NODES[:2]]
    nodes(cluster.place, *restated)
    assert cluster.replace()["2024-09"].outcome is Outcome.PUBLISHED
    used = [cost for (provider, *_), cost in cluster.place.totals("provider").items() if provider == "Kubernetes"]
    assert used == [40] and set(cluster.place.totals(export="k8s").values()) == {Decimal(0)}


def test_before_the_bill_is_there(cluster: Cluster) -> None:
    """Without the nodes' bill the month waits, and without any of its charges it fails; nothing is made up."""
    measured(cluster)
    found = cluster.replace()["2024-09"]
    assert (found.outcome, found.why) == (
        Outcome.WAITING,
        "aws has no 2024-09 yet, which it replaces charges of.",
    )
    nodes(cluster.place, NODES[-1])
    found = cluster.replace()["2024-09"]
    assert (found.outcome, found.why) == (
        Outcome.FAILED,
        "aws has no charge that `replaces` names on a measured day of 2024-09.",
    )
    nodes(cluster.place, NODES[0])
    assert cluster.replace()["2024-09"].why == (
        "1 of 2 days are not replaced, the first 2024-09-04: aws has no such charge there, or nothing was measured."
    )


amounts = st.decimals(min_value=-(10**19), max_value=10**19, places=18)
weights = st.lists(st.decimals(min_value=0, max_value=10**6, places=6), min_size=1, max_size=30)


@settings(max_examples=300, deadline=None)
@given(amounts, weights.filter(any))
def test_shares_add_up_to_the_whole(whole: Decimal, parts: list[Decimal]) -> None:
    """Whatever is shared out by whatever weights, nothing is lost, and nobody is a unit off what is due to them."""
    found = shares(whole, parts)
    assert add(found) == whole
    for share, weight in zip(found, parts, strict=True):
        exact = Fraction(whole) * Fraction(weight) / sum(map(Fraction, parts))
        assert abs(Fraction(share) - exact) < Fraction(Decimal("1e-18"))
