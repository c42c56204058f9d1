"""The monthly variance report: what became of every budget, why, what follows, and what is missing to call it final."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from finops.alert import Alert
from finops.breakdown import Line
from finops.closed_month import TeamCurrency, TeamFigures
from finops.company import Company, Team
from finops.corrective_action import CorrectiveAction
from finops.explanation import Category, Coverage, Explanation, VarianceKey
from finops.forecast_judged import Judged, ToldForecast
from finops.freeze import Freeze
from finops.money import add, subtract
from finops.month_close import CloseDecision
from finops.periods import Month
from finops.report_findings import Contradiction, Hidden, Repeat

EARLIER = 2
"""Months before the report's own that are looked at for repeated causes, and for how near forecasts came."""
TOLD_ON = (8, 15, 22, 29)
"""Days of a month whose forecasts a report judges: those of neighbouring days are off alike, and add nothing."""
MIDDLE = 15
"""Of them, the one that each team's actual stands beside."""


class Duty(StrEnum):
    """What somebody has left undone."""

    EXPLAIN = "explain"
    REVIEW = "review"
    ANSWER = "answer"
    ALERT = "alert"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Undone:
    """A duty that nobody has done.

    Attributes:
        amount: that it is about, None where it is about none.
        who: Slack's id of whose turn it is, empty where it is a role's.
        due: the day by which it was to be done, None for no day.
        is_late: whether its day was called overdue.
        about: id of the explanation, key of the alert, or number of the corrective action.
        words: the alert's tier, or the corrective action's text.
    """

    duty: Duty
    team: str
    currency: str
    amount: Decimal | None = None
    who: str = ""
    due: date | None = None
    is_late: bool = False
    about: str = ""
    words: str = ""


class Lack(StrEnum):
    """What keeps a report from being final."""

    RUNNING = "running"
    NOT_CLOSED = "not closed"
    CLOSED_INCOMPLETE = "closed incomplete"
    INCOMPLETE = "incomplete"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that keeps a report from being final.

    Attributes:
        team: empty where it is the whole month.
        variance: that is open, None where it is not about one.
        unexplained, waiting: the parts that nobody has explained, and that are explained and not approved.
        through: the last day of data.
    """

    lack: Lack
    team: str = ""
    currency: str = ""
    variance: Decimal | None = None
    ratio: Decimal | None = None
    unexplained: Decimal | None = None
    waiting: Decimal | None = None
    through: date | None = None


@dataclass(frozen=True)
class TeamReport:
    """A team's row of the table, with What, Why and What next.

    Attributes:
        figures: as the month was closed, or live while it is not.
        now: as they are known by now, where that differs; explanations are held against these.
        coverage: of the variance as it is known by now; None where there is no variance.
        drivers: services that moved most in the direction of the variance.
        is_material: whether the variance asks for an explanation.
        is_open: whether what is left of it without an approved explanation counts.
        told: the forecast of its month that was told on the 15th; None where there is none, or no closed actual.
    """

    figures: TeamFigures
    name: str
    now: TeamFigures | None
    coverage: Coverage | None
    explanations: tuple[Explanation, ...]
    actions: tuple[CorrectiveAction, ...]
    drivers: tuple[Line, ...]
    is_material: bool
    is_open: bool
    told: ToldForecast | None = None

    @property
    def judged(self) -> TeamFigures:
        """What explanations are held against: the figures as they are known by now."""
        return self.now or self.figures


@dataclass(frozen=True, slots=True)
class Total:
    """The sums of one currency's rows, exact.

    Attributes:
        teams: how many rows.
        unbudgeted: actual of rows without a budget.
        undelivered: budget of rows without data.
        over, under: sums of the variances over and under zero.
        explained, approved: by standing explanations, and the approved part.
        open_over, open_under: what nobody has explained of variances that ask for an explanation.
        small: what nobody has explained of those that ask for none.
        judged: sum of the variances as they are known by now: explained + open_over + open_under + small.
        now: sum of the actuals as they are known by now.
        material, open: number of rows whose variance asks for an explanation, and of those that lack an approved one.
    """

    currency: str
    teams: int
    budget: Decimal
    actual: Decimal
    unbudgeted: Decimal
    undelivered: Decimal
    over: Decimal
    under: Decimal
    explained: Decimal
    approved: Decimal
    open_over: Decimal
    open_under: Decimal
    small: Decimal
    judged: Decimal
    now: Decimal
    ratio: Decimal | None
    tier: str
    step: int
    material: int
    open: int

    @property
    def variance(self) -> Decimal:
        """The sum of all variances: actual − unbudgeted − (budget − undelivered)."""
        return add((self.over, self.under))

    @property
    def waiting(self) -> Decimal:
        """Explained and not approved."""
        return subtract(self.explained, self.approved)


@dataclass(frozen=True, slots=True)
class Cause:
    """Explained money of one category and currency.

    Attributes:
        approved, waiting: the parts that are approved, and that wait for a review or an answer.
        explanations: how many stand.
    """

    category: Category
    currency: str
    approved: Decimal
    waiting: Decimal
    explanations: int


@dataclass(frozen=True)
class ReportData:
    """All that a report is made of.

    Attributes:
        teams: by slug.
        rows: closed figures, and live ones where a month is not closed.
        now: figures as they are known by now, of rows that were closed with others.
        earlier: figures and explanations of the two months before, the later month first.
        following: closed figures of the month after, empty while it is not closed.
        names: Slack id → name.
        at: when the newest figures in it were closed, or delivered where they are live.
        of_all: whether it is of every team.
        decision: as in VarianceReport.
        told: forecasts of this month and the two before, told on TOLD_ON, beside closed and complete actuals.
    """

    month: Month
    company: Company
    teams: Mapping[str, Team]
    rows: Sequence[TeamFigures]
    has_ended: bool
    now: Mapping[TeamCurrency, TeamFigures] = field(default_factory=dict)
    earlier: Sequence[tuple[Mapping[TeamCurrency, TeamFigures], Mapping[VarianceKey, Sequence[Explanation]]]] = ()
    following: Mapping[TeamCurrency, TeamFigures] = field(default_factory=dict)
    explanations: Mapping[VarianceKey, Sequence[Explanation]] = field(default_factory=dict)
    actions: Sequence[CorrectiveAction] = ()
    alerts: Sequence[Alert] = ()
    freezes: Sequence[Freeze] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    of_all: bool = True
    decision: CloseDecision | None = None
    told: Sequence[ToldForecast] = ()


@dataclass(frozen=True)
class VarianceReport:
    """A month's report.

    Attributes:
        rows: the worst overspend of each currency first.
        hidden, repeats, contradictions, undone, freezes: findings beside the figures.
        missing: what keeps it from being final, nothing where it is.
        names: Slack id → name.
        at: when its figures were closed, or the newest of them delivered.
        of_all: whether it is of every team; a part of them says nothing of the others.
        decision: to close the month although data of it was missing, None where nobody had to.
        accuracy: of forecasts of this month and the two before, all teams together, by days left; the most first.
    """

    month: Month
    company: str
    basis: str
    teams: Mapping[str, str]
    rows: tuple[TeamReport, ...]
    totals: tuple[Total, ...]
    causes: tuple[Cause, ...]
    hidden: tuple[Hidden, ...]
    repeats: tuple[Repeat, ...]
    contradictions: tuple[Contradiction, ...]
    undone: tuple[Undone, ...]
    freezes: tuple[Freeze, ...]
    missing: tuple[Missing, ...]
    names: Mapping[str, str]
    at: datetime | None
    is_closed: bool
    has_ended: bool
    of_all: bool = True
    decision: CloseDecision | None = None
    accuracy: tuple[Judged, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether no material variance is open and every figure is closed."""
        return not self.missing

    @property
    def actions(self) -> tuple[CorrectiveAction, ...]:
        """Every corrective action of the month, in the order of its rows."""
        return tuple(action for row in self.rows for action in row.actions)
