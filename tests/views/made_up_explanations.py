"""Every message and form of explanations over ordinary, empty and hostile input, by the name of its golden file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from made_up_drivers import separated
from made_up_months import LONG, NASTY, NOVEMBER, PAYMENTS, RIGHT_TO_LEFT, ended, team_month

from finops.alert_state import Callee
from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.company import Team
from finops.corrective_action import CorrectiveAction, Target, plan_action
from finops.explained_month import Drivers, drivers_of, variance_of
from finops.explanation import (
    Category,
    Coverage,
    Explanation,
    ExplanationChange,
    ExplanationRules,
    Stage,
    Variance,
    VarianceKey,
    Wording,
    approve,
    coverage,
    edit,
    give_back,
    remind,
    restate,
    submit,
    withdraw,
)
from finops.policy import Role
from finops.spend import DaySpend
from finops.team_month import TeamMonth
from views.explanation import explanation_message
from views.explanation_draft import Draft, deleted_modal, draft_modal
from views.explanation_form import AMOUNT, CATEGORY, STAYS, WHAT, WHY, YES, Form, first_form, in_words
from views.explanation_next import DUE, FOLLOWING, OWNER, SAVING, TASK, NextForm, next_form
from views.explanation_notes import Happened, answered_message, direct_message, event_note
from views.explanation_review import ask_modal, return_modal
from views.explanations import explanations_message
from views.message import Message

Case = Callable[[], Message | dict[str, Any]]
KEY = VarianceKey("payments", NOVEMBER, "USD")
NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
TODAY = date(2026, 11, 16)
CALENDAR, RULES = WorkCalendar(), ExplanationRules()
NAMES = {"U1": "Ada Lovelace", "U2": "Bob Stone", "U5": "Eva Finance", "S1": "@finops"}
REVIEWERS = (Callee(Role.FINOPS, "@finops", "S1"), Callee(Role.FINANCE, "eva@example.com", "U5"))
WORDING = Wording(
    Decimal("3000"),
    Category.GROWTH,
    True,
    "Checkout moved to larger nodes.\n\nTraffic doubled on the 3rd.",
    "A new customer came a month early.",
    "We buy a savings plan.",
)


def seen(amount: str = "64200", *, is_forecast: bool = True) -> Variance:
    """The number of a month with a budget of 60,000."""
    return Variance(Decimal(amount), Decimal(60000), is_forecast, Basis.EFFECTIVE, 1, NOW)


def stored(change: ExplanationChange) -> ExplanationChange:
    """A change as the database gives it back."""
    version = change.explanation.version + bool(change.events)
    return replace(change, explanation=replace(change.explanation, version=version))


def submitted(wording: Wording = WORDING, number: int = 1, number_seen: Variance | None = None) -> ExplanationChange:
    """An explanation by Ada."""
    return stored(submit(KEY, number, wording, "U1", number_seen or seen(), RULES, CALENDAR, NOW))


SUBMITTED = submitted()
LATER = NOW + timedelta(hours=3)
LATE = NOW + timedelta(days=7)
FIRST = SUBMITTED.explanation
ASKED = stored(give_back(FIRST, Stage.ASKED, "Which nodes?\nAnd why so many?", "U5", 1, RULES, CALENDAR, LATER))
RETURNED = stored(give_back(FIRST, Stage.RETURNED, "The amount is too small.", "U5", 1, RULES, CALENDAR, LATER))
APPROVED = stored(approve(FIRST, "U5", 1, seen(), RULES, LATER))
EDITED = stored(
    edit(
        APPROVED.explanation,
        replace(WORDING, amount=Decimal(4200), why="Two customers came."),
        "U2",
        2,
        seen(),
        RULES,
        CALENDAR,
        LATER,
    )
)
VOIDED = stored(restate(APPROVED.explanation, seen("66100.505"), RULES, CALENDAR, LATER))
VOIDED_UNAPPROVED = stored(restate(FIRST, seen("58000"), RULES, CALENDAR, LATER))
NOTED = stored(restate(APPROVED.explanation, seen("64210.25", is_forecast=False), RULES, CALENDAR, LATER))
WITHDRAWN = stored(withdraw(FIRST, "U1", 1, LATER))
OVERDUE = stored(remind(FIRST, CALENDAR, LATE))
OVERDUE_ANSWER = stored(remind(RETURNED.explanation, CALENDAR, LATE))
CHANGES = {
    "submitted": SUBMITTED,
    "asked": ASKED,
    "returned": RETURNED,
    "approved": APPROVED,
    "edited": EDITED,
    "voided": VOIDED,
    "voided_unapproved": VOIDED_UNAPPROVED,
    "noted": NOTED,
    "withdrawn": WITHDRAWN,
    "overdue": OVERDUE,
    "overdue_answer": OVERDUE_ANSWER,
}
HOSTILE = Wording(Decimal("-0.01"), Category.ALLOCATION, False, f"{NASTY}\n> {NASTY}", RIGHT_TO_LEFT, "`" + NASTY)
WHOLE = Wording(
    Decimal(4200), Category.TIMING, True, ("A line that goes on & on. " * 120)[:3000], "<&>" * 1000, "x" * 3000
)


def planned(text: str = "Turn idle nodes off", promised: str | None = "1200") -> CorrectiveAction:
    """A corrective action of the first explanation."""
    amount = None if promised is None else Decimal(promised)
    target = Target("Amazon EC2")
    change = plan_action(KEY, 1, text, "U2", date(2026, 11, 27), amount, target, "U1", NOW)
    return replace(change.action, number=12)


def message_of(
    explanation: Explanation, actions: tuple[CorrectiveAction, ...] = (), *, late: bool = False, team: Team = PAYMENTS
) -> Message:
    """An explanation's message."""
    covered = coverage(Decimal(4200), [explanation])
    return explanation_message(explanation, team, covered, actions, NAMES, TODAY, late=late)


def message_cases() -> dict[str, Case]:
    """Messages of explanations."""
    late = OVERDUE.explanation
    cases: dict[str, Case] = {
        name: lambda change=change: message_of(change.explanation)  # type: ignore[misc]
        for name, change in CHANGES.items()
        if name not in ("overdue", "overdue_answer", "noted")
    }
    return cases | {
        "late": lambda: message_of(late, late=True),
        "with_actions": lambda: message_of(FIRST, (planned(), planned(NASTY, None))),
        "under": lambda: message_of(
            submitted(replace(WORDING, amount=Decimal(-3000)), number_seen=seen("57000", is_forecast=False)).explanation
        ),
        "nasty": lambda: message_of(submitted(HOSTILE).explanation, team=Team("payments", NASTY)),
        "whole": lambda: message_of(submitted(WHOLE).explanation, (planned(),) * 20),
    }


def note_cases() -> dict[str, Case]:
    """Notes in the thread, and direct messages."""

    def happened(change: ExplanationChange, reviewers: tuple[Callee, ...] = REVIEWERS) -> Happened:
        return Happened(change.explanation, change.events[0], PAYMENTS, reviewers, NAMES)

    cases: dict[str, Case] = {
        f"note_explanation_{name}": lambda change=change: event_note(happened(change))  # type: ignore[misc]
        for name, change in CHANGES.items()
    }
    direct: dict[str, Case] = {
        f"call_explanation_{name}": lambda change=change: direct_message(happened(change))  # type: ignore[misc]
        for name, change in CHANGES.items()
        if name not in ("noted", "withdrawn")
    }
    nasty = stored(give_back(FIRST, Stage.RETURNED, f"{NASTY}\n" * 40, "U5", 1, RULES, CALENDAR, LATER))
    return (
        cases
        | direct
        | {
            "note_explanation_nobody_reviews": lambda: event_note(happened(SUBMITTED, ())),
            "note_explanation_nasty": lambda: event_note(happened(nasty)),
            "call_explanation_whole": lambda: direct_message(happened(submitted(WHOLE))),
            "call_explanation_answered": lambda: answered_message(APPROVED.explanation, PAYMENTS, NAMES),
        }
    )


def spend(month: TeamMonth, services: tuple[str, ...], before: bool = True) -> list[DaySpend]:
    """Rows by service that add up to a month, and those of the month before."""
    rows = []
    for day, cost in month.daily.items():
        part = (cost / len(services)).quantize(Decimal("1E-8"))
        for number, service in enumerate(services):
            own = cost - part * (len(services) - 1) if not number else part
            rows.append(DaySpend(day, "", "AWS", service, "Usage", month.currency, own, own))
            former = (own * (1 + Decimal(number) / 9)).quantize(Decimal("1E-8"))
            if before:
                earlier = day - timedelta(days=31)
                rows.append(
                    DaySpend(max(earlier, date(2026, 10, 1)), "", "AWS", service, "Usage", "USD", former, former)
                )
    return rows


NO_BUDGET = "payments has no approved budget, so there is no variance to explain. Ask FinOps to approve one."
SERVICES = ("Amazon EC2", "Amazon RDS", "Amazon S3")


def form(
    month: TeamMonth, services: tuple[str, ...] = SERVICES, before: bool = True, driven: bool = False, **more: Any
) -> dict[str, Any]:
    """The first step for a month."""
    number = variance_of(month, 1, NOW)
    assert number is not None
    rows = spend(month, services, before)
    drivers: Drivers | None = drivers_of(month, rows, separated(month, rows) if driven else None)
    assert drivers is None or drivers.total == number.value
    fields = {AMOUNT: "4200", WHAT: in_words(PAYMENTS, number, KEY, drivers), STAYS: YES}
    given: dict[str, Any] = {
        "fields": fields,
        "names": NAMES,
        "coverage": Coverage(number.value, Decimal(0), Decimal(0)),
    }
    return first_form(Form(KEY, PAYMENTS, month, number, drivers, **(given | more)))


def form_cases() -> dict[str, Case]:
    """The steps of the form, and those of a review."""
    former = replace(APPROVED.explanation, key=replace(KEY, month=NOVEMBER.previous))
    nasty = submitted(HOSTILE, 2).explanation
    typed = {AMOUNT: "x", WHAT: NASTY, WHY: "w" * 3000, CATEGORY: "price"}
    drafted = Draft(KEY, PAYMENTS, 1, 2, 3, {}, names=NAMES)
    step = NextForm(KEY, PAYMENTS, 0, 0, 0, (), (), SERVICES, NAMES, TODAY)
    return {
        "form_running": lambda: form(team_month()),
        "form_ended": lambda: form(ended()),
        "form_driven": lambda: form(team_month(), driven=True),
        "form_driven_why_written": lambda: form(ended(), driven=True, fields={WHY: "We doubled the customers."}),
        "form_nothing_before": lambda: form(ended(), before=False),
        "form_many_services": lambda: form(ended(), (NASTY, RIGHT_TO_LEFT, LONG, *map(str, range(30)))),
        "form_portion": lambda: form(
            team_month(),
            standing=[FIRST, nasty],
            former=[former] * 9,
            coverage=coverage(Decimal("4200.5"), [FIRST, nasty]),
        ),
        "form_drafted": lambda: form(
            team_month(), number=1, read=2, turn=3, drafted=True, meanwhile=RETURNED.explanation, fields=typed
        ),
        "next": lambda: next_form(step),
        "next_filled": lambda: next_form(
            replace(
                step,
                number=1,
                turn=2,
                known=(planned(),),
                added=(replace(planned(), number=0), replace(planned(NASTY * 5, None), number=0)),
                services=(NASTY, "x" * 200, *map(str, range(200))),
                fields={FOLLOWING: "f" * 3000, OWNER: "U1", TASK: NASTY},
            )
        ),
        "draft": lambda: draft_modal(replace(drafted, fields=typed | {STAYS: YES, DUE: "2026-11-27"}), NO_BUDGET),
        "draft_nasty": lambda: draft_modal(
            replace(
                drafted,
                team=Team("payments", NASTY),
                fields={name: "<&>" * 1000 for name in (WHAT, WHY, FOLLOWING)},
                added=[{TASK: f"{NASTY} {number}", OWNER: "U1", SAVING: "1,200"} for number in range(20)],
            ),
            NASTY,
        ),
        "draft_deleted": lambda: deleted_modal(PAYMENTS, KEY, NO_BUDGET),
        "return_form": lambda: return_modal(FIRST, PAYMENTS),
        "ask_form": lambda: ask_modal(nasty, Team("payments", NASTY)),
    }


def list_cases() -> dict[str, Case]:
    """Answers to `/finops explanations`."""
    each = [change.explanation for change in CHANGES.values()]
    return {
        "list_none": lambda: explanations_message([], {}, {}, asked=NASTY),
        "list_some": lambda: explanations_message(each[:3], {"payments": PAYMENTS}, NAMES),
        "list_many": lambda: explanations_message([submitted(WHOLE).explanation] * 16, {}, {}, asked="x", more=True),
    }


EXPLANATION_CASES: dict[str, Case] = {
    **{f"explanation_{name}": case for name, case in (message_cases() | form_cases() | list_cases()).items()},
    **note_cases(),
}
