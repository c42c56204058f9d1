"""Alerts for tests: a team with everybody the ladder names, readings, policies, and lives of any shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from finops.alert import Alert, AlertKey, Callee, Change, Event, Reading, Setting, evaluate, next_at, tick
from finops.basis import Basis
from finops.calendar import QuietHours, WorkCalendar
from finops.periods import Month
from finops.policy import LADDER, AlertRules, Kind, Policy, Role, Tier

KEY = AlertKey("payments", Month(2026, 11), Kind.FORECAST, "USD")
USED = replace(KEY, kind=Kind.THRESHOLD)
MORNING = datetime(2026, 11, 3, 10, tzinfo=UTC)
"""A Tuesday at work."""
ALICE, BOB, CAROL, DAVE, ERIN = "UALICE", "UBOB", "UCAROL", "UDAVE", "UERIN"
CALLEES = {
    Role.OWNER: (Callee(Role.OWNER, "alice@example.com", ALICE), Callee(Role.OWNER, "bob@example.com", BOB)),
    Role.ENGINEERING_LEAD: (Callee(Role.ENGINEERING_LEAD, "bob@example.com", BOB),),
    Role.FINOPS: (Callee(Role.FINOPS, "@finops", "SFINOPS"),),
    Role.FINANCE: (Callee(Role.FINANCE, "dave@example.com", DAVE),),
    Role.EXECUTIVE_SPONSOR: (Callee(Role.EXECUTIVE_SPONSOR, "erin@example.com", ERIN),),
}
AT_ONCE = AlertRules(realert_after=timedelta(0), quiet=None, most_pings=1_000_000)
"""Nothing is repeated late, held back or folded."""
STEPS = st.integers(-3, 3)
LADDERS = (
    LADDER,
    # The same people on every rung, and a rung that asks for nothing.
    (
        LADDER[0],
        Tier("look", Decimal("0.05"), (Role.FINOPS,), "look", due=0, answer_within=1),
        Tier("act", Decimal("0.10"), (Role.FINOPS,), "act", answer_within=30),
        Tier("stop", Decimal("0.20"), (Role.FINOPS, Role.EXECUTIVE_SPONSOR), "stop", due=2),
    ),
)


@st.composite
def policies(draw: st.DrawFn, realert_after: timedelta | None = None) -> Policy:
    """Policies of every shape that changes what is called and when."""
    again = st.sampled_from([timedelta(0), timedelta(hours=6), timedelta(days=1)])
    rules = AlertRules(
        realert_after=draw(again) if realert_after is None else realert_after,
        holds=draw(st.integers(1, 5)),
        longest_snooze=60,
        most_pings=draw(st.sampled_from([0, 1, 1_000_000])),
        quiet=draw(st.sampled_from([None, QuietHours(), QuietHours(days_off=True)])),
    )
    zone = draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"]))
    return Policy(draw(st.sampled_from(LADDERS)), rules, WorkCalendar(ZoneInfo(zone)))


def setting(policy: Policy | None = None, **changes: object) -> Setting:
    """What the alert is judged by, by the default ladder with nothing held back."""
    return replace(Setting(policy or Policy(rules=AT_ONCE), CALLEES), **changes)  # type: ignore[arg-type]


def reading(step: int, seen_at: datetime = MORNING, publication: int = 1) -> Reading:
    """A forecast on a rung, its amount far enough from the budget for it."""
    amount = Decimal(1000) + step * Decimal("100.000000000000000001")
    return Reading(
        publication=publication,
        seen_at=seen_at,
        step=step,
        amount=amount,
        is_forecast=True,
        actual=Decimal("310.5"),
        budget=Decimal(1000),
        ratio=(amount - 1000) / 1000,
        basis=Basis.EFFECTIVE,
        data_through=date(2026, 11, 2),
        why="back within budget" if not step else "",
    )


def raised(step: int, now: datetime = MORNING, given: Setting | None = None, key: AlertKey = KEY) -> Alert:
    """An alert that has just risen to a rung."""
    change = evaluate(None, key, reading(step, now), given or setting(), now)
    assert change is not None
    return change.alert


def moved(alert: Alert, step: int, now: datetime, given: Setting | None = None) -> Change:
    """An alert brought to a rung by figures read now."""
    latest = alert.reading.publication + 1
    change = evaluate(alert, alert.key, reading(step, now, latest), given or setting(), now)
    assert change is not None
    return change


def ids(callees: Iterable[Callee]) -> set[str]:
    """Who is called."""
    return {callee.id for callee in callees}


@dataclass
class Life:
    """An alert as the jobs move it: everything that falls due happens at its instant.

    Attributes:
        told: every event with its instant, in order.
    """

    given: Setting
    now: datetime = MORNING
    alert: Alert | None = None
    told: list[Event] = field(default_factory=list)

    def until(self, now: datetime) -> None:
        """Let time pass, ticking at every instant at which something is due."""
        while self.alert and (due := next_at(self.alert, self.given.policy)) and due <= now:
            self.take(tick(self.alert, self.given, max(due, self.now)))
        self.now = now

    def read(self, step: int, publication: int) -> None:
        """New figures."""
        self.take(evaluate(self.alert, KEY, reading(step, self.now, publication), self.given, self.now))

    def answer(self, given: Callable[..., Change], *arguments: object) -> None:
        """A person's answer, which may be refused by the caller's rules."""
        self.take(given(self.alert, *arguments, self.given, self.now))

    def take(self, change: Change | None) -> None:
        """Keep what became of it."""
        if change is not None:
            self.alert = change.alert
            self.told += change.events
