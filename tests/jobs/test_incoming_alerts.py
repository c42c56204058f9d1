"""Alerts of AWS beside our own: told in their thread, or alone with our figures, and moving nothing."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.installation import Installation
from finops.alert import AlertKey
from finops.company import Company
from finops.incoming_alert import AnomalyFigures, IncomingAlert, IncomingRule, IncomingRules
from finops.incoming_reading import read_alert
from finops.periods import Month
from finops.policy import Kind
from jobs import evaluate_alerts
from jobs.incoming_alerts import Taken, take_in
from storage import audit
from storage.alerts import TABLE as ALERTS
from storage.budgets import Budget, record_budgets
from storage.deliveries import TABLE as DELIVERIES
from storage.incoming_alerts import find_received
from tests.company import MORNING, make_company

NOVEMBER = Month(2026, 11)
FORECAST = AlertKey("payments", NOVEMBER, Kind.FORECAST, "USD")
CAME = datetime(2026, 11, 12, 8, 12, tzinfo=UTC)
ID = "5b4f5c5e-0000-5000-8000-00000000000{}"
LINE = "AWS Budgets says $2,345.67 ACTUAL for the budget Athena, 81 % of the $2,900 budgeted, received "


def text(budget: str = "Athena", kind: str = "ACTUAL", amount: str = "$2,345.67") -> str:
    return (
        f"AWS Budget Notification November 12, 2026\nAWS Account 123456789012\n\nBudget Name: {budget}\n"
        f"Budget Type: Cost\nBudgeted Amount: $2,900.00\nAlert Type: {kind}\n"
        f"Alert Threshold: > $2,000.00\n{kind} Amount: {amount}\n"
    )


def said(number: int = 1, **more: str) -> IncomingAlert:
    return read_alert(text(**more), ID.format(number), CAME, "AWS Budgets: Athena has exceeded your alert threshold")


def anomaly(impact: Any = 10, at: datetime = CAME, number: int = 9) -> IncomingAlert:
    body = {
        "anomalyId": "9d1c-1",
        "anomalyEndDate": "2026-11-11",
        "dimensionalValue": "payments",
        "impact": {"totalImpact": impact},
    }
    return read_alert(json.dumps(body), ID.format(number), at)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    """The small company; payments is heading for about $3,004 of its budget of $2,900."""
    return make_company(tmp_path)


def company_of(place: Installation) -> Company:
    """The small company, listening to AWS, with a channel of FinOps'."""
    company = place.company
    rules = IncomingRules(queue="a queue", map=(IncomingRule("payments", budget=("Athena",)),))
    return replace(company, incoming=rules, alerts=replace(company.alerts, channel="#finops"))


def come(place: Installation, alert: IncomingAlert, now: datetime = CAME, **changed: Any) -> Taken:
    company = replace(company_of(place), **changed)
    return take_in(alert, company=company, state=place.state, now=now)


def evaluate(place: Installation, now: datetime = MORNING) -> str:
    return evaluate_alerts.run(now=now, company=company_of(place), state=place.state).summary


def raise_alert(place: Installation, amount: str = "2600", now: datetime = MORNING) -> None:
    """A budget so low that the forecast stands on the formal tier."""
    with place.state.writing() as connection:
        budget = Budget("payments", NOVEMBER, Decimal(amount), "USD")
        record_budgets(connection, [budget], source="test", by="test", now=place.now)
    evaluate(place, now)


def deliveries(place: Installation, begins: str = "") -> list[tuple[str, str, str, int]]:
    """Key, destination, thread and revision of every effect."""
    names = ("key", "destination", "thread_of", "revision")
    query = select(*(DELIVERIES.c[name] for name in names)).where(DELIVERIES.c.key.startswith(begins))
    with place.state.reading() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(DELIVERIES.c.id))]


def words(place: Installation, key: str) -> str:
    with place.state.reading() as connection:
        payload = connection.execute(select(DELIVERIES.c.payload).where(DELIVERIES.c.key == key)).scalar_one()
        return str(payload["text"])


def rows(place: Installation) -> list[Any]:
    """Every alert of ours as stored, and the whole audit record."""
    with place.state.reading() as connection:
        return [*connection.execute(select(ALERTS).order_by(ALERTS.c.key)), *audit.read(connection)]


def own_key(alert: IncomingAlert) -> str:
    return f"incoming/{alert.origin}/{alert.id}"


def test_it_is_told_in_the_living_alert(place: Installation) -> None:
    """Where our alert of that month is alive, it has a note in its thread and a line on its message, and no message of
    its own; our alert, and the record of it, stay as they were to the letter.
    """
    raise_alert(place)
    before = rows(place)
    assert come(place, said()) is Taken.NEW
    main = f"alert/{FORECAST}"
    assert deliveries(place, "incoming/") == [(own_key(said()), "#cost-payments", main, 1)]
    [(_, _, _, revision)] = [each for each in deliveries(place, main) if each[0] == main]
    assert revision == 2
    assert words(place, main).count(LINE) == 1
    assert words(place, own_key(said())).startswith(
        ":incoming_envelope: *AWS Budgets* says: the ACTUAL cost of the budget Athena (account 123456789012) is "
        "$2,345.67, 81 % of the $2,900 budgeted. Its alert threshold is $2,000.\nReceived "
    )
    assert rows(place) == before
    assert not [each for each in deliveries(place, "call") if each[3] != 1]


def test_it_comes_once_however_often(place: Installation) -> None:
    """The same message again, on that day or later, changes nothing that Slack is to show."""
    raise_alert(place)
    come(place, said())
    before = deliveries(place)
    for days in (0, 1, 30):
        assert come(place, said(), CAME + timedelta(days=days)) is Taken.KNOWN
    assert deliveries(place) == before


def test_many_at_once_have_one_effect(place: Installation) -> None:
    """Delivered by several ways in one moment, it is new once."""
    raise_alert(place)
    ready, found = threading.Barrier(5), list[Taken]()

    def one() -> None:
        ready.wait()
        found.append(come(place, said()))

    threads = [threading.Thread(target=one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [Taken.KNOWN] * 4 + [Taken.NEW]
    assert len(deliveries(place, "incoming/")) == 1
    assert [each[3] for each in deliveries(place, f"alert/{FORECAST}")] == [2]


def test_the_line_stays_on_the_message(place: Installation) -> None:
    """Whatever happens to our alert afterwards, its message still says what AWS said, the newest first."""
    raise_alert(place)
    come(place, said())
    come(place, said(2, kind="FORECASTED", amount="$2,950.00"), CAME + timedelta(minutes=1))
    raise_alert(place, "2000", MORNING + timedelta(hours=1))
    shown = words(place, f"alert/{FORECAST}")
    assert "*emergency*" in shown
    first = "AWS Budgets says $2,950 FORECASTED for the budget Athena, 102 % of the $2,900 budgeted, received "
    assert 0 < shown.index(first) < shown.index(LINE)


def test_alone_it_says_what_our_figures_say(place: Installation) -> None:
    """Where no alert of ours is alive, one message in the team's channel has both figures, our basis and our data's
    age; no alert is raised, and one that rises later has the line on it.
    """
    before = rows(place)
    assert come(place, said()) is Taken.NEW
    assert deliveries(place) == [(own_key(said()), "#cost-payments", "", 1)]
    shown = words(place, own_key(said()))
    assert shown.startswith(":incoming_envelope: *Payments:* *AWS Budgets* says: the ACTUAL cost of the budget Athena ")
    assert "*Our figures:* *Payments* has spent $1,101.36 of $2,900 (38 %) through 11 Nov" in shown
    assert "No alert of ours is open for Payments in November 2026, and this opens none." in shown
    assert (
        "Data through 11 Nov, from 10 Nov provisional. The month is still running. Basis: effective (EffectiveCost, "
        "without tax); days in UTC. AWS Budgets counts what is set in that budget. Received "
    ) in shown
    assert rows(place) == before
    raise_alert(place)
    assert LINE in words(place, f"alert/{FORECAST}")


def test_a_resolved_alert_is_not_alive(place: Installation) -> None:
    """After our alert has resolved, the next of AWS has a message of its own."""
    raise_alert(place)
    raise_alert(place, "2950", MORNING + timedelta(hours=1))
    come(place, said(), CAME + timedelta(hours=2))
    assert deliveries(place, "incoming/") == [(own_key(said()), "#cost-payments", "", 1)]


def test_another_month_or_currency_is_not_that_alerts(place: Installation) -> None:
    """An alert of ours of another month or currency is left alone."""
    raise_alert(place)
    before = deliveries(place, "alert/")
    october = read_alert(text().replace("November 12", "October 30"), ID.format(3), CAME)
    euros = read_alert(text().replace("$", "€"), ID.format(4), CAME)
    for alert in (october, euros):
        assert come(place, alert) is Taken.NEW
    assert [each[2] for each in deliveries(place, "incoming/")] == ["", ""]
    assert deliveries(place, "alert/") == before
    assert "*Our figures:* *Payments* spent" in words(place, own_key(october))
    assert "*Our figures:* none for *Payments* in EUR in November 2026." in words(place, own_key(euros))


def test_what_nobody_owns_goes_to_finops(place: Installation) -> None:
    """An alert that no rule, name or scope gives to a team is shown in FinOps' channel, saying so."""
    raise_alert(place)
    come(place, said(budget="Other"))
    assert deliveries(place, "incoming/") == [(own_key(said()), "#finops", "", 1)]
    assert "*No team owns this:* nothing in `finops.yaml` says whose the budget Other and the account" in words(
        place, own_key(said())
    )


def test_text_that_nobody_understands_is_shown(place: Installation) -> None:
    """A message without figures is kept whole and shown in its own words."""
    alert = read_alert("Something\nelse <!channel>", ID.format(5), CAME, "Hello")
    come(place, alert)
    assert "*AWS* says:\nHello\nSomething\nelse &lt;!channel&gt;\n*No team owns this:*" in words(place, own_key(alert))
    with place.state.reading() as connection:
        received = find_received(connection, alert)
    assert received and received.alert == alert


def test_an_anomaly_that_grows_changes_what_was_said(place: Installation) -> None:
    """Later figures of the same anomaly edit its note and the line; older ones, or the same, change nothing."""
    raise_alert(place)
    assert come(place, anomaly(10)) is Taken.NEW
    assert come(place, anomaly(25, CAME + timedelta(hours=8), 8), CAME + timedelta(hours=8)) is Taken.CHANGED
    assert come(place, anomaly(10)) is Taken.KNOWN
    assert come(place, anomaly(25, CAME + timedelta(hours=9), 7)) is Taken.KNOWN
    key = own_key(anomaly())
    assert deliveries(place, "incoming/") == [(key, "#cost-payments", f"alert/{FORECAST}", 2)]
    assert "says: $25 more than expected in payments" in words(place, key)
    main = words(place, f"alert/{FORECAST}")
    assert "AWS Cost Anomaly Detection says $25 more than expected" in main and "$10 more" not in main
    with place.state.reading() as connection:
        received = find_received(connection, anomaly())
    assert received and received.received_at == CAME
    assert isinstance(received.alert.figures, AnomalyFigures) and received.alert.figures.impact == 25


def test_an_anomaly_that_grows_alone(place: Installation) -> None:
    """Without an alert of ours, the message itself is edited."""
    come(place, anomaly(10))
    come(place, anomaly(25, CAME + timedelta(hours=8), 8))
    assert deliveries(place) == [(own_key(anomaly()), "#cost-payments", "", 2)]


def test_shadow_mode_records_and_posts_nothing(place: Installation) -> None:
    """While alerts are only watched, those of AWS are on record and nowhere else."""
    alerts = replace(company_of(place).alerts, live=False)
    assert come(place, said(), alerts=alerts) is Taken.NEW
    assert deliveries(place) == []
    assert come(place, said()) is Taken.KNOWN


def test_a_message_that_will_never_stand_has_no_thread(place: Installation) -> None:
    """An alert whose message Slack has refused for good is no place for a note: it would wait for ever."""
    raise_alert(place)
    with place.state.writing() as connection:
        connection.execute(DELIVERIES.update().where(DELIVERIES.c.key == f"alert/{FORECAST}").values(state="dead"))
    come(place, said())
    assert deliveries(place, "incoming/") == [(own_key(said()), "#cost-payments", "", 1)]


def test_nothing_is_kept_of_what_failed(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks before the commit leaves neither a record nor a message, and comes again as new."""
    raise_alert(place)
    before = deliveries(place)
    with monkeypatch.context() as broken:
        broken.setattr("jobs.incoming_alerts.queue", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            come(place, said())
    assert deliveries(place) == before
    assert come(place, said()) is Taken.NEW
