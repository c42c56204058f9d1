"""A FOCUS table as an engine has it: its name, its columns, and what the queries make of their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from finops import focus
from finops.errors import FinopsError
from finops.money import SCALE
from storage.engines.engine import EngineKind

DECIMAL = f"DECIMAL(38,{SCALE})"


class TableRefused(FinopsError):
    """A table is not a typed FOCUS table."""


class Kind(StrEnum):
    """What the queries make of a column's type."""

    DECIMAL = "decimal"
    DOUBLE = "double"
    DATE = "date"
    MOMENT = "moment"
    """a time without an offset: UTC"""
    INSTANT = "instant"
    """a time with an offset, or that the engine keeps in UTC"""
    TEXT = "text"
    NESTED = "nested"
    """JSON, a map, or a list of keys and values"""
    OTHER = "other"


_T = exp.DataType.Type
KINDS = {
    Kind.DECIMAL: {*exp.DataType.INTEGER_TYPES, _T.DECIMAL, _T.BIGDECIMAL, _T.INT128, _T.INT256},
    Kind.DOUBLE: {_T.DOUBLE, _T.FLOAT},
    Kind.DATE: {_T.DATE},
    Kind.MOMENT: {_T.TIMESTAMP, _T.TIMESTAMPNTZ, _T.DATETIME, _T.TIMESTAMP_S, _T.TIMESTAMP_MS, _T.TIMESTAMP_NS},
    Kind.INSTANT: {_T.TIMESTAMPTZ, _T.TIMESTAMPLTZ},
    Kind.TEXT: {*exp.DataType.TEXT_TYPES},
    Kind.NESTED: {_T.JSON, _T.JSONB, _T.MAP, _T.VARIANT, _T.OBJECT, _T.ARRAY, _T.LIST},
}
COST_KINDS = (Kind.DECIMAL, Kind.DOUBLE)
TIME_KINDS = (Kind.DATE, Kind.MOMENT, Kind.INSTANT)
TAG_KINDS = (Kind.TEXT, Kind.NESTED)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a bill's table: its name there, and what is made of its type."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Bill:
    """A FOCUS table as an engine sees it.

    Attributes:
        relation: FROM-clause text in the engine's dialect.
        columns: key of focus.READ_FROM, or of focus.tag_columns → the table's column; a key that the table has nothing
            for is left out.
        version: of FOCUS, as recognised.
    """

    relation: str
    columns: Mapping[str, Column]
    version: str

    @property
    def has_doubles(self) -> bool:
        """Whether a cost is a double, so that the engine's way of writing one matters."""
        return any(self.columns[name].kind is Kind.DOUBLE for name in focus.COSTS)


def relation_of(kind: EngineKind, table: str) -> str:
    """FROM-clause text of a table as configured; raises TableRefused where it names none."""
    try:
        parsed = sqlglot.parse_one(f"SELECT * FROM {kind.relation(table)}", dialect=kind.dialect)
        relation = parsed.args["from_"].this
    except (SqlglotError, KeyError):
        parsed, relation = exp.Select(), exp.Select()
    known = isinstance(relation, exp.Table) and set(k for k, v in parsed.args.items() if v) == {"expressions", "from_"}
    # Of names alone: no function, sample or other time. What an engine makes of a pattern of files is its own.
    named = kind.relation is not str or {type(part) for part in relation.walk()} <= {exp.Table, exp.Dot, exp.Identifier}
    if not known or not named or {name for name, given in relation.args.items() if given} - {"this", "db", "catalog"}:
        raise TableRefused(f"'{table}' names no table.", f"`table` is a {kind.table}.")
    # Unquoted names are made what the engine takes them for: quoted as they stand, they would be others to Snowflake.
    for name in relation.find_all(exp.Identifier):
        if not name.quoted:
            sqlglot.Dialect.get_or_raise(kind.dialect).normalize_identifier(name)
    return str(relation.sql(kind.dialect, identify=True))


def bill_of(table: str, relation: str, types: Mapping[str, str], dialect: str) -> Bill:
    """A bill from a table's own columns, by their names without regard to case and underscores.

    Args:
        table: as shown to people.
        types: column → type, as the engine writes them.

    Raises:
        TableRefused: a column is missing that no figure can do without, stands twice, or has a type that is not taken.
    """
    own = focus.own_names(types)
    if column := next((column for column in types if column not in own.values()), ""):
        same = next(each for each in own.values() if focus.plain_name(each) == focus.plain_name(column))
        raise TableRefused(f"{table}: the columns {same} and {column} are the same to FOCUS.")
    version = focus.recognise(types)
    if needed := focus.missing(types, version)[0]:
        raise TableRefused(f"{table}: not a usable FOCUS table, it has no column {', '.join(needed)}.")
    found = {name: read for name in focus.READ_FROM if (read := focus.read_from(name, types))} | focus.tag_columns(
        types
    )
    columns = {name: Column(column, kind_of(types[column], dialect)) for name, column in found.items()}
    taken = {
        **dict.fromkeys(focus.COSTS, COST_KINDS),
        **dict.fromkeys(focus.TIMES, TIME_KINDS),
        **dict.fromkeys(("Tags", *focus.GOOGLE_TAGS), TAG_KINDS),
    }
    for name, kinds in taken.items():
        if name in columns and columns[name].kind not in kinds:
            raise TableRefused(
                f"{table}: the column {columns[name].name} is {types[columns[name].name]}.",
                f"Name a view in which it is {_WANTED[kinds]}.",
            )
    return Bill(relation, columns, version)


_WANTED = {
    COST_KINDS: f"{DECIMAL} (or a double)",
    TIME_KINDS: "a TIMESTAMP in UTC",
    TAG_KINDS: "JSON text, JSON or a map",
}


def kind_of(type_name: str, dialect: str) -> Kind:
    """What a type is to the queries."""
    try:
        own = exp.DataType.build(type_name, dialect=dialect).this
    except SqlglotError:
        return Kind.OTHER
    return next((kind for kind, types in KINDS.items() if own in types), Kind.OTHER)
