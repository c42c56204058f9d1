"""Fixtures that every test may ask for, the pace of property tests, and how the log is written before each test."""

import pytest
import structlog
from hypothesis import settings

# Property tests know no deadline: the machine has other things to do.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

pytest_plugins = ["tests.postgres", "tests.databases", "tests.spark", "tests.buckets"]


@pytest.fixture(autouse=True)
def _plain_log() -> None:
    """The log as every test finds it, whatever a command of the test before has set up."""
    # structlog's default draws a failure with every local variable: seconds on a busy machine, longer than Slack waits.
    structlog.reset_defaults()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(),
        ]
    )
