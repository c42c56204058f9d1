"""Which team a bill row belongs to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

UNALLOCATED = "unallocated"
"""The team of every row that no scope matches: shown, never dropped."""
TRUE = "true"
"""The value of a tag that has none."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What decides the team of a bill row; every value as billed, None where the bill has none.

    Attributes:
        tags: normalised key (see tag_key) → value.
    """

    provider: str | None
    sub_account_id: str | None
    sub_account_name: str | None
    service: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Rule:
    """One entry of a scope: every list that is given must hold the charge's value.

    Attributes:
        tag: tag key → accepted values, '*' accepting any.
    """

    sub_account_id: tuple[str, ...] = ()
    sub_account_name: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    tag: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def matches(self, charge: Charge) -> bool:
        """Whether the charge satisfies all that this rule names."""
        named = (
            (self.sub_account_id, charge.sub_account_id),
            (self.sub_account_name, charge.sub_account_name),
            (self.service, charge.service),
            (self.provider, charge.provider),
        )
        return all(value in wanted for wanted, value in named if wanted) and all(
            (value := charge.tags.get(tag_key(key))) is not None and (value in wanted or "*" in wanted)
            for key, wanted in self.tag.items()
        )


def tag_key(key: str) -> str:
    """A tag key as it is compared: providers differ in case and spaces, so 'Cost Center' is 'costcenter'."""
    return re.sub(r"\s+", "", key).casefold()


def parse_tags(text: str | None) -> dict[str, str]:
    """Tags from a bill's JSON text (an object, or a map's list of key and value), keys normalised.

    A valueless tag is 'true'; null, an empty text and text that is no JSON object give no tags. Of keys that are the
    same after normalising, the first with a value counts.
    """
    try:
        loaded = json.loads(text, object_pairs_hook=list) if text else None
    except ValueError:
        return {}
    tags: dict[str, str] = {}
    for pair in loaded if isinstance(loaded, list) else ():
        if isinstance(pair, tuple) and len(pair) == 2:
            tags.setdefault(tag_key(pair[0]), _tag_value(pair[1]))
    return tags


def _tag_value(value: object) -> str:
    if value is None or value is True or value == "":
        return TRUE
    return value.strip() if isinstance(value, str) else json.dumps(value)


@lru_cache(maxsize=100_000)
def slug(text: str) -> str:
    """A name as a team's slug: lower case, everything but letters and digits as single hyphens."""
    return re.sub(r"[^\w]+|_", "-", text.casefold()).strip("-") or "unnamed"


@dataclass(frozen=True, slots=True)
class Derived:
    """Teams made from the bill itself: every value of one tag or column becomes a team.

    Attributes:
        tag: the tag key, or None.
        column: SubAccountId, SubAccountName, ServiceName or ServiceProviderName (ProviderName), or None.
    """

    tag: str | None = None
    column: str | None = None

    def value(self, charge: Charge) -> str | None:
        """The value that names the charge's team, None where it has none."""
        if self.tag is not None:
            return charge.tags.get(tag_key(self.tag))
        return {
            "SubAccountId": charge.sub_account_id,
            "SubAccountName": charge.sub_account_name,
            "ServiceName": charge.service,
        }.get(self.column or "", charge.provider)


class Resolver:
    """Finds the team of a charge: the first listed team whose scope matches, else the derived one, else unallocated.

    Args:
        scopes: team slug → its rules, any of which may match; order decides between two that do.
        derived: how teams are made from the rest, or None.
    """

    def __init__(self, scopes: Iterable[tuple[str, tuple[Rule, ...]]], derived: Derived | None = None) -> None:
        self._derived = derived
        self._rules: list[tuple[str, Rule]] = []
        self._by_value: dict[tuple[str, str], list[int]] = {}
        self._unindexed: list[int] = []
        for team, rules in scopes:
            for rule in rules:
                self._index(len(self._rules), rule)
                self._rules.append((team, rule))

    def _index(self, number: int, rule: Rule) -> None:
        """File the rule under one of the values it demands, so that 10,000 teams cost one look-up and not 10,000."""
        for key, values in rule.tag.items():
            if "*" not in values:
                return self._file(number, "tag:" + tag_key(key), values)
        for name in ("sub_account_id", "sub_account_name", "service", "provider"):
            if values := getattr(rule, name):
                return self._file(number, name, values)
        self._unindexed.append(number)

    def _file(self, number: int, name: str, values: Iterable[str]) -> None:
        for value in values:
            self._by_value.setdefault((name, value), []).append(number)

    def resolve(self, charge: Charge) -> tuple[str, str]:
        """The team's slug and its name as billed (the slug itself for listed teams)."""
        candidates = list(self._unindexed)
        for name in ("sub_account_id", "sub_account_name", "service", "provider"):
            candidates += self._by_value.get((name, getattr(charge, name) or ""), ())
        for key, value in charge.tags.items():
            candidates += self._by_value.get(("tag:" + key, value), ())
        for number in sorted(candidates):
            team, rule = self._rules[number]
            if rule.matches(charge):
                return team, team
        value = self._derived.value(charge) if self._derived else None
        return (slug(value), value) if value else (UNALLOCATED, UNALLOCATED)
