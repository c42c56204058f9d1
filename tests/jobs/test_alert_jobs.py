"""The jobs that move alerts, on the small company's own bill."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.installation import Installation
from finops.alert import Alert, AlertKey, Setting, Status, acknowledge, do_duty
from finops.company import Company
from finops.freeze import Freeze, answer, ask, decide
from finops.periods import Month
from finops.policy import Kind, Role
from jobs import daily_summary, end_freezes, escalate_alerts, evaluate_alerts
from storage import audit
from storage.alerts import find_alert, living_alerts, save_alerts
from storage.budgets import Budget, record_budgets
from storage.deliveries import TABLE as DELIVERIES
from storage.freezes import freezes_in_force, save_freeze
from storage.leaves import Leave, record_leave
from storage.people import replace_directory
from tests.company import MORNING, make_company, take_in, usual_charges, write_bill

NOVEMBER = Month(2026, 11)
PEOPLE = {name: f"U{name.upper()}" for name in ("alice", "bob", "carol", "dave", "erin", "frank")}
FORECAST = AlertKey("payments", NOVEMBER, Kind.FORECAST, "USD")
CALLED_FIRST = 3
"""Direct messages of a first rise to formal."""


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company with its directory filled; payments is heading for about $3,004."""
    installation = make_company(tmp_path)
    with installation.state.writing() as connection:
        people = [(user, name.title(), f"{name}@example.com", "Europe/Berlin") for name, user in PEOPLE.items()]
        replace_directory(connection, people, [("SFINOPS", "finops", "UDAVE")], [])
    return installation


def give_budget(place: Installation, amount: str, team: str = "payments", month: Month = NOVEMBER) -> None:
    with place.state.writing() as connection:
        record_budgets(
            connection, [Budget(team, month, Decimal(amount), "USD")], source="test", by="test", now=place.now
        )


def evaluate(place: Installation, now: datetime = MORNING, company: Company | None = None) -> str:
    return evaluate_alerts.run(now=now, company=company or place.company, state=place.state).summary


def escalate(place: Installation, now: datetime) -> str:
    return escalate_alerts.run(now=now, company=place.company, state=place.state).summary


def sent(place: Installation, begins: str = "") -> list[tuple[str, str, str, bool]]:
    """Key, destination, thread and broadcast of every effect, in the order queued."""
    query = select(DELIVERIES).where(DELIVERIES.c.key.startswith(begins)).order_by(DELIVERIES.c.id)
    with place.state.reading() as connection:
        return [(row.key, row.destination, row.thread_of, row.broadcast) for row in connection.execute(query)]


def text_of(place: Installation, key: str) -> str:
    with place.state.reading() as connection:
        return str(connection.execute(select(DELIVERIES.c.payload).where(DELIVERIES.c.key == key)).scalar_one()["text"])


def actions(place: Installation) -> list[str]:
    with place.state.reading() as connection:
        return [
            f"{sealed.entry.subject} {sealed.entry.action}"
            for sealed in audit.read(connection)
            if sealed.entry.action.startswith("alert.")
        ]


def alert(place: Installation, key: AlertKey = FORECAST) -> Any:
    with place.state.reading() as connection:
        return find_alert(connection, key)


def test_a_rise_is_one_message_and_a_call_to_each_person(place: Installation) -> None:
    """A forecast 15 % over makes one formal alert, posted in the channel, with one direct message to each person."""
    give_budget(place, "2600")
    assert evaluate(place) == "1 raised"
    main = f"alert/{FORECAST}"
    assert sent(place) == [
        (main, "#cost-payments", "", False),
        *((f"call/{FORECAST}/1/{user}", user, "", False) for user in ("UALICE", "UDAVE", "UBOB")),
    ]
    assert "formal" in text_of(place, main) and "15.5 %" in text_of(place, main)
    assert actions(place) == [f"{main} alert.raised"]


def test_an_unchanged_state_says_nothing_more(place: Installation) -> None:
    """Evaluated again and again with the same figures, nothing is queued, recorded or revised."""
    give_budget(place, "2600")
    evaluate(place)
    with place.state.reading() as connection:
        before = connection.execute(select(DELIVERIES.c.key, DELIVERIES.c.revision)).all()
    for minutes in range(1, 4):
        assert evaluate(place, MORNING + timedelta(minutes=minutes)) == "nothing changed"
    with place.state.reading() as connection:
        assert connection.execute(select(DELIVERIES.c.key, DELIVERIES.c.revision)).all() == before


def test_silence_climbs_to_the_sponsor(place: Installation) -> None:
    """Nobody answers: after 8 working hours the executive sponsor is called, and then FinOps' own, each once."""
    give_budget(place, "2600")
    evaluate(place)
    waits = alert(place).answer_by
    assert escalate(place, waits - timedelta(seconds=1)) == "nobody to call"
    assert escalate(place, waits) == "1 escalated"
    assert escalate(place, waits) == "nobody to call"
    assert sent(place, "alert/")[1:] == [(f"alert/{FORECAST}/2.1", "#cost-payments", f"alert/{FORECAST}", False)]
    assert sent(place, f"call/{FORECAST}/2") == [(f"call/{FORECAST}/2/UERIN", "UERIN", "", False)]


def test_an_acknowledgement_stops_silence(place: Installation) -> None:
    """Acknowledged, the alert calls nobody at the moment at which it would have called the sponsor."""
    give_budget(place, "2600")
    evaluate(place)
    waits = alert(place).answer_by
    policy = place.company.policy(place.company.listed["payments"])
    with place.state.writing() as connection:
        change = acknowledge(find_alert(connection, FORECAST, lock=True), "UALICE", "button", Setting(policy), MORNING)
        save_alerts(connection, [(change, policy)], MORNING)
    assert escalate(place, waits) == "nobody to call"
    assert alert(place).status(waits) is Status.ACKNOWLEDGED
    assert escalate(place, alert(place).acknowledgement.until) == "1 acknowledgement expired"


def test_a_rise_is_broadcast_and_a_fall_is_noted(place: Installation) -> None:
    """From formal to emergency the note is shown in the channel and the sponsor called; back down nobody is."""
    give_budget(place, "2600")
    evaluate(place)
    give_budget(place, "2300")
    assert evaluate(place, MORNING + timedelta(minutes=1)) == "1 rose"
    assert sent(place, f"alert/{FORECAST}/2") == [
        (f"alert/{FORECAST}/2.1", "#cost-payments", f"alert/{FORECAST}", True)
    ]
    assert {key for key, *_ in sent(place, f"call/{FORECAST}/2")} == {
        f"call/{FORECAST}/2/{user}" for user in ("UALICE", "UERIN", "UDAVE")
    }
    give_budget(place, "2600")
    assert evaluate(place, MORNING + timedelta(minutes=2)) == "1 fell"
    assert sent(place, f"alert/{FORECAST}/3") == [
        (f"alert/{FORECAST}/3.1", "#cost-payments", f"alert/{FORECAST}", False)
    ]
    assert sent(place, f"call/{FORECAST}/3") == []


def test_what_resolves_in_the_night_calls_nobody(place: Installation) -> None:
    """Raised in quiet hours and resolved before they end, an alert has called nobody, and rises anew as any other."""
    give_budget(place, "2600")
    night = datetime(2026, 11, 12, 22, tzinfo=UTC)
    evaluate(place, night)
    give_budget(place, "3000")
    assert evaluate(place, night + timedelta(hours=1)) == "1 resolved"
    escalate(place, night + timedelta(hours=9))
    assert sent(place, "call/") == [] and alert(place).called == {}
    give_budget(place, "2600")
    assert evaluate(place, night + timedelta(hours=11)) == "1 raised"
    assert len(sent(place, "call/")) == CALLED_FIRST


def test_quiet_hours_hold_a_ping_until_the_morning(place: Installation) -> None:
    """Raised at 23:00 in Berlin, the alert is shown at once, and its people are called at 07:00 there."""
    give_budget(place, "2600")
    evaluate(place, datetime(2026, 11, 12, 22, tzinfo=UTC))
    assert sent(place) == [(f"alert/{FORECAST}", "#cost-payments", "", False)]
    morning = datetime(2026, 11, 13, 6, tzinfo=UTC)
    assert alert(place).call_at == morning
    assert escalate(place, morning - timedelta(seconds=1)) == "nobody to call"
    assert escalate(place, morning) == "1 called"
    assert (f"alert/{FORECAST}/2.1", "#cost-payments", f"alert/{FORECAST}", True) in sent(place)
    assert len(sent(place, "call/")) == CALLED_FIRST


def test_a_threshold_stands_beside_the_forecast(place: Installation) -> None:
    """Half the budget used is told in the thread of the forecast's alert and pings nobody."""
    give_budget(place, "2100")
    evaluate(place)
    threshold = AlertKey("payments", NOVEMBER, Kind.THRESHOLD, "USD")
    assert alert(place, threshold).beside
    assert sent(place, f"alert/{threshold}") == [
        (f"alert/{threshold}/1.1", "#cost-payments", f"alert/{FORECAST}", False)
    ]
    assert sent(place, f"call/{threshold}") == []


def test_a_closed_month_takes_over(place: Installation) -> None:
    """On the fifth working day the closed alert rises from the final actual, and the forecast's is concluded."""
    give_budget(place, "2600")
    evaluate(place)
    write_bill(
        Path(place.company.sources["aws"].keys["path"]) / "bill.csv",
        usual_charges(date(2026, 10, 1), date(2026, 12, 5)),
    )
    place.clock.now = datetime(2026, 12, 6, 9, tzinfo=UTC)  # type: ignore[attr-defined]
    take_in(place)
    evaluate(place, datetime(2026, 12, 4, 9, tzinfo=UTC))
    closed = AlertKey("payments", NOVEMBER, Kind.CLOSED, "USD")
    assert alert(place, closed) is None
    evaluate(place, datetime(2026, 12, 7, 9, tzinfo=UTC))
    assert alert(place, closed).step == 2
    assert alert(place).concluded and alert(place).status(MORNING) is Status.RESOLVED
    assert f"alert/{FORECAST} alert.concluded" in actions(place)
    # A month that is long closed is looked at no more; its alert ends once what it asked for is done.
    later = datetime(2027, 3, 2, 9, tzinfo=UTC)
    evaluate(place, later)
    assert alert(place, closed).step == 2
    with place.state.writing() as connection:
        known = Setting(place.company.policy(place.company.teams[0]))
        done = do_duty(alert(place, closed), PEOPLE["alice"], "explained", known, later)
        save_alerts(connection, [(done, known.policy)], later)
    evaluate(place, later + timedelta(hours=1))
    assert alert(place, closed).concluded


def test_a_month_whose_data_never_came_is_given_up(place: Installation) -> None:
    """An alert of a month that is looked at no more, and was never complete, asks nobody any more."""
    give_budget(place, "2600")
    evaluate(place)
    evaluate(place, datetime(2027, 1, 20, 9, tzinfo=UTC))
    assert not alert(place).concluded
    evaluate(place, datetime(2027, 2, 3, 9, tzinfo=UTC))
    assert "never became complete" in alert(place).concluded


def test_shadow_mode_records_and_does_not_post(place: Installation) -> None:
    """In shadow mode an alert is on record and nothing is queued; live, it is news."""
    give_budget(place, "2600")
    shadow = replace(place.company, alerts=replace(place.company.alerts, live=False))
    assert evaluate(place, company=shadow) == "1 raised"
    assert sent(place) == [] and len(living_alerts_of(place)) == 1
    assert evaluate(place, MORNING + timedelta(minutes=1)) == "1 raised"
    assert sent(place, "alert/") == [(f"alert/{FORECAST}", "#cost-payments", "", False)]


def living_alerts_of(place: Installation) -> list[Alert]:
    with place.state.reading() as connection:
        return list(living_alerts(connection))


def test_the_rest_of_a_week_goes_into_one_digest(place: Installation) -> None:
    """With the week's calls used up, a rise calls nobody and stands in the week's one digest message."""
    few = replace(place.company, alerts=replace(place.company.alerts, most_pings=1))
    give_budget(place, "2800")
    evaluate(place, company=few)
    give_budget(place, "2600")
    evaluate(place, MORNING + timedelta(minutes=1), few)
    assert sent(place, f"call/{FORECAST}/2") == []
    assert sent(place, "digest/") == [("digest/payments/2026-W46", "#cost-payments", "", False)]


def test_an_evaluation_that_read_earlier_changes_nothing(place: Installation) -> None:
    """An evaluation that comes after one that knew more neither raises nor resolves anything."""
    give_budget(place, "2600")
    evaluate(place, MORNING + timedelta(hours=1))
    give_budget(place, "9000")
    assert evaluate(place, MORNING) == "nothing changed"
    assert alert(place).step == 2


def test_missing_data_is_not_zero(place: Installation) -> None:
    """A month that ended with its last days missing is not judged: its alert stays as it is, and none rises."""
    give_budget(place, "2600")
    evaluate(place)
    evaluate(place, datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert [each.key for each in living_alerts_of(place)] == [FORECAST]
    assert alert(place).step == 2


def test_a_morning_run_again_changes_no_message(place: Installation) -> None:
    """The daily summary queued again with the same figures revises no message."""
    for _ in range(2):
        said = daily_summary.run(
            now=MORNING, zone=place.company.zone(), company=place.company, state=place.state
        ).summary
    assert said == "3 teams, 0 messages new or changed"


def test_a_freeze_ends_with_its_day(place: Installation) -> None:
    """The day after a freeze's last one it has expired: announced once, recorded, and gone from the message."""
    give_budget(place, "2300")
    evaluate(place)
    decided = decide(
        FORECAST,
        freeze=True,
        what="GPU training",
        why="twice the budget",
        until=date(2026, 11, 13),
        by="UERIN",
        today=date(2026, 11, 12),
        now=MORNING,
    )
    with place.state.writing() as connection:
        frozen = save_freeze(connection, decided, MORNING)

    def end(now: datetime) -> str:
        return end_freezes.run(now=now, company=place.company, state=place.state).summary

    evaluate(place, MORNING + timedelta(minutes=1))
    assert end(datetime(2026, 11, 13, 22, 59, tzinfo=UTC)) == "none to end"
    midnight_in_berlin = datetime(2026, 11, 13, 23, tzinfo=UTC)
    assert (end(midnight_in_berlin), end(midnight_in_berlin)) == ("1 ended", "none to end")
    ended = f"freeze/{frozen.id}/expired"
    assert sent(place, "freeze/") == [
        (ended, "#cost-payments", f"alert/{FORECAST}", True),
        (f"{ended}/UERIN", "UERIN", "", False),
    ]
    with place.state.reading() as connection:
        assert freezes_in_force(connection) == []
        [entry] = [s.entry for s in audit.read(connection) if s.entry.action == "freeze.expired"]
    assert (entry.who, entry.subject, entry.team) == ("finops", f"freeze/{frozen.id}", "payments")


def frozen_until(place: Installation, last: date, *exceptions: date) -> Freeze:
    """A freeze of the forecast's emergency, with exceptions that wait until their days, the first one granted."""
    give_budget(place, "2300")
    evaluate(place)
    today = date(2026, 11, 12)
    made = decide(
        FORECAST, freeze=True, what="GPU training", why="over", until=last, by="UERIN", today=today, now=MORNING
    )
    for until in exceptions:
        made = ask(made, what="a demo", why="it is sold", until=until, by="UBOB", today=today, now=MORNING)
    if exceptions:
        made = answer(made, 1, granted=True, by="UERIN", today=today, now=MORNING)
    with place.state.writing() as connection:
        return save_freeze(connection, made, MORNING)


def end_at(place: Installation, now: datetime) -> str:
    return end_freezes.run(now=now, company=place.company, state=place.state).summary


def test_an_emergency_that_outlasts_its_freeze_calls_the_sponsors(place: Installation) -> None:
    """When the freeze is over and the emergency is not, each sponsor or stand-in is called to decide anew."""
    place.company.roles[Role.EXECUTIVE_SPONSOR] = ("erin@example.com", "frank@example.com")
    with place.state.writing() as connection:
        record_leave(connection, Leave("UFRANK", "UCAROL", date(2026, 11, 13), date(2026, 11, 20)), MORNING)
    frozen = frozen_until(place, date(2026, 11, 13))
    before = len(actions(place))
    midnight = datetime(2026, 11, 13, 23, tzinfo=UTC)
    assert (end_at(place, midnight), end_at(place, midnight)) == ("1 ended", "none to end")
    ended = f"freeze/{frozen.id}/expired"
    assert [key for key, *_ in sent(place, "freeze/")] == [ended, f"{ended}/UERIN", f"{ended}/UCAROL"]
    for key in (ended, f"{ended}/UERIN"):
        said = text_of(place, key)
        assert "the emergency goes on: a new decision on a freeze is due" in said
        assert "<@UERIN> and <@UCAROL>, it is yours to make." in said
    with place.state.reading() as connection:
        row = connection.execute(select(DELIVERIES).where(DELIVERIES.c.key == f"{ended}/UERIN")).one()
        [entry] = [s.entry for s in audit.read(connection) if s.entry.action == "freeze.expired"]
    assert "alert_freeze" in str(row.payload) and row.not_before == datetime(2026, 11, 14, 6, tzinfo=UTC)
    assert entry.pinged == 2 and len(actions(place)) == before


def test_a_freeze_that_ends_with_its_emergency_calls_nobody(place: Installation) -> None:
    """Where the alert has fallen meanwhile, what was frozen may be spent again, and no sponsor is called."""
    frozen = frozen_until(place, date(2026, 11, 13))
    give_budget(place, "2600")
    evaluate(place, MORNING + timedelta(minutes=1))
    assert end_at(place, datetime(2026, 11, 13, 23, tzinfo=UTC)) == "1 ended"
    assert [key for key, *_ in sent(place, "freeze/")] == [f"freeze/{frozen.id}/expired"]
    assert text_of(place, f"freeze/{frozen.id}/expired").endswith("What was frozen may be spent again.")
    with place.state.reading() as connection:
        [entry] = [s.entry for s in audit.read(connection) if s.entry.action == "freeze.expired"]
    assert entry.pinged == 0


def test_an_exception_ends_with_its_day(place: Installation) -> None:
    """The day after, who asked is told that it is over, granted or never answered; once, recorded, and not shown."""
    day = date(2026, 11, 12)
    frozen = frozen_until(place, date(2026, 11, 30), day, day, date(2026, 11, 20))
    evaluate(place, MORNING + timedelta(minutes=1))
    assert end_at(place, datetime(2026, 11, 12, 22, 59, tzinfo=UTC)) == "none to end"
    midnight = datetime(2026, 11, 12, 23, tzinfo=UTC)
    assert (end_at(place, midnight), end_at(place, midnight)) == ("2 exceptions over", "none to end")
    keys = [f"freeze/{frozen.id}/ended/{number}" for number in (1, 2)]
    assert [key for key, *_ in sent(place, "freeze/")] == [part for key in keys for part in (key, f"{key}/UBOB")]
    assert "<@UBOB>, what it let go on is frozen again." in text_of(place, keys[0])
    assert "answered by nobody, until Thu 12 Nov 2026 and over" in text_of(place, keys[1])
    shown = text_of(place, f"alert/{FORECAST}")
    assert "Exception 3, waiting" in shown and "Exception 1" not in shown and "Exception 2" not in shown
    with place.state.reading() as connection:
        entries = [s.entry for s in audit.read(connection) if s.entry.action == "freeze.exception ended"]
    said = {"what": "a demo", "until": "2026-11-12"}
    assert [(each.was, each.became) for each in entries] == [
        ({"exception": 1, "status": "granted"} | said, {"exception": 1, "status": "over"} | said),
        ({"exception": 2, "status": "waiting"} | said, {"exception": 2, "status": "over"} | said),
    ]


def test_a_changed_policy_is_on_record(place: Installation) -> None:
    """The first evaluation records the policy, one under the same policy nothing, a changed one what has changed."""
    give_budget(place, "2600")
    evaluate(place)
    evaluate(place, MORNING + timedelta(minutes=1))
    later = replace(place.company, alerts=replace(place.company.alerts, most_pings=3))
    evaluate(place, MORNING + timedelta(minutes=2), later)
    with place.state.reading() as connection:
        changes = [s.entry for s in audit.read(connection) if s.entry.action == "policy.changed"]
    assert len(changes) == 2
    assert (changes[1].was, changes[1].became) == ({"alerts.most_pings": "7"}, {"alerts.most_pings": "3"})
    assert changes[0].became is not None
    assert changes[0].became["teams.payments.owners"] == ["alice@example.com"]
    assert changes[0].became["ladder.formal.who"] == ["finops", "finance", "engineering_lead"]


def test_a_rise_that_falls_in_the_night_calls_nobody(place: Installation) -> None:
    """A rung that nobody has heard of is not called for once the alert has fallen to one that was called by day."""
    give_budget(place, "2600")
    evaluate(place)
    called = sent(place, "call/")
    night = datetime(2026, 11, 12, 22, tzinfo=UTC)
    give_budget(place, "2300")
    assert evaluate(place, night) == "1 rose"
    give_budget(place, "2600")
    assert evaluate(place, night + timedelta(hours=1)) == "1 fell"
    assert alert(place).call_at is None
    assert escalate(place, night + timedelta(hours=9)) == "nobody to call"
    assert sent(place, "call/") == called
