"""Jobs that a person asked for: claims that are free to take, so that one worker runs each, once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.claims import MOST_ATTEMPTS
from storage.tables import ClaimRow

TABLE = ClaimRow.__table__  # type: ignore[attr-defined]
ASKED = "asked "
"""Begins the work of a claim that was asked for; the job's name follows."""
WORKERS_CLAIM = timedelta(hours=2)
"""A worker claims something at least every hour, the directory of Slack among it."""


def ask(connection: Connection, job: str, key: str, by: str, now: datetime) -> None:
    """Ask for a run of a job, in all of its time zones; asked again under the same key it is the same run."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    # Nobody's: the lease of whoever asked is over.
    row = dialect.insert(TABLE).values(work=f"{ASKED}{job}", due=key, owner=by, lease_until=now, attempts=0, outcome="")
    connection.execute(row.on_conflict_do_nothing(index_elements=["work", "due"]))


def is_worker_seen(connection: Connection, now: datetime) -> bool:
    """Whether a worker has claimed any work of late; one that has stopped since is not told from one that runs."""
    query = select(TABLE.c.work).where(TABLE.c.attempts > 0, TABLE.c.lease_until > now - WORKERS_CLAIM).limit(1)
    return connection.execute(query).first() is not None


def asked_for(connection: Connection, jobs: Iterable[str], now: datetime) -> list[tuple[str, str]]:
    """Job and key of every run that was asked for, that nobody is at and that has not failed too often."""
    query = select(TABLE.c.work, TABLE.c.due).where(
        TABLE.c.work.in_([f"{ASKED}{job}" for job in jobs]),
        TABLE.c.finished_at.is_(None),
        TABLE.c.lease_until < now,
        TABLE.c.attempts < MOST_ATTEMPTS,
    )
    found = connection.execute(query.order_by(TABLE.c.lease_until, TABLE.c.due))
    return [(work.removeprefix(ASKED), key) for work, key in found]
