"""`/finops freeze`: what is frozen, what waits for a sponsor, and what can be done about it."""

from __future__ import annotations

from finops.company import Company
from finops.freeze_decision import is_emergency, is_undecided
from finops.policy import Role
from handlers.alert_access import Asker, cases_of, team_of
from handlers.alert_changes import ids_of
from handlers.arguments import one_team
from handlers.freeze_access import as_of
from handlers.freeze_decisions import decided, lifted
from handlers.freeze_decisions import open_form as open_decision
from handlers.freeze_exceptions import asked, granted, refused
from handlers.freeze_exceptions import open_form as open_exception
from handlers.request import Command, Reply, Request
from storage.alerts import living_alerts
from storage.freezes import freezes_in_force, freezes_of
from storage.people import names_of
from storage.state import State
from storage.teams import all_teams
from views.freezes import freezes_message


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """Every freeze in force and every emergency without a decision, of the teams that the person may see."""
    with state.reading() as connection:
        asker = Asker(connection, company, request)
        takes = "Name one team, or none for all of them."
        team = one_team(connection, company, request.user_id, request.words, takes)
        slug = team.slug if team else None
        known = all_teams(connection, company)
        freezes = [
            as_of(each, company, team_of(known, each.alert.team), request.now)
            for each in freezes_in_force(connection, slug)
            if asker.sees(team_of(known, each.alert.team))
        ]
        undecided = [
            case.alert
            for case in cases_of(living_alerts(connection, slug), known, company)
            if is_emergency(case.alert, case.policy)
            and asker.sees(case.team)
            and is_undecided(case.alert, freezes_of(connection, case.alert.key), case.policy)
        ]
        slugs = {freeze.alert.team for freeze in freezes} | {alert.key.team for alert in undecided}
        teams = {each: team_of(known, each) for each in slugs}
        decides = frozenset(each for each in slugs if asker.has(Role.EXECUTIVE_SPONSOR, teams[each]))
        people = {each for alert in undecided for each in ids_of(alert, (), None)}
        people |= {freeze.decided_by for freeze in freezes}
        people |= {each.asked_by for freeze in freezes for each in freeze.waiting}
        names = names_of(connection, people)
    policies = {each: company.policy(teams[each]) for each in slugs}
    return Reply(
        freezes_message(
            freezes,
            undecided,
            teams,
            policies,
            names,
            decides=decides,
            user_id=request.user_id,
            asked=slug or "",
        )
    )


COMMAND = Command(
    "freeze",
    "[team]",
    "what is frozen in an emergency, and exceptions to it",
    answer,
    actions={
        "alert_freeze": open_decision,
        "freeze_lift": lifted,
        "freeze_exception": open_exception,
        "freeze_grant": granted,
        "freeze_refuse": refused,
    },
    submissions={"freeze": decided, "freeze_exception": asked},
)
