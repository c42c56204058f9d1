"""Every morning each team sees its spend against its budget: one message per team and local day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from finops.breakdown import Line, compare
from finops.company import Company, Team
from finops.effect import Effect
from finops.money import ZERO
from finops.periods import Month
from finops.scope import UNALLOCATED
from finops.team_month import TeamMonth
from jobs.job import Job, Outcome
from storage.deliveries import queue
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
        months = _by_team(team_months(connection, company, month, today, company.basis))
        before = _by_team(team_months(connection, company, month.previous, today, company.basis))
        # Each team's last settled week, as its own exports have settled.
        settled = {found[0].freshness.settled_through for found in months.values()}
        weeks = {day: service_weeks(connection, company.basis, day) for day in settled}
    effects = [
        _effect(team, months[slug], before.get(slug, []), weeks, today, now, company)
        for slug, team in teams.items()
        if slug in months and _speaks(team, months[slug])
    ]
    with state.writing() as connection:
        changed = queue(connection, effects, now)
    return Outcome(f"{len(effects)} teams, {changed} messages new or changed")


def _by_team(months: Sequence[TeamMonth]) -> dict[str, list[TeamMonth]]:
    """Each team's months, the one in its own currency first."""
    found: dict[str, list[TeamMonth]] = {}
    for month in months:
        found.setdefault(month.team, []).append(month)
    return found


def _speaks(team: Team, months: Sequence[TeamMonth]) -> bool:
    """Whether a team gets a message: it has a channel, and a budget or spend to speak of in any currency."""
    if team.slug == UNALLOCATED or not team.channel:
        return False
    return any(month.budget is not None or month.actual for month in months)


def _is_news(month: TeamMonth, now: datetime) -> bool:
    return month.restated_at is not None and now - month.restated_at < NEWS


def _effect(
    team: Team,
    months: Sequence[TeamMonth],
    before: Sequence[TeamMonth],
    weeks: dict[date | None, ServiceWeeks],
    today: date,
    now: datetime,
    company: Company,
) -> Effect:
    month, *others = months
    message = daily_message(
        month,
        team,
        movers=_movers(weeks[month.freshness.settled_through], month),
        local_day=today,
        notes=[*_also(others), *(note for found in before if _is_news(found, now) for note in _restated(found))],
        ladder=company.ladder,
    )
    return Effect(f"daily/{team.slug}/{today}", "daily", team.channel, message.as_payload(), team.slug)


def _also(others: Sequence[TeamMonth]) -> list[str]:
    """What the team has in other currencies: never added up, never left out."""
    return [
        f"Also {money(found.actual, found.currency)} in {found.currency}"
        + (f" of {money(found.budget, found.currency)} budgeted." if found.budget is not None else ".")
        for found in others
        if found.actual is not None
    ]


def _movers(weeks: ServiceWeeks, month: TeamMonth) -> list[Line]:
    recent, former = weeks.get((month.team, month.currency), ({}, {}))
    lines = [line for line in compare(recent, former) if line.change] if former else []
    return sorted(lines, key=lambda line: (-abs(line.change or ZERO), line.name))[:MOVERS]


def _restated(before: TeamMonth) -> list[str]:
    """That the month before was restated, from what to what."""
    if before.actual is None or before.restated_from is None:
        return []
    was, now = money(before.restated_from, before.currency), money(before.actual, before.currency)
    return [f"{month_name(before.month)} was restated: from {was} to {now}."]


JOB = Job("daily_summary", "08:30", run, per_zone=True, shows_figures=True)
