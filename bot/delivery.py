"""The sender: takes deliveries that are due, and brings each to Slack once, whatever breaks on the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot import metrics
from bot.channels.channel import Channel, Posted, Refused
from finops.effect import Effect
from storage import deliveries, people
from storage.deliveries import Delivery
from storage.state import State

LOG = structlog.get_logger("finops.delivery")
PACE = 1.05
"""Seconds between two messages to one channel: Slack takes one a second."""
LONGEST_BACKOFF = timedelta(minutes=5)
MOST_ATTEMPTS = 300
"""A day of the longest waits: an outage of Slack, or a bot not yet invited, costs no message."""
AT_ONCE = 4
IDLE = 0.5
"""Seconds between two looks into the queue while nothing wakes the sender."""


class Sender:
    """Sends what is due, from as many threads and processes as there are; a lease keeps two from the same delivery.

    Args:
        owner: this process's name in leases.
        clock: now in UTC, for due times and leases.
    """

    def __init__(self, state: State, channel: Channel, owner: str, clock: Callable[[], datetime]) -> None:
        self._state, self._channel, self._owner, self._clock = state, channel, owner, clock
        self._free_at: dict[str, float] = {}
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

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                sent = self.send_due()
            except Exception:
                # The database may be gone for a while; the sender outlives it.
                LOG.exception("sender failed, trying again")
                sent = 0
                self._stopping.wait(5)
            if not sent:
                self._wake.wait(IDLE)
                self._wake.clear()

    def send_due(self) -> int:
        """Send what is due now, at most one delivery per destination; returns how many were tried."""
        moment = time.monotonic()
        self._free_at = {place: free_at for place, free_at in self._free_at.items() if free_at > moment}
        busy = list(self._free_at)
        with self._state.writing() as connection:
            taken = deliveries.lease_due(connection, self._owner, self._clock(), AT_ONCE, busy)
        for delivery in taken:
            self._free_at[delivery.destination] = moment + PACE
        list(self._pool.map(self._send, taken))
        return len(taken)

    def _send(self, delivery: Delivery) -> None:
        log = LOG.bind(key=delivery.key, revision=delivery.revision)
        try:
            posted = self._deliver(delivery)
        except Refused as refusal:
            self._failed(delivery, refusal)
            log.warning("not delivered", reason=refusal.reason, attempts=delivery.attempts + 1)
        except Exception as error:
            # A bug in one message must not stop the others; it is tried again and dies in the open.
            log.exception("delivery failed")
            # Whatever broke, it may have been after Slack took the message.
            self._failed(delivery, Refused(type(error).__name__, 5.0, unknown=True))
        else:
            metrics.DELIVERIES.labels(delivery.kind, "sent" if posted else "left").inc()
            log.info("delivered", ts=posted.reference if posted else "by another sender")

    def _deliver(self, delivery: Delivery) -> Posted | None:
        """Post it, or edit what is there; what may be there already is looked for first.

        Returns:
            None where another sender has taken the delivery over meanwhile.
        """
        if delivery.ts:
            posted = self._channel.update(delivery)
            self._sent(delivery, delivery.channel, posted)
            return posted
        channel, thread = self._place(delivery)
        found = self._channel.find(delivery, channel, thread) if delivery.outcome_unknown else None
        if found is None:
            with self._state.writing() as connection:
                if not deliveries.mark_begun(connection, delivery, channel, self._owner, self._clock()):
                    return None
            posted = self._channel.post(delivery, channel, thread)
        else:
            # It may be there in an older state: bring it to this one.
            with self._state.writing() as connection:
                deliveries.mark_found(connection, delivery, channel, found, self._owner)
            posted = self._channel.update(replace(delivery, channel=channel, ts=found))
        self._sent(delivery, channel, posted)
        return posted

    def _place(self, delivery: Delivery) -> tuple[str, str]:
        """Channel id and thread; raises Refused where the channel is unknown or the thread's message not yet there."""
        with self._state.reading() as connection:
            channel = people.channel_id(connection, delivery.destination)
            parent = deliveries.find(connection, delivery.thread_of) if delivery.thread_of else None
        if channel is None:
            name = delivery.destination
            raise Refused(f"channel_not_found: there is no channel {name}; create it and `/invite` the bot.", 60.0)
        if delivery.thread_of and (parent is None or not parent.ts):
            raise Refused(f"waits for {delivery.thread_of}", 1.0)
        return (parent.channel, parent.ts) if parent else (self._channel.locate(channel), "")

    def _sent(self, delivery: Delivery, channel: str, posted: Posted) -> None:
        now = self._clock()
        with self._state.writing() as connection:
            deliveries.mark_sent(connection, delivery, channel, posted.reference, self._owner, now)
            deliveries.queue(connection, _followers(delivery, channel, posted), now)

    def _failed(self, delivery: Delivery, refusal: Refused) -> None:
        now = self._clock()
        metrics.DELIVERIES.labels(delivery.kind, "failed").inc()
        retry_at, limited = None, refusal.reason == "ratelimited"
        if refusal.retry_after is not None and delivery.attempts + 1 < MOST_ATTEMPTS:
            backoff = timedelta(seconds=refusal.retry_after) * 2 ** min(delivery.attempts, 10)
            retry_at = now + (timedelta(seconds=refusal.retry_after) if limited else min(backoff, LONGEST_BACKOFF))
        unknown = refusal.unknown or delivery.outcome_unknown
        with self._state.writing() as connection:
            deliveries.mark_failed(
                connection,
                delivery,
                refusal.reason,
                retry_at,
                self._owner,
                unknown=unknown,
                counts=not limited,
                now=now,
            )


def _followers(delivery: Delivery, channel: str, posted: Posted) -> list[Effect]:
    """What goes into the thread: parts that one message could not hold, and a picture that came too late."""
    payload = delivery.payload
    followers = [
        Effect(f"{delivery.key}/{number}", delivery.kind, channel, part, delivery.team, delivery.key)
        for number, part in enumerate(payload.get("continued") or (), start=2)
    ]
    if posted.picture_missing:
        picture = payload["picture"]
        alone = {"text": picture["alt_text"], "blocks": [], "picture": picture, "picture_after": 0}
        followers.append(Effect(f"{delivery.key}/picture", delivery.kind, channel, alone, delivery.team, delivery.key))
    return followers
