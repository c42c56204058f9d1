"""From the text of a message to an incoming alert: nothing is refused, what nobody understands stays text."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from finops.incoming_alert import IncomingAlert, Origin
from finops.incoming_anomaly import read_anomaly
from finops.incoming_budgets import is_of_budgets, read_budgets


def read_alert(text: str, message_id: str, at: datetime, title: str = "") -> IncomingAlert:
    """An alert of AWS.

    Args:
        text: of the message, without SNS's envelope.
        message_id: of the message that brought it, unique.
        at: when it was sent, UTC.
        title: its subject line.
    """
    alert = IncomingAlert(Origin.OTHER, message_id, at, at.date(), title, text)
    if (said := json_object(text)) is not None:
        return read_anomaly(alert, said) or alert
    return read_budgets(alert) if is_of_budgets(title, text) else alert


def json_object(text: str) -> dict[str, Any] | None:
    """A JSON object with its numbers as Decimal; None for everything else."""
    try:
        found = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
