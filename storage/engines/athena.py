"""Amazon Athena, by boto3: the query runs over S3, and its answer is read from where Athena puts it there."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from storage.aws_refusals import DENIED, not_allowed
from storage.engines.engine import EngineFailed, EngineKind, asked

if TYPE_CHECKING:
    import pyarrow

PATIENCE = 1_800.0
"""Seconds that a query may take: Athena's own limit for queries is 30 minutes."""
PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds between two looks at a query, the last one again and again."""


class Athena:
    """A workgroup of Athena.

    Args:
        database: of the Glue catalogue.
        workgroup: whose settings apply, an output location among them.
        output: s3:// address for answers where the workgroup names none.
        catalog: data catalogue.
    """

    def __init__(
        self, database: str, workgroup: str = "primary", output: str = "", catalog: str = "AwsDataCatalog"
    ) -> None:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError

        self._errors = (BotoCoreError, ClientError)
        self._context = {"Database": database, "Catalog": catalog}
        self._workgroup, self._output = workgroup, output
        with self._asked():
            self._athena, self._s3 = boto3.client("athena"), boto3.client("s3")

    def columns_of(self, relation: str) -> dict[str, str]:
        """Names and types of a table's columns."""
        with self._asked():
            number, _ = self._run(f"SELECT * FROM {relation} LIMIT 0")
            answer = self._athena.get_query_results(QueryExecutionId=number, MaxResults=1)
        columns = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        return {column["Name"]: column["Type"] for column in columns}

    def version_of(self, table: str) -> str:
        """None is kept by every kind of table."""
        return ""

    def table(self, sql: str, schema: pyarrow.Schema) -> pyarrow.Table:
        """A query's whole answer, from the CSV that Athena writes."""
        import pyarrow
        from pyarrow import csv

        with self._asked():
            _, output = self._run(sql)
            split = urlsplit(output)
            body = self._s3.get_object(Bucket=split.netloc, Key=split.path.lstrip("/"))["Body"].read()
        # Every value is quoted, and NULL is nothing at all: an empty text and a missing one stay two things.
        convert = csv.ConvertOptions(
            column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        )
        read = csv.ReadOptions(column_names=schema.names, skip_rows=1)
        with asked("Athena", pyarrow.ArrowException):
            parse = csv.ParseOptions(newlines_in_values=True)
            return csv.read_csv(io.BytesIO(body), read, parse, convert).cast(schema)

    def lacking(self) -> list[str]:
        """Each permission that is refused: asked with a query that does not exist, which costs nothing."""
        import boto3

        glue, database = boto3.client("glue"), self._context["Database"]
        unknown = {"QueryExecutionId": "00000000-0000-0000-0000-000000000000"}
        tries: list[tuple[str, Callable[[], object]]] = [
            ("athena:GetQueryExecution", lambda: self._athena.get_query_execution(**unknown)),
            ("athena:GetQueryResults", lambda: self._athena.get_query_results(**unknown)),
            ("athena:StopQueryExecution", lambda: self._athena.stop_query_execution(**unknown)),
        ]
        if self._context["Catalog"] == "AwsDataCatalog":
            tries.append(("glue:GetDatabase", lambda: glue.get_database(Name=database)))
            tries.append(("glue:GetTables", lambda: glue.get_tables(DatabaseName=database, MaxResults=1)))
        return [said for action, ask in tries if (said := self._refused(action, ask))]

    def _refused(self, action: str, ask: Callable[[], object]) -> str:
        """What is said where AWS does not allow an action; whatever else it answers, it allows it."""
        from botocore.exceptions import ClientError

        try:
            with self._asked():
                ask()
        except EngineFailed as failed:
            cause = failed.__cause__
            if not isinstance(cause, ClientError):
                return str(failed)
            error = cause.response.get("Error", {})
            return not_allowed(error.get("Message", ""), action) if error.get("Code") in DENIED else ""
        return ""

    def close(self) -> None:
        """There is no connection to keep."""

    def _run(self, sql: str) -> tuple[str, str]:
        """Run a query to its end; its id, and where its answer lies."""
        result = {"ResultConfiguration": {"OutputLocation": self._output}} if self._output else {}
        started = self._athena.start_query_execution(
            QueryString=sql, QueryExecutionContext=self._context, WorkGroup=self._workgroup, **result
        )
        number = str(started["QueryExecutionId"])
        until = time.monotonic() + PATIENCE
        for look in range(10**9):
            found = self._athena.get_query_execution(QueryExecutionId=number)["QueryExecution"]
            state = found["Status"]["State"]
            if state == "SUCCEEDED":
                return number, found["ResultConfiguration"]["OutputLocation"]
            if state in ("FAILED", "CANCELLED"):
                raise EngineFailed(f"Athena: {found['Status'].get('StateChangeReason', state)}")
            if time.monotonic() > until:
                break
            time.sleep(PAUSES[min(look, len(PAUSES) - 1)])
        self._athena.stop_query_execution(QueryExecutionId=number)
        raise EngineFailed(f"Athena: no answer within {PATIENCE / 60:.0f} minutes.", "It was stopped there.")

    def _asked(self) -> Any:
        return asked("Athena", *self._errors)


ENGINE = EngineKind(
    "Amazon Athena, engine version 3",
    dialect="athena",
    opened=Athena,
    keys={
        "database": "of the Glue catalogue",
        "workgroup": "`primary` by default",
        "output": "s3:// address for answers, where the workgroup names none",
        "catalog": "data catalogue; `AwsDataCatalog` by default",
    },
    required=("database",),
    secrets="as boto3 finds them; `AWS_DEFAULT_REGION` names the region",
)
