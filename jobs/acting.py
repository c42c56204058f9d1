"""What the jobs that move corrective actions share: what these are judged by, and how changes are written and said."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from finops.company import Company, Team
from finops.corrective_action import ActionChange, ActionStep, CorrectiveAction
from finops.policy import Policy, Role
from storage.audit import append
from storage.corrective_actions import action_entries, save_change, thread_of
from storage.deliveries import queue
from storage.explained_months import read_explained
from storage.leaves import stand_ins
from storage.people import read_directory
from storage.teams import find_team
from views.action_notes import change_effects, measured_effects
from views.explanation_effects import Told, explanation_effects
from views.people import stood_in

NEXT = (Role.ENGINEERING_LEAD, Role.FINOPS)
"""Who is called where an owner does not answer."""


class Acting:
    """One transaction's action: judged by what it read at its beginning, written and said at its end.

    Args:
        connection: of a writing transaction.
    """

    def __init__(self, connection: Connection, company: Company, action: CorrectiveAction, now: datetime) -> None:
        self._connection, self._company, self._action, self._now = connection, company, action, now
        slug = action.key.team
        self.team = find_team(connection, company, slug) or Team(slug, slug)
        self.policy: Policy = company.policy(self.team)
        self._directory = read_directory(connection)
        self._stand_ins = stand_ins(connection, company.today(now, self.team))

    @property
    def owner(self) -> str:
        """Slack's id of the action's owner, or of who stands in for them."""
        other = self._stand_ins.get(self._action.owner, "")
        return other if other and other not in self._stand_ins else self._action.owner

    @property
    def next(self) -> tuple[str, ...]:
        """Slack ids of the people and groups who are called after the owner, each once."""
        known = self._directory.callees(self._company, self.team)
        called = stood_in([each for role in NEXT for each in known.get(role, ())], self._stand_ins)
        return tuple(dict.fromkeys(each.id for each in called if each.id and each.id != self.owner))

    def write(self, change: ActionChange) -> ActionChange:
        """Write a change, queue what is to be said of it, and put it on record."""
        if not change.events:
            return change
        saved = save_change(self._connection, change, self._now)
        place = thread_of(self._connection, saved.action, self.team.channel or self._company.alerts.channel)
        names = self._directory.names
        effects = change_effects(saved, self.team, place, names, self._now, self.policy)
        if any(event.step is ActionStep.MEASURED for event in saved.events):
            basis = self._company.basis
            effects += measured_effects(
                saved.action, self.team, place, names, self._now, self.policy, basis, self.owner
            )
        queue(self._connection, effects, self._now)
        self._show_explanation(saved.action)
        append(self._connection, action_entries([saved]))
        return saved

    def _show_explanation(self, action: CorrectiveAction) -> None:
        """Bring the message of the explanation that an action belongs to, if any, to how the action stands now."""
        connection, now = self._connection, self._now
        if action.explanation and (found := read_explained(connection, self._company, self.team, action.key, now)):
            queue(connection, explanation_effects(Told((), *found), now), now)
