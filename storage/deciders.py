"""Who decides now, or who stands in for them: executive sponsors on a team's freeze, approvers on its budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from finops.company import Company, Team
from finops.freeze_decision import sponsors_asked
from finops.policy import Role
from storage.leaves import stand_ins
from storage.people import read_directory


def sponsors_now(connection: Connection, company: Company, team: Team, now: datetime, asker: str = "") -> list[str]:
    """Slack ids of people and groups, as the workspace knows them and on the team's local day.

    Args:
        asker: whose own request it is, empty for nobody's.
    """
    return _deciders(connection, company, team, (Role.EXECUTIVE_SPONSOR,), now, asker)


def approvers_now(connection: Connection, company: Company, team: Team, now: datetime, asker: str) -> list[str]:
    """The same of who may decide on a budget that somebody asks for; never who asked."""
    return _deciders(connection, company, team, company.budgets.approvers, now, asker)


def _deciders(
    connection: Connection, company: Company, team: Team, roles: Sequence[Role], now: datetime, asker: str
) -> list[str]:
    known = read_directory(connection).callees(company, team)
    named = [callee for role in roles for callee in known.get(role, ())]
    return list(sponsors_asked(named, stand_ins(connection, company.today(now, team)), asker))


def group_members(connection: Connection) -> Mapping[str, Sequence[str]]:
    """Slack id of each user group → ids of the people in it."""
    return read_directory(connection).members
