"""Which freeze a button or form means, who decides on it, and who may ask for an exception."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection

from finops.company import Company, Team
from finops.errors import NotAllowed, NotFound
from finops.freeze import LONGEST, Freeze, end_exceptions
from finops.policy import Role
from handlers.alert_access import Asker, Case
from handlers.request import Request
from storage.freezes import find_freeze
from storage.people import channel_id


def find_freeze_case(connection: Connection, asker: Asker, text: str, *, lock: bool = False) -> tuple[Case, Freeze]:
    """A freeze by its number, with the alert that it was decided on.

    Args:
        text: the number, as it came from Slack.
        lock: keep others from changing either until the transaction ends; needs a writing one.

    Raises:
        NotFound: there is no such freeze.
        NotAllowed: its team's figures are not theirs to see.
    """
    freeze = find_freeze(connection, int(text)) if re.fullmatch("[0-9]{1,9}", text) else None
    if freeze is None:
        raise NotFound("There is no such freeze.", "See /finops freeze for those in force.")
    # The alert first, as whoever else writes both does.
    case = asker.case(str(freeze.alert), lock=lock)
    return case, (find_freeze(connection, freeze.id, lock=True) or freeze) if lock else freeze


def require_sponsor(asker: Asker, team: Team) -> None:
    """Raise NotAllowed where somebody is no executive sponsor and stands in for none."""
    if not asker.has(Role.EXECUTIVE_SPONSOR, team):
        raise NotAllowed(
            "Only an executive sponsor, or who stands in for one, decides on a freeze.", "Ask one of them."
        )


def require_asker(connection: Connection, asker: Asker, team: Team, channel: str) -> None:
    """Raise NotAllowed where somebody has no role in a team or the company, and does not ask in the team's channel.

    Args:
        channel: id of the one in which they ask, empty for none.
    """
    if any(asker.has(role, team) for role in Role):
        return
    if team.channel and channel and channel == channel_id(connection, team.channel):
        return
    raise NotAllowed(
        "Only the team asks for an exception: its owners, its engineering lead, and the company's roles.",
        "Ask one of them, or do so in the team's channel.",
    )


def too_long(texts: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the texts of a form, by field: a longer one could not be shown whole to who answers for it."""
    said = f"At most {LONGEST} characters: everybody is shown all of it."
    return {field: said for field, text in texts.items() if len(text.strip()) > LONGEST}


def as_of(freeze: Freeze, company: Company, team: Team, now: datetime) -> Freeze:
    """A freeze as it is to be shown: without the exceptions whose last day is past on the team's own calendar."""
    return end_exceptions(freeze, today=company.today(now, team), now=now)


def day_in(request: Request, field: str) -> date | None:
    """The day that a form holds in a field, None for none."""
    try:
        return date.fromisoformat(request.inputs.get(field, ""))
    except ValueError:
        return None
