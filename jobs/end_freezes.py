"""End the freezes, and the exceptions to them, whose last day is past, and say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from finops.alert import Alert, Status
from finops.company import Company, Team
from finops.freeze import Freeze, FreezeException, end_exceptions, expire
from finops.freeze_decision import is_undecided
from jobs.alerting import Alerting
from jobs.job import Job, Outcome
from storage.alerts import find_alert
from storage.audit import Entry, append
from storage.deciders import group_members, sponsors_now
from storage.deliveries import answer_question, queue
from storage.freezes import find_freeze, freezes_in_force, freezes_of, recorded, save_freeze
from storage.people import read_directory
from storage.state import State
from storage.teams import find_team
from views.freeze import freeze_effects, freeze_note


def run(*, now: datetime, company: Company, state: State) -> Outcome:
    """Each freeze, or what ends of its exceptions, ends in a transaction of its own, on its team's own day."""
    with state.reading() as connection:
        # A day further than any time zone, so that none is missed; each is held against its own day below.
        day = company.today(now) + timedelta(days=2)
        numbers = [freeze.id for freeze in freezes_in_force(connection) if _may_end(freeze, day)]
    ended = exceptions = 0
    for number in numbers:
        before, after = _end(number, now, company, state)
        if after.status is not before.status:
            ended += 1
        else:
            exceptions += len(_ended(before, after))
    noun = "exception" if exceptions == 1 else "exceptions"
    parts = [f"{ended} ended"] if ended else []
    parts += [f"{exceptions} {noun} over"] if exceptions else []
    return Outcome(", ".join(parts) or "none to end")


def _may_end(freeze: Freeze, day: date) -> bool:
    """Whether the last day of a freeze, or of an exception to it, lies before a day."""
    open_ones = (*freeze.waiting, *freeze.granted)
    return (freeze.until or day) < day or any(each.until < day for each in open_ones)


def _end(number: int, now: datetime, company: Company, state: State) -> tuple[Freeze, Freeze]:
    """End what has to end of one freeze; returns it before and after."""
    with state.writing() as connection:
        known = find_freeze(connection, number)
        if known is None:
            raise LookupError(f"freeze {number} was there a moment ago")
        # The alert first, then its freeze, as everybody locks them.
        alert = find_alert(connection, known.alert, lock=True)
        freeze = find_freeze(connection, number, lock=True) or known
        team = find_team(connection, company, freeze.alert.team) or Team(freeze.alert.team, freeze.alert.team)
        today = company.today(now, team)
        after = end_exceptions(expire(freeze, today=today, now=now), today=today, now=now)
        if after == freeze:
            return freeze, freeze
        save_freeze(connection, after, now)
        if alert:
            Alerting(connection, company, {team.slug: team}, now).refresh(alert)
        append(connection, _told(connection, company, team, freeze, after, alert, now))
    return freeze, after


def _told(
    connection: Connection,
    company: Company,
    team: Team,
    was: Freeze,
    freeze: Freeze,
    alert: Alert | None,
    now: datetime,
) -> list[Entry]:
    """Queue what is said of an end; returns what is recorded of it."""
    place, policy = team.channel or company.alerts.channel, company.policy(team)
    names = read_directory(connection).names
    for asked in was.waiting:
        if asked not in freeze.waiting:
            key = f"freeze/{freeze.id}/asked/{asked.number}"
            note = freeze_note(freeze, team, names, "asked", asked.number)
            answer_question(connection, key, note.as_payload(), now)
    if freeze.status is was.status:
        entries = []
        for asked in _ended(was, freeze):
            effects = freeze_effects(freeze, team, place, "ended", asked.number, names, now, policy=policy)
            queue(connection, effects, now)
            entries.append(_entry("freeze.exception ended", team, was, freeze, now, asked.number))
        return entries
    emergency = alert if alert and _goes_on(connection, company, team, alert, now) else None
    sponsors = sponsors_now(connection, company, team, now) if emergency else []
    effects = freeze_effects(
        freeze,
        team,
        place,
        "expired",
        None,
        names,
        now,
        policy=policy,
        sponsors=sponsors,
        emergency=emergency,
        members=group_members(connection) if sponsors else {},
    )
    queue(connection, effects, now)
    return [replace(_entry("freeze.expired", team, was, freeze, now), pinged=len(sponsors))]


def _goes_on(connection: Connection, company: Company, team: Team, alert: Alert, now: datetime) -> bool:
    """Whether the emergency outlasts its freeze, so that the next decision is due."""
    if not alert.live or alert.status(now) is Status.RESOLVED:
        return False
    return is_undecided(alert, freezes_of(connection, alert.key), company.policy(team))


def _ended(was: Freeze, freeze: Freeze) -> list[FreezeException]:
    """The exceptions that have ended between two states of a freeze."""
    before = {each.number for each in (*was.waiting, *was.granted)}
    return [each for each in freeze.exceptions if each.number in before and each.ended_at]


def _entry(action: str, team: Team, was: Freeze, freeze: Freeze, now: datetime, number: int | None = None) -> Entry:
    return Entry(
        at=now,
        who="finops",
        action=action,
        subject=f"freeze/{freeze.id}",
        team=team.slug,
        was=recorded(was, number),
        became=recorded(freeze, number),
    )


JOB = Job("end_freezes", "every 15m", run)
