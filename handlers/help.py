"""`/finops help`: what there is."""

from __future__ import annotations

from collections.abc import Mapping

from handlers.request import Command, Reply, Request
from views.help import help_message


def answer(request: Request, *, commands: Mapping[str, Command]) -> Reply:
    """Every command with what may follow it."""
    return Reply(help_message([(each.name, each.usage, each.summary) for each in commands.values()]))


COMMAND = Command("help", "", "what there is", answer)
