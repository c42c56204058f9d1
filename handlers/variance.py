"""`/finops variance <team>`: one team's month, and the buttons under it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from finops.basis import Basis
from finops.breakdown import Line, by_key, compare, group
from finops.company import Company, Team
from finops.effect import Effect
from finops.errors import FinopsError
from finops.explained_month import drivers_of
from finops.periods import Month
from finops.spend import DaySpend
from handlers.arguments import parse_arguments, team_asked_for
from handlers.request import Command, Reply, Request
from storage.deliveries import queue
from storage.drivers import find_drivers
from storage.people import channel_name, is_member
from storage.spend import MonthSpend, month_spend
from storage.state import State
from storage.team_months import TeamAnswer, team_answer
from views.amounts import days
from views.message import Message
from views.notes import note
from views.variance import CHANGE_BY, CHANGE_MONTH, DRIVER, SHARE, variance_message

KEYS: dict[str, Callable[[DaySpend], str]] = {
    "service": lambda row: row.service,
    "category": lambda row: row.charge_category,
}


def answer(request: Request, *, company: Company, state: State) -> Reply:
    """The month asked for, or the one that runs."""
    with state.reading() as connection:
        asked = parse_arguments(connection, company, request.words)
        team = team_asked_for(connection, company, request.user_id, asked.team)
        month = asked.month or Month.of(company.today(request.now, team))
        basis = asked.basis or company.basis
        return Reply(_message(connection, company, request, team, month, basis, asked.by or "service"))


def change(request: Request, *, company: Company, state: State) -> Reply:
    """Another breakdown or month in the place of the answer whose menu was used."""
    with state.reading() as connection:
        team, month, basis, by = _referred(connection, company, request)
        return Reply(_message(connection, company, request, team, month, basis, by), replaces=True)


def details(request: Request, *, company: Company, state: State) -> Reply:
    """The full answer beside the message whose button was clicked."""
    with state.reading() as connection:
        team, month, basis, by = _referred(connection, company, request)
        return Reply(_message(connection, company, request, team, month, basis, by))


def share(request: Request, *, company: Company, state: State) -> Reply:
    """Post the answer with its chart: in this channel where the bot is a member, else in the team's own."""
    with state.writing() as connection:
        team, month, basis, by = _referred(connection, company, request)
        place = request.channel if is_member(connection, request.channel) else team.channel
        if not place:
            raise FinopsError(
                "I am not in this channel, and the team has none of its own.", "Invite me here with `/invite @FinOps`."
            )
        message = _message(connection, company, request, team, month, basis, by, shared=True)
        key = f"share/{request.interaction}"
        queue(connection, [Effect(key, "share", place, message.as_payload(), team.slug)], request.now)
        name = channel_name(connection, place) or place
    return Reply(note(f"The chart is on its way to {name}."))


def _referred(connection: Connection, company: Company, request: Request) -> tuple[Team, Month, Basis, str]:
    """What a button stands for; who may see it is decided anew."""
    value = json.loads(request.value)
    team = team_asked_for(connection, company, request.user_id, str(value["team"]))
    return team, Month.parse(value["month"]), Basis.parse(value["basis"]), value.get("by", "service")


def _message(
    connection: Connection,
    company: Company,
    request: Request,
    team: Team,
    month: Month,
    basis: Basis,
    by: str,
    shared: bool = False,
) -> Message:
    found = team_answer(connection, company, team, month, company.today(request.now, team), basis)
    lines: list[Line] = []
    former = drivers = None
    if by == DRIVER:
        told = find_drivers(connection, team.slug, month, found.month.currency, basis)
        drivers = drivers_of(found.month, found.spend, told)
    else:
        lines, former = _lines(connection, found, team, by)
    return variance_message(
        found.month,
        team,
        lines=lines,
        by=by,
        former=former,
        drivers=drivers,
        other_currencies=found.others,
        ladder=company.ladder,
        shared=shared,
    )


def _lines(connection: Connection, found: TeamAnswer, team: Team, by: str) -> tuple[list[Line], str | None]:
    """The actual broken down, and the days it is compared with."""
    month, basis, through = found.month.month, found.month.basis, found.month.data_through
    if through is None:
        return [], None
    if by in KEYS:
        lines = by_key(found.spend, KEYS[by], basis, month, through)
        first = month.previous.first
        last = min(first + (through - month.first), month.previous.last)
    else:
        rows = [row for row in month_spend(connection, team.slug, month) if row.currency == found.month.currency]
        before = month_spend(connection, team.slug, month.previous) if not found.month.partial else []
        before = [row for row in before if row.currency == found.month.currency]
        name = _names([*rows, *before]) if by == "account" else lambda row: row.region
        earlier = group(before, name, lambda row: row.cost(basis)) if before else None
        lines = compare(group(rows, name, lambda row: row.cost(basis)), earlier)
        first, last = month.previous.first, month.previous.last
    compared = any(line.former is not None for line in lines)
    return lines, days(first, last) if compared else None


def _names(rows: Sequence[MonthSpend]) -> Callable[[MonthSpend], str]:
    """How sub-accounts are shown: by name, with the id where several share it or none is given."""
    ids = {(row.provider, row.sub_account_id): row.sub_account_name for row in rows}
    shared = Counter(ids.values())

    def name(row: MonthSpend) -> str:
        if row.sub_account_name and shared[row.sub_account_name] == 1:
            return row.sub_account_name
        return f"{row.sub_account_name} {row.sub_account_id}".strip()

    return name


COMMAND = Command(
    "variance",
    "<team> [YYYY-MM] [by service|account|region|category|driver] [basis]",
    "budget, actual, variance, tier and forecast of a team's month",
    answer,
    {CHANGE_BY: change, CHANGE_MONTH: change, SHARE: share, "variance_details": details},
)
