"""Who decides on a team's freeze now: its executive sponsors, or who stands in for them."""

from __future__ import annotations

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
    named = read_directory(connection).callees(company, team).get(Role.EXECUTIVE_SPONSOR, ())
    return list(sponsors_asked(named, stand_ins(connection, company.today(now, team)), asker))
