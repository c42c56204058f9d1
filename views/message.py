"""What is said: text for notifications and screen readers, blocks for the eye, and a picture to be uploaded."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

Block = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """A chart that the sender draws and uploads before it posts.

    Attributes:
        name: the drawing function's name in views/pictures.py.
        data: its arguments, as JSON.
        alt_text: the finding in one sentence, at most 2,000 characters.
        title: shown above it.
    """

    name: str
    data: dict[str, Any]
    alt_text: str
    title: str = ""


@dataclass(frozen=True)
class Message:
    """A Slack message, before anybody decides where it goes.

    Attributes:
        text: every number of the message in plain mrkdwn, at most 4,000 characters.
        blocks: within Slack's limits.
        picture: put in as an image block by the sender, after `picture_after` blocks.
        continued: further messages for the thread, where one message cannot hold everything.
    """

    text: str
    blocks: list[Block] = field(default_factory=list)
    picture: Picture | None = None
    picture_after: int = 0
    continued: tuple[Message, ...] = ()

    def as_payload(self) -> dict[str, Any]:
        """The message as JSON, as deliveries keep it: equal to what is read back, so that no change is no change."""
        return asdict(self) | {"continued": [each.as_payload() for each in self.continued]}
