"""Databricks SQL, by its own connector."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from storage.engines.engine import EngineFailed, EngineKind, asked, conformed, driver

if TYPE_CHECKING:
    import pyarrow

TOKEN = "DATABRICKS_TOKEN"
SETTINGS = {"TIMEZONE": "UTC", "ANSI_MODE": "true"}
"""Times are of UTC; what overflows or cannot be cast is an error and not NULL."""


class Databricks:
    """One session of a SQL warehouse.

    Args:
        server_hostname: of the workspace.
        http_path: of the SQL warehouse.
        catalog: where `table` names none.
        schema: where `table` names none.
    """

    def __init__(self, server_hostname: str, http_path: str, catalog: str = "", schema: str = "") -> None:
        sql: Any = driver("databricks.sql", "databricks")
        self._errors = (sql.Error,)
        token = os.environ.get(TOKEN)
        if not token:
            # Without one the connector opens a browser, which a worker has not.
            raise EngineFailed(f"{TOKEN} is not set.", "Set it to a token that may read the table.")
        own = {name: value for name, value in (("catalog", catalog), ("schema", schema)) if value}
        with self._asked():
            self._connection = sql.connect(
                server_hostname=server_hostname,
                http_path=http_path,
                access_token=token,
                session_configuration=SETTINGS,
                **own,
            )

    def columns_of(self, relation: str) -> dict[str, str]:
        """Names and types of a table's columns."""
        with self._asked(), self._connection.cursor() as cursor:
            rows = cursor.execute(f"DESCRIBE TABLE {relation}").fetchall()
        names = [row[0] for row in rows]
        # Below the columns it may list partitions, after an empty or a '# …' line.
        end = next((place for place, name in enumerate(names) if not name or name.startswith("#")), len(rows))
        return {row[0]: row[1] for row in rows[:end]}

    def version_of(self, table: str) -> str:
        """None is kept by every kind of table."""
        return ""

    def table(self, sql: str, schema: pyarrow.Schema) -> pyarrow.Table:
        """A query's whole answer."""
        with self._asked(), self._connection.cursor() as cursor:
            answer = cursor.execute(sql).fetchall_arrow()
        return conformed("Databricks", answer, schema)

    def close(self) -> None:
        """Let go of the session."""
        self._connection.close()

    def _asked(self) -> Any:
        return asked("Databricks", *self._errors)


ENGINE = EngineKind(
    "Databricks SQL",
    dialect="databricks",
    opened=Databricks,
    keys={
        "server_hostname": "of the workspace",
        "http_path": "of the SQL warehouse",
        "catalog": "where `table` names none",
        "schema": "where `table` names none",
    },
    required=("server_hostname", "http_path"),
    extra="databricks",
    secrets=f"`{TOKEN}`",
)
