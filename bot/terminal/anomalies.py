"""`finops anomalies`: what costs more than is ordinary, what caused it, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import click

from bot.installation import Installation
from bot.terminal.output import FORMAT, show
from bot.terminal.variance import unknown_team
from finops.anomaly import RECENT, Anomaly, ranked
from finops.company import Company
from finops.money import plain
from storage.anomalies import anomalies_in
from storage.people import read_directory
from storage.state import State
from storage.teams import all_teams

SHOWN = ("number", "team", "service", "first_day", "last_day", "excess", "currency", "status", "answer", "cause")
"""Columns of the table; programs get all."""


@click.command("anomalies")
@click.option("--team", help="One team's.")
@click.option("--history", is_flag=True, help="Those that are over, not those that last.")
@FORMAT
@click.pass_obj
def COMMAND(installation: Installation, team: str | None, history: bool, form: str) -> None:
    """Anomalies, the largest amount first in each currency, with what caused them and what is said of them."""
    installation.say_if_unconfigured(click.echo)
    rows = anomaly_rows(installation.company, installation.state, team, history, installation.now)
    if form == "table":
        rows = [{name: row[name] for name in SHOWN} for row in rows]
    show(rows, form, empty="No anomaly is over." if history else "No anomaly lasts or waits for an answer.")


def anomaly_rows(
    company: Company, state: State, team: str | None, history: bool, now: datetime
) -> list[dict[str, Any]]:
    """Anomalies in the shape that programs rely on; amounts as text in full precision, moments in UTC."""
    with state.reading() as connection:
        teams = all_teams(connection, company)
        if team is not None and team not in teams:
            raise unknown_team(team, list(teams))
        since = None if history else company.today(now) - RECENT
        found = anomalies_in(connection, None if team is None else [team], since=since)
        names = read_directory(connection).names
    todays = {slug: company.today(now, teams.get(slug)) for slug in {each.key.series.team for each in found}}
    rows = [(each, todays[each.key.series.team]) for each in ranked(found)]
    return [_row(each, today, names) for each, today in rows if (each.is_over if history else each.is_current(today))]


def _row(anomaly: Anomaly, today: date, names: Mapping[str, str]) -> dict[str, Any]:
    series, found, answer = anomaly.key.series, anomaly.found, anomaly.answer
    aws = anomaly.aws[-1] if anomaly.aws else None
    return {
        "number": anomaly.number,
        "team": series.team,
        "service": series.service,
        "provider": series.provider,
        "currency": series.currency,
        "basis": str(series.basis),
        "first_day": str(found.first_day),
        "last_day": str(found.last_day),
        "over_on": str(found.over_on) if found.over_on else None,
        "cost": plain(found.cost),
        "expected": plain(found.expected),
        "excess": plain(found.excess),
        "score": plain(found.score),
        "shape": str(found.shape),
        "status": str(anomaly.status(today)),
        "answer": str(answer.kind) if answer else None,
        "by": names.get(answer.by, answer.by) if answer else None,
        "until": str(answer.through) if answer else None,
        "cause": "; ".join(f"{each.dimension} {each.value}" for each in anomaly.causes) or None,
        "aws_excess": plain(aws.figures.impact) if aws else None,
        "review_on": str(anomaly.review_on) if anomaly.review_on else None,
        "reviewed_by": names.get(anomaly.reviewed_by, anomaly.reviewed_by) or None,
        "posted": anomaly.told_at is not None,
    }
