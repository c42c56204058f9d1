"""The rows behind an alert's figure add up to it exactly, whichever figure it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import handlers.alert_drivers
from bot.answers import Answers
from bot.installation import Installation
from bot.scheduler import Scheduler
from finops.money import add
from storage.budgets import parse_budgets, record_budgets
from tests.company import Charge, Moved, make_company, take_in, usual_charges, write_bill


def evaluated(folder: Path, clock: Moved, amount: str = "2500") -> Installation:
    """The company with three services in payments and a budget that is passed, its alerts evaluated by their job."""
    installation = make_company(folder, clock=clock)
    charges = usual_charges(date(2026, 10, 1), date(2026, 11, 11))
    charges += [Charge(date(2026, 11, day), Decimal("3.333333333333333333"), "payments", "Storage") for day in (2, 8)]
    charges += [Charge(date(2026, 11, 3), Decimal("-1.5"), "payments", "Storage", "Credit")]
    write_bill(folder / "bills" / "bill.csv", charges)
    take_in(installation)
    text = f"team,month,amount,currency\npayments,2026-11,{amount},USD\n"
    with installation.state.writing() as connection:
        budgets = parse_budgets(text, "budgets.csv", lambda _team: None)
        record_budgets(connection, budgets, source="test", by="test", now=installation.now)
    _evaluate(installation)
    return installation


def _evaluate(installation: Installation) -> None:
    parts = installation.parts()
    Scheduler(parts, "test", installation.clock).run("evaluate_alerts")


def shown(installation: Installation, key: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the handler gives the view for an alert, and what the person reads."""
    seen: dict[str, Any] = {}
    real = handlers.alert_drivers.drivers_message

    def spy(alert: Any, team: Any, lines: Any, **more: Any) -> Any:
        seen.update(alert=alert, lines=list(lines), **more)
        return real(alert, team, lines, **more)

    monkeypatch.setattr(handlers.alert_drivers, "drivers_message", spy)
    answers = Answers(installation, lambda: None)
    reply = answers.actions["alert_drivers"](replace(answers.request("U1", "C1", "x"), value=key, via="button"))
    return seen | {"text": reply.message.text}


def test_a_forecast_is_what_settled_and_what_is_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settled cost by service and one row for the days not yet settled add up to the forecast, to the last digit."""
    installation = evaluated(tmp_path, Moved())
    key = "payments/2026-11/forecast/USD"
    found = shown(installation, key, monkeypatch)
    assert add([*(line.amount for line in found["lines"]), found["expected"]]) == found["alert"].reading.amount
    assert [line.name for line in found["lines"]] == ["Compute", "Storage"]
    assert found["expected_days"] == "10–30 Nov"
    assert "expected for 10–30 Nov" in found["text"]
    installation.state.close()


def test_a_threshold_is_what_was_spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of an actual are all its services, provisional days too, and nothing is expected."""
    installation = evaluated(tmp_path, Moved(), "1000")
    found = shown(installation, "payments/2026-11/threshold/USD", monkeypatch)
    assert add(line.amount for line in found["lines"]) == found["alert"].reading.amount == found["alert"].reading.actual
    assert (found["expected"], found["expected_days"]) == (None, "")
    installation.state.close()


def test_a_closed_month_is_its_actual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a closed month are all of it."""
    clock = Moved()
    installation = evaluated(tmp_path, clock)
    charges = usual_charges(date(2026, 10, 1), date(2026, 12, 8))
    write_bill(tmp_path / "bills" / "bill.csv", charges)
    clock.now = datetime(2026, 12, 10, 8, tzinfo=UTC)
    take_in(installation)
    _evaluate(installation)
    found = shown(installation, "payments/2026-11/closed/USD", monkeypatch)
    assert found["alert"].reading.amount == Decimal("100.123456789") * 30
    assert add(line.amount for line in found["lines"]) == found["alert"].reading.amount
    installation.state.close()


def test_figures_that_moved_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a later delivery is not judged yet, the gap to the alert's own figure is a row of its own."""
    installation = evaluated(tmp_path, Moved())
    late = Charge(date(2026, 11, 4), Decimal("70"), "payments")
    write_bill(tmp_path / "bills" / "bill.csv", [*usual_charges(date(2026, 10, 1), date(2026, 11, 11)), late])
    take_in(installation)
    found = shown(installation, "payments/2026-11/forecast/USD", monkeypatch)
    assert "not broken down" in found["text"]
    total = add([*(line.amount for line in found["lines"]), found["expected"]])
    assert total - found["alert"].reading.amount > 70, "what the month is heading for now"
    installation.state.close()
