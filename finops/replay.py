"""A policy run over stored days, morning by morning, through the machine that moves the alerts themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time

from finops.alert import Action
from finops.company import Company, Team
from finops.evaluation import closes_on, readings
from finops.history import Mornings
from finops.periods import Month
from finops.policy import Role
from finops.replay_course import Course, Said


@dataclass(frozen=True)
class Tally:
    """How much a policy would have said.

    Attributes:
        alerts: that rose.
        calls: role → calls of a person or user group.
        folded: calls that the week's digest would have held.
    """

    alerts: int = 0
    calls: Mapping[Role, int] = field(default_factory=lambda: dict.fromkeys(Role, 0))
    folded: int = 0

    @property
    def all_calls(self) -> int:
        """Calls of all roles together."""
        return sum(self.calls.values())

    def __add__(self, other: Tally) -> Tally:
        calls = {role: self.calls[role] + other.calls[role] for role in Role}
        return Tally(self.alerts + other.alerts, calls, self.folded + other.folded)


def tally(said: Iterable[Said]) -> Tally:
    """Count what one team was told."""
    found = list(said)
    raised = {each.key for each in found if each.action is Action.RAISED}
    calls = Counter(callee.role for each in found for callee in each.calls)
    return Tally(len(raised), {role: calls[role] for role in Role}, sum(len(each.folded) for each in found))


class Replay:
    """One policy over some months.

    Shadow mode counts as live. The month before the first is run too and not listed, so that the first begins with the
    alerts and the answers of that moment.

    Args:
        company: the policy, and the roles.
        mornings: the figures, by that company's rules.
        first, last: months, both inside.
        now: nothing later is run.
        silent: nobody ever answers; else whoever is called first acknowledges at once.
    """

    def __init__(
        self, company: Company, mornings: Mornings, first: Month, last: Month, now: datetime, *, silent: bool = False
    ) -> None:
        self._company = replace(company, alerts=replace(company.alerts, live=True))
        self._mornings, self._silent = mornings, silent
        self._begins = self._midnight(first.first)
        self._ends = min(self._midnight(last.next.first), now)
        oldest = first.previous
        self._looks = [
            (at, day, list(self._looked_at(day, oldest)))
            for month in _months(oldest, last)
            for day in month.days()
            if (at := mornings.at(day)) <= self._ends
        ]

    def team(self, team: Team) -> list[Said]:
        """What one team would have been told, in order."""
        course = Course(self._company, team, silent=self._silent)
        for now, day, months in self._looks:
            course.wait_until(now)
            for month in months:
                found = self._mornings.team_months(team, month, day)
                course.evaluate(readings(found, self._company, 0, now), now)
        course.wait_until(self._ends)
        return [each for each in course.said if self._begins <= each.at < self._ends]

    def _looked_at(self, day: date, oldest: Month) -> Iterator[Month]:
        """The months whose figures may say something new on a morning, in the order in which they are evaluated.

        Stored days do not change any more: once over, a month is news when it ends and when it is closed.
        """
        month = Month.of(day)
        yield month
        for former in (month.previous, month.previous.previous):
            if former >= oldest and day in (former.next.first, closes_on(self._company, former)):
                yield former

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self._company.zone()).astimezone(UTC)


def _months(first: Month, last: Month) -> Iterator[Month]:
    month = first
    while month <= last:
        yield month
        month = month.next
