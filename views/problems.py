"""What to say when something did not work: why, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from finops.errors import DeliveryRefused, FinopsError
from finops.names import repeated
from views import blocks
from views.fit import message
from views.message import Block, Message
from views.text import escape, literal, prose

RUN = "command_run"
"""action_id of the suggestions, followed by '.1', '.2', '.3'; the value is the command after '/finops'."""
SUGGESTED = 3


def problem_message(error: FinopsError, *, instead: Sequence[str] = ()) -> Message:
    """A refusal: its reason, what to do next, and the commands that were probably meant.

    Args:
        instead: whole commands after '/finops', best first ('variance payments 2026-11'); each becomes a button.
    """
    faults = error.faults if isinstance(error, DeliveryRefused) else ()
    said = [f":warning: {prose(error.reason, 1500)}", *([prose(error.mend, 1000)] if error.mend else [])]
    lines = [f"• {prose(fault, 400)}" for fault in faults]
    body: list[Block] = [blocks.section("\n".join(said)), *blocks.paragraphs("\n".join(lines))]
    return message("\n".join((*said, *lines, *_meant(instead))), [*body, *_buttons(instead)])


def _meant(instead: Sequence[str]) -> list[str]:
    named = [f"`/finops {literal(command, 200)}`" for command in instead[:SUGGESTED]]
    return [f"Did you mean {' or '.join(named)}?"] if named else []


def _buttons(instead: Sequence[str]) -> list[Block]:
    short = [command for command in instead[:SUGGESTED] if len(command) <= blocks.VALUE]
    if not short:
        return []
    made = [
        blocks.button(f"/finops {literal(command)}", f"{RUN}.{number}", command)
        for number, command in enumerate(short, 1)
    ]
    return [blocks.section("Did you mean:"), blocks.actions(*made)]


def unknown_command_message(word: str, nearest: Sequence[str]) -> Message:
    """An unknown subcommand, with the nearest ones as buttons."""
    reason = f"I do not know the command “{repeated(word)}”."
    return problem_message(FinopsError(reason, "See `/finops help` for everything you can ask."), instead=nearest)


def unknown_team_message(word: str, nearest: Sequence[str]) -> Message:
    """An unknown team, with the nearest ones as buttons.

    Args:
        nearest: whole commands after '/finops', with the mistyped name replaced.
    """
    reason = f"I do not know the team “{repeated(word)}”."
    return problem_message(FinopsError(reason, "See `/finops teams` for all of them."), instead=nearest)


def not_visible_message(team: str) -> Message:
    """Somebody asked for a team whose figures are kept to itself.

    Args:
        team: the name or slug as they asked for it, so that the answer tells them nothing new.
    """
    said = (
        f":lock: You may not see *{escape(team)}*: its figures are kept to the team itself and to the FinOps roles. "
        "If you need them, ask FinOps to add you."
    )
    return message(said, [blocks.section(said)])


def unkept_message(form: str, typed: Sequence[tuple[str, str]], why: str) -> Message:
    """What somebody typed into a form that they closed, given back to them as it could not be kept.

    Args:
        form: its title.
        typed: label and content of each field that they changed.
        why: what went wrong, whole sentences.
    """
    said = (
        f":warning: You closed the form *{escape(form)}*, and what you typed last may not have been kept: "
        f"{prose(why, 1000)} Here it is, so that you can copy it into the form when you open it again."
    )
    body = [blocks.section(said)]
    for label, content in typed:
        body += [blocks.section(f"*{escape(label)}*"), *blocks.as_typed(content)]
    lines = [f"{escape(label)}: {escape(content, 3000)}" for label, content in typed]
    return message("\n".join((said, *lines)), body)


def unexpected_message(reference: str) -> Message:
    """A bug: nothing the person did.

    Args:
        reference: what the log calls it.
    """
    said = (
        ":warning: Something went wrong on my side, and it is not your fault. "
        "Please try again; if it happens again, tell FinOps this reference: "
        f"`{literal(reference)}`."
    )
    return message(said, [blocks.section(said)])
