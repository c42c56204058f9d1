"""Every message and form of alerts over ordinary, empty and hostile input, by the name of its golden file."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from made_up_alerts import (
    ACKNOWLEDGED,
    AWAY,
    CALLEES,
    CLOSE,
    DAY,
    DONE,
    EMERGENCY,
    ESCALATED,
    EXPIRED_FREEZE,
    FULL,
    HOSTILE,
    HOUR,
    LIFTED,
    NAMES,
    NIGHT,
    NOW,
    OPEN,
    OVERDUE_AT,
    POLICY,
    SETTING,
    SILENCE,
    SNOOZED,
    closed,
    declined,
    events,
    frozen,
    hostile,
    key,
    many_alerts,
    many_callees,
    moved,
    raised,
    reading,
    stored,
    teams_of,
    then,
    threshold,
)
from made_up_drivers import separation
from made_up_months import LONG, NASTY, PAYMENTS, RIGHT_TO_LEFT

from finops.alert import Alert, Callee, Change, Setting, conclude, evaluate, tick
from finops.breakdown import Line
from finops.company import Team
from finops.explanation import Coverage
from finops.freeze import Freeze, end_exceptions
from finops.policy import LADDER, Kind, Policy, Role
from views.admin import Dead, Export, JobRun, Status, status_message
from views.alert import alert_message
from views.alert_calls import Call, FoldedCall, call_message, digest_message
from views.alert_drivers import drivers_message
from views.alert_notes import event_note
from views.alerts import alerts_message
from views.freeze import What, exception_modal, freeze_modal, freeze_note
from views.leave import leave_message, leave_modal
from views.message import Message
from views.snooze import snooze_modal, snooze_preview

Case = Callable[[], Message | dict[str, Any]]


@dataclass(frozen=True)
class Away:
    """An absence as the database gives it."""

    id: int
    user_id: str
    stand_in: str
    first_day: date
    last_day: date


def of_payments(alert: Alert, now: datetime = NOW, freeze: Freeze | None = None) -> Message:
    """The message of an alert of the payments team."""
    return alert_message(alert, PAYMENTS, POLICY, NAMES, now, freeze=freeze)


BY_CHANCE = replace(POLICY, ladder=(*LADDER[:2], replace(LADDER[2], chance=Decimal("0.7")), LADDER[3]))
"""`formal` begins at a chance of 70 %."""


def likely(chance: float, policy: Policy, step: int = 2) -> Alert:
    """A forecast's alert on a step, with that chance of ending beyond the step's edge."""
    chances = tuple(Decimal(repr(chance)) if number == abs(step) else Decimal("0.9") for number in (1, 2, 3))
    seen = replace(reading(step), chances=chances)
    return stored(evaluate(None, key(), seen, replace(SETTING, policy=policy), NOW)).alert


def alert_cases() -> dict[str, Case]:
    """Messages of alerts."""
    under = {f"under_{step}": raised(-step).alert for step in (1, 2, 3)}
    credits = closed(-3, amount="-157.6")
    alerts: dict[str, tuple[Alert, datetime]] = {
        "investigate": (OPEN.alert, NOW),
        "formal": (raised(2).alert, NOW),
        "at_night": (raised(1, at=NIGHT).alert, NIGHT),
        "duty_done": (DONE.alert, NOW + HOUR),
        "emergency": (EMERGENCY.alert, NOW),
        **{name: (alert, NOW) for name, alert in under.items()},
        "acknowledged": (ACKNOWLEDGED.alert, NOW + HOUR),
        "snoozed": (SNOOZED.alert, NOW + HOUR),
        "escalated": (ESCALATED.alert, SILENCE),
        "overdue": (then(EMERGENCY, lambda alert: tick(alert, SETTING, OVERDUE_AT)).alert, OVERDUE_AT),
        "resolved": (moved(OPEN, 0)[0].alert, NOW + HOUR),
        "resolved_with_a_reason": (
            moved(OPEN, 0, budget=None, why="there is no approved budget any more")[0].alert,
            NOW + HOUR,
        ),
        "concluded": (
            then(OPEN, lambda alert: conclude(alert, "the month is closed", SETTING, CLOSE)).alert,
            CLOSE,
        ),
        "half_used": (threshold(1, "25100").alert, NOW),
        "threshold": (threshold().alert, NOW),
        "all_used": (threshold(3, "50000.01").alert, NOW),
        "threshold_resolved": (moved(threshold(), 0, actual="24000")[0].alert, NOW + HOUR),
        "closed": (closed().alert, CLOSE),
        "closed_partial": (closed(through=date(2026, 11, 27)).alert, CLOSE),
        "closed_with_credits": (credits.alert, CLOSE),
        "already_over": (raised(3, amount="62000", actual="62000", is_forecast=False).alert, NOW),
        "stale": (OPEN.alert, NOW + 4 * DAY),
        "zero_budget": (raised(1, budget="0").alert, NOW),
        "yen": (
            stored(evaluate(None, key(currency="JPY"), reading(2, amount="560001"), SETTING, NOW)).alert,
            NOW,
        ),
        "chance": (likely(0.64, POLICY), NOW),
        "200_callees": (raised(1, Setting(POLICY, many_callees(200))).alert, NOW),
        "nobody_to_call": (raised(2, Setting(POLICY)).alert, NOW),
    }
    cases: dict[str, Case] = {
        name: lambda alert=alert, now=now: of_payments(alert, now)  # type: ignore[misc]
        for name, (alert, now) in alerts.items()
    }
    for name, alert in {
        "by_chance": likely(0.8234, BY_CHANCE),
        "by_chance_just_short": likely(0.6974, BY_CHANCE),
        "by_amount_beside_chances": likely(0.8234, BY_CHANCE, 1),
        "by_chance_under": likely(0.995, BY_CHANCE, -2),
    }.items():
        cases[name] = lambda alert=alert: alert_message(alert, PAYMENTS, BY_CHANCE, NAMES, NOW)  # type: ignore[misc]
    freezes = {"frozen": frozen(), "frozen_with_exceptions": frozen(exceptions=True), "freeze_declined": declined()}
    freezes |= {"freeze_lifted": LIFTED, "freeze_expired": EXPIRED_FREEZE}
    for name, freeze in freezes.items():
        cases[name] = lambda freeze=freeze: of_payments(EMERGENCY.alert, NOW, freeze)  # type: ignore[misc]
    cases["folded"] = lambda: of_payments(raised(2, FULL).alert)
    cases["stand_in"] = lambda: alert_message(
        raised(1, AWAY).alert, PAYMENTS, POLICY, NAMES, NOW, stand_ins=AWAY.stand_ins
    )
    for name, (explained, approved) in {"explained": ("1200.5", "1000"), "explained_too_much": ("9000", "0")}.items():
        covered = Coverage(OPEN.alert.reading.variance or Decimal(0), Decimal(explained), Decimal(approved))
        cases[name] = lambda covered=covered: alert_message(  # type: ignore[misc]
            OPEN.alert, PAYMENTS, POLICY, NAMES, NOW, coverage=covered
        )
    for name, text in HOSTILE.items():
        change, team, policy, names = hostile(text)
        cases[f"name_{name}"] = lambda given=(change.alert, team, policy, names): alert_message(  # type: ignore[misc]
            *given, NOW, freeze=replace(frozen(), what=given[1].name, why=given[1].name)
        )
    return {f"alert_{name}": case for name, case in cases.items()}


def note_cases() -> dict[str, Case]:
    """Notes in alerts' threads: all those of one change."""

    def noted(change: Change, number: int, team: Team = PAYMENTS) -> Message:
        return event_note(change.alert, change.events[number], team, POLICY, NAMES)

    cases: dict[str, Case] = {
        f"note_{name}" + (f"_{number + 1}" if len(change.events) > 1 else ""): lambda change=change, number=number: (  # type: ignore[misc]
            noted(change, number)
        )
        for name, (change, _) in events().items()
        for number in range(len(change.events))
    }
    for name, text in HOSTILE.items():
        change, team, policy, names = hostile(text)
        cases[f"note_name_{name}"] = (
            lambda given=(change, team, policy, names): event_note(  # type: ignore[misc]
                given[0].alert, given[0].events[0], *given[1:]
            )
        )
    return cases


def calls_of(change: Change, user_id: str, team: Team = PAYMENTS, freeze: Freeze | None = None) -> list[Call]:
    """Every call of a change to one person."""
    return [
        Call(change.alert, event, callee, team, POLICY, freeze)
        for event in change.events
        for callee in event.calls
        if callee.id == user_id
    ]


def call_cases() -> dict[str, Case]:
    """Direct messages and digests."""
    told = events()

    def called(name: str, user_id: str) -> Message:
        change, at = told[name]
        return call_message(calls_of(change, user_id), NAMES, at)

    many = [replace(OPEN, alert=replace(OPEN.alert, key=replace(key(), team=f"team-{n}"))) for n in range(40)]
    folded = [FoldedCall(NOW + n * HOUR, key(), "rose", "formal", CALLEES[Role.OWNER][: 1 + n % 2]) for n in range(25)]
    hostile_fold = FoldedCall(NOW, key(Kind.THRESHOLD), NASTY, NASTY, (Callee(Role.OWNER, NASTY),))
    return {
        "call_owner": lambda: call_message(calls_of(OPEN, "U1"), NAMES, NOW),
        "call_sponsor": lambda: call_message(calls_of(EMERGENCY, "U6"), NAMES, NOW),
        "call_sponsor_after_the_decision": lambda: call_message(
            calls_of(EMERGENCY, "U6", freeze=declined()), NAMES, NOW
        ),
        "call_under": lambda: call_message(calls_of(raised(-3), "U1"), NAMES, NOW),
        "call_threshold": lambda: call_message(calls_of(threshold(), "U1"), NAMES, NOW),
        "call_escalated": lambda: called("escalated", "U3"),
        "call_expired": lambda: called("expired", "U1"),
        "call_overdue": lambda: called("overdue", "U1"),
        "call_stand_in": lambda: called("rose_for_a_stand_in", "U9"),
        "call_grouped": lambda: call_message(
            [*calls_of(OPEN, "U1"), *calls_of(closed(), "U1"), *calls_of(raised(1, AWAY), "U9")], NAMES, NOW
        ),
        "call_grouped_40": lambda: call_message(
            [call for change in many for call in calls_of(change, "U1")], NAMES, NOW
        ),
        "call_name_nasty": lambda: call_message(calls_of(OPEN, "U1", Team("payments", NASTY)), NAMES, NOW),
        "digest": lambda: digest_message(PAYMENTS, date(2026, 11, 16), folded[:2], POLICY, NAMES),
        "digest_one": lambda: digest_message(PAYMENTS, date(2026, 11, 30), folded[:1], POLICY, NAMES),
        "digest_25": lambda: digest_message(PAYMENTS, date(2026, 11, 16), folded, POLICY, NAMES),
        "digest_nasty": lambda: digest_message(
            Team(NASTY, NASTY), date(2026, 11, 16), [hostile_fold], POLICY, {"U1": NASTY}
        ),
    }


def list_cases() -> dict[str, Case]:
    """Answers to `/finops alerts`, and the rows behind a figure."""
    many = many_alerts(120)
    policies = dict.fromkeys((alert.key.team for alert in (*many, OPEN.alert)), POLICY)
    late = [replace(each.alert, dues={each.alert.step: date(2026, 11, 13)}) for each in (EMERGENCY, ACKNOWLEDGED, DONE)]
    few = [OPEN.alert, *late, SNOOZED.alert, raised(-2).alert]
    teams = {"payments": PAYMENTS}
    lines = [Line("Amazon EC2", Decimal("20000.123"), Decimal(18000)), Line("Amazon S3", Decimal("8000.377"))]
    named = [Line(name, Decimal("1000.005")) for name in (LONG, NASTY, RIGHT_TO_LEFT, *map(str, range(20)))]
    shut = closed().alert
    return {
        "alerts_none": lambda: alerts_message([], {}, {}, [], NAMES, NOW),
        "alerts_none_of_a_team": lambda: alerts_message([], {}, {}, [frozen()], NAMES, NOW, asked=NASTY, withheld=1),
        "alerts_one": lambda: alerts_message([OPEN.alert], teams, policies, [], NAMES, NOW, asked="payments"),
        "alerts_few": lambda: alerts_message(
            few, teams, policies, [frozen(exceptions=True)], NAMES, NOW, scope="your teams", withheld=3
        ),
        "alerts_120": lambda: alerts_message(
            many, teams_of(many), policies, [frozen()] * 12, NAMES, NOW, withheld=1200
        ),
        "alerts_name_nasty": lambda: alerts_message(
            [OPEN.alert], {"payments": Team("payments", NASTY)}, policies, [frozen()], {"U6": NASTY}, NOW, scope=NASTY
        ),
        "drivers_forecast": lambda: drivers_message(
            OPEN.alert, PAYMENTS, lines, expected=Decimal("25099.5"), expected_days="15–30 Nov"
        ),
        "drivers_closed": lambda: drivers_message(
            replace(shut, reading=replace(shut.reading, amount=Decimal("28000.5"))),
            PAYMENTS,
            lines,
            expected=None,
            expected_days="",
        ),
        "drivers_moved": lambda: drivers_message(
            OPEN.alert,
            PAYMENTS,
            lines,
            expected=Decimal("25099.5"),
            expected_days="15–30 Nov",
            moved=separation(Decimal("1240.5")),
        ),
        "drivers_many": lambda: drivers_message(
            OPEN.alert, PAYMENTS, named, expected=Decimal("30000"), expected_days="15–30 Nov"
        ),
        "drivers_unknown": lambda: drivers_message(OPEN.alert, PAYMENTS, [], expected=None, expected_days=""),
    }


def form_cases() -> dict[str, Case]:
    """Modals, what a freeze's thread is told, and leave."""
    late = end_exceptions(frozen(exceptions=True), today=date(2026, 11, 29), now=NOW + 13 * DAY)
    asked, (nasty, team, policy, names) = frozen(exceptions=True), hostile(NASTY)
    notes: dict[str, tuple[Freeze, What, int | None]] = {
        "decided": (frozen(), "decided", None),
        "declined": (declined(), "declined", None),
        "asked": (asked, "asked", 3),
        "asked_of_another": (replace(asked, decided_by="U5"), "asked", 3),
        "granted": (asked, "granted", 1),
        "refused": (asked, "refused", 2),
        "lifted": (LIFTED, "lifted", None),
        "expired": (EXPIRED_FREEZE, "expired", None),
        "nasty": (replace(frozen(), what=NASTY, why=NASTY * 9), "decided", None),
    }
    monday = date(2026, 11, 16)
    leaves = [Away(1, "U1", "U9", monday, monday), Away(2, "U2", "U1", date(2026, 12, 21), date(2027, 1, 1))]
    until = datetime(2026, 11, 24, 17, tzinfo=UTC)
    cases: dict[str, Case] = {
        f"freeze_note_{name}": lambda given=given: freeze_note(given[0], PAYMENTS, NAMES, given[1], given[2])  # type: ignore[misc]
        for name, given in notes.items()
    }
    return cases | {
        "snooze_modal": lambda: snooze_modal(OPEN.alert, PAYMENTS, POLICY, NOW),
        "snooze_modal_nasty": lambda: snooze_modal(nasty.alert, team, policy, NOW),
        "snooze_preview": lambda: snooze_preview(EMERGENCY.alert, PAYMENTS, POLICY, until, "Known.", NAMES, NOW),
        "snooze_preview_acknowledged": lambda: snooze_preview(
            ACKNOWLEDGED.alert, PAYMENTS, POLICY, until, "Known.", NAMES, NOW
        ),
        "snooze_preview_threshold": lambda: snooze_preview(
            threshold().alert, PAYMENTS, POLICY, until, NASTY * 20, NAMES, NOW
        ),
        "snooze_preview_under": lambda: snooze_preview(raised(-1).alert, team, POLICY, until, "Known.", names, NOW),
        "freeze_modal": lambda: freeze_modal(EMERGENCY.alert, PAYMENTS, NOW),
        "freeze_note_asked_of_nobody": lambda: freeze_note(asked, PAYMENTS, NAMES, "asked", 3),
        "freeze_note_asked_of_many": lambda: freeze_note(asked, PAYMENTS, NAMES, "asked", 3, sponsors=["U9", "S1"]),
        "freeze_note_answered": lambda: freeze_note(asked, PAYMENTS, NAMES, "asked", 1),
        "freeze_note_ended": lambda: freeze_note(late, PAYMENTS, NAMES, "ended", 1),
        "freeze_note_ended_unanswered": lambda: freeze_note(late, PAYMENTS, NAMES, "ended", 3),
        "freeze_note_expired_in_emergency": lambda: freeze_note(
            EXPIRED_FREEZE, PAYMENTS, NAMES, "expired", sponsors=["U6"], emergency=EMERGENCY.alert
        ),
        "freeze_exception_modal": lambda: exception_modal(frozen(), PAYMENTS),
        "freeze_exception_modal_nasty": lambda: exception_modal(replace(frozen(), what=NASTY * 20), team),
        "leave_modal": lambda: leave_modal([], monday),
        "leave_modal_known": lambda: leave_modal(leaves, monday),
        "leave_none": lambda: leave_message([], NAMES, monday),
        "leave_some": lambda: leave_message(leaves, NAMES, monday, user_id="U1"),
        "leave_many": lambda: leave_message(leaves * 30, {"U1": NASTY}, monday, user_id="U1"),
    }


def admin_cases() -> dict[str, Case]:
    """Answers to `/finops admin`."""
    ill = Status(
        live=False,
        exports=[Export(NASTY, date(2026, 11, 14), NOW, NASTY)] * 12,
        jobs=[JobRun("daily_summary", "07:00", NOW), JobRun("ingest_billing", "every 1h", NOW, NASTY), JobRun("x")],
        deliveries={"sent": 12_345, "due": 3, "dead": 11},
        waiting_since=NOW,
        dead=[Dead(f"daily/{NASTY}/{n}", NASTY, NOW) for n in range(11)],
        alerts={"open": 3, "acknowledged": 1},
        next_alert_at=NOW + HOUR,
        unknown=["gus@example.com", NASTY],
        placeless=["search", NASTY],
        looked_at=1000,
        entries=1,
        seal="ab" * 32,
        faults=["entry 7 was changed after it was written"],
    )
    well = Status(
        exports=[Export("aws", date(2026, 11, 14), NOW)],
        jobs=[JobRun("daily_summary", "07:00", NOW)],
        deliveries={"sent": 12_345},
        alerts={"open": 3},
        entries=4711,
        seal="ab" * 32,
    )
    long = replace(well, looked_at=1000)
    return {
        "admin_status_new": lambda: status_message(Status()),
        "admin_status_well": lambda: status_message(well),
        "admin_status_long_record": lambda: status_message(long),
        "admin_status_ill": lambda: status_message(ill),
    }


ALERT_CASES: dict[str, Case] = {
    **alert_cases(),
    **note_cases(),
    **call_cases(),
    **list_cases(),
    **form_cases(),
    **admin_cases(),
}
