"""AWS Cost Anomaly Detection's notification: JSON, by SNS (`dimensionalValue`) or EventBridge (`dimensionValue`).

Its form: https://docs.aws.amazon.com/cost-management/latest/userguide/cad-eventbridge.html and the page of its SNS
topics beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from finops.incoming_alert import AnomalyFigures, IncomingAlert, Origin
from finops.incoming_budgets import YEARS
from finops.money import EXACT, SCALE, ZERO
from finops.scope import tag_key

Json = Mapping[str, Any]
MOST, SMALLEST = Decimal(10) ** 18, Decimal(1).scaleb(-SCALE)
"""An amount from the first on is a mistake in the message; digits below the second are kept nowhere."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ACCOUNT = re.compile(r"[0-9]{12}")


def read_anomaly(alert: IncomingAlert, said: Json) -> IncomingAlert | None:
    """An alert of Cost Anomaly Detection with what its JSON says, None where it is none.

    Args:
        alert: the id and time of the message that brought it, its title and text.
        said: the text, parsed; its numbers are Decimal.
    """
    detail = said.get("detail")
    anomaly: Json = detail if isinstance(detail, Mapping) else said
    impact, anomaly_id = _mapping(anomaly, "impact"), _text(anomaly, "anomalyId")
    if not anomaly_id or not impact:
        return None
    cause = _leading_cause(anomaly)
    dimension = _text(anomaly, "dimensionalValue") or _text(anomaly, "dimensionValue")
    tag, dollar, value = dimension.partition("$")
    is_account = bool(_ACCOUNT.fullmatch(dimension))
    figures = _figures(anomaly, impact)
    return replace(
        alert,
        origin=Origin.ANOMALY_DETECTION,
        id=anomaly_id if _ID.fullmatch(anomaly_id) else alert.id,
        at=_instant(_text(said, "time")) or alert.at,
        day=_day(_text(anomaly, "anomalyEndDate")) or _day(_text(anomaly, "anomalyStartDate")) or alert.day,
        account=_text(cause, "linkedAccount") or (dimension if is_account else _text(anomaly, "accountId")),
        account_name=_text(cause, "linkedAccountName") or ("" if cause else _text(anomaly, "accountName")),
        dimension=value if dollar else dimension,
        service=_text(cause, "service") or ("" if is_account or dollar else dimension),
        tags={tag_key(tag.removeprefix("user:")): value} if dollar else {},
        # Cost Explorer, from which it reads, reckons in dollars everywhere but in China.
        currency=("CNY" if ":aws-cn:" in _text(anomaly, "monitorArn") else "USD") if figures else "",
        figures=figures,
    )


def _figures(anomaly: Json, impact: Json) -> AnomalyFigures | None:
    total = _amount(impact, "totalImpact")
    if total is None:
        return None
    return AnomalyFigures(
        impact=total,
        actual=_amount(impact, "totalActualSpend"),
        expected=_amount(impact, "totalExpectedSpend"),
        begins=_day(_text(anomaly, "anomalyStartDate")),
        ends=_day(_text(anomaly, "anomalyEndDate")),
    )


def _leading_cause(anomaly: Json) -> Json:
    """The root cause that contributes most, empty where none is named."""
    listed = anomaly.get("rootCauses")
    causes = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    return max(causes, key=lambda each: _amount(_mapping(each, "impact"), "contribution") or ZERO, default={})


def _mapping(given: Json, name: str) -> Json:
    found = given.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(given: Json, name: str) -> str:
    found = given.get(name)
    return found.strip() if isinstance(found, str) else ""


def _amount(given: Json, name: str) -> Decimal | None:
    found = given.get(name)
    if not isinstance(found, Decimal) or not found.is_finite() or abs(found) >= MOST:
        return None
    rounded = found.quantize(SMALLEST, context=EXACT)
    return found if found == rounded else rounded


def _day(text: str) -> date | None:
    found = _instant(text)
    return found.date() if found else None


def _instant(text: str) -> datetime | None:
    """A moment of ISO 8601, in UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year in YEARS else None
