"""The worker: jobs by the clock, and the sender. Any number of them may run."""

from __future__ import annotations

import os
import socket
import threading
from datetime import timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from bot import metrics
from bot.channels.channel import Refused
from bot.delivery import Sender
from bot.directory import refresh_directory
from bot.discovery import discover
from bot.installation import Installation
from bot.memory import settle
from bot.scheduler import Scheduler
from storage import claims, deliveries
from storage.people import is_filled

LOG = structlog.get_logger("finops.worker")
TICK = 5
"""Seconds between two looks at what is due."""
DIRECTORY_EVERY = timedelta(hours=1)


class Worker:
    """Everything that happens without being asked for."""

    def __init__(self, installation: Installation) -> None:
        installation.require_configuration()
        self._installation = installation
        settings = installation.settings
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"
        self._slack = discover("bot.channels", "CHANNEL")["slack"](
            settings.slack_bot_token.get_secret_value(), settings.api_url
        )
        self.sender = Sender(installation.state, self._slack, self.owner, installation.clock)
        self.scheduler = Scheduler(installation.parts(), self.owner, installation.clock, self.sender.wake)
        self._ticking = threading.Lock()
        self._clock = BackgroundScheduler(timezone="UTC")

    def start(self) -> None:
        """Begin: the directory first, so that the first message finds its channel."""
        self._clock.add_job(
            self.tick, "interval", seconds=TICK, max_instances=1, coalesce=True, misfire_grace_time=None
        )
        self._clock.add_job(
            self._renew, "interval", seconds=20, max_instances=1, coalesce=True, misfire_grace_time=None
        )
        settle()
        self.sender.start()
        self._clock.start()
        LOG.info("worker runs", owner=self.owner)

    def tick(self) -> list[str]:
        """Do what is due now; returns the names of the jobs that ran."""
        with self._ticking:
            try:
                self._refresh_directory()
                return self.scheduler.run_due()
            except Exception:
                # The database or Slack may be gone for a while; the worker outlives both.
                LOG.exception("nothing could be done, trying again")
                return []

    def stop(self) -> None:
        """Finish what is running, and no more."""
        self._clock.shutdown(wait=True)
        self.sender.stop()

    def _renew(self) -> None:
        self.scheduler.renew()
        with self._installation.state.reading() as connection:
            for state, count in deliveries.counts(connection).items():
                metrics.WAITING.labels(state).set(count)

    def _refresh_directory(self) -> None:
        state, now = self._installation.state, self._installation.now
        due = str(int(now.timestamp() // DIRECTORY_EVERY.total_seconds()))
        if not claims.claim(state, "directory", due, self.owner, now):
            return
        try:
            refresh_directory(self._slack.client, state)
        except Refused as refusal:
            LOG.warning("the directory could not be read", reason=refusal.reason)
            claims.fail(state, "directory", due, self.owner, now, refusal.reason)
            with state.reading() as connection:
                if not is_filled(connection):
                    LOG.warning("no people are known yet; roles by e-mail do not work until Slack answers")
            return
        claims.finish(state, "directory", due, self.owner, now, "refreshed")
