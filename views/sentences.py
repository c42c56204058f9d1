"""A team's month in sentences: what the daily message, the variance answer and the lists say in the same words."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

from finops.basis import Basis
from finops.company import Team
from finops.money import EXACT
from finops.policy import ratio_of
from finops.team_month import TeamMonth
from views.amounts import brief, difference, distance, month_name, share, short_day
from views.text import escape
from views.tiers import direction, word

STALE_AFTER = timedelta(days=3)
"""Bills arrive a day or two late; data older than this is said to be missing, not merely late."""
BASIS = {
    Basis.EFFECTIVE: "effective (EffectiveCost, without tax)",
    Basis.BILLED: "billed (BilledCost, all charges)",
    Basis.USAGE_BILLED: "usage-billed (BilledCost, usage only)",
}


def called_by(team: Team) -> str:
    """A team's name, or its slug where it has none, as written."""
    return team.name or team.slug


def reference(of: TeamMonth, **more: str) -> str:
    """What a button carries: the team's slug, month, basis, and whatever else is asked, as JSON."""
    asked = {"team": of.team, "month": str(of.month), "basis": str(of.basis), **more}
    if of.by_invoice:
        asked["by_invoice"] = "true"
    return json.dumps(asked, ensure_ascii=False, separators=(",", ":"))


def lead(month: TeamMonth, team: Team) -> str:
    """The month in one sentence, the finding first, for mrkdwn."""
    name = f"*{escape(called_by(team))}*"
    if month.actual is None:
        return no_data(month, name)
    return _ended(month, name, month.actual) if month.over else _running(month, name, month.actual)


def no_data(month: TeamMonth, name: str) -> str:
    """What to say instead of a zero, and what to do about it."""
    budget = "" if month.budget is None else f" Its budget is {brief(month.budget, month.currency)}."
    when = month_name(month.month)
    through = month.freshness.data_through
    if through is None:
        return f"No data yet for {name}: run `finops ingest` on a billing export, then ask again.{budget}"
    if month.as_of < month.month.first:
        return f"{when} has not begun, so {name} has no data for it yet.{budget}"
    return (
        f"No data since {short_day(through)} for {name}, so nothing can be said about {when}.{budget} "
        "Ask FinOps whether the billing export still arrives."
    )


def _running(month: TeamMonth, name: str, actual: Decimal) -> str:
    return f"{_spent(month, name, actual)}; {_outlook(month, actual)}."


def _spent(month: TeamMonth, name: str, actual: Decimal) -> str:
    through = f" through {short_day(month.data_through)}" if month.data_through else ""
    budget = month.budget
    if actual < 0:
        spent = f"{name} stands at {brief(actual, month.currency)}{through}, credits being larger than charges"
    else:
        what = brief(actual, month.currency) if actual else "nothing"
        spent = f"{name} has spent {what}{_of_budget(month, actual)}{through}"
    if budget and month.target is not None:
        spent += f", {beside(difference(actual, month.target, month.currency), month.currency, 'the target line')}"
    return spent


def _of_budget(month: TeamMonth, actual: Decimal) -> str:
    budget = month.budget
    if budget is None:
        return ""
    if budget <= 0:
        return f" against a budget of {brief(budget, month.currency)}"
    part = f" ({share(ratio_of(actual, budget))})" if actual else ""
    return f" of {brief(budget, month.currency)}{part}"


def _outlook(month: TeamMonth, actual: Decimal) -> str:
    forecast, budget = month.forecast, month.budget
    if forecast:
        against = "with no approved budget to compare that with" if budget is None else _judged(month)
        return f"heading for {brief(forecast.amount, month.currency)}, {against}"
    if budget is None:
        return "there is no approved budget to compare it with"
    if actual > budget:
        return f"that is already {_judged(month)}"
    why = "figures by invoice have no daily rhythm" if month.by_invoice else "too few days have settled"
    return f"no forecast yet, because {why}"


def _ended(month: TeamMonth, name: str, actual: Decimal) -> str:
    when = month_name(month.month)
    if actual < 0:
        spent = f"{name} ended {when} at {brief(actual, month.currency)}, credits being larger than charges"
    else:
        what = brief(actual, month.currency) if actual else "nothing"
        spent = f"{name} spent {what}{_of_budget(month, actual)} in {when}"
    if month.budget is None:
        return f"{spent}; there is no approved budget to compare it with."
    return f"{spent}: {_judged(month)}."


def _judged(month: TeamMonth) -> str:
    """'5.7 % over budget: *investigate*', of what the tier judges."""
    variance, ratio = month.reading_variance, month.reading_ratio
    if variance is None:
        return "with nothing to compare it with"
    if not variance:
        found = "exactly on budget"
    elif ratio is None:
        found = beside(variance, month.currency, "budget")
    else:
        found = f"{distance(ratio)} {direction(variance)} budget"
    return f"{found}: *{word(month.tier, variance)}*" if month.tier else found


def beside(apart: Decimal, currency: str, what: str) -> str:
    """'$2,100 over the target line', 'exactly on budget'."""
    if not apart:
        return f"exactly on {what}"
    return f"{brief(EXACT.abs(apart), currency)} {direction(apart)} {what}"


def freshness(month: TeamMonth) -> str:
    """Through which day the data runs, which days may still move, and whether the month is partial."""
    through, first = month.data_through, month.provisional_from
    if through is None:
        return ""
    said = f"{'No data since' if is_stale(month) else 'Data through'} {short_day(through)}"
    if month.freshness.settled_through is None:
        said += ", none of it settled yet"
    elif first == through:
        said += ", that day provisional"
    elif first:
        said += f", from {short_day(first)} provisional"
    if month.over and through < month.month.last:
        return f"{said}. Partial: the days up to {short_day(month.month.last)} are missing."
    return f"{said}. The month is over and complete." if month.over else f"{said}. The month is still running."


def is_stale(month: TeamMonth) -> bool:
    """Whether a running month's data is older than bills usually are."""
    through = month.data_through
    return through is not None and not month.over and month.as_of - through > STALE_AFTER


def warning(month: TeamMonth) -> str:
    """What to know before believing the figures of stale data; empty where the data is fresh."""
    if not is_stale(month) or month.data_through is None:
        return ""
    return (
        f":hourglass: No data since {short_day(month.data_through)}: the days after it are missing from these figures, "
        "not free of cost. Ask FinOps whether the billing export still arrives."
    )


def counted(month: TeamMonth) -> str:
    """Which cost is counted, and how days are grouped."""
    grouped = "by invoice (BillingPeriod)" if month.by_invoice else "days in UTC"
    return f"Basis: {BASIS[month.basis]}; {grouped}."


def restated(month: TeamMonth) -> str:
    """'Restated: was $X, now $Y (+$Z).'; empty where nothing changed."""
    former, actual, currency = month.restated_from, month.actual, month.currency
    if former is None or actual is None or former == actual:
        return ""
    change = brief(difference(actual, former, currency), currency, signed=True)
    return f"Restated: was {brief(former, currency)}, now {brief(actual, currency)} ({change})."


def withheld_of(number: int, one: str, many: str) -> str:
    """How many things the person may not see, empty for none; `one` and `many` name them."""
    if not number:
        return ""
    belong = f"{one} belongs" if number == 1 else f"{many} belong"
    return f":lock: {number:,} more {belong} to teams whose figures are kept to themselves."
