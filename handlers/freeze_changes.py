"""Writing what happened to a freeze, with what Slack is to show of it and the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from finops.alert import Change
from finops.company import Company
from finops.freeze import Freeze, FreezeStatus
from handlers.alert_access import Case
from handlers.alert_changes import ids_of, place_of, shown
from storage.audit import Entry, append
from storage.deciders import group_members, sponsors_now
from storage.deliveries import answer_question, queue
from storage.freezes import freezes_of, recorded, save_freeze
from storage.people import names_of
from views.freeze import What, freeze_effects, freeze_note


def commit_freeze(
    connection: Connection,
    company: Company,
    case: Case,
    freeze: Freeze,
    what: What,
    by: str,
    now: datetime,
    *,
    was: Freeze | None = None,
    number: int | None = None,
) -> None:
    """Write what happened to a freeze, tell its alert's thread and message, and record it; comes last.

    Args:
        was: the freeze before, None for a new decision.
        number: of the exception it is about.
    """
    before = was or next(iter(freezes_of(connection, freeze.alert)), None)
    freeze = save_freeze(connection, freeze, now)
    place = place_of(company, case.team)
    names = names_of(connection, ids_of(case.alert, (), freeze))
    sponsors = sponsors_now(connection, company, case.team, now, by) if what == "asked" else []
    members = group_members(connection) if sponsors else {}
    told = freeze_effects(
        freeze, case.team, place, what, number, names, now, policy=case.policy, sponsors=sponsors, members=members
    )
    if before:
        _answer(connection, before, freeze, case, names, now)
    queue(connection, [*shown(connection, company, case, Change(case.alert), now), *told], now)
    entry = Entry(
        at=now,
        who=by,
        action=f"freeze.{what}" if number is None else f"freeze.exception {what}",
        subject=f"freeze/{freeze.id}",
        team=case.team.slug,
        was=None if was is None else recorded(was, number),
        became=recorded(freeze, number),
        note=_why(freeze, what, number),
    )
    append(connection, [entry])


def _answer(
    connection: Connection, before: Freeze, freeze: Freeze, case: Case, names: Mapping[str, str], now: datetime
) -> None:
    """Let the notes that asked for what has now been answered or decided ask no more."""
    if before.id != freeze.id:
        # Where the freeze before ran out in the emergency, its end asked for this decision.
        if before.status is FreezeStatus.EXPIRED:
            note = freeze_note(before, case.team, names, "expired")
            answer_question(connection, f"freeze/{before.id}/expired", note.as_payload(), now)
        return
    for asked in before.waiting:
        if asked not in freeze.waiting:
            note = freeze_note(freeze, case.team, names, "asked", asked.number)
            answer_question(connection, f"freeze/{freeze.id}/asked/{asked.number}", note.as_payload(), now)


def _why(freeze: Freeze, what: What, number: int | None) -> str:
    """The reason that was given with it."""
    if what == "asked":
        return next((each.why for each in freeze.exceptions if each.number == number), "")
    return freeze.why if what in ("decided", "declined") else ""
