"""What drives a month is told once from every publication, of the months that people are asked about."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.installation import Installation
from finops.alert_state import AlertKey
from finops.basis import Basis
from finops.drivers import Driver, Separation
from finops.periods import Month
from finops.policy import Kind
from jobs import evaluate_alerts, tell_drivers
from storage.budgets import parse_budgets, record_budgets
from storage.drivers import find_drivers
from tests.company import Charge, Moved, make_company, take_in, usual_charges, write_bill

NOVEMBER = Month(2026, 11)


@pytest.fixture
def alarmed(tmp_path: Path) -> Installation:
    """The company with a budget of payments that its November will pass."""
    installation = make_company(tmp_path, clock=Moved(), bill=False)
    deliver(installation, tmp_path, Decimal(0))
    text = "team,month,amount,currency\npayments,2026-11,2500,USD\n"
    with installation.state.writing() as connection:
        budgets = parse_budgets(text, "budgets.csv", lambda _team: None)
        record_budgets(connection, budgets, source="test", by="test", now=installation.now)
    parts = installation.parts()
    evaluate_alerts.run(now=installation.now, company=parts["company"], state=parts["state"])
    return installation


def deliver(installation: Installation, folder: Path, more: Decimal) -> None:
    """The usual charges, those of payments' November a little more."""
    charges = usual_charges(date(2026, 10, 1), date(2026, 11, 11))
    charges.append(Charge(date(2026, 11, 2), Decimal(10) + more, "payments", "Storage"))
    write_bill(folder / "bills" / "bill.csv", charges)
    take_in(installation)


def tell(installation: Installation) -> str:
    """Run the job; returns what it says."""
    parts = installation.parts()
    given = {name: parts[name] for name in ("company", "state", "ledger")}
    return tell_drivers.run(now=installation.now, **given).summary


def told(installation: Installation, team: str = "payments") -> Separation | None:
    """What is kept of a team's November."""
    with installation.state.reading() as connection:
        return find_drivers(connection, team, NOVEMBER, "USD", Basis.EFFECTIVE)


def test_a_month_with_an_alert_is_told_once(alarmed: Installation, tmp_path: Path) -> None:
    """Who has an alert is told, nobody else; again only once its own figures or days have moved, in its place."""
    assert told(alarmed) is None
    assert tell(alarmed) == "1 told"
    found = told(alarmed)
    assert found and {part.driver: part.amount for part in found.parts} == {Driver.RESOURCES: Decimal(10)}
    assert found.span.current == (date(2026, 11, 1), date(2026, 11, 9))
    assert told(alarmed, "search") is None
    assert tell(alarmed) == "nothing to tell"
    write_bill(tmp_path / "bills" / "july.csv", usual_charges(date(2026, 7, 1), date(2026, 7, 31)))
    take_in(alarmed)
    assert tell(alarmed) == "nothing to tell"
    deliver(alarmed, tmp_path, Decimal("0.000000000000000001"))
    assert tell(alarmed) == "1 told"
    again = told(alarmed)
    assert again and again.total == Decimal("10.000000000000000001")
    assert isinstance(alarmed.clock, Moved)
    # Delivered again unchanged, one more day has settled.
    alarmed.clock.now += timedelta(days=1)
    take_in(alarmed)
    assert tell(alarmed) == "1 told"
    alarmed.state.close()


def test_nothing_to_compare_is_found_out_once(alarmed: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A team that is asked about and has no charges is looked up once from every publication, and nothing is told."""
    text = "team,month,amount,currency\nghost,2026-11,2500,USD\n"
    with alarmed.state.writing() as connection:
        budgets = parse_budgets(text, "budgets.csv", lambda _team: None)
        record_budgets(connection, budgets, source="test", by="test", now=alarmed.now)
    ghost = AlertKey("ghost", NOVEMBER, Kind.FORECAST, "USD")
    monkeypatch.setattr(tell_drivers, "alert_keys", lambda *_: [ghost] if _[1] == NOVEMBER else [])
    asked: list[int] = []
    real = tell_drivers.team_drivers
    monkeypatch.setattr(tell_drivers, "team_drivers", lambda due, *a, **k: asked.append(len(due)) or real(due, *a, **k))
    assert [tell(alarmed), tell(alarmed)] == ["nothing to tell"] * 2
    assert asked[0] == 1 and not any(asked[1:])
    assert told(alarmed, "ghost") is None
    alarmed.state.close()


def test_nobody_is_told_without_an_alert(tmp_path: Path) -> None:
    """Where there is neither alert nor explanation the ledger is not read."""
    installation = make_company(tmp_path, clock=Moved())
    take_in(installation)
    assert tell(installation) == "nothing to tell"
    installation.state.close()
