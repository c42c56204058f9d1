"""`finops alerts`: what is over its budget, and whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from bot.installation import Installation
from bot.terminal.output import FORMAT, show
from bot.terminal.variance import unknown_team
from finops.alert import Alert, Status, is_overdue, rung_name
from finops.company import Company, Team
from finops.freeze import Freeze
from finops.money import plain
from storage.alerts import living_alerts
from storage.freezes import freezes_in_force
from storage.people import read_directory
from storage.state import State
from storage.teams import all_teams
from views.alert_words import state_word


@click.command("alerts")
@click.argument("team", required=False)
@FORMAT
@click.pass_obj
def COMMAND(installation: Installation, team: str | None, form: str) -> None:
    """Every alert that is not resolved, the highest rung first."""
    company, state = installation.company, installation.state
    installation.say_if_unconfigured(click.echo)
    rows = alert_rows(company, state, team, installation.now)
    show(rows, form, empty="No alert is open.")


def alert_rows(company: Company, state: State, team: str | None, now: datetime) -> list[dict[str, Any]]:
    """Alerts in the shape that programs rely on; amounts as text in full precision, moments in UTC."""
    with state.reading() as connection:
        teams = all_teams(connection, company)
        if team is not None and team not in teams:
            raise unknown_team(team, list(teams))
        alerts = living_alerts(connection, team)
        freezes = {freeze.alert: freeze for freeze in freezes_in_force(connection, team)}
        names = read_directory(connection).names
    return [
        _row(alert, teams.get(alert.key.team) or Team(alert.key.team, ""), company, freezes.get(alert.key), names, now)
        for alert in alerts
    ]


def _row(
    alert: Alert, team: Team, company: Company, freeze: Freeze | None, names: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    status, reading, policy = alert.status(now), alert.reading, company.policy(team)
    done = alert.duty_done if status is Status.ACKNOWLEDGED else None
    held = {Status.ACKNOWLEDGED: alert.acknowledgement, Status.SNOOZED: alert.snooze}.get(status)
    answer = done or held
    return {
        "team": alert.key.team,
        "month": str(alert.key.month),
        "kind": str(alert.key.kind),
        "currency": alert.key.currency,
        "tier": rung_name(alert.key.kind, alert.step, policy),
        "status": state_word(alert, now),
        "amount": plain(reading.amount),
        "budget": None if reading.budget is None else plain(reading.budget),
        "data_through": None if reading.data_through is None else str(reading.data_through),
        "by": names.get(answer.by, answer.by) if answer else None,
        "until": _moment(held.until) if held and not done else None,
        "next_call": _moment(alert.answer_by) if alert.answer_by else None,
        "due": str(alert.due) if alert.due and alert.step > 0 and not alert.duty_done else None,
        "overdue": is_overdue(alert, policy, now),
        "frozen_until": str(freeze.until) if freeze else None,
        "posted": alert.live,
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
