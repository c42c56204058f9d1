"""An alert of AWS from SNS's post to Slack: in the thread of our own alert and on its message, once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.web import build_web
from bot.worker import Worker
from finops.incoming_alert import IncomingRule, IncomingRules
from finops.periods import Month
from storage.budgets import Budget, record_budgets
from tests.bot.conftest import Bench
from tests.bot.sns import TOPIC, Aws, body, notification
from tests.bot.test_http import Door

TEXT = (
    "AWS Budget Notification November 12, 2026\nAWS Account 123456789012\n\nBudget Name: {}\nBudget Type: Cost\n"
    "Budgeted Amount: $2,900.00\nAlert Type: FORECASTED\nAlert Threshold: > $2,000.00\nFORECASTED Amount: $3,100.00\n"
)


def test_from_sns_to_slack(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The alert's message is edited in place and its thread has one note, however often SNS sends; what nobody owns is
    one message in FinOps' channel; nobody is pinged by either.
    """
    Aws().put_in_place(monkeypatch)
    place, sandbox = bench.installation, bench.sandbox
    rules = IncomingRules(topics=(TOPIC,), map=(IncomingRule("payments", budget=("Athena",)),))
    place.company = replace(place.company, incoming=rules, alerts=replace(place.company.alerts, channel="#general"))
    with place.state.writing() as connection:
        budget = Budget("payments", Month(2026, 11), Decimal(2600), "USD")
        record_budgets(connection, [budget], source="test", by="test", now=place.now)
    worker, door = Worker(place), Door(build_web(place), place)
    worker.start()
    try:
        worker.tick()
        worker.scheduler.run("evaluate_alerts")

        def of(key: str, channel: str) -> list[dict]:  # type: ignore[type-arg]
            every = sandbox.messages(channel)
            return [
                each
                for each in every
                if (each.get("metadata") or {}).get("event_payload", {}).get("key", "").startswith(key)
            ]

        [alert] = sandbox.wait_for(lambda: of("alert/", "cost-payments"), timeout=15)
        owned, nobodys = notification(TEXT.format("Athena")), notification(TEXT.format("Other"))
        for _ in range(3):
            for message in (owned, nobodys):
                assert door.post(body(message), path="/incoming/sns").status == 200
        sandbox.wait_for(lambda: of("alert/", "cost-payments")[0].get("edited"), timeout=15)
        sandbox.wait_for(lambda: of("incoming/", "general"), timeout=15)
        sandbox.wait_for(lambda: len(sandbox.thread("cost-payments", alert["ts"])) > 1, timeout=15)
    finally:
        worker.stop()
    [edited] = of("alert/", "cost-payments")
    assert edited["ts"] == alert["ts"]
    line = "AWS Budgets says $3,100 FORECASTED for the budget Athena, 107 % of the $2,900 budgeted, received "
    assert line in edited["text"] and line in str(edited["blocks"])
    notes = [each["text"] for each in sandbox.thread("cost-payments", alert["ts"]) if each["ts"] != alert["ts"]]
    assert [note.splitlines()[0] for note in notes] == [
        ":incoming_envelope: *AWS Budgets* says: the FORECASTED cost of the budget Athena (account 123456789012) is "
        "$3,100, 107 % of the $2,900 budgeted. Its alert threshold is $2,000."
    ]
    [unowned] = of("incoming/", "general")
    assert (
        "*No team owns this:* nothing in `finops.yaml` says whose the budget Other and the account" in unowned["text"]
    )
    assert "<@" not in notes[0] + unowned["text"]
