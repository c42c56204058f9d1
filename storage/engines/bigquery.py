"""BigQuery, by Google's own client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.engines.engine import EngineKind, asked, conformed, driver

if TYPE_CHECKING:
    import pyarrow


class BigQuery:
    """A project of BigQuery.

    Args:
        project: that pays for the queries; the credentials' own by default.
        location: of the data set, such as EU.
    """

    def __init__(self, project: str = "", location: str = "") -> None:
        self._bigquery: Any = driver("google.cloud.bigquery", "bigquery")
        exceptions = driver("google.api_core.exceptions", "bigquery")
        self._errors = (exceptions.GoogleAPIError, driver("google.auth.exceptions", "bigquery").GoogleAuthError)
        with self._asked():
            self._client = self._bigquery.Client(project=project or None, location=location or None)

    def columns_of(self, relation: str) -> dict[str, str]:
        """Names and types of a table's columns, by a dry run that reads and costs nothing."""
        with self._asked():
            dry = self._bigquery.QueryJobConfig(dry_run=True)
            fields = self._client.query(f"SELECT * FROM {relation}", job_config=dry).schema
        return {field.name: "ARRAY<STRING>" if field.mode == "REPEATED" else field.field_type for field in fields}

    def version_of(self, table: str) -> str:
        """When a table was last changed; a view or an external table does not tell when its data was."""
        with self._asked():
            found = self._client.get_table(table.replace("`", ""))
        return found.modified.isoformat() if found.table_type == "TABLE" else ""

    def table(self, sql: str, schema: pyarrow.Schema) -> pyarrow.Table:
        """A query's whole answer."""
        with self._asked():
            answer = self._client.query(sql).result().to_arrow()
        return conformed("BigQuery", answer, schema)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _asked(self) -> Any:
        return asked("BigQuery", *self._errors)


ENGINE = EngineKind(
    "Google BigQuery",
    dialect="bigquery",
    opened=BigQuery,
    keys={
        "project": "that pays for the queries; the credentials' own by default",
        "location": "of the data set, such as EU",
    },
    extra="bigquery",
    secrets="application-default credentials (`GOOGLE_APPLICATION_CREDENTIALS`, `gcloud auth application-default`)",
    table="project.dataset.table",
)
