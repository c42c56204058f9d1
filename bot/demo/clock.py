"""The made-up company's time: it runs as ours does, and can be moved on."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

MORNING = (8, 45)
"""Local time at which a day of the demo begins: the daily summary is there."""
KEPT_EVERY = 15
"""Seconds after which the time is written down again: the terminal goes by it, and a demo that was killed."""


def kept_moment(path: Path) -> datetime | None:
    """The time as it was last written down, None where it never was."""
    return datetime.fromisoformat(json.loads(path.read_text())["now"]) if path.exists() else None


class DemoClock:
    """A clock that survives a restart.

    Args:
        path: where it is kept.
        first_day: the day of the very first start.
        zone: the company's.
    """

    def __init__(self, path: Path, first_day: date, zone: ZoneInfo) -> None:
        self._path, self._zone, self._lock = path, zone, threading.Lock()
        self._base = kept_moment(path) or self._morning(first_day)
        self._started = self._kept_at = time.monotonic()

    def now(self) -> datetime:
        """The company's now, in UTC."""
        with self._lock:
            moment = self._moment()
            if time.monotonic() - self._kept_at > KEPT_EVERY:
                self._keep(moment)
            return moment

    def today(self) -> date:
        """The company's local day."""
        return self.now().astimezone(self._zone).date()

    def next_morning(self) -> datetime:
        """When the next day begins, in UTC."""
        return self._morning(self.today() + timedelta(days=1))

    def set(self, moment: datetime) -> None:
        """Move to a moment, and keep it."""
        with self._lock:
            self._base, self._started = moment, time.monotonic()
            self._keep(moment)

    def keep(self) -> None:
        """Write the time down for the next start."""
        with self._lock:
            self._keep(self._moment())

    def _moment(self) -> datetime:
        return self._base + timedelta(seconds=time.monotonic() - self._started)

    def _keep(self, moment: datetime) -> None:
        beside = self._path.with_suffix(".unfinished")
        beside.write_text(json.dumps({"now": moment.isoformat()}))
        beside.replace(self._path)
        self._kept_at = time.monotonic()

    def _morning(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, *MORNING, tzinfo=self._zone).astimezone(UTC)
