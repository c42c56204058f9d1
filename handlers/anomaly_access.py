"""Which anomaly a button or form means, and who may answer it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from finops.anomaly import Anomaly, AnomalySetting
from finops.company import Company, Team
from finops.errors import NotAllowed, NotFound
from finops.policy import Policy, Role
from handlers.alert_access import Asker
from handlers.arguments import not_theirs_to_see
from handlers.request import Request
from storage.anomalies import find_anomaly
from storage.teams import find_team

ANSWERERS = (Role.OWNER, Role.ENGINEERING_LEAD, Role.FINOPS)


@dataclass(frozen=True)
class AnomalyCase:
    """An anomaly with what it is judged by."""

    anomaly: Anomaly
    team: Team
    policy: Policy


class AnomalyAsker:
    """Somebody who asks about anomalies, with the rights of whoever they stand in for.

    Args:
        connection: of the transaction in which the request is answered.
    """

    def __init__(self, connection: Connection, company: Company, request: Request) -> None:
        self._connection, self._company = connection, company
        self._asker = Asker(connection, company, request)

    def case(self, number: Any, *, lock: bool = False) -> AnomalyCase:
        """The anomaly of a number, if the person may see it.

        Args:
            number: as it came from Slack.
            lock: keep others from changing it until the transaction ends; needs a writing one.

        Raises:
            NotFound: there is no such anomaly.
            NotAllowed: its team's figures are not theirs to see.
        """
        known = re.fullmatch("[0-9]{1,9}", str(number))
        anomaly = find_anomaly(self._connection, int(known[0]), lock=lock) if known else None
        if anomaly is None:
            raise NotFound("There is no such anomaly.", "See /finops anomalies for those that are open.")
        slug = anomaly.key.series.team
        team = find_team(self._connection, self._company, slug) or Team(slug, slug)
        if not self.sees(team):
            raise not_theirs_to_see(team)
        return AnomalyCase(anomaly, team, self._company.policy(team))

    def answered(self, number: Any) -> AnomalyCase:
        """The same, locked, if the person may answer it; raises as case() does."""
        case = self.case(number, lock=True)
        self.require_answer(case.team)
        return case

    def require_answer(self, team: Team) -> None:
        """Raise NotAllowed where a team's anomalies are not theirs to answer."""
        if not self.answers(team):
            raise NotAllowed("Only the team's owners, its engineering lead and FinOps answer an anomaly.", "Ask one.")

    def sees(self, team: Team) -> bool:
        """Whether a team's figures are theirs to see."""
        return self._asker.sees(team)

    def answers(self, team: Team) -> bool:
        """Whether a team's anomalies are theirs to answer."""
        return any(self._asker.has(role, team) for role in ANSWERERS)


def setting_of(company: Company, case: AnomalyCase, now: datetime) -> AnomalySetting:
    """What an answer to an anomaly is judged by."""
    calendar = case.policy.calendar
    return AnomalySetting(calendar, calendar.day_of(now), review_after=company.anomalies.review_after)
