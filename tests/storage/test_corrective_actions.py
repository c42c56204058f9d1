"""Corrective actions as stored: whole, numbered over the company, changed by one at a time, and recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from finops.corrective_action import (
    ActionStage,
    ActionStep,
    CorrectiveAction,
    MeasuredSaving,
    Target,
    drop,
    finish,
    measure,
    plan_action,
)
from finops.effect import Effect
from finops.explanation import VarianceKey
from finops.periods import Month
from storage.audit import append, read, verify
from storage.corrective_actions import (
    ActionChangedMeanwhile,
    action_entries,
    actions_in,
    actions_of,
    find_action,
    save_change,
    thread_of,
)
from storage.deliveries import TABLE as DELIVERIES
from storage.deliveries import queue
from tests.storage.bills import Place

NOW = datetime(2026, 11, 12, 10, tzinfo=UTC)
KEY = VarianceKey("payments", Month(2026, 11), "USD")
DUE = date(2026, 11, 20)
TARGET = Target("Compute", "0012", "Env", "test")


def plan(place: Place, *, key: VarianceKey = KEY, owner: str = "U1", due: date = DUE) -> CorrectiveAction:
    """A stored action."""
    promised = Decimal("1200.000000000000000001")
    change = plan_action(key, 1, "Turn idle nodes off", owner, due, promised, TARGET, "U2", NOW)
    with place.state.writing() as connection:
        return save_change(connection, change, NOW).action


def test_an_action_is_given_back_whole(place: Place) -> None:
    """Every part and digit of an action comes back, through its whole life, with rising versions."""
    action = plan(place)
    assert (action.number, action.version) == (1, 1)
    saving = MeasuredSaving(
        monthly=Decimal("900.123456789012345678"),
        low=Decimal("-1.5"),
        high=Decimal("1e3"),
        before_from=date(2026, 11, 1),
        before_through=date(2026, 11, 9),
        after_from=date(2026, 11, 10),
        after_through=date(2026, 11, 11),
        publication=3,
        measured_at=NOW,
        trend=Decimal("-0.000000000000000001"),
    )
    with place.state.writing() as connection:
        done = save_change(connection, finish(action, "U1", date(2026, 11, 10), 1, date(2026, 11, 12), NOW), NOW)
        known = save_change(connection, measure(done.action, saving, final=True, now=NOW), NOW)
    with place.state.reading() as connection:
        assert (
            find_action(connection, 1)
            == known.action
            == replace(
                action,
                stage=ActionStage.MEASURED,
                done_on=date(2026, 11, 10),
                done_by="U1",
                measured=saving,
                version=3,
            )
        )
        assert find_action(connection, 2) is None


def test_actions_are_found_by_what_is_asked(place: Place) -> None:
    """By stage, team, owner, month and due day, the earliest due first."""
    first = plan(place, due=date(2026, 11, 25))
    second = plan(place, owner="U3", key=replace(KEY, team="search"))
    third = plan(place, key=replace(KEY, month=Month(2026, 10)), due=date(2026, 12, 1))
    with place.state.writing() as connection:
        dropped = save_change(connection, drop(third, "U1", "no use", 1, NOW), NOW).action
    with place.state.reading() as connection:
        assert actions_in(connection) == [second, first, dropped]
        assert actions_in(connection, stages=[ActionStage.OPEN]) == [second, first]
        assert actions_in(connection, team="payments", month=Month(2026, 11)) == [first]
        assert actions_in(connection, owner="U3", due_before=date(2026, 11, 21)) == [second]
        assert actions_in(connection, due_before=date(2026, 11, 20)) == []
        assert actions_of(connection, KEY) == [first]


def test_of_two_writers_the_second_is_refused(place: Place) -> None:
    """A change made from an older version is never written over a newer one."""
    action = plan(place)
    with place.state.writing() as connection:
        save_change(connection, drop(action, "U1", "no use", 1, NOW), NOW)
    with pytest.raises(ActionChangedMeanwhile), place.state.writing() as connection:
        save_change(connection, drop(action, "U2", "another reason", 1, NOW), NOW)
    with place.state.reading() as connection:
        found = find_action(connection, 1)
    assert found and found.dropped_why == "no use"


def test_what_happened_is_on_record(place: Place) -> None:
    """Each event is an entry with what the action was and became, in plain words and full precision."""
    change = plan_action(KEY, 2, "Turn idle nodes off", "U1", date(2026, 11, 20), None, TARGET, "U2", NOW)
    with place.state.writing() as connection:
        planned = save_change(connection, change, NOW)
        dropped = save_change(connection, drop(planned.action, "U1", "no use", 1, NOW), NOW)
        append(connection, action_entries([planned, dropped]))
    words = {
        "stage": "open",
        "text": "Turn idle nodes off",
        "owner": "U1",
        "due": "2026-11-20",
        "promised": None,
        "target": {"service": "Compute", "account": "0012", "tag": "Env", "value": "test"},
        "explanation": "payments/2026-11/USD/2",
        "done_on": None,
    }
    with place.state.reading() as connection:
        entries = [each.entry for each in read(connection, subject="action/1")]
        assert verify(connection) == []
    assert [(e.who, e.action, e.team, e.was, e.became, e.note) for e in entries] == [
        ("U2", f"action.{ActionStep.PLANNED}", "payments", None, words, ""),
        ("U1", "action.dropped", "payments", {"stage": "open"}, words | {"stage": "dropped"}, "no use"),
    ]


def test_notes_stand_where_the_action_came_from(place: Place) -> None:
    """In the thread of its explanation's message, else of the closed or forecast alert, else in the channel."""
    action = plan(place)
    alert = "alert/payments/2026-11/{}/USD"

    def sent(key: str, ts: str, thread: str = "") -> tuple[str, str]:
        with place.state.writing() as connection:
            queue(connection, [Effect(key, "alert", "#cost", {"text": "x"}, "payments", thread_of=thread)], NOW)
            where = DELIVERIES.update().where(DELIVERIES.c.key == key)
            connection.execute(where.values(channel="C1" if ts else "", ts=ts))
            return thread_of(connection, action, "#team")

    with place.state.reading() as connection:
        assert thread_of(connection, action, "#team") == ("#team", "")
    assert sent(alert.format("forecast"), "") == ("#team", "")
    assert sent(alert.format("forecast"), "1.0") == ("C1", alert.format("forecast"))
    assert sent(alert.format("closed"), "2.0") == ("C1", alert.format("closed"))
    inside = sent("explanation/payments/2026-11/USD/1", "3.0", alert.format("closed"))
    assert inside == ("C1", alert.format("closed"))
