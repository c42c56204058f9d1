"""What happened to an alert, as it is told and recorded: from what to what, and who is pinged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from finops.alert_rungs import is_highest, once, rung_name
from finops.alert_state import Action, Alert, Callee, Change, Event, Setting


def happened(
    alert: Alert,
    action: Action,
    was: Mapping[str, Any],
    setting: Setting,
    now: datetime,
    *,
    by: str = "",
    calls: Iterable[Callee] = (),
    note: str = "",
) -> Change:
    """The alert with one event; whoever is on leave is not called, and nobody once the week's calls are used up.

    Args:
        alert: as it is afterwards.
        was: words() of it before.
    """
    called = once(_stood_in(callee, setting) for callee in once(calls))
    rules = setting.policy.rules
    full = setting.pings >= rules.most_pings and not is_highest(alert, setting.policy)
    if called:
        alert = replace(alert, folded=full)
    if not by and not rules.live:
        # Shadow mode was switched on since it rose: from here on it is only watched.
        alert = replace(alert, live=False)
    became = words(alert, setting, now)
    return Change(alert, (Event(action, now, by, was, became, () if full else called, called if full else (), note),))


def words(alert: Alert, setting: Setting, now: datetime) -> dict[str, Any]:
    """An alert in a few plain words, for the record."""
    reading, step, ladder = alert.reading, abs(alert.step), setting.policy.ladder
    by_chance = 0 < step <= min(len(reading.chances), len(ladder) - 1) and ladder[step].chance is not None
    return {
        "status": str(alert.status(now)),
        "step": alert.step,
        "tier": rung_name(alert.key.kind, alert.step, setting.policy),
        "level": alert.level,
        "amount": f"{reading.amount:f}",
        "budget": None if reading.budget is None else f"{reading.budget:f}",
        **({"chance": f"{reading.chances[step - 1]:f}"} if by_chance else {}),
    }


def _stood_in(callee: Callee, setting: Setting) -> Callee:
    """Who takes a call now; somebody whose stand-in is on leave too is called themselves."""
    other = setting.stand_ins.get(callee.id)
    if not other or other in setting.stand_ins:
        return callee
    return replace(callee, id=other, stands_in_for=callee.id)
