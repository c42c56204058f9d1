"""The adapters over drivers that no account is at hand for: each against a stand-in with the driver's own signatures.

A stand-in takes what the driver takes, reads the SQL back from the vendor's dialect and lets DuckDB answer. That shows
that an adapter asks rightly and reads the answer rightly; what the vendor's engine does with the SQL, only
`finops engine check` on an account shows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType, SimpleNamespace
from typing import Any

import pyarrow
import pytest
import sqlglot

from storage.engines.check import check
from storage.engines.duckdb import DuckDBFiles
from storage.engines.engine import EngineFailed, conformed, engine_kind, from_rows
from storage.engines.focus_table import kind_of


class Refused(Exception):
    """What a stand-in raises, as its driver would."""


class Warehouse:
    """DuckDB behind a vendor's dialect.

    Args:
        described: column → type, as the vendor describes the table.
    """

    def __init__(self, dialect: str, described: dict[str, str]) -> None:
        self.dialect, self.described = dialect, described
        self.duckdb = DuckDBFiles()
        self.duckdb.run("CREATE MACRO at_timezone(moment, zone) AS timezone(zone, moment)")
        self.given: list[Any] = []
        self.closed = 0

    def arrow(self, sql: str) -> pyarrow.Table:
        """The answer to a query of the vendor's dialect, with the widest decimals."""
        if "no_such" in sql:
            raise Refused("Object does not exist.\n  at line 1")
        text = sqlglot.transpile(sql, read=self.dialect, write="duckdb")[0].replace("(38, 5)", "(38, 18)")
        answer = self.duckdb._connection.cursor().sql(text).to_arrow_table()
        wide = [
            field.with_type(pyarrow.decimal256(76, 38)) if pyarrow.types.is_decimal(field.type) else field
            for field in answer.schema
        ]
        return answer.cast(pyarrow.schema(wide)) if self.dialect == "bigquery" else answer

    def close(self) -> None:
        """Counted."""
        self.closed += 1


class Cursor:
    """A cursor of DB-API."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._rows: list[tuple[Any, ...]] = []
        self._table: Any = None
        self.description: Sequence[Sequence[Any]] = ()

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, sql: str) -> Cursor:
        """Run a statement: DESCRIBE and a look at no rows are answered from what the vendor says."""
        described = [(name, kind, None) for name, kind in self._warehouse.described.items()]
        if "no_such" not in sql and sql.startswith("DESCRIBE TABLE"):
            partitions = [("", "", ""), ("# Partition Information", "", "")]
            self._rows = described + (partitions if self._warehouse.dialect == "databricks" else [])
        elif "no_such" not in sql and sql.startswith("SELECT * FROM") and sql.endswith("LIMIT 0"):
            self._rows, self.description = [], described
        else:
            self._table = self._warehouse.arrow(sql)
            self._rows = [tuple(row.values()) for row in self._table.to_pylist()]
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All of it."""
        rows, self._rows = self._rows, []
        return rows

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Some of it."""
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def fetchall_arrow(self) -> Any:
        """All of it, as Databricks gives it."""
        return self._table

    def fetch_arrow_all(self, force_return_table: bool = False) -> Any:
        """All of it, as Snowflake gives it: None for no rows, unless told otherwise."""
        return self._table if self._table.num_rows or force_return_table else None


def connection(warehouse: Warehouse) -> SimpleNamespace:
    """A connection of DB-API."""
    return SimpleNamespace(cursor=lambda: Cursor(warehouse), close=warehouse.close)


def trino(warehouse: Warehouse) -> dict[str, Any]:
    """trino 0.340."""

    def connect(
        host: str, port: int, user: str, http_scheme: str, catalog: Any, schema: Any, timezone: str, auth: Any
    ) -> Any:
        warehouse.given.append((host, port, user, http_scheme, catalog, schema, timezone, auth))
        return connection(warehouse)

    return {
        "trino": SimpleNamespace(
            dbapi=SimpleNamespace(connect=connect),
            auth=SimpleNamespace(BasicAuthentication=lambda name, password: (name, password)),
        ),
        "trino.exceptions": SimpleNamespace(Error=Refused, HttpError=Refused),
    }


def snowflake(warehouse: Warehouse) -> dict[str, Any]:
    """snowflake-connector-python 5.2."""

    def connect(*, connection_name: str = "", session_parameters: dict[str, str], **settings: str) -> Any:
        warehouse.given.append((connection_name, session_parameters, settings))
        return connection(warehouse)

    return {"snowflake.connector": SimpleNamespace(connect=connect, Error=Refused)}


def databricks(warehouse: Warehouse) -> dict[str, Any]:
    """databricks-sql-connector 4.9."""

    def connect(
        server_hostname: str, http_path: str, access_token: Any = None, session_configuration: Any = None, **own: str
    ) -> Any:
        warehouse.given.append((server_hostname, http_path, access_token, session_configuration, own))
        return connection(warehouse)

    return {"databricks.sql": SimpleNamespace(connect=connect, Error=Refused)}


def bigquery(warehouse: Warehouse) -> dict[str, Any]:
    """google-cloud-bigquery 3.47."""

    def query(sql: str, job_config: Any = None) -> Any:
        if job_config is not None and job_config.dry_run and "no_such" not in sql:
            kinds = warehouse.described.items()
            fields = [
                SimpleNamespace(name=name, field_type=kind, mode="REPEATED" if kind == "RECORD" else "NULLABLE")
                for name, kind in kinds
            ]
            return SimpleNamespace(schema=fields)
        answer = warehouse.arrow(sql)
        return SimpleNamespace(result=lambda: SimpleNamespace(to_arrow=lambda: answer))

    def client(project: Any, location: Any) -> Any:
        warehouse.given.append((project, location))
        return SimpleNamespace(query=query, close=warehouse.close, get_table=get_table)

    def get_table(table: str) -> Any:
        changed = datetime(2026, 11, 21, 6, tzinfo=UTC)
        return SimpleNamespace(modified=changed, table_type="VIEW" if table.endswith("_view") else "TABLE")

    config = SimpleNamespace(Client=client, QueryJobConfig=lambda dry_run: SimpleNamespace(dry_run=dry_run))
    return {
        "google.cloud.bigquery": config,
        "google.api_core.exceptions": SimpleNamespace(GoogleAPIError=Refused),
        "google.auth.exceptions": SimpleNamespace(GoogleAuthError=Refused),
    }


VENDORS: dict[str, tuple[Any, dict[str, str], dict[str, str]]] = {
    "trino": (
        trino,
        {"host": "trino.example.com", "user": "finops", "catalog": "hive"},
        {"billedcost": "decimal(38,18)", "effectivecost": "decimal(38,18)", "text": "varchar", "time": "timestamp(3)"},
    ),
    "snowflake": (
        snowflake,
        {"connection": "finops", "warehouse": "SMALL"},
        {
            "BILLEDCOST": "NUMBER(38,18)",
            "EFFECTIVECOST": "NUMBER(38,18)",
            "text": "VARCHAR(9)",
            "time": "TIMESTAMP_NTZ(9)",
        },
    ),
    "databricks": (
        databricks,
        {"server_hostname": "adb.example.com", "http_path": "/sql/1", "catalog": "main"},
        {"BilledCost": "decimal(38,18)", "EffectiveCost": "decimal(38,18)", "text": "string", "time": "timestamp_ntz"},
    ),
    "bigquery": (
        bigquery,
        {"project": "acme", "location": "EU"},
        {"BilledCost": "NUMERIC", "EffectiveCost": "BIGNUMERIC", "text": "STRING", "time": "TIMESTAMP"},
    ),
}
GIVEN = {
    "trino": ("trino.example.com", 443, "finops", "https", "hive", None, "UTC", ("finops", "secret")),
    "snowflake": ("finops", {"TIMEZONE": "UTC"}, {"warehouse": "SMALL"}),
    "databricks": (
        "adb.example.com",
        "/sql/1",
        "secret",
        {"TIMEZONE": "UTC", "ANSI_MODE": "true"},
        {"catalog": "main"},
    ),
    "bigquery": ("acme", "EU"),
}


def described(types: dict[str, str]) -> dict[str, str]:
    """A FOCUS table's columns, as the vendor describes them."""
    costs = {name: kind for name, kind in types.items() if name not in ("text", "time")}
    texts = dict.fromkeys(("BillingCurrency", "ChargeCategory"), types["text"])
    return costs | texts | dict.fromkeys(("BillingPeriodStart", "ChargePeriodStart"), types["time"])


@contextmanager
def installed(monkeypatch: pytest.MonkeyPatch, vendor: str) -> Iterator[Warehouse]:
    """A vendor's driver, pretended."""
    modules, _, types = VENDORS[vendor]
    warehouse = Warehouse(engine_kind(vendor).dialect, described(types))
    for name, module in modules(warehouse).items():
        for depth in range(1, name.count(".") + 1):
            package = ".".join(name.split(".")[:depth])
            monkeypatch.setitem(sys.modules, package, sys.modules.get(package) or ModuleType(package))
        monkeypatch.setitem(sys.modules, name, module)
    yield warehouse
    warehouse.duckdb.close()


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_adapter_asks_and_reads_rightly(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its settings reach the driver, secrets from the environment alone, and the whole check passes through it."""
    monkeypatch.setenv("TRINO_PASSWORD", "secret")
    monkeypatch.setenv("DATABRICKS_TOKEN", "secret")
    kind, (_, settings, types) = engine_kind(vendor), VENDORS[vendor]
    with installed(monkeypatch, vendor) as warehouse:
        engine = kind.opened(**settings)
        assert warehouse.given == [GIVEN[vendor]]
        findings = {each.what: each for each in check(kind, engine, "focus")}
        assert all(each.good for each in findings.values()), findings
        assert len(findings) == 4 and "BilledCost from " in findings["focus"].said
        assert engine.columns_of("focus") == described(types)
        with pytest.raises(EngineFailed, match=r"^\w+: Object does not exist\.$"):
            engine.columns_of("no_such")
        with pytest.raises(EngineFailed, match=r"^\w+: Object does not exist\.$"):
            engine.table("SELECT no_such", pyarrow.schema([("a", pyarrow.int64())]))
        engine.close()
        assert warehouse.closed == 1


def test_bigquery_tells_when_a_table_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A view does not: its data changes without it."""
    with installed(monkeypatch, "bigquery"):
        engine = engine_kind("bigquery").opened()
        assert engine.version_of("acme.billing.focus") == "2026-11-21T06:00:00+00:00"
        assert engine.version_of("`acme.billing.focus_view`") == ""


def test_a_list_of_tags_in_bigquery_is_nested(monkeypatch: pytest.MonkeyPatch) -> None:
    """GCP's labels are a repeated record of keys and values."""
    with installed(monkeypatch, "bigquery") as warehouse:
        warehouse.described["Tags"] = "RECORD"
        columns = engine_kind("bigquery").opened().columns_of("focus")
    assert kind_of(columns["Tags"], "bigquery") == "nested"


@pytest.mark.parametrize("vendor", [*VENDORS, "spark"])
def test_a_driver_that_is_not_installed(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install."""
    for name in ("trino", "snowflake", "databricks", "google", "pyspark"):
        monkeypatch.setitem(sys.modules, name, None)
    settings = VENDORS[vendor][1] if vendor in VENDORS else {"remote": "sc://127.0.0.1:1"}
    with pytest.raises(EngineFailed) as failed:
        engine_kind(vendor).opened(**settings)
    assert failed.value.mend == f"Install it: .venv/bin/python -m pip install -e '.[{engine_kind(vendor).extra}]'."


SCHEMA = pyarrow.schema([("day", pyarrow.date32()), ("cost", pyarrow.decimal128(38, 18))])


@pytest.mark.parametrize("cost", [Decimal("NaN"), Decimal("1e30"), Decimal("1e-19"), "x"], ids=str)
def test_a_value_that_does_not_fit_is_no_other_value(cost: Any) -> None:
    """Neither rounded nor dropped: the answer is refused."""
    with pytest.raises(EngineFailed, match=r"^Somewhere: "):
        from_rows("Somewhere", [[(None, cost)]], SCHEMA)


def test_answers_are_cast_without_losing_a_digit() -> None:
    """Wider decimals are taken where their digits fit, and refused where one would be lost."""
    wide = pyarrow.decimal256(76, 38)
    fits = pyarrow.table({"d": pyarrow.array([None], pyarrow.date32()), "c": pyarrow.array([Decimal("1.5")], wide)})
    assert conformed("Somewhere", fits, SCHEMA).to_pylist() == [{"day": None, "cost": Decimal("1.5")}]
    lost = fits.set_column(1, "c", pyarrow.array([Decimal("1e-19")], wide))
    with pytest.raises(EngineFailed, match=r"^Somewhere: "):
        conformed("Somewhere", lost, SCHEMA)
    assert from_rows("Somewhere", [], SCHEMA).num_rows == 0
