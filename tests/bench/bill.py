"""The bill: hourly FOCUS 1.2 line items of one month as Parquet, the same for the same seed."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

from finops.periods import Month
from tests.bench.estate import ALWAYS_ON, OFFICE_HOURS, resources

SEED = 20261121
LEAST_ROWS_PER_TEAM = 450
"""A resource has about 435 hours a month; with fewer rows the month could not reach its end."""
USED = (
    "BilledCost",
    "EffectiveCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargePeriodStart",
    "ChargeCategory",
    "ProviderName",
    "ServiceName",
    "SubAccountId",
    "SubAccountName",
    "RegionId",
    "Tags",
)
"""The columns that a figure needs, and so what pyarrow is asked to read."""

_ROWS = """
    SELECT
        *, began + INTERVAL 1 hour AS ended, price * (900 + (hour_number * 7919 + number * 104729) % 200) // 1000
            * CASE WHEN kind = 'Credit' THEN -1 ELSE 1 END AS ten_digits
    FROM (
        SELECT
            activity.hour AS hour_number, {start} + activity.hour * INTERVAL 1 hour AS began, resources.*,
            CASE WHEN activity.hour > 0 THEN 'Usage' WHEN number % 40 = 1 THEN 'Purchase'
                WHEN number % 50 = 2 THEN 'Tax' WHEN number % 50 = 7 THEN 'Credit' ELSE 'Usage' END AS kind
        FROM activity JOIN resources USING (number)
    )
"""

_COLUMNS = """
    CAST(CASE WHEN committed THEN 0 ELSE cost END AS DECIMAL(38,18)) AS BilledCost,
    '999900001111' AS BillingAccountId, 'Bench Corporation' AS BillingAccountName, 'Payer' AS BillingAccountType,
    'USD' AS BillingCurrency, {end} AS BillingPeriodEnd, {start} AS BillingPeriodStart,
    kind AS ChargeCategory, CAST(NULL AS VARCHAR) AS ChargeClass, service || ' in ' || region AS ChargeDescription,
    'Usage-Based' AS ChargeFrequency, ended AS ChargePeriodEnd, began AS ChargePeriodStart,
    CAST(1 + number % 8 AS DECIMAL(38,18)) AS ConsumedQuantity, 'Hours' AS ConsumedUnit,
    CAST(cost AS DECIMAL(38,18)) AS ContractedCost,
    CAST(CASE WHEN committed THEN cost * 0.7 ELSE cost END AS DECIMAL(38,18)) AS EffectiveCost,
    'INV-' || sub_account AS InvoiceId, 'Amazon Web Services, Inc.' AS InvoiceIssuerName,
    CAST(cost AS DECIMAL(38,18)) AS ListCost, CAST(price * 0.0000000001 AS DECIMAL(38,18)) AS ListUnitPrice,
    CASE WHEN committed THEN 'Committed' ELSE 'Standard' END AS PricingCategory,
    CAST(1 + number % 8 AS DECIMAL(38,18)) AS PricingQuantity, 'Hours' AS PricingUnit,
    'AWS' AS ProviderName, 'Amazon Web Services' AS PublisherName, region AS RegionId, region AS RegionName,
    resource AS ResourceId, category AS ServiceCategory, service AS ServiceName, 'SKU-' || service AS SkuId,
    sub_account AS SubAccountId, sub_account_name AS SubAccountName, 'Linked' AS SubAccountType, tags AS Tags
"""


def write_bill(path: Path, month: Month, rows: int, teams: int, seed: int = SEED) -> None:
    """Write exactly `rows` line items of a month, hour by hour as a provider delivers them, in DECIMAL(38,18).

    Args:
        seed: another one gives other resources of the same teams.
    """
    hours = len(month) * 24
    office_days = sum(day.weekday() < 5 for day in month.days())
    hours_each = ALWAYS_ON * hours + (1 - ALWAYS_ON) * office_days * len(OFFICE_HOURS)
    start, end = (f"TIMESTAMP '{moment.first}'" for moment in (month, month.next))
    database = _database(path.parent)
    try:
        database.register("estate", resources(max(teams, ceil(rows / hours_each * 1.01)), teams, seed))
        database.execute("CREATE TABLE resources AS SELECT * FROM estate")
        database.execute(
            f"""CREATE TABLE activity AS SELECT hour, number FROM range({hours}) hours(hour), resources
            WHERE always_on OR (hour % 24 BETWEEN {OFFICE_HOURS[0]} AND {OFFICE_HOURS[-1]}
                AND isodow({start} + hour * INTERVAL 1 hour) < 6)
            ORDER BY hour, number LIMIT {rows}"""
        )
        cost = "CAST(ten_digits AS DECIMAL(18,0)) * 0.0000000001 AS cost"
        query = f"SELECT {_COLUMNS} FROM (SELECT *, {cost} FROM ({_ROWS}))".format(start=start, end=end)
        database.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    finally:
        database.close()


def write_doubles(bill: Path, path: Path) -> None:
    """The same bill with every Decimal column as DOUBLE, as AWS delivers it."""
    database = _database(path.parent)
    try:
        names = database.execute(f"DESCRIBE SELECT * FROM '{bill}'").fetchall()
        casts = ", ".join(f"CAST({name} AS DOUBLE) AS {name}" for name, kind, *_ in names if kind.startswith("DEC"))
        database.execute(f"COPY (SELECT * REPLACE ({casts}) FROM '{bill}') TO '{path}' (FORMAT parquet)")
    finally:
        database.close()


def write_csv(bill: Path, path: Path, rows: int) -> None:
    """The bill's first rows as CSV.gz."""
    database = _database(path.parent)
    try:
        database.execute(f"COPY (SELECT * FROM '{bill}' LIMIT {rows}) TO '{path}' (FORMAT csv, COMPRESSION gzip)")
    finally:
        database.close()


def _database(folder: Path) -> Any:
    """A DuckDB that keeps within a small part of the memory; imported here so that others need not carry it."""
    import duckdb

    return duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(folder / "spill")})
