"""The small company in a sandbox workspace."""

from tests.bot.conftest import bench

__all__ = ["bench"]
