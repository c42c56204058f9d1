"""`/finops actions`: what is to be done about variances, by whom and until when, and what it has saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from finops.company import Company, Team
from finops.corrective_action import LIVING, ActionStage, CorrectiveAction
from handlers.action_access import ActionAsker
from handlers.action_forms import (
    done,
    dropped,
    open_done,
    open_drop,
    open_edit,
    open_plan,
    opened_again,
    planned,
)
from handlers.alert_access import team_of
from handlers.arguments import one_team, teams_of
from handlers.request import Command, Reply, Request
from storage.corrective_actions import actions_in
from storage.people import find_person, names_of
from storage.state import State
from storage.teams import all_teams
from views.action_forms import DONE_CALLBACK, DROP_CALLBACK, PLAN_CALLBACK
from views.action_list import actions_message
from views.action_notes import ADD, DONE, DROP, EDIT, REOPEN

MINE, LATE, DROPPED = "mine", "late", "dropped"


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """Open and done actions, or dropped ones, of the teams that the person may see, and their own."""
    words = [word for word in request.words if word.lower() not in (MINE, LATE, DROPPED)]
    chosen = {word.lower() for word in request.words} & {MINE, LATE, DROPPED}
    stages = (ActionStage.DROPPED,) if DROPPED in chosen else LIVING
    with state.reading() as connection:
        team = one_team(connection, company, request.user_id, words, "Name a team, `mine`, `late` or `dropped`.")
        asker = ActionAsker(connection, company, request)
        teams = all_teams(connection, company)
        found = actions_in(connection, stages=stages, team=team.slug if team else "")
        teams |= {each.key.team: team_of(teams, each.key.team) for each in found}
        todays = {slug: company.today(request.now, each) for slug, each in teams.items()}
        shown = []
        for action in found:
            its = teams[action.key.team]
            wanted = asker.owns(action, its) or (MINE not in chosen and asker.sees(its))
            if wanted and (LATE not in chosen or _is_late(action, todays[its.slug])):
                shown.append(action)
        changes = frozenset(each.number for each in shown if asker.changes(each, teams[each.key.team]))
        names = names_of(connection, (action.owner for action in shown))
        adds = _planned_for(connection, company, request.user_id, asker, team)
    asked = " ".join([*(team.slug for team in [team] if team), *sorted(chosen & {LATE})])
    return Reply(
        actions_message(
            _by_stage(shown),
            teams,
            names,
            todays,
            changes=changes,
            adds=adds,
            mine=MINE in chosen,
            dropped=DROPPED in chosen,
            asked=asked,
        )
    )


def _planned_for(connection: Connection, company: Company, user_id: str, asker: ActionAsker, team: Team | None) -> str:
    """Slug of the team that a new action would be of: the one asked for, else their own where they have one."""
    own = [team] if team else teams_of(find_person(connection, user_id), company)
    return own[0].slug if len(own) == 1 and asker.plans(own[0]) else ""


def _is_late(action: CorrectiveAction, today: date) -> bool:
    return action.stage is ActionStage.OPEN and action.due < today


def _by_stage(actions: Sequence[CorrectiveAction]) -> list[CorrectiveAction]:
    """Open ones first, the earliest due before the others; then those that are being measured."""
    return sorted(actions, key=lambda action: (action.stage is not ActionStage.OPEN, action.due, action.number))


COMMAND = Command(
    "actions",
    "[team] [mine] [late] [dropped]",
    "what is to be done about variances, by whom, and what it has saved",
    answer,
    actions={ADD: open_plan, DONE: open_done, EDIT: open_edit, DROP: open_drop, REOPEN: opened_again},
    submissions={PLAN_CALLBACK: planned, DONE_CALLBACK: done, DROP_CALLBACK: dropped},
)
