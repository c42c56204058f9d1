"""`finops anomalies`: anomalies as people and programs read them."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.installation import Installation
from bot.terminal.anomalies import COMMAND, SHOWN
from finops.anomaly import AnomalySetting, expect
from finops.errors import FinopsError
from storage.anomalies import find_anomaly, save_anomalies
from tests.jobs.anomalous import DAY, NOW, SPIKE, deliver, look, make_place
from tests.jobs.test_find_anomalies import MORE


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company with an anomaly that lasts, and that Alice expects."""
    found = make_place(tmp_path)
    deliver(found, MORE, NOW)
    look(found)
    calendar = found.company.policy(found.company.listed["payments"]).calendar
    with found.state.writing() as connection:
        anomaly = find_anomaly(connection, 1, lock=True)
        assert anomaly is not None
        change = expect(anomaly, "UALICE", date(2026, 11, 30), AnomalySetting(calendar, SPIKE), found.now)
        save_anomalies(connection, [change], found.now)
    return found


def run(place: Installation, *words: str) -> str:
    result = CliRunner().invoke(COMMAND, list(words), obj=place, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_programs_get_every_figure(place: Installation) -> None:
    """JSON and CSV hold the same: amounts as text, what was said of it, by whom, and what caused it."""
    [row] = json.loads(run(place, "--team", "payments", "--format", "json"))
    assert row == {
        "number": 1,
        "team": "payments",
        "service": "Compute",
        "provider": "AWS",
        "currency": "USD",
        "basis": "effective",
        "first_day": "2026-11-08",
        "last_day": "2026-11-09",
        "over_on": None,
        "cost": "1100",
        "expected": "200",
        "excess": "900",
        "score": row["score"],
        "shape": "spike",
        "status": "expected",
        "answer": "expected",
        "by": "Alice",
        "until": "2026-11-30",
        "cause": "account production (0012); region eu-west-1; usage type A charge",
        "aws_excess": None,
        "review_on": None,
        "reviewed_by": None,
        "posted": True,
    }
    [same] = csv.DictReader(io.StringIO(run(place, "--format", "csv")))
    assert same == {name: "" if value is None else str(value) for name, value in row.items()}


def test_people_get_a_table(place: Installation) -> None:
    """What lasts is listed until it is over; then the history has it."""
    table = run(place)
    assert all(name in table for name in SHOWN) and "Compute" in table
    assert run(place, "--history") == "No anomaly is over.\n"
    deliver(place, MORE, NOW + 4 * DAY)
    look(place)
    assert run(place) == "No anomaly lasts or waits for an answer.\n"
    assert "Compute" in run(place, "--history") and "over" in run(place, "--history", "--team", "payments")


def test_an_unknown_team_is_refused(place: Installation) -> None:
    """A team that does not exist is named."""
    with pytest.raises(FinopsError, match="paymnts"):
        run(place, "--team", "paymnts")
