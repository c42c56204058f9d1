"""`finops actions`: corrective actions as people and programs read them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.installation import Installation
from bot.terminal.actions import COMMAND
from finops.corrective_action import Target, drop, finish, measure, plan_action
from finops.explanation import VarianceKey
from finops.periods import Month
from storage.corrective_actions import save_change
from storage.people import replace_directory
from tests.company import make_company
from tests.finops.test_corrective_action import saving

NOW = datetime(2026, 11, 12, 8, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company with an open, a measured and a dropped action."""
    installation = make_company(tmp_path)
    with installation.state.writing() as connection:
        replace_directory(connection, [("UALICE", "Alice", "alice@example.com", "UTC")], [], [])
        for team, text in (("payments", "=Turn off\x1b[2J"), ("payments", "Resize"), ("search", "Delete snapshots")):
            key = VarianceKey(team, Month(2026, 11), "USD")
            promised = Decimal("1200.000000000000000001") if text == "Resize" else None
            target = Target(tag="env", value="test")
            change = plan_action(key, 0, text, "UALICE", date(2026, 11, 20), promised, target, "UALICE", NOW)
            action = save_change(connection, change, NOW).action
            if text == "Resize":
                done = save_change(connection, finish(action, "UALICE", NOW.date(), 1, NOW.date(), NOW), NOW).action
                save_change(connection, measure(done, saving("900.5"), final=True, now=NOW), NOW)
            if team == "search":
                save_change(connection, drop(action, "UALICE", "no use", 1, NOW), NOW)
    return installation


def run(place: Installation, *words: str) -> str:
    result = CliRunner().invoke(COMMAND, list(words), obj=place, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_programs_get_every_figure_in_full(place: Installation) -> None:
    """JSON and CSV hold amounts as text in full precision and names of people; nothing of it runs anywhere."""
    [row] = json.loads(run(place, "--stage", "measured", "--format", "json"))
    assert row == {
        "number": 2,
        "team": "payments",
        "month": "2026-11",
        "currency": "USD",
        "explanation": None,
        "text": "Resize",
        "owner": "Alice",
        "due": "2026-11-20",
        "stage": "measured",
        "done_on": "2026-11-12",
        "service": None,
        "account": None,
        "tag": "env",
        "value": "test",
        "promised": "1200.000000000000000001",
        "saving": "900.5",
        "low": "800.5",
        "high": "1000.5",
        "measured_through": "2026-11-12",
        "dropped_why": None,
    }
    found = list(csv.DictReader(io.StringIO(run(place, "--stage", "all", "--format", "csv"))))
    assert [(each["number"], each["dropped_why"]) for each in found] == [("1", ""), ("2", ""), ("3", "no use")]
    assert found[0]["text"] == "'=Turn off\\x1b[2J"


def test_what_is_asked_for_is_shown(place: Installation) -> None:
    """Open and done ones unless another stage is named, of one team or of all."""
    assert [row["number"] for row in json.loads(run(place, "--format", "json"))] == [1]
    assert json.loads(run(place, "--team", "search", "--format", "json")) == []
    assert "There is no such corrective action." in run(place, "--team", "search")
    assert "Turn off" in run(place, "--team", "payments") and "\x1b" not in run(place)
    assert "actions" in CliRunner().invoke(main, ["--help"]).output
