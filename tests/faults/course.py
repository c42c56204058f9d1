"""The course of a run: the week goes by, things go wrong, and in the end nothing does any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from finops.periods import DAY, Month
from tests.faults import estate
from tests.faults.people import Answered, answer
from tests.faults.place import Place
from tests.faults.plan import ACTS_AFTER, MOST_DELAY, ApiFault, Plan, Step
from tests.faults.seen import Seen, look
from tests.faults.world import World

OUTAGE = ApiFault("*", "502", 60)
MOST_ROUNDS = 5_000
"""Rounds of sending after which a run is taken never to end."""


@dataclass(frozen=True)
class Run:
    """What came of a plan.

    Attributes:
        answered: what people were told was done.
        fired: what went wrong, counted by kind.
        stuck: what did not end, one line each.
        is_late: whether faults delayed something by so much that other things may have happened.
    """

    plan: Plan
    seen: Seen
    answered: tuple[Answered, ...]
    fired: Counter[str]
    stuck: tuple[str, ...]
    is_late: bool


@dataclass
class _Course:
    world: World
    answered: list[Answered] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    deliveries: Counter[Month] = field(default_factory=Counter)
    is_late: bool = False

    def go(self, step: Step, until: datetime) -> None:
        """One step, and what follows until the next."""
        world = self.world
        begins = step.at.astimezone(UTC)
        world.clock.now = max(world.clock.now, begins)
        if not world.plan.lags:
            # What was held back over night, before the morning's figures.
            self.drain(until)
        world.inject((OUTAGE, *step.faults) if step.outage else step.faults)
        if step.ratios:
            self.publish(step)
        deaths = iter(step.deaths)
        for number, boundaries in enumerate(step.database_errors):
            world.lose_database(number, boundaries)
        world.doom(0, next(deaths, None))
        self.jobs(until)
        self.is_late |= world.clock.now > begins + MOST_DELAY
        world.doom(1, next(deaths, None))
        self.drain(begins + ACTS_AFTER)
        if step.cut:
            world.cut_sockets()
        self.is_late |= world.lags_behind()
        world.clock.now = max(world.clock.now, begins + ACTS_AFTER)
        for act in step.acts:
            self.answered += answer(world, act)
        self.drain(until)
        world.spare()
        if step.outage or not world.plan.lags:
            world.mend()
        if not world.plan.lags:
            self.drain(until)

    def publish(self, step: Step) -> None:
        """The bill through the day before, of that day's month."""
        through = step.at.date() - DAY
        month = Month.of(through)
        self.deliveries[month] += 1
        now = self.world.clock()
        estate.publish(self.world.state, month, through, step.ratios or {}, self.deliveries[month], now)

    def jobs(self, until: datetime) -> None:
        """What is due, until it is done: what died or failed is taken up when its claim has run out."""
        for _ in range(MOST_ROUNDS):
            died, unfinished = self.world.run_jobs(), self.world.unfinished()
            if (not died and unfinished is None) or self.world.clock.now >= until:
                return
            if unfinished is not None:
                self.world.clock.now = max(self.world.clock.now, unfinished + timedelta(seconds=1))
        self.stuck.append("jobs never end")

    def drain(self, until: datetime) -> None:
        """Send until nothing can be sent before an instant."""
        for _ in range(MOST_ROUNDS):
            if self.world.send():
                self.world.clock.now += timedelta(seconds=1)
                continue
            next_moment = self.world.next_moment()
            if next_moment is None or next_moment >= until:
                return
            self.world.clock.now = next_moment + timedelta(milliseconds=1)
        self.stuck.append("deliveries never end")


def run(plan: Plan, place: Place) -> Run:
    """Run a plan to its end."""
    world = World(plan, place)
    try:
        course = _Course(world)
        with world.state.writing() as connection:
            months = [Month.of(plan.first), Month.of(plan.first).next]
            estate.give_budgets(connection, months, world.clock())
        for step, until in _spans(plan):
            course.go(step, until)
        world.mend()
        world.clock.now = max(world.clock.now, plan.last.astimezone(UTC))
        course.drain(world.clock.now + timedelta(hours=6))
        world.settle_events()
        return Run(
            plan,
            look(world.state, world.sandbox, world.clock.now),
            tuple(course.answered),
            world.fired,
            tuple(course.stuck),
            course.is_late,
        )
    finally:
        world.close()


def _spans(plan: Plan) -> Iterator[tuple[Step, datetime]]:
    for step, following in pairwise(plan.steps):
        yield step, following.at.astimezone(UTC)
    yield plan.steps[-1], plan.last.astimezone(UTC)
