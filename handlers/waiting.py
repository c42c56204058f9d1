"""What waits for a person: a sponsor's decisions first, then alerts nobody has taken on, the highest rung first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection

from finops.alert import Status
from finops.company import Company, Team
from finops.freeze_decision import is_emergency, is_undecided
from finops.policy import Role
from handlers.alert_access import Asker, cases_of, team_of
from handlers.freeze_access import as_of
from storage.alerts import living_alerts
from storage.freezes import freezes_in_force, freezes_of
from storage.people import names_of
from views.home import Waiting
from views.waiting import answer_waits, decision_waits, exception_waits


def waiting_for(
    connection: Connection, company: Company, asker: Asker, user_id: str, teams: Mapping[str, Team], now: datetime
) -> list[Waiting]:
    """Everything that waits for somebody, most urgent first.

    Args:
        teams: every team by slug.
    """
    cases = cases_of(living_alerts(connection), teams, company)
    decisions = [
        decision_waits(case.alert, case.team, case.policy)
        for case in cases
        if is_emergency(case.alert, case.policy)
        and asker.has(Role.EXECUTIVE_SPONSOR, case.team)
        and is_undecided(case.alert, freezes_of(connection, case.alert.key), case.policy)
    ]
    opened = [
        answer_waits(case.alert, case.team, case.policy, now)
        for case in sorted(cases, key=lambda case: (-case.alert.step, case.alert.key))
        if case.alert.status(now) is Status.OPEN and asker.answers(case)
    ]
    return [*decisions, *_exceptions(connection, company, asker, user_id, teams, now), *opened]


def _exceptions(
    connection: Connection, company: Company, asker: Asker, user_id: str, teams: Mapping[str, Team], now: datetime
) -> Iterator[Waiting]:
    freezes = [
        as_of(freeze, company, team_of(teams, freeze.alert.team), now)
        for freeze in freezes_in_force(connection)
        if freeze.waiting and asker.has(Role.EXECUTIVE_SPONSOR, team_of(teams, freeze.alert.team))
    ]
    names = names_of(connection, (asked.asked_by for freeze in freezes for asked in freeze.waiting))
    for freeze in freezes:
        for asked in freeze.waiting:
            if asked.asked_by != user_id:
                yield exception_waits(freeze, asked, team_of(teams, freeze.alert.team), names)
