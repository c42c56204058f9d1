"""Made-up alerts, each brought where it stands by the functions that move real ones."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from made_up_months import LONG, NASTY, NOVEMBER, PAYMENTS, RIGHT_TO_LEFT

from finops.alert import (
    Alert,
    AlertKey,
    Callee,
    Change,
    Reading,
    Setting,
    acknowledge,
    conclude,
    do_duty,
    end_snooze,
    evaluate,
    snooze,
    take_back,
    tick,
)
from finops.basis import Basis
from finops.company import Team
from finops.freeze import Freeze, answer, ask, decide, expire, lift
from finops.policy import AlertRules, Kind, Policy, Role

NOW = datetime(2026, 11, 16, 10, tzinfo=UTC)
"""A Monday in working hours."""
NIGHT = datetime(2026, 11, 16, 23, tzinfo=UTC)
MORNING = datetime(2026, 11, 17, 7, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = Policy()
NAMES = {"U1": "Ada", "U2": "Bob", "U3": "Cleo", "U5": "Greta", "U6": "Eva", "U9": "Stan", "S1": "@finops"}
CALLEES: dict[Role, tuple[Callee, ...]] = {
    Role.OWNER: (Callee(Role.OWNER, "ada@example.com", "U1"), Callee(Role.OWNER, "bob@example.com", "U2")),
    Role.ENGINEERING_LEAD: (Callee(Role.ENGINEERING_LEAD, "cleo@example.com", "U3"),),
    Role.FINOPS: (Callee(Role.FINOPS, "@finops", "S1"),),
    Role.FINANCE: (Callee(Role.FINANCE, "greta@example.com", "U5"), Callee(Role.FINANCE, "gus@example.com")),
    Role.EXECUTIVE_SPONSOR: (Callee(Role.EXECUTIVE_SPONSOR, "eva@example.com", "U6"),),
}
SETTING = Setting(POLICY, CALLEES)
AMOUNTS = {
    3: "62292.68",
    2: "56000",
    1: "53100",
    0: "50400",
    -1: "46900.5",
    -2: "44000",
    -3: "30000",
}
"""A forecast for each rung of the ladder, against a budget of 50,000."""


def key(kind: Kind = Kind.FORECAST, currency: str = "USD") -> AlertKey:
    """An alert of the payments team."""
    return AlertKey("payments", NOVEMBER, kind, currency)


def reading(
    step: int,
    *,
    at: datetime = NOW,
    kind: Kind = Kind.FORECAST,
    amount: str | None = None,
    budget: str | None = "50000",
    actual: str = "28400.5",
    through: date | None = date(2026, 11, 14),
    is_forecast: bool | None = None,
    why: str = "",
) -> Reading:
    """What an evaluation saw, on the step it is said to be."""
    total = Decimal(amount or AMOUNTS[step]) if kind is not Kind.THRESHOLD else Decimal(actual)
    given = None if budget is None else Decimal(budget)
    return Reading(
        1,
        at,
        step,
        total,
        kind is Kind.FORECAST if is_forecast is None else is_forecast,
        Decimal(actual) if kind is not Kind.CLOSED else total,
        given,
        (total - given) / given if given else None,
        Basis.EFFECTIVE,
        through,
        why,
    )


def stored(change: Change | None, version: int = 1) -> Change:
    """A change as it comes back from the database."""
    assert change is not None
    return replace(change, alert=replace(change.alert, version=version))


def raised(step: int = 1, setting: Setting = SETTING, at: datetime = NOW, **more: object) -> Change:
    """A forecast's alert that has just risen from nothing."""
    return stored(evaluate(None, key(), reading(step, at=at, **more), setting, at))  # type: ignore[arg-type]


def moved(
    before: Change, step: int, setting: Setting = SETTING, after: timedelta = HOUR, **more: object
) -> tuple[Change, datetime]:
    """The alert on another rung, and when."""
    alert = before.alert
    at = alert.reading.seen_at + after
    seen = reading(step, at=at, kind=alert.key.kind, **more)  # type: ignore[arg-type]
    return stored(evaluate(alert, alert.key, seen, setting, at), alert.version + 1), at


def then(before: Change, change: Callable[[Alert], Change]) -> Change:
    """What a function of finops.alert makes of an alert."""
    return stored(change(before.alert), before.alert.version + 1)


def threshold(step: int = 2, actual: str = "40500", *, beside: bool = False) -> Change:
    """An alert on a share of the budget that is used."""
    of = key(Kind.THRESHOLD)
    setting = replace(SETTING, beside=beside)
    return stored(evaluate(None, of, reading(step, kind=Kind.THRESHOLD, actual=actual), setting, NOW))


CLOSE = datetime(2026, 12, 7, 10, tzinfo=UTC)


def closed(step: int = 2, through: date = date(2026, 11, 30), amount: str = "56000") -> Change:
    """An alert on the final actual of a month."""
    seen = reading(step, at=CLOSE, kind=Kind.CLOSED, amount=amount, through=through)
    return stored(evaluate(None, key(Kind.CLOSED), seen, SETTING, CLOSE))


FULL = replace(SETTING, pings=7)
AWAY = replace(SETTING, stand_ins={"U1": "U9"})
OPEN, EMERGENCY = raised(), raised(3)
ACKNOWLEDGED = then(OPEN, lambda alert: acknowledge(alert, "U1", "button", SETTING, NOW + HOUR))
SNOOZED = then(
    OPEN, lambda alert: snooze(alert, "U2", NOW + 7 * DAY, "The migration *ends* on Sunday.", SETTING, NOW + HOUR)
)
SILENCE = EMERGENCY.alert.answer_by or NOW
ESCALATED = then(EMERGENCY, lambda alert: tick(alert, SETTING, SILENCE))
OVERDUE_AT = NOW + 8 * DAY
LATER = NOW + 5 * DAY


def called_in_the_morning() -> Change:
    """What rose at night once quiet hours are over."""
    return then(raised(1, at=NIGHT), lambda alert: tick(alert, SETTING, MORNING))


DONE = then(OPEN, lambda alert: do_duty(alert, "U1", "the plan is in the wiki", SETTING, NOW + HOUR))
"""Somebody has done what was to be done."""


def events() -> dict[str, tuple[Change, datetime]]:
    """A change with every event there is, each with when it happened."""
    rose, rose_at = moved(OPEN, 3)
    fell, fell_at = moved(EMERGENCY, 1)
    resolved, resolved_at = moved(EMERGENCY, 0)
    again, again_at = moved(resolved, 2, after=2 * DAY)
    held, held_at = moved(ACKNOWLEDGED, 1, after=2 * HOUR, amount="54000")
    gone, gone_at = moved(ACKNOWLEDGED, 0, after=2 * HOUR, why="The budget was raised.")
    silent, silent_at = moved(SNOOZED, 1, after=2 * HOUR)
    back, back_at = moved(moved(OPEN, 0)[0], 1)
    expired = then(ACKNOWLEDGED, lambda alert: tick(alert, SETTING, NOW + 4 * DAY))
    woken = then(SNOOZED, lambda alert: end_snooze(alert, "U2", SETTING, NOW + 2 * HOUR))
    return {
        "raised_again": (again, again_at),
        "rose": (rose, rose_at),
        "rose_folded": (moved(OPEN, 2, FULL)[0], rose_at),
        "rose_for_a_stand_in": (moved(OPEN, 2, AWAY)[0], rose_at),
        "raised_again_at_once": (back, back_at),
        "refreshed": (held, held_at),
        "refreshed_while_snoozed": (silent, silent_at),
        "fell": (fell, fell_at),
        "resolved": (resolved, resolved_at),
        "resolved_with_a_reason": (gone, gone_at),
        "concluded": (then(EMERGENCY, lambda alert: conclude(alert, "The month is closed.", SETTING, CLOSE)), CLOSE),
        "acknowledged": (ACKNOWLEDGED, NOW + HOUR),
        "acknowledged_by_reaction": (
            then(EMERGENCY, lambda alert: acknowledge(alert, "U5", "reaction", SETTING, NOW)),
            NOW,
        ),
        "taken_back": (then(ACKNOWLEDGED, lambda alert: take_back(alert, "U1", SETTING, NOW + 2 * HOUR)), NOW),
        "expired": (expired, NOW + 4 * DAY),
        "expired_and_overdue": (then(ACKNOWLEDGED, lambda alert: tick(alert, SETTING, OVERDUE_AT)), OVERDUE_AT),
        "snoozed": (SNOOZED, NOW + HOUR),
        "snooze_ended": (then(SNOOZED, lambda alert: tick(alert, SETTING, NOW + 7 * DAY)), NOW + 7 * DAY),
        "snooze_ended_by_hand": (woken, NOW + 2 * HOUR),
        "escalated": (ESCALATED, SILENCE),
        "escalated_folded": (then(OPEN, lambda alert: tick(alert, FULL, OPEN.alert.answer_by or NOW)), NOW + 3 * DAY),
        "overdue": (then(EMERGENCY, lambda alert: tick(alert, SETTING, OVERDUE_AT)), OVERDUE_AT),
        "raised_at_night": (moved(raised(1, at=NIGHT), 2)[0], NIGHT + HOUR),
        "called_in_the_morning": (called_in_the_morning(), MORNING),
        "duty_done": (DONE, NOW + HOUR),
        "threshold_beside": (threshold(beside=True), NOW),
        "threshold_rose": (moved(threshold(), 3, actual="50500.25", after=2 * DAY)[0], NOW + 2 * DAY),
        "under_rose": (moved(raised(-1), -3)[0], NOW + HOUR),
        "under_fell": (moved(raised(-3), -1)[0], NOW + HOUR),
        "over_from_under": (moved(raised(-2), 2)[0], NOW + HOUR),
    }


def frozen(*, exceptions: bool = False) -> Freeze:
    """A freeze in force, with exceptions in every state where wanted."""
    freeze = replace(
        decide(
            EMERGENCY.alert.key,
            freeze=True,
            what="New GPU capacity and all data exports",
            why="Until the plan is *approved*.",
            until=date(2026, 11, 30),
            by="U6",
            today=NOW.date(),
            now=NOW,
        ),
        id=7,
    )
    if not exceptions:
        return freeze
    for number, (what, by) in enumerate((("The release", "U2"), ("Load tests", "U1"), ("A demo", "U6")), start=1):
        until = date(2026, 11, 19 + number)
        freeze = ask(freeze, what=what, why="Customers wait.", until=until, by=by, today=NOW.date(), now=NOW)
    freeze = answer(freeze, 1, granted=True, by="U6", today=NOW.date(), now=NOW)
    return answer(freeze, 2, granted=False, by="U6", today=NOW.date(), now=NOW)


def declined() -> Freeze:
    """A decision against a freeze."""
    made = decide(
        EMERGENCY.alert.key, freeze=False, what="", why="One-off.", until=None, by="U6", today=NOW.date(), now=NOW
    )
    return replace(made, id=8)


LIFTED = lift(frozen(), by="U6", now=NOW + DAY)
EXPIRED_FREEZE = expire(frozen(), today=date(2026, 12, 1), now=datetime(2026, 12, 1, 8, tzinfo=UTC))


def many_callees(number: int) -> dict[Role, tuple[Callee, ...]]:
    """As many owners and a group, half of them unknown to the workspace."""
    people = [Callee(Role.OWNER, f"owner{n}@example.com", f"U{n}" if n % 2 else "") for n in range(1000, 1000 + number)]
    return {**CALLEES, Role.OWNER: (*people, Callee(Role.OWNER, "@owners", "S2"))}


def hostile(name: str) -> tuple[Change, Team, Policy, dict[str, str]]:
    """An alert in which everything that others wrote is the same text."""
    ladder = tuple(replace(tier, name=name, duty=name, duty_under=name) for tier in POLICY.ladder)
    policy = replace(POLICY, ladder=ladder)
    callees = {role: (Callee(role, name), *found) for role, found in CALLEES.items()}
    setting = Setting(policy, callees)
    change = raised(2, setting)
    change = then(change, lambda alert: snooze(alert, "U2", NOW + DAY, name, setting, NOW))
    return change, Team("payments", name), policy, dict.fromkeys(NAMES, name)


HOSTILE = {"nasty": NASTY, "right_to_left": RIGHT_TO_LEFT, "long": (LONG + " ") * 4, "emoji": "🚀 支払い :smile:"}


def many_alerts(number: int) -> list[Alert]:
    """Alerts of many teams on every rung and in every state."""
    states = (OPEN.alert, ACKNOWLEDGED.alert, SNOOZED.alert, EMERGENCY.alert, raised(-2).alert, threshold().alert)
    return [replace(states[n % 6], key=replace(states[n % 6].key, team=f"team-{n:03d}")) for n in range(number)]


def with_rules(**rules: object) -> Policy:
    """The policy with other rules."""
    return replace(POLICY, rules=replace(AlertRules(), **rules))  # type: ignore[arg-type]


def teams_of(alerts: Sequence[Alert]) -> dict[str, Team]:
    """A named team for each alert."""
    return {alert.key.team: Team(alert.key.team, f"Team {alert.key.team[-3:]}") for alert in alerts} | {
        "payments": PAYMENTS
    }
