"""The answer to `/finops budget`: a team's budgets in their versions, how near the last ones came, and what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from finops.accuracy import MIDDLE, MonthAccuracy, mean_error
from finops.budget import BudgetVersion
from finops.budget_request import BudgetRequest
from finops.company import Team
from finops.periods import Month
from views import blocks
from views.amounts import brief, distance, month_name, short_day
from views.budget_request import ASK, decide_buttons, request_lines, withdraw_button
from views.fit import message
from views.message import Block, Message
from views.people import person
from views.sentences import BASIS, called_by
from views.text import escape

FORMER = 2
"""Most former versions of a budget that are shown; the others are counted."""
REQUESTS = 5
"""Most waiting requests that are shown; the others are counted."""


def budget_message(
    team: Team,
    months: Sequence[Month],
    versions: Sequence[BudgetVersion],
    accuracy: Sequence[MonthAccuracy],
    requests: Sequence[BudgetRequest],
    names: Mapping[str, str],
    *,
    currencies: Sequence[str],
    asks: bool,
    decides: bool,
    user_id: str,
) -> Message:
    """A team's budgets from the running month on.

    Args:
        months: those shown, in order.
        versions: of the team's budgets of these months, the older ones first.
        accuracy: of the last final months, oldest first.
        requests: those that wait.
        currencies: in which a change can be asked for, the team's own first.
        asks, decides: whether the person may ask, and decide on what others asked for.
        user_id: theirs.
    """
    head = f"*{escape(called_by(team))}*: budgets"
    budgets = [line for currency in currencies for line in _budget_lines(months, versions, currency, names)]
    past = _accuracy_lines(accuracy)
    text = [head, *budgets, *past]
    body: list[Block] = [*blocks.paragraphs("\n".join((head, *budgets))), *blocks.paragraphs("\n".join(past))]
    if asks:
        body.append(blocks.actions(*(_ask_button(team, each, len(currencies) > 1) for each in currencies[:5])))
    for request in requests[:REQUESTS]:
        lines = request_lines(request, team, names)
        text += lines
        body += blocks.paragraphs("\n".join(lines))
        if request.asked_by == user_id:
            body.append(withdraw_button(request))
        elif decides:
            body.append(decide_buttons(request))
    if len(requests) > REQUESTS:
        text.append(f"… and {len(requests) - REQUESTS:,} more requests wait.")
        body.append(blocks.context(text[-1]))
    return message("\n".join(text), body)


def _ask_button(team: Team, currency: str, several: bool) -> Block:
    label = f"Request a change in {escape(currency, 20)}" if several else "Request a change"
    return blocks.button(label, f"{ASK}.{currency}" if several else ASK, f"{team.slug}/{currency}")


def _budget_lines(
    months: Sequence[Month], versions: Sequence[BudgetVersion], currency: str, names: Mapping[str, str]
) -> list[str]:
    lines = []
    for month in months:
        found = [each for each in versions if each.month == month and each.currency == currency]
        if not found:
            lines.append(f"• {month_name(month)}: no budget in {escape(currency, 20)} yet")
            continue
        *former, newest = found
        by = f"{person(newest.recorded_by, names)}, {short_day(newest.recorded_at.date())}, {escape(newest.source)}"
        line = f"• {month_name(month)}: *{brief(newest.amount, currency)}* (version {newest.version}, {by})"
        lines.append(line + _former(former, currency))
    return lines


def _former(former: Sequence[BudgetVersion], currency: str) -> str:
    """'; before: $2,800, $2,500 and 3 more versions'."""
    if not former:
        return ""
    shown = [brief(each.amount, currency) for each in reversed(former[-FORMER:])]
    more = len(former) - len(shown)
    return f"; before: {', '.join(shown)}" + (f" and {more:,} more" if more > 0 else "")


def _accuracy_lines(accuracy: Sequence[MonthAccuracy]) -> list[str]:
    if not accuracy:
        return [
            "*How near the last ones came*: no month has final figures yet. One has once all its days are delivered "
            "and have settled, or it is closed."
        ]
    lines = [f"*How near the last ones came*, basis {BASIS[accuracy[0].basis]}"]
    lines += [_month_line(each) for each in reversed(accuracy)]
    return [*lines, _mean_line(accuracy)]


def _month_line(month: MonthAccuracy) -> str:
    currency = month.currency
    said = f"• {month_name(month.month)}: spent {brief(month.actual, currency)}"
    if month.budget is None:
        said += ", no budget"
    else:
        said += f" of {brief(month.budget, currency)}, {_off(month.budget_error)}"
    if month.planned is not None and month.planned != month.budget:
        said += f" ({brief(month.planned, currency)} as the month began)"
    if month.forecast is None:
        return f"{said}; no forecast was told on the {MIDDLE}th"
    told = brief(month.forecast.amount, currency)
    return f"{said}; forecast told on the {MIDDLE}th {told}, {_off(month.forecast_error)}"


def _mean_line(accuracy: Sequence[MonthAccuracy]) -> str:
    budget = mean_error(each.budget_error for each in accuracy)
    forecast = mean_error(each.forecast_error for each in accuracy)
    known = [("the budget", budget), ("the forecast", forecast)]
    said = [f"{what} by {distance(error, ())}" for what, error in known if error is not None]
    return f"Off on average: {' and '.join(said)}." if said else "There is nothing to compare with."


def _off(error: Decimal | None) -> str:
    return "n/a" if error is None else f"off by {distance(error, ())}"
