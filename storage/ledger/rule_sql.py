"""What a rule of a mapping file may say: an expression over the columns of one row, and nothing else.

The rule is parsed by DuckDB itself, the parser that will run it, and every part of what it makes of it must be listed
here. What is not listed cannot be said: no query, no file, no setting, no extension, no function that looks outside of
its arguments, and no floating point, as money is decimal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from finops.money import SCALE
from storage.engines.duckdb import literal
from storage.ledger.conversion import PLACE, small_name
from storage.ledger.provider_values import MACROS

BRACES = re.compile(r"\{([^{}'\"]*)\}")
LONGEST = 4_000
"""Characters of a rule."""
PARTS = {"BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "TYPE"}
OPERATORS = {
    *("COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_COALESCE", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"),
    *("OPERATOR_NOT", "OPERATOR_NULLIF"),
}
OWN = {macro.partition("(")[0] for macro in MACROS}
FUNCTIONS = OWN | set(
    "+ - * // % || ~~ !~~ ~~* !~~* ->> abs coalesce concat concat_ws contains date_part date_trunc ends_with floor "
    "greatest if ifnull instr json_extract_string json_merge_patch json_object last_day least left length lower ltrim "
    "nullif position prefix regexp_extract regexp_full_match regexp_matches regexp_replace replace right round rtrim "
    "split_part starts_with strftime strlen strpos strptime strip_accents substr substring suffix trim upper".split()
)
SCHEMAS = (None, "", "main", "pg_catalog")
"""Where DuckDB's own functions are; 1.x names it for some."""
TYPES = set("BIGINT BOOLEAN DATE DECIMAL HUGEINT INTEGER NUMERIC SMALLINT TEXT TIMESTAMP VARCHAR".split())
DECIMALS = ("DECIMAL", "NUMERIC")
WHOLE_NUMBERS = ("BIGINT", "HUGEINT", "INTEGER", "SMALLINT")
UNSAID_SCALE = 3
"""Places of a DECIMAL of which nothing is said: it is DECIMAL(18,3)."""
SAID = {
    "SUBQUERY": "a query inside it",
    "STAR": "every column at once",
    "WINDOW": "a window over other rows",
    "LAMBDA": "a lambda",
    "PARAMETER": "a parameter",
}
DIVIDES = "'/' makes floating point of money; multiply by a decimal, such as 0.01, or use '//' for whole numbers"


class RuleRefused(ValueError):
    """A rule says what it must not; tells what, without naming the rule."""


def check_rule(rule: str, *, is_cost: bool = False) -> None:
    """Raise RuleRefused where a rule is no expression, or says more than it may.

    Args:
        is_cost: it makes an amount, of which no digit may be lost without a word.
    """
    if not rule.strip():
        raise RuleRefused("it is empty")
    if len(rule) > LONGEST:
        raise RuleRefused(f"it has {len(rule):,} characters, and {LONGEST:,} are enough")
    places = len(PLACE.findall(rule))
    # Blanks keep a place from being read together with what stands beside it.
    try:
        tree = _parsed("SELECT (" + PLACE.sub(lambda match: f' "{match[0]}" ', rule) + "\n)")
    except RuleRefused as problem:
        strange = next((name for name in BRACES.findall(rule) if not PLACE.fullmatch(f"{{{name}}}")), "")
        hint = f"; write the column as {{{small_name(strange)}}}" if small_name(strange) else ""
        raise RuleRefused(f"{problem}{hint}") from None
    [statement] = tree["statements"]
    node = statement["node"]
    beside = any(node.get(name) for name in ("where_clause", "having", "qualify", "sample", "modifiers"))
    if beside or len(node.get("select_list", ())) != 1 or node["from_table"]["type"] != "EMPTY":
        raise RuleRefused("it is more than one expression")
    found = 0
    for part in _parts(node["select_list"]):
        _check_part(part)
        if is_cost and (cut := _cut(part)):
            raise RuleRefused(f"{cut} would cut the cost; write DECIMAL(38,{SCALE})")
        found += part.get("class") == "COLUMN_REF"
    if found != places:
        raise RuleRefused("{…} stands inside quotes or a comment; in a regular expression repeat what is repeated")


def bind_rules(rules: Mapping[str, str]) -> None:
    """Try rules that were checked on a row without values; raises RuleRefused, `name: words`, where one cannot run."""
    settings: dict[str, Any] = {"enable_external_access": False, "lock_configuration": True, "memory_limit": "100MB"}
    with duckdb.connect(config=settings) as connection:
        for macro in MACROS:
            connection.execute(f"CREATE MACRO {macro}")
        for name, rule in rules.items():
            try:
                connection.execute(f"SELECT CAST({PLACE.sub('CAST(NULL AS VARCHAR)', rule)} AS VARCHAR)").fetchall()
            except duckdb.Error as error:
                raise RuleRefused(f"{name}: {_words(error)}") from None


def _parsed(sql: str) -> Any:
    try:
        with duckdb.connect() as connection:
            [row] = connection.execute(f"SELECT json_serialize_sql({literal(sql)})").fetchall()
    except duckdb.Error as error:
        raise RuleRefused(f"it is no SQL expression ({_words(error)})") from None
    tree = json.loads(row[0])
    if tree["error"]:
        raise RuleRefused(f"it is no SQL expression ({tree['error_message'].splitlines()[0][:160]})")
    return tree


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """Everything in a parsed expression that has a class, and every type."""
    if isinstance(tree, dict):
        if "class" in tree or "cast_type" in tree:
            yield tree
        for value in tree.values():
            yield from _parts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _parts(value)


def _check_part(part: Mapping[str, Any]) -> None:
    kind, detail = part.get("class"), str(part.get("type"))
    if kind == "OPERATOR":
        if detail not in OPERATORS:
            raise RuleRefused(f"it may not say {detail.removeprefix('OPERATOR_').lower().replace('_', ' ')}")
    elif kind not in PARTS:
        raise RuleRefused(f"it may not say {SAID.get(str(kind), str(kind).lower())}")
    if part.get("alias"):
        raise RuleRefused(f"it names something {part['alias']}")
    if kind == "COLUMN_REF":
        _check_column(part["column_names"])
    elif kind == "FUNCTION":
        _check_function(part)
    elif kind == "CONSTANT":
        _check_constant(part)
    type_name = part.get("type_name") or (part.get("cast_type") or {}).get("id")
    if type_name is not None and str(type_name).upper() not in TYPES:
        raise RuleRefused(f"it may not make a {str(type_name).upper()}; there are {', '.join(sorted(TYPES))}")


def _cut(part: Mapping[str, Any]) -> str:
    """The type that a part casts to, where it keeps less of an amount than the ledger; empty where it keeps all."""
    type_name = str(part.get("type_name") or (part.get("cast_type") or {}).get("id")).upper()
    if type_name in WHOLE_NUMBERS:
        return f"a whole number ({type_name})"
    scale = _scale(part)
    return f"a DECIMAL of {scale} places" if scale is not None and scale < SCALE else ""


def _scale(part: Mapping[str, Any]) -> int | None:
    """How many places the DECIMAL has that a part casts to, None where it casts to none."""
    if (cast := part.get("cast_type") or {}).get("id") == "DECIMAL":  # DuckDB 1.x
        return int((cast.get("type_info") or {}).get("scale", UNSAID_SCALE))
    if part.get("class") != "TYPE" or str(part.get("type_name")).upper() not in DECIMALS:
        return None
    given = [each.get("literal", {}).get("text", "") for each in part.get("children", ())]
    return UNSAID_SCALE if not given else int(given[1]) if len(given) > 1 and given[1].isdecimal() else 0


def _check_column(names: list[str]) -> None:
    if len(names) != 1 or not PLACE.fullmatch(names[0]):
        name = ".".join(names)
        raise RuleRefused(f"{name} is not known; a column is written in braces and small letters, as {{usage_date}}")


def _check_function(part: Mapping[str, Any]) -> None:
    name = str(part["function_name"]).lower()
    if name == "/":
        raise RuleRefused(DIVIDES)
    if name not in FUNCTIONS or part.get("schema") not in SCHEMAS:
        raise RuleRefused(f"there is no function {name} here; docs/howto/connect-a-source.md lists what there is")
    if part.get("distinct") or part.get("filter") or (part.get("order_bys") or {}).get("orders"):
        raise RuleRefused(f"{name} is of one row only")


def _check_constant(part: Mapping[str, Any]) -> None:
    """Numbers with an exponent are floating point to DuckDB."""
    constant = part.get("literal") or {}
    exponent = constant.get("kind") != "STRING" and re.fullmatch(r"[\d._]*[eE][+-]?\d+", str(constant.get("text", "")))
    if exponent or ((part.get("value") or {}).get("type") or {}).get("id") in ("DOUBLE", "FLOAT"):
        raise RuleRefused("a number with an exponent is floating point; write its digits out")


def _words(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:160]
