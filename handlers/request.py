"""What a handler is given, what it gives back, and how a command is made known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
        interaction: unique for this click, command or event, the same when Slack sends it again.
        via: 'command', 'button', 'form', 'thread' or 'reaction'.
        inputs: block id → what a form that is submitted, clicked in or closed holds there: a text, an option's value, a
            day or an id; empty for nothing.
        proposed: block id → what the form held there when it was shown, read as inputs are.
        metadata: what the form carries along.
        message: key of the delivery whose button was clicked, or that is answered in its thread or by a reaction; empty
            where it was none that everybody sees.
    """

    user_id: str
    now: datetime
    words: tuple[str, ...] = ()
    value: str = ""
    channel: str = ""
    interaction: str = ""
    via: str = "command"
    inputs: Mapping[str, str] = field(default_factory=dict)
    proposed: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""

    @property
    def changed(self) -> dict[str, str]:
        """Block id → what the form holds there, where that is not what it was shown with."""
        return {name: held for name, held in self.inputs.items() if held != self.proposed.get(name, "")}


@dataclass(frozen=True)
class Reply:
    """What the person is told, only visible to them unless in_channel; nothing where it says nothing.

    Attributes:
        replaces: whether it takes the place of the message whose button was clicked.
        modal: a form to open before the person.
        errors: block id → what is wrong with what was filled in; the form stays open.
        next_view: a form that follows the one submitted: on top of it, so that one can go back and change it.
        replaces_view: a form that takes the place of the one submitted, or of the one whose button was clicked.
    """

    message: Message | None = None
    in_channel: bool = False
    replaces: bool = False
    modal: Mapping[str, Any] | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    next_view: Mapping[str, Any] | None = None
    replaces_view: Mapping[str, Any] | None = None


Answer = Callable[..., Reply]


@dataclass(frozen=True)
class Command:
    """A word after `/finops`.

    Attributes:
        name: the word.
        usage: what may follow it.
        summary: what it does, one short sentence without a full stop.
        answer: called with the Request, and by keyword with what it names of: company, state, commands, jobs.
        actions: action_id → answer, for the buttons and menus in its messages.
        submissions: callback_id → answer, for its forms.
        closings: callback_id → what is done when a form that tells so is closed; it says nothing.
        thread_words: a whole reply in the thread of one of its messages, lower case and as thread_words.py reads it
            → answer.
        reactions: emoji → answers to its being put on one of its messages, and taken away.
    """

    name: str
    usage: str
    summary: str
    answer: Answer
    actions: Mapping[str, Answer] = field(default_factory=dict)
    submissions: Mapping[str, Answer] = field(default_factory=dict)
    closings: Mapping[str, Answer] = field(default_factory=dict)
    thread_words: Mapping[str, Answer] = field(default_factory=dict)
    reactions: Mapping[str, tuple[Answer, Answer]] = field(default_factory=dict)
