"""An alert's life: one per team, month, kind and currency, moved by figures, by people's answers, and by silence.

Every function takes an alert and gives the alert it becomes with the events that happened; nothing here reads a clock
or a database. A step is the signed number of a rung: of the ladder's tiers (negative for underspend), or of the
thresholds passed; 0 is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from finops.basis import Basis
from finops.errors import FinopsError
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
    ESCALATED = "escalated"
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
        via: 'button', 'thread' or 'reaction'.
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


@dataclass(frozen=True)
class Alert:
    """One alert.

    Attributes:
        reading: the latest it was judged by.
        raised_at: when it first rose.
        chain: who is called one after the other, as it stood when the alert rose to its rung.
        level: how far along the chain has been called.
        answer_by: when silence calls the next, None where nothing is waited for.
        called: rung → when its roles were last called.
        dues: rung → day by which its duty is to be done.
        overdue: rungs whose passed due day has been said.
        beside: a threshold's alert told in the thread of the forecast's alert instead of a message of its own.
        concluded: why it can change no more, empty while it can.
        version: counts the stored changes.
    """

    key: AlertKey
    reading: Reading
    raised_at: datetime
    chain: tuple[Level, ...] = ()
    level: int = 0
    answer_within: int | None = None
    answer_by: datetime | None = None
    acknowledgement: Acknowledgement | None = None
    snooze: Snooze | None = None
    called: dict[int, datetime] = field(default_factory=dict)
    dues: dict[int, date] = field(default_factory=dict)
    overdue: tuple[int, ...] = ()
    beside: bool = False
    live: bool = True
    concluded: str = ""
    version: int = 0

    @property
    def step(self) -> int:
        """The rung it stands on."""
        return 0 if self.concluded else self.reading.step

    @property
    def due(self) -> date | None:
        """When the duty of its rung is to be done."""
        return self.dues.get(self.step)

    def status(self, now: datetime) -> Status:
        """Where it stands at an instant."""
        if not self.step:
            return Status.RESOLVED
        if self.snooze and self.snooze.until > now and covers(self.snooze.step, self.step):
            return Status.SNOOZED
        if self.acknowledgement and self.acknowledgement.until > now and covers(self.acknowledgement.step, self.step):
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
    """What a function of this module gives: the alert as it is now, and what happened on the way."""

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


class AlreadyAnswered(FinopsError):
    """Somebody else was first.

    Args:
        acknowledgement: theirs.
    """

    def __init__(self, acknowledgement: Acknowledgement) -> None:
        super().__init__("Somebody else has acknowledged it already.")
        self.acknowledgement = acknowledgement


class AnswerRefused(FinopsError):
    """The alert cannot be answered so; nothing was changed."""


def covers(answered: int, step: int) -> bool:
    """Whether an answer given on one rung holds on another: the same or a lower one of the same direction."""
    return step * answered > 0 and abs(step) <= abs(answered)


def rises(before: int, after: int) -> bool:
    """Whether a change of rungs is a rise: higher up, or to the other side of the budget."""
    return bool(after) and not covers(before, after)


def rung_name(kind: Kind, step: int, policy: Policy) -> str:
    """The tier's name, or the threshold as '80 %'; 'within budget' for 0."""
    if not step:
        return "within budget"
    if kind is Kind.THRESHOLD:
        return (
            f"{policy.rules.thresholds[min(step, len(policy.rules.thresholds)) - 1].above * 100:f}".rstrip("0").rstrip(
                "."
            )
            + " %"
        )
    name = policy.ladder[min(abs(step), len(policy.ladder) - 1)].name
    return f"{name} (under)" if step < 0 else name


def duty_of(kind: Kind, step: int, policy: Policy) -> str:
    """What the called must do, one sentence; empty for none."""
    if kind is Kind.THRESHOLD or not step:
        return ""
    tier = policy.ladder[min(abs(step), len(policy.ladder) - 1)]
    return tier.duty if step > 0 else tier.duty_under


def evaluate(alert: Alert | None, key: AlertKey, reading: Reading, setting: Setting, now: datetime) -> Change | None:
    """Bring an alert to a reading; one not later than the reading it stands on changes nothing.

    Returns:
        None where there is no alert and none rises.
    """
    if alert is None:
        if not reading.step:
            return None
        # It rises from nothing, by the reading itself.
        alert = Alert(
            key, replace(reading, step=0), raised_at=now, live=setting.policy.rules.live, beside=setting.beside
        )
    elif not reading.is_later_than(alert.reading) or alert.concluded:
        return Change(alert)
    if setting.policy.rules.live and not alert.live:
        # What was only watched is news to everybody now.
        alert = replace(alert, live=True, called={}, reading=replace(alert.reading, step=0))
    before, was = alert.step, _words(alert, setting, now)
    alert = replace(alert, reading=reading)
    if reading.step == before:
        return Change(alert)
    if not reading.step:
        alert = replace(
            alert, answer_by=None, chain=(), level=0, dues={}, overdue=(), snooze=None, acknowledgement=None
        )
        return _changed(alert, Action.RESOLVED, was, setting, now, note=reading.why)
    if not rises(before, reading.step):
        alert = _with_due(alert, setting, now)
        return _changed(_waiting(alert, setting, now, anew=False), Action.FELL, was, setting, now)
    action = Action.ROSE if before else Action.RAISED
    if _is_silent(alert, setting, now):
        alert = _with_due(alert, setting, now)
        if not alert.chain:
            alert = replace(alert, chain=_chain(alert, setting), level=0)
        return _changed(_waiting(alert, setting, now, anew=False), action, was, setting, now)
    alert = replace(
        alert,
        chain=_chain(alert, setting),
        level=0,
        answer_within=_answer_within(alert, setting),
        called=alert.called | {alert.step: now},
    )
    alert = _waiting(_with_due(alert, setting, now), setting, now, anew=True)
    return _changed(alert, action, was, setting, now, calls=alert.chain[0].callees)


def tick(alert: Alert, setting: Setting, now: datetime) -> Change:
    """What has happened because time passed: a snooze or an acknowledgement ended, silence, a duty not done."""
    events: list[Event] = []
    if alert.step and alert.snooze and alert.snooze.until <= now:
        was = _words(alert, setting, now)
        alert = _waiting(replace(alert, snooze=None), setting, now, anew=True)
        events += _changed(alert, Action.SNOOZE_ENDED, was, setting, now).events
    if alert.step and alert.acknowledgement and alert.acknowledgement.until <= now:
        was, ended = _words(alert, setting, now), alert.acknowledgement
        alert = _waiting(replace(alert, acknowledgement=None), setting, now, anew=True)
        if covers(ended.step, alert.step) and alert.status(now) is Status.OPEN:
            asked = _once((Callee(Role.OWNER, ended.by, ended.by), *_owners(alert)))
            events += _changed(alert, Action.EXPIRED, was, setting, now, calls=asked).events
    if alert.answer_by and alert.answer_by <= now and alert.status(now) is Status.OPEN:
        was = _words(alert, setting, now)
        alert = replace(alert, level=alert.level + 1)
        called = alert.chain[alert.level].callees
        alert = _waiting(alert, setting, now, anew=True)
        events += _changed(alert, Action.ESCALATED, was, setting, now, calls=called).events
    if is_overdue(alert, setting.policy, now) and alert.step not in alert.overdue:
        was = _words(alert, setting, now)
        alert = replace(alert, overdue=(*alert.overdue, alert.step))
        if alert.status(now) is not Status.SNOOZED:
            called = alert.chain[0].callees if alert.chain else ()
            events += _changed(alert, Action.OVERDUE, was, setting, now, calls=called).events
    return Change(alert, tuple(events))


def is_overdue(alert: Alert, policy: Policy, now: datetime) -> bool:
    """Whether the working day on which its duty was to be done has ended."""
    return alert.due is not None and alert.step > 0 and policy.calendar.end_of(alert.due) <= now


def next_at(alert: Alert, policy: Policy) -> datetime | None:
    """The earliest instant, UTC, at which tick() may change something; None where time alone changes nothing."""
    if not alert.step:
        return None
    ends = [mark.until for mark in (alert.acknowledgement, alert.snooze) if mark]
    if alert.answer_by:
        ends.append(alert.answer_by)
    if alert.due and alert.step > 0 and alert.step not in alert.overdue:
        ends.append(policy.calendar.end_of(alert.due))
    return min(ends, default=None)


def acknowledge(alert: Alert, by: str, via: str, setting: Setting, now: datetime) -> Change:
    """Somebody takes it on: until it expires or the alert rises further, silence calls nobody.

    Raises:
        AlreadyAnswered: somebody else was first; the same person again changes nothing.
        AnswerRefused: the alert is resolved.
    """
    _refuse_resolved(alert, now)
    if alert.status(now) is Status.ACKNOWLEDGED and alert.acknowledgement:
        if alert.acknowledgement.by != by:
            raise AlreadyAnswered(alert.acknowledgement)
        return Change(alert)
    calendar = setting.policy.calendar
    until = calendar.end_of(calendar.after_days(calendar.day_of(now), max(1, setting.policy.rules.holds)))
    was = _words(alert, setting, now)
    alert = replace(alert, acknowledgement=Acknowledgement(by, now, until, alert.step, via), answer_by=None)
    return _changed(alert, Action.ACKNOWLEDGED, was, setting, now, by=by, note=via)


def take_back(alert: Alert, by: str, setting: Setting, now: datetime) -> Change:
    """Whoever acknowledged it no longer does: silence counts again from now.

    Raises:
        AnswerRefused: it is not acknowledged, or by somebody else.
    """
    held = alert.acknowledgement
    if alert.status(now) is Status.RESOLVED or held is None or held.until <= now:
        raise AnswerRefused("It is not acknowledged.", "There is nothing to take back.")
    if held.by != by:
        raise AnswerRefused(f"<@{held.by}> acknowledged it.", "Only they can take it back; it expires by itself.")
    was = _words(alert, setting, now)
    alert = _waiting(replace(alert, acknowledgement=None), setting, now, anew=True)
    return _changed(alert, Action.TAKEN_BACK, was, setting, now, by=by)


def snooze(alert: Alert, by: str, until: datetime, why: str, setting: Setting, now: datetime) -> Change:
    """Silence until an instant: nobody is called unless the alert rises above its rung.

    Raises:
        AnswerRefused: the alert is resolved, the instant is past or too far ahead, or no reason is given.
    """
    _refuse_resolved(alert, now)
    longest = setting.policy.rules.longest_snooze
    if until <= now:
        raise AnswerRefused("That is in the past.", "Choose a day after today.")
    if until > now + timedelta(days=longest):
        raise AnswerRefused(f"An alert is snoozed for {longest} days at most.", "Choose an earlier day.")
    if not why.strip():
        raise AnswerRefused("A snooze needs a reason.", "Say in a few words why nobody need look until then.")
    was = _words(alert, setting, now)
    alert = replace(alert, snooze=Snooze(by, now, until, alert.step, why.strip()), answer_by=None)
    return _changed(alert, Action.SNOOZED, was, setting, now, by=by, note=why.strip())


def end_snooze(alert: Alert, by: str, setting: Setting, now: datetime) -> Change:
    """End a snooze before its time; raises AnswerRefused where there is none."""
    if alert.status(now) is not Status.SNOOZED:
        raise AnswerRefused("It is not snoozed.", "There is nothing to end.")
    was = _words(alert, setting, now)
    alert = _waiting(replace(alert, snooze=None), setting, now, anew=True)
    return _changed(alert, Action.SNOOZE_ENDED, was, setting, now, by=by)


def conclude(alert: Alert, why: str, setting: Setting, now: datetime) -> Change:
    """End an alert for good, whatever its figures: its month is closed and another alert speaks for it."""
    if alert.concluded:
        return Change(alert)
    was, stood = _words(alert, setting, now), alert.step
    alert = replace(alert, concluded=why, answer_by=None, snooze=None, acknowledgement=None)
    return _changed(alert, Action.CONCLUDED, was, setting, now, note=why) if stood else Change(alert)


def _refuse_resolved(alert: Alert, now: datetime) -> None:
    if alert.status(now) is Status.RESOLVED:
        raise AnswerRefused("It is resolved already.", "There is nothing left to answer.")


def _is_silent(alert: Alert, setting: Setting, now: datetime) -> bool:
    """Whether a rise is noted only: answered for this rung already, or called for it a moment ago."""
    if setting.beside or alert.status(now) is not Status.OPEN:
        return True
    again = setting.policy.rules.realert_after
    return any(covers(step, alert.step) and now - at < again for step, at in alert.called.items())


def _waiting(alert: Alert, setting: Setting, now: datetime, *, anew: bool) -> Alert:
    """The alert with the instant at which silence calls the next; left as it is where it waits already, unless anew."""
    last = alert.level + 1 >= len(alert.chain)
    if alert.status(now) is not Status.OPEN or last or alert.answer_within is None:
        return replace(alert, answer_by=None)
    if alert.answer_by and not anew:
        return alert
    quiet, calendar = setting.policy.rules.quiet, setting.policy.calendar
    heard = quiet.over_at(now, calendar) if quiet else now
    return replace(alert, answer_by=calendar.after_hours(heard, alert.answer_within))


def _with_due(alert: Alert, setting: Setting, now: datetime) -> Alert:
    """The alert with a due day for its rung's duty; set once, so that going down and up again wins no time."""
    if alert.step <= 0 or alert.step in alert.dues or alert.key.kind is Kind.THRESHOLD:
        return alert
    days = setting.policy.ladder[min(alert.step, len(setting.policy.ladder) - 1)].due
    if days is None:
        return alert
    calendar = setting.policy.calendar
    return replace(alert, dues=alert.dues | {alert.step: calendar.after_days(calendar.day_of(now), days)})


def _answer_within(alert: Alert, setting: Setting) -> int | None:
    if alert.key.kind is Kind.THRESHOLD or alert.step < 0:
        return None
    return setting.policy.ladder[min(alert.step, len(setting.policy.ladder) - 1)].answer_within


def _chain(alert: Alert, setting: Setting) -> tuple[Level, ...]:
    """Who is called one after the other from a rung on: its roles, each higher rung's, and whoever is left below."""
    ladder, step = setting.policy.ladder, alert.step
    if alert.key.kind is Kind.THRESHOLD:
        groups = [setting.policy.rules.thresholds[min(step, len(setting.policy.rules.thresholds)) - 1].who]
    elif step < 0:
        groups = [(Role.OWNER, *ladder[min(-step, len(ladder) - 1)].who_under)]
    else:
        step = min(step, len(ladder) - 1)
        below = tuple(role for tier in ladder[1:step] for role in tier.who)
        groups = [(Role.OWNER, *ladder[step].who), *(tier.who for tier in ladder[step + 1 :]), below]
    levels: list[Level] = []
    seen: set[Role] = set()
    known: set[str] = set()
    for group in groups:
        roles = tuple(role for role in dict.fromkeys(group) if role not in seen)
        seen.update(roles)
        callees = tuple(
            callee
            for callee in _once(callee for role in roles for callee in setting.callees.get(role, ()))
            if callee.id not in known
        )
        known.update(callee.id for callee in callees if callee.id)
        if callees or not levels:
            levels.append(Level(roles, callees))
    return tuple(levels)


def _owners(alert: Alert) -> tuple[Callee, ...]:
    return tuple(callee for level in alert.chain for callee in level.callees if callee.role is Role.OWNER)


def _once(callees: Any) -> tuple[Callee, ...]:
    """Each person or group once, for the first role they are called for; the unknown by their names."""
    found: dict[str, Callee] = {}
    for callee in callees:
        found.setdefault(callee.id or callee.name, callee)
    return tuple(found.values())


def _changed(
    alert: Alert,
    action: Action,
    was: Mapping[str, Any],
    setting: Setting,
    now: datetime,
    *,
    by: str = "",
    calls: tuple[Callee, ...] = (),
    note: str = "",
) -> Change:
    called = _once(_stood_in(callee, setting) for callee in calls)
    highest = alert.key.kind is not Kind.THRESHOLD and alert.step >= len(setting.policy.ladder) - 1
    full = setting.pings >= setting.policy.rules.most_pings and not highest
    became = _words(alert, setting, now)
    folded = called if full else ()
    return Change(alert, (Event(action, now, by, was, became, () if full else called, folded, note),))


def _stood_in(callee: Callee, setting: Setting) -> Callee:
    """Who takes a call now; somebody whose stand-in is on leave too is called themselves."""
    other = setting.stand_ins.get(callee.id)
    if not other or other in setting.stand_ins:
        return callee
    return replace(callee, id=other, stands_in_for=callee.id)


def _words(alert: Alert, setting: Setting, now: datetime) -> dict[str, Any]:
    """An alert in a few plain words, for the record."""
    reading = alert.reading
    return {
        "status": str(alert.status(now)),
        "step": alert.step,
        "tier": rung_name(alert.key.kind, alert.step, setting.policy),
        "level": alert.level,
        "amount": f"{reading.amount:f}",
        "budget": None if reading.budget is None else f"{reading.budget:f}",
    }
