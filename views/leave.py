"""Leave: who takes whose calls, and from when until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from views import blocks
from views.fit import message
from views.message import Block, Message
from views.people import mention, person
from views.time import day as named

CALLBACK = "leave"
STAND_IN, FIRST_DAY, LAST_DAY = "stand_in", "first_day", "last_day"
"""block_ids."""
END = "leave_end"
"""action_id; the value is the absence's number."""
MOST = 20
"""Most absences that are listed."""


class Absence(Protocol):
    """Somebody's absence, as it is stored."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def user_id(self) -> str:
        """Slack's id of who is away."""

    @property
    def stand_in(self) -> str:
        """Slack's id of who takes their calls."""

    @property
    def first_day(self) -> date:
        """Inside, local."""

    @property
    def last_day(self) -> date:
        """Inside, local."""


def leave_modal(leaves: Sequence[Absence], day: date) -> dict[str, Any]:
    """Asks who takes the calls and for which days.

    Args:
        leaves: what is recorded of the person, as who is away or as who stands in.
        day: today, local.
    """
    # A mention in a modal pings nobody.
    known = [
        f"• {mention(each.user_id)} is away {_days(each)}: {mention(each.stand_in)} takes the calls."
        for each in leaves[:MOST]
    ]
    before: list[Block] = [blocks.section("\n".join(("*Recorded already:*", *known)))] if known else []
    return blocks.modal(
        "Leave",
        [
            blocks.section("While you are away, calls of the escalation ladder go to somebody else."),
            *before,
            blocks.person_input(STAND_IN, "Who takes your calls"),
            blocks.date_input(FIRST_DAY, "First day", initial=day),
            blocks.date_input(LAST_DAY, "Last day", initial=day),
        ],
        CALLBACK,
        submit="Record",
        close="Cancel",
    )


def leave_message(leaves: Sequence[Absence], names: Mapping[str, str], day: date, *, user_id: str = "") -> Message:
    """A person's leave and what they stand in for, now and to come.

    Args:
        day: today, local.
        user_id: whose answer it is; their own absences get a button that ends them.
    """
    if not leaves:
        said = "No leave is recorded, and you stand in for nobody."
        return message(said, [blocks.section(said)])
    lines = [_line(each, names, day) for each in leaves[:MOST]]
    body: list[Block] = [
        blocks.section(line, accessory=_end(each) if user_id == each.user_id else None)
        for line, each in zip(lines, leaves, strict=False)
    ]
    left = len(leaves) - MOST
    more = [f"… and {left:,} more."] if left > 0 else []
    return message("\n".join(lines + more), [*body, *(blocks.section(line) for line in more)])


def _end(leave: Absence) -> Block:
    sure = blocks.confirm("End this leave?", "Calls go to you again from now on.", "End it")
    return blocks.button("End", END, str(leave.id), confirm=sure)


def _line(leave: Absence, names: Mapping[str, str], today: date) -> str:
    now = ", now" if leave.first_day <= today <= leave.last_day else ""
    return (
        f"*{person(leave.user_id, names)}* is away {_days(leave)}{now}: "
        f"{person(leave.stand_in, names)} takes the calls."
    )


def _days(leave: Absence) -> str:
    if leave.first_day == leave.last_day:
        return named(leave.first_day)
    return f"{named(leave.first_day)} to {named(leave.last_day)}"
