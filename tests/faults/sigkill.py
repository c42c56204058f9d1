"""Runs in which a real `finops worker` is killed by SIGKILL again and again while figures go on changing."""

from __future__ import annotations

import shutil
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

import psycopg

from tests.faults import estate
from tests.faults.judgement import wrong_with
from tests.faults.plan import CALM, EDGES
from tests.faults.real import PATIENCE, RealBot
from tests.faults.report import Result

TEAMS, KILLS = 12, 4


def run_killed(number: int, server: str = "") -> Result:
    """Kill a worker a few times at moments of the number's own, every second time on PostgreSQL where there is one."""
    begun, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="finops-sigkill-"))
    url = f"sqlite:///{folder / 'state.db'}"
    if server and number % 2 == 0:
        url = f"{server}killed_{number}"
        with psycopg.connect(f"{server}postgres", autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS killed_{number} WITH (FORCE)")  # type: ignore[call-overload]
            admin.execute(f"CREATE DATABASE killed_{number}")  # type: ignore[call-overload]
    try:
        with RealBot(folder, url, TEAMS, {"ingest_billing": "off", "daily_summary": "00:00"}) as bot:
            kills = _killed(bot, Random(f"sigkill {number}"))
            found, messages = list(wrong_with(bot.seen())), len(bot.seen().messages)
    except Exception:
        found, messages, kills = [f"broke: {traceback.format_exc()}"], 0, 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    counted = Counter({"runs of real processes": 1, "messages in Slack": messages})
    return Result(
        f"--runs 0 --killed {number + 1}",
        time.monotonic() - begun,
        tuple(found),
        counted,
        Counter({"killed by SIGKILL": kills}),
    )


def _killed(bot: RealBot, random: Random) -> int:
    """Publish, kill in the middle of what follows, start again; returns how often, once all is said."""
    slugs = [team.slug for team in estate.teams()[:TEAMS]]
    worker = bot.start_worker()
    for _ in range(KILLS):
        before = len(worker.delivered)
        bot.publish({slug: random.choice((*EDGES, *CALM)) for slug in slugs})
        wanted = before + random.randint(0, 8)
        until = time.monotonic() + PATIENCE
        while len(worker.delivered) < wanted and not (bot.deliveries > 1 and bot.is_quiet()):
            if time.monotonic() > until:
                raise TimeoutError("the worker does not send")
            time.sleep(0.02)
        time.sleep(random.random() * 0.3)
        bot.kill(worker)
        worker = bot.start_worker()
    bot.sandbox.wait_for(lambda: any(line.get("event") == "job done" for line in worker.lines), timeout=PATIENCE)
    bot.sandbox.wait_for(bot.is_quiet, timeout=PATIENCE)
    time.sleep(6)  # a whole tick of the last worker, which may find more to do
    bot.sandbox.wait_for(bot.is_quiet, timeout=PATIENCE)
    return KILLS
