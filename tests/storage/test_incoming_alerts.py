"""Alerts of AWS as stored: each once, whole, and found beside the alert of ours that they belong to."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.alert import AlertKey
from finops.incoming_alert import AnomalyFigures, BudgetFigures, IncomingAlert, Origin, Received
from finops.periods import Month
from finops.policy import Kind
from storage.incoming_alerts import find_received, received_beside, record, rewrite
from tests.storage.bills import Place

CAME = datetime(2026, 11, 12, 9, 12, 0, 123_456, UTC)
BUDGET = IncomingAlert(
    Origin.BUDGETS,
    "5b4f5c5e-0000-5000-8000-000000000001",
    CAME - timedelta(seconds=2),
    date(2026, 11, 11),
    "AWS Budgets: x",
    "AWS Budget Notification\n…",
    account="001234567890",
    budget="x",
    currency="USD",
    figures=BudgetFigures(True, Decimal("12345678901234567890.123456789012345678"), Decimal("0.10"), None),
)
ANOMALY = replace(
    BUDGET,
    origin=Origin.ANOMALY_DETECTION,
    tags={"team": "web"},
    figures=AnomalyFigures(Decimal("1001"), None, Decimal("300.5"), date(2026, 11, 10), None),
)
RECEIVED = Received(BUDGET, "payments", "USD", CAME, f"payments/2026-11/{Kind.FORECAST}/USD")
KEY = AlertKey("payments", Month(2026, 11), Kind.CLOSED, "USD")


def test_it_comes_back_as_it_was(place: Place) -> None:
    """Every figure, day and word is the same after the database, of a budget and of an anomaly with the same id."""
    both = [RECEIVED, replace(RECEIVED, alert=ANOMALY, told_in="")]
    with place.state.writing() as connection:
        assert [record(connection, each) for each in both] == [True, True]
    with place.state.reading() as connection:
        assert [find_received(connection, each.alert) for each in both] == both


def test_it_is_recorded_once(place: Place) -> None:
    """What has come before is not written again, and what is on record stays."""
    with place.state.writing() as connection:
        assert record(connection, RECEIVED)
        assert not record(connection, replace(RECEIVED, team="search"))
        assert find_received(connection, BUDGET, lock=True) == RECEIVED


def test_of_many_at_once_one_is_first(place: Place) -> None:
    """The same alert by many ways in one moment is recorded by exactly one of them."""
    ready, first = threading.Barrier(6), list[bool]()

    def come() -> None:
        ready.wait()
        with place.state.writing() as connection:
            first.append(record(connection, RECEIVED))

    threads = [threading.Thread(target=come) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(first) == [False] * 5 + [True]


def test_what_it_says_is_written_anew(place: Place) -> None:
    """An anomaly that has grown says so; whose it is, when it came and where it is told stay."""
    grown = replace(ANOMALY, figures=replace(ANOMALY.figures, impact=Decimal(2000)))  # type: ignore[type-var]
    with place.state.writing() as connection:
        record(connection, replace(RECEIVED, alert=ANOMALY))
        rewrite(connection, Received(grown, "search", "EUR", CAME + timedelta(days=1)))
        assert find_received(connection, ANOMALY) == replace(RECEIVED, alert=grown)


def test_what_stands_beside_an_alert(place: Place) -> None:
    """An alert of ours has beside it what AWS said of its team, month and currency, the newest first, and no more."""
    others = [
        replace(RECEIVED, alert=replace(BUDGET, id="team"), team="search"),
        replace(RECEIVED, alert=replace(BUDGET, id="month", day=date(2026, 10, 31))),
        replace(RECEIVED, alert=replace(BUDGET, id="currency"), currency="EUR"),
    ]
    later = replace(RECEIVED, alert=ANOMALY, received_at=CAME + timedelta(minutes=1))
    with place.state.writing() as connection:
        assert all(record(connection, each) for each in (RECEIVED, *others, later))
        search, nothing = replace(KEY, team="search"), replace(KEY, team="idle")
        assert received_beside(connection, [KEY, search, nothing]) == {
            KEY: (later, RECEIVED),
            search: (others[0],),
            nothing: (),
        }
        assert received_beside(connection, []) == {}


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(), max_size=40))
def test_any_text_can_be_kept(place: Place, text: str) -> None:
    """What no database holds (NUL, half a character) becomes �; all other text comes back as it was."""
    alert = replace(BUDGET, text=text, budget=text, title=text)
    with place.state.writing() as connection:
        record(connection, replace(RECEIVED, alert=alert))
        rewrite(connection, replace(RECEIVED, alert=alert))
        kept = find_received(connection, alert)
    shown = text.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert kept and (kept.alert.text, kept.alert.budget, kept.alert.title) == (shown, shown, shown)
