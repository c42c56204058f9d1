"""FOCUS columns by version, and how a bill's own column names map onto those the product reads."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise

VERSIONS = ("0.5", "1.0-preview", "1.0", "1.1", "1.2", "1.3", "1.4")
CHARGE_CATEGORIES = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
"""The allowed values of ChargeCategory since FOCUS 1.0."""
NULL_TOKENS = ("", "NULL", "null", "\\N")
"""How a missing value is written in a CSV bill; \\N by Hive, MySQL and PostgreSQL."""

READ_FROM: dict[str, tuple[str, ...]] = {
    "BilledCost": ("BilledCost",),
    "EffectiveCost": ("EffectiveCost", "AmortizedCost"),
    "BillingCurrency": ("BillingCurrency",),
    "BillingPeriodStart": ("BillingPeriodStart",),
    "ChargePeriodStart": ("ChargePeriodStart",),
    "ChargeCategory": ("ChargeCategory", "ChargeType"),
    "ServiceProviderName": ("ServiceProviderName", "ProviderName", "Provider"),
    "ServiceName": ("ServiceName",),
    "SubAccountId": ("SubAccountId",),
    "SubAccountName": ("SubAccountName",),
    "RegionId": ("RegionId", "Region"),
    "Tags": ("Tags",),
    "ChargeSubcategory": ("ChargeSubcategory",),
}
"""The columns the rollup uses, each with the names it has had, newest first.

ProviderName was renamed ServiceProviderName in 1.3 and dropped in 1.4; AmortizedCost and ChargeType are of 0.5;
Provider and Region are the preview names that OCI still delivers.
"""
GOOGLE_TAGS = ("x_Labels", "x_Tags", "x_ProjectLabels", "x_SystemLabels")
"""Where Google's FOCUS export has its tags, which has no column Tags; of one key in several the first counts.

Source: https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/focus-export
"""
DETAILS = (
    "SkuId",
    "SkuPriceId",
    "ChargeDescription",
    "PricingQuantity",
    "PricingUnit",
    "ResourceId",
    "ContractedCost",
    "ChargeClass",
    "CommitmentDiscountId",
    "CommitmentDiscountStatus",
)
"""The columns that the drivers of a variance use beside those of the rollup; a bill may lack any of them."""
COSTS = ("BilledCost", "EffectiveCost")
TIMES = ("BillingPeriodStart", "ChargePeriodStart")
ALWAYS_FILLED = (*COSTS, "BillingCurrency", *TIMES, "ChargeCategory")
"""Columns without whose value in every row no figure can be right."""
_OLD_NAMES = {
    "InvoiceIssuer": "InvoiceIssuerName",
    "Provider": "ProviderName",
    "Publisher": "PublisherName",
    "ChargeType": "ChargeCategory",
    "AmortizedCost": "EffectiveCost",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one FOCUS version.

    Attributes:
        name: as the specification spells it.
        type: String, Decimal, DateTime or JSON.
        nullable: whether a row may leave it empty.
        mandatory: whether every FOCUS bill of the version must have it.
    """

    name: str
    type: str
    nullable: bool
    mandatory: bool


@cache
def columns(version: str) -> dict[str, Column]:
    """Every column of a version by name.

    The versions before 1.0 grade nothing: of these the columns that are never null are mandatory.
    Source: the FOCUS specification's column definitions, 0.5 to 1.4 (focus_columns.csv beside this module).
    """
    with files("finops").joinpath("focus_columns.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["version"] == version]
    return {
        row["column"]: Column(
            row["column"],
            row["type"],
            row["nullable"] == "yes",
            row["level"] == "Mandatory" or (not row["level"] and row["nullable"] == "no"),
        )
        for row in rows
    }


def recognise(names: Collection[str]) -> str:
    """The FOCUS version a bill is written in, by the columns it has.

    The newest version that introduced one of the bill's columns, or the first that dropped what the bill lacks: a 1.4
    bill differs from 1.3 by having no ProviderName. Columns the specification does not know are ignored.
    """
    present = set(own_names(names))
    if "ServiceProviderName" in present and not present & {"ProviderName", "PublisherName"}:
        return "1.4"
    found = "0.5"
    for older, newer in pairwise(VERSIONS):
        if present & (columns(newer).keys() - columns(older).keys()):
            found = newer
    return found


def missing(names: Collection[str], version: str) -> tuple[list[str], list[str]]:
    """Mandatory columns a bill lacks: those no figure can do without, and the other ones.

    Args:
        names: the bill's own column names.
        version: as recognised from them.
    """
    own = own_names(names)
    present = set(own) | {_OLD_NAMES[name] for name in own if name in _OLD_NAMES}
    needed = [name for name in ALWAYS_FILLED if not present & set(READ_FROM[name])]
    mandatory = [column.name for column in columns(version).values() if column.mandatory]
    others = [name for name in mandatory if name not in present and _OLD_NAMES.get(name) not in present]
    return needed, [name for name in others if name not in needed]


def read_from(name: str, names: Iterable[str]) -> str | None:
    """The bill's own column from which one of READ_FROM's keys is read, or None where it has none."""
    own = own_names(names)
    return next((own[candidate] for candidate in READ_FROM[name] if candidate in own), None)


def tag_columns(names: Iterable[str]) -> dict[str, str]:
    """Columns that hold a bill's tags, as FOCUS or Google spells them → the bill's own: Tags alone where it has it."""
    own = own_names(names)
    return {name: own[name] for name in (("Tags",) if "Tags" in own else GOOGLE_TAGS) if name in own}


def own_names(names: Iterable[str]) -> dict[str, str]:
    """FOCUS column → the bill's own column that is it: warehouses write BilledCost as billedcost or BILLED_COST.

    Of several that differ in case, spaces and underscores alone the one that FOCUS spells counts, else the first;
    columns that FOCUS does not know stand under their own names.
    """
    return dict(_own_names(tuple(names)))


@lru_cache(maxsize=100)
def _own_names(names: tuple[str, ...]) -> dict[str, str]:
    spelt = (*(name for version in VERSIONS for name in columns(version)), *GOOGLE_TAGS)
    known = {plain_name(name): name for name in spelt}
    found = {name: name for name in names if known.get(plain_name(name)) == name}
    for name in names:
        found.setdefault(known.get(plain_name(name), name), name)
    return found


def plain_name(name: str) -> str:
    """A column's name without case, spaces and underscores."""
    return re.sub("[ _]", "", name).lower()
