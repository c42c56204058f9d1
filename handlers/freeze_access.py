"""Which freeze a button or form means, and who decides on it."""

from __future__ import annotations

import re
from datetime import date

from sqlalchemy import Connection

from finops.company import Team
from finops.errors import NotAllowed, NotFound
from finops.freeze import Freeze
from finops.policy import Role
from handlers.alert_access import Asker, Case
from handlers.request import Request
from storage.freezes import find_freeze


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


def day_in(request: Request, field: str) -> date | None:
    """The day that a form holds in a field, None for none."""
    try:
        return date.fromisoformat(request.inputs.get(field, ""))
    except ValueError:
        return None
