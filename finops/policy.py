"""The escalation ladder: from a ratio to a tier, and from a tier to who must do what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Context, Decimal
from enum import StrEnum

from finops.calendar import QuietHours, WorkCalendar
from finops.money import EXACT, ZERO

RATIO = Context(prec=28)


class Role(StrEnum):
    """Who may be called or asked."""

    OWNER = "owner"
    ENGINEERING_LEAD = "engineering_lead"
    FINOPS = "finops"
    FINANCE = "finance"
    EXECUTIVE_SPONSOR = "executive_sponsor"


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of the ladder.

    Attributes:
        name: as shown.
        above: the ratio (a fraction) over which the step begins; the edge itself belongs to the step below.
        who: the roles it calls.
        duty: what they must do on overspend, one sentence.
        duty_under: what they must do on underspend.
        duty_closed: what they must do when a month has closed with overspend.
        above_amount: the variance, in the budget's currency, over which the step begins where no ratio exists.
        due: working days until the duty on overspend is to be done, None for no date.
        answer_within: working hours until silence calls the next roles, None for never.
        who_under: the roles it calls on underspend; silence then calls nobody further.
        explanation_review_within: working days until a review of what explains it is overdue, in either direction;
            None for the company's.
        explanation_answer_within: the same of the answer to a question, a return or a void.
        chance: the probability, a fraction, of ending beyond `above` from which on a forecast is on the step; None
            where the expected amount decides. What is known to the end, and a budget of zero, goes by the amount.
    """

    name: str
    above: Decimal
    who: tuple[Role, ...]
    duty: str
    duty_under: str = "update the forecast"
    above_amount: Decimal | None = None
    due: int | None = None
    answer_within: int | None = None
    who_under: tuple[Role, ...] = (Role.FINOPS,)
    duty_closed: str = "explain the variance"
    explanation_review_within: int | None = None
    explanation_answer_within: int | None = None
    chance: Decimal | None = None


LADDER = (
    Tier("note", ZERO, (Role.FINOPS,), "noted in the report", "noted in the report"),
    Tier(
        "investigate",
        Decimal("0.05"),
        (Role.FINOPS, Role.ENGINEERING_LEAD),
        "find the driver, update the forecast and explain",
        due=5,
        answer_within=16,
    ),
    Tier(
        "formal",
        Decimal("0.10"),
        (Role.FINOPS, Role.FINANCE, Role.ENGINEERING_LEAD),
        "formal variance report with a corrective plan",
        due=10,
        answer_within=8,
        duty_closed="formal variance report with a corrective plan",
    ),
    Tier(
        "emergency",
        Decimal("0.20"),
        (Role.EXECUTIVE_SPONSOR, Role.FINANCE),
        "emergency review; decide on a freeze of non-critical spend",
        due=1,
        answer_within=4,
        duty_closed="emergency review; explain the variance with a corrective plan",
    ),
)
"""The runbook's ladder: 5 working days and 2 weeks are its own (DESIGN.md, section 3), the other times are ours."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A share of the budget whose passing by the actual is said.

    Attributes:
        above: a fraction of the budget; exactly that much does not pass it.
        who: the roles it calls.
    """

    above: Decimal
    who: tuple[Role, ...] = ()


THRESHOLDS = (
    Threshold(Decimal("0.5")),
    Threshold(Decimal("0.8"), (Role.OWNER,)),
    Threshold(Decimal(1), (Role.OWNER, Role.ENGINEERING_LEAD)),
)
"""DESIGN.md, section 3, rule 4; half of the budget is said, and calls nobody."""


class Kind(StrEnum):
    """The three readings of a month, each an alert of its own."""

    THRESHOLD = "threshold"
    FORECAST = "forecast"
    CLOSED = "closed"


@dataclass(frozen=True)
class AlertRules:
    """How alerts are raised, repeated and held back.

    Attributes:
        live: whether they are posted; else they are evaluated and recorded only.
        kinds: the readings that raise alerts.
        channel: where the alerts of a team without a channel go; empty for nowhere.
        thresholds: rising.
        holds: working days that an acknowledgement holds before it is asked for again.
        longest_snooze: days.
        realert_after: a step that is risen to again within this time of its last call is noted, and calls nobody.
        most_pings: calls per team and ISO week; what is more goes into the week's digest. The highest step is never
            held back.
        quiet: hours without pings, None for none.
        close_on: the working day of the next month on which a month's closed alert may rise.
    """

    live: bool = True
    kinds: tuple[Kind, ...] = tuple(Kind)
    channel: str = ""
    thresholds: tuple[Threshold, ...] = THRESHOLDS
    holds: int = 3
    longest_snooze: int = 14
    realert_after: timedelta = timedelta(days=1)
    most_pings: int = 7
    quiet: QuietHours | None = field(default_factory=QuietHours)
    close_on: int = 5


@dataclass(frozen=True, slots=True)
class ReportRules:
    """How the monthly variance report is posted.

    Attributes:
        channel: where it goes; empty for the channel of alerts of teams without one.
    """

    channel: str = ""


@dataclass(frozen=True)
class Policy:
    """What one team's alerts go by."""

    ladder: tuple[Tier, ...] = LADDER
    rules: AlertRules = field(default_factory=AlertRules)
    calendar: WorkCalendar = field(default_factory=WorkCalendar)


@dataclass(frozen=True, slots=True)
class Materiality:
    """When a variance is too small to climb the ladder.

    Attributes:
        amount: the least variance, in the team's currency, regardless of sign.
        ratio: the least ratio, a fraction, regardless of sign.
        both: whether both must be reached (AND) or either is enough (OR).
    """

    amount: Decimal = ZERO
    ratio: Decimal = ZERO
    both: bool = True

    def reached(self, variance: Decimal, ratio: Decimal | None) -> bool:
        """Whether a variance counts; without a ratio the amount alone decides."""
        amount = abs(variance) >= self.amount
        if ratio is None:
            return amount
        return (amount and abs(ratio) >= self.ratio) if self.both else (amount or abs(ratio) >= self.ratio)


def ratio_of(variance: Decimal, budget: Decimal | None) -> Decimal | None:
    """variance / budget to 28 digits; None where the budget is absent, zero or negative."""
    return RATIO.divide(variance, budget) if budget is not None and budget > 0 else None


def tier_of(
    variance: Decimal, budget: Decimal, ladder: Sequence[Tier] = LADDER, materiality: Materiality | None = None
) -> Tier:
    """The step of the ladder that a variance falls in.

    Edges are compared without division, so a ratio of exactly 5 % is exact. Underspend uses the same edges. Where the
    budget is zero the amount alone decides: the highest step whose above_amount is passed, or, where the policy names
    none, the first step over `note` for any material overspend.

    Args:
        variance: actual − budget, unrounded.
        budget: of the same currency.
    """
    if not (materiality or Materiality()).reached(variance, ratio_of(variance, budget)):
        return ladder[0]
    size = abs(variance)
    if budget > 0:
        return [ladder[0], *(tier for tier in ladder[1:] if size > EXACT.multiply(tier.above, budget))][-1]
    if any(tier.above_amount is not None for tier in ladder):
        passed = (tier for tier in ladder if tier.above_amount is not None and size > tier.above_amount)
        return [ladder[0], *passed][-1]
    return ladder[min(1, len(ladder) - 1)] if size > 0 else ladder[0]
