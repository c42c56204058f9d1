"""The terminal's contract: names and shapes that programs rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from tests.company import CONFIG, Charge, usual_charges, write_bill
from tests.databases import is_server, stand_in, state_url
from tests.storage.bills import charge, write_csv

SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "focus" / "focus_sample_1k_v1.0.csv"
VARIANCE = (
    "team month basis currency budget actual variance variance_ratio tier forecast data_through provisional_from "
    "partial restated_from"
).split()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the working directory, with an environment that says nothing but where a server is."""
    stand_in(tmp_path, monkeypatch)
    return tmp_path


def finops(*words: str) -> Result:
    """Run `finops …` in this process."""
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def as_json(*words: str) -> Any:
    """Run `finops … --format json` and parse what it prints."""
    result = finops(*words, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_first_five_minutes(here: Path) -> None:
    """Configuration, a bill and budgets give each team's month in the promised shape; all is kept in ./var."""
    (here / "finops.yaml").write_text(CONFIG)
    from datetime import date

    write_bill(here / "bills" / "bill.csv", usual_charges(date(2026, 10, 1), date(2026, 10, 31)))
    (here / "budgets.csv").write_text("team,month,amount,currency\npayments,2026-10,3000,USD\nidle,2026-10,0,USD\n")
    assert finops("ingest", "bills", "--export", "aws").exit_code == 0
    assert finops("budgets", "import", "budgets.csv").exit_code == 0
    assert is_server() or (here / "var" / "finops.db").exists()
    assert (here / "var" / "ledger" / "aws" / "2026-10").is_dir()
    found = as_json("variance", "payments", "--month", "2026-10")
    assert list(found) == VARIANCE
    assert found == {
        "team": "payments",
        "month": "2026-10",
        "basis": "effective",
        "currency": "USD",
        "budget": "3000",
        "actual": "3103.827160459",
        "variance": "103.827160459",
        "variance_ratio": "0.03460905348633333333333333333",
        "tier": "note",
        "forecast": None,
        "data_through": "2026-10-31",
        "provisional_from": None,
        "partial": False,
        "restated_from": None,
    }
    every = as_json("variance", "--all", "--month", "2026-10")
    assert [(row["team"], row["actual"], row["budget"], row["tier"]) for row in every] == [
        ("payments", "3103.827160459", "3000", "note"),
        ("search", "1565.5", None, None),
        ("idle", "0", "0", "note"),
        ("unallocated", "217", None, None),
    ]


@pytest.mark.parametrize(
    ("budget", "tier"),
    [
        ("1000", "note"),
        ("952.39", "note"),
        ("952.380952380952380952", "investigate"),
        ("909.0909090909090909091", "investigate"),
        ("909.09090909090909090", "formal"),
        ("833.34", "formal"),
        ("833.3333333333333333", "emergency"),
        ("1250", "formal"),
        ("1052", "note"),
        ("1053", "investigate"),
    ],
)
def test_tier_edges_belong_to_the_lower_tier(here: Path, budget: str, tier: str) -> None:
    """The tier is that of the unrounded ratio, exactly at an edge the lower one, for over- and underspend alike."""
    from datetime import date
    from decimal import Decimal

    from finops.policy import tier_of

    (here / "finops.yaml").write_text(CONFIG)
    write_bill(here / "bill.csv", [Charge(date(2026, 10, 3), Decimal(1000), "payments")])
    finops("ingest", "bill.csv", "--export", "aws")
    expected = tier_of(Decimal(1000) - Decimal(budget), Decimal(budget)).name
    if len(budget.partition(".")[2]) <= 18:
        (here / "budgets.csv").write_text(f"team,month,amount,currency\npayments,2026-10,{budget},USD\n")
        assert finops("budgets", "import", "budgets.csv").exit_code == 0
        assert as_json("variance", "payments", "--month", "2026-10")["tier"] == tier
    assert expected == tier


@pytest.mark.skipif(not SAMPLE.exists(), reason="the FOCUS sample is not on this machine")
def test_the_real_sample(here: Path) -> None:
    """The real 1,000-row FOCUS sample gives the published totals to the last digit, and twice the same."""
    assert finops("ingest", str(SAMPLE), "--export", "sample").exit_code == 0
    first = as_json("ledger", "periods")
    assert [(row["billing_period"], row["version"], row["rows"], row["restated"]) for row in first] == [
        ("2024-09", 1, 999, False),
        ("2024-10", 1, 1, False),
    ]
    assert "nothing changed" in finops("ingest", str(SAMPLE), "--export", "sample").output
    assert as_json("ledger", "periods") == first
    totals = {
        basis: [(row["rows"], row["cost"]) for row in as_json("ledger", "totals", "--by", "export", "--basis", basis)]
        for basis in ("billed", "usage-billed")
    }
    assert totals == {"billed": [(1000, "20.52022672899")], "usage-billed": [(997, "22.86192672899")]}
    months = {
        row["billing_period"]: row["cost"]
        for row in as_json("ledger", "totals", "--by", "billing_period", "--basis", "billed")
    }
    assert months == {"2024-09": "20.28022672899", "2024-10": "0.24"}
    orion = as_json("ledger", "totals", "--by", "sub_account_name,sub_account_id", "--basis", "billed")
    assert sum(row["sub_account_name"] == "Atlas Orion" for row in orion) == 3
    one = as_json("variance", "unallocated", "--month", "2024-10", "--by-invoice", "--basis", "billed")
    assert one["actual"] == "0.24"
    september = as_json("variance", "unallocated", "--month", "2024-09", "--basis", "billed")
    assert (september["actual"], september["partial"]) == ("20.52022672899", False)


def test_refusals_are_one_line_and_exit_1(here: Path) -> None:
    """What is refused says why in one line and exits with 1; wrong usage exits with 2."""
    (here / "finops.yaml").write_text(CONFIG)
    cases = {
        ("variance", "paymnts"): "There is no team 'paymnts'. Did you mean payments?",
        ("variance", "payments", "--month", "2026-13"): "'2026-13' is not a month.",
        ("variance", "payments", "--as-of", "today"): "'today' is not a day.",
        ("variance", "payments", "--basis", "net"): "'net' is not a basis. There are effective, billed, usage-billed.",
        ("ledger", "totals", "--by", "colour"): "'colour' is not a column of the ledger.",
        ("ingest", "none.csv", "--export", "aws"): "none.csv: no such file or folder.",
        ("ingest", "finops.yaml", "--export", "aws"): "finops.yaml: neither .csv, .csv.gz nor .parquet.",
        ("budgets", "import", "none.csv"): "none.csv cannot be read",
    }
    for words, said in cases.items():
        result = finops(*words)
        assert result.exit_code == 1, words
        assert f"finops: {said}" in result.stderr, (words, result.stderr)
    assert finops("variance").exit_code == 2
    assert finops("variance", "payments", "--all").exit_code == 2
    assert finops("nonsense").exit_code == 2


def test_a_broken_configuration_names_its_line(here: Path) -> None:
    """A mistake in finops.yaml is named by file, line and column."""
    (here / "finops.yaml").write_text("teams:\n  - {slug: a}\n  - {slug: a}\n")
    result = finops("variance", "--all")
    assert (result.exit_code, result.stderr) == (1, "finops: finops.yaml:3:5: team 'a' stands twice.\n")


def test_restated_months_say_from_what(here: Path) -> None:
    """A re-delivered month replaces the former, is marked restated, and the variance names the former actual."""
    from datetime import date
    from decimal import Decimal

    (here / "finops.yaml").write_text(CONFIG)
    write_bill(here / "bill.csv", [Charge(date(2026, 9, 3), Decimal(1000), "payments")])
    finops("ingest", "bill.csv", "--export", "aws")
    write_bill(here / "bill.csv", [Charge(date(2026, 9, 3), Decimal("1000.5"), "payments")])
    result = finops("ingest", "bill.csv", "--export", "aws")
    assert "restated days delivered before in 2026-09" in result.output
    found = as_json("variance", "payments", "--month", "2026-09")
    assert (found["actual"], found["restated_from"]) == ("1000.5", "1000")
    [period] = as_json("ledger", "periods")
    assert (period["version"], period["restated"]) == (2, True)


def test_tables_and_csv(here: Path) -> None:
    """Every listing comes as a table, JSON and CSV, and an empty one says what to do."""
    assert "finops ingest PATH" in finops("ledger", "periods").output
    assert "finops budgets import" in finops("budgets", "list").output
    assert as_json("ledger", "totals") == []
    assert finops("variance", "--all", "--format", "csv").stdout.splitlines()[0] == ",".join(VARIANCE)


def test_help_names_every_command() -> None:
    """`finops --help` shows one line for every command."""
    said = finops("--help").output
    for name in ("budgets", "demo", "doctor", "ingest", "ledger", "migrate", "run", "variance", "web", "worker"):
        assert f"  {name} " in said


def test_new_scopes_are_no_delivery(here: Path) -> None:
    """Assigning rows to teams anew changes who spent what, and neither a version, a date nor a restatement."""
    from datetime import date

    (here / "finops.yaml").write_text(CONFIG)
    write_bill(here / "bill.csv", usual_charges(date(2026, 10, 1), date(2026, 10, 31)))
    finops("ingest", "bill.csv", "--export", "aws")
    before = as_json("ledger", "periods")
    (here / "finops.yaml").write_text(CONFIG.replace("{tag: {team: [idle]}}", "{sub_account_id: ['0012']}"))
    assert "Published anew: 1 billing period." in finops("ledger", "publish").output
    assert as_json("ledger", "periods") == before
    assert as_json("variance", "idle", "--month", "2026-10")["actual"] == "217"
    assert "The scopes have not changed." in finops("ledger", "publish").output


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/exports/focus",
        "s3://AKIAIOSFODNN7EXAMPLE:secretkey@bucket/exports",
        "abfss://costs@account.dfs.core.windows.net/exports?sig=secretkey",
    ],
)
def test_an_address_is_not_taken_in_by_hand(here: Path, address: str) -> None:
    """ingest says where a bucket is named instead, and repeats nothing that may be a credential."""
    result = finops("ingest", address, "--export", "aws")
    scheme = address.partition("://")[0]
    assert (result.exit_code, result.output) == (
        1,
        f"finops: ingest reads files and folders of this machine, and no address that begins with {scheme}://. "
        "Name the bucket under `sources:` in finops.yaml (docs/howto/connect-a-source.md).\n",
    )


def test_a_tag_that_no_row_has_is_said_with_those_there_are(here: Path) -> None:
    """Where `teams_from` names a tag of no row, ingest names the bill's tags by cost; where a row has it, nothing."""
    (here / "finops.yaml").write_text("currency: USD\nteams_from: {tag: Cost Center}\n")
    row = charge(EffectiveCost="3", Tags=json.dumps({"application": "shop", "env": "live"}))
    write_csv(here / "a.csv", [row, charge(EffectiveCost="-1", Tags=json.dumps({"env": "test"}))])
    said = finops("ingest", "a.csv", "--export", "aws").output
    assert said.endswith(
        "aws: no row has the tag Cost Center, which `teams_from` names.\n"
        "aws: tags in this bill, by cost: env 100 %, application 75 %.\n"
    )
    assert "no row" not in finops("ingest", "a.csv", "--export", "aws").output
    write_csv(here / "a.csv", [row, charge(Tags=json.dumps({"CostCenter": "7"}))])
    assert "no row" not in finops("ingest", "a.csv", "--export", "aws").output
    write_csv(here / "a.csv", [charge(Tags="")])
    assert finops("ingest", "a.csv", "--export", "aws").output.endswith("aws: no row has any tag.\n")


def test_budgets_of_teams_that_no_bill_names(here: Path) -> None:
    """Where teams come from the bill, a budget of one that is none is read, and named."""
    (here / "finops.yaml").write_text("currency: USD\nteams_from: {tag: Cost Center}\n")
    (here / "b.csv").write_text("team,month,amount,currency\nshop,2026-10,3000,USD\n")
    assert finops("budgets", "import", "b.csv").output == (
        "1 budget read: 1 new, 0 changed, 0 as before.\n"
        "no team shop: kept until a bill names it; `finops budgets list` shows it.\n"
    )
    (here / "b.csv").write_text("team,month,amount,currency\nunallocated,2026-10,30,USD\nunallocated,2026-11,30,USD\n")
    assert finops("budgets", "import", "b.csv").output == "2 budgets read: 2 new, 0 changed, 0 as before.\n"


def test_a_difference_of_versions_ends_with_its_sum(here: Path) -> None:
    """The table is followed by what changed in all, in each currency; programs get the rows alone."""
    (here / "finops.yaml").write_text("currency: USD\n")
    for cost in ("3", "5.25"):
        write_csv(here / "a.csv", [charge(EffectiveCost=cost, ServiceName="A"), charge(EffectiveCost=cost)])
        finops("ingest", "a.csv", "--export", "aws")
    line = ("ledger", "diff", "aws", "2024-09", "--basis", "effective")
    assert finops(*line).output.splitlines()[-1] == "In all 4.5 USD."
    assert [each["change"] for each in as_json(*line)] == ["2.25", "2.25"]


def test_a_ledger_that_the_database_does_not_know_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside another database the ledger is not called empty; how much it holds, and of what, is said."""
    assert finops("ledger", "periods").output.endswith("The ledger is empty: `finops ingest PATH --export NAME`.\n")
    write_csv(here / "a.csv", [charge()])
    finops("ingest", "a.csv", "--export", "aws")
    (here / "other").mkdir()
    monkeypatch.setenv("FINOPS_DATABASE_URL", state_url(here / "other"))
    finops("migrate")
    assert finops("ledger", "periods").output.endswith(
        "This database knows no billing period, but var/ledger holds 1 (aws): is FINOPS_DATABASE_URL right? "
        "A new database needs an empty ledger, and the bills taken in again.\n"
    )
