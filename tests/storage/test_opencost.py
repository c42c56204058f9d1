"""OpenCost as a source: nothing of its answers is lost, no day is missed, and no money counts twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.company import Company, Team
from finops.money import add
from finops.scope import Rule
from storage.offered import Outcome
from storage.sources.opencost import SOURCE
from storage.sources.opencost_answer import Measured, read_answer
from storage.sources.source import Offered, SourceFailed, Waiting
from tests.storage.bills import SHARED, Place
from tests.storage.clusters import FOURTH, RULE, Cluster, allocation, answer

EXAMPLE = SHARED / "data" / "opencost" / "allocation-example-output.json"


@pytest.fixture
def cluster(place: Place) -> Cluster:
    """A cluster of which nothing is known yet."""
    return Cluster(place)


def test_cost_by_namespace_and_kind(cluster: Cluster) -> None:
    """Every kind of resource of every workload is a row with its labels, exact as OpenCost writes it."""
    labels = {"labels": {"app": "web"}, "namespaceLabels": {"team": "payments"}, "controller": "front"}
    cluster.write(
        FOURTH,
        allocation(FOURTH, properties={"cluster": "production", "namespace": "shop", **labels}, cpuCostAdjustment=-0.1),
        allocation(FOURTH, "__idle__", properties={"cluster": "production"}, ramCost=2.5, externalCost=99),
        allocation(FOURTH, "__unallocated__", properties={"cluster": "production"}, cpuCost=0, ramCost=0, gpuCost=7),
        allocation(FOURTH, "new", cpuCost=0, ramCost=0, pvCost=1, totalCost=1.5),
    )
    cluster.place.company = Company(
        teams=(
            Team("payments", "Payments", scope=(Rule(tag={"team": ("payments",), "app": ("web",)}),)),
            Team("platform", "Platform", scope=(Rule(tag={"namespace": ("__idle__",)}),)),
        )
    )
    assert cluster.take()["2024-09"].outcome is Outcome.PUBLISHED
    by = ("provider", "sub_account_id", "service", "team")
    assert cluster.place.totals(*by) == {
        ("Kubernetes", "production", "cpu", "payments", "USD"): Decimal("1.33086"),
        ("Kubernetes", "production", "ram", "payments", "USD"): Decimal("0.09657"),
        ("Kubernetes", "production", "cpu", "platform", "USD"): Decimal("1.43086"),
        ("Kubernetes", "production", "ram", "platform", "USD"): Decimal("2.5"),
        ("Kubernetes", "production", "gpu", "unallocated", "USD"): Decimal(7),
        ("Kubernetes", "production", "pv", "unallocated", "USD"): Decimal(1),
        ("Kubernetes", "production", "other", "unallocated", "USD"): Decimal("0.5"),
    }


def test_labels_that_only_the_name_tells(cluster: Cluster) -> None:
    """An older OpenCost says what it grouped by in the allocation's name alone."""
    path = cluster.folder / "2024-09-04.json"
    one = allocation(FOURTH, "production/shop/deployment/front/web", properties={"cluster": "production"}, ramCost=0)
    dimensions = "cluster,namespace,controllerKind,controller,label:app"
    path.write_text(json.dumps({**answer(one), "aggregate": dimensions}))
    told = Measured("production", "shop", "front", "cpu", Decimal("1.43086"), (("app", "web"),))
    assert read_answer(path, FOURTH) == [told]


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the published example of OpenCost is not here")
def test_the_published_example(tmp_path: Path) -> None:
    """A published answer adds up to what it says; as it covers a week, it is no day's."""
    with pytest.raises(SourceFailed, match="ask day by day"):
        read_answer(EXAMPLE, date(2023, 7, 12))
    stored = json.loads(EXAMPLE.read_text())
    for one in stored["data"][0].values():
        one["window"] = {"start": "2023-07-12T00:00:00Z", "end": "2023-07-13T00:00:00Z"}
    path = tmp_path / "2023-07-12.json"
    path.write_text(json.dumps(stored))
    measured = read_answer(path, date(2023, 7, 12))
    total = sum(Decimal(str(one["totalCost"])) for one in stored["data"][0].values())
    assert abs(add(each.cost for each in measured) - total) < Decimal("0.0001")
    assert {each.namespace for each in measured} == set(stored["data"][0])


def test_a_month_with_a_missing_day_waits(cluster: Cluster) -> None:
    """A day that is not there is no day without cost: what was served stays, and the reason names the day."""
    for number in (1, 2, 4):
        day = date(2024, 9, number)
        cluster.write(day, allocation(day))
    why = "1 of 4 days are missing: there is no file of 2024-09-03."
    assert cluster.offered() == Offered((), (Waiting("2024-09", why),))
    (cluster.folder / "2024-09-03.json").write_text('{"data": []}')
    assert cluster.take()["2024-09"].outcome is Outcome.PUBLISHED
    assert [key[0].day for key in cluster.place.totals("day")] == [1, 2, 4]
    assert cluster.take()["2024-09"].outcome is Outcome.UNCHANGED
    assert cluster.offered(since="2024-08-31").waiting[0].name == "2024-08"


def test_a_day_that_is_written_anew_is_read_again(cluster: Cluster) -> None:
    """The mark of a month follows its files and the source's keys, so that nothing old is served."""
    cluster.write(FOURTH, allocation(FOURTH))
    cluster.take()
    cluster.write(FOURTH, allocation(FOURTH, cpuCost=5))
    assert cluster.take()["2024-09"].outcome is Outcome.PUBLISHED
    assert cluster.place.total() == Decimal("5.09657")
    cluster.take(cluster="blue")
    assert [account for account, _ in cluster.place.totals("sub_account_id")] == ["blue"]


WRONG: dict[str, tuple[Any, str]] = {
    "other day": (answer(allocation(FOURTH - timedelta(days=1))), "its window is 2024-09-03T00:00Z"),
    "no answer": ({"items": []}, "is no answer of OpenCost"),
    "no JSON": (b'{"data": [', "is no answer of OpenCost"),
    "not a number": (b'{"data": [{"a": {"cpuCost": NaN}}]}', "NaN is no amount"),
    "text": (answer({**allocation(FOURTH), "cpuCost": "1"}), "cpuCost is no number"),
    "twice": ({"data": [answer(allocation(FOURTH))["data"][0]] * 2}, "counts some time of 2024-09-04 twice"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_answer_about_the_day(cluster: Cluster, case: str) -> None:
    """An answer about other days, cut short, or counting a time twice gives no figures."""
    content, why = WRONG[case]
    path = cluster.folder / "2024-09-04.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    found = cluster.take()["2024-09"]
    assert found.outcome is Outcome.FAILED and why in found.why


def test_a_part_of_a_day_is_not_the_day(cluster: Cluster) -> None:
    """An answer about six hours says nothing of the other eighteen: what was served before stays."""
    cluster.write(FOURTH, allocation(FOURTH))
    assert cluster.take()["2024-09"].outcome is Outcome.PUBLISHED
    before = cluster.place.total()
    quarter = {"start": f"{FOURTH}T00:00:00Z", "end": f"{FOURTH}T06:00:00Z"}
    cluster.write(FOURTH, allocation(FOURTH, window=quarter))
    found = cluster.take()["2024-09"]
    assert (found.outcome, found.why) == (Outcome.FAILED, "2024-09-04.json tells 6 of the 24 hours of 2024-09-04.")
    assert cluster.place.total() == before


@pytest.mark.parametrize("ran", [range(4), (1,), (0, 3)], ids=["all day", "a quarter", "morning and evening"])
def test_a_day_in_steps(cluster: Cluster, ran: Sequence[int]) -> None:
    """Four sets of six hours are the day, also where nothing ran in some of them."""
    sets: list[Any] = [{}, {}, {}, {}]
    for quarter in ran:
        begins = datetime(FOURTH.year, FOURTH.month, FOURTH.day, 6 * quarter, tzinfo=UTC)
        window = {"start": begins.isoformat(), "end": (begins + timedelta(hours=6)).isoformat()}
        sets[quarter] = {"shop": allocation(FOURTH, window=window)}
    path = cluster.folder / "2024-09-04.json"
    path.write_text(json.dumps({"data": sets}))
    assert [each.kind for each in read_answer(path, FOURTH)] == ["cpu", "ram"] * len(ran)


def test_a_cluster_is_read_once_a_day(cluster: Cluster) -> None:
    """Two clusters may have a file each; the same cluster in two files of one day would count twice."""
    cluster.write(FOURTH, allocation(FOURTH))
    other = {"properties": {"cluster": "staging", "namespace": "shop"}}
    cluster.write(FOURTH, allocation(FOURTH, **other), name="-staging")
    assert cluster.take()["2024-09"].outcome is Outcome.PUBLISHED
    assert len(cluster.place.totals("sub_account_id")) == 2
    cluster.write(FOURTH, allocation(FOURTH), name="-copy")
    found = cluster.take()["2024-09"]
    assert (found.outcome, found.why) == (
        Outcome.FAILED,
        "2024-09-04.json is not the only file about production on 2024-09-04.",
    )


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "neither": ({}, "otherwise the same money could count twice"),
    "both": ({"adds": "true", "replaces": RULE}, "otherwise the same money could count twice"),
    "not false": ({"adds": "false"}, "otherwise the same money could count twice"),
    "a word": ({"adds": "yes"}, "takes true or false for adds"),
    "no export": ({"replaces": {"service": "EC2"}}, "replaces needs the key export"),
    "everything": ({"replaces": {"export": "aws"}}, "replaces names no charges"),
    "unknown": ({"replaces": {"export": "aws", "servce": "EC2"}}, "replaces has no key servce"),
    "no text": ({"replaces": {"export": "aws", "sub_account_id": {"a": "b"}}}, "replaces.sub_account_id takes texts"),
    "a text": ({"replaces": "aws"}, "replaces needs the key export"),
    "no since": ({"adds": "true", "url": "http://x"}, "with a url needs the key since"),
    "no day": ({"adds": "true", "since": "yesterday"}, "takes a day such as 2026-11-01 for since"),
    "labels": ({"adds": "true", "labels": {"a": 1}}, "takes names for labels"),
    "currency": ({"adds": "true", "currency": "$"}, "takes an ISO 4217 code"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_keys_that_could_count_money_twice(case: str) -> None:
    """Whether the cluster's cost stands in another bill has to be said, and how it is replaced has to be clear."""
    given_keys, why = FAULTS[case]
    assert why in SOURCE.fault({"path": "folder", **given_keys})


def test_keys_that_are_right() -> None:
    """Either way of counting is taken."""
    assert SOURCE.fault({"path": "x", "adds": "true", "labels": ["app"], "currency": "EUR"}) == ""
    assert SOURCE.fault({"path": "x", "replaces": RULE, "url": "http://x", "since": "2024-09-01"}) == ""
