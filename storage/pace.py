"""The pace that all senders keep together: until when a place may not be posted to, or a kind of call not be made."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.people import channel_id
from storage.tables import PaceRow

TABLE = PaceRow.__table__  # type: ignore[attr-defined]
GAP = timedelta(seconds=1.05)
"""Between two posts to one channel: Slack takes one a second."""
HOLD = timedelta(seconds=15)
"""How long a post that was begun keeps its channel to itself, unless its end is noted: a dead sender notes none."""
LONGEST = timedelta(hours=1)
"""A wait that ends later than this is none: it was noted by a clock that has been set back since."""
EDIT, HOME, LOOK_UP = "edit", "home", "look-up"
"""Kinds of calls that have a limit of their own, whatever the channel; no channel is called so."""

CLOSED: Select[tuple[str]] = select(TABLE.c.destination).where(
    TABLE.c.free_at > bindparam("moment"), TABLE.c.free_at <= bindparam("believed_until")
)
"""What may not be used at `moment`; see closed_at."""


def closed_at(moment: datetime) -> dict[str, datetime]:
    """The parameters of CLOSED."""
    return {"moment": moment, "believed_until": moment + LONGEST}


def close(connection: Connection, place: str, until: datetime) -> None:
    """Let nobody use a place before an instant; said again, the new instant counts."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(TABLE)
    values = insert.values(destination=place, free_at=until)
    connection.execute(
        values.on_conflict_do_update(index_elements=["destination"], set_={"free_at": values.excluded.free_at})
    )


def address_of(connection: Connection, destination: str) -> str:
    """What a destination is paced by: a channel's id, however it was named; itself where the directory knows none."""
    return channel_id(connection, destination) or destination
