"""AWS Cost Explorer as a source: what it costs to ask, what is asked, and that nothing of the answers is lost."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from moto.ce.models import ce_backends
from moto.core import DEFAULT_ACCOUNT_ID

from finops.basis import Basis
from finops.company import Company, Team
from finops.scope import Rule
from storage.offered import Outcome, Taken
from storage.sources.aws_cost_explorer import SOURCE, CostExplorer
from storage.sources.cost_explorer_look import category_of, groups_of
from storage.sources.source import SourceFailed
from storage.sources.taking import is_due, take_in
from tests.storage.bills import SHARED, Place
from tests.storage.cost_explorer import FakeCostExplorer, Line, over

RECORDED = SHARED / "data" / "aws" / "ce_get_cost_and_usage_recorded.json"
NOW = datetime(2026, 11, 5, 7, tzinfo=UTC)
KINDS = {
    "Usage": "Usage",
    "DiscountedUsage": "Usage",
    "SavingsPlanNegation": "Usage",
    "Tax": "Tax",
    "Credit": "Credit",
    "Refund": "Credit",
    "SavingsPlanRecurringFee": "Purchase",
    "Enterprise Discount Program Discount": "Adjustment",
}
ACCOUNTS = {"111111111111": "production", "222222222222": "sandbox"}


def lines() -> list[Line]:
    """Four days of November, of two accounts and every kind of charge; all amounts differ."""
    made = []
    for number in range(1, 5):
        for place, kind in enumerate(KINDS):
            for account in ACCOUNTS:
                for team in ("", "payments") if kind == "Usage" else ("",):
                    cost = Decimal(len(made) + 1) + Decimal("0.0123456789")
                    service = "EC2" if place % 2 else "S3"
                    made.append(Line(date(2026, 11, number), kind, cost, cost / 2, account, service, team))
    return made


@pytest.fixture
def fake() -> FakeCostExplorer:
    """A Cost Explorer with these lines."""
    return FakeCostExplorer(lines(), ACCOUNTS)


def taken(place: Place, fake: FakeCostExplorer, now: datetime = NOW, **keys: str) -> dict[str, Taken]:
    """What became of each month, asked with a source that was opened anew."""
    source = over(CostExplorer(**{"months": "1", **keys}), fake)
    found = take_in("ce", source, company=place.company, state=place.state, ledger=place.ledger, now=now)
    return {each.name: each for each in found}


def expected(fake: FakeCostExplorer, *by: str) -> dict[tuple[Any, ...], Decimal]:
    """Unblended cost by attributes of a line, currency last, reckoned apart from the product."""
    sums: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for line in fake.lines:
        values = {"charge_category": KINDS.get(line.kind), "sub_account_id": line.account, "day": line.day}
        values |= {"service": line.service, "sub_account_name": fake.names[line.account]}
        sums[(*(values[name] for name in by), "USD")] += line.unblended
    return dict(sums)


def test_every_charge_comes_in_once(place: Place, fake: FakeCostExplorer) -> None:
    """Day, account, service and category add up to what AWS has, in each basis, to the last digit."""
    found = taken(place, fake)["2026-11"]
    assert (found.outcome, found.why) == (Outcome.PUBLISHED, "6 requests, $0.06.")
    assert len(fake.asked) == 6
    for by in (["day", "charge_category"], ["sub_account_id", "sub_account_name", "service"]):
        assert place.totals(*by) == expected(fake, *by)
    effective = sum(line.amortized for line in fake.lines if line.kind != "Tax")
    usage = sum(line.unblended for line in fake.lines if KINDS[line.kind] == "Usage")
    assert (place.total(Basis.EFFECTIVE), place.total(Basis.USAGE_BILLED)) == (effective, usage)


def test_a_tag_tells_usage_apart(place: Place, fake: FakeCostExplorer) -> None:
    """With a tag usage is asked for account by account and keeps its service; the sums stay what they are."""
    found = taken(place, fake, tag="team")["2026-11"]
    assert (found.outcome, found.why) == (Outcome.PUBLISHED, "7 requests, $0.07.")
    by = ["sub_account_id", "service", "charge_category"]
    assert place.totals(*by) == expected(fake, *by)
    rule = Rule(tag={"team": ("payments",)})
    place.company = Company(teams=(Team("payments", "Payments", scope=(rule,)),))
    assert place.totals("team")["payments", "USD"] == sum(line.unblended for line in fake.lines if line.team)


def test_a_tag_that_is_not_activated_is_said(place: Place, fake: FakeCostExplorer) -> None:
    """Where no charge has a value for the tag, the record says what to do."""
    fake.lines = [line for line in fake.lines if not line.team]
    assert taken(place, fake, tag="team")["2026-11"].why.startswith("No charge has a value for the tag team: activate")


@pytest.mark.parametrize("page", [1, 2, 3, 7, 10_000])
def test_pages_are_followed_to_the_end(place: Place, fake: FakeCostExplorer, page: int) -> None:
    """Whatever AWS puts on a page, nothing is lost or doubled, and each page is counted."""
    fake.page = page
    found = taken(place, fake, most_requests="1000")["2026-11"]
    assert place.totals("day", "charge_category") == expected(fake, "day", "charge_category")
    made = len(fake.asked)
    assert found.why == f"{made} requests, ${made * Decimal('0.01')}."


def test_above_the_ceiling_nothing_is_asked(place: Place, fake: FakeCostExplorer) -> None:
    """What a look takes is known after its first request, and is refused there; pages stop at the ceiling too."""
    found = taken(place, fake, most_requests="5")["2026-11"]
    assert (found.outcome, len(fake.asked)) == (Outcome.FAILED, 1)
    assert found.why == "2026-11 takes 6 requests or more, and most_requests is 5. 1 request, $0.01."
    fake.asked, fake.page = [], 8
    assert taken(place, fake, NOW + timedelta(days=1), most_requests="7")["2026-11"].outcome is Outcome.FAILED
    assert len(fake.asked) == 7


def test_a_failure_that_cost_money_waits_for_the_next_day(place: Place, fake: FakeCostExplorer) -> None:
    """What failed after it was paid for is not tried every hour; what nobody was allowed to ask is."""
    tried = []
    for hour in range(47):
        before = len(fake.asked)
        taken(place, fake, NOW + timedelta(hours=hour), most_requests="2")
        tried.append(len(fake.asked) - before)
    assert (sum(tried), tried[0], tried[23]) == (2, 1, 1)
    fake.denies, fake.asked = "AccessDeniedException", []
    for hour in range(47, 52):
        found = taken(place, fake, NOW + timedelta(hours=hour))["2026-11"]
    assert len(fake.asked) == 5
    assert found.why == "AWS does not allow ce:GetCostAndUsage, or Cost Explorer is not switched on."


def test_a_month_is_asked_for_until_it_is_settled() -> None:
    """Hour by hour through two months: once a day while it runs, 15 days after it, once more, and never again."""
    known: dict[str, Taken] = {}
    looks: dict[str, list[str]] = defaultdict(list)
    now = datetime(2026, 11, 1, tzinfo=UTC)
    while now < datetime(2027, 1, 20, tzinfo=UTC):
        for offer in CostExplorer(months="3").offered(now).ready:
            if is_due(offer, known.get(offer.name)):
                looks[offer.name].append(offer.files[1])
                known[offer.name] = Taken("ce", offer.name, offer.mark, Outcome.PUBLISHED, "", now)
        now += timedelta(hours=1)
    days = [str(date(2026, 11, 2) + timedelta(days=number)) for number in range(29)]
    assert looks["2026-11"] == [*days, *["2026-12-01"] * 16]
    assert len(looks["2026-12"]) == 30 + 16
    # October was settling when this began, and August and September never came back.
    assert {name: len(found) for name, found in looks.items() if name < "2026-11"} == {
        "2026-08": 1,
        "2026-09": 1,
        "2026-10": 17,
    }


def test_another_tag_is_another_question() -> None:
    """What was taken in without a tag is asked for again with it."""
    [plain], [tagged] = (CostExplorer(months="1", tag=tag).offered(NOW).ready for tag in ("", "team"))
    assert plain.name == tagged.name and plain.mark != tagged.mark


def test_kinds_of_charges_that_nobody_knows(place: Place, fake: FakeCostExplorer) -> None:
    """A kind of charge that AWS invents is counted as an Adjustment, and said."""
    fake.lines.append(Line(date(2026, 11, 1), "Quantum Rebate", Decimal(-3), Decimal(-3)))
    found = taken(place, fake)["2026-11"]
    assert found.why.startswith("The kind of charge Quantum Rebate is not known here and counts as an Adjustment.")
    discounts = sum(line.unblended for line in fake.lines if "Discount Program" in line.kind)
    assert place.totals("charge_category")["Adjustment", "USD"] == discounts - 3


def test_kinds_of_charges() -> None:
    """Each kind of charge as AWS's own reports have it, in the words of the API and of its pages."""
    assert {kind: category_of(kind) for kind in KINDS} == KINDS
    assert category_of("Support fee") == category_of("RIFee") == category_of("Other out-of-cycle charges") == "Purchase"


def test_parts_that_are_not_the_whole_are_said(place: Place, fake: FakeCostExplorer) -> None:
    """Where AWS restates while it is read, the parts differ from its own sum and the record says by how much."""
    source = over(CostExplorer(months="1"), fake)
    ask = source._ask

    def restating(asked: Any) -> Any:
        answer = ask(asked)
        fake.lines = [line for line in fake.lines if (line.kind, line.day.day) != ("Tax", 1)]
        return answer

    source._ask = restating
    tax = sum(line.unblended for line in fake.lines if (line.kind, line.day.day) == ("Tax", 1))
    [offer] = source.offered(NOW).ready
    assert source.fetch(offer, place.folder).remarks == (
        f"Tax differs by -{tax} from AWS's own sum: it changed while it was read.",
    )


def test_what_is_not_allowed_is_named(fake: FakeCostExplorer) -> None:
    """Doctor names the permission that is missing; an answer about the days asked for means that it is there."""
    assert over(CostExplorer(), fake).lacking() == []
    assert [each["TimePeriod"]["Start"] for each in fake.asked] == ["2016-01-01"]
    fake.denies = "AccessDeniedException"
    [said] = over(CostExplorer(), fake).lacking()
    assert "ce:GetCostAndUsage" in said


@pytest.mark.parametrize("amount", ["NaN", "", "1,5"])
def test_an_amount_that_is_none_refuses_the_answer(amount: str) -> None:
    """A text where an amount should be is no zero."""
    metrics = {"UnblendedCost": {"Amount": amount, "Unit": "USD"}, "AmortizedCost": {"Amount": "1", "Unit": "USD"}}
    period = {"TimePeriod": {"Start": "2026-11-01"}, "Groups": [{"Keys": ["a", "b"], "Metrics": metrics}]}
    with pytest.raises(SourceFailed, match="as an amount of 2026-11-01"):
        list(groups_of({"ResultsByTime": [period]}))


def test_two_currencies_in_one_group_refuse_the_answer() -> None:
    """Amounts of one charge in two currencies cannot stand in one row."""
    metrics = {"UnblendedCost": {"Amount": "1", "Unit": "USD"}, "AmortizedCost": {"Amount": "1", "Unit": "EUR"}}
    period = {"TimePeriod": {"Start": "2026-11-01"}, "Groups": [{"Keys": ["a", "b"], "Metrics": metrics}]}
    with pytest.raises(SourceFailed, match="in EUR and USD"):
        list(groups_of({"ResultsByTime": [period]}))


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answer of Cost Explorer is not here")
def test_a_recorded_answer_is_read_whole() -> None:
    """A real answer, grouped and with an empty Total, gives each day's groups with their exact amounts."""
    answer = json.loads(RECORDED.read_text())
    groups = list(groups_of(answer, ("UnblendedCost",)))
    told = [
        (period["TimePeriod"]["Start"], group["Keys"], group["Metrics"]["UnblendedCost"]["Amount"])
        for period in answer["ResultsByTime"]
        for group in period["Groups"]
    ]
    assert [(str(each.day), list(each.keys), each.amounts[0]) for each in groups] == [
        (day, keys, Decimal(amount)) for day, keys, amount in told
    ]
    assert len(groups) > 50 and {each.currency for each in groups} == {"USD"}


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """moto's Cost Explorer: its queue of answers."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield ce_backends[DEFAULT_ACCOUNT_ID]["aws"].cost_usage_results_queue


def test_through_boto3_as_it_is(place: Place, moto: list[Any]) -> None:
    """Without a region in the environment the client that is made reaches Cost Explorer, and its answers come in."""

    def answer(start: str, keys: list[str], amount: str) -> dict[str, Any]:
        metrics = {name: {"Amount": amount, "Unit": "USD"} for name in ("UnblendedCost", "AmortizedCost")}
        period = {"TimePeriod": {"Start": start, "End": "2026-11-05"}, "Total": {}, "Estimated": True}
        names = [{"Value": "111", "Attributes": {"description": "production"}}]
        groups = [{"Keys": keys, "Metrics": metrics}]
        return {"ResultsByTime": [{**period, "Groups": groups}], "DimensionValueAttributes": names}

    moto += [answer("2026-11-01", ["111", "Usage"], "7.5"), answer("2026-11-03", ["111", "EC2"], "7.5")]
    source = SOURCE.opened(months="1")
    [found] = take_in("ce", source, company=place.company, state=place.state, ledger=place.ledger, now=NOW)
    assert (found.outcome, found.why) == (Outcome.PUBLISHED, "2 requests, $0.02.")
    assert place.totals("sub_account_name", "service", "day") == {
        ("production", "EC2", date(2026, 11, 3), "USD"): Decimal("7.5")
    }


def test_the_same_answers_are_the_same_delivery(place: Place, fake: FakeCostExplorer) -> None:
    """A month that AWS did not change is unchanged on record, so that its days settle."""
    taken(place, fake)
    fake.lines.reverse()
    assert taken(place, fake, NOW + timedelta(days=1))["2026-11"].outcome is Outcome.UNCHANGED


def test_bills_are_written_for_the_ledger(fake: FakeCostExplorer, tmp_path: Path) -> None:
    """A charge has what FOCUS asks for and Cost Explorer tells."""
    fake.lines = [Line(date(2026, 11, 30), "Usage", Decimal("1.5"), Decimal(1), team="payments")]
    source = over(CostExplorer(months="2", tag="team"), fake)
    november = source.offered(datetime(2026, 12, 20, tzinfo=UTC)).ready[0]
    [path] = source.fetch(november, tmp_path).files
    header, row = (line.split(",") for line in path.read_text().replace('"{""team"": ""payments""}"', "T").splitlines())
    assert {name: value for name, value in zip(header, row, strict=True) if value} == {
        "BilledCost": "1.5",
        "EffectiveCost": "1",
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-11-01T00:00:00Z",
        "BillingPeriodEnd": "2026-12-01T00:00:00Z",
        "ChargePeriodStart": "2026-11-30T00:00:00Z",
        "ChargePeriodEnd": "2026-12-01T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeDescription": "Cost Explorer: Usage",
        "InvoiceIssuerName": "Amazon Web Services",
        "ProviderName": "AWS",
        "PublisherName": "AWS",
        "ServiceName": "Amazon Simple Storage Service",
        "SubAccountId": "111111111111",
        "SubAccountName": "production",
        "Tags": "T",
    }
