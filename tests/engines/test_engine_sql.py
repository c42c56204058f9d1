"""One text per query, rendered for each engine: as on record, of known functions only, meaning the same everywhere."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from finops.periods import Month
from finops.scope import parse_tags
from storage.engines.check import OFFSET, SAMPLE, answered, expected, sample_bill
from storage.engines.engine import Engine, EngineFailed, EngineKind, engine_kind, engine_names
from storage.engines.focus_table import Bill, Kind, TableRefused, bill_of, kind_of, relation_of
from storage.engines.rollup_sql import doubles_sql, groups_schema, groups_sql, periods_sql, rendered, starts_sql

GOLDEN = Path(__file__).parent / "golden"
MONTH = Month(2026, 10)
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "athena": ("focus", ("decimal", "double", "varchar", "timestamp(3)", "timestamp(3) with time zone", "map")),
    "bigquery": ("acme-costs.billing.focus", ("NUMERIC", "FLOAT", "STRING", "TIMESTAMP", "DATETIME", "JSON")),
    "databricks": (
        "main.billing.focus",
        ("decimal(38,18)", "double", "string", "timestamp", "timestamp_ntz", "map<string,string>"),
    ),
    "duckdb": (
        "/bills/*.parquet",
        ("DECIMAL(38,18)", "DOUBLE", "VARCHAR", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "MAP(VARCHAR, VARCHAR)"),
    ),
    "postgresql": ("billing.focus", ("numeric(38,18)", "float8", "text", "timestamp", "timestamptz", "jsonb")),
    "snowflake": (
        "billing.focus",
        ("NUMBER(38,18)", "FLOAT", "VARCHAR(9)", "TIMESTAMP_NTZ(9)", "TIMESTAMP_TZ(9)", "VARIANT"),
    ),
    "spark": (
        "parquet.`s3a://bills/focus`",
        ("decimal(38,18)", "double", "string", "timestamp", "timestamp_ntz", "map<string,string>"),
    ),
    "trino": (
        "hive.billing.focus",
        ("decimal(38,18)", "double", "varchar", "timestamp(3)", "timestamp(3) with time zone", "map(varchar, varchar)"),
    ),
}
"""Engine → a table, and its types of BilledCost, EffectiveCost, texts, BillingPeriodStart, ChargePeriodStart, Tags."""
EVERYWHERE = {"CAST", "COUNT", "SUM", "MAX", "DECIMAL"}
"""Functions and types with parentheses that every engine has."""
KNOWN = {
    "athena": {"AT_TIMEZONE", "JSON_FORMAT"},
    "bigquery": {"TIMESTAMP", "DATETIME", "ROUND", "TO_JSON_STRING"},
    "databricks": {"FROM_UTC_TIMESTAMP", "TO_JSON"},
    "duckdb": {"READ_PARQUET", "TO_JSON"},
    "postgresql": {"TO_JSON"},
    "snowflake": {"CONVERT_TIMEZONE", "TO_JSON"},
    "spark": {"FROM_UTC_TIMESTAMP", "TO_JSON"},
    "trino": {"AT_TIMEZONE", "JSON_FORMAT"},
}
"""Functions of each engine's own documentation that the queries may use besides those that all have."""
UNPARSED = {"TO_JSON", "AT_TIMEZONE"}
"""Of these, what sqlglot takes for functions that somebody may have defined."""
READ_BACK = {"DECIMAL(38, 5)": "DECIMAL(38, 18)"}
"""What sqlglot makes of BIGNUMERIC in DuckDB's dialect → what is the same for our costs."""


def bill(engine: str) -> Bill:
    """A bill in an engine, its columns named as that engine names them."""
    kind = engine_kind(engine)
    table, (billed, effective, text, period, charged, tags) = TABLES[engine]
    types = {
        "BilledCost": billed,
        "EffectiveCost": effective,
        **dict.fromkeys(("BillingCurrency", "ChargeCategory", "ServiceProviderName", "ServiceName"), text),
        **dict.fromkeys(("SubAccountId", "SubAccountName", "RegionId"), text),
        "BillingPeriodStart": period,
        "ChargePeriodStart": charged,
        "Tags": tags,
    }
    spelt = {"snowflake": str.upper, "athena": str.lower, "trino": str.lower}.get(engine, str)
    return bill_of(table, relation_of(kind, table), {spelt(name): each for name, each in types.items()}, kind.dialect)


def queries(engine: str) -> dict[str, str]:
    """Every query, as an engine is given it."""
    own, dialect = bill(engine), engine_kind(engine).dialect
    return {
        "groups": rendered(groups_sql(own, MONTH), dialect, own.relation, pretty=True),
        "periods": rendered(periods_sql(own, Month(2025, 10), MONTH), dialect, own.relation, pretty=True),
        "starts": rendered(starts_sql(own), dialect, own.relation, pretty=True),
        "doubles": rendered(doubles_sql(), dialect, pretty=True),
    }


GOOGLE = {
    **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost"), "NUMERIC"),
    **dict.fromkeys(("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "x_ExportTime"), "TIMESTAMP"),
    **dict.fromkeys(("BillingCurrency", "ChargeCategory", "ProviderName", "ServiceName", "RegionId"), "STRING"),
    **dict.fromkeys(("SubAccountId", "SubAccountName", "x_Location"), "STRING"),
    **dict.fromkeys(("x_Credits", "x_SystemLabels", "x_Labels", "x_ProjectLabels", "x_Tags"), "ARRAY<STRING>"),
    "x_Project": "RECORD",
}
"""Columns of Google's FOCUS export as BigQuery's client gives their types; it has no Tags."""
VIEW = {**{name: kind for name, kind in GOOGLE.items() if kind != "ARRAY<STRING>"}, "Tags": "ARRAY<STRING>"}
"""Columns of Google's older FOCUS view over the detailed export."""
EXPORT = "acme-costs.gcp_billing_immutable_010101_eu.gcp_billing_export_focus_010101"


@pytest.mark.parametrize(("name", "types"), [("google_export", GOOGLE), ("google_view", VIEW)])
def test_google_s_own_focus_in_bigquery(name: str, types: dict[str, str]) -> None:
    """Rendered for Google's export and for its view: tags of either are read, other x_ columns are not."""
    kind = engine_kind("bigquery")
    own = bill_of(EXPORT, relation_of(kind, EXPORT), types, kind.dialect)
    sql = rendered(groups_sql(own, MONTH), kind.dialect, own.relation, pretty=True)
    path = GOLDEN / f"bigquery_{name}.sql"
    if os.environ.get("GOLDEN"):
        path.write_text(sql + "\n", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == sql + "\n"
    sqlglot.parse_one(sql, dialect="bigquery", error_level=sqlglot.ErrorLevel.RAISE)
    assert set(re.findall(r"\b([A-Z_]+)\(", sql)) <= EVERYWHERE | KNOWN["bigquery"] | {"COALESCE"}
    assert not {column for column in ("x_Credits", "x_Project`", "x_ExportTime", "x_Location") if column in sql}


def test_google_s_tags_come_home_as_tags(tmp_path: Path) -> None:
    """Run by DuckDB over the export's own shape, labels go before tags, project and system labels of the same key."""
    kind = engine_kind("duckdb")
    duckdb: Any = kind.opened()
    pairs = "[{'Key': 'team', 'Value': '%s'}]"
    lists = {"x_Labels": "pay", "x_Tags": "tag", "x_ProjectLabels": "all", "x_SystemLabels": "system"}
    columns = ", ".join(f"{pairs % value} AS {name}" for name, value in lists.items())
    file = tmp_path / "export.parquet"
    duckdb.run(
        f"COPY (SELECT 1.5::DECIMAL(38,9) AS BilledCost, 1.5::DECIMAL(38,9) AS EffectiveCost, "
        f"'EUR' AS BillingCurrency, "
        f"'usage' AS ChargeCategory, TIMESTAMPTZ '2026-10-01 07:00:00+00' AS BillingPeriodStart, "
        f"TIMESTAMPTZ '2026-10-05 07:00:00+00' AS ChargePeriodStart, {columns}) TO '{file}'"
    )
    relation = relation_of(kind, str(file))
    own = bill_of(str(file), relation, duckdb.columns_of(relation), kind.dialect)
    [row] = duckdb.table(rendered(groups_sql(own, MONTH), kind.dialect, relation), groups_schema()).to_pylist()
    assert (row["billing_period_start"], parse_tags(row["tags"])) == (date(2026, 10, 1), {"team": "pay"})
    duckdb.close()


every_engine = pytest.mark.parametrize("engine", TABLES)


def test_every_engine_is_looked_at() -> None:
    """A new engine gets its tables and its list of known functions here."""
    assert sorted(TABLES) == sorted(KNOWN) == engine_names()


@every_engine
def test_queries_are_as_on_record(engine: str) -> None:
    """What is rendered changes with a look at it: GOLDEN=1 writes it anew."""
    for name, sql in queries(engine).items():
        path = GOLDEN / f"{engine}_{name}.sql"
        if os.environ.get("GOLDEN"):
            path.write_text(sql + "\n", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == sql + "\n"


@every_engine
def test_queries_are_of_known_functions_only(engine: str) -> None:
    """Parsed back in the engine's dialect nothing is unknown, and every function is one the engine documents."""
    dialect = engine_kind(engine).dialect
    for sql in queries(engine).values():
        tree = sqlglot.parse_one(sql, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)
        assert not list(tree.find_all(exp.Command))
        assert {node.name.upper() for node in tree.find_all(exp.Anonymous)} <= UNPARSED
        assert set(re.findall(r"\b([A-Z_]+)\(", sql)) <= EVERYWHERE | KNOWN[engine]


@every_engine
def test_queries_mean_the_same_everywhere(engine: str) -> None:
    """Read back from the engine's dialect and run by DuckDB, the rollup of the sample is Python's."""
    kind, other = engine_kind("duckdb"), engine_kind(engine)
    duckdb: Any = kind.opened()
    duckdb.run("CREATE MACRO at_timezone(moment, zone) AS timezone(zone, moment)")

    class ReadBack:
        """Takes what an engine would be given, and lets DuckDB run it."""

        def table(self, sql: str, schema: Any) -> Any:
            """The answer of DuckDB."""
            text = sqlglot.transpile(sql, read=other.dialect, write="duckdb")[0]
            for former, same in READ_BACK.items():
                text = text.replace(former, same)
            return duckdb.table(text, schema)

    read_back: Any = ReadBack()
    checked: Engine = read_back
    for times, offset in ((Kind.MOMENT, "+00:00"), (Kind.INSTANT, OFFSET)):
        sample = sample_bill(other.dialect, SAMPLE, Kind.DECIMAL, times)
        assert answered(checked, other.dialect, sample) == expected(SAMPLE, offset)
    duckdb.close()


@pytest.mark.parametrize(
    "table",
    [
        *("a b", "focus; DROP TABLE x", "(SELECT 1)", "a, b", "focus WHERE 1 = 1", "", "focus AS x"),
        *("a JOIN b USING (c)", "a TABLESAMPLE SYSTEM (10)", "pg_read_file('/etc/passwd')", "ONLY a", "rows(1)"),
    ],
)
def test_a_table_is_a_table(table: str) -> None:
    """`table` names a table and brings no SQL along."""
    with pytest.raises(TableRefused, match="names no table"):
        relation_of(engine_kind("postgresql"), table)


@pytest.mark.parametrize(
    ("engine", "table", "relation"),
    [
        ("postgresql", "Billing.Focus", '"billing"."focus"'),
        ("postgresql", '"Billing"."Focus"', '"Billing"."Focus"'),
        ("snowflake", "billing.focus", '"BILLING"."FOCUS"'),
        ("bigquery", "acme-costs.billing.focus", "`acme-costs`.`billing`.`focus`"),
        ("spark", "parquet.`s3a://Bills/2026`", "`parquet`.`s3a://Bills/2026`"),
        ("spark", "lake.finance.billing.focus", "`lake`.`finance`.`billing`.`focus`"),
        (
            "duckdb",
            "/it's/*.parquet",
            "READ_PARQUET('/it''s/*.parquet', hive_partitioning = FALSE, binary_as_string = TRUE)",
        ),
    ],
)
def test_names_are_what_the_engine_takes_them_for(engine: str, table: str, relation: str) -> None:
    """An unquoted name is folded as the engine folds it, before everything is quoted."""
    assert (
        relation_of(engine_kind(engine), table)
        .replace('"hive_partitioning"', "hive_partitioning")
        .replace('"binary_as_string"', "binary_as_string")
        == relation
    )


def typed(**types: str) -> dict[str, str]:
    """Columns of a usable PostgreSQL table, some of them otherwise."""
    usual = {"BilledCost": "numeric", "EffectiveCost": "numeric", "BillingCurrency": "text", "ChargeCategory": "text"}
    usual |= {"BillingPeriodStart": "timestamp", "ChargePeriodStart": "timestamp"}
    return {name: kind for name, kind in {**usual, **types}.items() if kind}


@pytest.mark.parametrize(
    ("types", "why"),
    [
        (typed(EffectiveCost=""), "t: not a usable FOCUS table, it has no column EffectiveCost."),
        (typed(BilledCost="text"), "t: the column BilledCost is text. Name a view in which it is DECIMAL(38,18)"),
        (
            typed(ChargePeriodStart="text"),
            "t: the column ChargePeriodStart is text. Name a view in which it is a TIMESTAMP",
        ),
        (typed(Tags="bytea"), "t: the column Tags is bytea. Name a view in which it is JSON text, JSON or a map."),
        (typed(billed_cost="numeric"), "t: the columns BilledCost and billed_cost are the same to FOCUS."),
    ],
    ids=["lacking", "text cost", "text time", "tags", "twice"],
)
def test_a_table_that_is_not_typed_is_refused(types: dict[str, str], why: str) -> None:
    """It says which column, and what it must be."""
    with pytest.raises(TableRefused) as refused:
        bill_of("t", '"t"', types, "postgres")
    assert str(refused.value).startswith(why)


def test_columns_are_found_by_their_names_without_case() -> None:
    """Glue and PostgreSQL write names in small letters, people with underscores; an older name counts as well."""
    types = {name.lower(): kind for name, kind in typed(provider_name="text", Sub_Account_ID="bigint").items()}
    found = {name: column.name for name, column in bill_of("t", '"t"', types, "postgres").columns.items()}
    assert found["BilledCost"] == "billedcost"
    assert (found["ServiceProviderName"], found["SubAccountId"]) == ("provider_name", "sub_account_id")


def test_unknown_types_and_engines() -> None:
    """Neither ends in a traceback."""
    assert kind_of("no such type", "postgres") is Kind.OTHER
    for name in ("oracle", "engine", "../engine", ""):
        with pytest.raises(EngineFailed, match=r"is no engine\. There are athena, bigquery"):
            engine_kind(name)


def test_engines_take_no_secret_from_the_file() -> None:
    """No key of an engine could hold a password or a token."""
    kinds: dict[str, EngineKind] = {name: engine_kind(name) for name in engine_names()}
    keys = {key for kind in kinds.values() for key in kind.keys}
    assert not {key for key in keys if any(word in key for word in ("password", "token", "secret", "private"))}
    with pytest.raises(EngineFailed, match="holds a token"):
        kinds["spark"].opened(remote="sc://host:15002/;token=abc")
