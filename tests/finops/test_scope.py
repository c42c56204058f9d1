"""Scopes: which team a charge belongs to."""

from __future__ import annotations

import time

import pytest

from finops.scope import UNALLOCATED, Charge, Derived, Resolver, Rule, parse_tags, slug, tag_key


def charge(**values: object) -> Charge:
    """A charge with few values."""
    usual = {"provider": "AWS", "sub_account_id": "1", "sub_account_name": "Atlas", "service": "EC2", "tags": {}}
    return Charge(**{**usual, **values})  # type: ignore[arg-type]


def test_the_first_listed_team_decides() -> None:
    """Of two teams whose scopes match the one listed first gets the charge, whatever the rules look at."""
    rules = {
        "account": Rule(sub_account_id=("1",)),
        "service": Rule(service=("EC2",)),
        "all": Rule(tag={"env": ("*",)}),
    }
    found = charge(tags={"env": "x"})
    for names in (["account", "service", "all"], ["all", "service", "account"], ["service", "all", "account"]):
        resolver = Resolver((name, (rules[name],)) for name in names)
        assert resolver.resolve(found) == (names[0], names[0])


def test_everything_a_rule_names_must_match() -> None:
    """Within a rule all columns and tags must match, within a list any value, over a team's rules any rule."""
    rule = Rule(
        sub_account_id=("1", "2"), service=("EC2",), provider=("AWS",), tag={"env": ("prod", "live"), "team": ("*",)}
    )
    resolver = Resolver([("web", (rule, Rule(sub_account_name=("Other",))))])
    matching = charge(tags={"env": "live", "team": "x"})
    assert resolver.resolve(matching)[0] == "web"
    for values in (
        {"sub_account_id": "3"},
        {"service": None},
        {"provider": "GCP"},
        {"tags": {"env": "live"}},
        {"tags": {"env": "dev", "team": "x"}},
    ):
        other = {"tags": matching.tags, **values}
        assert resolver.resolve(charge(**other)) == (UNALLOCATED, UNALLOCATED)
        assert resolver.resolve(charge(**{**other, "sub_account_name": "Other"}))[0] == "web"


def test_rules_without_values() -> None:
    """A rule that names nothing takes every charge, and a tag that accepts no value takes none."""
    assert Resolver([("all", (Rule(),))]).resolve(charge())[0] == "all"
    assert Resolver([("none", (Rule(tag={"env": ()}),))]).resolve(charge(tags={"env": "x"}))[0] == UNALLOCATED


def test_missing_values_match_nothing() -> None:
    """A charge without a value is not matched by a rule that wants an empty one or any other."""
    resolver = Resolver([("web", (Rule(sub_account_id=("1",)),))])
    assert resolver.resolve(charge(sub_account_id=None))[0] == UNALLOCATED


@pytest.mark.parametrize("key", ["Cost Center", "cost center", "COSTCENTER", " cost\tcenter "])
def test_tag_keys_are_compared_without_case_and_spaces(key: str) -> None:
    """Providers write one tag key in several ways, in the bill and in the configuration."""
    assert tag_key(key) == "costcenter"
    resolver = Resolver([("web", (Rule(tag={key: ("Web",)}),))])
    assert resolver.resolve(charge(tags=parse_tags('{"Cost  CENTER": "Web"}')))[0] == "web"


TAGS = {
    '{"a": "1", "B b": "2"}': {"a": "1", "bb": "2"},
    '{"a": ""}': {"a": "true"},
    '{"a": null}': {"a": "true"},
    '{"a": true}': {"a": "true"},
    '{"a": false, "n": 1.5}': {"a": "false", "n": "1.5"},
    '{"a": " x "}': {"a": "x"},
    '{"a": "  "}': {"a": "true"},
    '{"A": "", "a": "x"}': {"a": "x"},
    '{"A": "y", "a": "x"}': {"a": "y"},
    '[{"key": "a", "value": "1"}, {"Key": "B", "Value": null}]': {"a": "1", "b": "true"},
    '[["a", "1"]]': {"a": "1"},
    '[1, "x", ["a"], {"value": "y"}, null]': {},
    "{}": {},
    "[]": {},
    "null": {},
    "": {},
    "no json": {},
    '"text"': {},
    "7": {},
    "[" * 100_000: {},
    '{"a": "x\\u0000y"}': {"a": "xy"},
    '{"a": "\\ud800"}': {"a": "?"},
}


@pytest.mark.parametrize("text", TAGS, ids=range(len(TAGS)))
def test_tags_are_read(text: str) -> None:
    """Tags come as a JSON object or a map's list of entries; what is neither gives none."""
    assert parse_tags(text) == TAGS[text]


SLUGS = {
    "Web Shop": "web-shop",
    "web_shop": "web-shop",
    "  a // b  ": "a-b",
    "R&D": "r-d",
    "Straße": "strasse",
    "हिन्दी": "हिन्दी",
    "Ünï": "ünï",
    "unallocated": "unallocated",
}


@pytest.mark.parametrize("name", SLUGS)
def test_a_slug_keeps_letters_and_digits(name: str) -> None:
    """A team's slug is its name in lower case with single hyphens, in any script."""
    assert slug(name) == SLUGS[name]


def test_slugs_without_letters_stay_apart() -> None:
    """Names of signs alone and very long ones have short slugs of their own."""
    names = ["🚀", "🔥", "///", "x" * 101, "x" * 102, "y " * 5000]
    made = [slug(name) for name in names]
    assert len(set(made)) == len(names) and max(map(len, made)) <= 100
    assert made[0].startswith("unnamed-") and made == [slug(name) for name in names]


DERIVED = {
    "Big Data": ("big-data", "Big Data"),
    "Unallocated": (UNALLOCATED, UNALLOCATED),
    "a/b/c": ("a-b-c", "a/b/c"),
}


@pytest.mark.parametrize("value", DERIVED)
def test_derived_teams_are_named_by_the_bill(value: str) -> None:
    """What no listed team takes goes to the team that the tag or column names."""
    for derived, found in (
        (Derived(tag="Team"), charge(tags={"team": value})),
        (Derived(column="SubAccountId"), charge(sub_account_id=value)),
        (Derived(column="SubAccountName"), charge(sub_account_name=value)),
        (Derived(column="ServiceName"), charge(service=value)),
        (Derived(column="ProviderName"), charge(provider=value)),
    ):
        assert Resolver([], derived).resolve(found) == DERIVED[value]
        assert Resolver([("web", (Rule(sub_account_id=("1", value)),))], derived).resolve(found)[0] == "web"
    assert Resolver([], Derived(tag="team")).resolve(charge()) == (UNALLOCATED, UNALLOCATED)


def many(number: int) -> Rule:
    """One of four kinds of rule that share all but one value with 10,000 others."""
    kinds = (
        Rule(tag={"env": ("prod",), "team": (f"t{number}",)}),
        Rule(provider=("AWS",), sub_account_id=(str(number),)),
        Rule(tag={f"key{number}": ("*",)}),
        Rule(service=("EC2",), tag={"env": ("prod",)}, sub_account_name=(f"n{number}",)),
    )
    return kinds[number % 4]


def test_ten_thousand_teams_resolve_fast() -> None:
    """A charge is resolved by look-ups and not by trying 10,000 teams, whatever their rules have in common."""
    resolver = Resolver((f"team-{number}", (many(number),)) for number in range(10_000))
    charges = [
        charge(
            tags={"env": "prod", "team": f"t{number}"} if number % 4 == 0 else {f"key{number}": "x", "env": "prod"},
            sub_account_id=str(number),
            sub_account_name=f"n{number}",
        )
        for number in range(10_000)
    ]
    begun = time.process_time()
    found = [resolver.resolve(each)[0] for each in charges]
    assert time.process_time() - begun < 2
    assert found == [f"team-{number}" for number in range(10_000)]
