"""A team's month as a list of named figures, and as the paragraph that says whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finops.policy import LADDER, Tier, ratio_of
from finops.scope import UNALLOCATED
from finops.team_month import TeamMonth
from views.amounts import difference, money, percent, ratio, share, short_day
from views.chances import chances_of
from views.team_line import figures
from views.text import escape
from views.tiers import direction, duty, sign, word

Fact = tuple[str, str]


def facts(month: TeamMonth, ladder: Sequence[Tier] = LADDER) -> list[Fact]:
    """Label and value of each figure, at most seven; both are mrkdwn.

    Args:
        ladder: the policy in force, whose edges chances are told of.
    """
    currency = month.currency
    budget = "none approved" if month.budget is None else money(month.budget, currency)
    found = [("Budget" if month.over else "Budget, whole month", budget)]
    if month.actual is None:
        return found
    part = share(ratio_of(month.actual, month.budget))
    of_budget = "" if part == "n/a" else f" ({part} of budget)"
    found.insert(0, ("Actual" if month.over else "Actual so far", money(month.actual, currency) + of_budget))
    if not month.over and month.target is not None and month.data_through:
        found.append((f"Target line, {short_day(month.data_through)}", _target(month, month.actual, month.target)))
    if month.variance is not None:
        label = "Variance" if month.over else "Variance so far"
        found.append((label, _variance(month.variance, month.variance_ratio, currency)))
    return found + _forecast(month, ladder)


def _target(month: TeamMonth, actual: Decimal, target: Decimal) -> str:
    """The target line's amount and where spend is beside it."""
    apart = difference(actual, target, month.currency)
    where = f"{money(abs(apart), month.currency)} {direction(apart)} it" if apart else "exactly on it"
    return f"{money(target, month.currency)} (spend is {where})"


def _forecast(month: TeamMonth, ladder: Sequence[Tier]) -> list[Fact]:
    if month.forecast is None or month.over:
        return []
    forecast, currency = month.forecast, month.currency
    interval = f"80 %: {money(forecast.low, currency)} to {money(forecast.high, currency)}"
    found = [("Forecast", f"{money(forecast.amount, currency)} ({interval})")]
    if month.reading_variance is not None:
        found.append(("Forecast variance", _variance(month.reading_variance, month.reading_ratio, currency)))
    chances = chances_of(month, ladder)
    return [*found, ("Chance of ending", chances)] if chances else found


def _variance(variance: Decimal, fraction: Decimal | None, currency: str) -> str:
    return f"{money(variance, currency, signed=True)} ({ratio(fraction)})"


def fields(found: Sequence[Fact]) -> list[str]:
    """Facts as fields of a section."""
    return [f"*{label}*\n{value}" for label, value in found]


def sentence(found: Sequence[Fact]) -> str:
    """Facts on one line, for notifications and screen readers."""
    return "; ".join(f"{label}: {value}" for label, value in found) + "."


def turn(month: TeamMonth, ladder: Sequence[Tier] = LADDER) -> str:
    """Tier and duty as a paragraph of mrkdwn, or what is missing for a tier."""
    variance = month.reading_variance
    if month.actual is None:
        return ""
    if month.budget is None and month.team == UNALLOCATED:
        return (
            ":white_circle: *no tier* — no team's scope matches this spend. "
            "Ask FinOps to add a rule to `finops.yaml`; then it finds its team."
        )
    if month.budget is None:
        return ":white_circle: *no tier* — ask FinOps to approve a budget for this month; then it can be judged."
    if month.tier is None:
        return ":white_circle: *no tier yet* — nothing to do: the month is under its budget and cannot be forecast yet."
    said = f"{sign(month.tier, variance)} *{word(month.tier, variance)}* — {duty(month.tier, variance)}"
    fraction = month.reading_ratio
    if fraction is None or len(ladder) < 2 or month.tier != ladder[0] or abs(fraction) <= ladder[1].above:
        return said
    following = ladder[1]
    part = month.chance_under(following.above) if fraction < 0 else month.chance_over(following.above)
    if part is not None and following.chance is not None and part < following.chance:
        return f"{said} *{word(following, variance)}* begins at a chance of {percent(following.chance)}."
    return f"{said} The difference is below the amount that counts for this team."


def currencies(others: Sequence[TeamMonth]) -> str:
    """What the team spent in other currencies, never added to the first; empty where there are none."""
    said = [
        f"no data in {escape(month.currency)}" if month.actual is None else figures(month, month.actual)
        for month in others
    ]
    return f"In other currencies, not added in: {'; '.join(said)}." if said else ""
