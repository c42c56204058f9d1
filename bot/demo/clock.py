"""The made-up company's time: it runs as ours does, and can be moved to the next morning."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

MORNING = (8, 45)
"""Local time at which a day of the demo begins: the daily summary is due."""


class DemoClock:
    """A clock that survives a restart.

    Args:
        path: where it is kept.
        first_day: the day of the very first start.
        zone: the company's.
    """

    def __init__(self, path: Path, first_day: date, zone: ZoneInfo) -> None:
        self._path, self._zone, self._lock = path, zone, threading.Lock()
        self._base = self._kept() or self._morning(first_day)
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The company's now, in UTC."""
        with self._lock:
            return self._base + timedelta(seconds=time.monotonic() - self._started)

    def today(self) -> date:
        """The company's local day."""
        return self.now().astimezone(self._zone).date()

    def next_morning(self) -> date:
        """Move to the morning of the next day, and return that day."""
        day = self.today() + timedelta(days=1)
        self.set(self._morning(day))
        return day

    def set(self, moment: datetime) -> None:
        """Move to a moment, and keep it."""
        with self._lock:
            self._base, self._started = moment, time.monotonic()
        self.keep()

    def keep(self) -> None:
        """Write the time down for the next start."""
        beside = self._path.with_suffix(".unfinished")
        beside.write_text(json.dumps({"now": self.now().isoformat()}))
        beside.replace(self._path)

    def _kept(self) -> datetime | None:
        return datetime.fromisoformat(json.loads(self._path.read_text())["now"]) if self._path.exists() else None

    def _morning(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, *MORNING, tzinfo=self._zone).astimezone(UTC)
