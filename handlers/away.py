"""`/finops away`: who takes a person's calls while they are on leave."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from finops.company import Company
from finops.effect import Effect
from finops.errors import FinopsError, NotFound
from handlers.request import Command, Reply, Request
from storage.audit import Entry, append
from storage.deliveries import queue
from storage.leaves import Leave, end_leave, leaves_of, record_leave
from storage.people import names_of
from storage.state import State
from views.leave import CALLBACK, END, FIRST_DAY, LAST_DAY, STAND_IN, leave_message, leave_modal
from views.message import Message
from views.notes import note

LONGEST = 366
"""Days that a leave may last: who is away for longer is named no more in finops.yaml."""


class LeaveRefused(FinopsError):
    """A leave cannot be recorded so."""


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """What is recorded, and the form to name a stand-in."""
    today = company.today(request.now)
    with state.reading() as connection:
        leaves = leaves_of(connection, request.user_id, today)
        shown = _message(connection, request, today) if leaves else None
    return Reply(shown, modal=leave_modal(leaves, today))


def record(request: Request, *, company: Company, state: State) -> Reply:
    """Write a leave down; who stands in is told."""
    today = company.today(request.now)
    with state.writing() as connection:
        stand_in = request.inputs.get(STAND_IN, "")
        first, last = (_day(request.inputs.get(name, "")) for name in (FIRST_DAY, LAST_DAY))
        errors = _wrong_days(first, last, today)
        if wrong := _wrong_person(connection, request.user_id, stand_in, first, last):
            errors[STAND_IN] = wrong
        if errors or first is None or last is None:
            return Reply(errors=errors)
        leave = Leave(request.user_id, stand_in, first, last)
        record_leave(connection, leave, request.now)
        names = names_of(connection, (leave.user_id, leave.stand_in))
        told = leave_message([leave], names, today).as_payload()
        queue(connection, [Effect(f"leave/{request.interaction}", "leave", stand_in, told)], request.now)
        shown = _message(connection, request, today)
        append(connection, [_entry(request, "recorded", leave)])
    return Reply(shown)


def end(request: Request, *, company: Company, state: State) -> Reply:
    """End one's own leave before its last day, or before its first."""
    with state.writing() as connection:
        number = int(request.value) if request.value.isascii() and request.value.isdecimal() else 0
        ended = end_leave(connection, number, request.user_id, request.now) if 0 < number < 10**9 else None
        if ended is None:
            raise NotFound("There is no such leave of yours.", "See /finops away for what is recorded.")
        names = names_of(connection, (ended.user_id, ended.stand_in))
        said = note(f"{names.get(ended.user_id, 'Somebody')} has ended their leave: you take their calls no longer.")
        queue(connection, [Effect(f"leave/ended/{number}", "leave", ended.stand_in, said.as_payload())], request.now)
        shown = _message(connection, request, company.today(request.now))
        append(connection, [_entry(request, "ended", ended)])
    return Reply(shown, replaces=True)


def _message(connection: Connection, request: Request, today: date) -> Message:
    leaves = leaves_of(connection, request.user_id, today)
    names = names_of(connection, (each for leave in leaves for each in (leave.user_id, leave.stand_in)))
    return leave_message(leaves, names, today, user_id=request.user_id)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _wrong_days(first: date | None, last: date | None, today: date) -> dict[str, str]:
    """What is wrong with the days, by field."""
    if first is None or last is None:
        return {name: "Choose a day." for name, day in ((FIRST_DAY, first), (LAST_DAY, last)) if day is None}
    if first < today:
        return {FIRST_DAY: "That day is past. Choose today or a later one."}
    if last < first:
        return {LAST_DAY: "The last day comes before the first."}
    return {LAST_DAY: f"A leave lasts {LONGEST} days at most."} if (last - first).days >= LONGEST else {}


def _wrong_person(
    connection: Connection, user_id: str, stand_in: str, first: date | None, last: date | None
) -> str | None:
    """What keeps somebody from standing in, None where nothing does."""
    if stand_in == user_id:
        return "Somebody else has to take your calls."
    name = names_of(connection, [stand_in]).get(stand_in) if stand_in.startswith(("U", "W")) else None
    if name is None:
        return "I know nobody of that name here. Choose a person of this workspace; a new one is known within the hour."
    if first is None or last is None:
        return None
    for leave in leaves_of(connection, stand_in, first):
        if leave.user_id == stand_in and leave.first_day <= last:
            # Their calls would come back: nobody stands in for who stands in.
            return f"{name} is away from {leave.first_day} to {leave.last_day}. Choose somebody who is there."
    return None


def _entry(request: Request, what: str, leave: Leave) -> Entry:
    words = {"stand_in": leave.stand_in, "first_day": str(leave.first_day), "last_day": str(leave.last_day)}
    was, became = (None, words) if what == "recorded" else (words, None)
    return Entry(request.now, request.user_id, f"leave.{what}", f"leave/{request.user_id}", was=was, became=became)


COMMAND = Command(
    "away",
    "",
    "name who takes your calls while you are on leave",
    answer,
    actions={END: end},
    submissions={CALLBACK: record},
)
