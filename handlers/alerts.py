"""`/finops alerts`: what is open, whose turn it is and what is frozen; and what can be done about an alert."""

from __future__ import annotations

from collections.abc import Iterable

from finops.alert import Alert
from finops.company import Company
from finops.freeze import Freeze
from handlers.alert_access import Asker, cases_of, team_of
from handlers.alert_answers import acknowledge, done, end_snooze, take_back
from handlers.alert_changes import coverage_for, decision_for, ids_of
from handlers.alert_drivers import drivers
from handlers.alert_snooze import open_form, preview, snooze
from handlers.arguments import one_team
from handlers.freeze_access import as_of
from handlers.request import Command, Reply, Request
from storage.alerts import living_alerts
from storage.freezes import freezes_in_force
from storage.incoming_alerts import received_beside
from storage.people import names_of
from storage.state import State
from storage.teams import all_teams
from views.alert import alert_message
from views.alerts import alerts_message

MINE = "mine"


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """Every alert that is not resolved, of the teams that the person may see."""
    words = [word for word in request.words if word.lower() != MINE]
    mine = len(words) < len(request.words)
    with state.reading() as connection:
        team = one_team(connection, company, request.user_id, words, "Name a team, `mine`, or both.")
        asker = Asker(connection, company, request)
        slug = team.slug if team else None
        teams = all_teams(connection, company)
        cases = cases_of(living_alerts(connection, slug), teams, company)
        seen = [case for case in cases if asker.sees(case.team)]
        shown = [case for case in seen if not mine or asker.answers(case)]
        freezes = [
            as_of(each, company, team_of(teams, each.alert.team), request.now)
            for each in freezes_in_force(connection, slug)
            if asker.sees(team_of(teams, each.alert.team))
        ]
        names = names_of(connection, _everybody((case.alert for case in shown), freezes))
    return Reply(
        alerts_message(
            [case.alert for case in shown],
            teams,
            {case.team.slug: case.policy for case in shown},
            freezes,
            names,
            request.now,
            asked=slug or "",
            withheld=len(cases) - len(seen),
            scope="yours to answer" if mine else "",
        )
    )


def show(request: Request, *, company: Company, state: State) -> Reply:
    """One alert in full, with its buttons, for the person alone."""
    with state.reading() as connection:
        case = Asker(connection, company, request).case(request.value)
        freeze = decision_for(connection, case)
        freeze = freeze and as_of(freeze, company, case.team, request.now)
        names = names_of(connection, ids_of(case.alert, (), freeze))
        covered = coverage_for(connection, case.alert)
        received = received_beside(connection, [case.alert.key])[case.alert.key]
    shown = alert_message(
        case.alert,
        case.team,
        case.policy,
        names,
        request.now,
        freeze=freeze,
        coverage=covered,
        received=received,
    )
    return Reply(shown)


def _everybody(alerts: Iterable[Alert], freezes: Iterable[Freeze]) -> set[str]:
    found = {each for alert in alerts for each in ids_of(alert, (), None)}
    return found | {freeze.decided_by for freeze in freezes}


COMMAND = Command(
    "alerts",
    "[team] [mine]",
    "what is over its budget, whose turn it is, and what is frozen",
    answer,
    actions={
        "alerts_show": show,
        "alert_acknowledge": acknowledge,
        "alert_take_back": take_back,
        "alert_snooze": open_form,
        "alert_end_snooze": end_snooze,
        "alert_drivers": drivers,
    },
    submissions={"snooze": preview, "snooze_preview": snooze},
    thread_words={
        "ack": acknowledge,
        "acknowledge": acknowledge,
        "acknowledged": acknowledge,
        "unack": take_back,
        "done": done,
    },
    reactions={"white_check_mark": (acknowledge, take_back)},
)
