"""Cost Explorer's own forecast: what is asked for, and what its answer says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from finops.basis import Basis
from finops.periods import DAY
from storage.sources.cost_explorer_look import amount_of
from storage.sources.source import SourceFailed

LEVEL = 80
"""Percent of the prediction interval: a request has one level, and each costs money."""
USAGE = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation")
"""RECORD_TYPEs that are usage, as AWS writes them."""


@dataclass(frozen=True, slots=True)
class TheirForecast:
    """What AWS expects of some days, all accounts that the credentials see together.

    Attributes:
        first, last: the days, both inside.
        low, high: of the 80 % interval.
    """

    first: date
    last: date
    amount: Decimal
    low: Decimal
    high: Decimal
    currency: str


def forecast_request(begins: date, ends: date, basis: Basis) -> dict[str, Any]:
    """A request as boto3 takes it, its end exclusive; it may not begin after today.

    Source: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostForecast.html
    """
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": str(begins), "End": str(ends)},
        "Metric": "AMORTIZED_COST" if basis is Basis.EFFECTIVE else "UNBLENDED_COST",
        "Granularity": "MONTHLY",
        "PredictionIntervalLevel": LEVEL,
    }
    # The same charges as the basis counts (finops.basis).
    if basis is Basis.EFFECTIVE:
        asked["Filter"] = {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Tax"]}}}
    elif basis is Basis.USAGE_BILLED:
        asked["Filter"] = {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(USAGE)}}
    return asked


def read_forecast(answer: Mapping[str, Any]) -> TheirForecast:
    """An answer about one month; raises SourceFailed where it is none."""
    found = answer.get("ForecastResultsByTime") or []
    if len(found) != 1:
        raise SourceFailed(f"Cost Explorer answered with {len(found)} forecasts for one month.")
    [part] = found
    span = part["TimePeriod"]
    mean = part["MeanValue"]
    # Without an interval the expected amount is all that is known.
    low, high = (part.get(f"PredictionInterval{side}Bound", mean) for side in ("Lower", "Upper"))
    return TheirForecast(
        date.fromisoformat(span["Start"][:10]),
        date.fromisoformat(span["End"][:10]) - DAY,
        amount_of(mean),
        amount_of(low),
        amount_of(high),
        answer["Total"]["Unit"],
    )
