"""Short answers to somebody who answered an alert: where it stands now, and whose answer it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from finops.alert import Alert
from finops.company import Team
from finops.policy import Policy
from views import blocks
from views.alert_words import standing
from views.amounts import month_name
from views.fit import message
from views.message import Message
from views.sentences import called_by
from views.text import escape, prose


def standing_message(
    alert: Alert, team: Team, policy: Policy, names: Mapping[str, str], now: datetime, *, first: str = ""
) -> Message:
    """Which alert it is and where it stands.

    Args:
        first: a sentence before it.
    """
    which = f"*{escape(called_by(team))}*, {alert.key.kind} alert of {month_name(alert.key.month)}"
    before = f"{escape(first, 300)} " if first else ""
    said = f"{before}{which}: {standing(alert, policy, names, now)}"
    return message(said, [blocks.section(said)])


def word_alone_message(word: str) -> Message:
    """How to answer with a word in a thread, for somebody whose reply only begins with it."""
    what = "take your acknowledgement back" if word == "unack" else "acknowledge"
    said = prose(f"To {what}, answer with `{word}` alone.")
    return message(said, [blocks.section(said)])
