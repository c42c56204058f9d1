"""What waits for a person: a sponsor's decisions first, then alerts nobody has taken on, the highest rung first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection

from finops.alert import Status, rung_name
from finops.company import Company, Team
from finops.freeze_decision import is_emergency, is_undecided
from finops.policy import Role
from handlers.alert_access import Asker, Case, cases_of, team_of
from storage.alerts import living_alerts
from storage.freezes import freezes_in_force, freezes_of
from storage.people import names_of
from views.alert import ACKNOWLEDGE, DECIDE
from views.amounts import month_name
from views.freeze import GRANT
from views.home import Waiting
from views.sentences import called_by
from views.time import day


def waiting_for(
    connection: Connection, company: Company, asker: Asker, user_id: str, teams: Mapping[str, Team], now: datetime
) -> list[Waiting]:
    """Everything that waits for somebody, most urgent first.

    Args:
        teams: every team by slug.
    """
    cases = cases_of(living_alerts(connection), teams, company)
    decisions = [
        Waiting(f"{_name(case)} is an emergency: decide on a freeze.", "Decide", DECIDE, str(case.alert.key))
        for case in cases
        if is_emergency(case.alert, case.policy)
        and asker.has(Role.EXECUTIVE_SPONSOR, case.team)
        and is_undecided(case.alert, freezes_of(connection, case.alert.key), case.policy)
    ]
    opened = [
        Waiting(_open(case), "Acknowledge", ACKNOWLEDGE, str(case.alert.key))
        for case in sorted(cases, key=lambda case: (-case.alert.step, case.alert.key))
        if case.alert.status(now) is Status.OPEN and asker.answers(case)
    ]
    return [*decisions, *_exceptions(connection, asker, user_id, teams), *opened]


def _exceptions(connection: Connection, asker: Asker, user_id: str, teams: Mapping[str, Team]) -> Iterator[Waiting]:
    freezes = [
        freeze
        for freeze in freezes_in_force(connection)
        if freeze.waiting and asker.has(Role.EXECUTIVE_SPONSOR, team_of(teams, freeze.alert.team))
    ]
    names = names_of(connection, (asked.asked_by for freeze in freezes for asked in freeze.waiting))
    for freeze in freezes:
        team = called_by(team_of(teams, freeze.alert.team))
        for asked in freeze.waiting:
            if asked.asked_by != user_id:
                who = names.get(asked.asked_by, asked.asked_by)
                text = f"{who} asks for an exception to the freeze of {team} until {asked.until}: {asked.what}"
                yield Waiting(text, "Grant", GRANT, f"{freeze.id}/{asked.number}")


def _open(case: Case) -> str:
    rung = rung_name(case.alert.key.kind, case.alert.step, case.policy)
    due = f" Its duty is due on {day(case.alert.due)}." if case.alert.due and case.alert.step > 0 else ""
    return f"{_name(case)} is at {rung} ({case.alert.key.kind}): nobody has acknowledged it.{due}"


def _name(case: Case) -> str:
    return f"{called_by(case.team)}, {month_name(case.alert.key.month)},"
