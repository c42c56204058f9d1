"""Short answers that only say what happened."""

from __future__ import annotations

from views import blocks
from views.fit import message
from views.message import Message
from views.text import escape


def note(text: str) -> Message:
    """One sentence."""
    said = escape(text, 2000)
    return message(said, [blocks.section(said)])


def old_button_message() -> Message:
    """The button belongs to a version of the app that is no longer running."""
    return note("This button is of an older version of me and does nothing any more. Ask again with /finops help.")
