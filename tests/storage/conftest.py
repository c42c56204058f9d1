"""A place to take bills in, per test; on SQLite, and where a test asks for it on PostgreSQL too."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.state import State
from tests.storage.bills import Place


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied: migrating takes longer than most tests."""
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


@pytest.fixture
def in_bucket(tmp_path: Path, migrated: Path, bucket: str) -> Iterator[Place]:
    """An empty ledger in a bucket, with its state on SQLite."""
    shutil.copyfile(migrated, tmp_path / "state.db")
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield Place(tmp_path, state, bucket=bucket)
    state.close()


@pytest.fixture(params=["place", "in_bucket"])
def anywhere(request: pytest.FixtureRequest) -> Place:
    """An empty ledger in a folder, then in a bucket."""
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty ledger with its state on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("place")
        return
    state = State(request.getfixturevalue("postgres_url"))
    state.migrate()
    yield Place(tmp_path, state)
    state.close()
