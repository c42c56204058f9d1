"""A mapping file: how bills of any columns become FOCUS, written by whoever runs the product.

The format is that of the product's own rules (storage/conversions/, described in conversion.py). What differs:

- its rules apply to the files of one source, whatever their columns are. `recognised_by` and `source` may be left out;
  columns that are named there, every file must have.
- a rule is held to what rule_sql.py lists.
- a moment may be a day, a moment of ISO 8601, or a month alone, which counts as its first day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from finops import focus
from finops.errors import ConfigurationRefused, DeliveryRefused
from finops.names import nearest
from storage.ledger.conversion import PLACE, Conversion, plain_name, small_name
from storage.ledger.provider_values import READABLE
from storage.ledger.rule_sql import RuleRefused, bind_rules, check_rule

KEYS = ("name", "source", "recognised_by", "version", "amounts", "columns", "tags", "remarks")
REQUIRED = ("name", "version", "columns")
LARGEST = 1 << 20
"""Bytes of a mapping file."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A mapping file that was read and may be used.

    Attributes:
        shown: its name in messages.
        sha256: of its bytes.
    """

    shown: str
    sha256: str
    conversion: Conversion

    def fits(self, names: Sequence[str], shown: str) -> list[str]:
        """Check the columns of a bill.

        Returns:
            Remarks: columns that the rules name and the bill does not have.

        Raises:
            DeliveryRefused: the bill lacks a column that every bill must have, or without which no figure can be made:
                to `amount` what is not there is 0.
        """
        present = {plain_name(name) for name in names}
        for one_of in self.conversion.recognised_by:
            if not present & set(map(plain_name, one_of)):
                reason = f"{shown}: it has no column {' or '.join(one_of)}, which {self.shown} asks for."
                raise DeliveryRefused(reason, mend="Deliver it with this column, or mend recognised_by.")
        absent: set[str] = set()
        for column, rule in self.conversion.columns.items():
            lacking = {place for place in PLACE.findall(rule) if not present & set(map(plain_name, place.split("|")))}
            if lacking and column in focus.ALWAYS_FILLED:
                reason = f"{shown}: it has no column {min(lacking)}, of which {self.shown} makes {column}."
                raise DeliveryRefused(reason, mend="Deliver it with this column, or mend the rule.")
            absent |= lacking
        return [f"{shown}: {self.shown} names {', '.join(sorted(absent))}, which it does not have."] if absent else []


def read_rules(path: Path) -> Rules:
    """Read a mapping file and check every rule in it.

    Raises:
        ConfigurationRefused: naming the file, the key, and what is wrong with it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationRefused(f"{path}: {error.strerror}.", "Mend `rules:`.") from None
    refuse = _Refusing(path.name)
    if len(content) > LARGEST:
        raise refuse("", f"it has {len(content):,} bytes, which no mapping has")
    stored = _loaded(content, refuse)
    columns = _checked_columns(stored, refuse)
    conversion = Conversion(
        name=str(stored["name"]),
        source=str(stored.get("source") or ""),
        recognised_by=tuple((each,) if isinstance(each, str) else tuple(each) for each in _recognised(stored, refuse)),
        version=str(stored["version"]),
        readable={kind: tuple(_texts(stored, kind, refuse)) if kind in KEYS else () for kind in READABLE},
        facts={},
        columns=columns,
        tags=_tags(stored, refuse),
        refusals=(),
        remarks=tuple(("", said) for said in _texts(stored, "remarks", refuse)),
    )
    return Rules(path.name, hashlib.sha256(content).hexdigest(), conversion)


@dataclass(frozen=True, slots=True)
class _Refusing:
    """Makes the refusal of a key."""

    shown: str

    def __call__(self, key: str, what: str) -> ConfigurationRefused:
        return ConfigurationRefused(
            f"{self.shown}{f', {key}' if key else ''}: {what}{'' if what.endswith('?') else '.'}"
        )


Refuse = Callable[[str, str], ConfigurationRefused]


def _loaded(content: bytes, refuse: Refuse) -> Mapping[str, Any]:
    """The file's keys, none of them twice or unknown."""
    try:
        node = yaml.compose(content, Loader=yaml.SafeLoader)
        stored = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise refuse("", f"it is no YAML ({' '.join(str(error).split())[:160]})") from None
    if not isinstance(stored, dict):
        raise refuse("", f"it is no mapping with the keys {', '.join(KEYS)}")
    if twice := next(_repeated(node, ""), ""):
        raise refuse(twice, "it stands twice")
    for key in stored:
        if key not in KEYS:
            near = nearest(str(key), KEYS, 1)
            raise refuse(str(key), "there is no such key" + (f"; did you mean {near[0]}?" if near else ""))
    if lacking := [key for key in REQUIRED if not stored.get(key)]:
        raise refuse(lacking[0], "it must be given")
    if str(stored["version"]) not in focus.VERSIONS:
        raise refuse("version", f"'{stored['version']}' is no version of FOCUS; there are {', '.join(focus.VERSIONS)}")
    return stored


def _repeated(node: Any, above: str) -> Iterator[str]:
    """Keys that stand twice in one mapping, dotted."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            name = f"{above}{key.value if isinstance(key, yaml.ScalarNode) else '?'}"
            if name in seen:
                yield name
            seen.add(name)
            yield from _repeated(value, f"{name}.")


def _checked_columns(stored: Mapping[str, Any], refuse: Refuse) -> dict[str, str]:
    """FOCUS column → its rule; every rule was found to say no more than it may, and to run."""
    version, columns = str(stored["version"]), stored["columns"]
    if not isinstance(columns, dict):
        raise refuse("columns", "it is no mapping of FOCUS columns to rules")
    known = focus.columns(version)
    for name, rule in columns.items():
        if name not in known:
            near = nearest(str(name), list(known), 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise refuse(f"columns.{name}", f"FOCUS {version} has no such column{hint}")
        if not isinstance(rule, str):
            raise refuse(f"columns.{name}", f'a rule is SQL in quotes, such as "\'USD\'" or "{{cost}}", not {rule!r}')
        try:
            check_rule(rule, is_cost=name.endswith("Cost"))
        except RuleRefused as problem:
            raise refuse(f"columns.{name}", str(problem)) from None
    if lacking := focus.missing(list(columns), version)[0]:
        raise refuse(f"columns.{lacking[0]}", "it must be given, as no figure can be made without it")
    rules = {name: _enclosed(rule, known[name].type == "DateTime") for name, rule in columns.items()}
    try:
        bind_rules(rules)
    except RuleRefused as problem:
        name, _, words = str(problem).partition(": ")
        raise refuse(f"columns.{name}", words) from None
    return rules


def _enclosed(rule: str, is_moment: bool) -> str:
    """A rule as it is run, whatever stands beside it."""
    # The end of the line ends a comment: without it, a comment in one rule would open the quotes of the next.
    alone = f"({rule}\n)"
    return f"moment(CAST({alone} AS VARCHAR))" if is_moment else alone


def _texts(stored: Mapping[str, Any], key: str, refuse: Refuse) -> list[str]:
    value = stored.get(key) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise refuse(key, "it is no list of texts")
    return value


def _recognised(stored: Mapping[str, Any], refuse: Refuse) -> list[str | list[str]]:
    value = stored.get("recognised_by") or []
    flat = [each for one in value for each in (one if isinstance(one, list) else [one])]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in flat):
        raise refuse("recognised_by", "it is no list of column names")
    if strange := next((each for each in flat if small_name(each) != each), None):
        raise refuse("recognised_by", f"'{strange}' is written {small_name(strange)} here")
    found: list[str | list[str]] = value
    return found


def _tags(stored: Mapping[str, Any], refuse: Refuse) -> dict[str, str]:
    value = stored.get("tags") or {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for pair in value.items() for text in pair):
        raise refuse("tags", "it is no mapping of column beginnings to texts")
    return value
