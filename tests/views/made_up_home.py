"""App Home as each person finds it, by the name of its golden file."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from made_up_alerts import EMERGENCY, NAMES, NOW, OPEN, OVERDUE_AT, POLICY, frozen, raised, threshold
from made_up_budget_messages import REQUEST, SKIPPING
from made_up_months import LONG, NASTY, PAYMENTS, RIGHT_TO_LEFT

from finops.company import Team
from views.home import Waiting, home_view
from views.waiting import answer_waits, decision_waits, exception_waits, request_waits

HOSTILE = Team("payments", NASTY)


def waiting() -> list[Waiting]:
    """One of each thing that can wait for somebody."""
    freeze = frozen(exceptions=True)
    [asked] = freeze.waiting
    nasty = replace(asked, what=NASTY * 40, why=LONG * 10)
    return [
        decision_waits(EMERGENCY.alert, PAYMENTS, POLICY),
        exception_waits(freeze, asked, PAYMENTS, NAMES),
        exception_waits(freeze, nasty, HOSTILE, {asked.asked_by: RIGHT_TO_LEFT}),
        answer_waits(OPEN.alert, PAYMENTS, POLICY, NOW),
        answer_waits(OPEN.alert, PAYMENTS, POLICY, OVERDUE_AT),
        answer_waits(raised(-2).alert, HOSTILE, POLICY, NOW),
        answer_waits(threshold().alert, PAYMENTS, POLICY, NOW),
        request_waits(REQUEST, PAYMENTS, POLICY, NAMES, NOW),
        request_waits(SKIPPING, PAYMENTS, POLICY, NAMES, NOW + timedelta(days=8)),
    ]


HOME_CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "home_waiting": lambda: home_view([], {}, waiting=waiting()),
    "home_waiting_140": lambda: home_view([], {}, waiting=waiting() * 20),
}
