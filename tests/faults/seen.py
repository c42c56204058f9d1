"""What there is at the end of a run: the rows of the database, and the messages of the workspace."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from finops.alert import Alert
from sandbox import Sandbox
from storage import audit, claims, deliveries
from storage.alerts import TABLE as ALERTS
from storage.alerts import _read
from storage.people import read_directory
from storage.state import State


@dataclass(frozen=True)
class Message:
    """A message of the bot in the workspace.

    Attributes:
        key: of the delivery, as its metadata says; empty for none.
        thread: ts of the message in whose thread it stands, empty for none.
    """

    key: str
    revision: int
    channel: str
    ts: str
    thread: str
    broadcast: bool
    text: str
    blocks: list[dict[str, Any]]


@dataclass(frozen=True)
class Seen:
    """Everything that a run is judged by.

    Attributes:
        rows: of the table delivery, in the order queued.
        names: user id → name.
        members: id of a user group → ids of those in it.
        claims: (work, due, attempts, whether finished).
    """

    now: datetime
    rows: list[Any]
    alerts: list[Alert]
    entries: list[audit.Sealed]
    audit_faults: list[str]
    claims: list[tuple[str, str, int, bool]]
    messages: list[Message]
    names: dict[str, str]
    members: dict[str, tuple[str, ...]]


def look(state: State, sandbox: Sandbox, now: datetime) -> Seen:
    """Read everything."""
    with state.reading() as connection:
        rows = list(connection.execute(select(deliveries.TABLE).order_by(deliveries.TABLE.c.id)))
        alerts = _read(connection, select(ALERTS))
        entries = list(audit.read(connection))
        faults = audit.verify(connection)
        members = dict(read_directory(connection).members)
        known = [
            (row.work, row.due, row.attempts, row.finished_at is not None)
            for row in connection.execute(select(claims.TABLE).where(claims.TABLE.c.work != "event"))
        ]
    workspace = sandbox._workspace
    posted = sandbox.look(lambda: copy.copy(workspace.messages))
    bot, users = workspace.bot_user, workspace.users
    messages = [
        _message(channel, message) for channel, each in posted.items() for message in each if message["user"] == bot
    ]
    names = {user: person["real_name"] for user, person in users.items()}
    return Seen(now, rows, alerts, entries, faults, known, messages, names, members)


def _message(channel: str, message: dict[str, Any]) -> Message:
    known = (message.get("metadata") or {}).get("event_payload", {})
    thread = message.get("thread_ts", "")
    return Message(
        key=known.get("key", ""),
        revision=int(known.get("revision", 0)),
        channel=channel,
        ts=message["ts"],
        thread="" if thread == message["ts"] else thread,
        broadcast=message.get("subtype") == "thread_broadcast",
        text=message["text"],
        blocks=[
            {name: part for name, part in block.items() if name != "block_id"} for block in message.get("blocks", ())
        ],
    )
