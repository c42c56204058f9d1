"""`finops plan accuracy`: how near budgets and forecasts came to what was spent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import click

from bot.installation import Installation
from bot.terminal.output import FORMAT, show
from bot.terminal.variance import unknown_team
from finops.accuracy import MIDDLE, MonthAccuracy, accuracy, mean_error
from finops.forecast import RHYTHM_DAYS
from finops.history import Mornings
from finops.money import plain
from finops.periods import Month
from storage.forecast_history import told_on
from storage.history import read_history, replayed_teams
from storage.plan_data import budget_versions, planned_budgets
from views.amounts import distance, money

NOTHING = (
    "No month has final figures yet: all its days delivered, and settled or the month closed. "
    "`finops ledger periods` lists what is stored."
)


@click.command("accuracy")
@click.option("--team", "slug", help="One team only.")
@click.option("--months", "number", type=click.IntRange(1, 60), default=12, show_default=True, help="How far back.")
@FORMAT
@click.pass_obj
def accuracy_command(installation: Installation, slug: str | None, number: int, form: str) -> None:
    """Past months whose figures are final: budget and actual, and the forecast that was told on the 16th against what
    came true; errors are |actual − budget| / budget and |forecast − actual| / actual.
    """
    installation.say_if_unconfigured(click.echo)
    found = list(_read(installation, slug, number))
    if form != "table":
        show([_data(each) for each in found], form)
    else:
        show([_shown(each) for each in found], form, title=f"Through {installation.today}", empty=NOTHING)
        for line in _means(found):
            click.echo(line)
    if found:
        click.echo(f"Forecasts are those that were told on the {MIDDLE}th, as they were stored.", err=form != "table")


def _read(installation: Installation, slug: str | None, number: int) -> Iterator[MonthAccuracy]:
    company, today = installation.company, installation.today
    months = Month.of(today).before(number)
    with installation.state.reading() as connection:
        first = months[-1].first - timedelta(days=RHYTHM_DAYS)
        history = read_history(connection, company.basis, first, months[0].last)
        teams = replayed_teams(connection, company, history)
        planned = planned_budgets(budget_versions(connection, team=slug, months=months), company, teams)
        told = told_on(connection, months, company.basis, MIDDLE, slug)
    if slug is not None and slug not in teams:
        raise unknown_team(slug, list(teams))
    mornings = Mornings(history, company)
    for each in teams if slug is None else (slug,):
        yield from accuracy(each, months, history, mornings, company, today, planned.get(each, {}), told.get(each, {}))


def _shown(month: MonthAccuracy) -> dict[str, Any]:
    forecast = month.forecast
    return {
        "team": month.team,
        "month": str(month.month),
        "budget": None if month.budget is None else money(month.budget, month.currency),
        "actual": money(month.actual, month.currency),
        "budget off by": _fraction(month.budget_error),
        f"told on the {MIDDLE}th": "none was told" if forecast is None else money(forecast.amount, month.currency),
        "forecast off by": _fraction(month.forecast_error),
    }


def _data(month: MonthAccuracy) -> dict[str, Any]:
    forecast = month.forecast
    return {
        "team": month.team,
        "month": str(month.month),
        "basis": str(month.basis),
        "currency": month.currency,
        "budget": _text(month.budget),
        "planned": _text(month.planned),
        "actual": plain(month.actual),
        "budget_error": _text(month.budget_error),
        "forecast": _text(forecast.amount) if forecast else None,
        "forecast_low": _text(forecast.low) if forecast else None,
        "forecast_high": _text(forecast.high) if forecast else None,
        "forecast_settled_through": forecast.settled_through.isoformat() if forecast else None,
        "forecast_error": _text(month.forecast_error),
    }


def _means(found: Sequence[MonthAccuracy]) -> Iterator[str]:
    """By how much each team was off on average, and whether its budgets came nearer."""
    for team, currency in dict.fromkeys((each.team, each.currency) for each in found):
        mine = [each for each in found if (each.team, each.currency) == (team, currency)]
        budget = mean_error(each.budget_error for each in mine)
        forecast = mean_error(each.forecast_error for each in mine)
        known = [("budget", budget), ("forecast", forecast)]
        said = [f"{what} off by {distance(error, ())}" for what, error in known if error is not None]
        if said:
            yield f"{team} in {currency}, mean of {len(mine)}: {', '.join(said)}.{_course(mine)}"


def _course(mine: Sequence[MonthAccuracy]) -> str:
    """Whether the budgets came nearer: the former half of the months beside the latter."""
    errors = [each.budget_error for each in mine if each.budget_error is not None]
    if len(errors) < 4:
        return ""
    halves = [mean_error(errors[: len(errors) // 2]), mean_error(errors[len(errors) // 2 :])]
    former, latter = (distance(half or Decimal(0), ()) for half in halves)
    return f" Budgets of the earlier half: {former}, of the later half: {latter}."


def _fraction(error: Decimal | None) -> str | None:
    return None if error is None else distance(error, ())


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)
