"""Close a month on its working day: freeze every team's figures, and post the variance report of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from finops.closed_month import says_something, unfinished
from finops.company import Company
from finops.effect import Effect
from finops.evaluation import closes_on
from finops.periods import Month
from finops.report_building import build_report
from finops.team_month import TeamMonth
from jobs.job import Job, Outcome
from storage.closed_months import close, is_closed
from storage.deliveries import find, queue
from storage.publish import newest_publication
from storage.report_data import live_figures, read_report_data
from storage.state import State
from storage.team_months import team_months
from views.amounts import month_name, short_day
from views.message import Message
from views.notes import note
from views.report_message import MOST_MESSAGES, report_messages
from views.text import tidy

MONTHS = 3
"""Months that are looked at: a bill may come late, and an explanation be approved later still."""
MOST_NAMED = 5
EMPTIED = "What stood here stands further up in this thread."


def run(*, now: datetime, company: Company, state: State) -> Outcome:
    """Close the months that ended and are complete, and bring their reports to what is known now."""
    month = Month.of(company.today(now))
    said = []
    for _ in range(MONTHS):
        month = month.previous
        said.append(_close(month, now, company, state))
        said.append(_post(month, now, company, state))
    return Outcome("; ".join(each for each in said if each) or "nothing to close")


def _close(month: Month, now: datetime, company: Company, state: State) -> str:
    """Freeze what is not frozen; a team that a later delivery brings is frozen when it comes."""
    if now < company.calendar.begin_of(closes_on(company, month)):
        return ""
    with state.reading() as connection:
        months = team_months(connection, company, month, company.today(now), company.basis)
        missing = unfinished(each for each in months if says_something(each))
        nothing = not any(map(says_something, months))
        # Of the same moment as the look at what is missing: figures of two publications are none of either.
        publication = newest_publication(connection)
        figures = {} if nothing or missing else live_figures(connection, company, month, company.today(now), now)
    if nothing:
        return ""
    if missing:
        return f"{month_name(month)} is not closed: {_lacking(missing)}"
    with state.writing() as connection:
        if newest_publication(connection) != publication:
            return f"{month_name(month)} is not closed yet: its figures have just changed"
        new = close(connection, figures.values())
    return f"{month_name(month)} closed with {new} teams" if new else ""


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


def _post(month: Month, now: datetime, company: Company, state: State) -> str:
    """Post a closed month's report: the latest month's, and those that were posted before."""
    channel = company.report.channel or (company.alerts.channel if company.visibility == "workspace" else "")
    if not channel:
        return ""
    key = f"report/{month}"
    latest = month == Month.of(company.today(now)).previous
    with state.reading() as connection:
        if not is_closed(connection, month) or not (latest or find(connection, key)):
            return ""
        data = read_report_data(connection, company, month, company.today(now))
    messages = report_messages(build_report(data), company.ladder)
    with state.writing() as connection:
        changed = queue(connection, _effects(connection, messages, channel, key), now)
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
