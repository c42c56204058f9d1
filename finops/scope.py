"""Which team a bill row belongs to."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

UNALLOCATED = "unallocated"
"""The team of every row that no scope matches: shown, never dropped."""
OBJECTS_AS_PAIRS = json.JSONDecoder(object_pairs_hook=list)
"""Made once: a bill has tens of thousands of different tags, and making one takes half of a short text's reading."""
TRUE = "true"
"""The value of a tag that has none."""
ALL = ("", "")
"""Where a rule is looked up that names nothing and so matches everything."""


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


@lru_cache(maxsize=10_000)
def tag_key(key: str) -> str:
    """A tag key as it is compared: providers differ in case and spaces, so 'Cost Center' is 'costcenter'."""
    return re.sub(r"\s+", "", key).casefold()


def parse_tags(text: str | None) -> dict[str, str]:
    """Tags from a bill's JSON text (an object, a list of keys and values, or a list of such lists), keys normalised.

    A valueless tag is 'true'; null, an empty text and text that is no JSON object give no tags. Of keys that are the
    same after normalising, the first with a value counts.
    """
    try:
        loaded = OBJECTS_AS_PAIRS.decode(text) if text else None
    except (ValueError, RecursionError):
        return {}
    tags: dict[str, str] = {}
    for item in _items(loaded) if isinstance(loaded, list) else ():
        if (pair := _pair(item)) and tags.get(tag_key(pair[0]), TRUE) == TRUE:
            tags[tag_key(pair[0])] = _tag_value(pair[1])
    return tags


def _items(loaded: list[object]) -> Iterator[object]:
    """The members of a list, those of lists of lists among them."""
    for item in loaded:
        if isinstance(item, list) and item and all(isinstance(member, list) for member in item):
            yield from item
        else:
            yield item


def _pair(item: object) -> tuple[str, object] | None:
    """Key and value from an object's member (a tuple), or from {"key": …, "value": …} or [key, value] in a list."""
    if isinstance(item, tuple):
        return item
    if not isinstance(item, list):
        return None
    if all(isinstance(member, tuple) for member in item):
        named = {name.lower(): value for name, value in item}
        item = [named.get("key"), named.get("value")]
    return (item[0], item[1]) if len(item) == 2 and isinstance(item[0], str) else None


def _tag_value(value: object) -> str:
    if value is None or value is True:
        return TRUE
    text = value if isinstance(value, str) else json.dumps(value)
    if text.isascii() and "\x00" not in text:
        return text.strip() or TRUE
    # A database takes neither a NUL nor half of a surrogate pair, both of which JSON can spell.
    return text.replace("\x00", "").encode(errors="replace").decode().strip() or TRUE


LONGEST_SLUG = 100
"""Longer ones end in a digest: a team is part of a key, and PostgreSQL's keys hold 2,700 bytes."""


@lru_cache(maxsize=100_000)
def slug(text: str) -> str:
    """A name as a team's slug: lower case, everything but letters, their marks and digits as single hyphens.

    What would be empty or too long is told apart by a digest of the name.
    """
    kept = (letter if unicodedata.category(letter)[0] in "LMN" else "-" for letter in text.casefold())
    made = re.sub("-+", "-", "".join(kept)).strip("-")
    if made and len(made) <= LONGEST_SLUG:
        return made
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:10]
    return f"{made[: LONGEST_SLUG - 11].strip('-') or 'unnamed'}-{digest}"


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
        self._rules = [(team, rule) for team, rules in scopes for rule in rules]
        demands = [_demands(rule) for _, rule in self._rules]
        common = Counter((name, value) for found in demands for name, values in found for value in values)
        self._by_value: dict[tuple[str, str], list[int]] = {}
        for number, found in enumerate(demands):
            # Filed under the rarest thing it demands, 10,000 teams cost a few look-ups and not 10,000 comparisons.
            name, values = min(found, key=lambda each: max((common[each[0], value] for value in each[1]), default=0))
            for value in values:
                self._by_value.setdefault((name, value), []).append(number)

    def resolve(self, charge: Charge) -> tuple[str, str]:
        """The team's slug and its name as billed (the slug itself for listed teams)."""
        candidates: list[int] = list(self._by_value.get(ALL, ()))
        for name in ("sub_account_id", "sub_account_name", "service", "provider"):
            candidates += self._by_value.get((name, getattr(charge, name) or ""), ())
        for key, value in charge.tags.items() if self._by_value else ():
            candidates += self._by_value.get(("tag:" + key, value), ())
            candidates += self._by_value.get(("tag:" + key, "*"), ())
        for number in sorted(candidates):
            team, rule = self._rules[number]
            if rule.matches(charge):
                return team, team
        named = self._derived.value(charge) if self._derived else None
        if not named or slug(named) == UNALLOCATED:
            return UNALLOCATED, UNALLOCATED
        return slug(named), named


def _demands(rule: Rule) -> list[tuple[str, tuple[str, ...]]]:
    """What a rule wants, by the name of the look-up, and the values it takes; of a rule without wishes, everything."""
    tags = [("tag:" + tag_key(key), tuple(values)) for key, values in rule.tag.items()]
    columns = ("sub_account_id", "sub_account_name", "service", "provider")
    named = [(name, values) for name in columns if (values := getattr(rule, name))]
    return [*tags, *named] or [(ALL[0], ALL[1:])]
