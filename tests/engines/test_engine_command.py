"""`finops engine check`, and a warehouse in finops.yaml from the worker's look to the ledger."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.installation import Installation
from jobs.ingest_billing import run
from tests.databases import stand_in
from tests.engines.tables import FORMS, Files, made_rows


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the working directory."""
    stand_in(tmp_path, monkeypatch)
    return tmp_path


def finops(*words: str) -> Result:
    """A command line."""
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


def test_the_check_says_what_it_found(here: Path) -> None:
    """Each form of costs and times has a line, and a table of one's own is told by what is read of it."""
    table = Files("duckdb", here).put(made_rows(FORMS["days"], 1, 3), FORMS["days"])
    done = finops("engine", "check", "--engine", "duckdb", "--set", "memory_limit=200MB", "--table", table)
    lines = done.output.splitlines()
    assert (done.exit_code, lines[:3]) == (
        0,
        [
            "ok   DECIMAL costs, times in UTC: 15 rows, 12 groups, equal to the last of 18 digits",
            "ok   DECIMAL costs, times at +05:30: 15 rows, 12 groups, equal to the last of 18 digits",
            "ok   double costs: 14 rows, 11 groups, equal to the last of 18 digits",
        ],
    )
    assert lines[3].startswith(f"ok   {table}: FOCUS 1.4: BilledCost from BilledCost (decimal), ")
    as_json = json.loads(finops("engine", "check", "--engine", "duckdb", "--format", "json").output)
    assert [each["good"] for each in as_json] == [True] * 3


def test_an_engine_that_differs_fails_the_check(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what the engine gave and what it is, and exits with 1."""
    monkeypatch.setattr("storage.engines.rollup_sql.DECIMAL", "DECIMAL(38,17)")
    done = finops("engine", "check", "--engine", "duckdb")
    assert done.exit_code == 1
    assert done.output.startswith("FAIL DECIMAL costs, times in UTC: gave day=2026-10-07, ")
    assert "billed_cost=4.5, effective_cost=3.75 where it is day=2026-10-07, " in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "oracle"), "finops: 'oracle' is no engine. There are athena, bigquery, databricks, duckdb, "),
        (("--engine", "duckdb", "--set", "x=1"), "finops: duckdb has no key x. There are memory_limit."),
        (("--engine", "duckdb", "--set", "x"), "finops: --set x: it takes KEY=VALUE."),
        (("--engine", "athena"), "finops: athena needs --set database=…: of the Glue catalogue."),
        (
            ("--engine", "duckdb", "--table", "/nowhere/*.parquet"),
            "finops: DuckDB: IO Error: No files found that match",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_one_line(here: Path, words: tuple[str, ...], said: str) -> None:
    """An unknown engine, a key it has not or lacks, and a table that is not there."""
    done = finops("engine", "check", *words)
    assert (done.exit_code, done.output.startswith(said)) == (1, True), done.output


def test_a_warehouse_in_finops_yaml(here: Path) -> None:
    """Doctor can read it, the job takes it in, and the ledger says that its rows stayed where they were."""
    rows = [
        {**row, "BilledCost": row["BilledCost"] or 0, "EffectiveCost": row["EffectiveCost"] or 0}
        for row in made_rows(FORMS["decimals"], 3, 30)
    ]
    table = Files("duckdb", here).put(rows, FORMS["decimals"])
    (here / "finops.yaml").write_text(f"sources:\n  lake: {{kind: warehouse, engine: duckdb, table: '{table}'}}\n")
    installation = Installation(here / "finops.yaml")
    done = run(now=datetime(2026, 11, 21, tzinfo=UTC), **installation.parts())
    assert done.summary.startswith("lake 2026-09 published (")
    installation.state.close()
    periods = json.loads(finops("ledger", "periods", "--format", "json").output)
    assert [(each["billing_period"], each["rows_at"]) for each in periods] == [
        ("2026-09", f"duckdb: {table}"),
        ("2026-10", f"duckdb: {table}"),
    ]
    assert "Whole: 2 billing periods." in finops("ledger", "verify").output
    (here / "finops.yaml").write_text(f"teams_from: {{tag: team}}\n{(here / 'finops.yaml').read_text()}")
    assert "ok   sources: 1 source" in finops("doctor").output
