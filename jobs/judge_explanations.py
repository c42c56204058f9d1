"""Hold what was explained against the figures as they are now, and say which reviews and answers are overdue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from finops.alert import Alert, Change
from finops.basis import Basis
from finops.company import Company, Team
from finops.explained_alert import unexplained
from finops.explained_month import is_explained, is_judged, variance_key, variance_of
from finops.explanation import (
    Explanation,
    ExplanationChange,
    Variance,
    VarianceKey,
    coverage,
    remind,
    restate,
)
from finops.periods import Month
from finops.team_month import TeamMonth
from jobs.alerting import Alerting
from jobs.job import Job, Outcome
from storage.alerts import alerts_of_teams
from storage.audit import append
from storage.closed_months import basis_of
from storage.deliveries import answer_question, queue
from storage.explanation_audience import read_audience
from storage.explanations import (
    explanation_entries,
    explanations_due,
    explanations_of,
    explanations_of_month,
    save_explanation,
    standing_months,
)
from storage.publish import newest_publication
from storage.state import State
from storage.team_months import team_months
from storage.teams import find_team
from views.explanation_effects import Told, answered, explanation_effects

MONTHS = 13
"""The running month and those before it that are looked at, as far as anything of them is explained."""
Numbers = dict[Basis, Variance]
"""A team's month in the bases that it is looked at in, that in which it is counted first."""
Decide = Callable[[Explanation, Team], ExplanationChange]
"""What becomes of an explanation of a team."""


def run(*, now: datetime, company: Company, state: State) -> Outcome:
    """Look at every explanation of the last months, and at everything that somebody was to answer by now."""
    counts: Counter[str] = Counter()
    numbers: dict[VarianceKey, Numbers] = {}
    oldest = Month.of(company.today(now)).before(MONTHS - 1)[-1]
    with state.reading() as connection:
        months = standing_months(connection, oldest)
    for month in months:
        found = _numbers(month, now, company, state)
        numbers |= found
        for key, seen in found.items():
            counts += _judge(key, seen, now, company, state)
    counts += _remind(numbers, now, company, state)
    return Outcome(", ".join(f"{number} {what}" for what, number in sorted(counts.items())) or "nothing changed")


def _numbers(month: Month, now: datetime, company: Company, state: State) -> dict[VarianceKey, Numbers]:
    """What is explained of a month → its numbers as they are now; one without any now, or with days missing, is not
    looked at.
    """
    with state.reading() as connection:
        explained = explanations_of_month(connection, month)
        if not explained:
            return {}
        publication = newest_publication(connection)
        own = basis_of(connection, month, company.basis)
        bases = {own, *(each.basis for explanations in explained.values() for each in explanations)}
        months: list[TeamMonth] = []
        # The month's own first; the others for what was explained when the company counted by them.
        for basis in sorted(bases, key=lambda each: (each is not own, each)):
            months += team_months(connection, company, month, company.today(now), basis)
    found: dict[VarianceKey, Numbers] = {}
    for each in months:
        key = VarianceKey(each.team, each.month, each.currency)
        seen = variance_of(each, publication, now) if key in explained and is_judged(each) else None
        if seen:
            found.setdefault(key, {})[each.basis] = seen
    return found


def _judge(key: VarianceKey, numbers: Numbers, now: datetime, company: Company, state: State) -> Counter[str]:
    """One team's month, in a transaction of its own; its messages are brought to the number as it is now."""

    def held(explanation: Explanation, team: Team) -> ExplanationChange:
        seen, was = numbers.get(explanation.basis), explanation.approved or explanation.explained
        if seen is None or seen.publication < was.publication:
            # There is nothing to hold it against, or somebody has looked at newer figures than these.
            return ExplanationChange(explanation)
        return restate(explanation, seen, company.explanation_rules(team, seen), company.policy(team).calendar, now)

    with state.writing() as connection:
        return _write(connection, company, key, _first(numbers), held, now)


def _first(numbers: Numbers) -> Variance | None:
    """The number in the month's own basis, or else in another that there is."""
    return next(iter(numbers.values()), None)


def _remind(numbers: Mapping[VarianceKey, Numbers], now: datetime, company: Company, state: State) -> Counter[str]:
    """Say once of each due day that it has passed, while the team is at work."""
    with state.reading() as connection:
        # A day further than any time zone, so that none is missed; each is held against its own clock below.
        due = explanations_due(connection, company.today(now) + timedelta(days=2))
    counts: Counter[str] = Counter()
    for key in sorted({each.key for each in due}):

        def reminded(explanation: Explanation, team: Team) -> ExplanationChange:
            calendar = company.policy(team).calendar
            return remind(explanation, calendar, now) if calendar.is_at_work(now) else ExplanationChange(explanation)

        with state.writing() as connection:
            counts += _write(connection, company, key, _first(numbers.get(key, {})), reminded, now)
    return counts


def _write(
    connection: Connection,
    company: Company,
    key: VarianceKey,
    seen: Variance | None,
    decide: Decide,
    now: datetime,
) -> Counter[str]:
    """Change a month's explanations, with what Slack is to show of it and the record."""
    team = find_team(connection, company, key.team) or Team(key.team, key.team)
    # Alerts, whose messages say how far they are explained, are locked before explanations, by everybody.
    alerts = alerts_of_teams(connection, key.month, [key.team], lock=True)
    explanations = explanations_of(connection, key, lock=True)
    changes = [decide(each, team) for each in explanations]
    if not any(change.events for change in changes) and seen is None:
        return Counter()
    changes = [save_explanation(connection, change, now) if change.events else change for change in changes]
    number = seen or max((each.explanation.explained for each in changes), key=lambda each: each.seen_at)
    told = _tell(connection, company, team, key, number, changes, now)
    standing = [each for each in alerts.values() if each.live and variance_key(each.key) == key]
    material, moved = team.materiality or company.materiality, company.explanations.moved
    whole = is_explained(number, told.explanations, material, moved)
    _follow(connection, company, team, standing, changes, whole, now)
    append(connection, explanation_entries(changes))
    return Counter(str(event.step) for change in changes for event in change.events)


def _tell(
    connection: Connection,
    company: Company,
    team: Team,
    key: VarianceKey,
    number: Variance,
    changes: Sequence[ExplanationChange],
    now: datetime,
) -> Told:
    """Queue what Slack is to show of changes that are stored."""
    explanations = [change.explanation for change in changes]
    audience = read_audience(connection, company, team, key, explanations, now)
    told = Told(changes, explanations, coverage(number.value, explanations), number.basis, audience)
    for change in changes:
        if asked := answered(change, told):
            below, message = asked
            answer_question(connection, below, message.as_payload(), now)
    queue(connection, explanation_effects(told, now), now)
    return told


def _follow(
    connection: Connection,
    company: Company,
    team: Team,
    alerts: Sequence[Alert],
    changes: Sequence[ExplanationChange],
    whole: bool,
    now: datetime,
) -> None:
    """Let the month's alerts say how far they are explained, and give its duty back to one that is not any more."""
    changed = [change for change in changes if change.events]
    if not changed or not alerts:
        return
    alerting = Alerting(connection, company, {team.slug: team}, now)
    for alert in alerts:
        reopened = unexplained(alert, changed[-1], alerting.setting(team.slug), now)
        if reopened != Change(alert) and not whole:
            alerting.write([reopened])
        else:
            alerting.refresh(alert)


JOB = Job("judge_explanations", "every 1h", run, shows_figures=True)
