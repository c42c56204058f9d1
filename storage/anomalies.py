"""Anomalies as stored: read for a change under a lock, and written with the record of what happened to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Select, insert, or_, select, update

from finops.anomaly import Anomaly, AnomalyChange, AnomalyEvent
from finops.money import plain
from storage.audit import Entry
from storage.tables import AnomalyRow

TABLE = AnomalyRow.__table__  # type: ignore[attr-defined]
_ANOMALY = TypeAdapter(Anomaly)


class AnomalyChangedMeanwhile(RuntimeError):
    """An anomaly was about to be written over what somebody else had made of it: a bug in whoever read it unlocked."""


def find_anomaly(connection: Connection, number: int, *, lock: bool = False) -> Anomaly | None:
    """One anomaly; locked, nobody else changes it until the transaction ends."""
    found = _read(connection, _all().where(TABLE.c.id == number), lock)
    return found[0] if found else None


def anomalies_in(
    connection: Connection,
    teams: Collection[str] | None = None,
    *,
    since: date | None = None,
    lock: bool = False,
) -> list[Anomaly]:
    """Anomalies, withdrawn ones too, the oldest on record first.

    Args:
        teams: theirs, None for everybody's.
        since: those that are not over, or have a day from this one on.
        lock: keep others from changing them until the transaction ends; needs a writing one.
    """
    query = _all()
    if teams is not None:
        query = query.where(TABLE.c.team.in_(list(teams)))
    if since is not None:
        query = query.where(or_(TABLE.c.last_day >= since, TABLE.c.is_over.is_(False)))
    return _read(connection, query, lock)


def save_anomalies(connection: Connection, changes: Iterable[AnomalyChange], now: datetime) -> list[AnomalyChange]:
    """Write changed anomalies, which were read under a lock.

    Returns:
        The changes with the anomalies' numbers and new versions, in their order.

    Raises:
        sqlalchemy.exc.IntegrityError: somebody else recorded one of the new anomalies meanwhile.
        AnomalyChangedMeanwhile: somebody else changed one since it was read, as it was read without the lock.
    """
    return [replace(change, anomaly=_save(connection, change.anomaly, now)) for change in changes]


def anomaly_entries(changes: Iterable[AnomalyChange]) -> list[Entry]:
    """What the audit record says of stored changes, in their order."""
    return [_entry(change.anomaly, event) for change in changes for event in change.events]


def _save(connection: Connection, anomaly: Anomaly, now: datetime) -> Anomaly:
    anomaly = replace(anomaly, version=anomaly.version + 1)
    series, found = anomaly.key.series, anomaly.found
    row = {
        "team": series.team,
        "service": series.service,
        "provider": series.provider,
        "currency": series.currency,
        "basis": str(series.basis),
        "first_day": anomaly.key.first_day,
        "last_day": found.last_day,
        "is_increase": found.is_increase,
        "is_over": anomaly.is_over,
        "is_withdrawn": bool(anomaly.withdrawn),
        "version": anomaly.version,
        "body": _ANOMALY.dump_python(anomaly, mode="json"),
        "updated_at": now,
    }
    if not anomaly.number:
        key = connection.execute(insert(TABLE).values(**row)).inserted_primary_key
        return replace(anomaly, number=int(key[0]))  # type: ignore[index]  # one row was inserted
    as_read = update(TABLE).where(TABLE.c.id == anomaly.number, TABLE.c.version == anomaly.version - 1)
    if connection.execute(as_read.values(**row)).rowcount != 1:
        raise AnomalyChangedMeanwhile(str(anomaly.number))
    return anomaly


def _entry(anomaly: Anomaly, event: AnomalyEvent) -> Entry:
    series, found, answer = anomaly.key.series, anomaly.found, anomaly.answer
    became: dict[str, Any] = {
        "service": series.service,
        "provider": series.provider,
        "currency": series.currency,
        "basis": str(series.basis),
        "first_day": str(found.first_day),
        "last_day": str(found.last_day),
        "cost": plain(found.cost),
        "expected": plain(found.expected),
    }
    if answer:
        became["answer"] = {"kind": str(answer.kind), "by": answer.by, "through": str(answer.through)}
        became["answer"] |= {"limit": plain(answer.limit)} if answer.limit is not None else {}
    # Not as `pinged`: an anomaly uses up none of the calls that a team's alerts have in a week.
    became |= {"pings": True} if event.pings else {}
    became |= {"called": list(event.calls)} if event.calls else {}
    return Entry(
        at=event.at,
        who=event.by or "finops",
        action=f"anomaly.{event.step}",
        subject=f"anomaly/{anomaly.number}",
        team=series.team,
        became=became,
        note=event.note,
    )


def _all() -> Select[Any]:
    return select(TABLE.c.id, TABLE.c.body)


def _read(connection: Connection, query: Select[Any], lock: bool = False) -> list[Anomaly]:
    # In one order always, so that two transactions never wait for each other.
    query = query.order_by(TABLE.c.id)
    rows = connection.execute(query.with_for_update() if lock else query)
    return [replace(_ANOMALY.validate_python(row.body), number=row.id) for row in rows]
