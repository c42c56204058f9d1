"""A request for another budget: somebody of the team asks, another person decides.

Every function takes a request and gives what it becomes; nothing here reads a clock or a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from finops.budget import Budget
from finops.calendar import WorkCalendar
from finops.errors import FinopsError
from finops.money import SCALE
from finops.periods import Month
from finops.policy import Role

LONGEST = 500
"""Most characters of a reason: everybody is shown all of it."""
MOST_MONTHS = 24
"""Most months that one request changes."""


class RequestStage(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class BudgetRequestRefused(FinopsError):
    """The request cannot be made or answered so; nothing was changed."""


@dataclass(frozen=True, slots=True)
class BudgetRules:
    """Who asks for other budgets and who decides on them.

    Attributes:
        askers: roles that may ask.
        approvers: roles that may decide; nobody decides on what they asked for.
        answer_within: working days until a decision is overdue.
    """

    askers: tuple[Role, ...] = (Role.OWNER, Role.ENGINEERING_LEAD, Role.FINOPS)
    approvers: tuple[Role, ...] = (Role.FINANCE, Role.EXECUTIVE_SPONSOR)
    answer_within: int = 3


@dataclass(frozen=True, slots=True)
class Change:
    """One month that a request changes.

    Attributes:
        former: the approved amount as the request was made, None where there was none.
    """

    month: Month
    former: Decimal | None


@dataclass(frozen=True)
class BudgetRequest:
    """Somebody asks for another budget.

    Attributes:
        number: from 1 over the whole company; 0 before it is stored.
        amount: what each month is to have, in the currency.
        changes: the months it changes, in order.
        until: the last month of an exception, None for a change that lasts.
        after: what the month after an exception has, None for no budget or for a change that lasts.
        answered_by: who decided or withdrew it, empty before.
        reason: given with a refusal.
        due: the working day by which somebody is to decide, None where it was asked for without one.
        reminded: the due day that has been called overdue.
        version: counts the stored changes; an answer names the one it was made from.
    """

    number: int
    team: str
    currency: str
    amount: Decimal
    changes: tuple[Change, ...]
    why: str
    asked_by: str
    asked_at: datetime
    until: Month | None = None
    after: Decimal | None = None
    stage: RequestStage = RequestStage.ASKED
    answered_by: str = ""
    answered_at: datetime | None = None
    reason: str = ""
    due: date | None = None
    reminded: date | None = None
    version: int = 0

    @property
    def waits(self) -> bool:
        """Whether nobody has decided yet."""
        return self.stage is RequestStage.ASKED

    @property
    def budgets(self) -> list[Budget]:
        """What is to be recorded once it is approved: one budget a month, so that later months keep their own."""
        return [Budget(self.team, change.month, self.amount, self.currency) for change in self.changes]


def ask(
    team: str,
    currency: str,
    amount: Decimal,
    first: Month,
    until: Month | None,
    why: str,
    current: Mapping[Month, Decimal],
    *,
    by: str,
    rules: BudgetRules,
    calendar: WorkCalendar,
    now: datetime,
) -> BudgetRequest:
    """A new request, waiting for somebody else.

    Args:
        first, until: of an exception, both inside; without an end the first month and each later one that has a budget.
        current: month → the team's approved amount in the currency.
        calendar: on the team's clock, by which a month is over and a decision due.

    Raises:
        BudgetRequestRefused: it says nothing, or nothing would change.
    """
    exponent, today = amount.as_tuple().exponent, calendar.day_of(now)
    if amount < 0 or amount.adjusted() >= 38 - SCALE or (isinstance(exponent, int) and exponent < -SCALE):
        raise BudgetRequestRefused("That amount is not possible.", "Write zero or more, with at most 18 decimals.")
    if first < Month.of(today):
        raise BudgetRequestRefused(f"{first} is over.", "Ask for this month or a later one.")
    if until is not None and until < first:
        raise BudgetRequestRefused(f"{until} is before {first}.", "Choose a later month.")
    if not why.strip():
        raise BudgetRequestRefused("A reason is needed.", "Write a few words: whoever decides reads them.")
    if len(why.strip()) > LONGEST:
        raise BudgetRequestRefused(f"A reason has at most {LONGEST} characters.")
    months = _months(first, until) if until else [first, *sorted(month for month in current if month > first)]
    if len(months) > MOST_MONTHS:
        raise BudgetRequestRefused(f"That is {len(months)} months; one request changes {MOST_MONTHS} at most.")
    changes = tuple(Change(month, current.get(month)) for month in months if current.get(month) != amount)
    if not changes:
        raise BudgetRequestRefused("The budget is that already.", "There is nothing to ask for.")
    after = current.get(until.next) if until else None
    due = calendar.after_days(today, rules.answer_within)
    return BudgetRequest(0, team, currency, amount, changes, why.strip(), by, now, until, after, due=due)


def refuse_twice(request: BudgetRequest, waiting: Iterable[BudgetRequest]) -> None:
    """Raise BudgetRequestRefused where a request that waits asks for the very same already."""
    for other in waiting:
        same = (other.team, other.currency, other.amount, other.changes)
        if same == (request.team, request.currency, request.amount, request.changes):
            who = "You have" if other.asked_by == request.asked_by else f"<@{other.asked_by}> has"
            raise BudgetRequestRefused(f"{who} asked for that already.", "It waits for an answer.")


def approve(
    request: BudgetRequest, by: str, read: int, current: Mapping[Month, Decimal], now: datetime, today: date
) -> BudgetRequest:
    """Somebody else agrees.

    Args:
        read: the version that they saw.
        today: the team's local day: a month that is over keeps the budget that it was judged by.
        current: month → the approved amount as it is now.

    Raises:
        BudgetRequestRefused: they asked for it themselves, somebody was first, or a budget has changed since.
    """
    _refuse_answer(request, by, read)
    if over := [str(change.month) for change in request.changes if change.month.last < today]:
        raise BudgetRequestRefused(
            f"{', '.join(over)} is over by now, and is judged by the budget that it had.",
            "Refuse it, so that it is asked for anew.",
        )
    moved = [str(change.month) for change in request.changes if current.get(change.month) != change.former]
    if moved:
        raise BudgetRequestRefused(
            f"The budget of {', '.join(moved)} has changed since this was asked for.",
            "Refuse it, so that it is asked for anew.",
        )
    return _answered(request, RequestStage.APPROVED, by, now)


def refuse(request: BudgetRequest, reason: str, by: str, read: int, now: datetime) -> BudgetRequest:
    """Somebody else does not agree, and says why; raises BudgetRequestRefused as approve() does."""
    _refuse_answer(request, by, read)
    if not reason.strip():
        raise BudgetRequestRefused("A reason is needed.", "Write a few words: who asked reads them.")
    if len(reason.strip()) > LONGEST:
        raise BudgetRequestRefused(f"A reason has at most {LONGEST} characters.")
    return _answered(request, RequestStage.REFUSED, by, now, reason.strip())


def withdraw(request: BudgetRequest, by: str, read: int, now: datetime) -> BudgetRequest:
    """Who asked takes it back; raises BudgetRequestRefused for anybody else."""
    if request.asked_by != by:
        raise BudgetRequestRefused("Only who asked can withdraw it.")
    _refuse_stale(request, read)
    return _answered(request, RequestStage.WITHDRAWN, by, now)


def remind(request: BudgetRequest, calendar: WorkCalendar, now: datetime) -> BudgetRequest:
    """Say once that the day of a decision has passed; the request as it is where there is nothing to say."""
    if not is_late(request, calendar, now) or request.reminded == request.due:
        return request
    return replace(request, reminded=request.due)


def is_late(request: BudgetRequest, calendar: WorkCalendar, now: datetime) -> bool:
    """Whether it waits and the working day by which somebody was to decide has ended."""
    return request.waits and request.due is not None and calendar.end_of(request.due) <= now


def _months(first: Month, last: Month) -> list[Month]:
    months = [first]
    while months[-1] < last and len(months) <= MOST_MONTHS:
        months.append(months[-1].next)
    return months


def _refuse_answer(request: BudgetRequest, by: str, read: int) -> None:
    _refuse_stale(request, read)
    if request.asked_by == by:
        raise BudgetRequestRefused("Nobody decides on their own request.", "Somebody else has to.")


def _refuse_stale(request: BudgetRequest, read: int) -> None:
    if not request.waits:
        raise BudgetRequestRefused(f"<@{request.answered_by}> has {request.stage} it already.")
    if request.version != read:
        raise BudgetRequestRefused("This request has changed since you looked.", "Look at it as it is now.")


def _answered(request: BudgetRequest, stage: RequestStage, by: str, now: datetime, reason: str = "") -> BudgetRequest:
    return replace(request, stage=stage, answered_by=by, answered_at=now, reason=reason)
