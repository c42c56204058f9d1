"""`finops explanations`: found by words, category, team and month, as table, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.installation import Installation
from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.explanation import Category, ExplanationRules, Variance, VarianceKey, Wording, approve, submit
from finops.periods import Month
from storage.explanations import save_explanation
from storage.people import replace_directory
from tests.company import make_company

NOW = datetime(2026, 11, 12, 8, tzinfo=UTC)
KEY = VarianceKey("payments", Month(2026, 11), "USD")


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Two explanations, one of them approved, with text that a spreadsheet would run."""
    made = make_company(tmp_path, bill=False)
    seen = Variance(Decimal("3003.7037"), Decimal(2900), True, Basis.EFFECTIVE, 1, NOW)
    first = Wording(Decimal("103.7037"), Category.GROWTH, True, "=cmd|' /C calc'!A0\nTwo lines", "+1 customer", "@next")
    second = replace(first, category=Category.PRICE, what="Rates rose", why="The provider", following="")
    rules, calendar = ExplanationRules(), WorkCalendar()
    with made.state.writing() as connection:
        replace_directory(connection, [("U1", "Ada", "a@example.com", ""), ("U2", "Bob", "", "")], [], [])
        saved = save_explanation(connection, submit(KEY, 1, first, "U1", seen, rules, calendar, NOW), NOW)
        save_explanation(connection, approve(saved.explanation, "U2", 1, seen, rules, NOW), NOW)
        october = replace(KEY, month=Month(2026, 10))
        save_explanation(connection, submit(october, 1, second, "U1", seen, rules, calendar, NOW), NOW)
    return made


def ask(installation: Installation, *words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["explanations", *words], obj=installation)


def test_json_holds_everything(installation: Installation) -> None:
    """Amounts are text in full precision, people have their names, and nothing is cut."""
    rows: list[dict[str, Any]] = json.loads(ask(installation, "--format", "json").stdout)
    assert [(row["month"], row["stage"]) for row in rows] == [("2026-11", "approved"), ("2026-10", "submitted")]
    assert rows[0] == {
        "team": "payments",
        "month": "2026-11",
        "currency": "USD",
        "number": 1,
        "stage": "approved",
        "category": "growth",
        "stays": True,
        "amount": "103.7037",
        "variance": "103.7037",
        "budget": "2900",
        "basis": "effective",
        "forecast": True,
        "what": "=cmd|' /C calc'!A0\nTwo lines",
        "why": "+1 customer",
        "following": "@next",
        "authors": "Ada",
        "submitted_at": "2026-11-12T08:00:00+00:00",
        "reviewer": "Bob",
        "reviewed_at": "2026-11-12T08:00:00+00:00",
        "review": None,
        "due": None,
    }


def test_csv_runs_nothing(installation: Installation) -> None:
    """A text that a spreadsheet would take for a formula begins with a quote; a number never does."""
    rows = list(csv.DictReader(io.StringIO(ask(installation, "--format", "csv").stdout)))
    assert rows[0]["what"] == "'=cmd|' /C calc'!A0\nTwo lines"
    assert (rows[0]["why"], rows[0]["following"]) == ("'+1 customer", "'@next")
    assert rows[0]["amount"] == "103.7037"


def test_found_by_what_is_asked(installation: Installation) -> None:
    """Words, category, team and months narrow it down together."""

    def months(*words: str) -> list[str]:
        return [row["month"] for row in json.loads(ask(installation, *words, "--format", "json").stdout)]

    assert months("--text", "CUSTOMER two") == ["2026-11"]
    assert months("--category", "price") == ["2026-10"] and months("--team", "payments") == ["2026-11", "2026-10"]
    assert months("--from", "2026-11") == ["2026-11"] and months("--to", "2026-10") == ["2026-10"]
    assert months("--text", "nothing of it") == []


def test_table_and_refusals(installation: Installation) -> None:
    """A table for people; what is mistyped is refused with what was meant."""
    shown = ask(installation).stdout
    assert "+$103.70" in shown and "approved" in shown and "Ada" in shown
    assert ask(installation, "--text", "zzz").stdout == "No explanation was found.\n"
    refused = ask(installation, "--team", "paymnts")
    assert refused.exit_code == 1 and "payments" in refused.stderr
    assert ask(installation, "--from", "November").exit_code == 1
    assert ask(installation, "--category", "luck").exit_code == 2
