"""A replay in rows: how much policies would have said, and each thing that they would have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from finops.alert import Callee
from finops.money import plain
from finops.policy import Role
from finops.replay import Tally, tally
from finops.replay_course import Said
from views.amounts import money, ratio

SHORT = {"engineering_lead": "lead", "executive_sponsor": "sponsor"}
"""Headings for people, that nine columns may fit a terminal."""
Told = Mapping[str, Sequence[Said]]
"""Team → what it would have been told."""


def count_rows(current: Told, proposed: Told | None, *, shown: bool) -> list[dict[str, Any]]:
    """A row for each team that either policy would have told anything, and one for all of them together.

    Args:
        shown: for people: one column of each thing, '3 → 1' where the policies differ.
    """
    slugs = sorted(slug for slug in {*current, *(proposed or {})} if current.get(slug) or (proposed or {}).get(slug))
    now = {slug: tally(current.get(slug, ())) for slug in slugs}
    then = None if proposed is None else {slug: tally(proposed.get(slug, ())) for slug in slugs}
    rows = [_count_row(slug, now[slug], None if then is None else then[slug], shown) for slug in slugs]
    whole = None if then is None else sum(then.values(), Tally())
    return [*rows, _count_row(None, sum(now.values(), Tally()), whole, shown)]


def said_rows(policies: Mapping[str, Told], form: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Everything said, in order of time.

    Args:
        policies: name → what it would have said.
        zone: whose clock a table is on; JSON and CSV are in UTC.
    """
    found = [(said, name) for name, told in policies.items() for each in told.values() for said in each]
    found.sort(key=lambda pair: (pair[0].at, pair[0].key, pair[1]))
    if form == "table":
        return [_as_shown(name, said, zone, len(policies) > 1) for said, name in found]
    return [_said_row(name, said, form) for said, name in found]


def _count_row(team: str | None, current: Tally, proposed: Tally | None, shown: bool) -> dict[str, Any]:
    now, then = dict(_counts(current)), None if proposed is None else dict(_counts(proposed))
    if shown:
        return {"team": team or "all teams"} | {
            SHORT.get(name, name): f"{count:,}"
            if then is None or then[name] == count
            else f"{count:,} → {then[name]:,}"
            for name, count in now.items()
        }
    row: dict[str, Any] = {"team": team}
    for name, count in now.items():
        row |= {f"{name}_current": count, f"{name}_proposed": None if then is None else then[name]}
    return row


def _counts(tallied: Tally) -> Iterator[tuple[str, int]]:
    yield "alerts", tallied.alerts
    yield "calls", tallied.all_calls
    yield from ((str(role), tallied.calls[role]) for role in Role)
    yield "digest", tallied.folded


def _as_shown(name: str, said: Said, zone: ZoneInfo, compared: bool) -> dict[str, Any]:
    whom = [f"{callee.role} {callee.name}" for callee in said.calls]
    whom += [f"{callee.role} {callee.name} (digest)" for callee in said.folded]
    return ({"policy": name} if compared else {}) | {
        "at": f"{said.at.astimezone(zone):%Y-%m-%d %H:%M}",
        "team": said.key.team,
        "month": str(said.key.month),
        "kind": str(said.key.kind),
        "what": str(said.action),
        "tier": said.tier,
        "amount": money(said.amount, said.key.currency),
        "ratio": ratio(said.ratio),
        "calls": ", ".join(whom) or None,
    }


def _said_row(name: str, said: Said, form: str) -> dict[str, Any]:
    return {
        "policy": name,
        "at": said.at.isoformat(),
        "team": said.key.team,
        "month": str(said.key.month),
        "kind": str(said.key.kind),
        "currency": said.key.currency,
        "what": str(said.action),
        "tier": said.tier,
        "amount": plain(said.amount),
        "budget": None if said.budget is None else plain(said.budget),
        "ratio": None if said.ratio is None else plain(said.ratio),
        "calls": _people(said.calls, form),
        "digest": _people(said.folded, form),
    }


def _people(callees: Sequence[Callee], form: str) -> Any:
    if form == "json":
        return [{"role": str(callee.role), "name": callee.name} for callee in callees]
    return "; ".join(f"{callee.role} {callee.name}" for callee in callees)
