"""Budget requests as stored, with the record of what happened to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Select, insert, select, update

from finops.budget_request import BudgetRequest, RequestStage
from finops.money import plain
from storage.audit import Entry
from storage.tables import BudgetRequestRow

TABLE = BudgetRequestRow.__table__  # type: ignore[attr-defined]
_REQUEST = TypeAdapter(BudgetRequest)


class RequestChangedMeanwhile(RuntimeError):
    """A request was about to be written over what somebody else had made of it: it was read unlocked."""


def find_request(connection: Connection, number: int, *, lock: bool = False) -> BudgetRequest | None:
    """A request by its number; locked, nobody else changes it until the transaction ends."""
    query = select(TABLE.c.id, TABLE.c.body).where(TABLE.c.id == number)
    found = _read(connection, query.with_for_update() if lock else query)
    return found[0] if found else None


def requests_in(
    connection: Connection, *, team: str | None = None, stages: Collection[RequestStage] = ()
) -> list[BudgetRequest]:
    """Requests, the oldest first.

    Args:
        stages: any of them; empty for every stage.
    """
    query = select(TABLE.c.id, TABLE.c.body).order_by(TABLE.c.id)
    if team is not None:
        query = query.where(TABLE.c.team == team)
    if stages:
        query = query.where(TABLE.c.status.in_([str(stage) for stage in stages]))
    return _read(connection, query)


def save_request(connection: Connection, request: BudgetRequest, now: datetime) -> BudgetRequest:
    """Write a request; returns it with its number and new version.

    Raises:
        RequestChangedMeanwhile: it has another version in the database than it was read with.
    """
    request = replace(request, version=request.version + 1)
    row = {
        "team": request.team,
        "status": str(request.stage),
        "version": request.version,
        "body": _REQUEST.dump_python(request, mode="json"),
        "updated_at": now,
    }
    if not request.number:
        key = connection.execute(insert(TABLE).values(**row)).inserted_primary_key
        return replace(request, number=int(key[0]))  # type: ignore[index]  # one row was inserted
    as_read = update(TABLE).where(TABLE.c.id == request.number, TABLE.c.version == request.version - 1)
    if connection.execute(as_read.values(**row)).rowcount != 1:
        raise RequestChangedMeanwhile(str(request.number))
    return request


def request_entry(request: BudgetRequest, was: BudgetRequest | None, now: datetime) -> Entry:
    """What the audit record says of a request that was made or answered."""
    return Entry(
        at=now,
        who=request.answered_by or request.asked_by,
        action=f"budget_request.{request.stage}",
        subject=f"budget-request/{request.number}",
        team=request.team,
        was=None if was is None else _recorded(was),
        became=_recorded(request),
        note=request.why if request.waits else request.reason,
    )


def reminder_entry(request: BudgetRequest, called: Sequence[str], now: datetime) -> Entry:
    """What the audit record says where those who may decide are reminded.

    Args:
        called: Slack ids of the people and groups.
    """
    # Not as `pinged`: what is not yet decided uses up none of the calls that a team's alerts have in a week.
    became = _recorded(request) | {"called": list(called)}
    subject = f"budget-request/{request.number}"
    return Entry(now, "finops", "budget_request.overdue", subject, request.team, became=became, note=request.why)


def _recorded(request: BudgetRequest) -> dict[str, Any]:
    former = {str(each.month): None if each.former is None else plain(each.former) for each in request.changes}
    return {
        "status": str(request.stage),
        "amount": plain(request.amount),
        "currency": request.currency,
        "former": former,
        "until": str(request.until) if request.until else None,
        "due": str(request.due) if request.due else None,
    }


def _read(connection: Connection, query: Select[Any]) -> list[BudgetRequest]:
    return [replace(_REQUEST.validate_python(row.body), number=row.id) for row in connection.execute(query)]
