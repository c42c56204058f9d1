"""When jobs are due, and who does them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.scheduler import Scheduler, due_key
from finops.errors import ConfigurationRefused
from storage import claims, deliveries
from storage.standing import read_standing
from tests.company import Moved, make_company

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "now", "key"),
    [
        ("08:30", "2026-11-12T07:29:00", None),
        ("08:30", "2026-11-12T07:30:00", "2026-11-12"),
        ("08:30", "2026-11-12T22:59:00", "2026-11-12"),
        ("08:30", "2026-11-12T23:00:00", None),
        ("08:30", "2026-07-01T06:30:00", "2026-07-01"),
        # 25 October: 02:30 comes twice in Berlin, at 00:30 and 01:30 UTC.
        ("02:30", "2026-10-25T00:29:00", None),
        ("02:30", "2026-10-25T00:30:00", "2026-10-25"),
        ("02:30", "2026-10-25T01:30:00", "2026-10-25"),
        # 29 March: 02:30 does not exist in Berlin; the day's unit is done all the same.
        ("02:30", "2026-03-29T02:00:00", "2026-03-29"),
        ("every 15m", "2026-11-12T07:29:59", "2026-11-12T07:15:00+00:00"),
        ("every 2h", "2026-11-12T07:29:59", "2026-11-12T06:00:00+00:00"),
        ("off", "2026-11-12T07:29:59", None),
    ],
)
def test_due_keys(schedule: str, now: str, key: str | None) -> None:
    """A unit of work is due from its local time on, once a day whatever the clock changes do."""
    assert due_key(schedule, BERLIN, datetime.fromisoformat(now).replace(tzinfo=UTC)) == key


def _scheduler(folder: Path, owner: str, clock: Moved) -> Scheduler:
    installation = make_company(folder, clock=clock, bill=not (folder / "bills").exists())
    parts = installation.parts()
    return Scheduler(parts, owner, installation.clock)


TIMED = ["chase_actions", "chase_budget_requests", "close_month", "end_freezes", "escalate_alerts"]
SHOWING = [
    "evaluate_alerts",
    "judge_explanations",
    "tell_drivers",
    "daily_summary",
    "find_anomalies",
    "measure_actions",
]


def test_one_of_two_workers_does_the_work(tmp_path: Path) -> None:
    """Of two workers that look at the same time, one runs each job of the day."""
    clock = Moved()
    one, two = _scheduler(tmp_path, "one", clock), _scheduler(tmp_path, "two", clock)
    assert (one.run_due(), two.run_due()) == ([*TIMED, "ingest_billing", "receive_incoming", *SHOWING], [])
    assert one.run_due() == []


def test_a_dead_workers_work_is_taken_up(tmp_path: Path) -> None:
    """Work claimed by a worker that died is done by another once the lease has run out, and not before."""
    clock = Moved()
    scheduler = _scheduler(tmp_path, "living", clock)
    state = make_company(tmp_path, clock=clock, bill=False).state
    assert claims.claim(state, "ingest_billing", "2026-11-12", "dead", clock())
    assert scheduler.run_due() == [*TIMED, "receive_incoming", *SHOWING]
    clock.now += claims.LEASE + timedelta(seconds=1)
    assert "ingest_billing" in scheduler.run_due()


def test_a_job_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that raises is on record, does not stop the others, and runs again later."""
    clock = Moved()
    scheduler = _scheduler(tmp_path, "me", clock)
    works = scheduler._runs["ingest_billing"]

    def broken(**_given: object) -> None:
        raise OSError("disk full")

    monkeypatch.setitem(scheduler._runs, "ingest_billing", broken)
    assert scheduler.run_due() == [*TIMED, "receive_incoming", *SHOWING]
    monkeypatch.setitem(scheduler._runs, "ingest_billing", works)
    assert scheduler.run_due() == []
    clock.now += timedelta(minutes=5)
    assert "ingest_billing" in scheduler.run_due()


def test_a_failure_names_no_host_and_no_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a bug people are shown its kind and where the log has the rest; what they can mend stays in words."""
    clock = Moved()
    scheduler = _scheduler(tmp_path, "me", clock)
    raw = "connection to server at 10.1.2.3 failed for user finops [SQL: SELECT body FROM alert]"
    faults = {"evaluate_alerts": OSError(raw), "daily_summary": ConfigurationRefused("No channel.", "Name one.")}
    for name, fault in faults.items():

        def broken(fault: Exception = fault, **_given: object) -> None:
            raise fault

        monkeypatch.setitem(scheduler._runs, name, broken)
    with capture_logs() as logged:
        scheduler.run_due()
    with scheduler._state.reading() as connection:
        standing = read_standing(connection, scheduler._company, list(faults), clock())
    bug, refusal = (job.failed for job in standing.jobs)
    match = re.fullmatch("OSError, in the log under ([0-9a-f]{8})", bug)
    assert match and [each["reference"] for each in logged if each.get("job") == "evaluate_alerts"] == [match[1]]
    assert refusal == "ConfigurationRefused: No channel. Name one."


def test_every_zone_has_its_morning(tmp_path: Path) -> None:
    """A team in another time zone gets its message in its own morning."""
    clock = Moved()
    folder = tmp_path
    installation = make_company(folder, clock=clock)
    config = (folder / "finops.yaml").read_text().replace("slug: search,", "slug: search, timezone: America/New_York,")
    (folder / "finops.yaml").write_text(config)
    again = type(installation)(folder / "finops.yaml", installation.settings, clock)
    scheduler = Scheduler(again.parts(), "me", clock)
    assert scheduler.run_due() == [*TIMED, "ingest_billing", "receive_incoming", *SHOWING]
    clock.now = datetime(2026, 11, 12, 13, 30, tzinfo=UTC)
    assert "daily_summary" in scheduler.run_due()
    own = deliveries.TABLE.c
    with again.state.reading() as connection:
        rows = connection.execute(select(own.key, own.created_at).where(own.kind == "daily")).all()
    assert {key: at.hour for key, at in rows} == {
        "daily/idle/2026-11-12": 8,
        "daily/payments/2026-11-12": 8,
        "daily/search/2026-11-12": 13,
    }
