"""The answers to `/finops help`: what there is, and how one command is asked."""

from __future__ import annotations

from collections.abc import Sequence

from views import blocks
from views.fit import message
from views.message import Block, Message
from views.text import literal

Entry = tuple[str, str, str]
"""A command's name, its usage after the name ('<team> [YYYY-MM]', may be empty), and a summary of one sentence."""


LAST = "admin"
"""The command that most people may not use."""
NOTATION = "Words in &lt; &gt; are yours to fill in, words in [ ] can be left out."


def help_message(commands: Sequence[Entry]) -> Message:
    """Every command with its usage and what it is for."""
    first = "*I put every team's cloud spend beside its budget.* This is what you can ask me:"
    lines = listed(commands)
    body: list[Block] = [blocks.header("What you can ask"), blocks.section(first)]
    body += [*blocks.paragraphs("\n".join(lines)), blocks.context(NOTATION)]
    return message("\n".join((first, *lines)), body)


def usage_message(command: Entry) -> Message:
    """One command with its usage and what it is for."""
    [line] = listed([command])
    last = "`/finops help` shows everything you can ask."
    body: list[Block] = [blocks.section(line), blocks.context(NOTATION, last)]
    return message(f"{line}\n{last}", body)


def listed(commands: Sequence[Entry]) -> list[str]:
    """One line of mrkdwn a command, by name."""
    return [
        f"• `/finops {literal(f'{name} {usage}'.strip(), 200)}` — {literal(summary, 300)}"
        for name, usage, summary in sorted(commands, key=lambda entry: (entry[0] == LAST, entry[0]))
    ]
