"""Charges as FOCUS columns, and the three kinds of file they are delivered in."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from bot.demo.catalog import AWS, AWS_SERVICES, PROVIDERS, SAVINGS_PLAN_SKU, Provider, Service
from bot.demo.company import COMPANY
from bot.demo.plan import MANAGEMENT_ACCOUNT, Fee, Line, hourly_commitment

Facts = dict[str, object]

_IN_1_0 = """AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd
    BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart
    CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName CommitmentDiscountStatus
    CommitmentDiscountType ConsumedQuantity ConsumedUnit ContractedCost ContractedUnitPrice EffectiveCost
    InvoiceIssuerName ListCost ListUnitPrice PricingCategory PricingQuantity PricingUnit ProviderName PublisherName
    RegionId RegionName ResourceId ResourceName ResourceType ServiceCategory ServiceName SkuId SkuPriceId SubAccountId
    SubAccountName Tags"""
_NEW_IN_1_2 = """BillingAccountType CommitmentDiscountQuantity CommitmentDiscountUnit InvoiceId ServiceSubcategory
    SkuMeter SubAccountType"""
COLUMNS: dict[str, tuple[str, ...]] = {
    "1.0": tuple(_IN_1_0.split()),
    "1.2": tuple(sorted((*_IN_1_0.split(), *_NEW_IN_1_2.split()))),
}
# What AWS writes as doubles is Decimal in the specification; the product's rule on money decides for DECIMAL here.
_DECIMAL = pa.decimal128(38, 18)
_TYPES: dict[str, pa.DataType] = {
    **{name: _DECIMAL for name in COLUMNS["1.2"] if name.endswith(("Cost", "Quantity", "UnitPrice"))},
    **{name: pa.timestamp("ms") for name in COLUMNS["1.2"] if "Period" in name},
    "Tags": pa.map_(pa.string(), pa.string()),
}
_RESOURCE_ID: dict[str, str] = {
    "aws": "arn:aws:{namespace}:{region}:{account}:{kind}/{key}",
    "azure": "/subscriptions/{account}/resourceGroups/rg-{name}/providers/{namespace}/{kind}/{key}",
    "gcp": "//{namespace}.googleapis.com/projects/{account}/locations/{region}/{kind}/{key}",
}


class Charge(NamedTuple):
    """One row of a bill: what stays the same from day to day in `facts`, the days, and the money.

    `start` and `end` are the charge period, half-open, UTC. The costs are in the bill's currency; `quantity` counts
    PricingUnits, and is None where FOCUS wants none. `committed` is the CommitmentDiscountQuantity.
    """

    facts: Facts
    start: date
    end: date
    billed: Decimal
    effective: Decimal
    listed: Decimal
    contracted: Decimal
    quantity: Decimal | None = None
    committed: Decimal | None = None


def account_facts(provider: Provider, sub_account: tuple[str, str] | None, service: Service) -> Facts:
    """Columns that say who bills whom for which service; `sub_account` is (id, name)."""
    return {
        "BillingAccountId": provider.billing_account_id,
        "BillingAccountName": COMPANY.name,
        "BillingAccountType": provider.billing_account_type,
        "BillingCurrency": provider.currency,
        "InvoiceIssuerName": provider.invoice_issuer,
        "ProviderName": provider.name,
        "PublisherName": provider.name if provider.slug != "aws" else "Amazon Web Services, Inc.",
        "ServiceCategory": service.category,
        "ServiceName": service.name,
        "ServiceSubcategory": service.subcategory,
        "SubAccountId": sub_account[0] if sub_account else None,
        "SubAccountName": sub_account[1] if sub_account else None,
        "SubAccountType": provider.sub_account_type if sub_account else None,
    }


@cache
def line_facts(line: Line) -> Facts:
    """Columns of the line's Usage rows that are the same every day."""
    provider, sku = PROVIDERS[line.provider], line.sku
    far = line.sub_account_name.endswith(("dev", "lab", "staging", "archive"))
    region = provider.other_region if far else provider.home_region
    resource = _RESOURCE_ID[line.provider].format(
        namespace=line.service.namespace,
        region=region[0],
        account=line.sub_account_id,
        name=line.sub_account_name,
        kind=sku.resource_type,
        key=line.resource_key,
    )
    return {
        **account_facts(provider, (line.sub_account_id, line.sub_account_name), line.service),
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{sku.meter}, {region[1]}, in {sku.unit.lower()}",
        "ChargeFrequency": "Usage-Based",
        "ConsumedUnit": sku.unit,
        "ContractedUnitPrice": sku.contracted_unit_price(provider.discount),
        "ListUnitPrice": sku.list_unit_price,
        "PricingCategory": "Committed" if sku.committed_unit_price else "Standard",
        "PricingUnit": sku.unit,
        "RegionId": region[0],
        "RegionName": region[1],
        "ResourceId": resource,
        "ResourceName": f"{line.sub_account_name}-{sku.resource_type.lower()}-{line.resource + 1:02}",
        "ResourceType": sku.resource_type,
        "SkuId": sku.sku_id,
        "SkuMeter": sku.meter,
        "SkuPriceId": f"{sku.sku_id}.{region[0].upper()}",
        "Tags": line.tags,
    }


def commitment_facts(status: str | None) -> Facts:
    """Columns of whatever belongs to the savings plan; `status` is Used, Unused or None (the purchase)."""
    return {
        "CommitmentDiscountCategory": "Spend",
        "CommitmentDiscountId": f"arn:aws:savingsplans::{MANAGEMENT_ACCOUNT[0]}:savingsplan/3f9d1c52-70ae",
        "CommitmentDiscountName": "Base load",
        "CommitmentDiscountStatus": status,
        "CommitmentDiscountType": SAVINGS_PLAN_SKU.meter.split(",")[0],
        "CommitmentDiscountUnit": "USD",
    }


def purchase_facts() -> Facts:
    """Columns of the month's purchase of the savings plan, priced per hour of commitment."""
    sku = SAVINGS_PLAN_SKU
    return {
        **account_facts(AWS, MANAGEMENT_ACCOUNT, AWS_SERVICES["ec2-base"]),
        **commitment_facts(None),
        "ChargeCategory": "Purchase",
        "ChargeDescription": sku.meter,
        "ChargeFrequency": "Recurring",
        "ContractedUnitPrice": hourly_commitment(),
        "ListUnitPrice": hourly_commitment(),
        "PricingCategory": "Standard",
        "PricingUnit": sku.unit,
        "SkuId": sku.sku_id,
        "SkuMeter": sku.meter,
        "SkuPriceId": f"{sku.sku_id}.NOUPFRONT",
    }


def unused_facts() -> Facts:
    """Columns of the part of the savings plan that no usage claimed on a day."""
    return {
        **purchase_facts(),
        **commitment_facts("Unused"),
        "ChargeCategory": "Usage",
        "ChargeDescription": "Savings plan, unused",
        "ChargeFrequency": "Usage-Based",
        "PricingCategory": "Committed",
    }


def fee_facts(fee: Fee) -> Facts:
    """Columns of a monthly fee or credit."""
    purchase = fee.charge_category == "Purchase"
    sku = fee.service.name.upper().replace(" ", "-") if purchase else None
    return {
        **account_facts(PROVIDERS[fee.provider], fee.sub_account, fee.service),
        "ChargeCategory": fee.charge_category,
        "ChargeDescription": fee.description,
        "ChargeFrequency": "Recurring" if purchase else "One-Time",
        "ContractedUnitPrice": fee.amount if purchase else None,
        "ListUnitPrice": fee.amount if purchase else None,
        "PricingCategory": "Standard" if purchase else None,
        "PricingUnit": "Months" if purchase else None,
        "PublisherName": fee.publisher,
        "SkuId": sku,
        "SkuMeter": fee.description if purchase else None,
        "SkuPriceId": f"{sku}.MONTHLY" if purchase else None,
    }


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # UTC, without a zone as Parquet's plain timestamps are


# Columns that differ from row to row; the rest is looked up in the charge's facts.
_VARYING: dict[str, Callable[[Charge], object]] = {
    "BilledCost": lambda charge: charge.billed,
    "EffectiveCost": lambda charge: charge.effective,
    "ListCost": lambda charge: charge.listed,
    "ContractedCost": lambda charge: charge.contracted,
    "PricingQuantity": lambda charge: charge.quantity,
    "ConsumedQuantity": lambda charge: charge.quantity if charge.facts.get("ConsumedUnit") else None,
    "CommitmentDiscountQuantity": lambda charge: charge.committed,
    "ChargePeriodStart": lambda charge: _midnight(charge.start),
    "ChargePeriodEnd": lambda charge: _midnight(charge.end),
}


def focus_columns(version: str, charges: list[Charge], month: Facts) -> dict[str, list[object]]:
    """The charges as columns of FOCUS `version`, in the order of the file.

    Args:
        month: the columns that all rows share: BillingPeriodStart and BillingPeriodEnd (dates), InvoiceId.
    """
    shared = {name: _midnight(value) if isinstance(value, date) else value for name, value in month.items()}
    columns: dict[str, list[object]] = {}
    for name in COLUMNS[version]:
        if name in shared:
            columns[name] = [shared[name]] * len(charges)
        elif varying := _VARYING.get(name):
            columns[name] = [varying(charge) for charge in charges]
        else:
            columns[name] = [charge.facts.get(name) for charge in charges]
    return columns


def _parquet(columns: dict[str, list[object]]) -> bytes:
    """Parquet as AWS Data Exports writes it: Tags as MAP, times in UTC without a zone."""
    arrays = {name: pa.array(values, type=_TYPES.get(name, pa.string())) for name, values in columns.items()}
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays), sink, compression="snappy")
    return sink.getvalue()


def _text(value: object) -> str:
    """A CSV field: null is empty, Decimals in full and in E-notation where they are tiny, Tags as JSON."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return json.dumps(dict(value), ensure_ascii=False) if isinstance(value, tuple) else str(value)


def _csv_text(columns: dict[str, list[object]], line_end: str) -> str:
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator=line_end)
    writer.writerow(columns)
    texts: list[Iterable[str]] = [map(_text, values) for values in columns.values()]
    writer.writerows(zip(*texts, strict=True))
    return sink.getvalue()


def _csv_with_bom(columns: dict[str, list[object]]) -> bytes:
    """CSV as Azure's export writes it: UTF-8 with a byte order mark, CR LF."""
    return _csv_text(columns, "\r\n").encode("utf-8-sig")


def _csv_gzip(columns: dict[str, list[object]]) -> bytes:
    """CSV in gzip, without a time in the gzip header, so that equal bills are equal files."""
    return gzip.compress(_csv_text(columns, "\n").encode(), compresslevel=6, mtime=0)


_FILES: dict[str, tuple[str, Callable[[dict[str, list[object]]], bytes]]] = {
    "aws": ("birkenhain-focus-00001.snappy.parquet", _parquet),
    "azure": ("part_0_0001.csv", _csv_with_bom),
    "gcp": ("focus-000000000000.csv.gz", _csv_gzip),
}


def delivery_path(provider: str, month: date) -> Path:
    """Where a billing month lies, relative to the folder of all bills."""
    return Path(provider, f"BILLING_PERIOD={month:%Y-%m}", _FILES[provider][0])


def write_delivery(path: Path, provider: str, columns: dict[str, list[object]]) -> None:
    """Replace the file at `path`; a reader sees the former or the new one, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(_FILES[provider][1](columns))
    unfinished.replace(path)
