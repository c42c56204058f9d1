"""The sender: takes deliveries that are due, and brings each to Slack once, whatever breaks on the way."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import structlog

from bot import metrics
from bot.channels.channel import Channel, Posted, RateLimited, Refused
from finops.effect import Effect
from storage import deliveries, pace, people, sending
from storage.deliveries import Delivery
from storage.sending import Lease
from storage.state import State

LOG = structlog.get_logger("finops.delivery")
LONGEST_BACKOFF = timedelta(minutes=5)
MOST_ATTEMPTS = 300
"""A day of the longest waits: an outage of Slack, or a bot not yet invited, costs no message."""
AT_ONCE = 6
IDLE = 0.25
"""Seconds between two looks into the queue while nothing wakes the sender."""
DATABASE_GONE = 5
"""Seconds until the next look after the database could not be asked."""


def _real_time() -> datetime:
    return datetime.now(UTC)


class Sender:
    """Sends what is due, from as many threads and processes as there are; a lease keeps two from the same delivery.

    Args:
        owner: this process's name in leases; what a process of the same name held before is not its own.
        clock: now in UTC, for due times and leases.
        pace_clock: the same for the pace, which goes by Slack's time whatever day the clock is set to.
    """

    def __init__(
        self,
        state: State,
        channel: Channel,
        owner: str,
        clock: Callable[[], datetime],
        pace_clock: Callable[[], datetime] = _real_time,
    ) -> None:
        self._state, self._channel, self._owner = state, channel, f"{owner}/{secrets.token_hex(4)}"
        self._clock, self._pace_clock = clock, pace_clock
        self._numbers = count(1)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="sender", daemon=True)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="send")

    def start(self) -> None:
        """Send in the background until stop()."""
        self._thread.start()

    def wake(self) -> None:
        """Look into the queue now: something was queued in this process."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is being sent, and no more."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=15)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def send_due(self) -> int:
        """Send what is due now, at most one post per channel; returns how many were tried, once they were."""
        leases = self._lease(AT_ONCE)
        list(self._pool.map(self._send, leases))
        return len(leases)

    def _loop(self) -> None:
        """Keep every thread busy: one slow delivery holds up no other."""
        flying: set[Future[None]] = set()
        while not self._stopping.is_set():
            self._wake.clear()
            flying = {each for each in flying if not each.done()}
            try:
                leases = self._lease(AT_ONCE - len(flying))
            except Exception:
                # The database may be gone for a while; the sender outlives it.
                LOG.exception("sender failed, trying again", seconds=DATABASE_GONE)
                self._stopping.wait(DATABASE_GONE)
                continue
            flying |= {self._pool.submit(self._send, lease) for lease in leases}
            if len(flying) < AT_ONCE:
                self._wake.wait(IDLE)
            else:
                _await_half(flying)

    def _lease(self, most: int) -> list[Lease]:
        if not most:
            return []
        # A lease that ran out is another's, even where that one is of this process too.
        owner = f"{self._owner}/{next(self._numbers)}"
        with self._state.writing() as connection:
            return sending.lease_due(connection, owner, self._clock(), most, self._pace_clock())

    def _send(self, lease: Lease) -> None:
        delivery = lease.delivery
        try:
            address, thread = self._place(delivery)
            if delivery.outcome_unknown and not delivery.ts:
                delivery = self._looked_up(delivery, address, thread)
            with self._state.writing() as connection:
                begun = sending.begin(connection, delivery, address, self._clock())
            if begun is None:
                self._left(lease)
                return
            # Nothing of it has gone out yet.
            delivery = replace(begun, outcome_unknown=False)
            self._sent(lease, delivery, self._brought(lease, delivery, address, thread))
        except Refused as refusal:
            self._failed(lease, delivery, refusal)
        except Exception as error:
            # A bug in one message must not stop the others; it is tried again and dies in the open. Whatever broke, it
            # may have been after Slack took the message.
            LOG.exception("delivery failed", key=delivery.key)
            self._failed(lease, delivery, Refused(type(error).__name__, 5.0, unknown=True))

    def _place(self, delivery: Delivery) -> tuple[str, str]:
        """Address and thread; raises Refused where the channel is unknown or the thread's message not yet there."""
        if delivery.ts:
            return delivery.channel, ""
        with self._state.reading() as connection:
            address = people.channel_id(connection, delivery.destination)
            parent = deliveries.find(connection, delivery.thread_of) if delivery.thread_of else None
        if address is None:
            name = delivery.destination
            raise Refused(f"channel_not_found: there is no channel {name}; create it and `/invite` the bot.", 60.0)
        if delivery.thread_of and (parent is None or not parent.ts):
            raise Refused(f"waits for {delivery.thread_of}", 1.0)
        return (parent.channel, parent.ts) if parent else (address, "")

    def _looked_up(self, delivery: Delivery, address: str, thread: str) -> Delivery:
        """The delivery without doubt: with the message that Slack has of it, or known to be not there."""
        with _limited(pace.LOOK_UP):
            found = self._channel.find(delivery, address, thread)
        if found is None:
            return replace(delivery, outcome_unknown=False)
        with self._state.writing() as connection:
            sending.mark_found(connection, delivery, found.place, found.reference, found.revision)
        return replace(delivery, outcome_unknown=False, channel=found.place, ts=found.reference)

    def _brought(self, lease: Lease, delivery: Delivery, address: str, thread: str) -> Posted:
        """Post it, or edit what is there."""
        if delivery.ts and delivery.sent_revision == delivery.revision:
            return Posted(delivery.ts, delivery.channel)  # found, and as it is to be
        home = delivery.destination.startswith(deliveries.HOME)
        if delivery.ts:
            with _limited(pace.HOME if home else pace.EDIT):
                return self._channel.update(delivery)
        with _limited(pace.HOME if home else lease.closes):
            return self._channel.post(delivery, address, thread)

    def _sent(self, lease: Lease, delivery: Delivery, posted: Posted) -> None:
        now = self._clock()
        with self._state.writing() as connection:
            sending.mark_sent(connection, delivery, posted.place, posted.reference, now)
            deliveries.queue(connection, _followers(delivery, posted), now)
            if lease.closes:
                pace.close(connection, lease.closes, self._pace_clock() + pace.GAP)
        self._wake.set()
        metrics.DELIVERIES.labels(delivery.kind, "sent").inc()
        LOG.info("delivered", key=delivery.key, revision=delivery.revision)

    def _left(self, lease: Lease) -> None:
        """It was another's, or is wanted no more; its channel is free at once."""
        if lease.closes:
            with self._state.writing() as connection:
                pace.close(connection, lease.closes, self._pace_clock())
        metrics.DELIVERIES.labels(lease.delivery.kind, "left").inc()
        LOG.info("left to another sender, or withdrawn", key=lease.delivery.key)

    def _failed(self, lease: Lease, delivery: Delivery, refusal: Refused) -> None:
        try:
            died = self._noted(lease, delivery, refusal)
        except Exception:
            # Without the database there is nothing to note it in: the lease runs out, and it is tried again.
            LOG.exception("a failed delivery could not be noted", key=delivery.key, reason=refusal.reason)
            return
        outcome = "dead" if died else "limited" if isinstance(refusal, RateLimited) else "failed"
        metrics.DELIVERIES.labels(delivery.kind, outcome).inc()
        log = LOG.error if died else LOG.warning
        log("delivery died" if died else "not delivered", key=delivery.key, reason=refusal.reason)

    def _noted(self, lease: Lease, delivery: Delivery, refusal: Refused) -> bool:
        """Note a failure, and what waits because of it; returns whether the delivery is dead."""
        now, moment = self._clock(), self._pace_clock()
        limit = refusal if isinstance(refusal, RateLimited) else None
        with self._state.writing() as connection:
            died = sending.mark_failed(
                connection,
                delivery,
                refusal.reason,
                _retry_at(delivery, refusal, now),
                unknown=refusal.unknown or delivery.outcome_unknown,
                counts=limit is None,
                now=now,
            )
            if lease.closes:
                pace.close(connection, lease.closes, moment + pace.GAP)
            if limit and limit.lane:
                pace.close(connection, limit.lane, moment + timedelta(seconds=limit.seconds))
        return died


def _await_half(flying: set[Future[None]]) -> None:
    """Wait until half of the threads are free, as looking for each one would cost more than it wins; not for ever."""
    until = time.monotonic() + IDLE
    while len(flying) > AT_ONCE // 2 and (left := until - time.monotonic()) > 0:
        flying = wait(flying, left, FIRST_COMPLETED).not_done


@contextmanager
def _limited(lane: str) -> Iterator[None]:
    """Name what waits by a rate limit that is met inside, where nothing nearer to it did."""
    try:
        yield
    except RateLimited as limit:
        limit.lane = lane if limit.lane is None else limit.lane
        raise


def _retry_at(delivery: Delivery, refusal: Refused, now: datetime) -> datetime | None:
    """When to try again, None for never."""
    if refusal.retry_after is None or delivery.attempts + 1 >= MOST_ATTEMPTS:
        return None
    wait = timedelta(seconds=refusal.retry_after)
    return now + (
        wait if isinstance(refusal, RateLimited) else min(wait * 2 ** min(delivery.attempts, 10), LONGEST_BACKOFF)
    )


def _followers(delivery: Delivery, posted: Posted) -> list[Effect]:
    """What goes into the thread: parts that one message could not hold, and a picture that came too late."""
    payload, place, thread = delivery.payload, delivery.destination, delivery.thread_of or delivery.key
    followers = [
        Effect(f"{delivery.key}/{number}", delivery.kind, place, part, delivery.team, thread)
        for number, part in enumerate(payload.get("continued") or (), start=2)
    ]
    if posted.picture_missing:
        picture = payload["picture"]
        alone = {"text": picture["alt_text"], "blocks": [], "picture": picture, "picture_after": 0}
        followers.append(Effect(f"{delivery.key}/picture", delivery.kind, place, alone, delivery.team, thread))
    return followers
