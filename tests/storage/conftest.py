"""A place to take bills in, per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.state import State
from tests.databases import state_url
from tests.storage.bills import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty ledger with its state."""
    state = State(state_url(tmp_path))
    yield Place(tmp_path, state)
    state.close()


@pytest.fixture
def in_bucket(tmp_path: Path, bucket: str) -> Iterator[Place]:
    """An empty ledger in a bucket, with its state."""
    state = State(state_url(tmp_path))
    yield Place(tmp_path, state, bucket=bucket)
    state.close()


@pytest.fixture(params=["place", "in_bucket"])
def anywhere(request: pytest.FixtureRequest) -> Place:
    """An empty ledger in a folder, then in a bucket."""
    found: Place = request.getfixturevalue(request.param)
    return found
