"""`finops variance --drivers`: rows that add up to the variance, to the last digit, for people and programs."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from finops.money import add
from tests.company import CONFIG, Charge, usual_charges, write_bill
from tests.databases import stand_in


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose October has more services than its September, in the working directory."""
    stand_in(tmp_path, monkeypatch)
    (tmp_path / "finops.yaml").write_text(CONFIG)
    charges = usual_charges(date(2026, 9, 1), date(2026, 10, 31))
    charges.append(Charge(date(2026, 10, 2), Decimal("12.000000000000000001"), "payments", "Storage"))
    charges.append(Charge(date(2026, 10, 3), Decimal("-5"), "payments", "Storage", "Credit"))
    write_bill(tmp_path / "bills" / "bill.csv", charges)
    (tmp_path / "budgets.csv").write_text("team,month,amount,currency\npayments,2026-10,3000,USD\n")
    assert finops("ingest", "bills", "--export", "aws").exit_code == 0
    assert finops("budgets", "import", "budgets.csv").exit_code == 0
    return tmp_path


def finops(*words: str) -> Result:
    """Run `finops …` in this process."""
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def drivers(*words: str) -> list[dict[str, str]]:
    """Rows of the JSON, which are those of the CSV."""
    asked = ("variance", "payments", "--month", "2026-10", "--drivers", *words, "--format")
    rows: list[dict[str, str]] = json.loads(finops(*asked, "json").stdout)
    read = list(csv.DictReader(io.StringIO(finops(*asked, "csv").stdout)))
    assert read == [{name: value or "" for name, value in row.items()} for row in rows]
    return rows


def test_the_rows_add_up(here: Path) -> None:
    """Against the budget the rows are the variance; against the month before its change, in the same parts."""
    variance = json.loads(finops("variance", "payments", "--month", "2026-10", "--format", "json").stdout)["variance"]
    against = {name: drivers("--against", name) for name in ("budget", "month")}
    sums = {name: add(Decimal(row["amount"]) for row in rows) for name, rows in against.items()}
    day = Decimal("100.123456789")
    assert sums == {"budget": Decimal(variance), "month": day + Decimal("7.000000000000000001")}
    assert drivers() == against["budget"]
    assert [(row["part"], row["service"], row["amount"]) for row in against["budget"]] == [
        ("budget against last month", "", "3.70370367"),
        ("calendar", "Compute", "100.123456789"),
        ("resources", "Storage", "12.000000000000000001"),
        ("credits", "Storage", "-5"),
    ]
    assert against["month"][1] == {
        "team": "payments",
        "month": "2026-10",
        "basis": "effective",
        "currency": "USD",
        "against": "month",
        "part": "resources",
        "service": "Storage",
        "account": "production",
        "name": "A charge",
        "amount": "12.000000000000000001",
        "was": "0",
        "now": "1",
        "unit": "SKU",
    }


def test_people_read_sentences(here: Path) -> None:
    """The table says what each part comes from, and what the bill does not tell."""
    shown = finops("variance", "payments", "--month", "2026-10", "--drivers").stdout
    for words in (
        "payments, October 2026 against budget, basis effective, 1–31 Oct beside 1–30 Sep",
        "A charge (Storage in production), 1 new, +$12.00",
        "The bill names no resources",
        "+$110.83",
    ):
        assert words in shown


def test_what_cannot_be_compared_is_said(here: Path) -> None:
    """No budget, no month before and options that do not fit are refused, with what to do instead."""
    no_budget = finops("variance", "search", "--month", "2026-10", "--drivers")
    assert no_budget.exit_code == 1 and "`--against month` compares with the month before." in no_budget.stderr
    assert finops("variance", "search", "--month", "2026-10", "--drivers", "--against", "month").exit_code == 0
    nothing = finops("variance", "payments", "--month", "2026-09", "--drivers")
    assert nothing.exit_code == 1 and "There is no spend of payments in August 2026 to compare with." in nothing.stderr
    for wrong in (
        ("--all", "--drivers"),
        ("payments", "--drivers", "--by-invoice"),
        ("payments", "--against", "month"),
    ):
        assert finops("variance", *wrong).exit_code == 2


def test_drivers_month_by_month(here: Path) -> None:
    """Each month's rows add up to its change against the one before; a month with none before it is left out."""
    asked = ("variance", "payments", "--month", "2026-10", "--drivers", "--months", "3")
    result = finops(*asked, "--picture", "drivers.png", "--format", "json")
    rows = json.loads(result.stdout)
    assert {row["month"] for row in rows} == {"2026-10"}
    against = add(Decimal(row["amount"]) for row in drivers("--against", "month"))
    assert add(Decimal(row["amount"]) for row in rows) == against
    first, second, drawn = result.stderr.splitlines()
    assert first.startswith("finops: 2026-08 is left out: ") and second.startswith("finops: 2026-09 is left out: ")
    assert drawn.startswith("drivers.png: Drivers of cost of Payments, October 2026, each month against")
    assert Path("drivers.png").read_bytes().startswith(b"\x89PNG")
    assert "change" in finops(*asked).stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--months", "3"),
        ("--drivers", "--months", "1"),
        ("--drivers", "--months", "3", "--against", "budget"),
        ("--drivers", "--picture", "x.png"),
    ],
)
def test_months_belong_to_drivers(here: Path, words: tuple[str, ...]) -> None:
    """Options that mean nothing together are refused as wrong usage."""
    assert finops("variance", "payments", *words).exit_code == 2


def test_months_without_any_to_compare_are_refused(here: Path) -> None:
    """Where no month has one before it, the reason is that of the last."""
    assert finops("variance", "payments", "--month", "2026-09", "--drivers", "--months", "2").exit_code == 1
