"""What an anomaly is: the values that its life is told in. What moves them stands in finops/anomaly.py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from finops.anomaly_found import FoundAnomaly, FoundDay
from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.errors import FinopsError
from finops.incoming_alert import AnomalyFigures

TOLERANCE = Decimal("1.1")
"""A day that was expected may cost this much of the largest day seen when that was said."""
RAISED = Decimal(2)
"""After a false alarm an excess pings above this many times its own."""
FALSE_ALARM_HOLDS = timedelta(days=90)
"""For this long it does."""
INVESTIGATION_HOLDS = 10
"""Working days until an investigation is asked about again."""
STALE = timedelta(days=7)
"""What has had its last day longer ago when it is first seen is recorded and pings nobody."""
RECENT = timedelta(days=31)
"""What has been over for longer is history: nobody is asked about it, and no figure withdraws it."""
LONGEST_EXPECTED = 366
"""Days ahead that something can be expected for."""


class AnswerKind(StrEnum):
    """What people say of an anomaly."""

    INVESTIGATING = "investigating"
    EXPECTED = "expected"
    FALSE_ALARM = "false-alarm"


class AnomalyStatus(StrEnum):
    """Where an anomaly stands; WITHDRAWN where the figures were restated and show none any more."""

    OPEN = "open"
    INVESTIGATING = "investigating"
    EXPECTED = "expected"
    FALSE_ALARM = "false-alarm"
    OVER = "over"
    WITHDRAWN = "withdrawn"


class AnomalyStep(StrEnum):
    """What can happen to an anomaly."""

    FOUND = "found"
    RAISED_AGAIN = "raised-again"
    ANSWERED = "answered"
    UNDONE = "undone"
    JOINED = "joined"
    OVER = "over"
    WITHDRAWN = "withdrawn"
    REVIEW_ASKED = "review-asked"
    REVIEWED = "reviewed"


class AnomalyRefused(FinopsError):
    """The anomaly cannot be answered so; nothing was changed."""


@dataclass(frozen=True, slots=True, order=True)
class AnomalySeries:
    """Whose cost of what is looked at, day by day."""

    team: str
    service: str
    provider: str
    currency: str
    basis: Basis


@dataclass(frozen=True, slots=True, order=True)
class AnomalyKey:
    """Which anomaly: of its series the one that began on a day, UTC."""

    series: AnomalySeries
    first_day: date


@dataclass(frozen=True, slots=True)
class AnomalyAnswer:
    """What somebody said of an anomaly; it holds for all of its series from the next evaluation on.

    Attributes:
        by: Slack's user id.
        through: the last day on which it holds.
        limit: of EXPECTED the largest cost of a day, of FALSE_ALARM the largest excess of a day, that does not ping;
            None for INVESTIGATING, which lets nothing ping.
        seen_through: the last day of the anomaly that was known when it was said.
    """

    kind: AnswerKind
    by: str
    at: datetime
    through: date
    limit: Decimal | None
    seen_through: date

    def covers(self, day: FoundDay, today: date) -> bool:
        """Whether a day does not ping because of it.

        Args:
            today: the team's local day.
        """
        if self.limit is None:
            return today <= self.through
        return day.day <= self.through and not self.is_passed_by(day)

    def is_passed_by(self, day: FoundDay) -> bool:
        """Whether a day goes beyond its limit, where it has one."""
        amount = day.cost if self.kind is AnswerKind.EXPECTED else day.excess
        return self.limit is not None and amount > self.limit


@dataclass(frozen=True, slots=True)
class Cause:
    """What of a series made the difference.

    Attributes:
        dimension: 'account', 'region', 'usage type' or 'resource'.
        value: its name as billed.
        excess: by how much it cost more (less than zero: less) than on as many days before.
    """

    dimension: str
    value: str
    excess: Decimal


@dataclass(frozen=True, slots=True)
class AwsFinding:
    """The same anomaly as AWS Cost Anomaly Detection has it.

    Attributes:
        id: AWS's.
        currency: of its figures.
    """

    id: str
    currency: str
    figures: AnomalyFigures


@dataclass(frozen=True)
class Anomaly:
    """One anomaly.

    Attributes:
        found: as the figures showed it last; its number of the series means nothing here.
        causes: largest first.
        answer: the latest, kept when it has expired: it is what became of the anomaly.
        told_at: when it last pinged somebody, None while it has not.
        silent_by: Slack id of whose answer to another anomaly of the series keeps it silent, empty for none.
        aws: None while AWS has said nothing of it.
        investigated_by: Slack id of who looked into it where another's answer has replaced theirs, empty otherwise.
        review_on: the day on which its cost review is asked for; None where there is none to come.
        review_asked: whether it has been.
        reviewed_by: Slack id of who has said that it was held.
        withdrawn: why the figures do not show it any more, empty while they do.
        told_in: key of AWS's message that tells it too, empty where it has one of its own or none.
        version: counts the stored changes.
        number: the database's, 0 for one that is not stored.
    """

    key: AnomalyKey
    found: FoundAnomaly
    found_at: datetime
    causes: tuple[Cause, ...] = ()
    answer: AnomalyAnswer | None = None
    told_at: datetime | None = None
    silent_by: str = ""
    aws: tuple[AwsFinding, ...] = ()
    investigated_by: str = ""
    review_on: date | None = None
    review_asked: bool = False
    reviewed_by: str = ""
    withdrawn: str = ""
    told_in: str = ""
    version: int = 0
    number: int = 0

    @property
    def message(self) -> str:
        """Key of the message that tells it."""
        return self.told_in or f"anomaly/{self.number}"

    @property
    def is_over(self) -> bool:
        """Whether its days have ended, or have become what is expected."""
        return bool(self.withdrawn) or self.found.over_on is not None

    @property
    def investigator(self) -> str:
        """Slack id of who looks or has looked into it, and is asked for its cost review; empty for nobody."""
        if self.answer and self.answer.kind is AnswerKind.INVESTIGATING:
            return self.answer.by
        return self.investigated_by

    @property
    def awaits_review(self) -> bool:
        """Whether it is over and its cost review is still to be held."""
        return self.is_over and self.review_on is not None and not self.reviewed_by

    def holds(self, today: date) -> bool:
        """Whether what was said of it is in force on a local day."""
        return self.answer is not None and self.answer.through >= today

    def asks(self, today: date) -> bool:
        """Whether somebody is to say what it is; once it is over an answer that has expired is enough."""
        if self.told_at is None or self.withdrawn or not self.found.is_increase:
            return False
        since = self.answer is not None and self.answer.at >= self.told_at
        return not (since and (self.is_over or self.holds(today)))

    def is_current(self, today: date) -> bool:
        """Whether it lasts, or somebody is to say what it was or to hold its review."""
        return not self.withdrawn and (not self.is_over or self.asks(today) or self.awaits_review)

    def status(self, today: date) -> AnomalyStatus:
        """Where it stands on a local day; what was said of it stays with it in `answer`."""
        if self.withdrawn:
            return AnomalyStatus.WITHDRAWN
        if self.is_over:
            return AnomalyStatus.OVER
        if self.answer and self.answer.through >= today:
            return AnomalyStatus(self.answer.kind.value)
        return AnomalyStatus.OPEN


@dataclass(frozen=True, slots=True)
class AnomalyEvent:
    """Something that happened to an anomaly.

    Attributes:
        by: Slack's id of who did it; empty for the figures or the clock.
        pings: whether the team is called.
        calls: Slack ids of who else is called.
        note: why, a few words.
    """

    step: AnomalyStep
    at: datetime
    by: str = ""
    pings: bool = False
    calls: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class AnomalyChange:
    """What a change gives: the anomaly as it is now, and what happened; no events where nothing is to be told."""

    anomaly: Anomaly
    events: tuple[AnomalyEvent, ...] = ()


@dataclass(frozen=True)
class AnomalySetting:
    """What else an anomaly is judged by.

    Attributes:
        calendar: the team's.
        settled_through: the last settled day of the newest figures, of whichever series.
        live: whether anybody may be pinged.
        answers: to anomalies of the same series that hold, its own left out: see answers_of().
        review_after: working days.
        former_name: the service of which it is only a new name, empty for none: such a one is not told.
    """

    calendar: WorkCalendar
    settled_through: date
    live: bool = True
    answers: tuple[AnomalyAnswer, ...] = ()
    review_after: int = 5
    former_name: str = ""


def answers_of(anomalies: Iterable[Anomaly], key: AnomalyKey) -> tuple[AnomalyAnswer, ...]:
    """Answers to other anomalies of a key's series; an investigation lasts no longer than what it looks into."""
    return tuple(
        each.answer
        for each in anomalies
        if each.answer
        and each.key.series == key.series
        and each.key != key
        and not (each.is_over and each.answer.kind is AnswerKind.INVESTIGATING)
    )
