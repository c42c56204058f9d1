"""`finops report`: a month's variance report as a file."""

from __future__ import annotations

from pathlib import Path

import click

from bot.installation import Installation
from finops.errors import FinopsError
from finops.periods import Month
from finops.report_building import build_report
from storage.report_data import read_report_data
from views import report_words as words
from views.report_files import EDITIONS, FORMS, report_file


@click.command("report")
@click.option("--month", help="YYYY-MM; the last month that has ended by default.")
@click.option("--format", "form", type=click.Choice(FORMS), default="html", show_default=True, help="Of the file.")
@click.option(
    "--edition",
    type=click.Choice(EDITIONS),
    default="technical",
    show_default=True,
    help="One page for executives, or everything.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write; standard output by default."
)
@click.pass_obj
def COMMAND(installation: Installation, month: str | None, form: str, edition: str, output: Path | None) -> None:
    """A month's variance report: budget, actual, variance and tier of every team, with What, Why and What next."""
    company, today = installation.company, installation.today
    wanted = Month.parse(month) if month else Month.of(today).previous
    installation.say_if_unconfigured(click.echo)
    with installation.state.reading() as connection:
        data = read_report_data(connection, company, wanted, today)
    report = build_report(data)
    made = report_file(report, form, edition)
    if output is None:
        click.echo(made, nl=False)
        return
    try:
        output.write_bytes(made)
    except OSError as error:
        reason = f"{output} cannot be written: {error.strerror}."
        raise FinopsError(reason, "Name another file with --output.") from None
    click.echo(f"{output}: {words.title(report)}, {len(report.rows):,} teams. {words.standing(report)}.")
    for sentence in words.counted(words.missing(report), 5, " in the file."):
        click.echo(f"  {sentence}")
