"""What is walked through: the demo on its first morning, or the small company in a sandbox workspace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from bot.demo.demo import Demo
from tests.bot.conftest import bench

__all__ = ["bench"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of a module's own; its time goes on from test to test."""
    found = Demo(tmp_path_factory.mktemp("demo"), 0, date(2026, 11, 21), lambda _step: None)
    found.prepare()
    found.start()
    yield found
    found.stop()
