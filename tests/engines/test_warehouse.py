"""A bill that stays where it lies is published like any delivery, to the same figures as its rows would be."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from finops.basis import Basis
from storage.engines.check import refuse_other_doubles
from storage.engines.engine import EngineFailed, engine_kind
from storage.offered import Taken
from storage.sources.source import SourceFailed
from storage.sources.taking import take_in
from storage.sources.warehouse import SOURCE, WarehouseSource
from tests.engines.tables import FORMS, Database, Files, Holder, arrow, made_rows
from tests.storage.bills import Place

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
KEYS = ("provider", "service", "sub_account_id", "sub_account_name", "charge_category", "billing_period", "day", "team")


def source(holder: Holder, table: str, **keys: str) -> WarehouseSource:
    """The source of a table, as finops.yaml would name it."""
    given = {"engine": holder.kind.opened.__module__.rpartition(".")[2], "table": table, **holder.settings, **keys}
    assert SOURCE.fault(given) == ""
    opened = SOURCE.opened(**given)
    assert isinstance(opened, WarehouseSource)
    return opened


def usable(form: str, seed: int, count: int = 120) -> list[dict[str, Any]]:
    """Rows without anything that refuses a delivery."""
    rows = made_rows(FORMS[form], seed, count)
    free = 0.0 if FORMS[form].is_double else Decimal(0)
    return [{**row, **{name: free for name in ("BilledCost", "EffectiveCost") if row[name] is None}} for row in rows]


def take(place: Place, warehouse: WarehouseSource, now: datetime = NOW) -> dict[str, Taken]:
    """What became of each delivery."""
    company, state, ledger = place.company, place.state, place.ledger
    taken = take_in("costs", warehouse, company=company, state=state, ledger=ledger, now=now)
    return {each.name: each for each in taken}


def outcomes(taken: dict[str, Taken]) -> dict[str, str]:
    """Name of each delivery → what became of it."""
    return {name: str(each.outcome) for name, each in taken.items()}


@pytest.mark.parametrize("form", ["decimals", "doubles"])
def test_a_rollup_gives_the_figures_of_its_rows(holder: Holder, place: Place, form: str) -> None:
    """Every total by every column equals that of the same rows taken in as a file, in every basis."""
    rows = usable(form, seed=11)
    taken = take(place, source(holder, holder.put(rows, FORMS[form])))
    assert {name: (str(each.outcome), each.rows) for name, each in taken.items()} == {
        month: ("published", sum(f"{row['BillingPeriodStart'].astimezone(UTC):%Y-%m}" == month for row in rows))
        if form == "doubles"
        else ("published", sum(f"{row['BillingPeriodStart']:%Y-%m}" == month for row in rows))
        for month in ("2026-09", "2026-10")
    }
    path = place.folder / "rows.parquet"
    pyarrow.parquet.write_table(arrow(rows, FORMS[form]), path)
    place.ingest(path, export="files", lenient=True, now=NOW)
    for basis in Basis:
        ours = place.totals(*KEYS, basis=basis, export="costs")
        assert ours == place.totals(*KEYS, basis=basis, export="files")
        assert ours
    assert place.damaged() == []


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """A PostgreSQL database."""
    return Database(request.getfixturevalue("postgres_url"))


def test_what_moved_is_found(database: Database, place: Place) -> None:
    """A changed sum is found within the hour; a cost that only moved from one tag to another within a day."""
    import psycopg

    rows = usable("decimals", seed=2, count=40)
    warehouse = source(database, table := database.put(rows, FORMS["decimals"]))
    hour = timedelta(hours=1)
    published, unchanged = (dict.fromkeys(("2026-09", "2026-10"), word) for word in ("published", "unchanged"))
    assert outcomes(take(place, warehouse)) == published
    assert outcomes(take(place, warehouse, NOW + hour)) == unchanged
    first = place.totals("billing_period", "service")

    def change(sql: str) -> None:
        with psycopg.connect(database._url) as connection:
            connection.execute(sql)

    october = "\"BillingPeriodStart\" = '2026-10-01'"
    change(f'UPDATE {table} SET "Tags" = \'{{"team": "checkout"}}\' WHERE {october}')
    assert outcomes(take(place, warehouse, NOW + 2 * hour)) == unchanged
    tomorrow = take(place, warehouse, NOW + 24 * hour)
    assert outcomes(tomorrow) == {"2026-09": "unchanged", "2026-10": "published"}
    assert place.totals("billing_period", "service") == first
    change(f'UPDATE {table} SET "BilledCost" = "BilledCost" + 1 WHERE {october}')
    assert outcomes(take(place, warehouse, NOW + 25 * hour)) == {"2026-09": "unchanged", "2026-10": "published"}
    assert place.totals("billing_period", "service") != first
    change(f"DELETE FROM {table} WHERE {october}")
    assert outcomes(take(place, warehouse, NOW + 26 * hour)) == {"2026-09": "unchanged"}


def test_the_ledger_says_where_the_rows_are(database: Database, place: Place) -> None:
    """The version names engine and table; what it keeps is the rollup as it came, one row a group."""
    rows = usable("decimals", seed=4, count=50)
    table = database.put([*rows, *rows], FORMS["decimals"])
    take(place, source(database, table))
    version = place.ledger.read("costs", "2026-10", 1)
    [part] = version.parts
    assert version.rows_at == part.rows_at == f"postgresql: {table}"
    assert version.rows == sum(row["BillingPeriodStart"].month == 10 for row in rows) * 2
    kept = pyarrow.parquet.read_table(version.file(part.rows_file))
    assert kept.num_rows < version.rows and sum(kept["rows"].to_pylist()) == version.rows
    assert place.daily()


def test_bad_rows_refuse_the_month_and_no_other(database: Database, place: Place) -> None:
    """They are counted by column, as the rows themselves are elsewhere; what cannot be dated waits."""
    rows = usable("decimals", seed=6, count=60)
    autumn = [row for row in rows if row["BillingPeriodStart"].month == 10]
    autumn[0] |= {"BilledCost": None}
    autumn[1] |= {"BillingCurrency": "usd", "ChargeCategory": "Refund"}
    autumn[2] |= {"BillingCurrency": None, "ChargePeriodStart": None}
    autumn[3] |= {"BillingPeriodStart": None}
    table = database.put(rows, FORMS["decimals"])
    taken = take(place, source(database, table))
    assert outcomes(taken) == {"2026-09": "published", "2026-10": "refused", "undated": "waiting"}
    assert taken["2026-10"].why == (
        f"postgresql: {table}, column BilledCost, 1 row: no value, or a double that is no number or not below 10^15."
    )
    assert taken["undated"].why == (
        f"{table}: BillingPeriodStart is empty in 1 of its rows; they belong to no delivery."
    )
    [faults] = place.rows("SELECT CAST(faults AS TEXT) FROM ingest_run WHERE outcome = 'refused'")
    assert all(
        words in faults[0]
        for words in (
            "column BillingCurrency, 2 rows: 'usd', no value.",
            "column ChargePeriodStart, 1 row: no value.",
            "column ChargeCategory, 1 row: 'Refund'.",
        )
    )
    assert {period for period, *_ in place.totals("billing_period")} == {"2026-09"}


def test_only_the_newest_months_are_looked_at(database: Database, place: Place) -> None:
    """`months: 1` leaves what was taken in of older ones as it is."""
    table = database.put(usable("decimals", seed=8), FORMS["decimals"])
    assert outcomes(take(place, source(database, table, months="1"))) == {"2026-10": "published"}


def test_what_is_older_than_the_months_is_not_added_up(database: Database, place: Place) -> None:
    """A cost of an old month that fits into no DECIMAL keeps none of the newest from coming in."""
    import psycopg

    table = database.put(usable("decimals", seed=8), FORMS["decimals"])
    with psycopg.connect(database._url) as connection:
        connection.execute(f'ALTER TABLE {table} ALTER "BilledCost" TYPE numeric')
        september = "\"BillingPeriodStart\" = '2026-09-01'"
        connection.execute(f'UPDATE {table} SET "BilledCost" = 1e21 WHERE {september}')
    assert outcomes(take(place, source(database, table, months="1"))) == {"2026-10": "published"}


@pytest.mark.parametrize("cost", ["1e21", "'NaN'"])
def test_a_month_that_cannot_be_added_up_keeps_it_to_itself(database: Database, place: Place, cost: str) -> None:
    """It waits with the engine's words, and every other month comes in; mended, it comes in too."""
    import psycopg

    table = database.put(usable("decimals", seed=8), FORMS["decimals"])

    def change(cost: str) -> None:
        with psycopg.connect(database._url) as connection:
            connection.execute(f'ALTER TABLE {table} ALTER "BilledCost" TYPE numeric')
            september = "\"BillingPeriodStart\" = '2026-09-01'"
            connection.execute(f'UPDATE {table} SET "BilledCost" = {cost} WHERE {september}')

    change(cost)
    taken = take(place, source(database, table))
    assert outcomes(taken) == {"2026-09": "waiting", "2026-10": "published"}
    assert taken["2026-09"].why.startswith("PostgreSQL: ")
    change("1.5")
    hour = timedelta(hours=1)
    assert outcomes(take(place, source(database, table), NOW + hour)) == {
        "2026-09": "published",
        "2026-10": "unchanged",
    }


CENTS, FINE, WIDE = pyarrow.decimal128(18, 2), pyarrow.decimal128(38, 18), pyarrow.decimal256(50, 18)
NUMBER, TEXT = pyarrow.int64(), pyarrow.string()


@pytest.mark.parametrize(
    ("column", "types", "why"),
    [
        (
            "BilledCost",
            (CENTS, FINE),
            "The column BilledCost is DECIMAL(18,2) in {a} and DECIMAL(38,18) in {b}. "
            "Write the files anew with one type; of costs it is best DECIMAL(38,18).",
        ),
        (
            "EffectiveCost",
            (NUMBER, CENTS),
            "The column EffectiveCost is BIGINT in {a} and DECIMAL(18,2) in {b}. "
            "Write the files anew with one type; of costs it is best DECIMAL(38,18).",
        ),
        (
            "SubAccountId",
            (NUMBER, TEXT),
            "The column SubAccountId is BIGINT in {a} and VARCHAR in {b}. "
            "Write the files anew with one type; of costs it is best DECIMAL(38,18).",
        ),
        (
            "BilledCost",
            (WIDE, WIDE),
            "The column BilledCost has decimals of 50 digits in {a}, of which some would be lost. "
            "Write the files anew with costs as DECIMAL(38,18).",
        ),
    ],
    ids=["scales", "integers", "accounts", "wide"],
)
def test_files_whose_values_would_change_are_refused(
    tmp_path: Path, column: str, types: tuple[pyarrow.DataType, pyarrow.DataType], why: str
) -> None:
    """DuckDB reads every file by the types of the first, and wide decimals as doubles: it is not given such files."""
    whole = arrow([{**row, column: None} for row in usable("decimals", seed=3, count=2)], FORMS["decimals"])
    files = {name: tmp_path / f"{name}.parquet" for name in "ab"}
    for path, kind in zip(files.values(), types, strict=True):
        values = pyarrow.array([1, 2], pyarrow.int8()).cast(kind)
        pyarrow.parquet.write_table(whole.set_column(whole.schema.get_field_index(column), column, values), path)
    with pytest.raises(EngineFailed) as failed:
        WarehouseSource("duckdb", str(tmp_path / "*.parquet")).offered(NOW)
    assert str(failed.value) == why.format(**files)


def test_columns_that_nothing_reads_may_differ(tmp_path: Path) -> None:
    """Only what figures are made of must be of one type in every file."""
    rows = arrow(usable("decimals", seed=3, count=9), FORMS["decimals"])
    for name, kind in (("a", NUMBER), ("b", pyarrow.int32())):
        more = pyarrow.array(range(9), kind)
        pyarrow.parquet.write_table(rows.append_column("x_Note", more), tmp_path / f"{name}.parquet")
    offered = WarehouseSource("duckdb", str(tmp_path / "*.parquet")).offered(NOW)
    assert [each.name for each in offered.ready] == ["2026-09", "2026-10"]


def test_a_wrong_setting_of_duckdb_is_said() -> None:
    """A memory limit that is none is a sentence, and not an error of DuckDB's own."""
    source = WarehouseSource("duckdb", "/bills/*.parquet", memory_limit="plenty")
    with pytest.raises(EngineFailed, match=r"^DuckDB: "):
        source.offered(NOW)
    [said] = source.lacking()
    assert said.startswith("DuckDB: ")


def test_files_have_a_version(tmp_path: Path, place: Place) -> None:
    """Files that did not change are not read again on another day; written anew they are."""
    files = Files("duckdb", tmp_path)
    table = files.put(usable("decimals", seed=9), FORMS["decimals"])
    warehouse = source(files, table)
    first = warehouse.offered(NOW)
    assert warehouse.offered(NOW + timedelta(days=9)) == first
    pyarrow.parquet.write_table(arrow(usable("decimals", seed=10), FORMS["decimals"]), table)
    assert [each.name for each in warehouse.offered(NOW).ready] == ["2026-09", "2026-10"]
    assert not {each.mark for each in warehouse.offered(NOW).ready} & {each.mark for each in first.ready}


def test_a_month_that_went_away_meanwhile(tmp_path: Path) -> None:
    """Nothing is fetched of it, and the next look says what there is."""
    files = Files("duckdb", tmp_path)
    rows = usable("decimals", seed=9)
    warehouse = source(files, table := files.put(rows, FORMS["decimals"]))
    [_, october] = warehouse.offered(NOW).ready
    early = [row for row in rows if row["BillingPeriodStart"].month == 9]
    pyarrow.parquet.write_table(arrow(early, FORMS["decimals"]), table)
    with pytest.raises(SourceFailed, match="has no rows of 2026-10 any more"):
        warehouse.fetch(october, tmp_path)


class OtherDoubles:
    """An engine that writes doubles with 17 digits, as BigQuery does."""

    def table(self, sql: str, schema: pyarrow.Schema) -> pyarrow.Table:
        """What it makes of the doubles it is asked about."""
        duckdb = engine_kind("duckdb").opened()
        answer = duckdb.table(sql, schema).to_pylist()
        duckdb.close()
        return pyarrow.Table.from_pylist([{**each, "made": Decimal(f"{float(each['made']):.17g}")} for each in answer])


def test_an_engine_that_writes_doubles_otherwise_is_not_given_any() -> None:
    """It is told to have them as DECIMAL, whose digits no engine changes."""
    other: Any = OtherDoubles()
    with pytest.raises(EngineFailed) as failed:
        refuse_other_doubles(other, "duckdb", "billing.focus")
    assert str(failed.value) == (
        "billing.focus: a cost is a double, and this engine makes 0.10000000000000001 of 0.1. "
        "Name a view in which costs are DECIMAL(38,18)."
    )


def test_doctor_says_what_is_lacking(database: Database) -> None:
    """A server that is not there, and a table that is not there, are a sentence each."""
    assert source(database, database.put(usable("decimals", 1, 5), FORMS["decimals"])).lacking() == []
    assert source(database, "billing.nothing").lacking() == ['PostgreSQL: relation "billing.nothing" does not exist']
    [away] = WarehouseSource("postgresql", "focus", host="127.0.0.1", port="1", dbname="x", user="y").lacking()
    assert away.startswith("PostgreSQL: connection failed: ")


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"table": "t"}, "needs the key engine: which one: engines.md, where its own keys are too"),
        ({"engine": "postgresql"}, "needs the key table: the FOCUS table or view, as the engine names it"),
        ({"engine": "oracle", "table": "t"}, "names an engine that is none: 'oracle' is no engine. There are athena"),
        ({"engine": "spark", "table": "t"}, "needs the key remote: sc://host:15002, the Spark Connect server"),
        (
            {"engine": "postgresql", "table": "t", "password": "x"},
            "has a credential in the key password; take it out and put it where the engine's driver finds it: `PGP",
        ),
        (
            {"engine": "postgresql", "table": "t", "months": "0"},
            "has `months: 0`, which is no number of billing periods",
        ),
        (
            {"engine": "postgresql", "table": "t", "months": "²"},
            "has `months: ²`, which is no number of billing periods",
        ),
        ({"engine": "postgresql", "table": "t", "host": "db", "months": 3}, ""),
    ],
    ids=str,
)
def test_wrong_keys_are_named(keys: dict[str, object], fault: str) -> None:
    """finops.yaml is refused at the source, which takes its own keys and those of its engine."""
    assert SOURCE.fault(keys).startswith(fault)
    assert bool(SOURCE.fault(keys)) == bool(fault)


def test_naming_a_warehouse_loads_nothing_heavy(tmp_path: Path) -> None:
    """The web process reads finops.yaml too, and does without drivers, duckdb, pyarrow and sqlglot."""
    (tmp_path / "finops.yaml").write_text(
        "sources:\n"
        "  a: {kind: warehouse, engine: postgresql, table: billing.focus}\n"
        "  b: {kind: warehouse, engine: duckdb, table: /bills/*.parquet}\n"
        "  c: {kind: warehouse, engine: spark, table: focus, remote: 'sc://host:15002'}\n"
    )
    code = (
        "import sys; from pathlib import Path; from bot.configuration import load_company; "
        "load_company(Path('finops.yaml')); "
        "print(sorted({'duckdb', 'pyarrow', 'sqlglot', 'psycopg', 'pyspark', 'boto3', 'pandas'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    environment = {"PYTHONPATH": str(root), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
