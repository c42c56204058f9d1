"""Messages and the form of a month that cannot be closed yet, over ordinary, empty and extreme input."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from made_up_months import NASTY, NOVEMBER, RIGHT_TO_LEFT

from finops.alert import Callee
from finops.month_close import LONGEST, CloseDecision, Late, Waiting
from finops.policy import Role
from views.message import Message
from views.month_close import close_modal, closed_message, waiting_message

NAMES = {"U1": "Alice Example", "U2": NASTY, "S1": "@finops"}
TEAMS = {"payments": "Payments", "search": NASTY, "idle": RIGHT_TO_LEFT}
FIRST, AGAIN = date(2026, 12, 7), date(2026, 12, 14)
ONE = Waiting(NOVEMBER, (Late("payments", date(2026, 11, 28)),), (Late("aws", date(2026, 11, 28)),))
NAMED = Waiting(
    NOVEMBER,
    (Late("idle", None), Late("payments", date(2026, 11, 28)), Late("search", date(2026, 11, 2))),
    (Late("`aws` <!channel>", date(2026, 11, 2)), Late("azure", date(2026, 10, 31))),
)
MANY = Waiting(NOVEMBER, tuple(Late(f"team-{number}", date(2026, 11, 28)) for number in range(500)), ())
FINOPS = (Callee(Role.FINOPS, "@finops", "S1"),)
CALLED = (
    *FINOPS,
    Callee(Role.FINOPS, "alice@example.com", "U1", "U2"),
    Callee(Role.FINOPS, "nobody@example.com", ""),
)
AT = datetime(2026, 12, 8, 9, tzinfo=UTC)


def decision(reason: str, by: str = "U1") -> CloseDecision:
    """To close November as it stands."""
    return CloseDecision(NOVEMBER, by, reason, AT)


def waits(waiting: Waiting, called: tuple[Callee, ...] = FINOPS) -> Message:
    """The message that says so."""
    return waiting_message(waiting, TEAMS, called, NAMES, FIRST, AGAIN)


CLOSE_CASES: dict[str, Callable[[], Message | dict[str, Any]]] = {
    "month_waits": lambda: waits(ONE),
    "month_waits_names": lambda: waits(NAMED, CALLED),
    "month_waits_many": lambda: waits(MANY),
    "month_waits_nobody_to_call": lambda: waits(ONE, ()),
    "month_closed": lambda: closed_message(NOVEMBER, None, NAMES),
    "month_closed_as_it_stands": lambda: closed_message(NOVEMBER, decision("the subscription has ended"), NAMES),
    "month_closed_hostile": lambda: closed_message(NOVEMBER, decision((f"{NASTY} " * 40)[:LONGEST], "U2"), NAMES),
    "month_close_modal": lambda: close_modal(NAMED, TEAMS),
    "month_close_modal_many": lambda: close_modal(MANY, TEAMS),
}
