"""The small company heading over a budget, and `finops` run on it: for tests of `finops policy`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from bot.cli import main
from bot.installation import Installation
from storage.budgets import parse_budgets, record_budgets
from tests.company import make_company

REPLAY = ("policy", "replay", "--from", "2026-11", "--to", "2026-11")


def over_budget(folder: Path) -> Installation:
    """The small company on 12 November; payments is heading for 7 % over its budget."""
    installation = make_company(folder)
    text = "team,month,amount,currency\npayments,2026-11,2800,USD\n"
    with installation.state.writing() as connection:
        budgets = parse_budgets(text, "budgets.csv", lambda _team: None)
        record_budgets(connection, budgets, source="budgets.csv", by="test", now=installation.now)
    return installation


def finops(place: Installation, *words: str) -> Result:
    """Run `finops …` in this process."""
    return CliRunner().invoke(main, list(words), obj=place, catch_exceptions=False)


def as_json(place: Installation, *words: str) -> Any:
    """Run `finops … --format json` and parse what it prints."""
    result = finops(place, *words, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)
