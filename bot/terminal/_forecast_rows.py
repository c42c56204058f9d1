"""Forecasts as rows: rounded for people, every digit as text for programs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finops.company import Company
from finops.forecast import Forecast
from finops.forecast_judged import Judged
from finops.money import ZERO, add, plain, subtract
from finops.periods import Month
from finops.team_month import TeamMonth
from storage.series_forecasts import SeriesForecast
from storage.sources.cost_explorer_forecast import TheirForecast
from views.amounts import money, share
from views.chances import chance

AMOUNTS = ("amount", "low", "high", "lowest", "highest", "settled")
UNSETTLED = "no day of it has settled yet"


def month_row(company: Company, month: TeamMonth, form: str) -> dict[str, Any]:
    """A team's running month, with the chance of ending over its budget and each tier's edge."""
    forecast, currency = month.forecast, month.currency
    if form == "table":
        return {
            "team": month.team,
            "budget": None if month.budget is None else money(month.budget, currency),
            **_shown(forecast, currency),
            **{
                name: None if part is None else chance(part, company.ladder)
                for name, part in _chances(company, month).items()
            },
            "settled through": forecast.settled_through.isoformat() if forecast else None,
        }
    return {
        "team": month.team,
        "month": str(month.month),
        "basis": str(month.basis),
        "currency": currency,
        "budget": None if month.budget is None else plain(month.budget),
        **{name: plain(getattr(forecast, name)) if forecast else None for name in AMOUNTS},
        **{
            name.replace(" ", "_"): None if part is None else plain(part)
            for name, part in _chances(company, month).items()
        },
        "settled_through": forecast.settled_through.isoformat() if forecast else None,
    }


def service_row(team: str, month: Month, each: SeriesForecast, form: str) -> dict[str, Any]:
    """A team's service."""
    forecast = each.found if isinstance(each.found, Forecast) else None
    why = None if forecast else (each.found.value if each.found else UNSETTLED)  # type: ignore[union-attr]
    if form == "table":
        return {
            "team": team,
            "service": each.name,
            "actual so far": money(each.actual, each.currency),
            **_shown(forecast, each.currency),
            "why none": why,
        }
    return {
        "team": team,
        "month": str(month),
        "service": each.name,
        "currency": each.currency,
        "actual": plain(each.actual),
        **{name: plain(getattr(forecast, name)) if forecast else None for name in AMOUNTS},
        "settled_through": forecast.settled_through.isoformat() if forecast else None,
        "why_none": why,
    }


def compared_rows(month: Month, ours: SeriesForecast | None, theirs: TheirForecast, form: str) -> list[dict[str, Any]]:
    """Cost Explorer's forecast of the days left and of the month's end, then ours of what AWS bills.

    Of the days before theirs begins it says nothing: there our own stands in both, actual where it is settled.

    Args:
        ours: in the currency of theirs; None where no charge of AWS is known in it.
    """
    found = ours.found if ours and isinstance(ours.found, Forecast) else None
    before = ZERO if theirs.first == month.first else _before(found, theirs) if found else None
    expected = (theirs.amount, theirs.low, theirs.high)
    rows: list[tuple[str, Decimal | None, list[Decimal | None], str]] = [
        (
            "Cost Explorer",
            theirs.amount,
            [None if before is None else add((before, amount)) for amount in expected],
            "AWS's own, of all accounts that the credentials see",
        ),
        (
            "ours",
            subtract(found.amount, before) if found and before is not None else None,
            [found.amount, found.low, found.high] if found else [None] * 3,
            "of all that AWS bills" if found else _why(ours),
        ),
    ]
    if form == "table":
        return [
            {
                "forecast by": name,
                f"{theirs.first} to {theirs.last}": None if part is None else money(part, theirs.currency),
                "month's end": None if end is None else money(end, theirs.currency),
                "80 %": None if low is None or high is None else _between(low, high, theirs.currency),
                "what": what,
            }
            for name, part, (end, low, high), what in rows
        ]
    return [
        {
            "by": name,
            "currency": theirs.currency,
            "days_from": str(theirs.first),
            "days_through": str(theirs.last),
            "of_days": None if part is None else plain(part),
            **{key: None if each is None else plain(each) for key, each in zip(AMOUNTS[:3], ends, strict=True)},
        }
        for name, part, ends, _ in rows
    ]


def _before(ours: Forecast, theirs: TheirForecast) -> Decimal | None:
    """What our forecast holds of the days before theirs begins; None where ours knows days of theirs."""
    if theirs.first <= ours.settled_through:
        return None
    return subtract(ours.amount, add(cost for day, cost in ours.days if day >= theirs.first))


def judged_row(each: Judged, form: str) -> dict[str, Any]:
    """How near forecasts with about as many days left came."""
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


def _why(ours: SeriesForecast | None) -> str:
    if ours is None:
        return "no charge of AWS in this currency is known"
    return UNSETTLED if ours.found is None or isinstance(ours.found, Forecast) else ours.found.value


def _chances(company: Company, month: TeamMonth) -> dict[str, Decimal | None]:
    """Edge → the chance of ending above it; None without a forecast or a budget."""
    edges = (ZERO, *(tier.above for tier in company.ladder[1:]))
    return {f"chance over {share(edge)}" if edge else "chance over budget": month.chance_over(edge) for edge in edges}


def _shown(forecast: Forecast | None, currency: str) -> dict[str, str | None]:
    return {
        "forecast": money(forecast.amount, currency) if forecast else None,
        "80 %": _between(forecast.low, forecast.high, currency) if forecast else None,
        "95 %": _between(forecast.lowest, forecast.highest, currency) if forecast else None,
    }


def _between(low: Decimal, high: Decimal, currency: str) -> str:
    return f"{money(low, currency)} to {money(high, currency)}"
