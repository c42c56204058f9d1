"""`finops budgets`: what teams may spend."""

from __future__ import annotations

import getpass
from pathlib import Path

import click
from sqlalchemy import Connection

from bot.installation import Installation
from bot.terminal.output import FORMAT, counted, show
from finops.budget import Budget
from finops.budget_request import RequestStage
from finops.company import Company
from finops.errors import BudgetRefused
from finops.money import plain
from finops.names import nearest
from finops.periods import Month
from finops.scope import slug
from storage.budget_requests import requests_in
from storage.budgets import approved_budgets, parse_budgets, record_budgets
from storage.people import names_of
from storage.teams import all_teams


@click.group("budgets")
def COMMAND() -> None:
    """Import and list budgets."""


@COMMAND.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def import_budgets(installation: Installation, file: Path) -> None:
    """Import a CSV with the columns team, month (YYYY-MM), amount, currency: all of it or nothing."""
    with installation.state.writing() as connection:
        budgets = read_budgets(connection, installation.company, file)
        done = record_budgets(connection, budgets, source=file.name, by=getpass.getuser(), now=installation.now)
        unknown = {budget.team for budget in budgets} - all_teams(connection, installation.company).keys()
    read = counted(len(budgets), "budget")
    click.echo(f"{read} read: {done.new} new, {done.changed} changed, {done.unchanged} as before.")
    if unknown:
        click.echo(f"no team {', '.join(sorted(unknown))}: kept until a bill names it; `finops budgets list` shows it.")


@COMMAND.command("requests")
@click.option("--team", help="One team's; of every team by default.")
@click.option("--waiting", is_flag=True, help="Only those that nobody has decided yet.")
@FORMAT
@click.pass_obj
def list_requests(installation: Installation, team: str | None, waiting: bool, form: str) -> None:
    """Requests for another budget, the oldest first: who asked for what, and who decided."""
    stages = (RequestStage.ASKED,) if waiting else ()
    with installation.state.reading() as connection:
        found = requests_in(connection, team=team, stages=stages)
        names = names_of(connection, {each for one in found for each in (one.asked_by, one.answered_by)})
    rows = [
        {
            "request": each.number,
            "team": each.team,
            "months": ", ".join(str(change.month) for change in each.changes),
            "amount": plain(each.amount),
            "former": ", ".join("none" if change.former is None else plain(change.former) for change in each.changes),
            "currency": each.currency,
            "exception_until": str(each.until) if each.until else None,
            "stage": str(each.stage),
            "asked_by": names.get(each.asked_by, each.asked_by),
            "why": each.why,
            "due": str(each.due) if each.due else None,
            "answered_by": names.get(each.answered_by, each.answered_by) or None,
            "reason": each.reason or None,
        }
        for each in found
    ]
    show(rows, form, empty="No requests: `/finops budget` in Slack makes one.")


def read_budgets(connection: Connection, company: Company, file: Path) -> list[Budget]:
    """The budgets of a CSV file; raises BudgetRefused where it cannot be read, or any row of it is unusable."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BudgetRefused(f"{file} cannot be read: {error}.", "No budget was changed.") from None
    known = list(all_teams(connection, company))

    def fault(team: str) -> str | None:
        if team in known or (company.derived_teams and team and team == slug(team)):
            return None
        if company.derived_teams and slug(team) != "unnamed":
            return f"'{team}' is not how a team is written; write {slug(team)}."
        near = nearest(team, known)
        return f"there is no team '{team}'" + (f"; did you mean {near[0]}?" if near else ".")

    return parse_budgets(text, file.name, fault)


@COMMAND.command("list")
@click.option("--month", help="YYYY-MM; every month by default.")
@FORMAT
@click.pass_obj
def list_budgets(installation: Installation, month: str | None, form: str) -> None:
    """Every approved budget in its newest version."""
    with installation.state.reading() as connection:
        budgets = approved_budgets(connection, Month.parse(month) if month else None)
    rows = [
        {
            "team": budget.team,
            "month": str(budget.month),
            "amount": plain(budget.amount),
            "currency": budget.currency,
            "version": budget.version,
        }
        for budget in sorted(budgets, key=lambda each: (each.team, each.month, each.currency))
    ]
    show(rows, form, empty="No budgets yet: `finops budgets import FILE.csv`.")
