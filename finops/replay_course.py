"""The course of one team's alerts in a replay: figures move them, time does, and whoever is called answers or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from finops.alert import (
    Action,
    Alert,
    AlertKey,
    Callee,
    Change,
    Event,
    Reading,
    Setting,
    Status,
    acknowledge,
    evaluate,
    next_at,
    stands_on,
    tick,
)
from finops.company import Company, Team
from finops.evaluation import Read, decide
from finops.policy import Kind, Policy, Role
from finops.policy_check import named_callees


@dataclass(frozen=True, slots=True)
class Said:
    """Something that a policy would have said.

    Attributes:
        tier: the rung it is on by then, in words; of an alert that ended with its month, the last it was on.
        amount: what was judged, in the key's currency.
        calls: who would have been pinged.
        folded: who would have been, had the week's calls not been used up.
    """

    at: datetime
    key: AlertKey
    action: Action
    tier: str
    amount: Decimal
    budget: Decimal | None
    ratio: Decimal | None
    calls: tuple[Callee, ...]
    folded: tuple[Callee, ...]


class Course:
    """One team's alerts as they go.

    Attributes:
        said: everything so far, in order; the answers given are no part of it.

    Args:
        silent: nobody ever answers; else whoever is called first acknowledges at once.
    """

    def __init__(self, company: Company, team: Team, *, silent: bool) -> None:
        self._company, self._silent = company, silent
        self._policy: Policy = company.policy(team)
        self._callees: Mapping[Role, tuple[Callee, ...]] = named_callees(company, team)
        self._alerts: dict[AlertKey, Alert] = {}
        self._next: dict[AlertKey, datetime] = {}
        self._latest: dict[AlertKey, Reading] = {}
        self._week: tuple[int, int] = (0, 0)
        self._pings = 0
        self.said: list[Said] = []

    def evaluate(self, found: Iterable[Read], now: datetime) -> None:
        """Bring the alerts to what was read."""
        moving = [read for read in found if not self._stays(*read)]
        if moving:
            self._turn_week(now)
            for key in list(self._latest):
                self._alerts[key] = self._up_to_date(key)
            for change in decide(moving, self._alerts, self, now):
                self._take(change, now)

    def wait_until(self, now: datetime) -> None:
        """Let time pass: whatever falls due on the way happens at its own moment."""
        while self._next:
            key, due = min(self._next.items(), key=lambda each: (each[1], each[0]))
            if due > now:
                return
            self._turn_week(due)
            before = self._up_to_date(key)
            change = self.count(tick(before, self.setting(key.team), due))
            if change.alert == before:
                raise AssertionError(f"{key}: nothing happened at {due}, when something should have")
            self._take(change, due)

    def setting(self, slug: str, *, beside: bool = False) -> Setting:
        """What an alert is judged by now."""
        return Setting(self._policy, self._callees, pings=self._pings, beside=beside)

    def count(self, change: Change) -> Change:
        """Count a change's calls for the week."""
        self._pings += sum(bool(event.calls) for event in change.events)
        return change

    def _stays(self, key: AlertKey, reading: Reading) -> bool:
        """Whether a reading leaves an alert on its rung; it is kept for when the alert next says something.

        Most do, and nothing but the alert's reading would change by them. The end of a month always is news.
        """
        known = self._alerts.get(key)
        step = known.step if known else 0
        if key.kind is Kind.CLOSED or step != stands_on(reading, step, self._policy):
            self._latest.pop(key, None)
            return False
        if known:
            self._latest[key] = reading
        return True

    def _up_to_date(self, key: AlertKey) -> Alert:
        """An alert by its newest reading, which leaves it on its rung."""
        alert, reading = self._alerts[key], self._latest.pop(key, None)
        change = reading and evaluate(alert, key, reading, self.setting(key.team), reading.seen_at)
        return change.alert if change else alert

    def _turn_week(self, now: datetime) -> None:
        """The week's calls begin anew on the company's Monday."""
        year, week, _ = self._company.today(now).isocalendar()
        if (year, week) != self._week:
            self._week, self._pings = (year, week), 0

    def _take(self, change: Change, now: datetime) -> None:
        alert = change.alert
        self.said += [self._said(alert, event) for event in change.events]
        called = next((event.calls[0] for event in change.events if event.calls), None)
        if called and not self._silent and alert.status(now) is Status.OPEN:
            alert = acknowledge(alert, called.id or called.name, "replay", self.setting(alert.key.team), now).alert
        self._alerts[alert.key] = alert
        due = next_at(alert, self._policy)
        if due is None:
            self._next.pop(alert.key, None)
        else:
            self._next[alert.key] = due

    def _said(self, alert: Alert, event: Event) -> Said:
        reading, ended = alert.reading, event.action is Action.CONCLUDED
        return Said(
            at=event.at,
            key=alert.key,
            action=event.action,
            tier=(event.was if ended else event.became)["tier"],
            amount=reading.amount,
            budget=reading.budget,
            ratio=reading.ratio,
            calls=event.calls,
            folded=event.folded,
        )
