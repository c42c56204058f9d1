"""Which team's month or explanation a person means, how it stands now, and who may write and review."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from finops.alert import Alert
from finops.basis import Basis
from finops.company import Company, Team
from finops.errors import FinopsError, NotAllowed, NotFound
from finops.explained_month import is_judged, number_known, variance_key
from finops.explanation import Coverage, Explanation, Variance, VarianceKey, coverage
from finops.periods import Month
from finops.policy import Policy, Role
from finops.team_month import TeamMonth
from handlers.alert_access import Asker
from handlers.arguments import not_theirs_to_see
from handlers.request import Request
from storage.alerts import alerts_of_teams
from storage.explained_months import read_numbers
from storage.explanations import explanations_of
from storage.teams import find_team
from views.amounts import month_name
from views.people import LABELS
from views.tiers import listed

KEY = re.compile(r"(?P<team>[^\s/]{1,200})/(?P<month>\d{4}-\d{2})/(?P<currency>[A-Z]{3})")
REFERENCE = re.compile(r"(?P<key>[^@]+)/(?P<number>[0-9]{1,6})@(?P<read>[0-9]{1,9})")
AUTHORS = (Role.OWNER, Role.ENGINEERING_LEAD, Role.FINOPS)
"""Who may explain a team's variance."""
EDITORS = (Role.OWNER, Role.ENGINEERING_LEAD)
"""Who of them may change what somebody else wrote."""


class NothingToExplain(FinopsError):
    """There is no number that an explanation could be of."""


@dataclass(frozen=True)
class Subject:
    """A team's month in one currency, as it stands now.

    Attributes:
        month: in the basis that it was closed in, or the company's; None where the team has neither budget nor spend in
            the currency.
        variance: the number to be explained, None without an approved budget or without data.
        explanations: every one of the month, by number.
        alerts: those of the month that people see; none unless they are locked.
        others: the number in other bases that explanations are of.
    """

    key: VarianceKey
    team: Team
    policy: Policy
    month: TeamMonth | None
    variance: Variance | None
    explanations: tuple[Explanation, ...]
    alerts: tuple[Alert, ...] = ()
    others: Mapping[Basis, Variance] = field(default_factory=dict)

    def seen_for(self, explanation: Explanation) -> Variance:
        """What an explanation is held against, in its own basis: its own number where there is none now, or days of it
        are missing.
        """
        own = explanation.approved or explanation.explained
        if self.month is None or not is_judged(self.month):
            return own
        seen = self.variance if explanation.basis is self.month.basis else self.others.get(explanation.basis)
        return seen or own

    @property
    def number(self) -> Variance:
        """What explanations are held against: the number now, or the one that was last written of, as in
        number_known().
        """
        known = number_known(self.month, self.variance, self.explanations)
        if known is None:
            raise NothingToExplain("There is no number that an explanation could be of.")
        return known

    @property
    def coverage(self) -> Coverage:
        """How far the number is explained."""
        return coverage(self.number.value, self.explanations)

    def with_change(self, explanation: Explanation) -> Subject:
        """The same with an explanation as it is now."""
        others = [each for each in self.explanations if each.number != explanation.number]
        return replace(self, explanations=tuple(sorted([*others, explanation], key=lambda each: each.number)))


def key_in(text: str) -> VarianceKey:
    """Read a team's month; raises NotFound for anything else, whoever wrote it."""
    match = KEY.fullmatch(text)
    if not match or not match["team"].isprintable():
        raise NotFound("This button names no team's month.", "See /finops explanations for what was explained.")
    return VarianceKey(match["team"], Month.parse(match["month"]), match["currency"])


def reference_in(text: str) -> tuple[VarianceKey, int, int]:
    """Read what a button carries: the team's month, the explanation's number, and the version that was looked at."""
    match = REFERENCE.fullmatch(text)
    if not match:
        raise NotFound("This button names no explanation.", "See /finops explanations for all of them.")
    return key_in(match["key"]), int(match["number"]), int(match["read"])


def find_subject(
    connection: Connection, company: Company, asker: Asker, key: VarianceKey, request: Request, *, lock: bool = False
) -> Subject:
    """A team's month, if the person may see it.

    Args:
        lock: as locked() does.

    Raises:
        NotFound: there is no such team.
        NotAllowed: its figures are not theirs to see.
    """
    team = find_team(connection, company, key.team)
    if team is None:
        raise NotFound("There is no such team any more.", "See /finops teams for all of them.")
    if not asker.sees(team):
        raise not_theirs_to_see(team)
    alerts = _lock_alerts(connection, key) if lock else ()
    explanations = tuple(explanations_of(connection, key, lock=lock))
    found = read_numbers(connection, company, team, key, explanations, request.now)
    return Subject(key, team, company.policy(team), found.month, found.number, explanations, alerts, found.others)


def locked(connection: Connection, subject: Subject) -> Subject:
    """The same, with its alerts and explanations as nobody else changes them until the writing transaction ends.

    Alerts, whose messages say how far they are explained, are locked before explanations, by everybody.
    """
    alerts = _lock_alerts(connection, subject.key)
    return replace(subject, alerts=alerts, explanations=tuple(explanations_of(connection, subject.key, lock=True)))


def _lock_alerts(connection: Connection, key: VarianceKey) -> tuple[Alert, ...]:
    found = alerts_of_teams(connection, key.month, [key.team], lock=True).values()
    return tuple(alert for alert in found if alert.live and variance_key(alert.key) == key)


def find_explanation_in(subject: Subject, number: int) -> Explanation:
    """An explanation of a team's month; raises NotFound where there is none of that number."""
    for each in subject.explanations:
        if each.number == number:
            return each
    raise NotFound("There is no such explanation.", "See /finops explanations for all of them.")


def require_number(subject: Subject, now: datetime) -> tuple[TeamMonth, Variance]:
    """The month and the number to be explained; raises NothingToExplain, saying what to do, where there is none."""
    month, when = subject.month, month_name(subject.key.month)
    if month is None or month.actual is None:
        if subject.key.month > Month.of(subject.policy.calendar.day_of(now)):
            raise NothingToExplain(f"{when} has not begun.", "Name this month or an earlier one.")
        raise NothingToExplain(
            f"There is no data for {subject.team.slug} in {when} yet, so there is nothing to explain.",
            "Ask FinOps whether the billing export still arrives.",
        )
    if month.budget is None or subject.variance is None:
        raise NothingToExplain(
            f"{subject.team.slug} has no approved budget for {when}, so there is no variance to explain.",
            "Ask FinOps to approve one.",
        )
    if not subject.variance.value:
        raise NothingToExplain(f"{subject.team.slug} is exactly on its budget in {when}: there is nothing to explain.")
    return month, subject.variance


def require_author(asker: Asker, team: Team) -> None:
    """Raise NotAllowed where somebody may not explain a team's variance."""
    if not any(asker.has(role, team) for role in AUTHORS):
        raise NotAllowed(
            f"Only the owners, the engineering lead and FinOps explain the variance of '{team.slug}'.",
            "Tell one of them what you know.",
        )


def require_editor(asker: Asker, team: Team, explanation: Explanation, user_id: str) -> None:
    """Raise NotAllowed where somebody may not change an explanation: FinOps changes what FinOps wrote."""
    require_author(asker, team)
    if user_id not in explanation.authors and not any(asker.has(role, team) for role in EDITORS):
        raise NotAllowed(
            "Only its authors, the owners and the engineering lead change an explanation.",
            "Return it with a reason, or ask.",
        )


def require_reviewer(asker: Asker, company: Company, team: Team, explanation: Explanation, user_id: str) -> None:
    """Raise NotAllowed where somebody may not review a team's explanations; who wrote this one is told that first."""
    roles = company.explanations.reviewers
    if any(asker.has(role, team) for role in roles):
        return
    if user_id in explanation.authors:
        raise NotAllowed("You wrote this explanation yourself.", "Somebody else reviews it.")
    raise NotAllowed(f"Only {listed([LABELS[role] for role in roles])} may review explanations.", "Ask one of them.")
