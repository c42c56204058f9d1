"""Who is told of a budget request, where and when; and what a proposal says."""

from datetime import UTC, date, datetime
from decimal import Decimal

from made_up_budget_messages import AT, JANUARY, NAMES, REQUEST, answered
from made_up_months import PAYMENTS

from finops.basis import Basis
from finops.budget_request import RequestStage
from finops.periods import Month
from finops.plan import NoProposal, Proposal
from finops.plan_parts import Kind, Part
from finops.policy import Policy
from views.budget_request import request_effects
from views.plan import lack, reason, smallest

NIGHT = datetime(2026, 11, 18, 23, tzinfo=UTC)


def told(
    request: object = REQUEST, place: str = "#payments", now: datetime = AT, approvers: tuple[str, ...] = ("U2", "S1")
) -> dict[str, tuple[str, datetime | None]]:
    """Key → where it goes, and not before when; U1 asks, and is in the group S1 with U2 and U3."""
    members = {"S1": ("U1", "U2", "U3")}
    made = request_effects(
        request,  # type: ignore[arg-type]
        PAYMENTS,
        place,
        NAMES,
        now,
        policy=Policy(),
        approvers=approvers,
        members=members,
    )
    return {effect.key: (effect.destination, effect.not_before) for effect in made}


def test_who_is_told() -> None:
    """The channel, and each person who may decide, a group's members one by one, but never who asks."""
    direct = {"budget-request/7/U2": ("U2", AT), "budget-request/7/U3": ("U3", AT)}
    assert told() == {"budget-request/7": ("#payments", AT), **direct}
    assert told(place="") == direct
    assert told(approvers=("U2",))["budget-request/7"] == ("#payments", None)
    assert told(answered(RequestStage.APPROVED), approvers=()) == {
        "budget-request/7": ("#payments", None),
        "budget-request/7/answered/U1": ("U1", AT),
    }
    assert told(answered(RequestStage.WITHDRAWN), approvers=()) == {"budget-request/7": ("#payments", None)}


def test_nobody_is_woken() -> None:
    """What pings waits for the end of the quiet hours; a channel's message that mentions no group does not."""
    morning = datetime(2026, 11, 19, 7, tzinfo=UTC)
    assert told(now=NIGHT, approvers=("U2",)) == {
        "budget-request/7": ("#payments", None),
        "budget-request/7/U2": ("U2", morning),
    }
    assert told(now=NIGHT)["budget-request/7"] == ("#payments", morning)


def test_what_a_proposal_says() -> None:
    """What it rests on with its months, days and basis, then each part; rounding to the last digit."""
    actuals = {Month(2026, number): Decimal(3100) for number in (8, 9, 10)}
    parts = (Part(Kind.BASE, Decimal("3133.695")), Part(Kind.ROUNDING, Decimal("0.005")))
    found = Proposal("payments", JANUARY, "USD", Basis.EFFECTIVE, actuals, parts)
    assert reason(found) == (
        "$3,133.70 from August 2026 to October 2026: $9,300.00 in 92 days, times 31 days of January 2027, "
        "basis effective; +$0.005: rounded to USD's own digits"
    )
    assert (smallest("USD"), str(smallest("KWD")), str(smallest("JPY"))) == (Decimal("0.00"), "0.000", "0")


def test_why_there_is_none() -> None:
    """Missing is not zero: without spend, without enough months, or without an owner nothing is proposed."""
    needs = "a proposal needs 3 whole months with final figures"
    assert lack(NoProposal("a", "USD")) == f"no spend in USD to plan from; {needs}"
    began = date(2026, 10, 7)
    assert lack(NoProposal("a", "USD", (), began)).startswith(f"{needs}, and there is none: its first known charge")
    two = (Month(2026, 9), Month(2026, 10))
    assert "there are September 2026 to October 2026" in lack(NoProposal("a", "USD", two, date(2026, 9, 1)))
    assert lack(NoProposal("unallocated", "USD")) == "nobody owns this spend; write scopes for it"
