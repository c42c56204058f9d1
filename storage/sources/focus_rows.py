"""Charges of a source that delivers no bill, written as one: FOCUS 1.0, as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from finops import focus
from finops.periods import DAY, Month

MANDATORY = tuple(name for name, column in focus.columns("1.0").items() if column.mandatory)
COLUMNS = tuple(dict.fromkeys((*MANDATORY, "SubAccountId", "SubAccountName", "RegionId", "ResourceName", "Tags")))


def write_charges(path: Path, charges: Iterable[Mapping[str, object]]) -> Path:
    """Write charges, each by its columns' names; a column that a charge does not name is empty.

    Raises:
        ValueError: a charge names what is no column.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(charges)
    return path


def of_day(day: date) -> dict[str, str]:
    """The columns that say when, of a charge of one day."""
    month = Month.of(day)
    return {
        "BillingPeriodStart": _moment(month.first),
        "BillingPeriodEnd": _moment(month.next.first),
        "ChargePeriodStart": _moment(day),
        "ChargePeriodEnd": _moment(day + DAY),
    }


def _moment(day: date) -> str:
    return f"{day}T00:00:00Z"
