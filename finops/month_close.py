"""The close of a month: what it waits for, when that is said, and the decision to close it as it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from finops.company import Company
from finops.errors import FinopsError
from finops.evaluation import closes_on
from finops.periods import Month
from finops.spend import Coverage, reach
from finops.team_month import TeamMonth

SAID_AGAIN = 5
"""Working days after which it is said again that a month cannot be closed yet: once in a usual week."""
LONGEST = 1000
"""Most characters of the reason for closing a month as it stands."""


class CloseRefused(FinopsError):
    """The month cannot be closed so; nothing was changed."""


@dataclass(frozen=True, slots=True)
class CloseDecision:
    """Somebody has a month closed although data of it is missing.

    Attributes:
        by: Slack's user id, or a name at the terminal.
        at: when it was decided, UTC.
    """

    month: Month
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """A team or an export whose data ends before the month does.

    Attributes:
        name: the team's slug, or the export's name.
        through: the last delivered day, of a team inside the month; None where there is none.
    """

    name: str
    through: date | None


@dataclass(frozen=True)
class Waiting:
    """A month that cannot be closed, as data of it is missing.

    Attributes:
        teams: those whose figures are not complete, by slug.
        exports: those that the teams rest on and that are late, by name.
    """

    month: Month
    teams: tuple[Late, ...]
    exports: tuple[Late, ...]


def waiting_for(
    month: Month, unfinished: Collection[TeamMonth], coverages: Iterable[Coverage], today: date
) -> Waiting | None:
    """What a month waits for, None where nothing is missing.

    Args:
        unfinished: its team months whose data is not complete.
        coverages: every billing period of every export.
        today: the company's local day.
    """
    if not unfinished:
        return None
    teams = {each.team: Late(each.team, each.data_through) for each in unfinished}
    # A team's data runs as far as its stalest export does.
    ends = {each.freshness.data_through for each in unfinished}
    reached = reach(coverages, month, today)
    exports = [Late(export, day) for export, day in sorted(reached.items()) if day < month.last and day in ends]
    return Waiting(month, tuple(teams[slug] for slug in sorted(teams)), tuple(exports))


def said_on(company: Company, month: Month, now: datetime) -> tuple[date, date]:
    """The latest working day on which it was to be said that a month waits, and the next one.

    The first is the day on which the month was to be closed; there is none before work begins on it.
    """
    last = closes_on(company, month)
    while company.calendar.begin_of(following := company.calendar.after_days(last, SAID_AGAIN)) <= now:
        last = following
    return last, following
