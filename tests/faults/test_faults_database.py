"""The database gone for a while, of both kinds: nothing is acknowledged that is not kept, and all goes on after it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, event, text

from bot.small_install import SmallInstall
from sandbox import AppFailure
from storage import deliveries
from storage.audit import read
from storage.budgets import parse_budgets, record_budgets
from storage.state import State
from tests.bot.conftest import Bench, open_bench
from tests.faults import estate
from tests.faults.judgement import wrong_with
from tests.faults.real import PATIENCE, RealBot
from tests.faults.seen import look
from tests.postgres import is_installed, running_server

TEAMS, OVER, MANY = 12, 6, 40
SCHEDULES = {"ingest_billing": "off", "daily_summary": "off", "escalate_alerts": "every 1m"}
ACKNOWLEDGE, TAKE_BACK = "alert_acknowledge", "alert_take_back"


@pytest.mark.skipif(not is_installed(), reason="PostgreSQL is not installed")
def test_postgresql_goes_away_and_comes_back(tmp_path: Path) -> None:
    """A worker and a web process outlive their database; what was said to be done is done, and nothing else is."""
    with running_server() as server:
        with psycopg.connect(server.address + "postgres", autocommit=True) as admin:
            admin.execute("CREATE DATABASE company")
        with RealBot(tmp_path, server.address + "company", TEAMS, SCHEDULES) as bot:
            bot.publish({f"team{number:02}": Decimal("1.15") for number in range(OVER)})
            processes = [bot.start_worker(), bot.start_web(0)]
            over = estate.teams()[:OVER]
            bot.sandbox.wait_for(lambda: len(_messages(bot)) == OVER and bot.is_quiet(), timeout=PATIENCE)
            kept = [_acknowledge(bot, team.slug) for team in over[:2]]
            server.stop()
            for team in over[2:4]:
                with pytest.raises(AppFailure):
                    _acknowledge(bot, team.slug)
            server.start()
            assert _entries(bot.state, "acknowledged") == kept
            kept += [_acknowledge(bot, team.slug) for team in over[3:5]]
            bot.publish({f"team{number:02}": Decimal("1.35") for number in range(OVER)})
            bot.sandbox.wait_for(lambda: len(_entries(bot.state, "rose")) == OVER and bot.is_quiet(), timeout=PATIENCE)
            assert [process.program.poll() for process in processes] == [None, None]
            assert list(wrong_with(bot.seen())) == []
            assert _entries(bot.state, "acknowledged") == kept


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


def _acknowledge(bot: RealBot, slug: str) -> tuple[str, str]:
    """Let a team's owner acknowledge; returns who and what."""
    team = next(team for team in estate.teams() if team.slug == slug)
    owner = team.owners[0].partition("@")[0]
    bot.sandbox.person(owner).click(*_messages(bot)[slug], ACKNOWLEDGE)
    return bot.sandbox.user_id(owner), f"alert/{slug}/{bot.month}/forecast/USD"


def _entries(state: State, what: str) -> list[tuple[str, str]]:
    """Who did something to which alert, by the record."""
    with state.reading() as connection:
        entries = [sealed.entry for sealed in read(connection)]
    return [(entry.who, entry.subject) for entry in entries if entry.action == f"alert.{what}"]
