"""Fixtures that every test may ask for."""

import structlog

pytest_plugins = ["tests.postgres", "tests.databases", "tests.spark", "tests.buckets"]

# structlog's own default draws a failure with every local variable: seconds on a busy machine, longer than Slack waits.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.LogfmtRenderer(),
    ]
)
