"""What a seed stands for: a week, its figures, what people answer and what goes wrong, all settled beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

from tests.faults import estate

WEEKS = (
    ("Europe/Berlin", date(2026, 11, 16)),
    ("Europe/Berlin", date(2026, 10, 19)),  # an hour twice on Sunday
    ("Europe/Berlin", date(2027, 3, 22)),  # an hour that is not on Sunday
    ("Europe/Berlin", date(2027, 3, 29)),  # a month ends
    ("America/New_York", date(2026, 10, 26)),  # a month ends, and an hour comes twice on its first day
    ("America/New_York", date(2027, 3, 8)),  # an hour that is not on Sunday
    ("Australia/Lord_Howe", date(2027, 3, 29)),  # a month ends, and half an hour comes twice
    ("Asia/Kolkata", date(2026, 12, 28)),  # a year ends
    ("UTC", date(2026, 9, 28)),  # a month ends
)
TIMES = (time(6, 10), time(8, 52), time(13, 25), time(17, 26))
DRIFT, ACTS_AFTER = timedelta(minutes=17), timedelta(minutes=50)
"""By how much each day's steps are later than the day's before, and people act later than their step.

Chosen so that no answer's time runs out, and no hour of the calendar strikes, within 16 minutes of a step: a job that
dies and is taken up again then decides as it would have.
"""
MOST_DELAY = timedelta(minutes=12)
"""Of a job at which a run is still to end as it would have without faults."""
CALM = tuple(map(Decimal, ("0.96 0.98 1 1.02 1.04 1.05".split())))
EDGES = tuple(map(Decimal, ("0.7 0.89 0.93 1.051 1.06 1.099 1.1 1.101 1.15 1.199 1.2 1.201 1.4".split())))
METHODS = ("chat.postMessage",) * 5 + ("chat.update",) * 3 + ("conversations.history", "conversations.replies", "*")
KINDS = ("reset_before", "reset_after_commit", "500", "502", "rate_limited")
Kind = Literal["reset_before", "reset_after_commit", "500", "502", "slow", "rate_limited"]


@dataclass(frozen=True)
class ApiFault:
    """So many calls of a Web API method go wrong."""

    method: str
    kind: Kind
    times: int
    seconds: float = 1.0


@dataclass(frozen=True)
class Death:
    """A process dies at the n-th boundary that it comes to: of transactions and calls, or of calls of Slack alone."""

    after: int
    at_calls: bool


@dataclass(frozen=True)
class Act:
    """Somebody answers an alert, if one of the team is there to be answered.

    Attributes:
        who: a person's name.
        other: who does the same in the same moment, empty for nobody.
        dies_after: transaction boundaries after which the web process that hears of it dies, 0 for never.
        twice: whether Slack tells the event twice.
    """

    team: str
    who: str
    what: Literal["acknowledge", "take back"]
    via: Literal["button", "thread", "reaction"]
    other: str = ""
    dies_after: int = 0
    twice: bool = False


@dataclass(frozen=True)
class Step:
    """A moment of the week.

    Attributes:
        ratios: team → forecast as a share of the budget, of the bill that comes now; None where none comes.
        deaths: of workers, one after the other.
        database_errors: transactions after which the database fails once, one after the other.
        cut: whether every socket is cut before people act.
        outage: whether nothing at all reaches Slack until the next step.
    """

    at: datetime
    ratios: dict[str, Decimal] | None
    acts: tuple[Act, ...]
    faults: tuple[ApiFault, ...]
    deaths: tuple[Death, ...]
    database_errors: tuple[int, ...]
    cut: bool = False
    outage: bool = False


@dataclass(frozen=True)
class Plan:
    """A week and how it is run.

    Attributes:
        lags: whether what fails at one step may still be unsent at the next.
        compared: whether the end must be that of the same week without faults.
        at_once: threads of each sender; with one of them a seed is repeated call by call.
        socket: whether the app hears of people over Socket Mode instead of HTTP.
        dailies: whether every team has its morning message too.
        thresholds: whether the passing of 50, 80 and 100 % is told too, of which every team has some.
        server: whether the database is PostgreSQL instead of SQLite.
    """

    seed: int
    zone: str
    first: date
    steps: tuple[Step, ...]
    workers: int
    lags: bool
    compared: bool
    at_once: int
    socket: bool
    dailies: bool
    thresholds: bool
    server: bool

    @property
    def last(self) -> datetime:
        """The end of the week."""
        return _moment(self.first + timedelta(days=7), time(12), self.zone)


def without_faults(plan: Plan) -> Plan:
    """The same week and the same answers, and nothing goes wrong."""
    none: dict[str, Any] = {"faults": (), "deaths": (), "database_errors": (), "cut": False, "outage": False}
    steps = tuple(
        replace(step, acts=tuple(replace(act, dies_after=0, twice=False) for act in step.acts), **none)
        for step in plan.steps
    )
    return replace(plan, steps=steps, workers=1, at_once=1, server=False)


def make_plan(seed: int) -> Plan:
    """The plan of a seed, the same each time."""
    random = Random(f"finops {seed}")
    zone, first = WEEKS[seed % len(WEEKS)]
    socket = seed % 25 == 3
    lags = seed % 3 == 1
    steps = tuple(_steps(random, zone, first, hears_threads=socket or seed % 5 == 0, lags=lags))
    return Plan(
        seed=seed,
        zone=zone,
        first=first,
        steps=steps,
        workers=1 + (seed // 2) % 2,
        lags=lags,
        compared=seed % 3 == 0,
        at_once=1 if seed % 2 else 4,
        socket=socket,
        dailies=seed % 25 == 6,
        thresholds=seed % 14 == 2,
        server=seed % 20 == 7,
    )


def _steps(random: Random, zone: str, first: date, *, hears_threads: bool, lags: bool) -> Iterator[Step]:
    ratios = {team.slug: _calm_or_not(random, 0.12) for team in estate.teams()}
    for number in range(7):
        for clock in TIMES:
            comes = clock == TIMES[0]
            if comes and number:
                ratios = {slug: _moved(random, ratio) for slug, ratio in ratios.items()}
            yield Step(
                at=_moment(first + timedelta(days=number), clock, zone) + number * DRIFT,
                ratios=dict(ratios) if comes else None,
                acts=() if comes else tuple(_acts(random, ratios, hears_threads)),
                faults=tuple(_faults(random)),
                deaths=tuple(_deaths(random)),
                database_errors=(random.randint(1, 40),) if random.random() < 0.1 else (),
                cut=random.random() < 0.1,
                outage=lags and random.random() < 0.1,
            )


def _moment(day: date, clock: time, zone: str) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(zone))


def _calm_or_not(random: Random, share: float) -> Decimal:
    return random.choice(EDGES if random.random() < share else CALM)


def _moved(random: Random, ratio: Decimal) -> Decimal:
    if ratio in CALM:
        return _calm_or_not(random, 0.05)
    return ratio if random.random() < 0.6 else _calm_or_not(random, 0.7)


def _acts(random: Random, ratios: dict[str, Decimal], hears_threads: bool) -> Iterator[Act]:
    teams = {team.slug: team for team in estate.teams()}
    restless = [slug for slug, ratio in ratios.items() if ratio not in CALM]
    for slug in random.sample(restless, min(len(restless), random.choice((0, 1, 1, 2)))):
        owner = teams[slug].owners[0].partition("@")[0]
        via = random.choice(("button", "button", "thread" if hears_threads else "reaction", "reaction"))
        yield Act(
            team=slug,
            who=random.choice((owner, owner, owner, "fay", "zoe")),
            what=random.choice(("acknowledge", "acknowledge", "acknowledge", "take back")),
            via=via,  # type: ignore[arg-type]
            other=random.choice(("", "", "", teams[slug].engineering_lead.partition("@")[0])),
            dies_after=random.choice((0, 0, 0, 1, 2, 3, 4)),
            twice=random.random() < 0.3,
        )


def _deaths(random: Random) -> Iterator[Death]:
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        at_calls = random.random() < 0.5
        yield Death(random.randint(1, 8 if at_calls else 60), at_calls)


def _faults(random: Random) -> Iterator[ApiFault]:
    if random.random() < 0.03:
        yield ApiFault("*", "rate_limited", random.randint(5, 15), random.choice((1.0, 30.0, 60.0)))
    if random.random() < 0.03:
        yield ApiFault(random.choice(("chat.postMessage", "chat.update")), "slow", 1)
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        kind: Kind = random.choice(KINDS)  # type: ignore[assignment]
        yield ApiFault(random.choice(METHODS), kind, random.randint(1, 3), random.choice((1.0, 5.0, 30.0)))
