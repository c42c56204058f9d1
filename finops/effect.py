"""Something Slack is to show: what handlers and jobs say, the state database keeps and the sender brings there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Effect:
    """A message or view in its newest wanted state.

    Attributes:
        key: unique for the effect, for example 'daily/payments/2026-11-21'; queued again it changes the same message.
        kind: what it is, for counting: 'daily', 'home', 'share'.
        destination: '#channel', a channel or user id, or 'home:' and a user id for an App Home.
        payload: the message ({text, blocks, picture, picture_after}) or the home view, as JSON.
        team: whose it is, empty for nobody's.
        thread_of: key of the message in whose thread it goes, empty for none.
        broadcast: whether a thread's message is shown in the channel too.
        not_before: when it may first be sent, None for at once.
    """

    key: str
    kind: str
    destination: str
    payload: dict[str, Any]
    team: str = ""
    thread_of: str = ""
    broadcast: bool = False
    not_before: datetime | None = None
