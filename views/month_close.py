"""A month that cannot be closed yet: what it waits for, and the form that has it closed as it stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from finops.alert import Callee
from finops.month_close import LONGEST, CloseDecision, Late, Waiting
from finops.periods import Month
from views import blocks
from views.amounts import month_name
from views.fit import message
from views.message import Message
from views.people import callee, person, some
from views.text import escape, literal
from views.time import day

CLOSE = "month_close"
"""action_id of the button; its value is the month."""
CALLBACK, REASON = "month_close", "month_close_reason"
"""The form's callback_id, and its block_id."""
WAITS = ":hourglass_flowing_sand:"
DONE = ":white_check_mark:"
MOST = 10
"""Most teams or exports that are listed."""
CONSEQUENCE = "The report then says which figures are not complete, and is not final until they are."


def waiting_message(
    waiting: Waiting,
    teams: Mapping[str, str],
    called: Sequence[Callee],
    names: Mapping[str, str],
    first: date,
    again: date,
) -> Message:
    """Tells FinOps which data is missing and since when, and what can be done.

    Args:
        teams: slug → name.
        called: FinOps, whoever is on leave replaced.
        names: Slack id → real name, or '@handle' of a group.
        first: the day on which the month was to be closed.
        again: the day on which this is said again.
    """
    month = month_name(waiting.month)
    who = some([callee(each, names, pings=True) for each in called]) if called else "FinOps"
    text = "\n".join(
        (
            f"{WAITS} *{month} cannot be closed yet*, as data of it is missing. It was to be closed on {day(first)}.",
            *waiting_lines(waiting, teams),
            f"{who}: please have the data delivered, and the month is closed by itself; or close it as it stands. "
            f"{CONSEQUENCE} While it stays so, this is said again on {day(again)}.",
        )
    )
    button = blocks.button("Close it as it stands", CLOSE, str(waiting.month))
    small = f"In the terminal: `finops report close --month {waiting.month} --as-it-stands --reason …`"
    return message(f"{text}\n{small}", [*blocks.paragraphs(text), blocks.actions(button), blocks.context(small)])


def waiting_lines(waiting: Waiting, teams: Mapping[str, str]) -> list[str]:
    """Late exports, then the teams that wait, a line of mrkdwn each: '• Export `azure`: no data since Thu 15 Oct'."""
    exports = _listed((f"Export `{literal(each.name, 60)}`", each) for each in waiting.exports)
    return [*exports, *_listed((escape(teams.get(each.name) or each.name, 60), each) for each in waiting.teams)]


def _listed(named: Iterable[tuple[str, Late]]) -> list[str]:
    lines = [f"• {name}: {_since(late)}" for name, late in named]
    more = len(lines) - MOST
    return [*lines[:MOST], *([f"• … and {more:,} more"] if more > 0 else [])]


def _since(late: Late) -> str:
    return f"no data since {day(late.through)}" if late.through else "no data of the month"


def closed_message(month: Month, decision: CloseDecision | None, names: Mapping[str, str]) -> Message:
    """What stands in the place of what was said, once the month is closed."""
    said = f"{DONE} *{month_name(month)} is closed*"
    if decision is None:
        text = f"{said}: its data is complete."
    else:
        text = f"{said} as it stands, by {person(decision.by, names)}: “{escape(decision.reason, LONGEST * 2)}”"
    return message(text, blocks.paragraphs(text))


def close_modal(waiting: Waiting, teams: Mapping[str, str]) -> dict[str, Any]:
    """Asks why a month is closed although data of it is missing."""
    text = "\n".join((f"*{month_name(waiting.month)}* lacks data:", *waiting_lines(waiting, teams), CONSEQUENCE))
    hint = f"It stands in the report and in the record. At most {LONGEST} characters."
    return blocks.modal(
        "Close it as it stands",
        [*blocks.paragraphs(text), blocks.text_input(REASON, "Why", hint=hint, long=True, most=LONGEST)],
        CALLBACK,
        submit="Close the month",
        close="Cancel",
        metadata=json.dumps({"month": str(waiting.month)}),
    )
