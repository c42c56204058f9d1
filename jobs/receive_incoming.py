"""Read the queue that AWS Budgets and Cost Anomaly Detection send to; what is on record is taken out of it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import structlog

from finops.company import Company
from finops.incoming_alert import IncomingAlert
from finops.incoming_reading import read_alert
from finops.sns_message import MalformedMessage, SnsMessage
from jobs.incoming_alerts import take_in
from jobs.job import Job, Outcome
from storage.incoming_queue import Queue, Queued, QueueFailed
from storage.state import State

LOG = structlog.get_logger("finops.jobs")
MOST_CALLS = 20
"""Calls to the queue in one run: what is left comes the next time, and other jobs get their turn."""
UNLISTED = "left: of a topic that finops.yaml does not list"


def run(*, now: datetime, company: Company, state: State) -> Outcome:
    """Take in what lies in the queue, each message in a transaction of its own, deleted once that is committed."""
    if not company.incoming.queue:
        return Outcome("no queue in finops.yaml")
    queue, counts = Queue(company.incoming.queue), Counter[str]()
    try:
        for _ in range(MOST_CALLS):
            received = queue.receive()
            for queued in received:
                counts[_taken(queue, queued, company, state, now)] += 1
            if not received:
                break
    except QueueFailed as failed:
        counts[f"queue failed: {failed.reason}"] += 1
    return Outcome(", ".join(f"{number} {what}" for what, number in sorted(counts.items())) or "nothing came in")


def _taken(queue: Queue, queued: Queued, company: Company, state: State, now: datetime) -> str:
    alert = _read(queued, company.incoming.topics)
    if alert is None:
        return UNLISTED
    try:
        taken = take_in(alert, company=company, state=state, now=now)
    except Exception as error:
        # What breaks at one message must not hold up the others; it stays in the queue. The words may hold the message.
        LOG.error("incoming message failed", error=type(error).__name__, id=queued.id)
        return "failed"
    queue.delete(queued)
    return str(taken)


def _read(queued: Queued, topics: tuple[str, ...]) -> IncomingAlert | None:
    """What a message of the queue says: SNS's envelope, EventBridge's event, or the bare text of either.

    Its signature is not asked for: who may send to the queue is for the queue's own policy to say.
    """
    try:
        message = SnsMessage.parse(queued.body)
    except MalformedMessage:
        return read_alert(queued.body, queued.id, queued.sent_at)
    if topics and message.topic not in topics:
        return None
    return read_alert(message.message, message.message_id, message.at, message.subject or "")


JOB = Job("receive_incoming", "every 5m", run)
