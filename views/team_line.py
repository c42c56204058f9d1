"""One team's month on one line, and many teams' months in one sum: for lists and App Home."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from finops.company import Team
from finops.money import EXACT, ZERO
from finops.policy import ratio_of
from finops.team_month import TeamMonth
from views.amounts import brief, difference, money, ratio, share, short_day
from views.text import escape
from views.tiers import direction, sign, word


def team_line(month: TeamMonth, team: Team | None) -> str:
    """One team's month on one line of mrkdwn: sign and name, spend and budget, forecast, ratio and tier.

    Args:
        team: None where only its slug is known.
    """
    name = escape((team and team.name) or month.team, 60)
    marked = f"{sign(month.tier, month.reading_variance)} *{name}*"
    if month.actual is None:
        through = month.freshness.data_through
        since = f"since {short_day(through)}" if through else "yet"
        budget = "no approved budget" if month.budget is None else f"budget {brief(month.budget, month.currency)}"
        return f"{marked}: no data {since}; {budget}"
    return f"{marked}: {figures(month, month.actual)}"


def figures(month: TeamMonth, actual: Decimal) -> str:
    """'$41,200 of $60,000 (69 %), heading for $63,400, +5.7 %: investigate', for mrkdwn."""
    return _spent(month, actual) + _outlook(month)


def _spent(month: TeamMonth, actual: Decimal) -> str:
    spent = brief(actual, month.currency)
    if month.budget is None:
        return f"{spent}, no approved budget"
    part = share(ratio_of(actual, month.budget))
    return f"{spent} of {brief(month.budget, month.currency)}" + ("" if part == "n/a" else f" ({part})")


def _outlook(month: TeamMonth) -> str:
    said = f", heading for {brief(month.forecast.amount, month.currency)}" if month.forecast else ""
    variance, fraction = month.reading_variance, month.reading_ratio
    if variance is None:
        return said
    if month.tier is None:
        return f"{said}: no tier yet"
    by = ratio(fraction) if fraction is not None else brief(variance, month.currency, signed=True)
    return f"{said}, {by}: {word(month.tier, variance)}"


def totals(months: Iterable[TeamMonth]) -> list[str]:
    """One line of mrkdwn a currency, over all teams: exact sums, rounded once; a month that runs is not yet judged."""
    running = False
    sums: dict[str, tuple[Decimal, Decimal, int]] = {}
    for month in months:
        running = running or not month.over
        actual, budget, teams = sums.get(month.currency, (ZERO, ZERO, 0))
        sums[month.currency] = (
            EXACT.add(actual, month.actual or ZERO),
            EXACT.add(budget, month.budget or ZERO),
            teams + 1,
        )
    return [_total(currency, *sums[currency], running) for currency in sorted(sums)]


def _total(currency: str, actual: Decimal, budget: Decimal, teams: int, running: bool) -> str:
    apart = difference(actual, budget, currency)
    part = share(ratio_of(actual, budget))
    return (
        f"All in {escape(currency)}, {teams:,} {'team' if teams == 1 else 'teams'}: "
        f"{money(actual, currency)} spent{' so far' if running else ''}, {money(budget, currency)} budgeted"
        + (" for the whole month" if running else "")
        + ("" if part == "n/a" else f" ({part})")
        + ("." if running else f"; {money(abs(apart), currency)} {direction(apart)}." if apart else "; exactly even.")
    )
