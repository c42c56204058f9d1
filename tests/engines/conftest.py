"""Each engine that a machine can run, with a way to put tables there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.tables import Database, Files, Holder
from tests.storage.conftest import place

__all__ = ["holder", "place"]


@pytest.fixture(params=["duckdb", "postgresql", "spark"])
def holder(request: pytest.FixtureRequest, tmp_path: Path) -> Holder:
    """DuckDB, a PostgreSQL of its own, and a Spark cluster of its own."""
    if request.param == "duckdb":
        return Files("duckdb", tmp_path)
    if request.param == "postgresql":
        return Database(request.getfixturevalue("postgres_url"))
    return Files("spark", tmp_path, remote=request.getfixturevalue("spark_remote"))
