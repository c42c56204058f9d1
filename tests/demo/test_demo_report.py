"""The report of the demo's company: the same from its database every time, and equal to its ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.demo import bill
from bot.demo.demo import Demo
from bot.demo.place import demo_at_the_terminal
from finops.money import add
from finops.periods import Month
from jobs import close_month
from storage.ledger.totals import ledger_totals
from tests.databases import OF_THE_DEMO

pytestmark = OF_THE_DEMO
OCTOBER = Month(2026, 10)
CODE = """
import sys
from pathlib import Path
from bot.cli import main
from bot.demo.place import demo_at_the_terminal
place = demo_at_the_terminal(Path(sys.argv[1]))
for edition in ("executive", "technical"):
    for form in ("html", "pdf", "csv", "json"):
        line = ["report", "--month", "2026-10", "--format", form, "--edition", edition]
        main(args=[*line, "--output", f"{sys.argv[2]}/{edition}.{form}"], obj=place, standalone_mode=False)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo with three months of bills, whose October is closed."""
    made = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bill, "MONTHS", 3)
        Demo(made, 0, date(2026, 11, 20), lambda _said: None).prepare()
    installation = demo_at_the_terminal(made)
    said = close_month.run(now=installation.now, company=installation.company, state=installation.state).summary
    assert "October 2026 closed with 10 teams" in said
    return made


def reports(folder: Path, into: Path, seed: str = "0", zone: str = "UTC") -> dict[str, bytes]:
    """What `finops report` writes in every form of both editions, in a process of its own."""
    into.mkdir()
    subprocess.run(
        [sys.executable, "-c", CODE, str(folder), str(into)],
        env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
    )
    return {path.name: path.read_bytes() for path in into.iterdir()}


def test_rebuilt_it_is_byte_identical(folder: Path, tmp_path: Path) -> None:
    """Built from the database again, under another hash seed and time zone, every form of both editions is the same."""
    first = reports(folder, tmp_path / "first")
    assert len(first) == 8 and all(first.values())
    assert reports(folder, tmp_path / "second", "7", "Asia/Tokyo") == first


def test_totals_are_the_ledgers_to_the_last_digit(folder: Path, tmp_path: Path) -> None:
    """In each currency the actual is what DuckDB adds up over the Parquet, team by team and together."""
    installation = demo_at_the_terminal(folder)
    line = ["report", "--month", str(OCTOBER), "--format", "json"]
    told = json.loads(CliRunner().invoke(main, line, obj=installation, catch_exceptions=False).stdout)
    company = installation.company
    found = ledger_totals(
        ["team"],
        basis=company.basis,
        company=company,
        state=installation.state,
        ledger=installation.ledger,
        month=OCTOBER,
    )
    exact = {(str(each.values[0]), each.currency): each.cost for each in found}
    rows = {(row["team"], row["currency"]): Decimal(row["actual"]) for row in told["teams"]}
    assert {key: amount for key, amount in rows.items() if amount} == exact
    for total in told["totals"]:
        own = [cost for (_, currency), cost in exact.items() if currency == total["currency"]]
        assert Decimal(total["actual"]) == add(own)
