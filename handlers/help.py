"""`/finops help`: what there is, and how one command is asked."""

from __future__ import annotations

from collections.abc import Mapping

from finops.names import nearest, repeated
from handlers.arguments import UnknownName
from handlers.request import Command, Reply, Request
from views.help import help_message, usage_message


def answer(request: Request, *, commands: Mapping[str, Command]) -> Reply:
    """Every command with what may follow it, or the one that is named."""
    entries = {each.name: (each.name, each.usage, each.summary) for each in commands.values()}
    if not request.words:
        return Reply(help_message(list(entries.values())))
    word = request.words[0]
    if word.lower() not in entries:
        near = nearest(word, list(entries))
        raise UnknownName(f"There is no command '{repeated(word)}'.", "See /finops help for all of them.", word, near)
    return Reply(usage_message(entries[word.lower()]))


COMMAND = Command("help", "[command]", "what there is", answer)
