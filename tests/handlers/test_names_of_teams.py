"""Teams asked for by the name that messages show, of several words, and by what is no name at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.arguments import UnknownName, team_asked_for, with_slugs
from tests.handlers.desk import Desk
from tests.handlers.explaining import FIRST, NEXT


@pytest.fixture
def renamed(desk: Desk) -> Desk:
    """Two teams of the small company under names of several words, one of which begins the other."""
    company = desk.bench.installation.company
    names = {"search": "Find It", "idle": "Find It All"}
    teams = tuple(replace(team, name=names.get(team.slug, team.name)) for team in company.teams)
    object.__setattr__(company, "teams", teams)
    company.__dict__.pop("listed", None)
    return desk


@pytest.mark.parametrize(
    ("line", "team"),
    [
        ("variance Find It", "Find It"),
        ("variance find it all 2026-11 by service", "Find It All"),
        ("variance 2026-11 FIND IT billed", "Find It"),
        ("variance search", "Find It"),
        ("find it all", "Find It All"),
        ("teams Find It", "Find It"),
        ("budget find it all", "Find It All"),
    ],
)
def test_a_name_of_several_words(renamed: Desk, line: str, team: str) -> None:
    """The whole name finds its team, in any case and place; of two names the longer counts; the slug still does."""
    [answer] = renamed.sandbox.person("alice").command("general", f"/finops {line}")
    assert f"*{team}*" in answer["text"]


def test_alerts_of_a_name_of_several_words(renamed: Desk) -> None:
    """`/finops alerts` takes the name too, with `mine` beside it."""
    renamed.raised("search")
    for words in ("Find It", "mine find it", "search"):
        [answer] = renamed.sandbox.person("carol").command("general", f"/finops alerts {words}")
        assert "*1 alert* for “search”" in answer["text"]
    [wrong] = renamed.sandbox.person("carol").command("general", "/finops alerts Find It now")
    assert "I do not understand 'now'" in wrong["text"]


def test_every_command_knows_names_of_several_words(renamed: Desk) -> None:
    """Freezes, actions, explanations and the form of one take the name as messages show it, and no word beyond it."""
    carol = renamed.sandbox.person("carol")
    for line, said in (
        ("freeze Find It All", "for “idle”"),
        ("actions find it late", "search late"),
        ("explanations Find It reserved", "with “Find It reserved”"),
    ):
        [answer] = carol.command("general", f"/finops {line}")
        assert said in answer["text"], line
    for line in ("freeze Find It now", "budget Find It now", "actions Find It now", "explain Find It now"):
        [answer] = carol.command("general", f"/finops {line}")
        assert "I do not understand 'now'" in answer["text"], line
    carol.command("general", "/finops explain Find It 2026-11")
    assert "*Find It*, November 2026" in str(carol.view["blocks"][0])
    [answer] = carol.command("general", "/finops report Find It")
    assert "A report is of a month, and of every team." in answer["text"]


def test_explanations_of_a_name_of_several_words(renamed: Desk) -> None:
    """What was explained is found by the team's name with a word, and a word alone is looked for in the texts."""
    carol = renamed.sandbox.person("carol")
    carol.command("general", "/finops explain Find It")
    assert carol.submit(FIRST) is None and carol.submit(NEXT) is None
    for line, found in (("Find It load", 1), ("find it", 1), ("Find It All load", 0), ("load", 1), ("It load", 0)):
        [answer] = carol.command("general", f"/finops explanations {line}")
        assert answer["text"].count("*Find It*") == found, line


def test_only_whole_names(renamed: Desk) -> None:
    """A part of a name stays as it was written, and so does everything that is no name."""
    installation = renamed.bench.installation
    with installation.state.reading() as connection:
        for words, found in (
            (["Find"], ["Find"]),
            (["Find", "Itt"], ["Find", "Itt"]),
            (["by", "service", "Find", "It"], ["by", "service", "search"]),
            ([], []),
        ):
            assert with_slugs(connection, installation.company, words) == found


def test_a_name_nobody_could_have_is_cut(desk: Desk) -> None:
    """An error repeats the beginning of a very long name, and not all of it."""
    installation = desk.bench.installation
    with installation.state.reading() as connection, pytest.raises(UnknownName) as refused:
        team_asked_for(connection, installation.company, "U1", "x" * 600)
    assert str(refused.value) == f"There is no team '{'x' * 59}…'. See /finops teams for all of them."
