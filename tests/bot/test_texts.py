"""Text as people type it and files hold it, whatever is in it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.answers import Answers
from bot.cli import main
from storage.budgets import approved_budgets, parse_budgets, record_budgets
from storage.people import names_of, replace_directory
from tests.company import Moved, make_company

LONE = ("pay\0ments", "pay\ud800ments")
"""NUL, which PostgreSQL refuses, and half of a pair of surrogates, which is no character."""


@pytest.mark.parametrize("text", LONE)
def test_what_no_database_keeps_is_replaced_on_the_way_in(tmp_path: Path, text: str) -> None:
    """A name of Slack's and one of a budget file come back with � in place of what no database keeps."""
    place, clean = make_company(tmp_path, clock=Moved(), bill=False), "pay�ments"
    with place.state.writing() as connection:
        replace_directory(connection, [("U1", text, "alice@example.com", "")], [], [])
        budgets = parse_budgets(f"team,month,amount,currency\n{text},2026-11,1,USD\n", text, lambda _team: None)
        record_budgets(connection, budgets, source=text, by=text, now=place.now)
    with place.state.reading() as connection:
        assert names_of(connection, ["U1"]) == {"U1": clean}
        assert [each.team for each in approved_budgets(connection)] == [clean]
    place.state.close()


@pytest.mark.parametrize("text", LONE)
def test_what_no_database_keeps_is_only_unknown(tmp_path: Path, text: str) -> None:
    """Who asks for a team by such a name is told that there is none, in Slack and in the terminal; nothing breaks."""
    place = make_company(tmp_path, clock=Moved(), bill=False)
    answers = Answers(place, lambda: None)
    for command in ("variance", "alerts", "actions", "budget", "explain", "freeze", "explanations"):
        asked = replace(answers.request("U1", "C1", "x"), words=(text,))
        said = answers.safely(partial(answers.answers[command], asked)).message
        assert said is not None and "Something went wrong" not in said.text, command
    result = CliRunner().invoke(main, ["variance", text], obj=place)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    place.state.close()
