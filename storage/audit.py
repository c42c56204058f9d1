"""The audit record: who did what and when, what it was and what it became; each entry seals the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, String, cast, func, insert, or_, select, text, type_coerce

from finops.errors import FinopsError
from storage.plain_json import kept, plain, read_back, spelled
from storage.tables import AuditRow

TABLE = AuditRow.__table__  # type: ignore[attr-defined]
BEGINNING = "0" * 64
"""What the first entry seals."""
LOCK = 0x66696E6F7073
"""PostgreSQL's advisory lock under which entries are appended, one transaction after the other."""
MOST_FAULTS = 20
SETTINGS = "policy"
"""Subject of the entries that say what was configured."""


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
    """Write entries in the caller's transaction; text that no database keeps is kept with � in its place.

    Comes last in a transaction: on PostgreSQL the others wait from here to its end.

    Raises:
        TypeError: `was` or `became` holds what JSON would give back as something else, or `at` has no zone.
    """
    found = [_kept(entry) for entry in entries]
    if not found:
        return
    _lock(connection)
    seq, previous = head(connection)
    rows = []
    for entry in found:
        seq += 1
        sealed = seal(seq, entry, previous)
        values = {name: getattr(entry, name) for name in entry.__slots__}
        rows.append(values | {"seq": seq, "previous": previous, "hash": sealed})
        previous = sealed
    connection.execute(insert(TABLE), rows)


def note_settings(connection: Connection, company_words: Mapping[str, Any], now: datetime) -> bool:
    """Record what of the configuration is not as it was last recorded; comes last in its transaction.

    Args:
        company_words: name → what is configured, as plain JSON; a name whose value differs is recorded as a whole.

    Returns:
        Whether anything differed.
    """
    _lock(connection)
    known: dict[str, Any] = {}
    for sealed in read(connection, subject=SETTINGS):
        known = {name: value for name, value in known.items() if name not in (sealed.entry.was or {})}
        known |= sealed.entry.became or {}
    wanted: dict[str, Any] = plain(company_words)
    names = sorted(
        name
        for name in known.keys() | wanted.keys()
        if spelled([known[name]] if name in known else []) != spelled([wanted[name]] if name in wanted else [])
    )
    if not names:
        return False
    was = {name: known[name] for name in names if name in known}
    became = {name: wanted[name] for name in names if name in wanted}
    append(connection, [Entry(now, "finops", "policy.changed", SETTINGS, was=was or None, became=became or None)])
    return True


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
    return hashlib.sha256(spelled(content).encode()).hexdigest()


def read(
    connection: Connection,
    *,
    team: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Sealed]:
    """Entries, oldest first, fetched as they are asked for.

    Args:
        subject: it, and what lies below it: 'alert/payments' is every alert of that team.
        since, until: half-open.

    Raises:
        FinopsError: an entry was changed into something that cannot be read.
    """
    wanted: list[ColumnElement[bool]] = []
    if team is not None:
        wanted.append(TABLE.c.team == team)
    if subject is not None:
        below = TABLE.c.subject.startswith(f"{subject}/", autoescape=True)
        wanted.append(or_(TABLE.c.subject == subject, below))
    if since is not None:
        wanted.append(TABLE.c.at >= since)
    if until is not None:
        wanted.append(TABLE.c.at < until)
    for row in _rows(connection, *wanted):
        try:
            yield _sealed(row)
        except (TypeError, ValueError):
            reason = f"Entry {row.seq} of the audit record cannot be read."
            raise FinopsError(reason, "It was changed: `finops audit verify` says what else was.") from None


def verify(connection: Connection, expect: tuple[int, str] | None = None) -> list[str]:
    """What is wrong with the record, one line each, at most 20; empty where every entry seals the one before.

    Args:
        expect: number and hash of an entry as head() gave them once: nothing up to it is missing or was written anew.
    """
    faults: list[str] = []
    last, previous = 0, BEGINNING
    for row in _rows(connection):
        faults += _faults(row, last, previous)
        if expect and expect[0] == row.seq and expect[1] != row.hash:
            faults.append(f"entry {row.seq} is not the one that was kept: the record was written anew before it")
        if len(faults) >= MOST_FAULTS:
            return faults[:MOST_FAULTS]
        last, previous = row.seq, row.hash
    if expect and expect[0] > last:
        faults.append(f"the end was cut off: entry {expect[0]} was there, and entry {last} is the last")
    return faults


def _faults(row: Row[Any], last: int, previous: str) -> list[str]:
    """What is wrong with an entry, by itself and behind the one before it."""
    faults = []
    if row.seq > last + 1:
        missing = f"entry {last + 1} is" if row.seq == last + 2 else f"entries {last + 1} to {row.seq - 1} are"
        faults.append(f"{missing} missing")
    elif row.seq < 1 or row.previous != previous:
        faults.append(f"entry {row.seq} does not follow what stands before it")
    try:
        whole = _sealed(row).is_whole
    except (TypeError, ValueError):
        whole = False
    return faults if whole else [*faults, f"entry {row.seq} was changed after it was written"]


def _rows(connection: Connection, *wanted: ColumnElement[bool]) -> Iterator[Row[Any]]:
    """Rows as they are stored, so that one which was tampered with breaks nothing but itself."""
    stored = {
        "at": type_coerce(TABLE.c.at, String),
        "was": cast(TABLE.c.was, String),
        "became": cast(TABLE.c.became, String),
    }
    columns = [stored[column.name].label(column.name) if column.name in stored else column for column in TABLE.c]
    query = select(*columns).where(*wanted).order_by(TABLE.c.seq)
    yield from connection.execute(query, execution_options={"yield_per": 1000})


def _sealed(row: Row[Any]) -> Sealed:
    """An entry of what is stored; raises ValueError or TypeError where it is none."""
    at = row.at if isinstance(row.at, datetime) else datetime.fromisoformat(row.at).replace(tzinfo=UTC)
    entry = Entry(
        at=at.astimezone(UTC),
        who=row.who,
        action=row.action,
        subject=row.subject,
        team=row.team,
        was=None if row.was is None else read_back(row.was),
        became=None if row.became is None else read_back(row.became),
        note=row.note,
        pinged=row.pinged,
    )
    return Sealed(row.seq, entry, row.previous, row.hash)


def _lock(connection: Connection) -> None:
    """Keep others from appending until the transaction ends; on SQLite a writing one does so from its beginning."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def _kept(entry: Entry) -> Entry:
    """An entry as every database gives it back."""
    if entry.at.tzinfo is None:
        raise TypeError(f"the audit record keeps instants, and {entry.at} names no zone")
    return replace(
        entry,
        who=kept(entry.who),
        action=kept(entry.action),
        subject=kept(entry.subject),
        team=kept(entry.team),
        was=None if entry.was is None else plain(entry.was),
        became=None if entry.became is None else plain(entry.became),
        note=kept(entry.note),
    )


def pings_since(connection: Connection, since: datetime, team: str | None = None) -> dict[str, int]:
    """Team → number of entries that called somebody since an instant."""
    query = select(TABLE.c.team, func.count()).where(TABLE.c.at >= since, TABLE.c.pinged > 0)
    query = query.where(TABLE.c.team == team) if team is not None else query
    return {slug: count for slug, count in connection.execute(query.group_by(TABLE.c.team))}
