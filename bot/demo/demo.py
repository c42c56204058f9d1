"""The demo: a made-up company, its bills, the sandbox workspace, and the bot as `finops run` starts it."""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import TextIO

from pydantic import SecretStr

from bot.demo.bill import RESTATED_ON, deliver
from bot.demo.clock import DemoClock
from bot.demo.company import COMPANY, config_text
from bot.demo.course import happened, moments, next_call
from bot.demo.place import CLOCK, PREPARED, demo_installation
from bot.demo.plan import write_budgets
from bot.small_install import SmallInstall
from finops.errors import FinopsError
from finops.periods import Month
from sandbox import Control, Sandbox
from storage.budgets import parse_budgets, record_budgets
from storage.forecasts import make_forecasts
from storage.ledger.ingest import ingest
from storage.sending import is_sending
from views.amounts import long_day

FIRST_DAY = 12
"""Day of the month on which the demo begins: late enough that every team's forecast stands in its tier."""
SEED = 7
PATIENCE = 8
"""Seconds that time stands still at most, so that what was said goes out when it was said."""
Say = Callable[[str], None]


class Demo:
    """Everything the demo is made of, in one folder.

    Args:
        folder: holds bills, configuration, database, ledger and the workspace; begun anew when empty.
        port: of the page; 0 for a free one.
        today: the real day, which decides the demo's month.
        say: told each step.
    """

    def __init__(self, folder: Path, port: int, today: date, say: Say) -> None:
        self.folder, self._say = folder, say
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(folder)
        config = folder / "finops.yaml"
        if not config.exists():
            config.write_text(config_text(), encoding="utf-8")
        month = Month.of(today) if today.day >= FIRST_DAY else Month.of(today).previous
        self._first_day = month.first + timedelta(days=FIRST_DAY - 1)
        self.installation = demo_installation(folder)
        self.clock = DemoClock(folder / CLOCK, self._first_day, self.installation.company.zone())
        self.installation.clock = self.clock.now
        self.sandbox = Sandbox(
            port=port,
            manifest=json.loads((files("bot") / "slack_app" / "manifest.socket.json").read_text()),
            people=COMPANY.people,
            channels=COMPANY.channels,
            user_groups=COMPANY.user_groups,
            store=folder / "slack.json",
            clock=lambda: self.clock.now().timestamp(),
            controls=[Control("Until something is due", self.until_due), Control("Next day", self.next_day)],
            status=self.status,
        )
        self._bot: SmallInstall | None = None

    def prepare(self) -> None:
        """Write and take in what the company has been billed so far, unless an earlier start did."""
        done = self.folder / PREPARED
        if done.exists():
            self._say(f"Taking up the company where it was: {long_day(self.clock.today())}.")
            return
        day = self.clock.today()
        # The month before is delivered as it was before its restatement, then as it is now.
        self._say("Writing 13 months of bills of a made-up company …")
        before = date(day.year, day.month, RESTATED_ON) - timedelta(days=1)
        deliver(self.folder / "bills", before, seed=SEED)
        self._say("Taking the bills in …")
        self._ingest(before)
        deliver(self.folder / "bills", day, seed=SEED)
        self._ingest(day)
        self._import_budgets(day)
        done.touch()

    def start(self) -> None:
        """Open the workspace and start the bot against it."""
        self.sandbox.start()
        settings = self.installation.settings
        settings.slack_bot_token = SecretStr(self.sandbox.bot_token)
        settings.slack_app_token = SecretStr(self.sandbox.app_token)
        settings.slack_api_url = self.sandbox.api_url
        self._bot = SmallInstall(self.installation)
        self._bot.start()
        self._bot.worker.tick()

    def next_day(self) -> str:
        """Move the company to its next morning: what falls due on the way happens at its time, bills are delivered."""
        return self._pass(self.clock.next_morning())

    def until_due(self) -> str:
        """Move on to the next moment at which somebody is called or reminded, or else to the next morning."""
        self.settle()
        morning = self.clock.next_morning()
        return self._pass(next_call(self.installation, self.clock.now(), morning) or morning)

    def settle(self) -> None:
        """Wait until everything that may go out now has: a message's time is the time at which it is posted."""
        self._running().worker.sender.wake()
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with self.installation.state.reading() as connection:
                if not is_sending(connection, self.clock.now()):
                    return
            time.sleep(0.05)

    def status(self) -> str:
        """The company's day and time."""
        return f"{long_day(self.clock.today())}, {self.clock.now().astimezone(self.installation.company.zone()):%H:%M}"

    def _pass(self, until: datetime) -> str:
        """Let time pass until a moment, and say where the company is then and what became of its alerts."""
        begun, worker = self.clock.now(), self._running().worker
        self.settle()
        for moment in moments(self.installation, worker, until):
            before = self.clock.today()
            self.clock.set(moment)
            if (day := self.clock.today()) != before:
                deliver(self.folder / "bills", day, seed=SEED)
                self._import_budgets(day)
            worker.tick()
            self.settle()
        return f"It is {self.status()}. {happened(self.installation, begun) or 'No alert changed.'}"

    def _running(self) -> SmallInstall:
        if self._bot is None:
            raise RuntimeError("The demo is not started.")
        return self._bot

    def stop(self) -> None:
        """End cleanly; the next start takes up from here."""
        self.clock.keep()
        if self._bot:
            self.sandbox.drop_sockets()
            self._bot.stop()
        self.sandbox.stop()
        self.installation.state.close()
        self._lock.close()

    def _ingest(self, day: date) -> None:
        morning = DemoClock(self.folder / "none", day, self.installation.company.zone()).now()
        for export, source in self.installation.company.sources.items():
            ingest(
                [Path(source.keys["path"])],
                export,
                company=self.installation.company,
                state=self.installation.state,
                ledger=self.installation.ledger,
                now=morning,
            )
        make_forecasts(company=self.installation.company, state=self.installation.state, now=morning)

    def _import_budgets(self, day: date) -> None:
        path = self.folder / "budgets.csv"
        first = date(day.year - 1, day.month, 1)
        write_budgets(path, COMPANY, first, Month.of(day).next.last)
        budgets = parse_budgets(path.read_text(), path.name, lambda _team: None)
        with self.installation.state.writing() as connection:
            record_budgets(connection, budgets, source=path.name, by="demo", now=self.clock.now())


def _lock(folder: Path) -> TextIO:
    """Hold the folder until the process ends; raises FinopsError where another demo has it."""
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise FinopsError(f"Another demo runs in {folder}.", "End it first, or choose another --folder.") from None
    return lock


def begin_anew(folder: Path) -> None:
    """Remove what an earlier demo left, and nothing but what a demo makes."""
    if not folder.exists():
        return
    with _lock(folder):
        for name in ("bills", "ledger", "slack.files"):
            shutil.rmtree(folder / name, ignore_errors=True)
        for pattern in ("finops.db*", "finops.yaml", "budgets.csv", "clock.json", "slack.json*", "prepared"):
            for path in folder.glob(pattern):
                path.unlink()
