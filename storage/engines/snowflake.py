"""Snowflake, by its own connector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.engines.engine import EngineKind, asked, conformed, driver

if TYPE_CHECKING:
    import pyarrow


class Snowflake:
    """One session, in UTC.

    Args:
        connection: section of the vendor's own connections.toml, which has the credentials.
        settings: account, user, role, warehouse, database, schema; they go before what the section says.
    """

    def __init__(self, connection: str = "", **settings: str) -> None:
        connector: Any = driver("snowflake.connector", "snowflake")
        self._errors = (connector.Error,)
        named = {"connection_name": connection} if connection else {}
        with self._asked():
            self._connection = connector.connect(**named, **settings, session_parameters={"TIMEZONE": "UTC"})

    def columns_of(self, relation: str) -> dict[str, str]:
        """Names and types of the columns of a table or view."""
        with self._asked(), self._connection.cursor() as cursor:
            return {row[0]: row[1] for row in cursor.execute(f"DESCRIBE TABLE {relation}").fetchall()}

    def version_of(self, table: str) -> str:
        """None is kept that could be asked for without a running warehouse."""
        return ""

    def table(self, sql: str, schema: pyarrow.Schema) -> pyarrow.Table:
        """A query's whole answer."""
        with self._asked(), self._connection.cursor() as cursor:
            answer = cursor.execute(sql).fetch_arrow_all(force_return_table=True)
        return conformed("Snowflake", answer, schema)

    def close(self) -> None:
        """Let go of the session."""
        self._connection.close()

    def _asked(self) -> Any:
        return asked("Snowflake", *self._errors)


ENGINE = EngineKind(
    "Snowflake",
    dialect="snowflake",
    opened=Snowflake,
    keys={
        "connection": "section of the vendor's connections.toml, which has the credentials too",
        "account": "identifier of the account",
        "user": "login",
        "role": "that may read the table",
        "warehouse": "that runs the queries",
        "database": "where `table` names none",
        "schema": "where `table` names none",
    },
    extra="snowflake",
    secrets="`connections.toml` as the connector finds it (`SNOWFLAKE_HOME`, `SNOWFLAKE_DEFAULT_CONNECTION_NAME`)",
)
