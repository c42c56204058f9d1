"""Processes that die and databases that fail at a given boundary: where a transaction or a call begins or ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bot.channels.channel import Channel, Found, Posted
from storage.deliveries import Delivery
from storage.state import State


class Killed(BaseException):
    """The process is dead; nothing of it catches this, as nothing catches SIGKILL."""


class Fuse:
    """Kills a process at the n-th boundary it comes to, and whatever of it still runs at its next one.

    Attributes:
        fired: where processes died and where the database failed, counted.
    """

    def __init__(self, fired: Counter[str]) -> None:
        self.fired = fired
        self._left, self._at_calls, self._errors, self._dead, self._lock = 0, False, 0, False, Lock()

    @property
    def dead(self) -> bool:
        """Whether the process has died."""
        return self._dead

    def set(self, boundaries: int, *, at_calls: bool = False) -> None:
        """Die at the n-th boundary, of calls alone where it says so; 0 is never."""
        with self._lock:
            self._left, self._at_calls, self._dead = boundaries, at_calls, False

    def fail(self, boundaries: int) -> None:
        """Let the database fail once, after so many boundaries of transactions; 0 is never."""
        with self._lock:
            self._errors = boundaries

    def cross(self, boundary: str, *, database: bool) -> None:
        """Come to a boundary, of a transaction or of a call."""
        with self._lock:
            if self._dead:
                raise Killed
            self._left -= not (database and self._at_calls)
            if self._left == 0:
                self._dead = True
                self.fired[f"killed {boundary}"] += 1
                raise Killed
            if database:
                self._errors -= 1
                if self._errors == 0:
                    self.fired[f"database lost {boundary}"] += 1
                    raise OperationalError("", {}, Exception("server closed the connection unexpectedly"))


class FragileState(State):
    """A state database seen by a process that may die, and that may lose it."""

    def __init__(self, url: str, fuse: Fuse) -> None:
        super().__init__(url)
        self.fuse = fuse

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction with its three boundaries: a commit may be done without anybody knowing."""
        self.fuse.cross("before a transaction", database=True)
        with super().writing() as connection:
            yield connection
            self.fuse.cross("before a commit", database=True)
        self.fuse.cross("after a commit", database=True)


class FragileChannel:
    """A channel used by a process that may die around each call."""

    def __init__(self, channel: Channel, fuse: Fuse) -> None:
        self._channel, self._fuse = channel, fuse

    def find(self, delivery: Delivery, address: str, thread: str) -> Found | None:
        """As the channel does."""
        return self._around("a look-up", self._channel.find, delivery, address, thread)

    def post(self, delivery: Delivery, address: str, thread: str) -> Posted:
        """As the channel does."""
        return self._around("a post", self._channel.post, delivery, address, thread)

    def update(self, delivery: Delivery) -> Posted:
        """As the channel does."""
        return self._around("an edit", self._channel.update, delivery)

    def _around(self, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        self._fuse.cross(f"before {name}", database=False)
        answer = call(*arguments)
        self._fuse.cross(f"after {name}", database=False)
        return answer
