"""Fresh state databases of the kind that `pytest --database` names: the one place where tests get theirs from."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from sqlalchemy import Engine, event

from storage.state import State
from tests.postgres import is_installed

SQLITE, POSTGRESQL = "sqlite", "postgresql"
NUMBERS = count(1)
OF_THE_DEMO = pytest.mark.database(SQLITE, "the demo keeps everything in a folder of its own")


class Databases(Protocol):
    """Where databases are made."""

    def url(self, folder: Path) -> str:
        """The URL of a folder's database, made when it is first asked for."""

    def drop(self, since: int) -> None:
        """Take away every database made after so many."""

    @property
    def made(self) -> int:
        """How many there are."""


class Files:
    """SQLite files in their folders.

    Args:
        migrated: what a new one is copied from, as migrating takes longer than most tests; without one whoever opens
            it migrates it.
    """

    made = 0

    def __init__(self, migrated: Path | None = None) -> None:
        self._migrated = migrated

    def url(self, folder: Path) -> str:
        """The URL of `finops.db` in a folder."""
        path = folder / "finops.db"
        if self._migrated is not None and not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._migrated, path)
        return f"sqlite:///{path}"

    def drop(self, since: int) -> None:
        """Nothing: they go with their folders."""


class Server:
    """Databases of one PostgreSQL, each a copy of one that is migrated.

    Args:
        address: its URL up to the database's name.
    """

    def __init__(self, address: str) -> None:
        self._address, self._names = address, dict[Path, str]()
        self._admin("CREATE DATABASE migrated")
        state = State(f"{address}migrated")
        state.migrate()
        state.close()

    @property
    def made(self) -> int:
        """How many there are."""
        return len(self._names)

    def url(self, folder: Path) -> str:
        """The URL of the database that stands for a folder."""
        name = self._names.get(folder.resolve())
        if name is None:
            name = self._names[folder.resolve()] = f"state_{next(NUMBERS)}"
            self._admin(f"CREATE DATABASE {name} TEMPLATE migrated")
        return f"{self._address}{name}"

    def drop(self, since: int) -> None:
        """Take away every database made after so many."""
        late = list(self._names)[since:]
        self._admin(*(f"DROP DATABASE {self._names.pop(folder)} WITH (FORCE)" for folder in late))

    def _admin(self, *statements: str) -> None:
        with psycopg.connect(f"{self._address}postgres", autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement)  # type: ignore[call-overload]


_databases: Databases = Files()


def state_url(folder: Path) -> str:
    """The URL of the migrated state database that belongs to a folder: the same as often as it is asked for."""
    return _databases.url(folder)


def is_server() -> bool:
    """Whether state databases are on PostgreSQL."""
    return isinstance(_databases, Server)


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder the working directory, with an environment that says nothing but where a server is."""
    monkeypatch.chdir(folder)
    for name in list(os.environ):
        if name.startswith(("FINOPS_", "SLACK_")):
            monkeypatch.delenv(name)
    if is_server():
        monkeypatch.setenv("FINOPS_DATABASE_URL", state_url(folder))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which state database the tests are to use."""
    about = "the state database that tests use (sqlite)"
    parser.addoption("--database", choices=(SQLITE, POSTGRESQL), default=SQLITE, help=about)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot be run."""
    config.addinivalue_line("markers", "database(kind, reason): runs with this state database only, and why")
    if config.getoption("database") == POSTGRESQL and not is_installed():
        raise pytest.UsageError("PostgreSQL is not installed (no initdb under /usr/lib/postgresql nor on the path).")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what says of itself that it is about the other database."""
    chosen = config.getoption("database")
    for item in items:
        for mark in item.iter_markers("database"):
            kind, reason = mark.args
            if kind != chosen:
                item.add_marker(pytest.mark.skip(f"only with --database {kind}: {reason}"))


@pytest.fixture(scope="session", autouse=True)
def _chosen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Databases of the kind that was chosen, and with PostgreSQL no other."""
    global _databases
    before = _databases
    if request.config.getoption("database") == POSTGRESQL:
        _databases = Server(request.getfixturevalue("postgres_server"))
        event.listen(Engine, "do_connect", _refuse_sqlite)
        yield
        event.remove(Engine, "do_connect", _refuse_sqlite)
    else:
        path = tmp_path_factory.mktemp("migrated") / "finops.db"
        state = State(f"sqlite:///{path}")
        state.migrate()
        state.close()
        _databases = Files(path)
        yield
    _databases = before


@pytest.fixture(autouse=True)
def _dropped(_chosen: None) -> Iterator[None]:
    """What a test made is gone after it; what a module's fixture made stays until the server goes."""
    before = _databases.made
    yield
    _databases.drop(before)


def _refuse_sqlite(dialect: Any, *_: object) -> None:
    assert dialect.name != "sqlite", "Take the database from tests.databases.state_url, or mark the test's own kind."
