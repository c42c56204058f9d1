"""A reply in a thread as a word of ours: politeness, punctuation and emojis around it mean nothing."""

from __future__ import annotations

import re
from collections.abc import Collection

PARTS = re.compile(r":[\w+'’-]+:|[^\W_'’]+|\?")
"""An emoji by its name, a word, and the one mark that turns an answer into a question."""
POLITE = frozenset({"please", "pls", "thanks", "thank", "you", "thx"})


def thread_word(text: str, words: Collection[str]) -> tuple[str, bool]:
    """Which of our words a reply begins with, and whether it is all that is said.

    Args:
        text: as Slack tells it: mrkdwn, emojis by their names.
        words: ours, in lower case.

    Returns:
        An empty word where the reply begins with none, or only asks it: 'ack?' is meant for people.
    """
    parts = PARTS.findall(text.lower())
    first = parts[0] if parts else ""
    if first not in words:
        return "", False
    more = [part for part in parts[1:] if part not in POLITE and not part.startswith(":")]
    return ("", False) if more and set(more) == {"?"} else (first, not more)
