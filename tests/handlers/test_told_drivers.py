"""What the worker told of a variance, wherever somebody asks what moved it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.answers import Answers
from bot.installation import Installation
from handlers.request import Reply
from jobs import tell_drivers
from storage.deliveries import TABLE as DELIVERIES
from storage.people import replace_directory
from tests.company import Charge, Moved, take_in, usual_charges, write_bill
from tests.handlers.test_alert_drivers import evaluated

KEY = "payments/2026-11/forecast/USD"
ALICE = "U1ALICE"


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Installation]:
    """The company with an alert of payments, whose drivers are told."""
    installation = evaluated(tmp_path, Moved())
    with installation.state.writing() as connection:
        replace_directory(
            connection, [(ALICE, "Alice Example", "alice@example.com", "")], [], [("C1", "cost-payments", True)]
        )
    tell(installation)
    yield installation
    installation.state.close()


def tell(installation: Installation) -> None:
    """Run the job that tells drivers."""
    parts = installation.parts()
    given = {name: parts[name] for name in ("company", "state", "ledger")}
    tell_drivers.run(now=installation.now, **given)


def asked(installation: Installation, action: str, value: str) -> Reply:
    """Alice clicks a button."""
    answers = Answers(installation, lambda: None)
    return answers.actions[action](replace(answers.request(ALICE, "C1", "x"), value=value, via="button"))


def form_of(installation: Installation) -> str:
    """The form of an explanation, as JSON."""
    return json.dumps(asked(installation, "alert_explain", KEY).modal, ensure_ascii=False)


MOVED = "*New and ended resources* +$6.67 (charged in one of the two periods only): A charge (Storage in production)"
BY_DRIVER = json.dumps({"team": "payments", "month": "2026-11", "basis": "effective", "by": "driver"})


def test_the_form_tells_and_suggests(told: Installation) -> None:
    """What happened is prefilled with the parts, and below Why stands what to ask about the largest."""
    form = form_of(told)
    assert MOVED in form and "*Credits and corrections* −$1.50" in form
    assert "What moved it: new and ended resources +$6.67 (mostly A charge (Storage in production), 1 new)" in form
    assert '"hint": {"type": "plain_text", "text": "New: A charge (Storage in production). Who started it' in form


def test_parts_of_other_figures_are_not_shown(told: Installation, tmp_path: Path) -> None:
    """Once figures have moved services stand in for the parts, until these are told anew."""
    charges = usual_charges(date(2026, 10, 1), date(2026, 11, 11))
    write_bill(tmp_path / "bills" / "bill.csv", [*charges, Charge(date(2026, 11, 2), Decimal(900), "payments", "Run")])
    take_in(told)
    before = form_of(told)
    assert "*New and ended resources*" not in before and "\\nRun" in before
    assert "*New and ended resources*" not in asked(told, "alert_drivers", KEY).message.text  # type: ignore[union-attr]
    tell(told)
    assert "*New and ended resources* +$900.00" in form_of(told)


def test_an_alert_s_drivers_tell_the_parts(told: Installation) -> None:
    """Below what the figure consists of stands what moved it against the month before."""
    message = asked(told, "alert_drivers", KEY).message
    assert message and MOVED in message.text
    assert "*What moved it against the month before*, 1–9 Nov beside 1–9 Oct: +$5.17" in message.text


def test_a_month_by_driver_is_posted_with_its_waterfall(told: Installation) -> None:
    """`by driver` shows the parts, and posting it queues the waterfall in the place of the burn-up."""
    message = asked(told, "variance_by", BY_DRIVER).message
    assert message and "What moved it (1–9 Nov against 1–9 Oct): New and ended resources $6.67; " in message.text
    asked(told, "variance_share", BY_DRIVER)
    with told.state.reading() as connection:
        payloads = [row.payload for row in connection.execute(select(DELIVERIES).where(DELIVERIES.c.kind == "share"))]
    assert [payload["picture"]["name"] for payload in payloads] == ["waterfall"]
    assert "Budget $2,500.00; budget against last month " in payloads[0]["picture"]["alt_text"]
