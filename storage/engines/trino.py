"""Trino (or Starburst), by its own driver."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from storage.engines.engine import EngineKind, asked, driver, from_rows

if TYPE_CHECKING:
    import pyarrow

BATCH = 20_000
"""Rows fetched at once."""
PASSWORD = "TRINO_PASSWORD"
"""The driver looks for none itself."""


class Trino:
    """One session.

    Args:
        host: the coordinator.
        user: account that may read the table.
        port: of the coordinator.
        scheme: https or http.
        catalog: where `table` names none.
        schema: where `table` names none.
    """

    def __init__(
        self, host: str, user: str, port: str = "443", scheme: str = "https", catalog: str = "", schema: str = ""
    ) -> None:
        trino: Any = driver("trino", "trino")
        exceptions = driver("trino.exceptions", "trino")
        self._errors = (exceptions.Error, exceptions.HttpError, driver("requests", "trino").RequestException)
        password = os.environ.get(PASSWORD)
        with asked("Trino", *self._errors, ValueError):
            self._connection: Any = trino.dbapi.connect(
                host=host,
                port=int(port),
                user=user,
                http_scheme=scheme,
                catalog=catalog or None,
                schema=schema or None,
                timezone="UTC",
                auth=trino.auth.BasicAuthentication(user, password) if password else None,
            )

    def columns_of(self, relation: str) -> dict[str, str]:
        """Names and types of a table's columns."""
        with self._asked():
            cursor = self._connection.cursor()
            cursor.execute(f"SELECT * FROM {relation} LIMIT 0")
            cursor.fetchall()
            return {column[0]: column[1] for column in cursor.description}

    def version_of(self, table: str) -> str:
        """None is kept by every connector."""
        return ""

    def table(self, sql: str, schema: pyarrow.Schema) -> pyarrow.Table:
        """A query's whole answer."""
        with self._asked():
            cursor = self._connection.cursor()
            cursor.execute(sql)
            return from_rows("Trino", iter(lambda: cursor.fetchmany(BATCH), []), schema)

    def close(self) -> None:
        """Let go of the session."""
        self._connection.close()

    def _asked(self) -> Any:
        return asked("Trino", *self._errors)


ENGINE = EngineKind(
    "Trino",
    dialect="trino",
    opened=Trino,
    keys={
        "host": "the coordinator",
        "user": "account that may read the table",
        "port": "443 by default",
        "scheme": "`https` (by default) or `http`",
        "catalog": "where `table` names none",
        "schema": "where `table` names none",
    },
    required=("host", "user"),
    extra="trino",
    secrets=f"`{PASSWORD}`",
)
