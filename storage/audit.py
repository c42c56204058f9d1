"""The audit record: who did what and when, what it was and what it became; each entry seals the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, text

from storage.tables import AuditRow

TABLE = AuditRow.__table__  # type: ignore[attr-defined]
BEGINNING = "0" * 64
"""What the first entry seals."""
LOCK = 0x66696E6F7073
"""PostgreSQL's advisory lock under which entries are appended, one transaction after the other."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes:
        who: Slack's user id, a name at the terminal, or 'finops' for the figures and the clock.
        action: 'alert.acknowledged', 'freeze.decided', 'budget.changed', …
        subject: what it happened to, for example 'alert/payments/2026-11/forecast/USD'.
        team: slug, empty for the company.
        was, became: plain JSON, None where there was or is nothing.
        pinged: how many people and groups it called.
    """

    at: datetime
    who: str
    action: str
    subject: str
    team: str = ""
    was: Mapping[str, Any] | None = None
    became: Mapping[str, Any] | None = None
    note: str = ""
    pinged: int = 0


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as it stands in the record.

    Attributes:
        seq: its number, from 1 without a gap.
        previous: the hash of the entry before.
        hash: over everything else of it, SHA-256, hexadecimal.
    """

    seq: int
    entry: Entry
    previous: str
    hash: str

    @property
    def is_whole(self) -> bool:
        """Whether its hash is that of its content."""
        return self.hash == seal(self.seq, self.entry, self.previous)


def append(connection: Connection, entries: Iterable[Entry]) -> None:
    """Write entries in the caller's transaction.

    Comes last in a transaction: on PostgreSQL the others wait from here to its end.
    """
    found = list(entries)
    if not found:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    seq, previous = head(connection)
    rows = []
    for entry in found:
        seq += 1
        sealed = seal(seq, entry, previous)
        values = {name: getattr(entry, name) for name in entry.__slots__}
        rows.append(values | {"seq": seq, "previous": previous, "hash": sealed})
        previous = sealed
    connection.execute(insert(TABLE), rows)


def head(connection: Connection) -> tuple[int, str]:
    """Number and hash of the newest entry: kept elsewhere, they show whether the record's end was cut off."""
    row = connection.execute(select(TABLE.c.seq, TABLE.c.hash).order_by(TABLE.c.seq.desc()).limit(1)).first()
    return (0, BEGINNING) if row is None else (row.seq, row.hash)


def seal(seq: int, entry: Entry, previous: str) -> str:
    """The hash of an entry: SHA-256 over its content as JSON with sorted keys, and the hash before."""
    content = {
        "seq": seq,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "who": entry.who,
        "action": entry.action,
        "subject": entry.subject,
        "team": entry.team,
        "was": entry.was,
        "became": entry.became,
        "note": entry.note,
        "pinged": entry.pinged,
        "previous": previous,
    }
    spelled = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(spelled.encode()).hexdigest()


def read(
    connection: Connection,
    *,
    team: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Sealed]:
    """Entries, oldest first.

    Args:
        since, until: half-open.
    """
    wanted = [
        TABLE.c.team == team if team is not None else None,
        TABLE.c.subject == subject if subject is not None else None,
        TABLE.c.at >= since if since is not None else None,
        TABLE.c.at < until if until is not None else None,
    ]
    query = select(TABLE).where(*(clause for clause in wanted if clause is not None)).order_by(TABLE.c.seq)
    for row in connection.execution_options(yield_per=1000).execute(query):
        entry = Entry(row.at, row.who, row.action, row.subject, row.team, row.was, row.became, row.note, row.pinged)
        yield Sealed(row.seq, entry, row.previous, row.hash)


def verify(connection: Connection) -> list[str]:
    """What is wrong with the record, one line each, at most 20; empty where every entry seals the one before."""
    faults: list[str] = []
    expected, previous = 1, BEGINNING
    for sealed in read(connection):
        if sealed.seq != expected:
            faults.append(f"entry {expected} is missing: {sealed.seq} follows {expected - 1}")
        elif sealed.previous != previous:
            faults.append(f"entry {sealed.seq} does not follow what stands before it")
        if not sealed.is_whole:
            faults.append(f"entry {sealed.seq} was changed after it was written")
        if len(faults) >= 20:
            break
        expected, previous = sealed.seq + 1, sealed.hash
    return faults


def pings_since(connection: Connection, since: datetime, team: str | None = None) -> dict[str, int]:
    """Team → number of entries that called somebody since an instant."""
    query = select(TABLE.c.team, func.count()).where(TABLE.c.at >= since, TABLE.c.pinged > 0)
    query = query.where(TABLE.c.team == team) if team is not None else query
    return {slug: count for slug, count in connection.execute(query.group_by(TABLE.c.team))}
