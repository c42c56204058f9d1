"""`finops variance`: budget against actual."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from bot.installation import Installation
from bot.terminal._driver_months import show_driver_months
from bot.terminal._driver_rows import show_drivers
from bot.terminal.output import FORMAT, show
from finops.basis import Basis
from finops.errors import FinopsError
from finops.money import plain
from finops.names import nearest, repeated
from finops.periods import Month, parse_day
from finops.team_month import TeamMonth
from storage.spend import coverages
from storage.team_months import team_answer, team_months
from storage.teams import all_teams, find_team
from views.amounts import money, month_name, ratio
from views.tiers import word


@click.command("variance")
@click.argument("team", required=False)
@click.option("--all", "every", is_flag=True, help="Every team, `unallocated` included.")
@click.option("--month", help="YYYY-MM; the month of --as-of by default.")
@click.option("--as-of", help="Look at it as on the evening of this day, YYYY-MM-DD; today by default.")
@click.option("--basis", help=f"Which cost is counted: {', '.join(Basis)}.")
@click.option("--by-invoice", is_flag=True, help="Group by BillingPeriod instead of ChargePeriodStart.")
@click.option("--drivers", is_flag=True, help="What the variance consists of: price, volume, mix and what else.")
@click.option(
    "--against",
    type=click.Choice(["budget", "month"]),
    help="What --drivers compares with: the budget (the default), or the month before.",
)
@click.option(
    "--months",
    "number",
    type=click.IntRange(2, 24),
    help="With --drivers: so many months, each against the one before.",
)
@click.option(
    "--picture", type=click.Path(path_type=Path, dir_okay=False), help="With --months: the PNG file to draw them in."
)
@FORMAT
@click.pass_obj
def COMMAND(
    installation: Installation,
    team: str | None,
    every: bool,
    month: str | None,
    as_of: str | None,
    basis: str | None,
    by_invoice: bool,
    drivers: bool,
    against: str | None,
    number: int | None,
    picture: Path | None,
    form: str,
) -> None:
    """A team's month: budget, actual, variance, tier and forecast."""
    if every == (team is not None):
        raise click.UsageError("Give one team, or --all.")
    if drivers and (every or by_invoice):
        raise click.UsageError("--drivers is of one team, by day of charge.")
    if against and not drivers:
        raise click.UsageError("--against belongs to --drivers.")
    if number and (not drivers or against == "budget"):
        raise click.UsageError("--months belongs to --drivers, and compares each month with the one before.")
    if picture and not number:
        raise click.UsageError("--picture belongs to --months.")
    company = installation.company
    day = parse_day(as_of) if as_of else installation.today
    wanted = Month.parse(month) if month else Month.of(day)
    counted = Basis.parse(basis) if basis else company.basis
    installation.say_if_unconfigured(click.echo)
    with installation.state.reading() as connection:
        if team is None:
            _print(team_months(connection, company, wanted, day, counted, by_invoice), form)
            return
        found = find_team(connection, company, team)
        if found is None:
            raise unknown_team(team, list(all_teams(connection, company)))
        if number:
            show_driver_months(
                installation, found, [*wanted.before(number - 1)[::-1], wanted], day, counted, picture, form
            )
            return
        answer = team_answer(connection, company, found, wanted, day, counted, by_invoice)
        known = list(coverages(connection).values()) if drivers else []
    if drivers:
        show_drivers(installation, answer, known, against or "budget", form)
        return
    if form != "json":
        _print([answer.month, *answer.others], form)
        return
    click.echo(json.dumps(as_row(answer.month), indent=1, ensure_ascii=False))
    if answer.others:
        also = ", ".join(other.currency for other in answer.others)
        click.echo(f"finops: {team} also has {also}; --all shows every currency.", err=True)


def _print(months: Sequence[TeamMonth], form: str) -> None:
    """Every field for programs; for people what fits a terminal, rounded."""
    if form != "table":
        show([as_row(each) for each in months], form)
        return
    first = months[0]
    of = "by invoice" if first.by_invoice else "by day of charge"
    show([_as_shown(each) for each in months], form, title=f"{month_name(first.month)}, basis {first.basis}, {of}")


def _as_shown(month: TeamMonth) -> dict[str, Any]:
    def shown(amount: Decimal | None) -> str | None:
        return None if amount is None else money(amount, month.currency)

    judged = month.reading_variance
    return {
        "team": month.team,
        "budget": shown(month.budget),
        "actual": shown(month.actual),
        "variance": shown(month.variance),
        "ratio": ratio(month.variance_ratio),
        "forecast": shown(month.forecast.amount) if month.forecast else None,
        "tier": word(month.tier, judged) if month.tier else None,
        "data through": month.data_through.isoformat() if month.data_through else None,
        "provisional from": month.provisional_from.isoformat() if month.provisional_from else None,
    }


def as_row(month: TeamMonth) -> dict[str, Any]:
    """A team's month in the shape that programs rely on; amounts as text in full precision."""
    return {
        "team": month.team,
        "month": str(month.month),
        "basis": month.basis.value,
        "currency": month.currency,
        "budget": _text(month.budget),
        "actual": _text(month.actual),
        "variance": _text(month.variance),
        "variance_ratio": _text(month.variance_ratio),
        "tier": month.tier.name if month.tier else None,
        "forecast": _text(month.forecast.amount) if month.forecast else None,
        "data_through": month.data_through.isoformat() if month.data_through else None,
        "provisional_from": month.provisional_from.isoformat() if month.provisional_from else None,
        "partial": month.partial,
        "restated_from": _text(month.restated_from),
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def unknown_team(name: str, known: list[str]) -> FinopsError:
    """The refusal for a team that does not exist, with the nearest that do."""
    near = nearest(name, known)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`finops variance --all` lists every team."
    return FinopsError(f"There is no team '{repeated(name)}'.", hint)
