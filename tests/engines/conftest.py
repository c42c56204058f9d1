"""Each engine that a machine can run, with a way to put tables there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.state import State
from tests.engines.tables import Database, Files, Holder
from tests.storage.bills import Place


@pytest.fixture(params=["duckdb", "postgresql", "spark"])
def holder(request: pytest.FixtureRequest, tmp_path: Path) -> Holder:
    """DuckDB, a PostgreSQL of its own, and a Spark cluster of its own."""
    if request.param == "duckdb":
        return Files("duckdb", tmp_path)
    if request.param == "postgresql":
        return Database(request.getfixturevalue("postgres_url"))
    return Files("spark", tmp_path, remote=request.getfixturevalue("spark_remote"))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "state.db"
    state = State(f"sqlite:///{path}")
    state.migrate()
    state.close()
    return path


@pytest.fixture
def place(tmp_path: Path, migrated: Path) -> Iterator[Place]:
    """An empty ledger with its state on SQLite."""
    shutil.copyfile(migrated, tmp_path / "state.db")
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield Place(tmp_path, state)
    state.close()
