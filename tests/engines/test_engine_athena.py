"""Athena from the first look to the published figures, against moto.

moto runs no query: what it answers was queued beforehand, and was made by DuckDB from the same rows. So this shows that
queries are sent, awaited and read back from S3 rightly; that Athena understands them, `finops engine check` shows on an
account.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet
import pytest
import requests
from botocore.stub import Stubber
from moto import mock_aws

from finops.periods import Month
from storage.engines import athena
from storage.engines.athena import Athena
from storage.engines.engine import EngineFailed, engine_kind
from storage.engines.focus_table import bill_of, relation_of
from storage.engines.rollup_sql import (
    doubles_schema,
    doubles_sql,
    groups_schema,
    groups_sql,
    periods_schema,
    periods_sql,
    rendered,
    starts_schema,
    starts_sql,
)
from storage.sources.taking import take_in
from storage.sources.warehouse import SOURCE
from tests.engines.tables import COLUMNS, FORMS, Files, arrow, made_rows
from tests.storage.bills import Place

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
QUEUE = "http://motoapi.amazonaws.com/moto-api/static/athena/query-results"
SETTINGS = {"database": "billing", "output": "s3://answers/athena"}
TYPES = {"BilledCost": "double", "EffectiveCost": "double", "Tags": "map"}
TYPES |= {"BillingPeriodStart": "timestamp with time zone", "ChargePeriodStart": "timestamp with time zone"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Athena and S3 as moto has them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(athena, "PAUSES", (0.01,))
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="answers")
        yield


def queue(*answers: dict[str, Any]) -> None:
    """What the next queries are answered with, in order."""
    assert requests.post(QUEUE, json={"results": list(answers)}).status_code == 201


def columns_answer() -> dict[str, Any]:
    """The table's columns, as Athena describes an answer: types without their parameters, names in small letters."""
    columns = [{"Name": name.lower(), "Type": TYPES.get(name, "varchar"), "CatalogName": "hive"} for name in COLUMNS]
    return {"rows": [], "column_info": columns}


def rows_answer(table: Any) -> dict[str, Any]:
    """An answer with its header, every value as text; moto leaves it to us to write a quote twice, as Athena does."""
    header = {"Data": [{"VarCharValue": name} for name in table.column_names]}
    rows = [{"Data": [_value(value) for value in row.values()]} for row in table.to_pylist()]
    return {"rows": [header, *rows], "column_info": []}


def _value(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return {"VarCharValue": text.replace('"', '""')}


def test_athena_end_to_end(aws: None, place: Place, tmp_path: Path) -> None:
    """A table of doubles, as AWS exports FOCUS, is published with the figures of its rows, month by month."""
    form = FORMS["doubles"]
    rows = [
        {**row, "BilledCost": row["BilledCost"] or 0.0, "EffectiveCost": row["EffectiveCost"] or 0.0}
        for row in made_rows(form, seed=21, count=80)
    ]
    files = Files("duckdb", tmp_path)
    path = files.put(rows, form)
    duckdb = engine_kind("duckdb").opened()
    relation = relation_of(files.kind, path)
    bill = bill_of(path, relation, duckdb.columns_of(relation), "duckdb")

    def made(sql: str, schema: Any) -> dict[str, Any]:
        return rows_answer(duckdb.table(rendered(sql, "duckdb", relation), schema))

    both = Month(2026, 9), Month(2026, 10)
    queue(columns_answer(), made(starts_sql(bill), starts_schema()), made(periods_sql(bill, *both), periods_schema()))
    for month in both:
        doubles = made(doubles_sql(), doubles_schema())
        queue(columns_answer(), doubles, made(groups_sql(bill, month), groups_schema()))
    duckdb.close()

    given = {"engine": "athena", "table": "focus", **SETTINGS}
    assert SOURCE.fault(given) == ""
    source = SOURCE.opened(**given)
    taken = take_in("aws", source, company=place.company, state=place.state, ledger=place.ledger, now=NOW)
    assert [(each.name, str(each.outcome), each.why) for each in taken] == [
        ("2026-09", "published", ""),
        ("2026-10", "published", ""),
    ]
    pyarrow.parquet.write_table(arrow(rows, form), tmp_path / "rows.parquet")
    place.ingest(tmp_path / "rows.parquet", export="files", lenient=True, now=NOW)
    keys = ("provider", "service", "sub_account_id", "day", "billing_period", "team")
    assert place.totals(*keys, export="aws") == place.totals(*keys, export="files")
    assert place.ledger.read("aws", "2026-10", 1).rows_at == "athena: focus"

    sent = boto3.client("athena").list_query_executions()["QueryExecutionIds"]
    asked = [
        boto3.client("athena").get_query_execution(QueryExecutionId=number)["QueryExecution"]["Query"]
        for number in sent
    ]
    own = bill_of("focus", '"focus"', {name.lower(): TYPES.get(name, "varchar") for name in COLUMNS}, "athena")
    columns = 'SELECT * FROM "focus" LIMIT 0'
    assert asked == [
        columns,
        rendered(starts_sql(own), "athena", '"focus"'),
        rendered(periods_sql(own, *both), "athena", '"focus"'),
        columns,
        rendered(doubles_sql(), "athena"),
        rendered(groups_sql(own, Month(2026, 9)), "athena", '"focus"'),
        columns,
        rendered(doubles_sql(), "athena"),
        rendered(groups_sql(own, Month(2026, 10)), "athena", '"focus"'),
    ]


def test_a_missing_text_is_not_an_empty_one(aws: None) -> None:
    """Athena's CSV tells NULL from '' by the quotes alone; line ends and quotes inside a value stay in it."""
    schema = pyarrow.schema([("a", pyarrow.string()), ("b", pyarrow.string()), ("c", pyarrow.date32())])
    rows = [("", None, date(2026, 10, 1)), ('a "quoted", one', "two\nlines", None), (None, "NULL", date(2026, 10, 2))]
    table = pyarrow.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
    queue(rows_answer(table))
    assert Athena(**SETTINGS).table("SELECT 1", schema).to_pylist() == table.to_pylist()


@pytest.mark.parametrize(
    ("states", "why"),
    [
        (("QUEUED", "RUNNING", "FAILED"), "Athena: TABLE_NOT_FOUND: line 1:15: Table 'focus' does not exist"),
        (("CANCELLED",), "Athena: CANCELLED"),
        (("RUNNING",) * 3, "Athena: no answer within 0 minutes. It was stopped there."),
    ],
    ids=["failed", "cancelled", "too slow"],
)
def test_a_query_that_does_not_end_well(
    aws: None, monkeypatch: pytest.MonkeyPatch, states: tuple[str, ...], why: str
) -> None:
    """Athena's own reason is passed on; a query that takes too long is stopped, as it costs money."""
    engine = Athena(**SETTINGS)
    clock = iter((0.0, 0.01, 0.02, 99.0))
    monkeypatch.setattr(athena, "PATIENCE", 0.03)
    monkeypatch.setattr("storage.engines.athena.time.monotonic", lambda: next(clock))
    with Stubber(engine._athena) as stub:
        stub.add_response("start_query_execution", {"QueryExecutionId": "q1"})
        for state in states:
            reason = {"StateChangeReason": why.removeprefix("Athena: ")} if state == "FAILED" else {}
            status = {"QueryExecution": {"Status": {"State": state, **reason}}}
            stub.add_response("get_query_execution", status, {"QueryExecutionId": "q1"})
        if states[-1] == "RUNNING":
            stub.add_response("stop_query_execution", {}, {"QueryExecutionId": "q1"})
        with pytest.raises(EngineFailed) as failed:
            engine.columns_of('"focus"')
        assert str(failed.value) == why
        stub.assert_no_pending_responses()


def test_a_refusal_by_aws_is_one_line(aws: None) -> None:
    """What boto3 raises names the action that was refused."""
    engine = Athena(**SETTINGS)
    with Stubber(engine._athena) as stub:
        stub.add_client_error("start_query_execution", "AccessDeniedException", "not authorized to perform it")
        with pytest.raises(EngineFailed) as failed:
            engine.columns_of('"focus"')
    assert failed.value.reason == (
        "Athena: An error occurred (AccessDeniedException) when calling the StartQueryExecution operation: "
        "not authorized to perform it"
    )


def test_each_missing_permission_is_named(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Athena's and Glue's actions are tried one by one: those that AWS refuses are named, no other answer is one."""
    import botocore.client
    from botocore.exceptions import ClientError

    engine = Athena(**SETTINGS)
    refused = {"GetQueryResults", "GetTables"}

    def answered(_self: Any, operation: str, _arguments: Any) -> Any:
        code = "AccessDeniedException" if operation in refused else "InvalidRequestException"
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", answered)
    assert engine.lacking() == ["AWS does not allow athena:GetQueryResults.", "AWS does not allow glue:GetTables."]
    refused.clear()
    assert engine.lacking() == []
