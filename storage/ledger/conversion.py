"""Bills that are not FOCUS: told by their columns, and turned into FOCUS by a table of rules.

The rules are data, one file for each kind of bill (storage/conversions/*.yaml):

    name: what it is called in messages
    source: where the provider describes its columns
    recognised_by: columns that every such bill has; a list stands for any of its names
    versions: the FOCUS version that the rules give
    amounts: columns that hold a decimal number or nothing
    columns: FOCUS column → SQL; {name} is the text of a column of the bill, {one|other} of the first that it has
    remarks: what whoever ingests such a bill should know

Column names are compared as Athena writes them: lineItem/UsageStartDate and line_item_usage_start_date are the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb
import yaml

from finops import focus
from finops.errors import DeliveryRefused
from storage.engines.duckdb import DuckDBEngine, literal, quoted
from storage.ledger.charges import DECIMAL_TEXT
from storage.ledger.workplace import OUTSIDE

MOST_FAULTS = 20
MONTH_FIRST = r"^(\d{1,2})/(\d{1,2})/(\d{4})$"
"""9/21/2023 or 09/21/2023, as Azure's exports write a day: the month stands first."""
MACROS = (
    # An amount that is empty is none; what is no number was refused before.
    "amount(x) AS COALESCE(TRY_CAST(x AS DECIMAL(38,18)), 0)",
    f"moment(x) AS CASE WHEN regexp_matches(trim(x), '{MONTH_FIRST}') "
    f"THEN CAST(TRY_CAST(regexp_replace(trim(x), '{MONTH_FIRST}', '\\3-\\1-\\2') AS DATE) AS VARCHAR) "
    "ELSE trim(x) END",
    "month_begin(x) AS strftime(date_trunc('month', TRY_CAST(moment(x) AS TIMESTAMP)), '%Y-%m-%d')",
    "month_end(x) AS strftime(date_trunc('month', TRY_CAST(moment(x) AS TIMESTAMP)) + INTERVAL 1 MONTH, '%Y-%m-%d')",
    "day_after(x) AS strftime(TRY_CAST(moment(x) AS TIMESTAMP) + INTERVAL 1 DAY, '%Y-%m-%d')",
    # A JSON list of objects with key and value, as Google writes labels, as one object.
    "pairs(x) AS CASE WHEN json_array_length(x) > 0 THEN to_json(map_from_entries(list_transform(CAST(x AS JSON[]), "
    "lambda pair: struct_pack(name := pair->>'key', is := COALESCE(pair->>'value', ''))))) END",
    # AWS tells people's tags from its own by how the key begins.
    "aws_tags(x) AS CASE WHEN json_valid(x) AND json_type(x) = 'OBJECT' THEN to_json(map_from_entries(list_transform("
    "json_keys(x), lambda key: struct_pack(name := regexp_replace(regexp_replace(key, '^user[_:]', ''), '^aws_', "
    "'aws:'), is := json_extract_string(x, '$.' || to_json(key)))))) END",
)
PLACE = re.compile(r"\{([a-z0-9_|]+)\}")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A kind of bill that is not FOCUS, and the rules that make it so.

    Attributes:
        version: of FOCUS that the rules give.
        columns: FOCUS column → SQL over the bill's columns, as text.
        tags: beginnings of the names of columns that hold one tag each → what stands for it in the tag's key.
    """

    name: str
    source: str
    recognised_by: tuple[tuple[str, ...], ...]
    version: str
    amounts: tuple[str, ...]
    columns: Mapping[str, str]
    tags: Mapping[str, str]
    remarks: tuple[str, ...]


def plain_name(name: str) -> str:
    """A column's name as Athena writes it: lineItem/UsageStartDate is line_item_usage_start_date."""
    words = re.sub(r"(?<=[^A-Z_/ .:])(?=[A-Z])|(?<=[A-Z])(?=[A-Z])", "_", name)
    return re.sub(r"[^0-9a-z]+", "_", words.lower()).strip("_")


@cache
def conversions() -> tuple[Conversion, ...]:
    """Every kind of bill that is known, in a fixed order."""
    folder = files("storage").joinpath("conversions")
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return tuple(_conversion(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in found)


def conversion_of(names: Sequence[str]) -> Conversion | None:
    """The kind of bill that columns are of, None where they are of FOCUS or of nothing known."""
    if not focus.missing(names, focus.recognise(names))[0]:
        return None
    present = {plain_name(name) for name in names}
    return next(
        (each for each in conversions() if all(present & set(one_of) for one_of in each.recognised_by)),
        None,
    )


def convert(
    engine: DuckDBEngine, conversion: Conversion, raw: str, types: Mapping[str, str], target: Path, shown: str
) -> list[str]:
    """Write a bill as FOCUS rows, every column as text.

    Args:
        raw: FROM-clause text of the bill.
        types: its columns with their DuckDB types.
        target: the Parquet file to be written.
        shown: the bill's name in messages.

    Returns:
        Remarks: which kind of bill it is, and which mandatory columns it does not fill.

    Raises:
        DeliveryRefused: an amount or a moment cannot be read, or the rules do not fit the bill.
    """
    own: dict[str, str] = {}
    for name in types:
        own.setdefault(plain_name(name), name)
    _refuse_unreadable(engine, conversion, raw, types, own, shown)
    for macro in MACROS:
        engine.run(f"CREATE OR REPLACE MACRO {macro}")
    selected = {name: f"CAST({_sql(rule, own, types)} AS VARCHAR)" for name, rule in conversion.columns.items()}
    if tags := _tags(conversion, types):
        selected["Tags"] = tags
    columns = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in selected.items())
    try:
        engine.run(f"COPY (SELECT {columns} FROM {raw}) TO {literal(target)} (FORMAT parquet)")
    except OUTSIDE:
        raise
    except duckdb.Error as error:
        words = (str(error).splitlines() or [""])[0][:200]
        raise DeliveryRefused(f"{shown}: cannot be turned into FOCUS ({words}).") from None
    return [f"{shown}: {conversion.name}, read as FOCUS {conversion.version}.", *_remarks(conversion, shown)]


def _remarks(conversion: Conversion, shown: str) -> list[str]:
    mandatory = [each.name for each in focus.columns(conversion.version).values() if each.mandatory]
    empty = [name for name in mandatory if name not in conversion.columns]
    said = [f"{shown}: {remark}" for remark in conversion.remarks]
    return said + ([f"{shown}: the bill has nothing for {', '.join(empty)}."] if empty else [])


def _sql(rule: str, own: Mapping[str, str], types: Mapping[str, str]) -> str:
    """A rule with the bill's own columns in it, NULL for those that it does not have."""

    def place(match: re.Match[str]) -> str:
        column = next((own[name] for name in match[1].split("|") if name in own), None)
        return "CAST(NULL AS VARCHAR)" if column is None else _text(column, types)

    return PLACE.sub(place, rule)


def _text(column: str, types: Mapping[str, str]) -> str:
    """SQL of a column's value as text; nothing where the bill says that it has none."""
    kind, name = types[column], quoted(column)
    if kind.startswith(("STRUCT", "MAP")) or kind.endswith("[]"):
        return f"CAST(to_json({name}) AS VARCHAR)"
    nulls = ", ".join(literal(token) for token in focus.NULL_TOKENS)
    text = name if kind == "VARCHAR" else f"CAST({name} AS VARCHAR)"
    return f"CASE WHEN {text} NOT IN ({nulls}) THEN {text} END"


def _tags(conversion: Conversion, types: Mapping[str, str]) -> str:
    """SQL of the tags of a bill with a column for each, as JSON without empty ones; '' where it has none."""
    entries = []
    for column in types:
        for prefix, stands_for in conversion.tags.items():
            if column.startswith(prefix) and len(column) > len(prefix):
                entries.append(f"{literal(stands_for + column[len(prefix) :])}, {_text(column, types)}")
                break
    return f"CAST(json_merge_patch('{{}}', json_object({', '.join(entries)})) AS VARCHAR)" if entries else ""


def _refuse_unreadable(
    engine: DuckDBEngine,
    conversion: Conversion,
    raw: str,
    types: Mapping[str, str],
    own: Mapping[str, str],
    shown: str,
) -> None:
    """Raise DeliveryRefused where an amount is no number, naming up to 20 rows."""
    columns = [own[name] for name in conversion.amounts if name in own and types[own[name]] == "VARCHAR"]
    if not columns:
        return
    bad = {
        column: f"NOT regexp_matches(COALESCE({_text(column, types)}, '0'), {literal(DECIMAL_TEXT)})"
        for column in columns
    }
    if not engine.rows(f"SELECT count(*) FROM {raw} WHERE {' OR '.join(bad.values())}")[0][0]:
        return
    faults = []
    for column, condition in bad.items():
        numbered = f"SELECT row_number() OVER () AS row, {quoted(column)} AS value FROM {raw}"
        found = engine.rows(
            f"SELECT row, value FROM ({numbered}) WHERE {condition.replace(quoted(column), 'value')} "
            f"ORDER BY row LIMIT {MOST_FAULTS}"
        )
        faults += [
            f"{shown}, row {row}, column {column}: {value[:60]!r} is not a decimal number." for row, value in found
        ]
    faults = faults[:MOST_FAULTS]
    raise DeliveryRefused(faults[0], tuple(faults))


def _conversion(stored: Mapping[str, object]) -> Conversion:
    def names(key: str) -> tuple[str, ...]:
        found = stored.get(key) or ()
        assert isinstance(found, list | tuple)
        return tuple(str(each) for each in found)

    columns = stored["columns"]
    tags = stored.get("tags") or {}
    known = stored["recognised_by"]
    assert isinstance(columns, Mapping) and isinstance(tags, Mapping) and isinstance(known, list)
    return Conversion(
        str(stored["name"]),
        str(stored["source"]),
        tuple((each,) if isinstance(each, str) else tuple(each) for each in known),
        str(stored["version"]),
        names("amounts"),
        {str(name): str(rule) for name, rule in columns.items()},
        {str(prefix): str(key) for prefix, key in tags.items()},
        names("remarks"),
    )
