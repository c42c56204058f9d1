"""Which corrective action a button or form means, and who may change it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from finops.company import Company, Team
from finops.corrective_action import CHANGERS, CorrectiveAction
from finops.errors import NotAllowed, NotFound
from finops.policy import Policy
from handlers.alert_access import Asker
from handlers.arguments import not_theirs_to_see
from handlers.request import Request
from storage.corrective_actions import find_action
from storage.leaves import stand_ins
from storage.teams import find_team


@dataclass(frozen=True)
class ActionCase:
    """A corrective action with what it is judged by."""

    action: CorrectiveAction
    team: Team
    policy: Policy


class ActionAsker:
    """Somebody who asks about corrective actions, with the rights of whoever they stand in for.

    Args:
        connection: of the transaction in which the request is answered.
    """

    def __init__(self, connection: Connection, company: Company, request: Request) -> None:
        self._connection, self._company, self._request = connection, company, request
        self._asker = Asker(connection, company, request)
        self._stand_ins: dict[date, dict[str, str]] = {}

    def case(self, number: Any, *, lock: bool = False) -> ActionCase:
        """The action of a number, if the person may see and change it.

        Args:
            number: as it came from Slack.
            lock: keep others from changing it until the transaction ends; needs a writing one.

        Raises:
            NotFound: there is no such action.
            NotAllowed: it is not theirs to see, or to change.
        """
        known = re.fullmatch("[0-9]{1,9}", str(number))
        action = find_action(self._connection, int(known[0]), lock=lock) if known else None
        team = find_team(self._connection, self._company, action.key.team) if action else None
        if action is None or team is None:
            raise NotFound("There is no such corrective action.", "See /finops actions for those that are open.")
        if not self._asker.sees(team) and not self.owns(action, team):
            raise not_theirs_to_see(team)
        if not self.changes(action, team):
            raise NotAllowed(
                "Only its owner, the team's owners and engineering lead, and FinOps change a corrective action.",
                "Ask one of them.",
            )
        return ActionCase(action, team, self._company.policy(team))

    def sees(self, team: Team) -> bool:
        """Whether a team's figures are theirs to see."""
        return self._asker.sees(team)

    def changes(self, action: CorrectiveAction, team: Team) -> bool:
        """Whether they may change an action."""
        return self.owns(action, team) or self.plans(team)

    def plans(self, team: Team) -> bool:
        """Whether they may plan an action for a team, and change any of its."""
        return any(self._asker.has(role, team) for role in CHANGERS)

    def owns(self, action: CorrectiveAction, team: Team) -> bool:
        """Whether an action is theirs to do, or they stand in for whose it is."""
        if action.owner == self._request.user_id:
            return True
        day = self._company.today(self._request.now, team)
        if day not in self._stand_ins:
            self._stand_ins[day] = stand_ins(self._connection, day)
        return self._stand_ins[day].get(action.owner) == self._request.user_id
