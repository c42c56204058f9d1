"""`finops variance --drivers --months N`: what drove a team's cost month by month, as rows and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from bot.installation import Installation
from bot.terminal._driver_rows import separation_of
from bot.terminal.output import show
from finops.basis import Basis
from finops.company import Team
from finops.drivers import Separation
from finops.errors import FinopsError, NotFound
from finops.money import plain
from finops.periods import Month
from finops.team_month import TeamMonth
from storage.spend import coverages
from storage.team_months import team_answer
from views.amounts import days, money, month_name
from views.driver_words import TITLES
from views.drivers_over_time import drivers_over_time

Told = list[tuple[TeamMonth, Separation]]


def show_driver_months(
    installation: Installation,
    team: Team,
    months: Sequence[Month],
    day: date,
    basis: Basis,
    picture: Path | None,
    form: str,
) -> None:
    """Print each month's parts against the month before, the oldest first, and draw them where a file is named.

    Raises:
        NotFound: none of the months can be compared.
    """
    told = _told(installation, team, months, day, basis)
    currency = told[0][0].currency
    rows = [row for month, separation in told for row in _rows(month, separation, form)]
    show(rows, form, title=f"{team.slug}, against the month before, basis {basis}")
    if picture is None:
        return
    from views.pictures import draw

    made = drivers_over_time([(month.month, found) for month, found in told], currency, basis, team.name or team.slug)
    try:
        picture.write_bytes(draw(made.name, made.data))
    except OSError as error:
        reason = f"{picture} cannot be written: {error.strerror}."
        raise FinopsError(reason, "Name another file with --picture.") from None
    click.echo(f"{picture}: {made.alt_text}", err=form != "table")


def _told(installation: Installation, team: Team, months: Sequence[Month], day: date, basis: Basis) -> Told:
    found: Told = []
    lacking: list[NotFound] = []
    for month in months:
        with installation.state.reading() as connection:
            answer = team_answer(connection, installation.company, team, month, day, basis)
            known = list(coverages(connection).values())
        try:
            found.append((answer.month, separation_of(installation, answer, known)))
        except NotFound as problem:
            click.echo(f"finops: {month} is left out: {problem.reason}", err=True)
            lacking.append(problem)
    if not found:
        raise lacking[-1]
    return found


def _rows(month: TeamMonth, separation: Separation, form: str) -> Iterator[dict[str, Any]]:
    parts = [(TITLES[part.driver], str(part.driver), part.amount) for part in separation.parts]
    if form == "table":
        span = f"{month_name(month.month)}, {days(*separation.span.current)}"
        for name, _, amount in (*parts, ("change", "", separation.total)):
            yield {"month": span, "part": name, "amount": money(amount, month.currency, signed=True)}
        return
    for _, driver, amount in parts:
        yield {
            "team": month.team,
            "month": str(month.month),
            "basis": str(month.basis),
            "currency": month.currency,
            "part": driver,
            "amount": plain(amount),
        }
