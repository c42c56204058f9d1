"""What next, as something that is done by somebody by a day, and whose saving is measured afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from finops.errors import FinopsError
from finops.explanation import VarianceKey


class ActionStage(StrEnum):
    """Where a corrective action stands."""

    OPEN = "open"
    DONE = "done"
    MEASURED = "measured"
    DROPPED = "dropped"


class ActionRefused(FinopsError):
    """The corrective action cannot be changed so; nothing was changed."""


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
        reminded: the due day that has been called overdue.
        version: counts the stored changes.
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
    version: int = 0
