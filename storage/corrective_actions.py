"""Corrective actions as stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Select, insert, select, update

from finops.corrective_action import ActionChange, ActionEvent, ActionStage, CorrectiveAction
from finops.explanation import VarianceKey
from finops.money import plain
from finops.periods import Month
from finops.policy import Kind
from storage.audit import Entry
from storage.deliveries import find
from storage.tables import CorrectiveActionRow

TABLE = CorrectiveActionRow.__table__  # type: ignore[attr-defined]
_ACTION = TypeAdapter(CorrectiveAction)


class ActionChangedMeanwhile(RuntimeError):
    """A corrective action was about to be written over what somebody else had made of it: it was read unlocked."""


def find_action(connection: Connection, number: int, *, lock: bool = False) -> CorrectiveAction | None:
    """One corrective action; locked, nobody else changes it until the transaction ends."""
    found = _read(connection, select(TABLE.c.id, TABLE.c.body).where(TABLE.c.id == number), lock)
    return found[0] if found else None


def actions_of(connection: Connection, key: VarianceKey) -> list[CorrectiveAction]:
    """Every corrective action of a team's month."""
    query = _all().where(TABLE.c.team == key.team, TABLE.c.month == str(key.month), TABLE.c.currency == key.currency)
    return _read(connection, query)


def actions_in(
    connection: Connection,
    *,
    stages: Collection[ActionStage] = (),
    team: str = "",
    owner: str = "",
    month: Month | None = None,
    due_before: date | None = None,
) -> list[CorrectiveAction]:
    """Corrective actions, the earliest due first.

    Args:
        stages: any of them; empty for every stage.
        due_before: due before this day.
    """
    query = _all()
    if stages:
        query = query.where(TABLE.c.stage.in_([str(stage) for stage in stages]))
    if team:
        query = query.where(TABLE.c.team == team)
    if owner:
        query = query.where(TABLE.c.owner == owner)
    if month:
        query = query.where(TABLE.c.month == str(month))
    if due_before:
        query = query.where(TABLE.c.due < due_before)
    return sorted(_read(connection, query), key=lambda action: (action.due, action.number))


def save_action(connection: Connection, action: CorrectiveAction, now: datetime) -> CorrectiveAction:
    """Write a corrective action; returns it with its number and new version.

    Raises:
        ActionChangedMeanwhile: it has another version in the database than it was read with.
    """
    action = replace(action, version=action.version + 1)
    row = {
        "team": action.key.team,
        "month": str(action.key.month),
        "currency": action.key.currency,
        "explanation": action.explanation,
        "owner": action.owner,
        "stage": str(action.stage),
        "due": action.due,
        "version": action.version,
        "body": _ACTION.dump_python(action, mode="json"),
        "updated_at": now,
    }
    if not action.number:
        key = connection.execute(insert(TABLE).values(**row)).inserted_primary_key
        return replace(action, number=int(key[0]))  # type: ignore[index]  # one row was inserted
    as_read = update(TABLE).where(TABLE.c.id == action.number, TABLE.c.version == action.version - 1)
    if connection.execute(as_read.values(**row)).rowcount != 1:
        raise ActionChangedMeanwhile(str(action.number))
    return action


def save_change(connection: Connection, change: ActionChange, now: datetime) -> ActionChange:
    """Write a change; returns it with the action's number and new version. Raises as save_action does."""
    return replace(change, action=save_action(connection, change.action, now))


def thread_of(connection: Connection, action: CorrectiveAction, channel: str) -> tuple[str, str]:
    """Where notes on an action go, and the key of the message whose thread they stand in; both may be empty.

    That is its explanation's message, else the alert of the closed month, else the one of its forecast, else the
    channel itself.

    Args:
        channel: the team's, empty where it has none.
    """
    key = action.key
    wanted = [f"explanation/{key}/{action.explanation}"] if action.explanation else []
    wanted += [f"alert/{key.team}/{key.month}/{kind}/{key.currency}" for kind in (Kind.CLOSED, Kind.FORECAST)]
    for each in wanted:
        found = find(connection, each)
        # What was never sent, and may never be, is no thread.
        if found and found.ts:
            parent = found.thread_of or each
            return found.channel or found.destination, parent
    return channel, ""


def action_entries(changes: Iterable[ActionChange]) -> list[Entry]:
    """What the audit record says of stored changes, in their order."""
    return [_entry(change.action, event) for change in changes for event in change.events]


def _entry(action: CorrectiveAction, event: ActionEvent) -> Entry:
    became: dict[str, Any] = {
        "stage": str(event.became),
        "text": action.text,
        "owner": action.owner,
        "due": str(action.due),
        "promised": None if action.promised is None else plain(action.promised),
        "target": {name: value for name, value in asdict(action.target).items() if value},
        "explanation": f"{action.key}/{action.explanation}" if action.explanation else None,
        "done_on": None if action.done_on is None else str(action.done_on),
    }
    if saving := action.measured:
        became["measured"] = {
            "monthly": plain(saving.monthly),
            "low": plain(saving.low),
            "high": plain(saving.high),
            "before": f"{saving.before_from}/{saving.before_through}",
            "after": f"{saving.after_from}/{saving.after_through}",
            "publication": saving.publication,
        }
    if event.calls:
        # Not as `pinged`: what is not yet done uses up none of the calls that a team's alerts have in a week.
        became["called"] = list(event.calls)
    return Entry(
        at=event.at,
        who=event.by or "finops",
        action=f"action.{event.step}",
        subject=f"action/{action.number}",
        team=action.key.team,
        was=None if event.was is None else {"stage": str(event.was)},
        became=became,
        note=event.note,
    )


def _all() -> Select[Any]:
    return select(TABLE.c.id, TABLE.c.body)


def _read(connection: Connection, query: Select[Any], lock: bool = False) -> list[CorrectiveAction]:
    rows = connection.execute(query.order_by(TABLE.c.id).with_for_update() if lock else query.order_by(TABLE.c.id))
    return [replace(_ACTION.validate_python(row.body), number=row.id) for row in rows]
