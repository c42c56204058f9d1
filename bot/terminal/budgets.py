"""`finops budgets`: what teams may spend."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from bot.installation import Installation
from bot.terminal.output import FORMAT, show
from finops.errors import BudgetRefused
from finops.money import plain
from finops.names import nearest
from finops.periods import Month
from finops.scope import slug
from storage.budgets import approved_budgets, parse_budgets, record_budgets
from storage.teams import all_teams


@click.group("budgets")
def COMMAND() -> None:
    """Import and list budgets."""


@COMMAND.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def import_budgets(installation: Installation, file: Path) -> None:
    """Import a CSV with the columns team, month (YYYY-MM), amount, currency: all of it or nothing."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BudgetRefused(f"{file} cannot be read: {error}.", "No budget was changed.") from None
    company = installation.company
    with installation.state.writing() as connection:
        known = list(all_teams(connection, company))

        def fault(team: str) -> str | None:
            if team in known or (company.derived_teams and team and team == slug(team)):
                return None
            if company.derived_teams and slug(team) != "unnamed":
                return f"'{team}' is not how a team is written; write {slug(team)}."
            near = nearest(team, known)
            return f"there is no team '{team}'" + (f"; did you mean {near[0]}?" if near else ".")

        budgets = parse_budgets(text, file.name, fault)
        done = record_budgets(connection, budgets, source=file.name, by=getpass.getuser(), now=installation.now)
    click.echo(f"{len(budgets)} budgets read: {done.new} new, {done.changed} changed, {done.unchanged} as before.")


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
