"""Writing what happened to an alert or a freeze, with what Slack is to show of it and the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from finops.alert import Alert, Change, Event
from finops.company import Company, Team
from finops.freeze import Freeze
from finops.freeze_decision import decision_on
from handlers.alert_access import Case
from storage.alerts import entries_of, save_alerts
from storage.audit import Entry, append
from storage.deliveries import queue, withdraw
from storage.freezes import freezes_of, save_freeze
from storage.people import names_of
from views.alert_effects import Told, alert_effects
from views.freeze import What, freeze_effects


def place_of(company: Company, team: Team) -> str:
    """Where a team's alerts stand, empty for nowhere."""
    return team.channel or company.alerts.channel


def commit(
    connection: Connection, company: Company, case: Case, change: Change, now: datetime, *, silences: bool = False
) -> Case:
    """Write a change of an alert; comes last in its transaction.

    Args:
        silences: whether calls that are not yet sent are needless now.

    Returns:
        The case as it is now; unchanged where nothing happened.
    """
    if not change.events:
        return case
    [saved] = save_alerts(connection, [(change, case.policy)], now)
    if silences:
        withdraw(connection, f"call/{saved.alert.key}/")
        # A ping that quiet hours hold back is of yesterday by the morning.
        withdraw(connection, f"alert/{saved.alert.key}/", held_at=now)
    freeze = decision_for(connection, replace(case, alert=saved.alert))
    told = Told(saved, case.team, case.policy, place_of(company, case.team), freeze)
    names = names_of(connection, ids_of(saved.alert, saved.events, freeze))
    queue(connection, alert_effects([told], names, now), now)
    append(connection, entries_of([saved]))
    return replace(case, alert=saved.alert)


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
    freeze = save_freeze(connection, freeze, now)
    place = place_of(company, case.team)
    names = names_of(connection, ids_of(case.alert, (), freeze))
    counts = decision_for(connection, case)
    shown = alert_effects([Told(Change(case.alert), case.team, case.policy, place, counts)], names, now)
    told = freeze_effects(freeze, case.team, place, what, number, names, now, policy=case.policy)
    queue(connection, [*shown, *told], now)
    entry = Entry(
        at=now,
        who=by,
        action=f"freeze.{what}" if number is None else f"freeze.exception {what}",
        subject=f"freeze/{freeze.id}",
        team=case.team.slug,
        was=None if was is None else _words(was, number),
        became=_words(freeze, number),
        note=_why(freeze, what, number),
    )
    append(connection, [entry])


def decision_for(connection: Connection, case: Case) -> Freeze | None:
    """The decision that counts for an alert, None while there is none."""
    return decision_on(case.alert, freezes_of(connection, case.alert.key), case.policy)


def ids_of(alert: Alert, events: Iterable[Event], freeze: Freeze | None) -> set[str]:
    """Slack ids of everybody whom messages about an alert name."""
    found = {callee.id for level in alert.chain for callee in level.callees}
    found |= {mark.by for mark in (alert.acknowledgement, alert.snooze) if mark}
    for event in events:
        found.add(event.by)
        found |= {each for callee in (*event.calls, *event.folded) for each in (callee.id, callee.stands_in_for)}
    if freeze:
        found |= {freeze.decided_by, freeze.ended_by}
        found |= {each for asked in freeze.exceptions for each in (asked.asked_by, asked.answered_by)}
    return found


def _words(freeze: Freeze, number: int | None) -> dict[str, Any] | None:
    """A freeze, or one of its exceptions, in a few plain words, for the record."""
    if number is None:
        until = None if freeze.until is None else str(freeze.until)
        return {"alert": str(freeze.alert), "status": str(freeze.status), "what": freeze.what, "until": until}
    for asked in freeze.exceptions:
        if asked.number == number:
            state = "granted" if asked.granted else "refused" if asked.answered_by else "waiting"
            return {"exception": number, "status": state, "what": asked.what, "until": str(asked.until)}
    return None


def _why(freeze: Freeze, what: What, number: int | None) -> str:
    """The reason that was given with it."""
    if what == "asked":
        return next((each.why for each in freeze.exceptions if each.number == number), "")
    return freeze.why if what in ("decided", "declined") else ""
