"""From figures to alerts: which readings a team's month gives on a day, and what becomes of its alerts by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from finops.alert import Alert, AlertKey, Change, Reading, Setting, conclude, evaluate
from finops.chance import chances
from finops.company import Company
from finops.money import EXACT
from finops.periods import Month
from finops.policy import Kind
from finops.team_month import TeamMonth

Read = tuple[AlertKey, Reading]
CLOSED = "the month is closed"
CLOSED_OVER = "the month is closed; its final actual has an alert of its own"
NO_BUDGET = "there is no approved budget any more"
SWITCHED_OFF = "alerts of this kind are switched off"


class Judge(Protocol):
    """What alerts are judged by, and the count of the calls made."""

    def setting(self, slug: str, *, beside: bool = False) -> Setting:
        """What an alert of a team is judged by now."""

    def count(self, change: Change) -> Change:
        """Count a change's calls, so that the next alert of the team knows of them; returns the change."""


def readings(months: Iterable[TeamMonth], company: Company, publication: int, now: datetime) -> Iterator[Read]:
    """The readings of team months, forecasts before thresholds; a month without data has none.

    A kind that is switched off reads as nothing wrong, so that what it raised before ends.

    Args:
        publication: the newest that the months know of.
        now: when they were read.
    """
    for month in months:
        if month.actual is None:
            continue
        over, through, reading = month.over, month.data_through, month.reading
        for kind in _kinds(month, over, company):
            wanted = kind in company.alerts.kinds
            step = _step(month, kind, over, company) if wanted else 0
            if step is None:
                continue
            yield (
                AlertKey(month.team, month.month, kind, month.currency),
                Reading(
                    publication=publication,
                    seen_at=now,
                    step=step,
                    amount=month.actual if kind is Kind.THRESHOLD or reading is None else reading,
                    is_forecast=kind is not Kind.THRESHOLD and month.forecast is not None and not over,
                    actual=month.actual,
                    budget=month.budget,
                    ratio=month.variance_ratio if kind is Kind.THRESHOLD else month.reading_ratio,
                    basis=month.basis,
                    data_through=through,
                    why=SWITCHED_OFF if not wanted else NO_BUDGET if month.budget is None else "",
                    chances=_chances(month, kind, company) if wanted else (),
                ),
            )


def decide(found: Iterable[Read], known: Mapping[AlertKey, Alert], judge: Judge, now: datetime) -> list[Change]:
    """What becomes of every alert; a threshold is looked at after the forecast that it would stand beside."""
    changes: dict[AlertKey, Change] = {}
    for key, reading in found:
        if reading.step or key in known:
            forecast = AlertKey(key.team, key.month, Kind.FORECAST, key.currency)
            beside = key.kind is Kind.THRESHOLD and _speaks_for(forecast, reading, changes, known)
            setting = judge.setting(key.team, beside=beside)
            if change := evaluate(known.get(key), key, reading, setting, now):
                changes[key] = judge.count(change)
        if key.kind is Kind.CLOSED:
            # Whatever the final actual is: nothing of the running month is left to be done.
            for kind in (Kind.FORECAST, Kind.THRESHOLD):
                former = replace(key, kind=kind)
                if former in known and not known[former].concluded:
                    why = CLOSED_OVER if reading.step else CLOSED
                    changes[former] = conclude(known[former], why, judge.setting(key.team), now)
    return [change for key, change in changes.items() if change.alert != known.get(key)]


def closes_on(company: Company, month: Month) -> date:
    """The day from which on a month's final actual is judged, by the company's calendar."""
    return company.calendar.nth_working_day(month.next, company.alerts.close_on)


def _speaks_for(
    key: AlertKey, threshold: Reading, changes: Mapping[AlertKey, Change], known: Mapping[AlertKey, Alert]
) -> bool:
    """Whether a forecast's alert calls for a threshold too: one of an underspend does until the budget is spent."""
    alert = changes[key].alert if key in changes else known.get(key)
    if alert is None or alert.step == 0:
        return False
    return alert.step > 0 or threshold.ratio is None or threshold.ratio <= 0


def _kinds(month: TeamMonth, over: bool, company: Company) -> tuple[Kind, ...]:
    """The kinds a month is read for: the forecast and the thresholds until it is closed, then its final actual."""
    closed = over and not month.partial and month.as_of >= closes_on(company, month.month)
    return (Kind.CLOSED,) if closed else (Kind.FORECAST, Kind.THRESHOLD)


def _step(month: TeamMonth, kind: Kind, over: bool, company: Company) -> int | None:
    """The rung that a month stands on; None where nothing can be said yet."""
    if kind is Kind.THRESHOLD:
        return _passed(month, company)
    if month.budget is None:
        return 0
    variance = month.reading_variance
    if month.tier is None or variance is None or (over and month.partial):
        # Days that are missing at the end of a month were not free.
        return None
    step = company.ladder.index(month.tier)
    return -step if variance < 0 else step


def _chances(month: TeamMonth, kind: Kind, company: Company) -> tuple[Decimal, ...]:
    """Of each step, the chance of ending beyond it; empty for what is no forecast, and for what is not material: no
    chance holds that on a step.
    """
    variance = month.reading_variance
    if kind is not Kind.FORECAST or month.forecast is None or month.budget is None or variance is None or month.over:
        return ()
    team = company.listed.get(month.team)
    materiality = (team.materiality if team else None) or company.materiality
    if not materiality.reached(variance, month.reading_ratio):
        return ()
    return chances(month.forecast, month.budget, company.ladder)


def _passed(month: TeamMonth, company: Company) -> int:
    """How many thresholds the actual has passed."""
    if not month.budget or month.actual is None:
        return 0
    edges = (EXACT.multiply(threshold.above, month.budget) for threshold in company.alerts.thresholds)
    return sum(month.actual > edge for edge in edges)
