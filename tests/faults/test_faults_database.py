"""A worker and the database gone for a while: nothing is acknowledged that is not kept, and all goes on after it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event, select, text

from bot.small_install import SmallInstall
from sandbox import AppFailure
from storage import claims, deliveries
from storage.audit import read
from storage.budgets import parse_budgets, record_budgets
from storage.state import State
from tests.bot.conftest import Bench, open_bench
from tests.faults import estate
from tests.faults.judgement import wrong_with
from tests.faults.real import PATIENCE, Process, RealBot
from tests.faults.seen import look
from tests.postgres import running_server

TEAMS, OVER, MANY = 12, 6, 40
SCHEDULES = {"ingest_billing": "off", "daily_summary": "off", "escalate_alerts": "every 1m"}
ACKNOWLEDGE, TAKE_BACK = "alert_acknowledge", "alert_take_back"


@pytest.mark.database("postgresql", "stops a server")
def test_replicas_outlive_a_worker_and_their_database(tmp_path: Path) -> None:
    """Of two workers one is killed in the middle of a job, which the other takes over; then the database goes and comes
    back under two workers and two web processes. What was said to be done is done, once, and nothing else is.
    """
    with running_server() as server:
        with psycopg.connect(server.address + "postgres", autocommit=True) as admin:
            admin.execute("CREATE DATABASE company")
        with RealBot(tmp_path, server.address + "company", TEAMS, SCHEDULES) as bot:
            bot.publish({f"team{number:02}": Decimal("1.15") for number in range(OVER)})
            with psycopg.connect(server.address + "company") as holder:
                holder.execute("LOCK TABLE alert IN EXCLUSIVE MODE")
                for number in range(2):
                    bot.start_worker()
                    bot.start_web(number)
                bot.sandbox.wait_for(lambda: _evaluating(bot), timeout=PATIENCE)
                [(due, killed)] = _evaluating(bot).items()
                bot.kill(killed)
            over = estate.teams()[:OVER]
            bot.sandbox.wait_for(lambda: len(_messages(bot)) == OVER and bot.is_quiet(), timeout=PATIENCE)
            assert _claim(bot, due).attempts == 2
            assert f":{killed.program.pid}:" not in _claim(bot, due).owner
            third = bot.start_worker()
            bot.sandbox.wait_for(lambda: third.runs, timeout=PATIENCE)
            kept = [_acknowledge(bot, team.slug, web) for web, team in enumerate(over[:2])]
            bot.sandbox.wait_for(bot.is_quiet, timeout=PATIENCE)
            server.stop()
            for web, team in enumerate(over[2:4]):
                with pytest.raises(AppFailure):
                    _acknowledge(bot, team.slug, web)
            server.start()
            assert _entries(bot.state, "acknowledged") == kept
            kept += [_acknowledge(bot, team.slug, web) for web, team in enumerate(over[3:5])]
            bot.publish({f"team{number:02}": Decimal("1.35") for number in range(OVER)})
            bot.sandbox.wait_for(lambda: len(_entries(bot.state, "rose")) == OVER and bot.is_quiet(), timeout=PATIENCE)
            assert [process.program.poll() for process in bot.running] == [None] * 4
            assert list(wrong_with(bot.seen())) == [] and bot.done_twice() == []
            assert _entries(bot.state, "acknowledged") == kept


@pytest.mark.database("sqlite", "how many pages a file may have is a setting of SQLite's")
def test_a_full_disk_under_sqlite(tmp_path: Path) -> None:
    """What no longer fits is refused to the person and kept nowhere; with room again the same click is heard."""
    bench = open_bench(tmp_path, rate_limits=False)
    state = bench.installation.state
    with state.writing() as connection:
        budgets = parse_budgets("team,month,amount,currency\npayments,2026-11,2000,USD\n", "b.csv", lambda _team: None)
        record_budgets(connection, budgets, source="b.csv", by="test", now=bench.clock())
    bot = SmallInstall(bench.installation)
    bot.start()
    try:
        bot.worker.tick()
        bench.sandbox.wait_for(lambda: bench.sandbox.sockets and not _due(state), timeout=20)
        disk = Disk(state)
        disk.fill()
        done = _answer_until_refused(bench, state)
        assert len(_answers(state)) == done < MANY
        disk.make_room()
        person, ts = bench.sandbox.person("alice"), _alert(bench)
        bench.sandbox.wait_for(lambda: not _due(state), timeout=20)
        person.click("cost-payments", ts, TAKE_BACK if done % 2 else ACKNOWLEDGE)
        assert len(_answers(state)) == done + 1
        bench.sandbox.wait_for(lambda: not _due(state), timeout=20)
        assert list(wrong_with(look(state, bench.sandbox, bench.clock()))) == []
    finally:
        bench.sandbox.drop_sockets()
        bot.stop()
        bench.sandbox.stop()
        state.close()


class Disk:
    """Lets a SQLite database have no more pages than it has, until there is room again."""

    def __init__(self, state: State) -> None:
        self._engine, self._most = state.engine, 0
        with state.reading() as connection:
            self._pages = int(connection.execute(text("PRAGMA page_count")).scalar_one())
        event.listen(self._engine, "begin", self._limit)

    def fill(self) -> None:
        """From here on the file cannot grow."""
        self._most = self._pages

    def make_room(self) -> None:
        """From here on it can."""
        self._most = 1_000_000

    def _limit(self, connection: Connection) -> None:
        if self._most:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {self._most}")


def _answer_until_refused(bench: Bench, state: State) -> int:
    """Let Alice acknowledge and take back, in turn, until she is told that it failed; returns how often it did not."""
    person, ts = bench.sandbox.person("alice"), _alert(bench)
    for number in range(MANY):
        try:
            person.click("cost-payments", ts, TAKE_BACK if number % 2 else ACKNOWLEDGE)
        except AppFailure:
            return number
        bench.sandbox.wait_for(lambda: not _due(state), timeout=20)
    return MANY


def _alert(bench: Bench) -> str:
    """The ts of Payments' alert."""
    [found] = [
        message["ts"]
        for message in bench.sandbox.messages("cost-payments")
        if (message.get("metadata") or {})
        .get("event_payload", {})
        .get("key", "")
        .startswith("alert/payments/2026-11/f")
    ]
    return str(found)


def _due(state: State) -> int:
    with state.reading() as connection:
        return deliveries.counts(connection)["due"]


def _answers(state: State) -> list[tuple[str, str]]:
    return _entries(state, "acknowledged") + _entries(state, "acknowledgement taken back")


def _messages(bot: RealBot) -> dict[str, tuple[str, str]]:
    """Team → channel and ts of its alert's message."""
    found = {}
    for team in estate.teams()[:OVER]:
        channel = team.channel or "#cost-alerts"
        for message in bot.sandbox.messages(channel):
            key = (message.get("metadata") or {}).get("event_payload", {}).get("key", "")
            if key == f"alert/{team.slug}/{bot.month}/forecast/USD":
                found[team.slug] = (channel, message["ts"])
    return found


def _evaluating(bot: RealBot) -> dict[str, Process]:
    """What of evaluate_alerts is being done, and by whom."""
    claim = claims.TABLE.c
    running = select(claims.TABLE).where(claim.work == "evaluate_alerts", claim.finished_at.is_(None))
    with bot.state.reading() as connection:
        rows = connection.execute(running).all()
    return {row.due: each for row in rows for each in bot.running if f":{each.program.pid}:" in row.owner}


def _claim(bot: RealBot, due: str) -> Any:
    """The claim of a unit of evaluate_alerts."""
    claim = claims.TABLE.c
    with bot.state.reading() as connection:
        own = select(claims.TABLE).where(claim.work == "evaluate_alerts", claim.due == due)
        return connection.execute(own).one()


def _acknowledge(bot: RealBot, slug: str, web: int) -> tuple[str, str]:
    """Let a team's owner acknowledge by one of the web processes; returns who and what."""
    bot.hear_over(web)
    team = next(team for team in estate.teams() if team.slug == slug)
    owner = team.owners[0].partition("@")[0]
    bot.sandbox.person(owner).click(*_messages(bot)[slug], ACKNOWLEDGE)
    return bot.sandbox.user_id(owner), f"alert/{slug}/{bot.month}/forecast/USD"


def _entries(state: State, what: str) -> list[tuple[str, str]]:
    """Who did something to which alert, by the record."""
    with state.reading() as connection:
        entries = [sealed.entry for sealed in read(connection)]
    return [(entry.who, entry.subject) for entry in entries if entry.action == f"alert.{what}"]
