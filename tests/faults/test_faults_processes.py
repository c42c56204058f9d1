"""Two workers and two web processes, all real, on one PostgreSQL; one worker is killed in the middle."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from finops.company import Team
from storage.audit import read
from tests.databases import state_url
from tests.faults import estate
from tests.faults.judgement import wrong_with
from tests.faults.real import PATIENCE, Process, RealBot

TEAMS, OVER, CLICKS = 30, 14, 8
SCHEDULES = {"ingest_billing": "off", "daily_summary": "off", "escalate_alerts": "every 1m"}


@pytest.mark.database("postgresql", "several processes that write all the time are for a server")
def test_two_workers_and_two_web_processes(tmp_path: Path) -> None:
    """Every piece of work is done by one of two workers, one killed in between; clicks come by both web processes."""
    ratios = {f"team{number:02}": Decimal("1.15") for number in range(OVER)}
    with RealBot(tmp_path, state_url(tmp_path), TEAMS, SCHEDULES) as bot:
        bot.publish(ratios)
        workers = [bot.start_worker(), bot.start_worker()]
        for number in range(2):
            bot.start_web(number)
        over = estate.teams()[:OVER]
        bot.sandbox.wait_for(lambda: all(_alerts(bot, team) for team in over) and bot.is_quiet(), timeout=PATIENCE)
        before = _brought(workers)
        bot.publish({team: Decimal("1.35") for team in ratios} | {"team20": Decimal("0.7")})
        clicked = _click_everywhere(bot)
        rises = {f"alert/{team}/{bot.month}/forecast/USD" for team in ratios}
        bot.sandbox.wait_for(lambda: _happened(bot, "rose") and _brought(workers) > before + CLICKS, timeout=PATIENCE)
        bot.kill(workers[0])
        bot.sandbox.wait_for(lambda: _happened(bot, "rose") == rises and bot.is_quiet(), timeout=PATIENCE)
        seen = bot.seen()
        assert list(wrong_with(seen)) == []
        assert not [call for call in bot.sandbox.calls if call.error == "ratelimited" and call.method != "chat.update"]
        acknowledged = {
            (sealed.entry.subject, sealed.entry.who)
            for sealed in seen.entries
            if sealed.entry.action == "alert.acknowledged"
        }
        assert clicked <= acknowledged
        assert bot.done_twice() == []
        assert all(worker.delivered for worker in workers)
        assert [bot.clicks_heard(number) for number in range(2)] == [CLICKS // 2] * 2


def _alerts(bot: RealBot, team: Team) -> list[tuple[str, str]]:
    """Key and ts of the alerts' own messages of a team."""
    found = [
        ((message.get("metadata") or {}).get("event_payload", {}).get("key", ""), message["ts"])
        for message in bot.sandbox.messages(team.channel or "#cost-alerts")
    ]
    return [(key, ts) for key, ts in found if key == f"alert/{team.slug}/{bot.month}/forecast/USD"]


def _click_everywhere(bot: RealBot) -> set[tuple[str, str]]:
    """Let owners acknowledge while alerts rise further, by one web process and the other in turn."""
    clicked = set()
    for number in range(CLICKS):
        team = estate.teams()[number]
        owner = team.owners[0].partition("@")[0]
        [(key, ts)] = _alerts(bot, team)
        bot.hear_over(number % 2)
        bot.sandbox.person(owner).click(team.channel, ts, "alert_acknowledge")
        clicked.add((key, bot.sandbox.user_id(owner)))
    return clicked


def _happened(bot: RealBot, what: str) -> set[str]:
    """To which alerts something has happened, by the record."""
    with bot.state.reading() as connection:
        return {sealed.entry.subject for sealed in read(connection) if sealed.entry.action == f"alert.{what}"}


def _brought(workers: list[Process]) -> int:
    return sum(len(worker.delivered) for worker in workers)
