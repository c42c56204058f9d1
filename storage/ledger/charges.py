"""The SQL that reads a delivered bill as FOCUS charges, and rolls it up without losing a row or a digit."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from finops import focus
from storage.engines.duckdb import literal, quoted

DECIMAL_TEXT = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
TIME_TEXT = (
    r"^\d{4}-\d{2}-\d{2}([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?"
    r"( ?(Z|UTC)|[+-](0\d|1[0-4])(:?[0-5]\d)?)?)?$"
)
"""ISO 8601 as FOCUS asks for; DuckDB's own cast would take 5/1/25 as the year 5 and drop an offset without a word."""
EARLIEST, LATEST = "1990-01-01", "2200-01-01"

CREDIT_IS_ADJUSTMENT = ("0.5", "1.0-preview")
"""Versions in which a credit was an Adjustment with the subcategory Credit."""
TAGS_TEXT = """
    CASE
        WHEN typeof(tags) IN ('VARCHAR', 'JSON') THEN NULLIF(CAST(tags AS VARCHAR), '')
        WHEN typeof(tags) LIKE 'STRUCT(%)' THEN CAST(json_merge_patch('{}', to_json(tags)) AS VARCHAR)
        ELSE CAST(to_json(tags) AS VARCHAR)
    END
"""
"""Tags as JSON text. A struct has every key in every row: one that is null there is no tag, so the patch drops it."""
LARGEST_DETAIL = "1e14"
"""A quantity or contracted cost from here on is none: a million rows of them would leave DECIMAL(38,18)."""
TEXTS = ("provider", "sub_account_id", "sub_account_name", "service", "region", "currency")
LONGEST_TEXT = 500
"""Bytes of a text in the key of what is served: five of them and a team fit into the 2,700 of PostgreSQL's keys."""
KEPT_OF_TEXT = 100
"""Characters that are kept of a longer one, before a digest."""


def groups_sql(charges: str, version: str) -> str:
    """The rollup of charges_sql by everything a team or a figure is found by; one key may stand in several rows.

    Tags stay whole: grouping by their text is four times cheaper than looking a key up in every row, and a changed
    scope then needs no second pass over the bill. Texts are tidied after grouping, a fifteenth of the work.
    """
    grouped = f"""
        SELECT
            CAST(charge_period_start AS DATE) AS day, billing_period_start, {", ".join(TEXTS)},
            charge_category, charge_subcategory, tags,
            count(*) AS rows, count(billed_cost) AS billed_rows, count(effective_cost) AS effective_rows,
            sum(billed_cost) AS billed_cost, sum(effective_cost) AS effective_cost
        FROM ({charges})
        GROUP BY ALL
    """
    return tidied_sql(f"({grouped})", version)


def tidied_sql(grouped: str, version: str) -> str:
    """The rollup with its texts as the ledger keeps them.

    Args:
        grouped: FROM-clause text of charges grouped by day and every text, as billed.
        version: the FOCUS version they were recognised as.
    """
    texts = ", ".join(f"{text_sql(name)} AS {name}" for name in TEXTS)
    return f"""
        SELECT
            day, strftime(billing_period_start, '%Y-%m') AS billing_period, {texts},
            {category_sql(version)} AS charge_category, {TAGS_TEXT} AS tags,
            rows, billed_rows, effective_rows, billed_cost, effective_cost
        FROM {grouped}
    """


def charges_sql(
    source: str, types: Mapping[str, str], version: str, more: Mapping[str, str] = MappingProxyType({})
) -> str:
    """A query giving the columns that the rollup uses, typed, from a bill's own columns.

    Args:
        source: FROM-clause text of the bill.
        types: the bill's columns with their DuckDB types.
        version: the FOCUS version they were recognised as.
        more: name → SQL of further columns.
    """
    found = {name: focus.read_from(name, types) for name in focus.READ_FROM}

    def as_delivered(name: str) -> str:
        column = found[name]
        return f"CAST({quoted(column)} AS VARCHAR)" if column else "CAST(NULL AS VARCHAR)"

    selected = {
        "billed_cost": cost_sql(found["BilledCost"], types),
        "effective_cost": cost_sql(found["EffectiveCost"], types),
        "currency": as_delivered("BillingCurrency"),
        "billing_period_start": time_sql(found["BillingPeriodStart"], types),
        "charge_period_start": time_sql(found["ChargePeriodStart"], types),
        "charge_category": as_delivered("ChargeCategory"),
        "charge_subcategory": as_delivered("ChargeSubcategory") if version in CREDIT_IS_ADJUSTMENT else "NULL",
        "provider": as_delivered("ServiceProviderName"),
        "service": as_delivered("ServiceName"),
        "sub_account_id": as_delivered("SubAccountId"),
        "sub_account_name": as_delivered("SubAccountName"),
        "region": as_delivered("RegionId"),
        "tags": _tags_sql(types),
    }
    chosen = {**selected, **more}
    return "SELECT " + ", ".join(f"{sql} AS {name}" for name, sql in chosen.items()) + f" FROM {source}"


def details_sql(source: str, types: Mapping[str, str], version: str) -> str:
    """A query giving each charge by its day, with what drivers are told from; NULL where the bill does not tell.

    Columns: those of charges_sql, day, sku, unit, resource, name, quantity, contracted_cost, is_correction,
    is_committed, is_unused. Arguments as charges_sql takes them.
    """
    own = focus.own_names(types)
    there = {name: own.get(name) for name in focus.DETAILS}

    def text(name: str) -> str:
        column = there[name]
        return text_sql(f"CAST({quoted(column)} AS VARCHAR)") if column else "CAST(NULL AS VARCHAR)"

    def number(name: str) -> str:
        amount = cost_sql(there[name], types)
        return f"CASE WHEN abs({amount}) < {LARGEST_DETAIL} THEN {amount} END"

    more = {
        "sku": f"COALESCE({text('SkuId')}, {text('SkuPriceId')}, {text('ChargeDescription')})",
        "unit": text("PricingUnit"),
        "resource": text("ResourceId"),
        "name": text("ChargeDescription"),
        "quantity": number("PricingQuantity"),
        "contracted_cost": number("ContractedCost"),
        "is_correction": f"COALESCE({text('ChargeClass')} = 'Correction', false)",
        "is_committed": f"{text('CommitmentDiscountId')} IS NOT NULL",
        "is_unused": f"COALESCE({text('CommitmentDiscountStatus')} = 'Unused', false)",
    }
    return (
        f"SELECT * REPLACE ({category_sql(version)} AS charge_category, {text_sql('currency')} AS currency), "
        f"CAST(charge_period_start AS DATE) AS day FROM ({charges_sql(source, types, version, more)})"
    )


def _tags_sql(types: Mapping[str, str]) -> str:
    """Tags as delivered; where several columns hold them, a JSON list of what each holds."""
    own = focus.tag_columns(types)
    if not own:
        return "CAST(NULL AS VARCHAR)"
    if "Tags" in own:
        return quoted(own["Tags"])
    parts = (
        f"CASE WHEN json_valid({quoted(name)}) THEN {quoted(name)} ELSE 'null' END"
        if types[name] == "VARCHAR"
        else f"COALESCE(CAST(to_json({quoted(name)}) AS VARCHAR), 'null')"
        for name in own.values()
    )
    return "'[' || " + " || ',' || ".join(parts) + " || ']'"


def cost_sql(column: str | None, types: Mapping[str, str]) -> str:
    """A cost as DECIMAL(38,18), NULL where it is no number.

    A double is cast by its shortest decimal text: that is the number the provider wrote, 1234.56 and not its binary
    neighbour. More than 18 decimals are rounded half away from zero.
    """
    if column is None:
        return "CAST(NULL AS DECIMAL(38,18))"
    kind, name = types[column], quoted(column)
    if kind in ("DOUBLE", "FLOAT"):
        return f"TRY_CAST(CAST({name} AS VARCHAR) AS DECIMAL(38,18))"
    if kind == "DECIMAL(38,18)":
        return name
    if kind == "BOOLEAN":
        return "CAST(NULL AS DECIMAL(38,18))"
    if kind == "VARCHAR":
        return f"CASE WHEN regexp_matches({name}, {literal(DECIMAL_TEXT)}) THEN TRY_CAST({name} AS DECIMAL(38,18)) END"
    return f"TRY_CAST({name} AS DECIMAL(38,18))"


def time_sql(column: str | None, types: Mapping[str, str]) -> str:
    """A moment as TIMESTAMP in UTC, NULL where it is none or lies outside 1990 to 2200."""
    if column is None:
        return "CAST(NULL AS TIMESTAMP)"
    name = quoted(column)
    well_formed, parsed = "", f"TRY_CAST({name} AS TIMESTAMP)"
    if types[column] == "VARCHAR":
        well_formed = f"regexp_matches({name}, {literal(TIME_TEXT)}) AND "
    if types[column].startswith(("VARCHAR", "TIMESTAMPTZ", "TIMESTAMP WITH")):  # an offset is applied, not dropped
        parsed = f"CAST(TRY_CAST({name} AS TIMESTAMPTZ) AS TIMESTAMP)"
    return (
        f"CASE WHEN {well_formed}{parsed} >= TIMESTAMP {literal(EARLIEST)} "
        f"AND {parsed} < TIMESTAMP {literal(LATEST)} THEN {parsed} END"
    )


def text_sql(column: str) -> str:
    """A text as the ledger keeps it, NULL where a bill's way to write nothing stands."""
    # PostgreSQL takes no NUL in a text; looking for one costs a tenth of replacing it in every text.
    nulls = ", ".join(literal(token) for token in focus.NULL_TOKENS)
    return (
        f"CASE WHEN {column} IN ({nulls}) THEN NULL WHEN contains({column}, chr(0)) "
        f"THEN replace({column}, chr(0), '') ELSE {column} END"
    )


def key_sql(column: str) -> str:
    """A text of the ledger as it is served, never NULL; one that is too long for a key ends in a digest."""
    cut = f"left({column}, {KEPT_OF_TEXT}) || '…' || left(sha256({column}), 10)"
    return f"CASE WHEN strlen({column}) > {LONGEST_TEXT} THEN {cut} ELSE COALESCE({column}, '') END"


def category_sql(version: str) -> str:
    """ChargeCategory of charges_sql's columns as FOCUS spells it, and as 1.0 has it; Google's view writes 'usage'."""
    spelt = [f"WHEN {literal(name.lower())} THEN {literal(name)}" for name in focus.CHARGE_CATEGORIES]
    category = f"CASE lower(charge_category) {' '.join(spelt)} ELSE charge_category END"
    if version not in CREDIT_IS_ADJUSTMENT:
        return category
    return (
        f"CASE WHEN lower(charge_category) = 'adjustment' AND charge_subcategory = 'Credit' THEN 'Credit' "
        f"ELSE {category} END"
    )
