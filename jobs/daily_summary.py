"""Every morning each team sees its spend against its budget: one message per team and local day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from finops.breakdown import Line, compare
from finops.company import Company, Team
from finops.money import ZERO
from finops.periods import Month
from finops.scope import UNALLOCATED
from finops.team_month import TeamMonth
from jobs.job import Job, Outcome
from storage.deliveries import Effect, queue
from storage.spend import ServiceWeeks, service_weeks
from storage.state import State
from storage.team_months import team_months
from storage.teams import all_teams
from views.amounts import money, month_name
from views.daily import daily_message

MOVERS = 3
NEWS = timedelta(hours=36)
"""How long a restatement of the month before is spoken of: on the morning it came, and the next."""


def run(*, now: datetime, zone: ZoneInfo, company: Company, state: State) -> Outcome:
    """Queue the day's message of every team that lives in the zone and has a channel, a budget or spend.

    Queued again after figures changed, a team's message of the day is edited instead.
    """
    today = now.astimezone(zone).date()
    month = Month.of(today)
    with state.reading() as connection:
        teams = {slug: team for slug, team in all_teams(connection, company).items() if company.zone(team) == zone}
        months = team_months(connection, company, month, today, company.basis)
        before = team_months(connection, company, month.previous, today, company.basis)
        weeks = service_weeks(connection, company.basis, _settled(months))
    shown = [found for found in _own_currency(months) if _speaks(teams.get(found.team), found)]
    restated = {found.team: found for found in _own_currency(before) if _is_news(found, now)}
    effects = [_effect(teams[found.team], found, weeks, restated.get(found.team), today, company) for found in shown]
    with state.writing() as connection:
        changed = queue(connection, effects, now)
    return Outcome(f"{len(effects)} teams, {changed} messages new or changed")


def _settled(months: Sequence[TeamMonth]) -> date | None:
    return max((m.freshness.settled_through for m in months if m.freshness.settled_through), default=None)


def _own_currency(months: Sequence[TeamMonth]) -> list[TeamMonth]:
    """The first of each team's months: the one in its own currency."""
    first: dict[str, TeamMonth] = {}
    for month in months:
        first.setdefault(month.team, month)
    return list(first.values())


def _speaks(team: Team | None, month: TeamMonth) -> bool:
    """Whether a team gets a message: it has a channel, and a budget or spend to speak of."""
    if team is None or team.slug == UNALLOCATED or not team.channel:
        return False
    return month.budget is not None or bool(month.actual)


def _is_news(month: TeamMonth, now: datetime) -> bool:
    return month.restated_at is not None and now - month.restated_at < NEWS


def _effect(
    team: Team, month: TeamMonth, weeks: ServiceWeeks, before: TeamMonth | None, today: date, company: Company
) -> Effect:
    message = daily_message(
        month,
        team,
        movers=_movers(weeks, month),
        local_day=today,
        notes=_notes(before),
        ladder=company.ladder,
    )
    return Effect(f"daily/{team.slug}/{today}", "daily", team.channel, message.as_payload(), team.slug)


def _movers(weeks: ServiceWeeks, month: TeamMonth) -> list[Line]:
    recent, former = weeks.get((month.team, month.currency), ({}, {}))
    lines = [line for line in compare(recent, former) if line.change] if former else []
    return sorted(lines, key=lambda line: (-abs(line.change or ZERO), line.name))[:MOVERS]


def _notes(before: TeamMonth | None) -> list[str]:
    """That the month before was restated, from what to what."""
    if before is None or before.actual is None or before.restated_from is None:
        return []
    was, now = money(before.restated_from, before.currency), money(before.actual, before.currency)
    return [f"{month_name(before.month)} was restated: from {was} to {now}."]


JOB = Job("daily_summary", "08:30", run, per_zone=True, after=("ingest_billing",))
