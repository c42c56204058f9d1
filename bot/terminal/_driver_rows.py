"""`finops variance --drivers`: what a team's variance consists of, told from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import click

from bot.installation import Installation
from bot.terminal.output import show
from finops.drivers import Contributor, Separation
from finops.errors import NotFound
from finops.explained_month import drivers_of, fits
from finops.money import add, plain
from finops.spend import Coverage
from finops.team_month import TeamMonth
from storage.team_months import TeamAnswer
from views.amounts import days, money, month_name
from views.driver_words import MEANINGS, Step, caveats, comes_from, parts_of, steps_of


def show_drivers(
    installation: Installation, answer: TeamAnswer, known: Sequence[Coverage], against: str, form: str
) -> None:
    """Print the steps from the budget, or from the month before, that add up to the variance.

    Raises:
        NotFound: there is nothing to compare with.
    """
    month = answer.month
    separation = separation_of(installation, answer, known)
    steps = parts_of(separation)
    if against == "budget":
        found = drivers_of(month, answer.spend, separation)
        if found is None:
            mend = "`--against month` compares with the month before."
            raise NotFound(f"{month.team} has no budget in {month_name(month.month)} to compare with.", mend)
        steps = steps_of(found)
    if form != "table":
        show([row for step in steps for row in _rows(month, against, step)], form)
        return
    span = separation.span
    title = f"{month.team}, {month_name(month.month)} against {against}, basis {month.basis}, "
    title += f"{days(*span.current)} beside {days(*span.former)}"
    whole = {
        "part": "variance" if against == "budget" else "change",
        "amount": _shown(month, steps),
        "comes from": None,
    }
    show([*(_as_shown(month, step) for step in steps), whole], form, title=title)
    for said in caveats(separation):
        click.echo(said)


def separation_of(installation: Installation, answer: TeamAnswer, known: Sequence[Coverage]) -> Separation:
    """The parts of a month as the ledger tells them; raises NotFound where they cannot be told."""
    # Imported here: every command is listed by `finops --help`, which loads neither DuckDB nor pyarrow.
    from storage.team_drivers import team_drivers

    month = answer.month
    if not any(row.day in month.month.previous for row in answer.spend):
        before = month_name(month.month.previous)
        raise NotFound(f"There is no spend of {month.team} in {before} to compare with.", "Ingest that month's bill.")
    found = dict(team_drivers([month], known, company=installation.company, ledger=installation.ledger))
    separation = found.get((month.team, month.currency))
    if separation is None:
        raise NotFound(f"No day of {month_name(month.month)} can be compared yet.", "Ask again once days have settled.")
    if not fits(separation, month, answer.spend):
        raise NotFound("The ledger holds other rows than were published.", "See `finops ledger verify`.")
    return separation


def _shown(month: TeamMonth, steps: Sequence[Step]) -> str:
    return money(add(step.amount for step in steps), month.currency, signed=True)


def _as_shown(month: TeamMonth, step: Step) -> dict[str, Any]:
    told = step.part and f"{MEANINGS[step.part.driver]}: {comes_from(step.part, month.currency)}"
    return {"part": step.name, "amount": money(step.amount, month.currency, signed=True), "comes from": told}


def _rows(month: TeamMonth, against: str, step: Step) -> list[dict[str, Any]]:
    """One row for each contributor, in full precision: their amounts add up to the variance."""
    about = {
        "team": month.team,
        "month": str(month.month),
        "basis": month.basis.value,
        "currency": month.currency,
        "against": against,
        "part": str(step.part.driver) if step.part else step.name,
    }
    contributors = step.part.contributors if step.part else (Contributor("", "", "", step.amount),)
    return [
        about
        | {
            "service": each.service,
            "account": each.account,
            "name": each.name,
            "amount": plain(each.amount),
            "was": _text(each.was),
            "now": _text(each.now),
            "unit": each.unit,
        }
        for each in contributors
    ]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)
