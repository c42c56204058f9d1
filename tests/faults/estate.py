"""Fifty made-up teams, and the bills of their week: every reading of it stands where the plan puts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from finops.budget import Budget
from finops.company import Company, Team
from finops.periods import Month
from finops.policy import AlertRules, Role
from storage.budgets import record_budgets
from storage.ledger.rollup import Extent
from storage.ledger.versions import Version
from storage.publish import IngestRun, publish_period, record_run
from storage.state import State

TEAMS = 50
EXPORT = "aws"
BUDGET = Decimal(31_000)
"""Every team's, each month."""
OWNERS, LEADS, OTHERS = 25, 10, ("fay", "finn", "fred", "gil", "gwen", "sam", "zoe")
CENT = Decimal("0.01")


def people() -> list[dict[str, str]]:
    """Everybody in the workspace."""
    names = [*(f"owner{n:02}" for n in range(OWNERS)), *(f"lead{n:02}" for n in range(LEADS)), *OTHERS]
    return [{"name": name, "real_name": name.title(), "email": f"{name}@example.com"} for name in names]


def channels() -> dict[str, list[str]]:
    """Channel → who is in it: everybody, so that everybody may answer everywhere."""
    everybody = [person["name"] for person in people()]
    own = [team.channel.removeprefix("#") for team in teams() if team.channel]
    return {name: everybody for name in ("cost-alerts", *own)}


def teams() -> tuple[Team, ...]:
    """Two teams to an owner and five to a lead; every tenth team has no channel of its own."""
    return tuple(
        Team(
            slug=f"team{number:02}",
            name=f"Team {number:02}",
            channel="" if number % 10 == 9 else f"#cost-team{number:02}",
            owners=(f"owner{number % OWNERS:02}@example.com",),
            engineering_lead=f"lead{number % LEADS:02}@example.com",
        )
        for number in range(TEAMS)
    )


def company(zone: str, schedules: Mapping[str, str], rules: AlertRules) -> Company:
    """The company of all seeds, in a zone and by rules of the seed's own."""
    return Company(
        name="Example",
        timezone=zone,
        settled_after=1,
        teams=teams(),
        roles={
            Role.FINOPS: ("@finops",),
            Role.FINANCE: ("gil@example.com", "gwen@example.com"),
            Role.EXECUTIVE_SPONSOR: ("sam@example.com",),
        },
        schedules=dict(schedules),
        alerts=rules,
    )


class _Rollup:
    """What publish_period asks of a rollup, for a month in which each team spends the same every day."""

    def __init__(self, daily: Mapping[str, Decimal], first: date, last: date, *, scaled: bool) -> None:
        self.teams = {slug: slug for slug in daily}
        self._daily, self._first, self._last, self._scaled = daily, first, last, scaled
        self._days = [first + timedelta(days=number) for number in range((last - first).days + 1)]

    def extent(self) -> Extent:
        return Extent(len(self._days) * len(self._daily), self._first, self._last)

    def daily(self, period: int, _amount: object) -> Iterator[list[tuple[Any, ...]]]:
        spelled = {slug: self._spelled(cost) for slug, cost in sorted(self._daily.items())}
        rows = [
            (str(day), slug, "AWS", "Compute", "Usage", "USD", period, 1, cost, cost)
            for day in self._days
            for slug, cost in spelled.items()
        ]
        yield list(zip(*rows, strict=True))

    def monthly(self, _period: int, _amount: object) -> Iterator[list[tuple[Any, ...]]]:
        return iter(())

    def _spelled(self, cost: Decimal) -> str:
        """As an Amount column is written; see storage.bulk.amount_sql."""
        text = f"{cost:.18f}"
        return text.replace(".", "").lstrip("0") or "0" if self._scaled else text


def publish(
    state: State, month: Month, through: date, ratios: Mapping[str, Decimal], number: int, now: datetime
) -> None:
    """Deliver a month's bill through a day; each team is then heading for so much of its budget.

    Args:
        ratios: team → forecast as a share of the budget.
        number: of the delivery, counted from 1.
    """
    days = Decimal((month.last - month.first).days + 1)
    daily = {slug: (BUDGET * ratio / days).quantize(CENT) for slug, ratio in ratios.items()}
    with state.writing() as connection:
        run = record_run(connection, IngestRun(EXPORT, "bill.csv", "published", now, now, rows=1))
        rollup: Any = _Rollup(daily, month.first, through, scaled=connection.dialect.name == "sqlite")
        version = Version(EXPORT, str(month), number, now.isoformat(), (), Path)
        publish_period(connection, version, rollup, fingerprint="", run=run, changed=())


def give_budgets(connection: Connection, months: list[Month], now: datetime) -> None:
    """Every team's budget of some months."""
    budgets = [Budget(team.slug, month, BUDGET, "USD") for team in teams() for month in months]
    record_budgets(connection, budgets, source="budgets.csv", by="test", now=now)
