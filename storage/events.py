"""Slack's events: whether one was heard before, and whether the message it is about may be on its way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.tables import ClaimRow, DeliveryRow

CLAIMS = ClaimRow.__table__  # type: ignore[attr-defined]
DELIVERIES = DeliveryRow.__table__  # type: ignore[attr-defined]
WORK = "event"


def is_first(connection: Connection, event_id: str, now: datetime) -> bool:
    """Whether an event comes for the first time; noted in the caller's transaction, with what it changes.

    Slack tells an event again that was not acknowledged in time, also after later ones: an emoji that was put and
    taken away must not be put once more.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    heard = dialect.insert(CLAIMS).values(
        work=WORK, due=event_id, owner="", lease_until=now, attempts=1, finished_at=now, outcome="heard"
    )
    first = heard.on_conflict_do_nothing(index_elements=["work", "due"]).returning(CLAIMS.c.due)
    return connection.execute(first).first() is not None


def was_heard(connection: Connection, event_id: str) -> bool:
    """Whether is_first() has noted an event."""
    known = select(CLAIMS.c.due).where(CLAIMS.c.work == WORK, CLAIMS.c.due == event_id)
    return connection.execute(known).first() is not None


def is_being_posted(connection: Connection, channel: str) -> bool:
    """Whether a message was begun in a channel, so that Slack may show it while its place is not yet known here.

    Direct messages are begun by the id of the person, so one that is begun may be in any channel of two.
    """
    begun = DELIVERIES.c.channel == channel
    if channel.startswith("D"):
        begun = or_(begun, *(DELIVERIES.c.channel.startswith(person) for person in ("U", "W")))
    unknown = select(DELIVERIES.c.id).where(begun, DELIVERIES.c.outcome_unknown.is_(True), DELIVERIES.c.state == "due")
    return connection.execute(unknown.limit(1)).first() is not None
