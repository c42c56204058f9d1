"""What drives teams' months, told from the ledger: the published change to the last digit, and each part from rows."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from finops.allocation import Allocation, Method
from finops.basis import Basis
from finops.company import Company, Team
from finops.drivers import Caveat, Separation
from finops.money import add, subtract
from finops.periods import DAY, Month
from finops.scope import Rule
from storage.engines.duckdb import DuckDBFiles, parquet
from storage.ledger.rollup_file import Origin, write_rollup
from storage.spend import coverages
from storage.team_drivers import team_drivers
from storage.team_months import team_months
from tests.storage.bills import COLUMNS, Place, charge, write_csv, write_parquet

DETAILS = ("SkuId", "SkuPriceId", "ResourceId", "CommitmentDiscountId", "CommitmentDiscountStatus")
NOW = datetime(2024, 10, 21, 6, tzinfo=UTC)
OCTOBER = Month(2024, 10)
TEAMS = ("pay", "search", "platform")
COMPANY = Company(teams=tuple(Team(slug, slug.title(), scope=(Rule(tag={"team": (slug,)}),)) for slug in TEAMS))
SHARED = replace(
    COMPANY, allocations=(Allocation("platform", "Shared platform", Method.SHARES, ("pay",), (Decimal("0.7"),)),)
)


def row(day: date, cost: str, quantity: str = "10", **values: Any) -> dict[str, Any]:
    """A day's usage of a SKU."""
    month = Month.of(day)
    usual = {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ContractedCost": cost,
        "BillingPeriodStart": f"{month.first}T00:00:00Z",
        "BillingPeriodEnd": f"{month.next.first}T00:00:00Z",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day + DAY}T00:00:00Z",
        "ChargeDescription": "Large instance",
        "PricingQuantity": quantity,
        "PricingUnit": "Hours",
        "SkuId": "large",
        "Tags": '{"Team": "pay"}',
    }
    return charge(**(dict.fromkeys(DETAILS, "") | usual | values))


def separations(place: Place, basis: Basis = Basis.EFFECTIVE) -> dict[str, Separation]:
    """Team → the parts of its change, which is the published one."""
    with place.state.reading() as connection:
        months = [each for each in team_months(connection, place.company, OCTOBER, NOW.date(), basis) if each.actual]
        known = coverages(connection).values()
    found = dict(team_drivers(months, known, company=place.company, ledger=place.ledger))
    for (team, currency), separation in found.items():
        assert separation.total == published(place, team, currency, separation, basis), (team, currency)
        for part in separation.parts:
            assert part.amount == add(each.amount for each in part.contributors)
    return {f"{team} {currency}" if currency != "USD" else team: each for (team, currency), each in found.items()}


def published(place: Place, team: str, currency: str, separation: Separation, basis: Basis) -> Decimal:
    """The change of what is served of the days that are compared."""

    def cost(first: date, last: date) -> Decimal:
        served = place.served(basis).items()
        return add(
            cost for (who, _, day, unit), cost in served if (who, unit) == (team, currency) and first <= day <= last
        )

    return subtract(cost(*separation.span.current), cost(*separation.span.former))


def told(separation: Separation) -> dict[str, Decimal]:
    """Part → amount."""
    return {str(part.driver): part.amount for part in separation.parts}


def days(month: int, count: int) -> list[date]:
    """The first days of a month of 2024."""
    return [date(2024, month, day) for day in range(1, count + 1)]


def test_quantities_and_prices_come_from_the_bill(place: Place) -> None:
    """Rate, usage, resources, commitments, credits and another unit are told apart; an export's late days count too."""
    place.company = COMPANY
    former = [row(day, "10") for day in days(9, 30)]
    current = [row(day, "24", "20") for day in days(10, 20)]
    one, other = date(2024, 9, 3), date(2024, 10, 4)
    former += [row(one, "5", "100", SkuId="gb", PricingUnit="GB", ChargeDescription="Disk")]
    current += [row(other, "7", "1", SkuId="gb", PricingUnit="TB", ChargeDescription="Disk")]
    current += [row(other, "3", ResourceId="i-1"), row(other, "-2", "", ChargeCategory="Credit")]
    current += [row(other, "4", "", ChargeClass="Correction", ChargeCategory="Usage")]
    # A charge of September that was billed in October belongs to September, and to nothing that is compared here.
    late = {"BillingPeriodStart": "2024-10-01T00:00:00Z", "BillingPeriodEnd": "2024-11-01T00:00:00Z"}
    current += [row(date(2024, 9, 25), "100", **late), row(one, "1", "1", **late)]
    commitment = {"CommitmentDiscountId": "sp-1", "SkuId": "covered", "ContractedCost": "10"}
    former += [row(one, "10", SkuId="covered")]
    current += [row(other, "6", **commitment, CommitmentDiscountStatus="Used")]
    current += [row(other, "1", "", CommitmentDiscountId="sp-1", CommitmentDiscountStatus="Unused")]
    place.ingest(write_csv(place.folder / "bill.csv", [*former, *current]), now=NOW)
    found = separations(place)["pay"]
    # Of a running month that has a forecast, what has settled is compared.
    assert found.span.current == (date(2024, 10, 1), date(2024, 10, 18))
    assert found.span.former == (date(2024, 9, 1), date(2024, 9, 18))
    # Large: $181 for 181 hours grew to $432 for 360; beside it 10 hours of a covered SKU stayed as they were.
    assert {name: round(amount, 15) for name, amount in told(found).items()} == {
        "volume": Decimal(179),
        "price": Decimal(72),
        "resources": Decimal(3),
        "commitment": Decimal(-3),
        "credits": Decimal(2),
        "not separable": Decimal(2),
    }
    assert found.caveats == frozenset()


def hostile_bill(seed: int) -> list[dict[str, Any]]:
    """Charges of two months that lack, mix and negate whatever a bill may."""
    chance = random.Random(seed)
    bill = []
    for _ in range(300):
        day = chance.choice([*days(9, 30), *days(10, 20)])
        cost = chance.choice(["0", "-1.5", "3", "0.000000000000000001", "123456789.123456789123456789"])
        bill.append(
            row(
                day,
                cost,
                chance.choice(["", "0", "-3", "7", "0.000000000000000001", "1e15", "nonsense", "12.5"]),
                BilledCost=chance.choice([cost, "2.25"]),
                ContractedCost=chance.choice(["", cost, "9"]),
                PricingUnit=chance.choice(["", "Hours", "GB-Mo", "NULL"]),
                SkuId=chance.choice(["", "a", "b", "c"]),
                SkuPriceId=chance.choice(["", "p"]),
                ResourceId=chance.choice(["", "", "i-1", "i-2", "i-3"]),
                ServiceName=chance.choice(["EC2", "S3", "NULL", "E\x00C2"]),
                SubAccountId=chance.choice(["111", "222", ""]),
                SubAccountName=chance.choice(["Atlas", "", "NULL"]),
                ChargeCategory=chance.choice(["Usage"] * 5 + ["Purchase", "Tax", "Credit", "Adjustment"]),
                ChargeClass=chance.choice(["", "", "", "Correction"]),
                CommitmentDiscountId=chance.choice(["", "", "sp-1"]),
                CommitmentDiscountStatus=chance.choice(["", "Used", "Unused"]),
                BillingCurrency=chance.choice(["USD", "USD", "EUR"]),
                Tags=chance.choice(['{"Team": "pay"}', '{"team": "search"}', '{"TEAM":"platform"}', "", "no json"]),
            )
        )
    return bill


@pytest.mark.parametrize("basis", Basis)
@pytest.mark.parametrize("company", [COMPANY, SHARED], ids=["own", "shared"])
def test_a_hostile_bill_adds_up_to_what_is_published(place: Place, company: Company, basis: Basis) -> None:
    """Every team's parts are its published change to the last digit, in every basis, with shared costs and without."""
    place.company = company
    bill = hostile_bill(7)
    plain = [{**each, "ServiceName": each["ServiceName"].replace("\x00", "")} for each in bill]
    place.ingest(write_csv(place.folder / "bill.csv", plain), now=NOW)
    found = separations(place, basis)
    assert {"pay", "search", "platform", "unallocated", "pay EUR"} <= set(found)
    assert any("unallocated" in told(found[team]) for team in ("pay", "platform")) is (company is SHARED)
    if company is SHARED and "unallocated" in told(found["pay"]):
        part = next(each for each in found["pay"].parts if each.driver == "unallocated")
        assert [each.name for each in part.contributors] == ["Shared platform"]


TAGS: Mapping[str, tuple[pyarrow.DataType, Any]] = {
    "map": (pyarrow.map_(pyarrow.string(), pyarrow.string()), lambda team: [("Team", team), ("x", "1")]),
    "struct": (pyarrow.struct({"Team": pyarrow.string(), "x": pyarrow.string()}), lambda team: {"Team": team}),
    "list": (
        pyarrow.list_(pyarrow.struct({"key": pyarrow.string(), "value": pyarrow.string()})),
        lambda team: [{"key": "team", "value": team}],
    ),
}


@pytest.mark.parametrize("kind", TAGS)
def test_tags_of_every_kind_find_their_team(place: Place, kind: str) -> None:
    """Rows whose tags are no text, and texts with NUL, belong to whom the rollup gives them."""
    place.company = COMPANY
    type_, made = TAGS[kind]
    chance, bill = random.Random(3), hostile_bill(3)
    rows = [{**each, "Tags": made(chance.choice(["pay", "search"])), "PricingQuantity": "1"} for each in bill]
    rows[0]["Tags"] = None
    place.ingest(write_parquet(Path(place.folder) / "bill.parquet", rows, {"Tags": type_}), now=NOW)
    assert {"pay", "search"} <= set(separations(place))


def test_columns_that_lack_leave_a_rest(place: Place) -> None:
    """Of a bill without quantities, SKUs and resources all that stays is not separable, and said to be so."""
    place.company = COMPANY
    lean = [name for name in COLUMNS if name not in (*DETAILS, "PricingQuantity", "PricingUnit", "ContractedCost")]
    bill = [row(days(9, 1)[0], "10"), row(days(10, 1)[0], "24", ServiceName="EC2"), row(days(10, 1)[0], "2", SkuId="x")]
    place.ingest(write_csv(place.folder / "bill.csv", bill, columns=lean), now=NOW, lenient=True)
    found = separations(place)["pay"]
    assert told(found) == {"not separable": Decimal(16)}
    assert found.caveats == {Caveat.QUANTITIES, Caveat.RESOURCES}


def test_a_bill_that_stays_elsewhere_is_not_separable(place: Place) -> None:
    """Of a warehouse only the rollup is here: services are compared by cost alone, and where the rows are is said."""
    place.company = COMPANY
    for month, cost in ((9, "10"), (10, "24")):
        place.ingest(rollup_of(place, row(days(month, 1)[0], cost)), export=f"bill-{month}", now=NOW)
    found = separations(place)["pay"]
    assert told(found) == {"not separable": Decimal(14)}
    assert found.caveats == {Caveat.ROWS, Caveat.QUANTITIES, Caveat.RESOURCES}


def rollup_of(place: Place, charged: dict[str, Any]) -> Path:
    """One charge as an engine's rollup."""
    from finops import focus
    from storage.ledger.charges import TEXTS, charges_sql

    month = charged["ChargePeriodStart"][:7]
    rows = write_parquet(place.folder / f"{month}.rows.parquet", [charged])
    engine = DuckDBFiles()
    types = engine.columns(f"SELECT * FROM {parquet(rows)}")
    charges = charges_sql(parquet(rows), types, "1.2")
    sums = "count(*) AS rows, count(*) AS billed_rows, count(*) AS effective_rows, sum(billed_cost) AS billed_cost, "
    query = (
        f"SELECT CAST(charge_period_start AS DATE) AS day, billing_period_start, {', '.join(TEXTS)}, charge_category, "
        f"charge_subcategory, tags, {sums} sum(effective_cost) AS effective_cost FROM ({charges}) GROUP BY ALL"
    )
    path = place.folder / f"{month}.parquet"
    table = engine._connection.sql(query).to_arrow_table()
    write_rollup(table, Origin("duckdb: bill", "1.2", {name: name for name in focus.READ_FROM}), path)
    engine.close()
    rows.unlink()
    return path
