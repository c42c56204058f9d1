"""`finops actions`: what is to be done about variances, by whom and until when, and what it has saved."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import click

from bot.installation import Installation
from bot.terminal.output import FORMAT, show
from bot.terminal.variance import unknown_team
from finops.company import Company
from finops.corrective_action import LIVING, ActionStage, CorrectiveAction
from finops.money import plain
from storage.corrective_actions import actions_in
from storage.people import read_directory
from storage.state import State
from storage.teams import all_teams

ALL = "all"
SHOWN = ("number", "team", "text", "owner", "due", "stage", "done_on", "promised", "saving", "low", "high")
"""Columns of the table; programs get all."""


@click.command("actions")
@click.option("--team", help="One team's.")
@click.option(
    "--stage",
    type=click.Choice([*map(str, ActionStage), ALL]),
    help="In one stage, or all of them. [default: open and done]",
)
@FORMAT
@click.pass_obj
def COMMAND(installation: Installation, team: str | None, stage: str | None, form: str) -> None:
    """Corrective actions, the earliest due first, with what the money shows of them."""
    installation.say_if_unconfigured(click.echo)
    rows = action_rows(installation.company, installation.state, team, stage)
    if form == "table":
        rows = [{name: row[name] for name in SHOWN} for row in rows]
    show(rows, form, empty="There is no such corrective action.")


def action_rows(company: Company, state: State, team: str | None, stage: str | None) -> list[dict[str, Any]]:
    """Corrective actions in the shape that programs rely on; amounts as text in full precision."""
    stages = LIVING if stage is None else () if stage == ALL else (ActionStage(stage),)
    with state.reading() as connection:
        teams = all_teams(connection, company)
        if team is not None and team not in teams:
            raise unknown_team(team, list(teams))
        found = actions_in(connection, stages=stages, team=team or "")
        names = read_directory(connection).names
    return [_row(action, names) for action in found]


def _row(action: CorrectiveAction, names: Mapping[str, str]) -> dict[str, Any]:
    saving, target = action.measured, action.target
    return {
        "number": action.number,
        "team": action.key.team,
        "month": str(action.key.month),
        "currency": action.key.currency,
        "explanation": action.explanation or None,
        "text": action.text,
        "owner": names.get(action.owner, action.owner),
        "due": str(action.due),
        "stage": str(action.stage),
        "done_on": str(action.done_on) if action.done_on else None,
        "service": target.service or None,
        "account": target.account or None,
        "tag": target.tag or None,
        "value": target.value or None,
        "promised": _amount(action.promised),
        "saving": _amount(saving.monthly if saving else None),
        "low": _amount(saving.low if saving else None),
        "high": _amount(saving.high if saving else None),
        "measured_through": str(saving.after_through) if saving else None,
        "dropped_why": action.dropped_why or None,
    }


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)
