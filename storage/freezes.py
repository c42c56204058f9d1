"""Freezes as stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, insert, select, update

from finops.alert import AlertKey
from finops.freeze import Freeze, FreezeStatus
from storage.tables import FreezeRow

TABLE = FreezeRow.__table__  # type: ignore[attr-defined]
_FREEZE = TypeAdapter(Freeze)


def find_freeze(connection: Connection, number: int, *, lock: bool = False) -> Freeze | None:
    """A decision by its number; locked, nobody else changes it until the transaction ends."""
    query = select(TABLE.c.body, TABLE.c.id).where(TABLE.c.id == number)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else replace(_FREEZE.validate_python(row.body), id=row.id)


def freezes_of(connection: Connection, alert: AlertKey) -> list[Freeze]:
    """Every decision on an alert, newest first."""
    query = select(TABLE.c.body, TABLE.c.id).where(TABLE.c.alert == str(alert)).order_by(TABLE.c.id.desc())
    return [replace(_FREEZE.validate_python(body), id=number) for body, number in connection.execute(query)]


def freezes_in_force(connection: Connection, team: str | None = None) -> list[Freeze]:
    """Every freeze that has not ended."""
    query = select(TABLE.c.body, TABLE.c.id).where(TABLE.c.status == str(FreezeStatus.IN_FORCE)).order_by(TABLE.c.id)
    if team is not None:
        query = query.where(TABLE.c.team == team)
    return [replace(_FREEZE.validate_python(body), id=number) for body, number in connection.execute(query)]


def recorded(freeze: Freeze, number: int | None = None) -> dict[str, Any] | None:
    """A freeze, or one of its exceptions, in a few plain words for the audit record; None where there is none."""
    if number is None:
        until = None if freeze.until is None else str(freeze.until)
        return {"alert": str(freeze.alert), "status": str(freeze.status), "what": freeze.what, "until": until}
    for asked in freeze.exceptions:
        if asked.number == number:
            answered = "granted" if asked.granted else "refused" if asked.answered_by else "waiting"
            status = answered if asked.ended_at is None else "over"
            return {"exception": number, "status": status, "what": asked.what, "until": str(asked.until)}
    return None


def save_freeze(connection: Connection, freeze: Freeze, now: datetime) -> Freeze:
    """Write a decision; returns it with its number."""
    row = {
        "alert": str(freeze.alert),
        "team": freeze.alert.team,
        "status": str(freeze.status),
        "until": freeze.until,
        "body": _FREEZE.dump_python(freeze, mode="json"),
        "updated_at": now,
    }
    if freeze.id:
        connection.execute(update(TABLE).where(TABLE.c.id == freeze.id).values(**row))
        return freeze
    key = connection.execute(insert(TABLE).values(**row)).inserted_primary_key
    return replace(freeze, id=int(key[0]))  # type: ignore[index]  # one row was inserted
