"""A service that its provider has renamed: its cost is what it was, and only the name begins from nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from finops.anomaly_found import FoundAnomaly
from finops.anomaly_noise import Floats

NEAR = 2
"""Days between the end of one name and the beginning of the other at most."""
ALIKE = 0.2
"""Part of its cost by which a service differs at most under its new name."""
BEFORE = 28
"""Days before that show what it cost: whole weeks."""


def former_name(found: FoundAnomaly, services: Mapping[str, Floats], first_day: date) -> str:
    """The service that has ended as one began from nothing, and cost about as much on the same weekdays; or empty.

    Args:
        services: service → its costs, one a column, of the same team, provider and currency; NaN where missing.
        first_day: of the columns.
    """
    if not found.is_increase or found.expected:
        return ""
    columns = [(each.day - first_day).days for each in found.days]
    until = columns[0] - NEAR
    for service, costs in services.items():
        charged = np.flatnonzero(np.nan_to_num(costs))
        ended = int(charged[-1]) + 1 if len(charged) else -1
        # What is not delivered has not ended.
        if until < BEFORE or abs(ended - columns[0]) > NEAR or not (ended < len(costs) and costs[ended] == 0):
            continue
        weekdays = np.nan_to_num(costs[until - BEFORE : until]).reshape(-1, 7).mean(axis=0)
        usual = sum(float(weekdays[(column - until) % 7]) for column in columns)
        if abs(float(found.cost) - usual) <= ALIKE * usual:
            return service
    return ""
