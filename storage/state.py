"""The state database: opened once per process, read and written in short transactions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.engine import make_url

from finops.errors import ConfigurationRefused
from storage.amounts import SumOfDigits
from storage.plain_json import kept

WAITS = {
    "connect_timeout": 5,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""libpq's waits: a server that is gone without a word is noticed in half a minute, not in the system's hours."""


class State:
    """A state database on SQLite or PostgreSQL.

    Args:
        url: SQLAlchemy URL, or `postgres://…` as hosting services spell it.
    """

    def __init__(self, url: str) -> None:
        self.url = _translated(url)
        self.engine = _engine(self.url)
        event.listen(self.engine, "before_cursor_execute", _keep_text, retval=True)
        # SQLite's readers see one moment by themselves.
        server = self.engine.dialect.name == "postgresql"
        self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ") if server else self.engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose reads all see one moment."""
        with self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: committed at the end, rolled back whole if anything is raised."""
        with self.engine.connect().execution_options(finops_writes=True) as connection, connection.begin():
            yield connection

    def revision(self) -> str | None:
        """The migration the database is at, None for an empty one."""
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def migrate(self) -> None:
        """Bring the database to the newest migration."""
        from alembic import command
        from alembic.config import Config

        if (path := self.sqlite_path) is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        configuration = Config()
        configuration.set_main_option("script_location", str(files("storage") / "migrations"))
        with self.writing() as connection:
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "head")

    @property
    def sqlite_path(self) -> Path | None:
        """The database's file, None where it is a server or in memory."""
        url = make_url(self.url)
        memory = url.database in (None, "", ":memory:")
        return None if url.get_backend_name() != "sqlite" or memory else Path(str(url.database))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def newest_revision() -> str:
    """The newest migration that this version of the product ships."""
    names = [entry.name for entry in (files("storage") / "migrations" / "versions").iterdir()]
    return max(match[1] for name in names if (match := re.fullmatch(r"(\d{4})_\w+\.py", name)))


def open_state(url: str) -> State:
    """Open a database that is at the newest migration.

    A SQLite file is made and migrated on the spot, as the small install has no release step; a server is migrated by
    `finops migrate` alone, so that many processes starting at once do not race.

    Raises:
        ConfigurationRefused: the URL is unusable, or the server's database is behind.
    """
    state = State(url)
    if (path := state.sqlite_path) is not None and not path.exists():
        state.migrate()
        return state
    found = state.revision()
    if found == newest_revision():
        return state
    if state.engine.dialect.name == "sqlite" and (found is None or found < newest_revision()):
        state.migrate()
        return state
    if found is not None and found > newest_revision():
        raise ConfigurationRefused("This program is older than its database.", "Start the newer version.")
    raise ConfigurationRefused(
        f"The database is at migration {found or 'none'}, this version needs {newest_revision()}.",
        "Run `finops migrate`.",
    )


def _translated(url: str) -> str:
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise ConfigurationRefused("FINOPS_DATABASE_URL is not a database URL.") from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigurationRefused(f"FINOPS_DATABASE_URL names {parsed.get_backend_name()}; use SQLite or PostgreSQL.")
    if parsed.get_backend_name() == "postgresql":
        waits = {name: seconds for name, seconds in WAITS.items() if name not in parsed.query}
        return sqlalchemy.create_engine(url, pool_pre_ping=True, pool_size=8, hide_parameters=True, connect_args=waits)
    engine = sqlalchemy.create_engine(url, pool_size=8, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL may lose what was acknowledged when the power fails
        "busy_timeout=10000",
        "foreign_keys=ON",
        "cache_size=-2000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_aggregate("exact_sum", 1, SumOfDigits)


def _keep_text(_connection: Connection, _cursor: Any, statement: str, given: Any, *_: object) -> tuple[str, Any]:
    """What people type and files hold is asked for and written as both databases can keep it."""
    return statement, [_kept(row) for row in given] if isinstance(given, list) else _kept(given)


def _kept(row: Any) -> Any:
    """A statement's parameters, by name on PostgreSQL and in order on SQLite."""
    if isinstance(row, Mapping):
        return {name: kept(value) if isinstance(value, str) else value for name, value in row.items()}
    return tuple(kept(value) if isinstance(value, str) else value for value in row)


def _begin_sqlite(connection: Connection) -> None:
    # A write that begins as a read fails at once when another writer came between; IMMEDIATE waits instead.
    writes = connection.get_execution_options().get("finops_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
