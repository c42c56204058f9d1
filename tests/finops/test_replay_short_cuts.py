"""What a replay leaves out for speed changes nothing of what it says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from finops.alert import Action, Alert, AlertKey, Change, Setting, Status, acknowledge, next_at, tick
from finops.company import Company
from finops.evaluation import decide, readings
from finops.history import History, Mornings
from finops.periods import Month
from finops.policy import LADDER, AlertRules, Kind, Materiality, Policy
from finops.policy_check import named_callees
from finops.replay import Replay
from tests.finops.made_up_days import AUGUST, COMPANY, NOVEMBER, NOW, PAYMENTS, SEPTEMBER, months, random_history, run


def random_company(seed: int) -> Company:
    random = Random(seed)
    rules = AlertRules(
        most_pings=random.choice((0, 2, 7, 100)),
        holds=random.randint(1, 6),
        realert_after=timedelta(hours=random.choice((0, 24, 72))),
        close_on=random.randint(1, 8),
        kinds=random.choice((tuple(Kind), (Kind.FORECAST, Kind.THRESHOLD), (Kind.CLOSED,))),
    )
    return replace(COMPANY, alerts=rules, materiality=Materiality(Decimal(random.choice((0, 150)))))


class EveryReading:
    """The same course without any short cut: every month is read and every alert is evaluated on every morning."""

    def __init__(self, company: Company, silent: bool) -> None:
        self.company, self.silent = company, silent
        self.policy: Policy = company.policy(PAYMENTS)
        self.alerts: dict[AlertKey, Alert] = {}
        self.pings: Counter[tuple[int, int]] = Counter()
        self.said: list[tuple[datetime, AlertKey, Action, Decimal, int, int]] = []
        self.now = NOW

    def week(self) -> tuple[int, int]:
        """The ISO week of the company's day."""
        year, number, _ = self.company.today(self.now).isocalendar()
        return year, number

    def setting(self, slug: str, *, beside: bool = False) -> Setting:
        """What an alert is judged by."""
        return Setting(self.policy, named_callees(self.company, PAYMENTS), pings=self.pings[self.week()], beside=beside)

    def count(self, change: Change) -> Change:
        """Count the week's calls."""
        self.pings[self.week()] += sum(bool(event.calls) for event in change.events)
        return change

    def take(self, change: Change) -> None:
        """Note what was said, and answer it."""
        alert = change.alert
        for event in change.events:
            amount = alert.reading.amount
            self.said.append((event.at, alert.key, event.action, amount, len(event.calls), len(event.folded)))
        called = [event.calls[0].id for event in change.events if event.calls]
        if called and not self.silent and alert.status(self.now) is Status.OPEN:
            alert = acknowledge(alert, called[0], "test", self.setting(""), self.now).alert
        self.alerts[alert.key] = alert

    def run(self, stored: History, first: Month, last: Month) -> None:
        """Every morning of some months."""
        mornings = Mornings(stored, self.company)
        for month in months(first, last):
            for day in month.days():
                self.wait_until(mornings.at(day))
                self.now = mornings.at(day)
                for each in (month, month.previous, month.previous.previous):
                    if each >= first:
                        found = readings(mornings.team_months(PAYMENTS, each, day), self.company, 0, self.now)
                        for change in decide(found, self.alerts, self, self.now):
                            self.take(change)
        self.wait_until(datetime.combine(last.next.first, datetime.min.time(), self.company.zone()))

    def wait_until(self, now: datetime) -> None:
        """Let time pass."""
        while True:
            waiting = [(at, key) for key, alert in self.alerts.items() if (at := next_at(alert, self.policy))]
            if not waiting or min(waiting)[0] > now:
                return
            self.now, key = min(waiting)
            self.take(self.count(tick(self.alerts[key], self.setting(""), self.now)))


@pytest.mark.parametrize("seed", range(25))
def test_short_cuts_change_nothing(seed: int) -> None:
    """A replay says what the machine says that reads every month and evaluates every alert on every morning."""
    stored, company, silent = random_history(seed), random_company(seed), seed % 2 == 0
    whole = EveryReading(company, silent)
    whole.run(stored, AUGUST, NOVEMBER)
    said = run(stored, SEPTEMBER, NOVEMBER, company, silent=silent)
    begins = datetime(2026, 8, 31, 22, tzinfo=UTC)
    assert [(each.at, each.key, each.action, each.amount, len(each.calls), len(each.folded)) for each in said] == [
        each for each in whole.said if each[0] >= begins
    ]
    assert said


def test_another_policy_beside_is_worked_out_the_same() -> None:
    """Figures worked out for one policy are only held against the other's ladder, and say what its own would."""
    other = replace(
        COMPANY,
        ladder=(LADDER[0], replace(LADDER[1], above=Decimal("0.3"))),
        materiality=Materiality(Decimal(500)),
        teams=(replace(PAYMENTS, materiality=Materiality(ratio=Decimal("0.01"))),),
    )
    for company in (other, replace(other, settled_after=7), replace(other, timezone="Asia/Tokyo")):
        for seed in range(5):
            stored = random_history(seed)
            first = Mornings(stored, COMPANY)
            beside = Mornings(stored, company, first)
            alone = run(stored, SEPTEMBER, NOVEMBER, company)
            Replay(COMPANY, first, SEPTEMBER, NOVEMBER, NOW).team(PAYMENTS)
            assert Replay(company, beside, SEPTEMBER, NOVEMBER, NOW).team(company.teams[0]) == alone
