"""Alerts as stored: read for a change under a lock, and written with the record of what happened to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, Select, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from finops.alert import Alert, AlertKey, Change, Event, next_at
from finops.periods import Month
from finops.policy import Policy
from storage.audit import Entry
from storage.tables import AlertRow, EvaluationRow

TABLE = AlertRow.__table__  # type: ignore[attr-defined]
EVALUATIONS = EvaluationRow.__table__  # type: ignore[attr-defined]
_ALERT = TypeAdapter(Alert)


class AlertChangedMeanwhile(RuntimeError):
    """An alert was about to be written over what somebody else had made of it: a bug in whoever read it unlocked."""


def find_alert(connection: Connection, key: AlertKey, *, lock: bool = False) -> Alert | None:
    """One alert.

    Args:
        lock: keep others from changing it until the transaction ends; needs a writing one.
    """
    rows = _read(connection, select(TABLE).where(TABLE.c.key == str(key)), lock)
    return rows[0] if rows else None


def alert_keys(connection: Connection, month: Month) -> list[AlertKey]:
    """What there are alerts of in a month, resolved ones too."""
    query = select(TABLE.c.key).where(TABLE.c.month == str(month)).order_by(TABLE.c.key)
    return [AlertKey.parse(key) for key in connection.execute(query).scalars()]


def alerts_of_teams(
    connection: Connection, month: Month, teams: Collection[str], *, lock: bool = False
) -> dict[AlertKey, Alert]:
    """Every alert of some teams in a month, resolved ones too."""
    query = select(TABLE).where(TABLE.c.month == str(month), TABLE.c.team.in_(list(teams)))
    return {alert.key: alert for alert in _read(connection, query, lock)}


def living_alerts(connection: Connection, team: str | None = None, *, before: Month | None = None) -> list[Alert]:
    """Every alert that is not resolved, the highest rung first; of months before one where it is given."""
    query = select(TABLE).where(TABLE.c.step != 0)
    if before is not None:
        query = query.where(TABLE.c.month < str(before))
    if team is not None:
        query = query.where(TABLE.c.team == team)
    return sorted(_read(connection, query), key=lambda alert: (-alert.step, alert.key))


def alerts_due(connection: Connection, now: datetime, most: int) -> list[AlertKey]:
    """Alerts to which time may have done something, those that wait longest first."""
    query = select(TABLE.c.key).where(TABLE.c.next_at <= now).order_by(TABLE.c.next_at, TABLE.c.key).limit(most)
    return [AlertKey.parse(key) for key in connection.execute(query).scalars()]


def alerts_by_key(connection: Connection, keys: Sequence[AlertKey], *, lock: bool = False) -> dict[AlertKey, Alert]:
    """The named alerts that exist."""
    found = _read(connection, select(TABLE).where(TABLE.c.key.in_([str(key) for key in keys])), lock)
    return {alert.key: alert for alert in found}


def save_alerts(connection: Connection, changes: Iterable[tuple[Change, Policy]], now: datetime) -> list[Change]:
    """Write changed alerts, which were read under a lock.

    Returns:
        The changes with the alerts' new versions, in their order.

    Raises:
        sqlalchemy.exc.IntegrityError: somebody else raised one of the new alerts meanwhile; nothing is written.
        AlertChangedMeanwhile: somebody else changed one since it was read, as it was read without the lock.
    """
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    saved: list[Change] = []
    for change, policy in changes:
        alert = replace(change.alert, version=change.alert.version + 1)
        row = {
            "key": str(alert.key),
            "team": alert.key.team,
            "month": str(alert.key.month),
            "kind": str(alert.key.kind),
            "step": alert.step,
            "next_at": next_at(alert, policy),
            "version": alert.version,
            "body": _ALERT.dump_python(alert, mode="json"),
            "updated_at": now,
        }
        (new if alert.version == 1 else changed).append(row)
        saved.append(replace(change, alert=alert))
    if new:
        connection.execute(insert(TABLE), new)
    for row in changed:
        as_read = update(TABLE).where(TABLE.c.key == row["key"], TABLE.c.version == row["version"] - 1)
        if connection.execute(as_read.values(**row)).rowcount != 1:
            raise AlertChangedMeanwhile(row["key"])
    return saved


def entries_of(changes: Iterable[Change]) -> list[Entry]:
    """What the audit record says of changes, in their order."""
    return [_entry(change.alert, event) for change in changes for event in change.events]


def is_newest(connection: Connection, month: Month, publication: int, seen_at: datetime) -> bool:
    """Note an evaluation of a month; False, and nothing noted, where one that had read later has been before.

    The note is locked until the transaction ends, so that evaluations of a month follow each other.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    begun = dialect.insert(EVALUATIONS).values(month=str(month), publication=-1, seen_at=seen_at)
    connection.execute(begun.on_conflict_do_nothing(index_elements=["month"]))
    query = select(EVALUATIONS).where(EVALUATIONS.c.month == str(month)).with_for_update()
    known = connection.execute(query).one()
    if (known.publication, known.seen_at) > (publication, seen_at):
        return False
    newer = update(EVALUATIONS).where(EVALUATIONS.c.month == str(month))
    connection.execute(newer.values(publication=publication, seen_at=seen_at))
    return True


def was_evaluated(connection: Connection, month: Month) -> bool:
    """Whether a month's alerts have ever been evaluated."""
    return connection.execute(select(EVALUATIONS.c.month).where(EVALUATIONS.c.month == str(month))).first() is not None


def _read(connection: Connection, query: Select[Any], lock: bool = False) -> list[Alert]:
    # In one order always, so that two transactions never wait for each other.
    rows: Sequence[Row[Any]] = connection.execute(
        query.order_by(TABLE.c.key).with_for_update() if lock else query.order_by(TABLE.c.key)
    ).all()
    return [_ALERT.validate_python(row.body) for row in rows]


def _entry(alert: Alert, event: Event) -> Entry:
    called = {"calls": [_called(each) for each in event.calls], "folded": [_called(each) for each in event.folded]}
    return Entry(
        at=event.at,
        who=event.by or "finops",
        action=f"alert.{event.action}",
        subject=f"alert/{alert.key}",
        team=alert.key.team,
        was=dict(event.was),
        became=dict(event.became) | {name: people for name, people in called.items() if people},
        note=event.note,
        pinged=len(event.calls) if alert.live else 0,
    )


def _called(callee: Any) -> dict[str, str]:
    values = {"role": str(callee.role), "name": callee.name, "id": callee.id, "stands_in_for": callee.stands_in_for}
    return {name: value for name, value in values.items() if value}
