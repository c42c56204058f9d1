"""The sender's side of the deliveries: which may go now, whose they are meanwhile, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    update,
)

from storage import pace
from storage.deliveries import FIELDS, HOME, RESPONSE, TABLE, Delivery
from storage.tables import SlackChannelRow

CHANNELS = SlackChannelRow.__table__  # type: ignore[attr-defined]
LEASE = timedelta(seconds=90)
"""How long a sender may take over one delivery before another may look after it."""
LOCK = 0x66696E6F7064
"""PostgreSQL's advisory lock under which deliveries are leased, so that two senders never book one channel."""
PROMPT = ("answer", "home")
"""Kinds that somebody waits for."""
PATIENT = ("daily", "digest")
"""Kinds that nobody waits for."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A delivery that is one sender's for a while.

    Attributes:
        closes: the channel that is closed to other posts meanwhile, empty for none.
    """

    delivery: Delivery
    closes: str


def lease_due(connection: Connection, owner: str, now: datetime, most: int, moment: datetime) -> list[Lease]:
    """Take up to `most` deliveries that are due and that no living sender holds: the most urgent first, then by age.

    Of several posts to one channel one is taken, and the channel is closed to all senders until its end is noted. A
    note waits for its thread to begin and for the older notes of it, so that a history reads in its order.

    Args:
        owner: a name that no other lease has.
        now: by the clock that due times and leases go by.
        moment: by the clock that Slack's limits go by.
    """
    server = connection.dialect.name == "postgresql"
    if server:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    turns = connection.execute(_TURNS, {"now": now, "most": most, **pace.closed_at(moment)}).all()
    lanes = {row.id: row.lane if row.is_post else "" for row in turns}
    # What somebody is changing in this moment comes later: who waits for locks in many rows ends in a deadlock.
    ids = list(connection.execute(_UNLOCKED, {"ids": list(lanes)}).scalars()) if server and lanes else list(lanes)
    if not ids:
        return []
    connection.execute(_LEASED, {"ids": ids, "now": now, "owner": owner, "until": now + LEASE})
    taken = {row.id: Delivery(*row) for row in connection.execute(_TAKEN, {"ids": ids, "owner": owner})}
    leases = [Lease(taken[key], lane) for key, lane in lanes.items() if key in taken]
    for lane in sorted({lease.closes for lease in leases if lease.closes}):
        pace.close(connection, lane, moment + pace.HOLD)
    return leases


def is_sending(connection: Connection, now: datetime) -> bool:
    """Whether anything may go out at an instant or is on its way, however long its channel makes it wait."""
    going = and_(TABLE.c.state == "due", TABLE.c.next_attempt_at <= now, _allowed(now), _in_turn())
    return connection.execute(select(TABLE.c.id).where(going).limit(1)).first() is not None


def held_until(connection: Connection, now: datetime) -> datetime | None:
    """When the next of what is held back may go, None where nothing is."""
    held = and_(TABLE.c.state == "due", TABLE.c.not_before > now, TABLE.c.ts == "")
    found: datetime | None = connection.execute(select(func.min(TABLE.c.not_before)).where(held)).scalar()
    return found


def begin(connection: Connection, delivery: Delivery, channel: str, now: datetime) -> Delivery | None:
    """Before anything goes out: from here on nobody knows whether Slack has it, until another mark says so.

    Returns:
        The delivery in its newest state, its lease begun anew; None, and the lease given back, where it is no longer
        this lease's to send: another has taken it over, or it was withdrawn or put off meanwhile.
    """
    own = {"delivery": delivery.id, "owner": delivery.lease_owner}
    begun = connection.execute(_BEGUN, {**own, "now": now, "until": now + LEASE, "address": channel})
    if begun.rowcount == 1:
        return Delivery(*connection.execute(_TAKEN, {"ids": [delivery.id], "owner": delivery.lease_owner}).one())
    connection.execute(update(TABLE).where(_own(delivery)).values(lease_until=None))
    return None


def mark_found(connection: Connection, delivery: Delivery, channel: str, ts: str, revision: int) -> None:
    """Slack has the message after all, in some revision; it stays due and leased, to be brought to the newest."""
    values = {"outcome_unknown": False, "channel": channel, "ts": ts, "sent_revision": revision}
    connection.execute(update(TABLE).where(_own(delivery)).values(**values))


def mark_sent(connection: Connection, delivery: Delivery, channel: str, ts: str, now: datetime) -> None:
    """Slack has the delivery's revision; it stays due where a newer one was queued meanwhile."""
    own = {"delivery": delivery.id, "owner": delivery.lease_owner}
    place = "" if delivery.destination.startswith(RESPONSE) else channel
    sent = {**own, "place": place, "reference": ts, "brought": delivery.revision, "now": now}
    if connection.execute(_SENT, sent).rowcount == 1:
        return
    # Another sender took it over, and this late edit may have undone its own: it is edited once more.
    undone = and_(TABLE.c.id == delivery.id, TABLE.c.ts == ts, TABLE.c.state.in_(("due", "sent")))
    again = {"state": "due", "revision": TABLE.c.revision + 1, "next_attempt_at": now}
    connection.execute(update(TABLE).where(undone, TABLE.c.destination != RESPONSE).values(**again))


def mark_failed(
    connection: Connection,
    delivery: Delivery,
    error: str,
    retry_at: datetime | None,
    *,
    unknown: bool,
    counts: bool,
    now: datetime,
) -> bool:
    """A try failed: due again at `retry_at`, or dead where that is None and no newer revision was queued meanwhile.

    Args:
        unknown: whether Slack may have it all the same.
        counts: whether it was a try; waiting for a rate limit is none.

    Returns:
        Whether it is dead.
    """
    values = {
        "next_attempt_at": retry_at or now,
        "attempts": TABLE.c.attempts + int(counts),
        "error": error[:500],
        "outcome_unknown": and_(literal(unknown), TABLE.c.ts == ""),
        "lease_until": None,
        "updated_at": now,
    }
    connection.execute(update(TABLE).where(_own(delivery)).values(**values))
    if retry_at is not None:
        return False
    newest = and_(_own(delivery), TABLE.c.revision == delivery.revision, TABLE.c.state == "due")
    return connection.execute(update(TABLE).where(newest).values(state="dead", **_forgotten(delivery))).rowcount == 1


def _own(delivery: Delivery) -> ColumnElement[bool]:
    """The delivery's row, as long as no other sender has taken it over."""
    return and_(TABLE.c.id == delivery.id, TABLE.c.lease_owner == delivery.lease_owner)


def _forgotten(delivery: Delivery) -> dict[str, str]:
    """A response_url is a key to the conversation: once used up it is not kept."""
    return {"destination": RESPONSE, "channel": ""} if delivery.destination.startswith(RESPONSE) else {}


def _allowed(now: Any) -> ColumnElement[bool]:
    """What is held back is held back until it is first sent: an edit pings nobody."""
    return or_(TABLE.c.not_before.is_(None), TABLE.c.not_before <= now, TABLE.c.ts != "")


def _due(now: Any) -> ColumnElement[bool]:
    free = or_(TABLE.c.lease_until.is_(None), TABLE.c.lease_until < now)
    return and_(TABLE.c.state == "due", TABLE.c.next_attempt_at <= now, _allowed(now), free)


def _in_turn() -> ColumnElement[bool]:
    """Whether a note's thread has begun, and every older note of it is out, dead or withdrawn.

    One whose thread was never queued is in turn, to fail in the open.
    """
    parent, older = TABLE.alias("parent"), TABLE.alias("older")
    begins = exists().where(parent.c.key == TABLE.c.thread_of, parent.c.ts == "")
    unsaid = exists().where(
        older.c.thread_of == TABLE.c.thread_of, older.c.id < TABLE.c.id, older.c.ts == "", older.c.state == "due"
    )
    return or_(TABLE.c.thread_of == "", TABLE.c.ts != "", and_(~begins, ~unsaid))


def _turns() -> Select[Any]:
    """Up to :most ids with their lanes, in the order in which they are to go."""
    home, answer = (TABLE.c.destination.startswith(prefix) for prefix in (HOME, RESPONSE))
    post = and_(TABLE.c.ts == "", ~home, ~answer)
    name = and_(TABLE.c.destination.startswith("#"), CHANNELS.c.name == func.substr(TABLE.c.destination, 2))
    named = select(func.min(CHANNELS.c.channel_id)).where(name).scalar_subquery()
    # What it waits for: its channel, or the limit of the call that it takes.
    lane = case(
        (home, pace.HOME), (answer, ""), (post, func.coalesce(named, TABLE.c.destination)), else_=pace.EDIT
    ).label("lane")
    # Somebody waits for an answer or looks at an alert; an alert comes before what is said of it, and nobody waits for
    # a summary.
    urgency = case(
        (or_(TABLE.c.kind.in_(PROMPT), and_(TABLE.c.kind == "alert", TABLE.c.ts != "")), 0),
        (TABLE.c.kind == "alert", 1),
        (TABLE.c.kind.in_(PATIENT), 3),
        else_=2,
    ).label("urgency")
    due = (
        select(TABLE.c.id, post.label("is_post"), lane, urgency, TABLE.c.outcome_unknown)
        .where(_due(bindparam("now", type_=TABLE.c.next_attempt_at.type)), _in_turn())
        .subquery()
    )
    unlimited = and_(
        due.c.lane.not_in(pace.CLOSED),
        or_(~due.c.outcome_unknown, ~due.c.is_post, literal(pace.LOOK_UP).not_in(pace.CLOSED)),
    )
    queued = case((due.c.is_post, due.c.lane), else_=None)
    turn = func.row_number().over(
        partition_by=[queued, case((due.c.is_post, 0), else_=due.c.id)], order_by=[due.c.urgency, due.c.id]
    )
    ranked = select(due.c.id, due.c.lane, due.c.is_post, due.c.urgency, turn.label("turn")).where(unlimited).subquery()
    return (
        select(ranked.c.id, ranked.c.lane, ranked.c.is_post)
        .where(ranked.c.turn == 1)
        .order_by(ranked.c.urgency, ranked.c.id)
        .limit(bindparam("most"))
    )


# Built once: a message takes each of them.
_TURNS = _turns()
_INSTANT = TABLE.c.next_attempt_at.type
_NOW, _UNTIL = bindparam("now", type_=_INSTANT), bindparam("until", type_=_INSTANT)
_IDS, _OWNER = TABLE.c.id.in_(bindparam("ids", expanding=True)), TABLE.c.lease_owner == bindparam("owner")
_OWN = and_(TABLE.c.id == bindparam("delivery"), _OWNER)
_UNLOCKED = select(TABLE.c.id).where(_IDS).with_for_update(skip_locked=True)
_LEASED = update(TABLE).where(_IDS, _due(_NOW)).values(lease_owner=bindparam("owner"), lease_until=_UNTIL)
_TAKEN = select(*FIELDS).where(_IDS, _OWNER)
_BEGUN = (
    update(TABLE)
    .where(_OWN, TABLE.c.lease_until > _NOW, TABLE.c.state == "due", _allowed(_NOW))
    .values(
        lease_until=_UNTIL,
        outcome_unknown=TABLE.c.ts == "",
        channel=case((TABLE.c.ts == "", bindparam("address")), else_=TABLE.c.channel),
    )
)
_SENT = (
    update(TABLE)
    .where(_OWN)
    .values(
        channel=bindparam("place"),
        ts=bindparam("reference"),
        sent_revision=bindparam("brought"),
        outcome_unknown=False,
        attempts=0,
        error="",
        lease_until=None,
        updated_at=_NOW,
        # A newer one is still to be sent, and what was withdrawn meanwhile has a newer one too.
        state=case((TABLE.c.revision == bindparam("brought"), "sent"), else_=TABLE.c.state),
        # A response_url is a key to the conversation: once used up it is not kept.
        destination=case((TABLE.c.destination.startswith(RESPONSE), RESPONSE), else_=TABLE.c.destination),
    )
)
