"""What a channel must be able to do, and how it says that it could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from storage.deliveries import Delivery


class Refused(Exception):
    """The channel said no, or nothing.

    Args:
        reason: its own word, for people and logs.
        retry_after: seconds until it makes sense to try again; None where it never does.
        unknown: whether it may have taken the message all the same.
    """

    def __init__(self, reason: str, retry_after: float | None, unknown: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.retry_after, self.unknown = reason, retry_after, unknown


class RateLimited(Refused):
    """Too many calls: nothing was done, and it was no try.

    Args:
        seconds: until the next call makes sense.
        lane: what else had better wait as long (storage.pace): None for what takes the same way, '' for nothing.
    """

    def __init__(self, seconds: float, lane: str | None = None) -> None:
        super().__init__("ratelimited", seconds)
        self.seconds, self.lane = seconds, lane


@dataclass(frozen=True, slots=True)
class Posted:
    """What a channel did with a delivery.

    Attributes:
        reference: the channel's own name for the message (Slack's ts), '-' where it has none.
        place: where the message is, as the channel names it.
        picture_missing: the message went out without its picture, which should follow in the thread.
    """

    reference: str
    place: str
    picture_missing: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A delivery that a channel has already, and in which revision; the other attributes as of Posted."""

    reference: str
    place: str
    revision: int


class Channel(Protocol):
    """A place that deliveries can be sent to."""

    def find(self, delivery: Delivery, address: str, thread: str) -> Found | None:
        """The delivery if the channel has it already, by its key; raises Refused."""

    def post(self, delivery: Delivery, address: str, thread: str) -> Posted:
        """Send it for the first time; raises Refused."""

    def update(self, delivery: Delivery) -> Posted:
        """Bring what was sent to the delivery's newest state; raises Refused."""
