"""Explanations as stored: read for a change under a lock, written with the record of what happened, and searched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Select, and_, func, insert, select, update

from finops.explanation import STANDING, Explanation, ExplanationChange, ExplanationEvent, Stage, VarianceKey
from finops.periods import Month
from storage.audit import Entry
from storage.bulk import upsert
from storage.tables import ExplanationDraftRow, ExplanationRow

TABLE = ExplanationRow.__table__  # type: ignore[attr-defined]
DRAFTS = ExplanationDraftRow.__table__  # type: ignore[attr-defined]
_EXPLANATION = TypeAdapter(Explanation)


class ExplanationChangedMeanwhile(RuntimeError):
    """An explanation was about to be written over what somebody else had made of it: it was read unlocked."""


def find_explanation(
    connection: Connection, key: VarianceKey, number: int, *, lock: bool = False
) -> Explanation | None:
    """One explanation; locked, nobody else changes it until the transaction ends."""
    found = _read(connection, select(TABLE.c.body).where(*_is(key), TABLE.c.number == number), lock)
    return found[0] if found else None


def explanations_of(connection: Connection, key: VarianceKey, *, lock: bool = False) -> list[Explanation]:
    """Every explanation of a team's month, withdrawn ones too, by number."""
    return _read(connection, select(TABLE.c.body).where(*_is(key)), lock)


def explanations_of_month(
    connection: Connection, month: Month, teams: Collection[str] | None = None
) -> dict[VarianceKey, list[Explanation]]:
    """Every explanation of a month, of some teams or of all, by what is explained."""
    query = select(TABLE.c.body).where(TABLE.c.month == str(month))
    if teams is not None:
        query = query.where(TABLE.c.team.in_(list(teams)))
    found: dict[VarianceKey, list[Explanation]] = {}
    for explanation in _read(connection, query):
        found.setdefault(explanation.key, []).append(explanation)
    return found


def explanations_due(connection: Connection, before: date) -> list[Explanation]:
    """Those on which somebody was to act before a day, the longest waiting first."""
    found = _read(connection, select(TABLE.c.body).where(TABLE.c.due < before))
    return sorted(found, key=lambda each: (each.due or before, each.id))


def explanations_in(connection: Connection, stages: Collection[Stage]) -> list[Explanation]:
    """Those in any of some stages, the earliest due first."""
    query = select(TABLE.c.body).where(TABLE.c.stage.in_([str(stage) for stage in stages]))
    return sorted(_read(connection, query), key=lambda each: (each.due or date.max, each.id))


def standing_months(connection: Connection, since: Month) -> list[Month]:
    """Months from one on of which something is explained, the newest first."""
    standing = TABLE.c.stage.in_([str(stage) for stage in STANDING])
    query = select(TABLE.c.month).where(standing, TABLE.c.month >= str(since)).distinct()
    return sorted((Month.parse(month) for month in connection.execute(query).scalars()), reverse=True)


def former_explanations(connection: Connection, team: str, before: Month, most: int) -> list[Explanation]:
    """A team's latest explanations of months before one, the newest month first."""
    query = select(TABLE.c.body).where(TABLE.c.team == team, TABLE.c.month < str(before))
    rows = connection.execute(query.order_by(TABLE.c.month.desc(), TABLE.c.number).limit(most)).scalars()
    return [_EXPLANATION.validate_python(body) for body in rows]


def search_explanations(
    connection: Connection,
    *,
    words: Sequence[str] = (),
    category: str = "",
    team: str = "",
    since: Month | None = None,
    until: Month | None = None,
    most: int | None = None,
) -> list[Explanation]:
    """Explanations that hold all the words, whatever their case, the newest month first.

    Args:
        words: parts of words count too.
        since, until: months, both inside.
    """
    query = select(TABLE.c.body)
    for word in words:
        query = query.where(TABLE.c.words.contains(word.casefold(), autoescape=True))
    if category:
        query = query.where(TABLE.c.category == category)
    if team:
        query = query.where(TABLE.c.team == team)
    if since:
        query = query.where(TABLE.c.month >= str(since))
    if until:
        query = query.where(TABLE.c.month <= str(until))
    query = query.order_by(TABLE.c.month.desc(), TABLE.c.team, TABLE.c.currency, TABLE.c.number)
    if most is not None:
        query = query.limit(most)
    return [_EXPLANATION.validate_python(body) for body in connection.execute(query).scalars()]


def next_number(connection: Connection, key: VarianceKey) -> int:
    """The number of a team's month's next explanation; read in the transaction that writes it."""
    return (connection.execute(select(func.max(TABLE.c.number)).where(*_is(key))).scalar() or 0) + 1


def save_explanation(connection: Connection, change: ExplanationChange, now: datetime) -> ExplanationChange:
    """Write a change; returns it with the explanation's new version.

    Raises:
        ExplanationChangedMeanwhile: it has another version in the database than the change was made from.
        sqlalchemy.exc.IntegrityError: it is new and its number is taken.
    """
    explanation = replace(change.explanation, version=change.explanation.version + 1)
    row = {
        "team": explanation.key.team,
        "month": str(explanation.key.month),
        "currency": explanation.key.currency,
        "number": explanation.number,
        "stage": str(explanation.stage),
        "category": str(explanation.wording.category),
        "due": explanation.due,
        "words": _words(explanation),
        "version": explanation.version,
        "body": _EXPLANATION.dump_python(explanation, mode="json"),
        "updated_at": now,
    }
    if explanation.version == 1:
        connection.execute(insert(TABLE).values(**row))
    else:
        as_read = and_(*_is(explanation.key), TABLE.c.number == explanation.number)
        written = update(TABLE).where(as_read, TABLE.c.version == explanation.version - 1).values(**row)
        if connection.execute(written).rowcount != 1:
            raise ExplanationChangedMeanwhile(explanation.id)
    return replace(change, explanation=explanation)


def explanation_entries(changes: Iterable[ExplanationChange]) -> list[Entry]:
    """What the audit record says of changes, in their order; every wording stands in it whole."""
    return [_entry(change.explanation, event) for change in changes for event in change.events]


def save_draft(
    connection: Connection, user_id: str, key: VarianceKey, number: int, fields: Mapping[str, Any], now: datetime
) -> None:
    """Keep what somebody has typed; the latest counts.

    Args:
        number: of the explanation that is edited, 0 for a new one.
    """
    values = {**_draft(user_id, key, number), "body": dict(fields), "updated_at": now}
    upsert(connection, DRAFTS, values, ("user_id", "team", "month", "currency", "number"))


def find_draft(
    connection: Connection, user_id: str, key: VarianceKey, number: int, *, lock: bool = False
) -> dict[str, Any]:
    """What somebody has typed and not submitted, empty where there is nothing.

    Args:
        lock: keep the same person's other requests from it until the transaction ends, also where there is none yet.
    """
    if lock and connection.dialect.name == "postgresql":
        # SQLite's writers follow each other anyway.
        name = f"draft/{user_id}/{key}/{number}"
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
    where = [DRAFTS.c[name] == value for name, value in _draft(user_id, key, number).items()]
    return dict(connection.execute(select(DRAFTS.c.body).where(*where)).scalar() or {})


def _is(key: VarianceKey) -> tuple[Any, ...]:
    return (TABLE.c.team == key.team, TABLE.c.month == str(key.month), TABLE.c.currency == key.currency)


def _draft(user_id: str, key: VarianceKey, number: int) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "team": key.team,
        "month": str(key.month),
        "currency": key.currency,
        "number": number,
    }


def _read(connection: Connection, query: Select[Any], lock: bool = False) -> list[Explanation]:
    # In one order always, so that two transactions never wait for each other.
    ordered = query.order_by(TABLE.c.team, TABLE.c.month, TABLE.c.currency, TABLE.c.number)
    rows = connection.execute(ordered.with_for_update() if lock else ordered).scalars()
    return [_EXPLANATION.validate_python(body) for body in rows]


def _words(explanation: Explanation) -> str:
    wording = explanation.wording
    return "\n".join((wording.what, wording.why, wording.following)).casefold()


def _entry(explanation: Explanation, event: ExplanationEvent) -> Entry:
    wording = explanation.wording
    became = {
        "stage": str(event.became),
        "amount": f"{wording.amount:f}",
        "category": str(wording.category),
        "stays": wording.stays,
        "what": wording.what,
        "why": wording.why,
        "following": wording.following,
        "variance": f"{(explanation.approved or explanation.explained).value:f}",
    }
    if event.moved:
        became["variance"] = f"{event.moved[1]:f}"
    was = None if event.was is None else {"stage": str(event.was)}
    if was is not None and event.moved:
        was["variance"] = f"{event.moved[0]:f}"
    return Entry(
        at=event.at,
        who=event.by or "finops",
        action=f"explanation.{event.step}",
        subject=f"explanation/{explanation.id}",
        team=explanation.key.team,
        was=was,
        became=became,
        note=event.note,
    )
