"""Close a month on its working day: freeze every team's figures, and post the variance report of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from finops.alert_rungs import heard_at
from finops.closed_month import unfinished
from finops.company import Company, Team
from finops.effect import Effect
from finops.evaluation import closes_on
from finops.month_close import CloseDecision, Waiting, said_on, waiting_for
from finops.periods import Month
from finops.policy import Role
from finops.report_building import build_report
from finops.team_month import TeamMonth
from jobs.job import Job, Outcome
from storage.closed_months import basis_of, close, is_closed
from storage.deliveries import answer_question, find, has_below, queue
from storage.leaves import stand_ins
from storage.month_close import closed_since, find_decision, first_month, left_open, unclosed
from storage.people import names_of, read_directory
from storage.publish import newest_publication
from storage.report_data import live_figures, read_report_data
from storage.spend import coverages
from storage.state import State
from storage.teams import all_teams
from views.amounts import month_name, short_day
from views.message import Message
from views.month_close import closed_message, waiting_message
from views.notes import note
from views.people import stood_in
from views.report_message import MOST_MESSAGES, report_messages
from views.text import tidy

MONTHS = 3
"""Months that are looked at in any case: a bill may come late, and an explanation be approved later still."""
FOLLOWED = timedelta(days=92)
"""How long after its last team was closed a month's report is brought to what is known, however old the month."""
MOST_NAMED = 5
EMPTIED = "What stood here stands further up in this thread."


def run(*, now: datetime, company: Company, state: State) -> Outcome:
    """Close the months that ended and are complete, and bring their reports to what is known now."""
    said = []
    for month in _looked_at(now, company, state):
        said += close_and_post(month, now=now, company=company, state=state)
    return Outcome("; ".join(said) or "nothing to close")


def close_and_post(month: Month, *, now: datetime, company: Company, state: State) -> list[str]:
    """Close one month if it can be, and post its report; returns what was done, in words."""
    done = _close(month, now, company, state), _post(month, now, company, state)
    return [each for each in done if each]


def _looked_at(now: datetime, company: Company, state: State) -> list[Month]:
    """The newest first: the latest, those that were left open, and those that were closed late."""
    latest = Month.of(company.today(now)).before(MONTHS)
    with state.reading() as connection:
        first = first_month(connection)
        found = {*latest, *left_open(connection), *closed_since(connection, now - FOLLOWED)}
    return sorted((month for month in found if first and first <= month <= latest[0]), reverse=True)


def _close(month: Month, now: datetime, company: Company, state: State) -> str:
    """Freeze what is not frozen; a team that a later delivery brings is frozen when it comes, and is complete."""
    if now < company.calendar.begin_of(closes_on(company, month)):
        return ""
    today = company.today(now)
    with state.reading() as connection:
        left = unclosed(connection, company, month, today)
        missing, closed = unfinished(left), is_closed(connection, month)
        decision = None if closed else find_decision(connection, month)
        stays = missing and not closed and not decision
        waiting = waiting_for(month, missing, coverages(connection).values(), today) if stays else None
        # In a closed month what comes in parts waits by itself.
        late = set() if decision else {(each.team, each.currency) for each in missing}
        wanted = {(each.team, each.currency) for each in left} - late
        # Of the same moment as the look at what is missing: figures of two publications are none of either.
        publication = newest_publication(connection)
        basis = basis_of(connection, month, company.basis)
        figures = live_figures(connection, company, month, today, basis, now) if wanted and not waiting else {}
    if waiting:
        _say_waiting(waiting, now, company, state)
        return f"{month_name(month)} is not closed: {_lacking(missing)}"
    if not figures:
        return ""
    with state.writing() as connection:
        if newest_publication(connection) != publication:
            return f"{month_name(month)} is not closed yet: its figures have just changed"
        new = close(connection, (figures[key] for key in sorted(wanted)))
        if new and not closed:
            _say_closed(connection, month, decision if missing else None, now)
    stands = " as it stands" if decision and missing else ""
    return f"{month_name(month)} closed{stands} with {new} teams" if new else ""


def _lacking(missing: list[TeamMonth]) -> str:
    """Which teams' data ends before the month does, and when."""
    named = [
        f"{tidy(each.team)} has data through {short_day(each.data_through)}"
        if each.data_through
        else f"{tidy(each.team)} has none"
        for each in missing[:MOST_NAMED]
    ]
    more = len(missing) - MOST_NAMED
    return ", ".join(named) + (f" and {more:,} more" if more > 0 else "")


def _say_waiting(waiting: Waiting, now: datetime, company: Company, state: State) -> None:
    """Tell FinOps once a week, where the close is told, what a month waits for; the newest message is kept true."""
    if not company.report_channel:
        return
    first = closes_on(company, waiting.month)
    day, again = said_on(company, waiting.month, now)
    nobodys = Team("", "")
    with state.writing() as connection:
        if is_closed(connection, waiting.month) or find_decision(connection, waiting.month):
            return
        directory = read_directory(connection)
        called = directory.callees(company, nobodys).get(Role.FINOPS, ())
        told = stood_in(called, stand_ins(connection, company.today(now)))
        teams = {slug: team.name or slug for slug, team in all_teams(connection, company).items()}
        shown = waiting_message(waiting, teams, told, directory.names, first, again)
        key, held = f"{_asks(waiting.month)}/{day}", heard_at(company.policy(nobodys), now)
        queue(connection, [Effect(key, "close", company.report_channel, shown.as_payload(), not_before=held)], now)


def _say_closed(connection: Connection, month: Month, decision: CloseDecision | None, now: datetime) -> None:
    """Let the messages that said what the month waits for ask for nothing any more."""
    names = names_of(connection, [decision.by] if decision else [])
    answer_question(connection, _asks(month), closed_message(month, decision, names).as_payload(), now)


def _asks(month: Month) -> str:
    """Begins the keys of the messages that say what a month waits for."""
    return f"close/{month}"


def _post(month: Month, now: datetime, company: Company, state: State) -> str:
    """Post a closed month's report: the latest month's, and any that was posted before or waited for."""
    if not company.report_channel:
        return ""
    key = f"report/{month}"
    latest = month == Month.of(company.today(now)).previous
    with state.reading() as connection:
        if not is_closed(connection, month):
            return ""
        if not (latest or find(connection, key) or has_below(connection, _asks(month))):
            return ""
        data = read_report_data(connection, company, month, company.today(now))
    messages = report_messages(build_report(data), company.ladder)
    with state.writing() as connection:
        changed = queue(connection, _effects(connection, messages, company.report_channel, key), now)
    return f"report of {month_name(month)}: {changed} messages new or changed" if changed else ""


def _effects(connection: Connection, messages: Sequence[Message], channel: str, key: str) -> list[Effect]:
    """The executive edition, and the teams' details in its thread; pages that are needed no more say so."""
    keys = [key, *(f"{key}/{number}" for number in range(1, MOST_MESSAGES))]
    thread = ["", *[key] * len(keys)]
    shown = [message.as_payload() for message in messages]
    shown += [note(EMPTIED).as_payload() for each in keys[len(messages) :] if find(connection, each)]
    return [
        Effect(each, "report", channel, payload, thread_of=of)
        for each, payload, of in zip(keys, shown, thread, strict=False)
    ]


JOB = Job("close_month", "every 1h", run)
