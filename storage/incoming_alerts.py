"""Alerts of AWS as stored: each once, whatever way and however often it came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from finops.alert import AlertKey
from finops.incoming_alert import IncomingAlert, Origin, Received
from storage.plain_json import plain
from storage.tables import IncomingAlertRow

TABLE = IncomingAlertRow.__table__  # type: ignore[attr-defined]
_ALERT = TypeAdapter(IncomingAlert)


def record(connection: Connection, received: Received) -> bool:
    """Write an incoming alert that nobody has recorded before; False, and nothing written, where somebody has."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(TABLE).values(
        origin=str(received.alert.origin),
        id=received.alert.id,
        team=received.team,
        month=str(received.alert.month),
        currency=received.currency,
        told_in=received.told_in,
        body=_body(received.alert),
        received_at=received.received_at,
    )
    new = row.on_conflict_do_nothing(index_elements=["origin", "id"]).returning(TABLE.c.id)
    return connection.execute(new).first() is not None


def find_received(connection: Connection, alert: IncomingAlert, *, lock: bool = False) -> Received | None:
    """What is on record of an incoming alert.

    Args:
        lock: keep others from changing it until the transaction ends; needs a writing one.
    """
    query = select(TABLE).where(TABLE.c.origin == str(alert.origin), TABLE.c.id == alert.id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _received(row)


def rewrite(connection: Connection, received: Received) -> None:
    """Write what an alert says now; whose it is and where it is told stay."""
    own = update(TABLE).where(TABLE.c.origin == str(received.alert.origin), TABLE.c.id == received.alert.id)
    connection.execute(own.values(body=_body(received.alert)))


def received_beside(connection: Connection, keys: Collection[AlertKey]) -> dict[AlertKey, tuple[Received, ...]]:
    """What AWS said of the team, month and currency of each of some alerts of ours, the newest first."""
    if not keys:
        return {}
    of = (TABLE.c.month.in_({str(key.month) for key in keys}), TABLE.c.team.in_({key.team for key in keys}))
    found: dict[tuple[str, str, str], list[Received]] = defaultdict(list)
    for row in connection.execute(select(TABLE).where(*of).order_by(TABLE.c.received_at.desc(), TABLE.c.id)):
        found[row.team, row.month, row.currency].append(_received(row))
    return {key: tuple(found.get((key.team, str(key.month), key.currency), ())) for key in keys}


def received_anomalies(connection: Connection, teams: Collection[str], since: datetime) -> dict[str, list[Received]]:
    """Team → what AWS Cost Anomaly Detection said of its cost since a moment, the oldest first."""
    found: dict[str, list[Received]] = defaultdict(list)
    query = select(TABLE).where(
        TABLE.c.origin == str(Origin.ANOMALY_DETECTION), TABLE.c.team.in_(list(teams)), TABLE.c.received_at >= since
    )
    for row in connection.execute(query.order_by(TABLE.c.received_at, TABLE.c.id)):
        found[row.team].append(_received(row))
    return found


def _body(alert: IncomingAlert) -> Any:
    # What AWS sends may hold what a database does not.
    return plain(_ALERT.dump_python(alert, mode="json"))


def _received(row: Row[Any]) -> Received:
    return Received(_ALERT.validate_python(row.body), row.team, row.currency, row.received_at, row.told_in)
