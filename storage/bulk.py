"""Rows into a table: many through the driver's own fast path, and one in the place of its former self."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel


def amount_sql(connection: Connection, amount: str) -> str:
    """DuckDB's SQL for a DECIMAL(38,18) as the text that an Amount column of this database is written as.

    On SQLite the digits without the point: the amount times 10^18, as storage.amounts keeps it.
    """
    text = f"CAST({amount} AS VARCHAR)"
    return f"replace({text}, '.', '')" if connection.dialect.name == "sqlite" else text


def insert_rows(
    connection: Connection, table: type[SQLModel], columns: Sequence[str], batches: Iterable[Sequence[tuple[Any, ...]]]
) -> None:
    """Insert batches of tuples as they are: days as ISO text, amounts as amount_sql gives them.

    executemany on SQLite and COPY on PostgreSQL; through ORM objects the same takes six times as long.
    """
    cursor: Any = connection.connection.cursor()
    names = f"{table.__tablename__} ({', '.join(columns)})"
    if connection.dialect.name == "sqlite":
        for batch in batches:
            cursor.executemany(f"INSERT INTO {names} VALUES ({', '.join('?' * len(columns))})", batch)
        return
    with cursor.copy(f"COPY {names} FROM STDIN") as copy:
        for batch in batches:
            for row in batch:
                copy.write_row(row)


def upsert(connection: Connection, table: Any, values: Mapping[str, Any], key: Sequence[str]) -> None:
    """Insert a row, or give the one with the same key these values.

    Args:
        key: the columns that tell rows of the table apart.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(table).values(**values)
    again = {name: row.excluded[name] for name in values if name not in key}
    connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=again))
