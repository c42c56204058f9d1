"""Stored days as a morning in the past would have shown them: what a replay runs on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property

from finops.basis import Basis
from finops.company import Company, Team
from finops.forecast import RHYTHM_DAYS
from finops.periods import DAY, Month
from finops.spend import Coverage, Freshness, freshness_of
from finops.team_month import TeamMonth, assess, rejudged

MORNING = time(8)
"""Local time at which a day's figures are looked at: the day before is delivered, the working day is to begin."""


@dataclass(frozen=True)
class Spent:
    """A team's days in one currency.

    Attributes:
        daily: day → cost, exact; days without charges are absent.
        coverages: of the billing periods that its charges were delivered in.
    """

    daily: Mapping[date, Decimal] = field(default_factory=dict)
    coverages: tuple[Coverage, ...] = ()

    @cached_property
    def _days(self) -> tuple[date, ...]:
        return tuple(sorted(self.daily))

    def between(self, first: date, last: date) -> dict[date, Decimal]:
        """Its days from first to last, both inside."""
        days = self._days[bisect_left(self._days, first) : bisect_left(self._days, last + DAY)]
        return {day: self.daily[day] for day in days}

    def exports(self, first: date, last: date) -> frozenset[str]:
        """The exports that delivered its charges of some days."""
        return frozenset(each.export for each in self.coverages if each.first_day <= last and each.last_day >= first)


@dataclass(frozen=True)
class History:
    """What is stored of some days.

    Attributes:
        basis: of the days.
        coverages: of every billing period, as they are today.
        spent: team → currency → its days.
        budgets: team → month → currency → newest approved amount.
    """

    basis: Basis
    coverages: Collection[Coverage]
    spent: Mapping[str, Mapping[str, Spent]]
    budgets: Mapping[str, Mapping[Month, Mapping[str, Decimal]]]


class Mornings:
    """What every team's figures looked like on each morning, by one company's rules.

    Args:
        history: the stored days.
        company: whose rules for settled days, tiers and materiality hold.
        beside: another company's mornings of the same days, asked for each team before these: what it has worked out
            is only held against this company's ladder, where both have the same rules for figures.
    """

    def __init__(self, history: History, company: Company, beside: Mornings | None = None) -> None:
        self._history, self._company = history, company
        self._then: dict[date, list[Coverage]] = {}
        self._fresh: dict[tuple[frozenset[str], Month, date], Freshness] = {}
        self._kept: dict[tuple[Month, date, str], TeamMonth] = {}
        self._team = ""
        same = beside is not None and beside._history is history and beside._rules == self._rules
        self._beside = beside if same else None

    @property
    def _rules(self) -> tuple[int, str]:
        return self._company.settled_after, self._company.timezone

    def at(self, day: date) -> datetime:
        """When a morning's figures are looked at, UTC."""
        return datetime.combine(day, MORNING, self._company.zone()).astimezone(UTC)

    def freshness(self, spent: Spent, month: Month, day: date) -> Freshness:
        """How far a team's figures of a month reached on a morning: what was delivered through the day before."""
        last = min(month.last, day - DAY)
        exports = spent.exports(month.first - timedelta(days=RHYTHM_DAYS), last)
        key = (exports, month, day)
        if key not in self._fresh:
            settled_after = self._company.settled_after
            self._fresh[key] = freshness_of(exports, self._known(day), month, day, settled_after)
        return self._fresh[key]

    def team_months(self, team: Team, month: Month, day: date) -> Iterator[TeamMonth]:
        """A team's month on a morning, in every currency that it has a budget in: without one no alert rises."""
        if team.slug != self._team:
            self._team, self._kept = team.slug, {}
        ladder, materiality = self._company.ladder, team.materiality or self._company.materiality
        for currency, budget in self._history.budgets.get(team.slug, {}).get(month, {}).items():
            key = (month, day, currency)
            if self._beside and self._beside._team == team.slug and key in self._beside._kept:
                yield rejudged(self._beside._kept[key], ladder, materiality)
                continue
            spent = self._history.spent.get(team.slug, {}).get(currency, NOTHING)
            self._kept[key] = assess(
                team=team.slug,
                month=month,
                basis=self._history.basis,
                currency=currency,
                budget=budget,
                daily=spent.between(month.first - timedelta(days=RHYTHM_DAYS), min(month.last, day - DAY)),
                freshness=self.freshness(spent, month, day),
                as_of=day,
                ladder=ladder,
                materiality=materiality,
            )
            yield self._kept[key]

    def _known(self, day: date) -> list[Coverage]:
        """Every billing period as it was delivered on a morning."""
        if day not in self._then:
            through, now = day - DAY, self.at(day)
            self._then[day] = [
                replace(each, last_day=min(each.last_day, through), confirmed_at=min(each.confirmed_at, now))
                for each in self._history.coverages
                if each.first_day <= through
            ]
        return self._then[day]


NOTHING = Spent()
