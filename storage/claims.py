"""Claims: of many workers, one does a unit of work, and another takes it up where that one died."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.state import State
from storage.tables import ClaimRow

TABLE = ClaimRow.__table__  # type: ignore[attr-defined]
LEASE = timedelta(seconds=60)
"""How long a claim holds without being renewed."""
MOST_ATTEMPTS = 5
"""Work that failed or died this often is left for a person."""


def claim(state: State, work: str, due: str, owner: str, now: datetime) -> bool:
    """Whether this owner may do the work: nobody has, or whoever began has died or failed."""
    free = and_(TABLE.c.finished_at.is_(None), TABLE.c.lease_until < now, TABLE.c.attempts < MOST_ATTEMPTS)
    own = and_(TABLE.c.work == work, TABLE.c.due == due)
    # Read first: what is due has nearly always been done, and whoever only asks keeps no writer waiting.
    with state.reading() as connection:
        known = connection.execute(select(free).where(own)).scalar()
    if known is not None and not known:
        return False
    lease = {"owner": owner, "lease_until": now + LEASE}
    with state.writing() as connection:
        if known:
            again = update(TABLE).where(own, free).values(**lease, attempts=TABLE.c.attempts + 1)
            return connection.execute(again).rowcount == 1
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        first = dialect.insert(TABLE).values(work=work, due=due, attempts=1, outcome="", **lease)
        first = first.on_conflict_do_nothing(index_elements=["work", "due"]).returning(TABLE.c.owner)
        return connection.execute(first).first() is not None


def renew(state: State, work: str, due: str, owner: str, now: datetime) -> None:
    """Hold a claim for another lease."""
    with state.writing() as connection:
        connection.execute(_own(work, due, owner).values(lease_until=now + LEASE))


def finish(state: State, work: str, due: str, owner: str, now: datetime, outcome: str) -> None:
    """Note that the work is done."""
    with state.writing() as connection:
        connection.execute(_own(work, due, owner).values(finished_at=now, outcome=outcome[:500]))


def fail(state: State, work: str, due: str, owner: str, now: datetime, reason: str) -> None:
    """Note that the work failed; it is tried again after twice the lease for each attempt so far."""
    with state.writing() as connection:
        attempts = connection.execute(
            select(TABLE.c.attempts).where(TABLE.c.work == work, TABLE.c.due == due)
        ).scalar_one()
        connection.execute(
            _own(work, due, owner).values(lease_until=now + LEASE * 2**attempts, outcome=f"failed: {reason}"[:500])
        )


def last_finished(connection: Connection, work: str) -> tuple[str, datetime, str] | None:
    """Due, time and outcome of the work's last finished unit."""
    row = connection.execute(
        select(TABLE.c.due, TABLE.c.finished_at, TABLE.c.outcome)
        .where(TABLE.c.work == work, TABLE.c.finished_at.is_not(None))
        .order_by(TABLE.c.finished_at.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.due, row.finished_at, row.outcome)


def _own(work: str, due: str, owner: str):  # type: ignore[no-untyped-def]  # SQLAlchemy's Update has no public type
    return update(TABLE).where(TABLE.c.work == work, TABLE.c.due == due, TABLE.c.owner == owner)
