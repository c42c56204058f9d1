"""`finops forecast`: what running months are expected to end at, and how near earlier forecasts came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from bot.installation import Installation
from bot.terminal.output import FORMAT, show
from bot.terminal.variance import unknown_team
from finops.company import Company
from finops.forecast_judged import Judged, judged
from finops.money import EXACT, ZERO, plain
from finops.periods import Month
from finops.team_month import TeamMonth
from storage.forecast_history import told_forecasts
from storage.team_months import team_months
from views.amounts import money, month_name, share

NOTHING = "No forecast of a month with final figures is stored yet: the first month after the first ingest tells."


@click.group("forecast")
def COMMAND() -> None:
    """What months are expected to end at, and how near forecasts came."""


@COMMAND.command("list")
@click.option("--team", "slug", help="One team only.")
@FORMAT
@click.pass_obj
def forecasts(installation: Installation, slug: str | None, form: str) -> None:
    """The running month of every team: expected end, its 80 and 95 % interval, and the chance of passing the budget
    and each tier's edge.
    """
    installation.say_if_unconfigured(click.echo)
    company, today = installation.company, installation.today
    with installation.state.reading() as connection:
        found = team_months(connection, company, Month.of(today), today, company.basis)
    if slug is not None and slug not in {month.team for month in found}:
        raise unknown_team(slug, [month.team for month in found])
    chosen = [month for month in found if slug in (None, month.team) and (month.forecast or month.actual is not None)]
    rows = [_shown(company, month) if form == "table" else _data(company, month) for month in chosen]
    show(rows, form, title=f"{month_name(Month.of(today))}, basis {company.basis}", empty="No team has spend yet.")


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
        told = [
            each
            for month in _months(Month.of(today), number)
            for each in told_forecasts(connection, installation.company, month, today)
            if slug in (None, each.team)
        ]
    found = [each for each in judged(told) if slug is None or each.team]
    show([_judged(each, form) for each in found], form, title=f"Through {today}", empty=NOTHING)


def _months(running: Month, number: int) -> Iterator[Month]:
    month = running
    for _ in range(number):
        month = month.previous
        yield month


def _chances(company: Company, month: TeamMonth) -> dict[str, float | None]:
    """Edge → the chance of ending above it; None without a forecast or a budget."""
    chances: dict[str, float | None] = {}
    for edge in (ZERO, *(tier.above for tier in company.ladder if tier.above)):
        name = f"chance over {share(edge)}" if edge else "chance over budget"
        chances[name] = None
        if month.forecast and month.budget:
            chances[name] = month.forecast.probability_over(EXACT.multiply(month.budget, 1 + edge))
    return chances


def _shown(company: Company, month: TeamMonth) -> dict[str, Any]:
    forecast, currency = month.forecast, month.currency

    def between(low: Any, high: Any) -> str:
        return f"{money(low, currency)} to {money(high, currency)}"

    return {
        "team": month.team,
        "budget": None if month.budget is None else money(month.budget, currency),
        "forecast": money(forecast.amount, currency) if forecast else None,
        "80 %": between(forecast.low, forecast.high) if forecast else None,
        "95 %": between(forecast.lowest, forecast.highest) if forecast else None,
        **{name: None if part is None else f"{part:.0%}" for name, part in _chances(company, month).items()},
        "settled through": forecast.settled_through.isoformat() if forecast else None,
    }


def _data(company: Company, month: TeamMonth) -> dict[str, Any]:
    forecast = month.forecast
    names = ("amount", "low", "high", "lowest", "highest", "settled")
    return {
        "team": month.team,
        "month": str(month.month),
        "basis": str(month.basis),
        "currency": month.currency,
        "budget": None if month.budget is None else plain(month.budget),
        **{name: plain(getattr(forecast, name)) if forecast else None for name in names},
        **{name.replace(" ", "_"): part for name, part in _chances(company, month).items()},
        "settled_through": forecast.settled_through.isoformat() if forecast else None,
    }


def _judged(each: Judged, form: str) -> dict[str, Any]:
    first, last = each.band
    if form == "table":
        return {
            "team": each.team or "(all)",
            "days left": f"{first} to {last}",
            "forecasts": each.forecasts,
            "mean error": None if each.error is None else share(each.error),
            "80 % held": share(each.held_80),
            "95 % held": share(each.held_95),
        }
    return {
        "team": each.team,
        "currency": each.currency,
        "days_left_from": first,
        "days_left_through": last,
        "forecasts": each.forecasts,
        "mean_error": None if each.error is None else str(each.error),
        "held_80": str(each.held_80),
        "held_95": str(each.held_95),
    }
