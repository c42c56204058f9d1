"""`finops forecast`: what running months are expected to end at, and how near earlier forecasts came."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bot.installation import Installation
from bot.sources import open_source
from bot.terminal._forecast_rows import compared_rows, judged_row, month_row, service_row
from bot.terminal.output import FORMAT, counted, show
from bot.terminal.variance import unknown_team
from finops.company import BillingSource
from finops.forecast_judged import judged
from finops.money import plain
from finops.periods import Month
from finops.team_month import TeamMonth
from storage.forecast_history import told_forecasts
from storage.series_forecasts import provider_forecasts, service_forecasts
from storage.team_months import team_months
from storage.teams import all_teams
from views.amounts import month_name

NOTHING = "No forecast of a month with final figures is stored yet: the first month after the first ingest tells."
NO_SPEND = "No team has spend in {}."
COST_EXPLORER = "aws_cost_explorer"
AWS = ("AWS", "Amazon Web Services")
"""What the provider is called in bills."""


@click.group("forecast")
def COMMAND() -> None:
    """What months are expected to end at, and how near forecasts came."""


@COMMAND.command("list")
@click.option("--team", "slug", help="One team only.")
@click.option("--by", type=click.Choice(["service"]), help="Each service by itself, made anew from its own days.")
@click.option(
    "--cost-explorer", is_flag=True, help="AWS's own forecast beside ours of what AWS bills: one request, 0.01 USD."
)
@FORMAT
@click.pass_obj
def forecasts(installation: Installation, slug: str | None, by: str | None, cost_explorer: bool, form: str) -> None:
    """The running month of every team: expected end, its 80 and 95 % interval, and the chance of passing the budget
    and each tier's edge.
    """
    installation.say_if_unconfigured(click.echo)
    if cost_explorer and (slug or by):
        raise click.UsageError("--cost-explorer is of all that AWS bills: leave out --team and --by.")
    company, today = installation.company, installation.today
    if cost_explorer:
        _compared(installation, form)
        return
    with installation.state.reading() as connection:
        found = team_months(connection, company, Month.of(today), today, company.basis)
    if slug is not None and slug not in {month.team for month in found}:
        raise unknown_team(slug, [month.team for month in found])
    chosen = [month for month in found if slug in (None, month.team) and (month.forecast or month.actual is not None)]
    title = f"{month_name(Month.of(today))}, basis {company.basis}"
    if by:
        _by_service(installation, chosen, form, title)
        return
    empty = NO_SPEND.format(month_name(Month.of(today)))
    show([month_row(company, month, form) for month in chosen], form, title=title, empty=empty)


def _by_service(installation: Installation, months: Sequence[TeamMonth], form: str, title: str) -> None:
    company, today, month = installation.company, installation.today, Month.of(installation.today)
    with installation.state.reading() as connection:
        rows = [
            service_row(team, month, each, form)
            for team in dict.fromkeys(month.team for month in months)
            for each in service_forecasts(connection, company, team, month, company.basis, today)
        ]
    show(rows, form, title=title, empty=NO_SPEND.format(month_name(Month.of(today))))


def _compared(installation: Installation, form: str) -> None:
    """AWS's own forecast, and ours beside it; what asking costs is said before, and after what was asked."""
    from storage.sources.aws_cost_explorer import CostExplorer

    company, month, basis = installation.company, Month.of(installation.today), installation.company.basis
    source = open_source(BillingSource(COST_EXPLORER, {}), state=installation.state, ledger=installation.ledger)
    assert isinstance(source, CostExplorer)
    click.echo(f"finops: asking Cost Explorer takes 1 request, {plain(source.price)} USD.", err=True)
    try:
        theirs = source.forecast(month, basis, installation.now)
    finally:
        cost = plain(source.requests * source.price)
        click.echo(f"finops: {counted(source.requests, 'request')} made, {cost} USD.", err=True)
    with installation.state.reading() as connection:
        found = provider_forecasts(connection, company, AWS, month, basis, installation.today)
        ours = next((each for each in found if each.currency == theirs.currency), None)
    title = f"{month_name(month)}, AWS, basis {basis}"
    show(compared_rows(month, ours, theirs, form), form, title=title)


@COMMAND.command("accuracy")
@click.option("--team", "slug", help="One team only; all of them and each by default.")
@click.option("--months", "number", type=click.IntRange(1, 60), default=12, show_default=True, help="How far back.")
@FORMAT
@click.pass_obj
def accuracy(installation: Installation, slug: str | None, number: int, form: str) -> None:
    """Stored forecasts of months whose figures are final, by days left of the month: the mean of
    |forecast − actual| / actual, and how often the 80 and 95 % intervals held the actual.
    """
    installation.say_if_unconfigured(click.echo)
    today = installation.today
    with installation.state.reading() as connection:
        teams = all_teams(connection, installation.company)
        if slug is not None and slug not in teams:
            raise unknown_team(slug, list(teams))
        told = [
            each
            for month in Month.of(today).before(number)
            for each in told_forecasts(connection, installation.company, month, today)
            if slug in (None, each.team)
        ]
    found = [each for each in judged(told) if slug is None or each.team]
    show([judged_row(each, form) for each in found], form, title=f"Through {today}", empty=NOTHING)
