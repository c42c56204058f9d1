"""`/finops anomalies`: what costs more than is ordinary, what caused it, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from finops import anomaly as anomalies
from finops.anomaly import RECENT, Anomaly, AnomalyChange, AnomalyRefused, ranked
from finops.company import Company
from finops.errors import FinopsError
from handlers.alert_access import team_of, with_names
from handlers.anomaly_access import AnomalyAsker, AnomalyCase, setting_of
from handlers.anomaly_changes import commit_anomaly, ids_of, shown_anomaly
from handlers.arguments import one_team
from handlers.request import Command, Reply, Request
from storage.anomalies import anomalies_in
from storage.people import names_of
from storage.state import State
from storage.teams import all_teams
from views.anomalies import HISTORY_DAYS, anomalies_message
from views.anomaly import (
    EXPECT,
    EXPECT_CALLBACK,
    FALSE_ALARM,
    INVESTIGATE,
    NOTE,
    REVIEW,
    REVIEW_CALLBACK,
    SHOW,
    UNDO,
    UNTIL,
    expect_modal,
    review_modal,
)

HISTORY = "history"
Decide = Callable[[AnomalyCase], AnomalyChange]


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """Anomalies that last or wait for an answer, or those that are over, of the teams that the person may see."""
    words = [word for word in request.words if word.lower() != HISTORY]
    history = len(words) < len(request.words)
    since = company.today(request.now) - (timedelta(days=HISTORY_DAYS) if history else RECENT)
    with state.reading() as connection:
        team = one_team(connection, company, request.user_id, words, "Name a team, `history`, or both.")
        asker, teams = AnomalyAsker(connection, company, request), all_teams(connection, company)
        recorded = anomalies_in(connection, [team.slug] if team else None, since=since)
        teams |= {each.key.series.team: team_of(teams, each.key.series.team) for each in recorded}
        todays = {slug: company.today(request.now, each) for slug, each in teams.items()}
        found = [
            each for each in recorded if (each.is_over if history else each.is_current(todays[each.key.series.team]))
        ]
        seen = [each for each in found if asker.sees(teams[each.key.series.team])]
        names = names_of(connection, ids_of(seen))
    shown, asked = sorted(seen, key=_latest, reverse=True) if history else ranked(seen), team.slug if team else ""
    withheld = len(found) - len(seen)
    return Reply(anomalies_message(shown, teams, names, todays, history=history, asked=asked, withheld=withheld))


def show(request: Request, *, company: Company, state: State) -> Reply:
    """One anomaly in full, with its buttons, for the person alone."""
    with state.reading() as connection:
        case = AnomalyAsker(connection, company, request).case(request.value)
        return Reply(shown_anomaly(connection, company, case, request.now))


def investigating(request: Request, *, company: Company, state: State) -> Reply:
    """The person looks into it."""

    def decide(case: AnomalyCase) -> AnomalyChange:
        setting = setting_of(company, case, request.now)
        return anomalies.investigate(case.anomaly, request.user_id, setting, request.now)

    return _answered(request, request.value, decide, company, state)


def false_alarm(request: Request, *, company: Company, state: State) -> Reply:
    """It is none."""

    def decide(case: AnomalyCase) -> AnomalyChange:
        setting = setting_of(company, case, request.now)
        return anomalies.false_alarm(case.anomaly, request.user_id, setting, request.now)

    return _answered(request, request.value, decide, company, state)


def undo(request: Request, *, company: Company, state: State) -> Reply:
    """The person takes back what they said."""

    def decide(case: AnomalyCase) -> AnomalyChange:
        return anomalies.undo_answer(case.anomaly, request.user_id, request.now)

    return _answered(request, request.value, decide, company, state)


def open_expected(request: Request, *, company: Company, state: State) -> Reply:
    """Ask until when it is expected."""
    with state.reading() as connection:
        asker = AnomalyAsker(connection, company, request)
        case = asker.case(request.value)
        asker.require_answer(case.team)
    if case.anomaly.withdrawn:
        raise AnomalyRefused("The figures do not show it any more.", "There is nothing to answer.")
    return Reply(modal=expect_modal(case.anomaly, case.team, case.policy.calendar.day_of(request.now)))


def expected(request: Request, *, company: Company, state: State) -> Reply:
    """It is expected until a day; what is wrong with the day is said at its field."""
    try:
        until = date.fromisoformat(request.inputs.get(UNTIL, ""))
    except ValueError:
        return Reply(errors={UNTIL: "Choose a day."})

    def decide(case: AnomalyCase) -> AnomalyChange:
        setting = setting_of(company, case, request.now)
        return anomalies.expect(case.anomaly, request.user_id, until, setting, request.now)

    _answered(request, str(request.metadata.get("anomaly", "")), decide, company, state)
    return Reply()


def open_review(request: Request, *, company: Company, state: State) -> Reply:
    """Ask what came of the cost review."""
    with state.reading() as connection:
        asker = AnomalyAsker(connection, company, request)
        case = asker.case(request.value)
        asker.require_answer(case.team)
        try:
            anomalies.review(case.anomaly, request.user_id, "", request.now)
        except AnomalyRefused as problem:
            raise with_names(connection, problem) from None
    return Reply(modal=review_modal(case.anomaly, case.team))


def reviewed(request: Request, *, company: Company, state: State) -> Reply:
    """The cost review was held."""

    def decide(case: AnomalyCase) -> AnomalyChange:
        return anomalies.review(case.anomaly, request.user_id, request.inputs.get(NOTE, ""), request.now)

    _answered(request, str(request.metadata.get("anomaly", "")), decide, company, state)
    return Reply()


def _answered(request: Request, number: str, decide: Decide, company: Company, state: State) -> Reply:
    """Find the anomaly, decide, write, and show it to whoever does not see its message change."""
    with state.writing() as connection:
        case = AnomalyAsker(connection, company, request).answered(number)
        try:
            change = decide(case)
        except FinopsError as problem:
            raise with_names(connection, problem) from None
        after = commit_anomaly(connection, company, case, change, request.now)
        seen = request.message == after.anomaly.message or not request.channel
        return Reply() if seen and change.events else Reply(shown_anomaly(connection, company, after, request.now))


def _latest(anomaly: Anomaly) -> tuple[date, int]:
    return anomaly.found.last_day, anomaly.number


COMMAND = Command(
    "anomalies",
    "[team] [history]",
    "what costs more than is ordinary, what caused it, and what became of it",
    answer,
    actions={
        SHOW: show,
        INVESTIGATE: investigating,
        EXPECT: open_expected,
        FALSE_ALARM: false_alarm,
        UNDO: undo,
        REVIEW: open_review,
    },
    submissions={EXPECT_CALLBACK: expected, REVIEW_CALLBACK: reviewed},
)
