"""The answer to `/finops forecast`: what a team's month will end at, how sure that is, or why it is not known."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from finops.company import Team
from finops.forecast import LEAST_DAYS, RHYTHM_DAYS, Forecast
from finops.money import EXACT, ZERO, add
from finops.policy import LADDER, Tier
from finops.team_month import TeamMonth
from views import blocks
from views.amounts import brief, difference, money, month_name, percent, short_day
from views.chances import chance
from views.daily import DETAILS
from views.facts import Fact, currencies, fields, sentence
from views.fit import message
from views.message import Block, Message
from views.sentences import called_by, counted, freshness, lead, reference, warning
from views.text import escape, literal
from views.tiers import word

SERVICES = 10
"""Most services that are named."""
MEANING = "Eight months of ten end inside an 80 % interval, nineteen of twenty inside a 95 % one."


class Service(NamedTuple):
    """A service in a running month, or all the smaller ones as one.

    Attributes:
        actual: so far.
        found: its forecast, or why there is none.
        together: how many services it is, 0 where it is one.
    """

    name: str
    actual: Decimal
    found: Forecast | str
    together: int = 0


def forecast_message(
    month: TeamMonth,
    team: Team,
    *,
    ladder: Sequence[Tier] = LADDER,
    other_currencies: Sequence[TeamMonth] = (),
    services: Sequence[Service] | None = None,
) -> Message:
    """What a running month will end at.

    Args:
        ladder: the policy in force.
        other_currencies: the same team and month in every other currency that it has a budget or spend in.
        services: those of the month's currency, the largest expected end first, the smaller ones as one at last; None
            where they are not asked for.
    """
    first, missing = lead(month, team), why_none(month)
    found = [] if month.forecast is None else _figures(month, month.forecast)
    chances = _chances(month, ladder)
    each = [] if services is None else _services(services, month)
    also = currencies(other_currencies)
    small = [note for note in (_reach(month), freshness(month), counted(month), MEANING if found else "") if note]
    body: list[Block] = [
        blocks.header(f"{literal(called_by(team))} — forecast for {month_name(month.month)}"),
        blocks.section(first),
    ]
    body += [blocks.section("", fields(found))] if found else []
    parts = [
        warning(month),
        missing,
        "\n".join(["*Chance of ending*", *(f"• {line}" for line in chances)]) if chances else "",
        "\n".join(["*By service*", *each]) if services is not None else "",
        also,
    ]
    for part in filter(None, parts):
        body += blocks.paragraphs(part)
    body += [blocks.context(*small), blocks.actions(blocks.button("The month", DETAILS, reference(month)))]
    said = [first, sentence(found) if found else "", *parts, " ".join(small)]
    return message("\n".join(part for part in said if part), body)


def _figures(month: TeamMonth, forecast: Forecast) -> list[Fact]:
    currency = month.currency

    def between(low: Decimal, high: Decimal) -> str:
        return f"{money(low, currency)} to {money(high, currency)}"

    return [
        ("Expected end", money(forecast.amount, currency)),
        ("Budget", "none approved" if month.budget is None else money(month.budget, currency)),
        ("80 % interval", between(forecast.low, forecast.high)),
        ("95 % interval", between(forecast.lowest, forecast.highest)),
    ]


def _chances(month: TeamMonth, ladder: Sequence[Tier]) -> list[str]:
    """A line for the budget and for each step's edge: '82 %: more than 10 % over, above $66,000 — *formal*'.

    Of a month that is expected to end under its budget, the edges under it follow.
    """
    over, budget = month.chance_over(ZERO), month.budget
    if over is None or budget is None:
        return []
    lines = [f"{chance(over, ladder)}: over budget, above {brief(budget, month.currency)}"]
    for side in (1, -1) if month.reading_variance and month.reading_variance < 0 else (1,):
        for tier in ladder[1:]:
            part = month.chance_over(tier.above) if side > 0 else month.chance_under(tier.above)
            amount = brief(EXACT.multiply(budget, 1 + side * tier.above), month.currency)
            where = f"over, above {amount}" if side > 0 else f"under, below {amount}"
            begins = "" if tier.chance is None else f", which begins at {percent(tier.chance)}"
            shown = chance(part or ZERO, ladder)
            lines.append(f"{shown}: more than {percent(tier.above)} {where} — *{word(tier, Decimal(side))}*{begins}")
    return lines


def why_none(month: TeamMonth) -> str:
    """Why there is no forecast, and what to do about it; empty where there is one, or where there is no data at all."""
    settled = month.freshness.settled_through
    if month.forecast or month.actual is None:
        return ""
    if month.over:
        return f"{month_name(month.month)} is over: its actual is known, and nothing is forecast."
    if settled is None:
        return f"*No forecast yet:* no day has settled, and it needs {LEAST_DAYS} that have. Ask again in a few days."
    if (month.month.first - settled).days > RHYTHM_DAYS:
        return (
            f"*No forecast:* no day after {short_day(settled)} has settled. "
            "Ask FinOps whether the billing export still arrives."
        )
    if not month.actual and not month.daily:
        return f"*No forecast:* no spend is known in {month_name(month.month)}, so there is nothing to carry on."
    return (
        f"*No forecast yet:* fewer than {LEAST_DAYS} settled days are known. A day settles once its figures have "
        "stopped moving; ask again in a few days."
    )


def _services(services: Sequence[Service], month: TeamMonth) -> list[str]:
    """A line for each of the largest services, and how their sum stands beside the team's own forecast."""
    if not services:
        return ["No service has spend in the last weeks."]
    currency = month.currency
    own, others = [each for each in services if not each.together], [each for each in services if each.together]
    lines = [f"• {_service(each, currency)}" for each in own[:SERVICES]]
    if (left := len(own) - SERVICES) > 0:
        of = f"finops forecast list --by service --team {literal(month.team, 200)}"
        lines.append(f"• … and {left:,} more: `{of}` has them.")
    lines += [f"• {_service(each, currency)}" for each in others]
    ends = [each.found.amount for each in services if isinstance(each.found, Forecast)]
    if month.forecast and len(ends) == len(services):
        total = add(ends)
        apart = difference(total, month.forecast.amount, currency)
        beside = f"{brief(abs(apart), currency)} {'above' if apart > 0 else 'below'}" if apart else "the same as"
        said = "Each is forecast by itself, the others as one" if others else "Each is forecast by itself"
        lines.append(f"{said}: together {brief(total, currency)}, {beside} the team's own.")
    return lines


def _service(each: Service, currency: str) -> str:
    name, actual, found, together = each
    shown = f"… {together:,} others: " if together else f"{escape(name, 60)}: "
    if isinstance(found, str):
        return f"{shown}{brief(actual, currency)} so far; {found}"
    low, high = brief(found.low, currency), brief(found.high, currency)
    return f"{shown}{brief(found.amount, currency)} (80 %: {low} to {high}), {brief(actual, currency)} so far"


def _reach(month: TeamMonth) -> str:
    """'Made of the days settled through 17 Nov; 13 days are still open.'"""
    if month.forecast is None or month.over:
        return ""
    settled, through = month.forecast.settled_through, month.data_through
    made, left = f"Made of what has settled through {short_day(settled)}", len(month.forecast.days)
    if month.counts_provisional and through:
        made, left = f"{made}, and of the days delivered since as they stand", left - (through - settled).days
    days = "1 day is" if left == 1 else f"{left:,} days are"
    return f"{made}; {days} estimated."
