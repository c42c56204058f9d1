"""PostgreSQL: the bill lies in a table or view of a database, by psycopg."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.engines.engine import EngineKind, asked, driver, from_rows

if TYPE_CHECKING:
    import pyarrow

BATCH = 20_000
"""Rows fetched at once."""


class PostgreSQL:
    """One connection, read only.

    Args:
        settings: as libpq names them; what is left out it looks up itself (PGHOST, PGSERVICE, …).
    """

    def __init__(self, **settings: str) -> None:
        self._psycopg = driver("psycopg", "postgresql")
        with self._asked():
            # Doubles in their shortest text is what a server does unless somebody set this lower.
            options = "-c TimeZone=UTC -c extra_float_digits=1 -c default_transaction_read_only=on"
            self._connection: Any = self._psycopg.connect(**settings, options=options)

    def columns_of(self, relation: str) -> dict[str, str]:
        """Names and types of a table's columns."""
        with self._asked(), self._connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {relation} LIMIT 0")
            return {column.name: column.type_display for column in cursor.description}

    def version_of(self, table: str) -> str:
        """None is kept."""
        return ""

    def table(self, sql: str, schema: pyarrow.Schema) -> pyarrow.Table:
        """A query's whole answer, by a cursor of the server so that it never lies in memory twice."""
        with self._asked(), self._connection.transaction(), self._connection.cursor("rollup") as cursor:
            cursor.execute(sql)
            return from_rows("PostgreSQL", iter(lambda: cursor.fetchmany(BATCH), []), schema)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _asked(self) -> Any:
        return asked("PostgreSQL", self._psycopg.Error)


ENGINE = EngineKind(
    "PostgreSQL 12 or newer",
    dialect="postgres",
    opened=PostgreSQL,
    keys={
        "host": "server; as libpq finds it by default (PGHOST)",
        "port": "of the server; PGPORT or 5432 by default",
        "dbname": "database; PGDATABASE by default",
        "user": "account that may read the table; PGUSER by default",
        "service": "section of pg_service.conf that has all of it",
        "sslmode": "as libpq takes it",
    },
    extra="postgresql",
    secrets="`PGPASSWORD`, `PGPASSFILE` or `~/.pgpass`, as libpq reads them",
)
