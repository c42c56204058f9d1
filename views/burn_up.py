"""The burn-up picture's data: cumulative actual, target line, budget and forecast of one team's month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

from finops.forecast import Forecast
from finops.money import EXACT, ZERO, plain
from finops.periods import Month
from finops.team_month import TeamMonth
from views.amounts import brief, distance, money, month_name, short_day, symbol
from views.chances import chance
from views.message import Picture
from views.text import literal, unmarked
from views.tiers import direction

NAME = "burn_up"


def burn_up(month: TeamMonth, name: str) -> Picture | None:
    """The picture of a month, or None where there is no data to draw.

    Args:
        name: the team's, as written.
    """
    if month.actual is None:
        return None
    through = month.data_through or min(month.as_of, month.month.last)
    finding, shown = _bare(_finding(month)), unmarked(name, 60)
    data: dict[str, Any] = {
        "title": finding,
        "subtitle": f"{month_name(month.month)} · {shown} · {month.basis} cost in {_bare(literal(month.currency, 12))}",
        "symbol": symbol(month.currency),
        "first": month.month.first.isoformat(),
        "last": month.month.last.isoformat(),
        "actual": [[day.isoformat(), plain(amount)] for day, amount in _cumulative(month.daily, month.month, through)],
        "provisional_from": month.provisional_from.isoformat() if month.provisional_from else None,
        "budget": None if month.budget is None else plain(month.budget),
        "forecast": _forecast(month),
        "labels": {key: _bare(text) for key, text in _labels(month, month.actual, through).items()},
    }
    return Picture(
        NAME, data, alt_text=_bare(_described(month, month.actual, shown, finding)), title=f"{shown}: {finding}"
    )


def _cumulative(daily: Mapping[date, Decimal], month: Month, through: date) -> list[tuple[date, Decimal]]:
    """The running sum at the end of each day; by invoice, charges of other months count on the nearest day."""
    sums = dict.fromkeys((day for day in month.days() if day <= through), ZERO)
    for day, cost in daily.items():
        counted = min(max(day, month.first), through)
        sums[counted] = EXACT.add(sums[counted], cost)
    total, points = ZERO, []
    for day, cost in sums.items():
        total = EXACT.add(total, cost)
        points.append((day, total))
    return points


def _forecast(month: TeamMonth) -> dict[str, Any] | None:
    forecast = month.forecast
    by_day = forecast.by_day() if forecast and not month.over else []
    if forecast is None or not by_day:
        return None
    return {
        "settled_through": forecast.settled_through.isoformat(),
        "settled": plain(forecast.settled),
        "by_day": [[day.isoformat(), plain(amount)] for day, amount in by_day],
        "low": plain(forecast.low),
        "high": plain(forecast.high),
        "lowest": plain(forecast.lowest),
        "highest": plain(forecast.highest),
    }


def _labels(month: TeamMonth, actual: Decimal, through: date) -> dict[str, str]:
    """What is written beside each line."""
    currency = month.currency
    labels = {"actual": brief(actual, currency), "through": f"through {short_day(through)}"}
    if month.budget is not None:
        labels["budget"] = brief(month.budget, currency)
    if month.forecast:
        labels["forecast"] = brief(month.forecast.amount, currency)
    return labels


def _finding(month: TeamMonth) -> str:
    """What the picture shows, as its title."""
    assert month.actual is not None
    running = month.forecast is not None and not month.over
    amount = month.reading if month.reading is not None else month.actual
    said = ("Heading for " if running else "Spent ") + brief(amount, month.currency)
    if amount < 0 and not running:
        said = f"Credits of {brief(-amount, month.currency)}"
    variance, fraction = month.reading_variance, month.reading_ratio
    if variance is None:
        return f"{said}; no approved budget"
    if not running and not month.over and variance <= 0:
        return f"{said} of {brief(month.budget or ZERO, month.currency)} so far"
    if not variance:
        return f"{said}: exactly on budget"
    by = brief(abs(variance), month.currency) if fraction is None else distance(fraction)
    return f"{said}: {by} {direction(variance)} budget"


def _described(month: TeamMonth, actual: Decimal, name: str, finding: str) -> str:
    """The picture for who cannot see it."""
    said = f"Burn-up of {name}, {month_name(month.month)}. {finding}. Actual {money(actual, month.currency)}"
    if month.data_through:
        said += f" through {short_day(month.data_through)}"
    if month.budget is not None:
        said += f", budget {money(month.budget, month.currency)}"
    if month.forecast and not month.over:
        said += (
            f", forecast {money(month.forecast.amount, month.currency)} ({_intervals(month.forecast, month.currency)})"
        )
    over = month.chance_over(ZERO)
    return said + (f"; {chance(over)} chance of ending over budget." if over is not None else ".")


def _intervals(forecast: Forecast, currency: str) -> str:
    """'80 %: $59,400.00 to $60,100.00; 95 %: …'."""
    ends = (("80 %", forecast.low, forecast.high), ("95 %", forecast.lowest, forecast.highest))
    return "; ".join(f"{name}: {money(low, currency)} to {money(high, currency)}" for name, low, high in ends)


def _bare(text: str) -> str:
    """Without the escapes of mrkdwn: pictures and their descriptions show text as it is."""
    return unescape(text).replace("<", "\u2039").replace(">", "\u203a")
