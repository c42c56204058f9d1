"""Slack effects waiting to be sent: one row per message, holding its newest wanted state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from finops.effect import Effect
from storage.tables import DeliveryRow

TABLE = DeliveryRow.__table__  # type: ignore[attr-defined]
HOME, RESPONSE = "home:", "response:"
"""Begin the destination of an App Home, and of an answer through a response_url."""
STATES = ("due", "sent", "withdrawn", "dead")


@dataclass(frozen=True, slots=True)
class Delivery:
    """An effect and how far the sender has come with it.

    Attributes:
        revision: counts the wanted states; sent_revision is the last that Slack has, 0 for none.
        channel, ts: where Slack has it, empty before.
        outcome_unknown: a post was begun and its answer never seen: Slack may have it.
        lease_owner: whose it is to send, a name of its own for each lease.
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
    lease_owner: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that is not tried any more.

    Attributes:
        error: why, as Slack or the sender said it.
        died_at: when it was tried last.
    """

    key: str
    kind: str
    team: str
    destination: str
    attempts: int
    error: str
    died_at: datetime


FIELDS = tuple(TABLE.c[name] for name in Delivery.__slots__)
_DEAD = tuple(TABLE.c["updated_at" if name == "died_at" else name] for name in DeadLetter.__slots__)


def queue(connection: Connection, effects: Iterable[Effect], now: datetime) -> int:
    """Queue effects in the caller's transaction; one already known is changed where it differs.

    Returns:
        How many are new or changed.
    """
    wanted = {effect.key: effect for effect in effects}
    known = _known(connection, list(wanted))
    new = [_row(effect, now) for effect in wanted.values() if effect.key not in known]
    changed = [effect for effect in wanted.values() if effect.key in known and known[effect.key].differs(effect)]
    if new:
        # Somebody else may have queued the same in this moment; what is queued last is what is wanted.
        row = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(TABLE)
        again = _anew(row.excluded.payload, row.excluded.destination, row.excluded.not_before, now)
        connection.execute(row.on_conflict_do_update(index_elements=["key"], set_=again), new)
    for effect in changed:
        again = _anew(effect.payload, effect.destination, literal(effect.not_before, TABLE.c.not_before.type), now)
        connection.execute(update(TABLE).where(TABLE.c.key == effect.key).values(**again))
    return len(new) + len(changed)


def _row(effect: Effect, now: datetime) -> dict[str, Any]:
    """A delivery of which Slack knows nothing yet."""
    return {
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


def _anew(payload: Any, destination: Any, not_before: Any, now: datetime) -> dict[str, Any]:
    """What changes where a delivery that is known is wanted in another state."""
    return {
        "payload": payload,
        "revision": TABLE.c.revision + 1,
        "state": "due",
        "attempts": 0,
        "next_attempt_at": now,
        # Where Slack may have it, it stays.
        "destination": case((_unplaced(), destination), else_=TABLE.c.destination),
        # A change that pings nobody does not set free what is held back because it pings.
        "not_before": func.coalesce(not_before, TABLE.c.not_before),
        "updated_at": now,
    }


def _unplaced() -> ColumnElement[bool]:
    return and_(TABLE.c.ts == "", TABLE.c.outcome_unknown.is_(False))


class _Known(NamedTuple):
    """What is queued or sent under a key."""

    payload: dict[str, Any]
    state: str
    destination: str
    placed: bool

    def differs(self, effect: Effect) -> bool:
        """Whether the effect wants something else, or wants again what was given up."""
        moved = not self.placed and self.destination != effect.destination
        return moved or self.payload != effect.payload or self.state not in ("due", "sent")


def _known(connection: Connection, keys: list[str]) -> dict[str, _Known]:
    """By key."""
    found: dict[str, _Known] = {}
    for start in range(0, len(keys), 500):
        query = select(TABLE.c.key, TABLE.c.payload, TABLE.c.state, TABLE.c.destination, ~_unplaced())
        for key, *rest in connection.execute(query.where(TABLE.c.key.in_(keys[start : start + 500]))):
            found[key] = _Known(*rest)
    return found


def find(connection: Connection, key: str, *, lock: bool = False) -> Delivery | None:
    """A delivery by its key.

    Args:
        lock: keep senders from beginning with it until the transaction ends; needs a writing one.
    """
    query = select(*FIELDS).where(TABLE.c.key == key)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else Delivery(*row)


def has_below(connection: Connection, key: str) -> bool:
    """Whether anything was ever queued below a key."""
    below = TABLE.c.key.startswith(f"{key}/", autoescape=True)
    return connection.execute(select(TABLE.c.id).where(below).limit(1)).first() is not None


def find_message(connection: Connection, channel: str, ts: str) -> Delivery | None:
    """The delivery that became a message in Slack."""
    row = connection.execute(select(*FIELDS).where(TABLE.c.channel == channel, TABLE.c.ts == ts)).first()
    return None if row is None else Delivery(*row)


def is_shown(connection: Connection, delivery: Delivery) -> bool:
    """Whether Slack has a message or will have it: not where it was withdrawn, or died, before it was ever sent."""
    if delivery.ts:
        return True
    return connection.execute(select(TABLE.c.state).where(TABLE.c.id == delivery.id)).scalar() == "due"


def withdraw(connection: Connection, prefix: str) -> int:
    """Take back every effect whose key begins so and that Slack is not known to have; queued again it is sent.

    One that is on its way in this moment, or whose outcome is unknown, may be in Slack all the same; what must not
    stand there as it was is looked at with find() first, under its lock.
    """
    unsent = and_(TABLE.c.ts == "", TABLE.c.state == "due")
    taken = update(TABLE).where(TABLE.c.key.startswith(prefix, autoescape=True), unsent)
    # The revision moves on, so that a sender that has just begun does not mark it sent.
    return connection.execute(taken.values(state="withdrawn", revision=TABLE.c.revision + 1, not_before=None)).rowcount


def answer_question(connection: Connection, key: str, payload: dict[str, Any], now: datetime) -> None:
    """Let a message that asks for something say what became of it, and so the direct messages below its key.

    Those that nobody has been sent yet are withdrawn: whoever has not been asked need not be.
    """
    withdraw(connection, f"{key}/")
    below = or_(TABLE.c.key == key, TABLE.c.key.startswith(f"{key}/", autoescape=True))
    wanted = update(TABLE).where(below, TABLE.c.state.in_(("due", "sent")))
    held = literal(None, TABLE.c.not_before.type)
    connection.execute(wanted.values(**_anew(payload, TABLE.c.destination, held, now)))


def dead(connection: Connection) -> list[DeadLetter]:
    """Everything that is not tried any more, the latest first."""
    query = select(*_DEAD).where(TABLE.c.state == "dead").order_by(TABLE.c.updated_at.desc(), TABLE.c.id)
    return [DeadLetter(*row) for row in connection.execute(query)]


def revive(connection: Connection, prefix: str, now: datetime) -> int:
    """Try again what is dead and whose key begins so, but for answers to a click whose address is used up.

    Returns:
        How many.
    """
    found = and_(TABLE.c.state == "dead", TABLE.c.key.startswith(prefix, autoescape=True))
    revived = update(TABLE).where(found, TABLE.c.destination != RESPONSE)
    values = {"state": "due", "attempts": 0, "next_attempt_at": now, "error": "", "updated_at": now}
    return connection.execute(revived.values(**values)).rowcount


def counts(connection: Connection) -> dict[str, int]:
    """Number of deliveries by state, each of STATES."""
    query = select(TABLE.c.state, func.count()).group_by(TABLE.c.state)
    return dict.fromkeys(STATES, 0) | {state: count for state, count in connection.execute(query)}
