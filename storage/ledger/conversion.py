"""Bills that are not FOCUS: told by their columns, and turned into FOCUS by a table of rules.

The rules are data, one file for each kind of bill (storage/conversions/*.yaml):

    name: what it is called in messages
    source: where the provider describes its columns
    recognised_by: columns that every such bill has; a list stands for any of its names
    version: the FOCUS version that the rules give
    amounts, moments, months, lists_of_amounts: columns whose values are that or nothing; others refuse the bill
    facts: name → SQL aggregate over the whole bill; {name} then stands for it in the columns
    columns: FOCUS column → SQL; {name} is the text of a column of the bill, {one|other} of the first that it has
    tags: beginnings of the names of columns that hold one tag each → what stands for it in the tag's key
    costs: facts that tell which of the provider's two costs a bill shows → what that is called
    refusals: facts that make the bill unusable, and what is then said
    remarks: what whoever ingests such a bill should know; with `when`, only where that fact is true

Column names are compared by their letters and digits alone: lineItem/UsageStartDate, as AWS writes it, is
line_item_usage_start_date, as Athena does. A column within a struct is named service.description.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import yaml

from finops import focus
from finops.errors import DeliveryRefused
from storage.engines.duckdb import DuckDBEngine, literal, parquet, quoted
from storage.ledger.provider_values import MACROS, READABLE
from storage.ledger.workplace import OUTSIDE

MOST_FAULTS = 20
PLACE = re.compile(r"\{([a-z0-9_|]+)\}")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A kind of bill that is not FOCUS, and the rules that make it so.

    Attributes:
        version: of FOCUS that the rules give.
        readable: key of READABLE → the columns that hold such values.
        facts: name → SQL aggregate over the bill's columns.
        columns: FOCUS column → SQL over the bill's columns, as text.
        tags: beginnings of the names of columns that hold one tag each → what stands for it in the tag's key.
        refusals: the fact for which the bill is refused, and what is then said.
        remarks: the fact that must be true, '' for none, and what is then said.
        costs: fact → which of a provider's two costs a bill then shows.
    """

    name: str
    source: str
    recognised_by: tuple[tuple[str, ...], ...]
    version: str
    readable: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, str]
    columns: Mapping[str, str]
    tags: Mapping[str, str]
    refusals: tuple[tuple[str, str], ...]
    remarks: tuple[tuple[str, str], ...]
    costs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Converted:
    """What is to be said of a bill that was written as FOCUS.

    Attributes:
        remarks: which kind of bill it is, what should be known of it, and which mandatory columns it does not fill.
        cost: which of the provider's two costs its rows show, '' where there is one, or nothing tells.
    """

    remarks: tuple[str, ...]
    cost: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a bill: the SQL that reads it, and its DuckDB type."""

    sql: str
    kind: str


def plain_name(name: str) -> str:
    """A column's name without case and whatever providers part its words with."""
    return re.sub(r"[^0-9a-z]", "", name.lower())


def small_name(name: str) -> str:
    """A column's name in small letters: Cost (USD) is cost_usd."""
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")


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
    return next((each for each in conversions() if not _lacking(each, names)), None)


def resembled(names: Sequence[str]) -> str:
    """What a bill of no known kind lacks to be of the one that it looks most like; '' where it looks like none."""
    nearest = min(conversions(), key=lambda each: len(_lacking(each, names)) / len(each.recognised_by))
    lacking = _lacking(nearest, names)
    if len(lacking) * 2 > len(nearest.recognised_by):
        return ""
    columns = ", ".join(" or ".join(one_of) for one_of in lacking)
    return f"It looks like {nearest.name}, but has no column {columns}."


def _lacking(conversion: Conversion, names: Sequence[str]) -> list[tuple[str, ...]]:
    present = {plain_name(name) for name in names}
    return [one_of for one_of in conversion.recognised_by if not present & set(map(plain_name, one_of))]


def columns_of(engine: DuckDBEngine, bill: Path) -> dict[str, Column]:
    """The columns of a Parquet file by name, those within its structs among them: service.description."""
    types = engine.columns(f"SELECT * FROM {parquet(bill)}")
    found = {name: Column(quoted(name), kind) for name, kind in types.items()}
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        struct = found[name]
        if struct.kind.startswith("STRUCT(") and struct.kind.endswith(")"):
            inside = engine.columns(f"SELECT unnest({struct.sql}) FROM {parquet(bill)}")
            for child, kind in inside.items():
                found[f"{name}.{child}"] = Column(f"struct_extract({struct.sql}, {literal(child)})", kind)
                waiting.append(f"{name}.{child}")
    return found


def convert(engine: DuckDBEngine, conversion: Conversion, bill: Path, target: Path, shown: str) -> Converted:
    """Write a bill as FOCUS rows, every column as text.

    Args:
        bill: the Parquet file that holds it.
        target: the Parquet file to be written.
        shown: the bill's name in messages.

    Raises:
        DeliveryRefused: a value cannot be read, or the rules do not fit the bill.
    """
    columns = columns_of(engine, bill)
    own: dict[str, Column] = {}
    for name, column in columns.items():
        own.setdefault(plain_name(name), column)
    for macro in MACROS:
        engine.run(f"CREATE OR REPLACE MACRO {macro}")
    try:
        _refuse_unreadable(engine, conversion, bill, columns, shown)
        facts = _facts(engine, conversion, bill, own)
        true = {""} | {name for name, value in facts.items() if value.sql == "'true'"}
        if said := next((said for when, said in conversion.refusals if plain_name(when) in true), ""):
            raise DeliveryRefused(f"{shown}: {said}")
        selected = {name: f"CAST({_sql(rule, own | facts)} AS VARCHAR)" for name, rule in conversion.columns.items()}
        if tags := _tags(conversion, columns):
            selected["Tags"] = tags
        sql = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in selected.items())
        engine.run(f"COPY (SELECT {sql} FROM {parquet(bill)}) TO {literal(target)} (FORMAT parquet)")
    except OUTSIDE:
        raise
    except duckdb.Error as error:
        words = (str(error).splitlines() or [""])[0][:200]
        raise DeliveryRefused(f"{shown}: cannot be turned into FOCUS ({words}).") from None
    remarks = [f"{shown}: {said}" for when, said in conversion.remarks if plain_name(when) in true]
    mandatory = [each.name for each in focus.columns(conversion.version).values() if each.mandatory]
    if empty := [name for name in mandatory if name not in conversion.columns]:
        remarks.append(f"{shown}: the bill has nothing for {', '.join(empty)}.")
    cost = next((cost for fact, cost in conversion.costs.items() if plain_name(fact) in true), "")
    return Converted((f"{shown}: {conversion.name}, read as FOCUS {conversion.version}.", *remarks), cost)


def _facts(engine: DuckDBEngine, conversion: Conversion, bill: Path, own: Mapping[str, Column]) -> dict[str, Column]:
    """What is true of the whole bill, each as a column that has the same value in every row."""
    if not conversion.facts:
        return {}
    sql = ", ".join(f"CAST({_sql(rule, own)} AS VARCHAR) AS {name}" for name, rule in conversion.facts.items())
    values = engine.rows(f"SELECT {sql} FROM {parquet(bill)}")[0]
    return {
        plain_name(name): Column("NULL" if value is None else literal(value), "VARCHAR")
        for name, value in zip(conversion.facts, values, strict=True)
    }


def _sql(rule: str, own: Mapping[str, Column]) -> str:
    """A rule with the bill's own columns in it, NULL for those that it does not have."""

    def place(match: re.Match[str]) -> str:
        column = next((own[plain_name(name)] for name in match[1].split("|") if plain_name(name) in own), None)
        return "CAST(NULL AS VARCHAR)" if column is None else _text(column)

    return PLACE.sub(place, rule)


def _text(column: Column) -> str:
    """SQL of a column's value as text; nothing where the bill says that it has none."""
    if column.kind.startswith(("STRUCT", "MAP")) or column.kind.endswith("]"):
        return f"CAST(to_json({column.sql}) AS VARCHAR)"
    nulls = ", ".join(literal(token) for token in focus.NULL_TOKENS)
    text = column.sql if column.kind == "VARCHAR" else f"CAST({column.sql} AS VARCHAR)"
    return f"CASE WHEN {text} NOT IN ({nulls}) THEN {text} END"


def _tags(conversion: Conversion, columns: Mapping[str, Column]) -> str:
    """SQL of the tags of a bill with a column for each, as JSON without empty ones; '' where it has none."""
    entries = []
    for name, column in columns.items():
        for prefix, stands_for in conversion.tags.items():
            if name.lower().startswith(prefix.lower()) and len(name) > len(prefix):
                entries.append(f"{literal(stands_for + name[len(prefix) :])}, {_text(column)}")
                break
    return f"CAST(json_merge_patch('{{}}', json_object({', '.join(entries)})) AS VARCHAR)" if entries else ""


def _refuse_unreadable(
    engine: DuckDBEngine, conversion: Conversion, bill: Path, columns: Mapping[str, Column], shown: str
) -> None:
    """Raise DeliveryRefused where a value is not what its column holds, naming up to 20 rows."""
    bad: list[tuple[str, str, str, str]] = []
    for kind, named in conversion.readable.items():
        told_by, words = READABLE[kind]
        for name in [name for name in columns if plain_name(name) in map(plain_name, named)]:
            text = _text(columns[name])
            bad.append((name, text, f"(({text}) IS NOT NULL AND NOT COALESCE({told_by}({text}), false))", words))
    if not bad:
        return
    any_bad = " OR ".join(condition for _, _, condition, _ in bad)
    if not engine.rows(f"SELECT count(*) FROM {parquet(bill)} WHERE {any_bad}")[0][0]:
        return
    found = []
    for name, text, condition, words in bad:
        rows = engine.rows(
            f"SELECT file_row_number + 1 AS row, {text} FROM {parquet(bill, 'file_row_number = true')} "
            f"WHERE {condition} ORDER BY row LIMIT {MOST_FAULTS}"
        )
        found += [(row, f"{shown}, row {row}, column {name}: {value[:60]!r} {words}") for row, value in rows]
    faults = tuple(fault for _, fault in sorted(found, key=lambda each: each[0])[:MOST_FAULTS])
    raise DeliveryRefused(faults[0], faults)


def _conversion(stored: Mapping[str, Any]) -> Conversion:
    remarks = [each if isinstance(each, dict) else {"say": each, "when": ""} for each in stored.get("remarks", [])]
    return Conversion(
        stored["name"],
        stored["source"],
        tuple((each,) if isinstance(each, str) else tuple(each) for each in stored["recognised_by"]),
        stored["version"],
        {kind: tuple(stored.get(kind, [])) for kind in READABLE},
        stored.get("facts", {}),
        stored["columns"],
        stored.get("tags", {}),
        tuple((each["when"], each["say"]) for each in stored.get("refusals", [])),
        tuple((each["when"], each["say"]) for each in remarks),
        stored.get("costs", {}),
    )
