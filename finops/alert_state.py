"""What an alert is: the values that its life is told in. What moves them stands in finops/alert.py.

A step is the signed number of a rung: of the ladder's tiers (negative for underspend), or of the thresholds passed; 0
is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from finops.basis import Basis
from finops.money import subtract
from finops.periods import Month
from finops.policy import Kind, Policy, Role


class Status(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Action(StrEnum):
    """What can happen to an alert."""

    RAISED = "raised"
    ROSE = "rose"
    FELL = "fell"
    RESOLVED = "resolved"
    CONCLUDED = "concluded"
    ACKNOWLEDGED = "acknowledged"
    TAKEN_BACK = "acknowledgement taken back"
    EXPIRED = "acknowledgement expired"
    SNOOZED = "snoozed"
    SNOOZE_ENDED = "snooze ended"
    CALLED = "called"
    ESCALATED = "escalated"
    DONE = "duty done"
    UNDONE = "duty open again"
    OVERDUE = "duty overdue"


@dataclass(frozen=True, slots=True, order=True)
class AlertKey:
    """What an alert is of."""

    team: str
    month: Month
    kind: Kind
    currency: str

    def __str__(self) -> str:
        return f"{self.team}/{self.month}/{self.kind}/{self.currency}"

    @classmethod
    def parse(cls, text: str) -> AlertKey:
        """Read what str() wrote; a slug holds no slash."""
        team, month, kind, currency = text.split("/")
        return cls(team, Month.parse(month), Kind(kind), currency)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one evaluation saw.

    Attributes:
        publication: the newest publication of figures that it knew.
        seen_at: when it read them; with publication, what makes one reading later than another.
        step: the rung that the amount stands on.
        amount: what is judged: the forecast of a running month, else the actual.
        is_forecast: which of the two it is.
        actual: cost so far.
        budget: approved, None where there is none.
        ratio: of amount − budget, None without a budget over zero.
        data_through: the last delivered day inside the month.
        why: what else decided, a sentence for a reading that ends an alert.
        chances: of each step above the first, the chance of ending beyond its edge on the amount's side of the budget;
            empty for what is no forecast.
    """

    publication: int
    seen_at: datetime
    step: int
    amount: Decimal
    is_forecast: bool
    actual: Decimal
    budget: Decimal | None
    ratio: Decimal | None
    basis: Basis
    data_through: date | None
    why: str = ""
    chances: tuple[Decimal, ...] = ()

    @property
    def variance(self) -> Decimal | None:
        """amount − budget."""
        return None if self.budget is None else subtract(self.amount, self.budget)

    def is_later_than(self, other: Reading) -> bool:
        """Whether it knew more than another."""
        return (self.publication, self.seen_at) > (other.publication, other.seen_at)


@dataclass(frozen=True, slots=True)
class Callee:
    """Somebody the ladder calls.

    Attributes:
        role: for which they are called.
        name: as configured: an e-mail, an id or '@group'.
        id: Slack's id of the person (U…) or user group (S…), empty where the workspace knows none.
        stands_in_for: id of the person on leave whose call this is, empty for their own.
    """

    role: Role
    name: str
    id: str = ""
    stands_in_for: str = ""

    @property
    def is_group(self) -> bool:
        """Whether it is a user group."""
        return self.id.startswith("S")


@dataclass(frozen=True, slots=True)
class Level:
    """One link of the chain: who is called together."""

    roles: tuple[Role, ...]
    callees: tuple[Callee, ...]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody has seen it and takes it on.

    Attributes:
        by: Slack's user id.
        until: when it expires.
        step: it covers this rung and those below it.
        via: 'button', 'thread', 'reaction' or 'explanation'.
    """

    by: str
    at: datetime
    until: datetime
    step: int
    via: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """Somebody asked for silence; the same fields, and why."""

    by: str
    at: datetime
    until: datetime
    step: int
    why: str


@dataclass(frozen=True, slots=True)
class Done:
    """Somebody has done what a rung asks for; it is done for the rungs below too.

    Attributes:
        by: Slack's user id.
        what: how it was done, a few words; empty where nothing was said.
    """

    by: str
    at: datetime
    step: int
    what: str = ""


@dataclass(frozen=True)
class Alert:
    """One alert.

    Attributes:
        reading: the latest it was judged by.
        raised_at: when it first rose.
        chain: who is called one after the other, as it stood when the alert rose to its rung.
        chain_step: the rung that the chain is of, 0 for none.
        level: how far along the chain has been called.
        answer_by: when silence calls the next, None where nothing is waited for.
        call_at: when quiet hours are over in which it rose, and those whom its rung calls first are called; None where
            they have been, or nobody is.
        heard: the rung it stood on when that call was first held back.
        called: rung → when its roles were last called.
        dues: rung → day by which its duty is to be done.
        done: duties that are done.
        acknowledgement, snooze: kept through a fall and a resolve until they end, so that what is answered stays so.
        overdue: rungs whose passed due day has been said.
        folded: whether its last call was held back for the week's digest.
        beside: a threshold's alert told in the thread of the forecast's alert instead of a message of its own.
        concluded: why it can change no more, empty while it can.
        version: counts the stored changes.
    """

    key: AlertKey
    reading: Reading
    raised_at: datetime
    chain: tuple[Level, ...] = ()
    chain_step: int = 0
    level: int = 0
    answer_within: int | None = None
    answer_by: datetime | None = None
    call_at: datetime | None = None
    heard: int = 0
    acknowledgement: Acknowledgement | None = None
    snooze: Snooze | None = None
    called: dict[int, datetime] = field(default_factory=dict)
    dues: dict[int, date] = field(default_factory=dict)
    done: tuple[Done, ...] = ()
    overdue: tuple[int, ...] = ()
    folded: bool = False
    beside: bool = False
    live: bool = True
    concluded: str = ""
    version: int = 0

    @property
    def step(self) -> int:
        """The rung it stands on."""
        return 0 if self.concluded else self.reading.step

    @property
    def duty_done(self) -> Done | None:
        """Who has done what its rung asks for, None while nobody has."""
        return next((each for each in reversed(self.done) if covers(each.step, self.step)), None)

    @property
    def due(self) -> date | None:
        """When the duty of its rung is to be done."""
        return self.dues.get(self.step)

    def status(self, now: datetime) -> Status:
        """Where it stands at an instant."""
        if not self.step:
            return Status.RESOLVED
        if holds(self.snooze, self.step, now):
            return Status.SNOOZED
        if self.duty_done or holds(self.acknowledgement, self.step, now):
            return Status.ACKNOWLEDGED
        return Status.OPEN

    @property
    def answering_roles(self) -> frozenset[Role]:
        """Roles that may acknowledge and snooze it: the owners, and whom the ladder has called so far."""
        return frozenset({Role.OWNER}.union(*(level.roles for level in self.chain[: self.level + 1])))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an alert.

    Attributes:
        by: Slack's id of who did it; empty for the figures or the clock.
        was, became: the alert in a few plain words before and after, for the record.
        calls: who is pinged.
        folded: who would have been, had the week's calls not been used up.
        note: what was said with it: a snooze's reason, how it was acknowledged.
    """

    action: Action
    at: datetime
    by: str
    was: Mapping[str, Any]
    became: Mapping[str, Any]
    calls: tuple[Callee, ...] = ()
    folded: tuple[Callee, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Change:
    """What moves an alert gives: the alert as it is now, and what happened on the way."""

    alert: Alert
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Setting:
    """What else an alert is judged by.

    Attributes:
        callees: role → who has it in the team, as the workspace knows them now.
        stand_ins: Slack id of a person on leave → of who takes their calls.
        pings: calls made for the team in this ISO week so far.
        beside: for a threshold: whether the forecast's alert of the same month is alive, so that this one pings nobody.
    """

    policy: Policy
    callees: Mapping[Role, tuple[Callee, ...]] = field(default_factory=dict)
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    pings: int = 0
    beside: bool = False


def covers(answered: int, step: int) -> bool:
    """Whether an answer given on one rung holds on another: the same or a lower one of the same direction."""
    return step * answered > 0 and abs(step) <= abs(answered)


def rises(before: int, after: int) -> bool:
    """Whether a change of rungs is a rise: higher up, or to the other side of the budget."""
    return bool(after) and not covers(before, after)


def holds(answer: Acknowledgement | Snooze | None, step: int, now: datetime) -> bool:
    """Whether an answer is in force on a rung at an instant."""
    return answer is not None and answer.until > now and covers(answer.step, step)


def has_ended(answer: Acknowledgement | Snooze | None, step: int, now: datetime) -> bool:
    """Whether an answer would be in force on a rung, had its time not passed."""
    return answer is not None and answer.until <= now and covers(answer.step, step)
