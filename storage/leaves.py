"""Leave: who takes somebody's calls, and from when until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, or_, select, update

from storage.tables import LeaveRow

TABLE = LeaveRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody's absence.

    Attributes:
        user_id, stand_in: Slack ids.
        first_day, last_day: both inside, local.
    """

    user_id: str
    stand_in: str
    first_day: date
    last_day: date
    id: int = 0


def stand_ins(connection: Connection, day: date) -> dict[str, str]:
    """Who is on leave on a day → who takes their calls; the newest entry of a person counts."""
    query = select(TABLE.c.user_id, TABLE.c.stand_in).where(
        TABLE.c.first_day <= day, TABLE.c.last_day >= day, TABLE.c.ended_at.is_(None)
    )
    return {user_id: stand_in for user_id, stand_in in connection.execute(query.order_by(TABLE.c.id))}


def leaves_of(connection: Connection, user_id: str, day: date) -> list[Leave]:
    """A person's leave now and to come, and what they stand in for, by first day."""
    query = select(TABLE).where(
        or_(TABLE.c.user_id == user_id, TABLE.c.stand_in == user_id),
        TABLE.c.last_day >= day,
        TABLE.c.ended_at.is_(None),
    )
    return [
        Leave(row.user_id, row.stand_in, row.first_day, row.last_day, row.id)
        for row in connection.execute(query.order_by(TABLE.c.first_day, TABLE.c.id))
    ]


def record_leave(connection: Connection, leave: Leave, now: datetime) -> None:
    """Write an absence."""
    connection.execute(
        insert(TABLE).values(
            user_id=leave.user_id,
            stand_in=leave.stand_in,
            first_day=leave.first_day,
            last_day=leave.last_day,
            recorded_at=now,
        )
    )


def end_leave(connection: Connection, number: int, user_id: str, now: datetime) -> Leave | None:
    """End one's own absence; returns it, None where there is none of that number."""
    row = connection.execute(
        select(TABLE).where(TABLE.c.id == number, TABLE.c.user_id == user_id, TABLE.c.ended_at.is_(None))
    ).first()
    if row is None:
        return None
    connection.execute(update(TABLE).where(TABLE.c.id == number).values(ended_at=now))
    return Leave(row.user_id, row.stand_in, row.first_day, row.last_day, row.id)
