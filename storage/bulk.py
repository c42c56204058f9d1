"""Rows into a table: many through the driver's own fast path, and one in the place of its former self."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

PER_STATEMENT = 25
"""Rows of one INSERT on SQLite: more save no more time, and its columns' values stay below 999 parameters."""


def amount_sql(connection: Connection, amount: str) -> str:
    """DuckDB's SQL for a DECIMAL(38,18) as the text that an Amount column of this database is written as.

    On SQLite the digits without the point: the amount times 10^18, as storage.amounts keeps it.
    """
    text = f"CAST({amount} AS VARCHAR)"
    return f"replace({text}, '.', '')" if connection.dialect.name == "sqlite" else text


def insert_rows(
    connection: Connection,
    table: type[SQLModel],
    columns: Sequence[str],
    batches: Iterable[Sequence[Sequence[Any]]],
) -> None:
    """Insert batches of rows as they are: days as ISO text, amounts as amount_sql gives them.

    Several rows a statement on SQLite, which takes two thirds of executemany's time row by row, and COPY on
    PostgreSQL; through ORM objects the same takes six times as long.

    Args:
        batches: each a list of columns, in the order of `columns` and of one length.

    Raises:
        DBAPIError: as any statement of SQLAlchemy does.
    """
    cursor: Any = connection.connection.cursor()
    names = f"{table.__tablename__} ({', '.join(columns)})"
    with _wrapped(connection, names):
        if connection.dialect.name == "sqlite":
            for batch in batches:
                _insert_batch(cursor, names, batch)
            return
        with cursor.copy(f"COPY {names} FROM STDIN") as copy:
            for batch in batches:
                for row in zip(*batch, strict=True):
                    copy.write_row(row)


@contextmanager
def _wrapped(connection: Connection, statement: str) -> Iterator[None]:
    """Make what the driver raises what SQLAlchemy makes of it where it runs a statement itself."""
    base: Any = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except base as error:
        raise DBAPIError.instance(statement, None, error, base, dialect=connection.dialect) from error


def _insert_batch(cursor: Any, names: str, batch: Sequence[Sequence[Any]]) -> None:
    """Insert a batch into SQLite, with as many rows to a statement as PER_STATEMENT says and the rest in one."""
    width, count = len(batch), len(batch[0])
    values: list[Any] = [None] * (width * count)
    for place, column in enumerate(batch):
        values[place::width] = column
    row = f"({', '.join('?' * width)})"
    size = width * PER_STATEMENT
    whole = len(values) // size * size
    several = f"INSERT INTO {names} VALUES {', '.join([row] * PER_STATEMENT)}"
    cursor.executemany(several, (values[start : start + size] for start in range(0, whole, size)))
    if rest := values[whole:]:
        cursor.execute(f"INSERT INTO {names} VALUES {', '.join([row] * (len(rest) // width))}", rest)


def upsert(connection: Connection, table: Any, values: Mapping[str, Any], key: Sequence[str]) -> None:
    """Insert a row, or give the one with the same key these values.

    Args:
        key: the columns that tell rows of the table apart.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(table).values(**values)
    again = {name: row.excluded[name] for name in values if name not in key}
    connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=again))
