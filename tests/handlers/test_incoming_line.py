"""What AWS said stays on an alert's message whatever people answer, and is no question itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from finops.alert import Status
from finops.incoming_alert import IncomingRule, IncomingRules
from finops.incoming_reading import read_alert
from jobs.incoming_alerts import take_in
from tests.handlers.desk import Desk

TEXT = "AWS Budget Notification November 12, 2026\nBudget Name: Athena\nAlert Type: ACTUAL\nACTUAL Amount: $5\n"
LINE = "AWS Budgets says $5 ACTUAL for the budget Athena, received "


def test_the_line_outlives_answers(desk: Desk) -> None:
    """An emoji on AWS's note answers nothing; an acknowledgement keeps the line on the alert's message."""
    key = desk.raised()
    place, before = desk.bench.installation, desk.alert(key)
    company = replace(place.company, incoming=IncomingRules(map=(IncomingRule("payments", budget=("Athena",)),)))
    alert = read_alert(TEXT, "5b4f5c5e-0000-5000-8000-000000000001", datetime(2026, 11, 12, 8, tzinfo=UTC))
    take_in(alert, company=company, state=place.state, now=place.now)
    desk.settle()
    desk.says(key, LINE, "*Open*")
    [note] = desk.sandbox.thread("cost-payments", desk.ts(key))[1:]
    assert "*AWS Budgets* says: the ACTUAL cost of the budget Athena is $5." in note["text"]
    alice = desk.sandbox.person("alice")
    alice.react("cost-payments", note["ts"], "white_check_mark")
    desk.settle()
    assert desk.alert(key) == before
    alice.click("cost-payments", desk.ts(key), "alert_acknowledge")
    desk.says(key, "*Acknowledged* by Alice Example", LINE)
    assert desk.alert(key).status(desk.bench.clock.now) is Status.ACKNOWLEDGED
    assert len(desk.noted(key, 2)) == 2
