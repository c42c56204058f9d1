"""What a corrective action is: the values that its life is told in. What moves them is in corrective_action.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from finops.errors import FinopsError
from finops.explanation_state import VarianceKey
from finops.money import ZERO
from finops.policy import Role

LONGEST = 500
"""Most characters of what is to be done, and of the reason for dropping it: everybody is shown all of it."""
CHANGERS = (Role.OWNER, Role.ENGINEERING_LEAD, Role.FINOPS)
"""Roles that may change a corrective action of a team, besides its owner."""


class ActionStage(StrEnum):
    """Where a corrective action stands."""

    OPEN = "open"
    DONE = "done"
    MEASURED = "measured"
    DROPPED = "dropped"


class ActionStep(StrEnum):
    """What can happen to a corrective action."""

    PLANNED = "planned"
    EDITED = "edited"
    DONE = "done"
    REOPENED = "reopened"
    MEASURED = "measured"
    DROPPED = "dropped"
    OVERDUE = "overdue"
    CALLED = "called"


LIVING = (ActionStage.OPEN, ActionStage.DONE)
"""Stages in which something is still to come: the doing, or the money."""


class ActionRefused(FinopsError):
    """The corrective action cannot be changed so; nothing was changed."""


class ActionStale(ActionRefused):
    """Somebody else changed it after it was read.

    Args:
        action: as it is now.
    """

    def __init__(self, action: CorrectiveAction) -> None:
        super().__init__("Somebody else has changed this corrective action meanwhile.", "Look at it as it is now.")
        self.action = action


@dataclass(frozen=True, slots=True)
class Target:
    """The spend that an action is to lower; empty parts name nothing, all parts together must match.

    Attributes:
        service: ServiceName as billed.
        account: SubAccountId.
        tag: key of a tag; its values are in `value`.
    """

    service: str = ""
    account: str = ""
    tag: str = ""
    value: str = ""

    @property
    def is_whole_team(self) -> bool:
        """Whether nothing narrower than the team is named."""
        return not (self.service or self.account or self.tag)


@dataclass(frozen=True, slots=True)
class MeasuredSaving:
    """What the money shows.

    Attributes:
        monthly: cost of a month before less after, in the action's currency; negative where it grew.
        low, high: the 80 % interval of it.
        before_from, before_through, after_from, after_through: the settled days compared, both ends inside.
        publication: the newest publication of figures it was measured from.
        trend: by how much a month's cost had grown (less than zero: fallen) within the days before already; None where
            that is not distinguishable from nothing.
    """

    monthly: Decimal
    low: Decimal
    high: Decimal
    before_from: date
    before_through: date
    after_from: date
    after_through: date
    publication: int
    measured_at: datetime
    trend: Decimal | None = None

    @property
    def is_unclear(self) -> bool:
        """Whether no saving at all lies within the interval."""
        return self.low <= ZERO <= self.high


@dataclass(frozen=True)
class CorrectiveAction:
    """One corrective action.

    Attributes:
        number: from 1 over the whole company; 0 before it is stored.
        explanation: number of the explanation it belongs to, 0 where it stands alone.
        owner: Slack's id of who does it.
        due: the day by which it is to be done.
        promised: saving a month, in the key's currency; None where none is promised.
        done_on: the day from which on the money is to show it.
        done_by: who said so.
        reminded: the due day that has been called overdue.
        reminded_at: from when its owner's silence counts, None where nothing is asked of them.
        called: the due day for which others have been called.
        version: counts the stored changes; an edit names the one it was made from.
    """

    number: int
    key: VarianceKey
    explanation: int
    text: str
    owner: str
    due: date
    promised: Decimal | None
    target: Target
    stage: ActionStage
    created_by: str
    created_at: datetime
    done_on: date | None = None
    done_by: str = ""
    measured: MeasuredSaving | None = None
    dropped_why: str = ""
    reminded: date | None = None
    reminded_at: datetime | None = None
    called: date | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class ActionEvent:
    """Something that happened to a corrective action.

    Attributes:
        by: Slack's id of who did it; empty for the figures or the clock.
        was, became: the stage before and after.
        note: the reason given with it.
        calls: Slack ids of the people and groups whom it called.
    """

    step: ActionStep
    at: datetime
    by: str
    was: ActionStage | None
    became: ActionStage
    note: str = ""
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class ActionChange:
    """What a change gives: the action as it is now, and what happened; no events where nothing did."""

    action: CorrectiveAction
    events: tuple[ActionEvent, ...] = ()
