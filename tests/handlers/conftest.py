"""The bench of tests/bot, with a running bot whose alerts the test raises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bot.conftest import Bench, bench
from tests.handlers.desk import Desk, open_desk

__all__ = ["bench"]


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    """A running bot without alerts."""
    with open_desk(bench) as opened:
        yield opened
