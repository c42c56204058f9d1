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


@dataclass(frozen=True, slots=True)
class Posted:
    """What a channel did with a delivery.

    Attributes:
        reference: the channel's own name for the message (Slack's ts), '-' where it has none.
        picture_missing: the message went out without its picture, which should follow in the thread.
    """

    reference: str
    picture_missing: bool = False


class Channel(Protocol):
    """A place that deliveries can be sent to."""

    def locate(self, destination: str) -> str:
        """The address of a destination; raises Refused where there is none."""

    def find(self, delivery: Delivery, channel: str, thread: str) -> str | None:
        """Reference of the delivery if the channel has it already, by its key."""

    def post(self, delivery: Delivery, channel: str, thread: str) -> Posted:
        """Send it for the first time; raises Refused."""

    def update(self, delivery: Delivery) -> Posted:
        """Bring what was sent to the delivery's newest state; raises Refused."""
