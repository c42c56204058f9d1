"""How providers write amounts, moments, months, lists and tags: SQL macros for the rules, and what cannot be read."""

from __future__ import annotations

from storage.ledger.charges import DECIMAL_TEXT, TIME_TEXT

MONTH_FIRST = r"^\d{1,2}/\d{1,2}/\d{4}( .*)?$"
"""9/21/2023 or 09/21/2023 12:00:00 AM, as Azure writes a day: the month stands first."""
MONTH_FIRST_FORMATS = ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p")
AMOUNT_IN_JSON = r'("amount"\s*:\s*)(-?[0-9][0-9.eE+-]*)'
UTC_TEXT = "%Y-%m-%dT%H:%M:%SZ"

MONTH_ALONE = r"^\d{4}-(0[1-9]|1[0-2])$"
"""2026-10, as subscriptions are billed: its first day."""
MACROS = (
    # Finer than an amount is kept: what will be rounded can then be seen and told.
    "amount(x) AS CAST(COALESCE(x, '0') AS DECIMAL(38,24))",
    "is_zero(x) AS TRY_CAST(x AS DOUBLE) = 0",
    f"moment(x) AS CASE WHEN regexp_matches(trim(x), '{MONTH_FIRST}') "
    f"THEN COALESCE(strftime(try_strptime(trim(x), {list(MONTH_FIRST_FORMATS)}), '{UTC_TEXT}'), trim(x)) "
    f"WHEN regexp_matches(trim(x), '{MONTH_ALONE}') THEN trim(x) || '-01' ELSE trim(x) END",
    "instant(x) AS CAST(TRY_CAST(moment(x) AS TIMESTAMPTZ) AS TIMESTAMP)",
    f"month_begin(x) AS strftime(date_trunc('month', instant(x)), '{UTC_TEXT}')",
    f"month_end(x) AS strftime(date_trunc('month', instant(x)) + INTERVAL 1 MONTH, '{UTC_TEXT}')",
    f"day_after(x) AS strftime(date_trunc('day', instant(x)) + INTERVAL 1 DAY, '{UTC_TEXT}')",
    # 202210 in a time zone, so many months later.
    "month_in(x, zone, later) AS strftime("
    f"(try_strptime(x, '%Y%m') + to_months(later)) AT TIME ZONE zone AT TIME ZONE 'UTC', '{UTC_TEXT}')",
    # A list as Python prints it is JSON but for quotes and three words; one with other quotes in it is left as it is.
    "as_json(x) AS CASE WHEN json_valid(x) OR contains(x, '\"') OR contains(x, '\\') THEN x "
    "ELSE regexp_replace(regexp_replace(regexp_replace(replace(x, '''', '\"'), "
    "'(\": )None([,}])', '\\1null\\2', 'g'), '(\": )True([,}])', '\\1true\\2', 'g'), "
    "'(\": )False([,}])', '\\1false\\2', 'g') END",
    # A JSON list of objects with key and value, as Google writes labels, as one object.
    "pairs(x) AS CASE WHEN json_valid(as_json(x)) THEN CASE json_type(as_json(x)) WHEN 'OBJECT' THEN as_json(x) "
    "WHEN 'ARRAY' THEN '{' || array_to_string(list_transform(list_filter(CAST(as_json(x) AS JSON[]), "
    "lambda pair: pair->>'key' IS NOT NULL), lambda pair: CAST(to_json(pair->>'key') AS VARCHAR) || ':' || "
    "CAST(to_json(COALESCE(pair->>'value', '')) AS VARCHAR)), ',') || '}' END END",
    # Tags of Azure lack the braces in many an export.
    "braced(x) AS CASE WHEN json_valid('{' || x || '}') THEN '{' || x || '}' ELSE x END",
    # AWS tells people's tags from its own by how the key begins.
    "aws_tags(x) AS CASE WHEN json_valid(x) AND json_type(x) = 'OBJECT' THEN to_json(map_from_entries(list_transform("
    "json_keys(x), lambda key: struct_pack(name := regexp_replace(regexp_replace(key, '^user[_:]', ''), '^aws_', "
    "'aws:'), is := json_extract_string(x, '$.' || to_json(key)))))) END",
    # DuckDB reads a JSON number as a double; as a text every digit stays.
    "amounts_in(x) AS CASE WHEN json_valid(as_json(x)) AND json_type(as_json(x)) = 'ARRAY' THEN list_transform("
    f"CAST(regexp_replace(as_json(x), '{AMOUNT_IN_JSON}', '\\1\"\\2\"', 'g') AS JSON[]), "
    "lambda each: each->>'amount') END",
    "total_of(x) AS CASE WHEN x IS NULL OR len(amounts_in(x)) = 0 THEN 0 "
    "ELSE list_sum(list_transform(amounts_in(x), lambda each: amount(each))) END",
    f"is_amount(x) AS regexp_matches(x, '{DECIMAL_TEXT}')",
    f"is_moment(x) AS regexp_matches(moment(x), '{TIME_TEXT}') AND instant(x) IS NOT NULL",
    r"is_month(x) AS regexp_matches(x, '^\d{4}(0[1-9]|1[0-2])$')",
    "has_amounts(x) AS COALESCE(len(list_filter(amounts_in(x), lambda each: NOT COALESCE(is_amount(each), false))) = 0"
    ", false)",
)
READABLE = {
    "amounts": ("is_amount", "is not a decimal number."),
    "moments": ("is_moment", "is not a day or a moment, be it 2026-10-05, 2026-10-05T07:00Z or 10/05/2026."),
    "months": ("is_month", "is not a month as in 202610."),
    "lists_of_amounts": ("has_amounts", "is not a JSON list of objects with a decimal amount each."),
}
"""What a column holds, as rules name it → the macro that tells, and what is said of a value that is none."""
