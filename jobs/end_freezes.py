"""End the freezes whose last day is past, and say so."""

from __future__ import annotations

from datetime import datetime, timedelta

from finops.company import Company, Team
from finops.freeze import FreezeStatus, expire
from jobs.alerting import Alerting
from jobs.job import Job, Outcome
from storage.alerts import find_alert
from storage.audit import Entry, append
from storage.deliveries import queue
from storage.freezes import find_freeze, freezes_past, save_freeze
from storage.people import read_directory
from storage.state import State
from storage.teams import find_team
from views.freeze import freeze_effects


def run(*, now: datetime, company: Company, state: State) -> Outcome:
    """Each freeze ends in a transaction of its own, on its team's own day."""
    with state.reading() as connection:
        # A day further than any time zone, so that none is missed; each is held against its own day below.
        numbers = freezes_past(connection, company.today(now) + timedelta(days=2))
    ended = sum(_end(number, now, company, state) for number in numbers)
    return Outcome(f"{ended} ended" if ended else "none to end")


def _end(number: int, now: datetime, company: Company, state: State) -> bool:
    with state.writing() as connection:
        known = find_freeze(connection, number)
        if known is None:
            return False
        # The alert first, then its freeze, as everybody locks them.
        alert = find_alert(connection, known.alert, lock=True)
        freeze = find_freeze(connection, number, lock=True) or known
        slug = freeze.alert.team
        team = find_team(connection, company, slug) or Team(slug, slug)
        after = expire(freeze, today=company.today(now, team), now=now)
        if after.status is not FreezeStatus.EXPIRED:
            return False
        save_freeze(connection, after, now)
        if alert:
            Alerting(connection, company, {team.slug: team}, now).refresh(alert)
        place = team.channel or company.alerts.channel
        names = read_directory(connection).names
        queue(connection, freeze_effects(after, team, place, "expired", None, names, now), now)
        entry = Entry(
            at=now,
            who="finops",
            action="freeze.expired",
            subject=f"freeze/{number}",
            team=team.slug,
            was={"status": str(freeze.status), "until": str(freeze.until)},
            became={"status": str(after.status)},
        )
        append(connection, [entry])
    return True


JOB = Job("end_freezes", "every 15m", run)
