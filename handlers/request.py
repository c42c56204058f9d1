"""What a handler is given, what it gives back, and how a command is made known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from views.message import Message


@dataclass(frozen=True)
class Request:
    """Somebody asks for something.

    Attributes:
        user_id: Slack's id of who asks; storage.people.find_person tells what is known of them.
        now: when, UTC.
        words: what follows the command's name.
        value: of the button or option that was chosen, empty for a command.
        channel: id of the channel it happens in, empty in App Home.
        interaction: unique for this click or command, the same when Slack sends it again.
    """

    user_id: str
    now: datetime
    words: tuple[str, ...] = ()
    value: str = ""
    channel: str = ""
    interaction: str = ""


@dataclass(frozen=True)
class Reply:
    """What the person is told, only visible to them unless in_channel.

    Attributes:
        replaces: whether it takes the place of the message whose button was clicked.
    """

    message: Message
    in_channel: bool = False
    replaces: bool = False


Answer = Callable[..., Reply]


@dataclass(frozen=True)
class Command:
    """A word after `/finops`.

    Attributes:
        name: the word.
        usage: what may follow it.
        summary: what it does, one short sentence without a full stop.
        answer: called with the Request, and by keyword with what it names of: company, state, commands.
        actions: action_id → answer, for the buttons and menus in its messages.
    """

    name: str
    usage: str
    summary: str
    answer: Answer
    actions: Mapping[str, Answer] = field(default_factory=dict)
