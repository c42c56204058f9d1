"""`finops plan`: the next budgets, from what was spent, explained and saved; and how near the last ones came."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from bot.installation import Installation
from bot.terminal._plan_accept import (
    KEPT,
    Held,
    accept_rows,
    approver_of,
    held_against,
    newest,
    quarter_of,
    record_plan,
)
from bot.terminal._plan_accuracy import accuracy_command
from bot.terminal._plan_rows import data_rows, file_text, lack_lines, reason_lines, shown_rows, total_lines
from bot.terminal.budgets import read_budgets
from bot.terminal.output import as_json, counted, show
from bot.terminal.variance import unknown_team
from finops.errors import BudgetRefused, FinopsError
from finops.periods import Month
from finops.plan import NoProposal, Proposal, Quarter, propose_quarter
from storage.budgets import lock_budgets
from storage.people import names_of
from storage.plan_data import budget_versions, read_plan_data
from views.plan import smallest


@click.group("plan")
def COMMAND() -> None:
    """Propose the next quarter's budgets, take the edited file back, and show how near the last ones came."""


@COMMAND.command("propose")
@click.option("--quarter", "asked", required=True, help="YYYY-Qn, for example 2027-Q1.")
@click.option("--team", "slug", help="One team only.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    help="A table, or CSV into a file; JSON and CSV give money in full precision.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Write a new file, to be edited and accepted.")
@click.pass_obj
def propose(installation: Installation, asked: str, slug: str | None, form: str | None, output: Path | None) -> None:
    """Each team's budget for a quarter: the run rate of its last three final months, without what came once, with what
    has come to stay, less what corrective actions save; every part with its reason.
    """
    if output and form == "table":
        raise click.UsageError("A file is CSV or JSON: leave --format out, or the file.")
    installation.say_if_unconfigured(click.echo)
    quarter = Quarter.parse(asked)
    found = _proposed(installation, quarter, slug)
    proposals = [each for each in found if isinstance(each, Proposal)]
    if output:
        _write(output, file_text(proposals) if form != "json" else as_json(data_rows(found), indent=1))
        click.echo(f"{counted(len(proposals), 'proposal')} for {quarter} in {output}.", err=True)
    elif form == "json":
        show(data_rows(found), "json")
    elif form == "csv":
        click.echo(file_text(proposals), nl=False)
    else:
        show(shown_rows(proposals), "table", title=f"Proposed budgets for {quarter}", empty="Nothing can be proposed.")
        for line in (*total_lines(proposals), *reason_lines(proposals)):
            click.echo(line)
    for line in lack_lines(found):
        click.echo(line, err=form is not None or output is not None)


@COMMAND.command("accept")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--approved-by",
    "approver",
    required=True,
    help="Slack e-mail or user id of who has approved it: somebody else, with a role of `budgets.approvers`.",
)
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.pass_obj
def accept(installation: Installation, file: Path, approver: str, yes: bool) -> None:
    """Take a proposed and edited file as the quarter's budgets: all of it or nothing, after showing what it changes.

    Whoever runs this and whoever has approved it are two people, and both go on record.
    """
    company, shown, by = installation.company, file.name, getpass.getuser()
    with installation.state.reading() as connection:
        budgets = read_budgets(connection, company, file)
        quarter = quarter_of(budgets, shown, Month.of(installation.today))
        seen = newest(budget_versions(connection, months=quarter.months))
        names = names_of(connection, {each.recorded_by for each in seen.values()})
    content = file.read_bytes()
    proposals = [each for each in _proposed(installation, quarter, None) if isinstance(each, Proposal)]
    held = held_against(budgets, proposals, seen)
    _show_changes(held, proposals, names, f"{shown}: budgets for {quarter}", f"{shown}: nothing is changed.")
    if not any(each.is_change for each in held):
        return
    with installation.state.reading() as connection:
        approved_by = approver_of(connection, company, held, approver, by)
    if not yes and not click.confirm(f"Record them as the budgets of {quarter}, approved by {approver}?"):
        raise FinopsError("The plan was not accepted.", KEPT)
    now = installation.now
    with installation.state.writing() as connection:
        lock_budgets(connection)
        if newest(budget_versions(connection, months=quarter.months)) != seen:
            raise BudgetRefused(f"Budgets of {quarter} have changed meanwhile.", f"{KEPT} Accept the file again.")
        done = record_plan(
            connection, quarter, held, shown=shown, content=content, by=by, approved_by=approved_by, now=now
        )
    click.echo(f"Plan {quarter}: {done.new} new, {done.changed} changed, {done.unchanged} as before.")


COMMAND.add_command(accuracy_command)


def _proposed(installation: Installation, quarter: Quarter, slug: str | None) -> list[Proposal | NoProposal]:
    company, today = installation.company, installation.today
    with installation.state.reading() as connection:
        data = read_plan_data(connection, company, quarter, today)
    if slug is not None and slug not in data.teams:
        raise unknown_team(slug, list(data.teams))
    return list(propose_quarter(quarter, data, company, today, smallest, team=slug))


def _show_changes(
    held: Sequence[Held], proposals: Sequence[Proposal], names: Mapping[str, str], title: str, empty: str
) -> None:
    """What a file changes, and what of the proposal it leaves out."""
    show(accept_rows(held, names), "table", title=title, empty=empty)
    changes = sum(each.is_change for each in held)
    as_proposed = len(held) - sum(each.is_edited for each in held)
    click.echo(f"{counted(len(held), 'budget')}: {as_proposed} as proposed, {changes} not as they are today.")
    planned = {(each.budget.team, each.budget.month, each.budget.currency) for each in held}
    left = {each.team for each in proposals if (each.team, each.month, each.currency) not in planned}
    if left:
        click.echo(f"Not or not wholly in the file, and left as they are: {', '.join(sorted(left))}.")


def _write(output: Path, text: str) -> None:
    """Write a new file; one that is there may hold somebody's edits."""
    try:
        with output.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        raise FinopsError(f"{output} is there already.", "It may hold edits: name another file.") from None
    except OSError as error:
        raise FinopsError(f"{output} cannot be written: {error}.") from None
