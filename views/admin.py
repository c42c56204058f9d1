"""The answers to `/finops admin`: how the bot itself is doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from views import blocks
from views.amounts import short_day
from views.fit import message
from views.message import Block, Message
from views.text import escape, literal
from views.time import moment

MOST = 10
"""Most jobs, dead messages, faults or teams that are listed."""


@dataclass(frozen=True, slots=True)
class Export:
    """A billing export.

    Attributes:
        data_through: the last delivered day.
        delivered_at: when it was last taken in.
        refused: why the delivery after that was not, empty where none was refused.
    """

    name: str
    data_through: date
    delivered_at: datetime
    refused: str = ""


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job.

    Attributes:
        schedule: as configured: 'HH:MM' or 'every 15m'; empty for a job that only runs when it is asked for.
        last_at: when it last ran, None for never.
        failed: why its last run failed, empty where it did not.
    """

    name: str
    schedule: str = ""
    last_at: datetime | None = None
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that is tried no more."""

    key: str
    error: str
    at: datetime


@dataclass(frozen=True)
class Status:
    """How the bot is doing.

    Attributes:
        live: whether alerts are posted; else they are only recorded.
        deliveries: state → number of messages.
        waiting_since: when the oldest message that is due was queued, None where none is.
        dead: messages that are tried no more, newest first.
        alerts: status → number of alerts.
        next_alert_at: when time may next move an alert.
        unknown: names in the configuration that the workspace does not know.
        placeless: teams with an alert and no channel for it.
        entries: of the audit record.
        looked_at: how many of its newest entries were held against each other, None for all.
        seal: the newest entry's hash.
        faults: what is wrong with the record, one line each.
    """

    live: bool = True
    exports: Sequence[Export] = ()
    jobs: Sequence[JobRun] = ()
    deliveries: Mapping[str, int] = field(default_factory=dict)
    waiting_since: datetime | None = None
    dead: Sequence[Dead] = ()
    alerts: Mapping[str, int] = field(default_factory=dict)
    next_alert_at: datetime | None = None
    unknown: Sequence[str] = ()
    placeless: Sequence[str] = ()
    entries: int = 0
    looked_at: int | None = None
    seal: str = ""
    faults: Sequence[str] = ()


def status_message(status: Status) -> Message:
    """How the bot is doing, what needs somebody first."""
    parts = [_verdict(status), _data(status), _jobs(status), _messages(status), _alerts(status), _record(status)]
    body: list[Block] = [block for part in parts for block in blocks.paragraphs(part)]
    return message("\n".join(parts), body)


def _verdict(status: Status) -> str:
    """What is wrong, in one line."""
    failed = [job for job in status.jobs if job.failed]
    refused = [export for export in status.exports if export.refused]
    undelivered = status.deliveries.get("dead", len(status.dead))
    wrong = [
        f"{number:,} {one if number == 1 else several}"
        for number, one, several in (
            (len(status.faults), "fault in the audit record", "faults in the audit record"),
            (undelivered, "message that could not be delivered", "messages that could not be delivered"),
            (len(refused), "delivery of a bill that was refused", "deliveries of bills that were refused"),
            (len(failed), "job that failed", "jobs that failed"),
            (len(status.placeless), "team whose alerts have no channel", "teams whose alerts have no channel"),
            (len(status.unknown), "name that Slack does not know", "names that Slack does not know"),
        )
        if number
    ]
    if not wrong:
        return ":white_check_mark: *Nothing is wrong.*"
    return f":warning: *To be looked at:* {'; '.join(wrong)}."


def _data(status: Status) -> str:
    if not status.exports:
        return "*Data:* none yet. Run `finops ingest` on a billing export."
    lines = [
        f"• {escape(each.name, 60)}: through {short_day(each.data_through)}, delivered {moment(each.delivered_at)}"
        + (f" :warning: refused since: {escape(each.refused, 200)}" if each.refused else "")
        for each in status.exports
    ]
    return "\n".join(("*Data*", *_first(lines)))


def _jobs(status: Status) -> str:
    lines = [_job(job) for job in sorted(status.jobs, key=lambda job: not job.failed)]
    return "\n".join(("*Jobs*", *_first(lines))) if lines else "*Jobs:* none is scheduled."


def _job(job: JobRun) -> str:
    ran = f"last ran {moment(job.last_at)}" if job.last_at else "has not run yet"
    schedule = f" ({escape(job.schedule, 30)})" if job.schedule else ""
    failed = f" :warning: {escape(job.failed, 200)}" if job.failed else ""
    return f"• `{literal(job.name, 60)}`{schedule} {ran}{failed}"


def _messages(status: Status) -> str:
    counts = ", ".join(f"{number:,} {escape(state, 30)}" for state, number in status.deliveries.items() if number)
    since = f"; the oldest waits since {moment(status.waiting_since)}" if status.waiting_since else ""
    lines = [f"• `{literal(each.key, 120)}`, {moment(each.at)}: {escape(each.error, 200)}" for each in status.dead]
    return "\n".join((f"*Messages:* {counts or 'none'}{since}.", *_first(lines)))


def _alerts(status: Status) -> str:
    counts = ", ".join(f"{number:,} {escape(state, 30)}" for state, number in status.alerts.items() if number)
    shadow = "" if status.live else " They are only recorded: `alerts.mode` is `shadow`."
    following = f" Time next moves one {moment(status.next_alert_at)}." if status.next_alert_at else ""
    lines = [f"• {escape(name, 60)}: not found in Slack, so nobody is called for it" for name in status.unknown]
    lines += [f"• {escape(slug, 60)}: has an alert, and no channel to show it in" for slug in status.placeless]
    return "\n".join((f"*Alerts:* {counts or 'none'}.{shadow}{following}", *_first(lines)))


def _record(status: Status) -> str:
    if not status.entries:
        return "*Audit record:* empty."
    whole = "" if status.faults else f", {_whole(status)}"
    lines = [f"• {escape(fault, 200)}" for fault in status.faults]
    seal = f" Its newest seal is `{literal(status.seal, 64)}`." if status.seal else ""
    noun = "entry" if status.entries == 1 else "entries"
    return "\n".join((f"*Audit record:* {status.entries:,} {noun}{whole}.{seal}", *_first(lines)))


def _whole(status: Status) -> str:
    """How much of the record was looked at, and is as it was written."""
    if status.looked_at is None or status.looked_at >= status.entries:
        return "whole"
    return f"the newest {status.looked_at:,} are intact; `finops audit verify` checks all"


def _first(lines: Sequence[str]) -> list[str]:
    left = len(lines) - MOST
    return [*lines[:MOST], *([f"• … and {left:,} more"] if left > 0 else [])]
