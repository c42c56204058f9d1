"""Messages and forms about budgets and requests for others, over ordinary, empty and extreme input."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from made_up_months import LONG, NASTY, NOVEMBER, PAYMENTS, RIGHT_TO_LEFT

from finops.accuracy import MonthAccuracy
from finops.basis import Basis
from finops.budget import BudgetVersion
from finops.budget_request import BudgetRequest, BudgetRules, Change, RequestStage
from finops.company import Team
from finops.forecast import Forecast
from finops.periods import Month
from finops.policy import Role
from views.budget import budget_message
from views.budget_request import refusal_modal, request_message, request_modal
from views.message import Message

APPROVERS = BudgetRules().approvers
NAMES = {"U1": "Alice Example", "U2": "Dave Example", "U3": NASTY, "S1": "@finance"}
AT = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
DECEMBER, JANUARY, FEBRUARY = Month(2026, 12), Month(2027, 1), Month(2027, 2)
MONTHS = (NOVEMBER, DECEMBER, JANUARY)
REQUEST = BudgetRequest(
    number=7,
    team="payments",
    currency="USD",
    amount=Decimal(3400),
    changes=(Change(DECEMBER, Decimal(2900)), Change(JANUARY, Decimal(2900))),
    why="the launch needs a second region",
    asked_by="U1",
    asked_at=AT,
    until=JANUARY,
    after=Decimal(2900),
    due=date(2026, 11, 23),
    version=1,
)
SKIPPING = replace(
    REQUEST,
    changes=tuple(Change(Month(2027, number), Decimal(2900)) for number in (1, 3, 4, 6)),
    until=None,
    after=None,
)
"""February and May have the amount that is asked for already."""
MIXED = replace(
    REQUEST,
    amount=Decimal("3400.5"),
    changes=(Change(NOVEMBER, Decimal(2900)), Change(DECEMBER, Decimal(3600)), Change(JANUARY, None)),
    after=None,
)
HOSTILE = replace(REQUEST, why=(NASTY + " ") * 8, asked_by="U3", reason=NASTY, answered_by="U3")
FORECAST = Forecast(
    Decimal("3090.12"), Decimal(1300), date(2026, 10, 13), (Decimal(3000),) * 9 + (Decimal(3200),) * 16, ()
)


def version(month: Month, amount: str, number: int = 1, by: str = "U2", source: str = "plan 2026-Q4") -> BudgetVersion:
    """A version of a budget of payments."""
    return BudgetVersion("payments", month, "USD", number, Decimal(amount), source, by, AT)


def near(month: Month, budget: str | None = "2900", planned: str | None = "2900", **more: Any) -> MonthAccuracy:
    """A final month of payments."""
    given = {"actual": Decimal("3103.83"), "forecast": FORECAST} | more
    return MonthAccuracy(
        "payments",
        month,
        "USD",
        Basis.EFFECTIVE,
        None if budget is None else Decimal(budget),
        None if planned is None else Decimal(planned),
        **given,
    )


def answered(stage: RequestStage, reason: str = "") -> BudgetRequest:
    """The request, decided by Dave or withdrawn."""
    by = "U1" if stage is RequestStage.WITHDRAWN else "U2"
    return replace(REQUEST, stage=stage, answered_by=by, answered_at=AT, reason=reason, version=2)


def budget(**changed: Any) -> Message:
    """The answer to `/finops budget payments` for an owner."""
    given: dict[str, Any] = {
        "team": PAYMENTS,
        "months": MONTHS,
        "versions": [version(NOVEMBER, "2800"), version(NOVEMBER, "2900.50", 2), version(DECEMBER, "2900")],
        "accuracy": [near(Month(2026, 9), planned="2500", forecast=None), near(Month(2026, 10))],
        "requests": [],
        "names": NAMES,
        "currencies": ["USD"],
        "asks": True,
        "decides": False,
        "user_id": "U1",
    }
    return budget_message(**(given | changed))


def shown(request: BudgetRequest, *approvers: str, team: Team = PAYMENTS) -> Message:
    """A request's message."""
    return request_message(request, team, NAMES, approvers)


BUDGET_CASES: dict[str, Callable[[], Message | dict[str, Any]]] = {
    "budget": budget,
    "budget_nothing_yet": lambda: budget(versions=[], accuracy=[], asks=False),
    "budget_own_request": lambda: budget(requests=[REQUEST]),
    "budget_to_decide": lambda: budget(requests=[REQUEST] * 7, asks=False, decides=True, user_id="U2"),
    "budget_without_budgets": lambda: budget(accuracy=[near(NOVEMBER, None, None, actual=Decimal(0), forecast=None)]),
    "budget_currencies": lambda: budget(currencies=["USD", "KWD", "JPY"]),
    "budget_many_versions": lambda: budget(versions=[version(NOVEMBER, str(n), n, "me", NASTY) for n in range(1, 9)]),
    "budget_names": lambda: budget(team=replace(PAYMENTS, name=NASTY), requests=[HOSTILE], user_id="U3"),
    "budget_request_asked": lambda: shown(REQUEST, "U2"),
    "budget_request_group": lambda: shown(REQUEST, "S1", "U2"),
    "budget_request_nobody": lambda: shown(REQUEST),
    "budget_request_lasting": lambda: shown(replace(REQUEST, until=None, after=None), "U2"),
    "budget_request_mixed": lambda: shown(MIXED, "U2"),
    "budget_request_skipping": lambda: shown(SKIPPING, "U2"),
    "budget_request_overdue": lambda: shown(replace(REQUEST, reminded=REQUEST.due), "U2"),
    "budget_request_without_day": lambda: shown(replace(REQUEST, due=None), "U2"),
    "budget_request_approved": lambda: shown(answered(RequestStage.APPROVED)),
    "budget_request_refused": lambda: shown(answered(RequestStage.REFUSED, "take it from the reserve")),
    "budget_request_withdrawn": lambda: shown(answered(RequestStage.WITHDRAWN)),
    "budget_request_nasty": lambda: shown(HOSTILE, "U3", team=replace(PAYMENTS, name=NASTY)),
    "budget_request_names": lambda: shown(REQUEST, "U2", team=replace(PAYMENTS, name=RIGHT_TO_LEFT)),
    "budget_request_modal": lambda: request_modal(PAYMENTS, "USD", NOVEMBER, {NOVEMBER: Decimal(2900)}, APPROVERS),
    "budget_request_modal_nasty": lambda: request_modal(
        replace(PAYMENTS, name=NASTY + LONG), "JPY", NOVEMBER, {}, tuple(Role)
    ),
    "budget_refusal_modal": lambda: refusal_modal(REQUEST, PAYMENTS),
}
