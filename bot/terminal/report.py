"""`finops report`: a month's variance report as a file."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import click

from bot.installation import Installation
from finops.errors import FinopsError
from finops.periods import Month
from finops.report_building import build_report
from finops.variance_report import VarianceReport
from handlers.month_close import decide_close, fault_of, missing_of
from jobs import close_month
from storage.closed_months import is_closed
from storage.report_data import read_report_data
from storage.teams import all_teams
from views import report_words as words
from views.amounts import month_name
from views.month_close import waiting_lines
from views.report_files import EDITIONS, FORMS, report_file


@click.group("report", invoke_without_command=True)
@click.option("--month", help="YYYY-MM; the last month that has ended by default.")
@click.option("--format", "form", type=click.Choice(FORMS), show_default="html", help="Of the file.")
@click.option(
    "--edition",
    type=click.Choice(EDITIONS),
    default="technical",
    show_default=True,
    help="One page for executives, or everything.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; standard output by default. A terminal gets a summary, unless --format is given.",
)
@click.pass_context
def COMMAND(context: click.Context, month: str | None, form: str | None, edition: str, output: Path | None) -> None:
    """A month's variance report: budget, actual, variance and tier of every team, with What, Why and What next."""
    if context.invoked_subcommand:
        if month or output:
            raise click.UsageError(f"Options of `{context.invoked_subcommand}` are written after it.")
        return
    installation: Installation = context.obj
    company, today = installation.company, installation.today
    wanted = Month.parse(month) if month else Month.of(today).previous
    installation.say_if_unconfigured(click.echo)
    with installation.state.reading() as connection:
        data = read_report_data(connection, company, wanted, today)
    report = build_report(data)
    if output is None and form is None and sys.stdout.isatty():
        click.echo("\n".join([*_summary(report), *(f"  {sentence}" for sentence in words.headline(report))]))
        click.echo(f"  `finops report --month {wanted} --output report.html` writes all of it.")
        return
    made = report_file(report, form or "html", edition)
    if output is None:
        click.echo(made, nl=False)
        return
    try:
        output.write_bytes(made)
    except OSError as error:
        reason = f"{output} cannot be written: {error.strerror}."
        raise FinopsError(reason, "Name another file with --output.") from None
    first, *rest = _summary(report)
    click.echo("\n".join([f"{output}: {first}", *rest]))


def _summary(report: VarianceReport) -> list[str]:
    """What the report is of, whether it is final, and what it lacks, in lines for a terminal."""
    lines = [f"{words.title(report)}, {len(report.rows):,} teams. {words.standing(report)}."]
    lines += [f"  {sentence}" for sentence in words.counted(words.missing(report), 5, " in the file.")]
    if report.has_ended and not report.is_closed:
        lines.append(f"  `finops report close --month {report.month}` says what it waits for.")
    return lines


@COMMAND.command("close")
@click.option("--month", required=True, help="YYYY-MM.")
@click.option("--as-it-stands", is_flag=True, help="Although data is missing: the report says which, and is not final.")
@click.option("--reason", default="", help="Why it is closed as it stands: stands in the report and in the record.")
@click.pass_obj
def close(installation: Installation, month: str, as_it_stands: bool, reason: str) -> None:
    """Close a month whose working day has come, and post its report; say what is missing where it cannot be closed."""
    company, state, now, wanted = installation.company, installation.state, installation.now, Month.parse(month)
    if as_it_stands:
        if wrong := fault_of(reason):
            raise FinopsError(f"--reason: {wrong}", "Nothing was closed.")
        with state.writing() as connection:
            decide_close(connection, company, wanted, getpass.getuser(), reason, now)
    done = close_month.close_and_post(wanted, now=now, company=company, state=state)
    with state.reading() as connection:
        if not is_closed(connection, wanted):
            waiting = missing_of(connection, company, wanted, now)
            teams = {slug: team.name or slug for slug, team in all_teams(connection, company).items()}
            click.echo("\n".join(waiting_lines(waiting, teams)))
            raise FinopsError(
                f"{month_name(wanted)} cannot be closed: data of it is missing.",
                "Have it delivered, or close it with --as-it-stands --reason '…'.",
            )
    click.echo("; ".join(done) or f"{month_name(wanted)} is closed already, and its report is as it was.")
