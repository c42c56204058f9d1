"""The deliveries as files: conformant, exact, deterministic, and growing as real bills do."""

import csv
import gzip
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.demo import bill
from bot.demo.bill import CORRECTIONS, deliver
from bot.demo.catalog import PROVIDERS

AS_OF = date(2026, 11, 18)
REFERENCE = Path(__file__).parents[2].parent / "shared" / "data" / "focus" / "focus_columns.csv"
Row = dict[str, str | None]


def read(path: Path) -> list[Row]:
    """A delivery's rows as text by column, an absent value as None."""
    if path.suffix == ".parquet":
        rows = pq.read_table(path).to_pylist()
        return [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [{k: v or None for k, v in row.items()} for row in csv.DictReader(content.decode("utf-8-sig").splitlines())]


def tree(folder: Path) -> dict[str, bytes]:
    """Every delivered file by its path inside the folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("*/*/*"))}


def money(row: Row, column: str) -> Decimal:
    """A cost of one row."""
    return Decimal(row[column] or "NaN")


def usage_by_day(rows: list[Row]) -> dict[date, Decimal]:
    """EffectiveCost of Usage by day; the corrections of former months are left out."""
    days: defaultdict[date, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["ChargeCategory"] == "Usage" and row["ChargeClass"] is None:
            days[date.fromisoformat(str(row["ChargePeriodStart"])[:10])] += money(row, "EffectiveCost")
    return days


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All deliveries up to the morning of AS_OF."""
    path = tmp_path_factory.mktemp("bills")
    deliver(path, AS_OF)
    return path


@pytest.fixture(scope="module")
def latest(folder: Path) -> dict[str, list[Row]]:
    """Provider → rows of the two newest billing months."""
    return {
        provider: [row for path in sorted(folder.glob(f"{provider}/*/*"))[-2:] for row in read(path)]
        for provider in PROVIDERS
    }


@pytest.fixture
def few_months(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three months of bills instead of thirteen, where the test is about the newest."""
    monkeypatch.setattr(bill, "MONTHS", 3)


def test_thirteen_months_of_three_providers(folder: Path) -> None:
    """Each provider has one file for each of 13 months ending in as_of's; together 60 to 150 thousand rows."""
    paths = sorted(folder.glob("*/*/*"))
    months = [f"BILLING_PERIOD={2025 + n // 12}-{n % 12 + 1:02}" for n in range(10, 23)]
    assert [(path.parts[-3], path.parts[-2]) for path in paths] == [(p, m) for p in sorted(PROVIDERS) for m in months]
    assert all(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in folder.glob("azure/*/*"))
    assert 60_000 < sum(len(read(path)) for path in paths) < 150_000


@pytest.mark.usefixtures("few_months")
def test_same_seed_and_day_make_the_same_bytes(tmp_path: Path) -> None:
    """A folder delivered day by day equals one delivered at once; another seed differs in every file."""
    for day in range(27, 38):
        deliver(tmp_path / "daily", date(2026, 10, 31) + timedelta(days=day))
    deliver(tmp_path / "once", date(2026, 12, 7))
    daily, once = tree(tmp_path / "daily"), tree(tmp_path / "once")
    assert {name: daily[name] for name in once} == once
    deliver(tmp_path / "once", date(2026, 12, 7), seed=8)
    other = tree(tmp_path / "once")
    assert not [name for name in once if once[name] == other[name]]


@pytest.mark.skipif(not REFERENCE.exists(), reason="the list of FOCUS columns is not beside this checkout")
def test_columns_conform_to_their_focus_version(latest: dict[str, list[Row]]) -> None:
    """All mandatory columns are there, none is unknown, nulls stand only where allowed, and values are of the list."""
    with REFERENCE.open() as file:
        reference = list(csv.DictReader(file))
    for provider, rows in latest.items():
        spec = {r["column"]: r for r in reference if r["version"] == PROVIDERS[provider].focus_version}
        assert {n for n, r in spec.items() if r["feature_level"] == "Mandatory"} <= set(rows[0]) <= set(spec)
        for name in rows[0]:
            values = {row[name] for row in rows}
            allowed = spec[name]["allowed_values"].split("|")
            assert spec[name]["allows_nulls"] == "True" or None not in values, name
            assert allowed == [""] or values <= {*allowed, None}, name


def test_nulls_follow_the_charge_category(latest: dict[str, list[Row]]) -> None:
    """Tax has no price, quantity or SKU; Usage and Purchase have all; a purchase is never usage-based."""
    columns = ("ListUnitPrice", "ContractedUnitPrice", "PricingQuantity", "PricingCategory", "SkuId", "SkuPriceId")
    for row in (row for rows in latest.values() for row in rows):
        filled = {row[name] is not None for name in columns}
        if row["ChargeCategory"] == "Tax":
            assert filled == {False}
        elif row["ChargeCategory"] != "Credit" and row["ChargeClass"] is None:
            assert filled == {True}
        assert (row["PricingQuantity"] is None) == (row["PricingUnit"] is None)
        assert (row["ConsumedQuantity"] is None) == (row["ConsumedUnit"] is None)
        assert (row["ChargeCategory"], row["ChargeFrequency"]) != ("Purchase", "Usage-Based")


def test_costs_are_exact_products(latest: dict[str, list[Row]]) -> None:
    """Quantity times unit price is the cost to the last digit, with at most 18 decimals: no float touched it."""
    priced = [row for rows in latest.values() for row in rows if row["ListUnitPrice"] and row["PricingQuantity"]]
    assert len(priced) > 10_000
    for row in priced:
        assert money(row, "PricingQuantity") * money(row, "ListUnitPrice") == money(row, "ListCost")
        assert money(row, "PricingQuantity") * money(row, "ContractedUnitPrice") == money(row, "ContractedCost")
    costs = [row["EffectiveCost"] or "" for rows in latest.values() for row in rows]
    assert max(-int(Decimal(cost).as_tuple().exponent) for cost in costs) <= 18
    assert any("E-" in (row["ListUnitPrice"] or "") for row in latest["gcp"])


def test_aws_types(folder: Path) -> None:
    """Parquet money is DECIMAL, Tags a MAP, and periods are timestamps."""
    schema = pq.read_schema(next(folder.glob("aws/*/*")))
    assert schema.field("BilledCost").type == pa.decimal128(38, 18)
    assert schema.field("Tags").type == pa.map_(pa.string(), pa.string())
    assert schema.field("ChargePeriodStart").type == pa.timestamp("ms")


def test_the_commitment_adds_up(folder: Path) -> None:
    """In a closed month the EffectiveCost of used and unused commitment is the Purchase's BilledCost, each else 0."""
    rows = read(next(folder.glob("aws/*2026-09/*")))
    mine = [row for row in rows if row["CommitmentDiscountId"] and row["ChargeClass"] is None]
    bought = [row for row in mine if row["ChargeCategory"] == "Purchase"]
    covering = [row for row in mine if row["ChargeCategory"] == "Usage"]
    assert {row["CommitmentDiscountStatus"] for row in covering} == {"Used", "Unused"}
    assert sum(money(r, "EffectiveCost") for r in covering) == sum(money(r, "BilledCost") for r in bought) > 10_000
    assert {money(r, "BilledCost") for r in covering} == {money(r, "EffectiveCost") for r in bought} == {Decimal(0)}
    assert all(money(row, "EffectiveCost") > 0 for row in covering)


def test_usage_runs_through_yesterday(latest: dict[str, list[Row]]) -> None:
    """The newest usage is of as_of - 1, no Usage charge lies beyond, and period ends are exclusive."""
    for rows in latest.values():
        assert max(usage_by_day(rows)) == AS_OF - timedelta(days=1)
        assert {row["BillingPeriodEnd"] for row in rows} == {
            row["BillingPeriodEnd"] for row in rows if str(row["BillingPeriodEnd"])[8:10] == "01"
        }


@pytest.mark.usefixtures("few_months")
def test_the_last_two_days_are_completed_by_the_next_deliveries(tmp_path: Path) -> None:
    """A day shows about 80 % of its usage after one morning, 97 % after two, and its final amount from the third on."""
    seen: list[Decimal] = []
    for wait in range(1, 5):
        deliver(tmp_path, date(2026, 11, 10) + timedelta(days=wait))
        seen.append(usage_by_day(read(tmp_path / "gcp/BILLING_PERIOD=2026-11/focus-000000000000.csv.gz"))[
            date(2026, 11, 10)
        ])  # fmt: skip
    assert [round(amount / seen[3], 3) for amount in seen] == [Decimal("0.8"), Decimal("0.97"), 1, 1]
    assert seen[2] == seen[3]


@pytest.mark.usefixtures("few_months")
def test_unchanged_months_are_not_touched(tmp_path: Path) -> None:
    """The next delivery writes the current month alone; on the 5th also the restated month of AWS; a repeat nothing."""

    def delivered(as_of: date) -> list[str]:
        before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*/*")}
        done: list[tuple[int, int]] = []
        written = deliver(tmp_path, as_of, on_progress=lambda n, total: done.append((n, total)))
        assert [n for n, _ in done] == list(range(1, len(written) + 1))
        assert all(path.stat().st_mtime_ns == before[path] for path in before if path not in written)
        return [f"{path.parts[-3]} {path.parts[-2][-7:]}" for path in written]

    current = ["aws 2026-11", "azure 2026-11", "gcp 2026-11"]
    closing = ["aws 2026-10", "azure 2026-10", "gcp 2026-10"]
    assert len(delivered(date(2026, 11, 1))) == 6
    assert [delivered(date(2026, 11, day)) for day in (2, 3)] == [closing + current] * 2
    assert delivered(date(2026, 11, 4)) == current
    assert delivered(date(2026, 11, 5)) == ["aws 2026-10", *current]
    assert delivered(date(2026, 11, 6)) == current
    assert delivered(date(2026, 11, 6)) == []


def test_a_month_holds_every_kind_of_charge(latest: dict[str, list[Row]]) -> None:
    """AWS bills fees, credits, corrections on the later invoice, spend without a tag, and tax once it is invoiced."""
    before = {row["ChargeCategory"] for row in latest["aws"] if str(row["BillingPeriodStart"]).startswith("2026-10")}
    assert before == {"Usage", "Purchase", "Tax", "Credit"}
    rows = [row for row in latest["aws"] if str(row["BillingPeriodStart"]).startswith("2026-11")]
    assert {row["ChargeCategory"] for row in rows} == {"Usage", "Purchase", "Credit"}
    assert all(money(row, "BilledCost") < 0 for row in rows if row["ChargeCategory"] == "Credit")
    corrections = [row for row in rows if row["ChargeClass"] == "Correction"]
    assert [money(row, "EffectiveCost") for row in corrections] == [amount for *_, amount in CORRECTIONS]
    assert {str(row["ChargePeriodStart"])[:7] for row in corrections} == {"2026-10"}
    shared = [row for row in rows if row["SubAccountName"] == "shared-platform"]
    assert any("team" not in str(row["Tags"]) for row in shared)


def test_the_company_has_the_size_it_should(folder: Path) -> None:
    """A month is 250 to 400 thousand US dollars, and Azure bills in euros."""
    for month in ("2025-11", "2026-05", "2026-10"):
        rows = [row for path in folder.glob(f"*/*{month}/*") for row in read(path)]
        assert {row["BillingCurrency"] for row in rows} == {"USD", "EUR"}
        dollars = [row for row in rows if row["BillingCurrency"] == "USD" and row["ChargeCategory"] != "Tax"]
        assert 250_000 < sum(money(row, "EffectiveCost") for row in dollars) < 400_000
