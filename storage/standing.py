"""How the bot itself is doing, as its state database tells it: data, jobs, messages, alerts and the record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from finops.alert import Alert
from finops.company import Company, Team
from finops.spend import Coverage
from storage import audit
from storage.alerts import TABLE as ALERTS
from storage.alerts import living_alerts
from storage.asked import ASKED
from storage.audit import Entry, Sealed
from storage.claims import TABLE as CLAIMS
from storage.deliveries import TABLE as DELIVERIES
from storage.deliveries import DeadLetter, counts, dead
from storage.people import is_filled, read_directory
from storage.spend import coverages
from storage.tables import IngestRunRow
from storage.teams import all_teams

INGESTS = IngestRunRow.__table__  # type: ignore[attr-defined]
FAILED = "failed: "
"""Begins the outcome of a claim whose job raised."""
UNITS = 20
"""Newest units of a job's work that are looked at."""
LOOKED_AT = 1_000
"""Newest entries of the audit record that are held against each other; `finops audit verify` reads all."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job's latest run.

    Attributes:
        at: when one last ended well, None for never.
        outcome: what it did.
        failed: why its newest unit of work failed, empty where it did not.
    """

    name: str
    at: datetime | None
    outcome: str = ""
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Ingested:
    """The last attempt to take in an export: 'published', 'unchanged', 'refused' or 'failed', and why."""

    export: str
    outcome: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Standing:
    """All of it at one moment.

    Attributes:
        data: the newest billing period of each export.
        ingests: the last attempt of each export.
        deliveries: state → number of messages.
        waiting_since: when the oldest message that might go out was queued.
        alerts: every alert that is not resolved, those that are only watched among them.
        next_alert_at: when time may next move one.
        placeless: slugs of teams with an alert and no channel for it.
        unknown: names in the configuration that the workspace does not know.
        entries, seal: number of entries of the audit record, and the newest one's hash.
        faults: what is wrong with its newest entries, one line each.
    """

    data: Sequence[Coverage]
    ingests: Sequence[Ingested]
    jobs: Sequence[JobRun]
    deliveries: dict[str, int]
    waiting_since: datetime | None
    dead: Sequence[DeadLetter]
    alerts: Sequence[Alert]
    next_alert_at: datetime | None
    placeless: Sequence[str]
    unknown: Sequence[str]
    entries: int
    seal: str
    faults: Sequence[str]


def read_standing(connection: Connection, company: Company, jobs: Iterable[str], now: datetime) -> Standing:
    """Everything that `admin status` shows.

    Args:
        jobs: their names.
    """
    alerts = living_alerts(connection)
    teams = all_teams(connection, company)
    places = {slug: team.channel or company.alerts.channel for slug, team in teams.items()}
    told = {alert.key.team for alert in alerts if alert.live}
    entries, seal = audit.head(connection)
    return Standing(
        data=_newest(coverages(connection).values()),
        ingests=_ingests(connection),
        jobs=[_last_run(connection, company, job) for job in jobs],
        deliveries=counts(connection),
        waiting_since=_waiting_since(connection, now),
        dead=dead(connection),
        alerts=alerts,
        next_alert_at=connection.execute(select(func.min(ALERTS.c.next_at))).scalar(),
        placeless=sorted(slug for slug in told if not places.get(slug)),
        unknown=_unknown(connection, company),
        entries=entries,
        seal=seal if entries else "",
        faults=_faults(connection),
    )


def _newest(known: Iterable[Coverage]) -> list[Coverage]:
    """The newest billing period of each export, by its name."""
    found: dict[str, Coverage] = {}
    for coverage in known:
        if coverage.billing_period >= found.get(coverage.export, coverage).billing_period:
            found[coverage.export] = coverage
    return [found[export] for export in sorted(found)]


def _ingests(connection: Connection) -> list[Ingested]:
    latest = select(func.max(INGESTS.c.id)).group_by(INGESTS.c.export)
    columns = (INGESTS.c.export, INGESTS.c.outcome, INGESTS.c.reason, INGESTS.c.finished_at)
    query = select(*columns).where(INGESTS.c.id.in_(latest)).order_by(INGESTS.c.export)
    return [Ingested(*row) for row in connection.execute(query)]


def _last_run(connection: Connection, company: Company, job: str) -> JobRun:
    """A job's newest units of work, those of all its zones and those asked for taken together."""
    zones = {company.zone(team).key for team in company.teams} | {company.zone().key}
    rows = [
        row
        for work in (job, f"{ASKED}{job}", *(f"{job}@{zone}" for zone in sorted(zones)))
        for row in _newest_units(connection, work)
    ]
    ended = max((row for row in rows if row.finished_at), key=lambda row: row.finished_at, default=None)
    # A claim that failed is held until it may be tried again: later than any that ended since.
    broken = [
        row.outcome.removeprefix(FAILED)
        for row in rows
        if row.outcome.startswith(FAILED) and not row.finished_at and (not ended or row.lease_until > ended.finished_at)
    ]
    failed = broken[0] if broken else ""
    return JobRun(job, ended.finished_at if ended else None, ended.outcome if ended else "", failed)


def _newest_units(connection: Connection, work: str) -> Sequence[Row[Any]]:
    columns = (CLAIMS.c.finished_at, CLAIMS.c.lease_until, CLAIMS.c.outcome)
    query = select(*columns).where(CLAIMS.c.work == work).order_by(CLAIMS.c.due.desc()).limit(UNITS)
    return connection.execute(query).all()


def _waiting_since(connection: Connection, now: datetime) -> datetime | None:
    """When the oldest message was queued that nothing holds back."""
    held = DELIVERIES.c.not_before
    due = (DELIVERIES.c.state == "due", or_(held.is_(None), held <= now))
    found: datetime | None = connection.execute(select(func.min(DELIVERIES.c.updated_at)).where(*due)).scalar()
    return found


def _unknown(connection: Connection, company: Company) -> list[str]:
    """Names in the configuration that the workspace does not know; none as long as it was never asked."""
    if not is_filled(connection):
        return []
    directory = read_directory(connection)
    called = [
        callee
        for team in (*company.teams, Team("", ""))
        for callees in directory.callees(company, team).values()
        for callee in callees
    ]
    return sorted({callee.name for callee in called if not callee.id})


def _faults(connection: Connection) -> list[str]:
    """What is wrong with the newest entries of the audit record."""
    table = audit.TABLE
    rows = connection.execute(select(table).order_by(table.c.seq.desc()).limit(LOOKED_AT)).all()
    entries = [Sealed(row.seq, _entry(row), row.previous, row.hash) for row in reversed(rows)]
    broken = [f"entry {each.seq} was changed after it was written" for each in entries if not each.is_whole]
    for before, after in pairwise(entries):
        if (before.seq + 1, before.hash) != (after.seq, after.previous):
            broken.append(f"entry {after.seq} does not follow what stands before it")
    return broken


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.at, row.who, row.action, row.subject, row.team, row.was, row.became, row.note, row.pinged)
