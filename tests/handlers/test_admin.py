"""`/finops admin` and its twin in the terminal: how things are, and what FinOps makes the bot do."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from bot.cli import main
from bot.discovery import declared
from bot.scheduler import Scheduler
from finops.alert import Setting, do_duty
from finops.effect import Effect
from storage.alerts import living_alerts, save_alerts
from storage.deliveries import TABLE as DELIVERIES
from storage.deliveries import queue
from storage.standing import read_standing
from tests.bot.conftest import Bench
from tests.company import Moved, make_company
from tests.handlers.desk import Desk, raise_alert
from tests.storage.test_audit import unguard


def kill(installation, key: str, destination: str = "C1") -> None:  # type: ignore[no-untyped-def]
    """Leave a dead message behind."""
    payload = {"text": "x", "blocks": [], "picture": None, "picture_after": 0, "continued": []}
    with installation.state.writing() as connection:
        queue(connection, [Effect(key, "alert", destination, payload)], installation.now)
        dead = DELIVERIES.update().where(DELIVERIES.c.key == key)
        connection.execute(dead.values(state="dead", attempts=300, error="channel_not_found"))


def test_only_finops(desk: Desk) -> None:
    """Everybody else is refused, whatever they ask for, and nothing happens."""
    for line in ("", "status", "run ingest_billing", "replay all"):
        [said] = desk.sandbox.person("alice").command("general", f"/finops admin {line}")
        assert "Only FinOps may ask this." in said["text"]
    assert desk.record() == []


def test_status_names_what_is_wrong(desk: Desk) -> None:
    """Data, jobs, messages, alerts, people and the record stand in one answer, what is wrong first."""
    installation = desk.bench.installation
    desk.raised(step=3)
    kill(installation, "alert/gone")
    desk.set_owners("search", "nobody-here")
    dave = desk.sandbox.person("dave")
    [said] = dave.command("general", "/finops admin status")
    words = said["text"]
    for expected in (
        "1 message that could not be delivered",
        "1 name that Slack does not know",
        "aws: through 11 Nov",
        "`alert/gone`",
        "channel_not_found",
        "1 open",
        "nobody-here@example.com: not found in Slack",
        ", whole.",
    ):
        assert expected in words, expected
    assert dave.command("general", "/finops admin")[0]["text"].split("*Messages")[0] == words.split("*Messages")[0]


def test_a_long_answer_has_its_end(desk: Desk) -> None:
    """What one message cannot hold follows in others, in its order, for a command and for a click alike."""
    installation, dave = desk.bench.installation, desk.sandbox.person("dave")
    for number in range(10):
        kill(installation, f"alert/gone/{number}")
    with installation.state.writing() as connection:
        dead = DELIVERIES.update().where(DELIVERIES.c.state == "dead")
        connection.execute(dead.values(error=DELIVERIES.c.key + "&" * 180))

    def holds_all(shown: list[str]) -> bool:
        whole = "".join(shown)
        order = ["*Data*", *sorted({f"alert/gone/{number}`" for number in range(10)}, reverse=True), "*Audit record:*"]
        places = [whole.find(word) for word in order]
        return len(shown) > 1 and -1 not in places and places[0] < min(places[1:-1]) and max(places) == places[-1]

    [first] = dave.command("general", "/finops admin status")
    seen = len(desk.hidden("dave", "general"))
    assert "*Audit record:*" not in json.dumps(first["blocks"])

    def shown() -> list[str]:
        return [json.dumps(each["blocks"]) for each in desk.hidden("dave", "general")]

    desk.sandbox.wait_for(lambda: holds_all(shown()), timeout=10)
    pages = len(shown())
    [wrong] = dave.command("general", "/finops admin stauts")
    dave.click("general", wrong["ts"], "command_run.1")
    desk.sandbox.wait_for(lambda: holds_all(shown()[pages:]), timeout=10)
    assert seen == 1 and len(shown()) == 2 * pages


def test_dead_messages_are_tried_again(desk: Desk) -> None:
    """Those whose key begins as asked come back to life, and it is on record; a month leads to the terminal."""
    installation, dave = desk.bench.installation, desk.sandbox.person("dave")
    place = desk.sandbox.channel_id("cost-idle")
    for key in ("alert/a", "alert/b", "daily/c"):
        kill(installation, key, place)
    [said] = dave.command("general", "/finops admin replay alert/")
    assert "2 messages are tried again." in said["text"]
    desk.settle()
    assert sorted(m["metadata"]["event_payload"]["key"] for m in desk.sandbox.messages("cost-idle")) == [
        "alert/a",
        "alert/b",
    ]
    assert "1 message is tried again." in dave.command("general", "/finops admin replay all")[0]["text"]
    assert "Nothing dead" in dave.command("general", "/finops admin replay all")[0]["text"]
    assert "Which messages?" in dave.command("general", "/finops admin replay")[0]["text"]
    [month] = dave.command("general", "/finops admin replay 2026-09 2026-10")
    assert "finops policy replay --from 2026-09 --to 2026-10" in month["text"]
    assert desk.record() == [("dave", "delivery.replayed"), ("dave", "delivery.replayed")]


def test_a_job_is_run_for_the_asking(desk: Desk) -> None:
    """A job that FinOps asks for is run by the worker once, although its schedule is off, and is on record."""
    dave = desk.sandbox.person("dave")
    [said] = dave.command("general", "/finops admin run evaluate_alerts")
    assert "evaluate_alerts is asked for" in said["text"]
    assert desk.bot.worker.tick() == ["evaluate_alerts"]
    assert desk.bot.worker.tick() == []
    [wrong] = dave.command("general", "/finops admin run evaluate_alert")
    assert "There is no job 'evaluate_alert'." in wrong["text"]
    assert "Which job?" in dave.command("general", "/finops admin run")[0]["text"]
    assert "I do not know 'admin stauts'" in dave.command("general", "/finops admin stauts")[0]["text"]
    assert desk.record() == [("dave", "job.asked"), ("finops", "policy.changed")]
    [status] = dave.command("general", "/finops admin status")
    assert "`evaluate_alerts` (off) last ran" in status["text"]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path):  # type: ignore[no-untyped-def]
    """A company."""
    installation = make_company(tmp_path, clock=Moved())
    yield installation
    installation.state.close()


def workers(installation):  # type: ignore[no-untyped-def]
    """Two workers' schedulers."""
    installation.company.schedules.update(dict.fromkeys(declared("jobs", "JOB"), "off"))
    parts = installation.parts()
    return [Scheduler(parts, owner, installation.clock) for owner in ("one", "two")]


def test_what_is_asked_for_is_done_once(place, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """Of two workers one runs what was asked for; one that fails is tried again, and shown as failed until it works."""
    one, two = workers(place)
    asked = CliRunner().invoke(main, ["admin", "run", "daily_summary"], obj=place)
    assert asked.exit_code == 0, asked.output
    assert [one.run_due(), two.run_due(), one.run_due()] == [["daily_summary"], [], []]
    CliRunner().invoke(main, ["admin", "run", "ingest_billing"], obj=place)
    works = one._runs["ingest_billing"]

    def broken(**_given: object) -> None:
        raise OSError("disk full")

    monkeypatch.setitem(one._runs, "ingest_billing", broken)
    assert one.run_due() == []
    assert _job(place, "ingest_billing").failed.startswith("OSError, in the log under ")
    monkeypatch.setitem(one._runs, "ingest_billing", works)
    assert two.run_due() == [], "not at once"
    place.clock.now += timedelta(minutes=5)
    assert two.run_due() == ["ingest_billing"]
    done = _job(place, "ingest_billing")
    assert (done.failed, done.outcome) == ("", "aws unchanged; 9 forecasts made")
    assert CliRunner().invoke(main, ["admin", "run", "ingest"], obj=place).exit_code == 1


def _job(place, name: str):  # type: ignore[no-untyped-def]
    with place.state.reading() as connection:
        standing = read_standing(connection, place.company, [name], place.now)
    return standing.jobs[0]


def test_the_same_at_the_terminal(place) -> None:  # type: ignore[no-untyped-def]
    """`finops alerts` and `finops admin` give what Slack shows, with money in full precision."""
    key = raise_alert(place, step=3)
    kill(place, "alert/gone")
    listed = CliRunner().invoke(main, ["alerts", "--format", "json"], obj=place)
    [row] = json.loads(listed.output)
    assert (row["team"], row["kind"], row["tier"], row["status"]) == ("payments", "forecast", "emergency", "open")
    assert (row["amount"], row["budget"], row["data_through"]) == ("3700", "2900", "2026-11-11")
    assert "payments" in CliRunner().invoke(main, ["alerts", "payments"], obj=place).output
    assert "No alert is open." in CliRunner().invoke(main, ["alerts", "search"], obj=place).output
    assert CliRunner().invoke(main, ["alerts", "serch"], obj=place).exit_code == 1
    rows = json.loads(CliRunner().invoke(main, ["admin", "status", "--format", "json"], obj=place).output)
    by_area = {area: [row for row in rows if row["area"] == area] for area in {row["area"] for row in rows}}
    assert by_area["data"][0]["said"] == "billing period 2026-11, through 2026-11-11"
    assert by_area["dead message"][0]["trouble"] == "channel_not_found"
    assert {"open": "1"}.items() <= {row["name"]: row["said"] for row in by_area["alerts"]}.items()
    assert CliRunner().invoke(main, ["admin", "replay", "all"], obj=place).output == "1 message tried again.\n"
    assert key.startswith("payments/")


def test_an_alert_whose_duty_is_done_at_the_terminal(place) -> None:  # type: ignore[no-untyped-def]
    """`finops alerts` says done, by whom, and no day by which anything is due; before that it says overdue."""
    raise_alert(place, step=2)

    def row() -> dict[str, object]:
        [found] = json.loads(CliRunner().invoke(main, ["alerts", "--format", "json"], obj=place).output)
        return {name: found[name] for name in ("status", "by", "until", "due", "overdue")}

    due = row()["due"]
    assert row() == {"status": "open", "by": None, "until": None, "due": due, "overdue": False}
    place.clock.now += timedelta(days=40)
    assert row() == {"status": "open", "by": None, "until": None, "due": due, "overdue": True}
    with place.state.writing() as connection:
        [alert] = living_alerts(connection)
        setting = Setting(place.company.policy(place.company.listed["payments"]))
        save_alerts(connection, [(do_duty(alert, "U9", "", setting, place.now), setting.policy)], place.now)
    assert row() == {"status": "done", "by": "U9", "until": None, "due": None, "overdue": False}


def test_a_touched_record_is_named(tmp_path: Path) -> None:
    """An entry that was changed, and the gap where one was taken out, stand in the status."""
    place = make_company(tmp_path, clock=Moved())
    raise_alert(place, step=3)
    raise_alert(place, step=2)
    with place.state.writing() as connection:
        first = connection.execute(text("SELECT min(seq) FROM audit")).scalar()
        unguard(connection)
        connection.execute(text("UPDATE audit SET note = 'x' WHERE seq = :seq"), {"seq": first})
        connection.execute(text("DELETE FROM audit WHERE seq = :seq"), {"seq": first + 1})
    with place.state.reading() as connection:
        assert read_standing(connection, place.company, [], place.now).faults == [
            f"entry {first} was changed after it was written",
            f"entry {first + 2} does not follow what stands before it",
        ]
    place.state.close()


def test_nothing_there_yet(bench: Bench) -> None:
    """A company without a bill, a job run or an alert has a status too."""
    empty = make_company(bench.installation.config_path.parent / "empty", clock=Moved(), bill=False)
    with empty.state.reading() as connection:
        standing = read_standing(connection, empty.company, ["ingest_billing"], empty.now)
    assert (standing.data, standing.jobs[0].at, standing.alerts, standing.entries) == ([], None, [], 0)
    assert date(2026, 11, 12) == empty.today
    empty.state.close()
