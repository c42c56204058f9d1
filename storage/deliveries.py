"""Slack effects waiting to be sent: one row per message, holding its newest wanted state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from finops.effect import Effect
from storage.tables import DeliveryRow

TABLE = DeliveryRow.__table__  # type: ignore[attr-defined]
LEASE = timedelta(seconds=90)
"""How long a sender may take over one delivery before another may look after it."""
PROMPT = ("answer", "home")
"""Kinds that somebody waits for."""
RESPONSE = "response:"
"""Begins the destination of an answer through a response_url."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An effect and how far the sender has come with it.

    Attributes:
        revision: counts the wanted states; sent_revision is the last that Slack has, 0 for none.
        channel, ts: where Slack has it, empty before.
        outcome_unknown: a post was begun and its answer never seen: Slack may have it.
    """

    id: int
    key: str
    kind: str
    team: str
    destination: str
    thread_of: str
    broadcast: bool
    payload: dict[str, Any]
    revision: int
    sent_revision: int
    attempts: int
    channel: str
    ts: str
    outcome_unknown: bool
    created_at: datetime


_FIELDS = tuple(TABLE.c[name] for name in Delivery.__slots__)


def queue(connection: Connection, effects: Iterable[Effect], now: datetime) -> int:
    """Queue effects in the caller's transaction; one already known is changed where it differs.

    Returns:
        How many are new or changed.
    """
    wanted = {effect.key: effect for effect in effects}
    known = _known(connection, list(wanted))
    new = [
        {
            "key": effect.key,
            "kind": effect.kind,
            "team": effect.team,
            "destination": effect.destination,
            "thread_of": effect.thread_of,
            "broadcast": effect.broadcast,
            "not_before": effect.not_before,
            "payload": effect.payload,
            "revision": 1,
            "sent_revision": 0,
            "state": "due",
            "attempts": 0,
            "next_attempt_at": now,
            "lease_owner": "",
            "channel": "",
            "ts": "",
            "outcome_unknown": False,
            "error": "",
            "created_at": now,
            "updated_at": now,
        }
        for effect in wanted.values()
        if effect.key not in known
    ]
    # What is dead is tried again when it is asked for again, changed or not.
    changed = [
        effect
        for effect in wanted.values()
        if effect.key in known and known[effect.key] not in ((effect.payload, "due"), (effect.payload, "sent"))
    ]
    if new:
        # Somebody else may have queued the same in this moment; theirs is as good.
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        connection.execute(dialect.insert(TABLE).on_conflict_do_nothing(index_elements=["key"]), new)
    for effect in changed:
        connection.execute(
            update(TABLE)
            .where(TABLE.c.key == effect.key)
            .values(
                payload=effect.payload,
                revision=TABLE.c.revision + 1,
                state="due",
                attempts=0,
                next_attempt_at=now,
                # What is held back stays so until it is first sent; an edit pings nobody and waits for nothing.
                not_before=func.coalesce(TABLE.c.not_before, literal(effect.not_before, TABLE.c.not_before.type)),
                updated_at=now,
            )
        )
    return len(new) + len(changed)


def _known(connection: Connection, keys: list[str]) -> dict[str, tuple[dict[str, Any], str]]:
    """Key → payload and state."""
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for start in range(0, len(keys), 500):
        query = select(TABLE.c.key, TABLE.c.payload, TABLE.c.state).where(TABLE.c.key.in_(keys[start : start + 500]))
        found |= {key: (payload, state) for key, payload, state in connection.execute(query)}
    return found


def lease_due(connection: Connection, owner: str, now: datetime, most: int, busy: Iterable[str] = ()) -> list[Delivery]:
    """Take up to `most` deliveries that are due and that no living sender holds, oldest first, one per destination.

    Args:
        busy: destinations that may not be sent to yet.
    """
    free = or_(TABLE.c.lease_until.is_(None), TABLE.c.lease_until < now)
    allowed = or_(TABLE.c.not_before.is_(None), TABLE.c.not_before <= now, TABLE.c.ts != "")
    due = and_(TABLE.c.state == "due", TABLE.c.next_attempt_at <= now, allowed, free)
    # Somebody waits for an answer; nobody waits for a summary.
    waiting = case((TABLE.c.kind.in_(PROMPT), 0), else_=1)
    query = (
        select(func.min(TABLE.c.id))
        .where(due, TABLE.c.destination.not_in(list(busy)))
        .group_by(TABLE.c.destination)
        .order_by(func.min(waiting), func.min(TABLE.c.id))
    )
    ids = connection.execute(query.limit(most)).scalars().all()
    taken = []
    for key in ids:
        held = connection.execute(
            update(TABLE).where(TABLE.c.id == key, due).values(lease_owner=owner, lease_until=now + LEASE)
        )
        if held.rowcount == 1:
            taken.append(key)
    if not taken:
        return []
    return [
        Delivery(*row) for row in connection.execute(select(*_FIELDS).where(TABLE.c.id.in_(taken)).order_by(TABLE.c.id))
    ]


def find(connection: Connection, key: str) -> Delivery | None:
    """A delivery by its key."""
    row = connection.execute(select(*_FIELDS).where(TABLE.c.key == key)).first()
    return None if row is None else Delivery(*row)


def find_message(connection: Connection, channel: str, ts: str) -> Delivery | None:
    """The delivery that became a message in Slack."""
    row = connection.execute(select(*_FIELDS).where(TABLE.c.channel == channel, TABLE.c.ts == ts)).first()
    return None if row is None else Delivery(*row)


def withdraw(connection: Connection, prefix: str) -> int:
    """Take back every effect whose key begins so and that Slack cannot have seen; queued again it is sent after all."""
    unsent = and_(TABLE.c.ts == "", TABLE.c.outcome_unknown.is_(False), TABLE.c.state == "due")
    taken = update(TABLE).where(TABLE.c.key.startswith(prefix, autoescape=True), unsent)
    # The revision moves on, so that a sender that has just begun does not mark it sent.
    return connection.execute(taken.values(state="withdrawn", revision=TABLE.c.revision + 1, not_before=None)).rowcount


def mark_begun(connection: Connection, delivery: Delivery, channel: str, owner: str, now: datetime) -> bool:
    """Before a post goes out: from here on nobody knows whether Slack has it, until mark_sent says so.

    Returns:
        Whether the delivery is still this owner's to send; its lease begins anew.
    """
    held = connection.execute(
        update(TABLE)
        .where(_own(delivery, owner), TABLE.c.lease_until > now, TABLE.c.state == "due")
        .values(outcome_unknown=True, channel=channel, lease_until=now + LEASE)
    )
    return held.rowcount == 1


def mark_found(connection: Connection, delivery: Delivery, channel: str, ts: str, owner: str) -> None:
    """Slack has the message after all, in some revision; it stays due and leased, to be brought to the newest."""
    connection.execute(update(TABLE).where(_own(delivery, owner)).values(outcome_unknown=False, channel=channel, ts=ts))


def mark_sent(connection: Connection, delivery: Delivery, channel: str, ts: str, owner: str, now: datetime) -> None:
    """Slack has the delivery's revision; it stays due where a newer one was queued meanwhile."""
    values = {
        "channel": channel,
        "ts": ts,
        "sent_revision": delivery.revision,
        "outcome_unknown": False,
        "attempts": 0,
        "error": "",
        "lease_until": None,
        "updated_at": now,
    } | _forgotten(delivery)
    connection.execute(update(TABLE).where(_own(delivery, owner)).values(**values))
    connection.execute(
        update(TABLE).where(_own(delivery, owner), TABLE.c.revision == delivery.revision).values(state="sent")
    )


def mark_failed(
    connection: Connection,
    delivery: Delivery,
    error: str,
    retry_at: datetime | None,
    owner: str,
    *,
    unknown: bool,
    counts: bool,
    now: datetime,
) -> None:
    """A try failed: due again at `retry_at`, or dead where that is None and no newer revision was queued meanwhile.

    Args:
        unknown: whether Slack may have it all the same.
        counts: whether it was a try; waiting for a rate limit is none.
    """
    values = {
        "next_attempt_at": retry_at or now,
        "attempts": TABLE.c.attempts + int(counts),
        "error": error[:500],
        "outcome_unknown": unknown,
        "lease_until": None,
        "updated_at": now,
    }
    connection.execute(update(TABLE).where(_own(delivery, owner)).values(**values))
    if retry_at is None:
        connection.execute(
            update(TABLE)
            .where(_own(delivery, owner), TABLE.c.revision == delivery.revision)
            .values(state="dead", **_forgotten(delivery))
        )


def _own(delivery: Delivery, owner: str) -> ColumnElement[bool]:
    """The delivery's row, as long as no other sender has taken it over."""
    return and_(TABLE.c.id == delivery.id, TABLE.c.lease_owner == owner)


def _forgotten(delivery: Delivery) -> dict[str, str]:
    """A response_url is a key to the conversation: once used up it is not kept."""
    return {"destination": RESPONSE, "channel": ""} if delivery.destination.startswith(RESPONSE) else {}


def counts(connection: Connection) -> dict[str, int]:
    """Number of deliveries by state."""
    query = select(TABLE.c.state, func.count()).group_by(TABLE.c.state)
    return {state: count for state, count in connection.execute(query)}
