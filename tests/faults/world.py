"""One run's world: a workspace, a database, and the processes of the bot, which die and are started again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackClientError
from sqlalchemy import and_, func, select
from sqlalchemy.exc import OperationalError

import bot.channels.slack
import bot.delivery
from bot.app import build_app
from bot.delivery import Sender
from bot.directory import refresh_directory
from bot.installation import Installation
from bot.web import build_web
from bot.worker import Worker
from finops.company import Company
from finops.policy import AlertRules, Kind
from sandbox import Fault, Sandbox
from storage import claims, deliveries
from storage.pace import TABLE as PACE
from storage.state import State
from tests.company import Moved
from tests.faults import estate
from tests.faults.fuse import FragileChannel, FragileState, Fuse, Killed
from tests.faults.place import SECRET, Place, manifest
from tests.faults.plan import ApiFault, Death, Plan

TIMEOUT, SLOW = 0.25, 0.4
"""Seconds after which the sender gives up, and that a slow Slack takes: real ones, so they are short."""
PING = 0.3
"""Seconds between pings of the socket; a cut is noticed after some of them."""
WEBS = 2
ROW, CLAIM = deliveries.TABLE.c, claims.TABLE.c
GROUPS = {"finops": ["fay", "finn", "fred"]}


class World:
    """Everything of a run.

    Attributes:
        fired: what really went wrong, counted by kind.
    """

    def __init__(self, plan: Plan, place: Place) -> None:
        self.plan, self.place, self.fired = plan, place, Counter[str]()
        self.clock = Moved(plan.steps[0].at.astimezone(UTC) - timedelta(hours=1))
        server = place.takes_server(plan.server)
        place.begin_anew(server=server)
        self.url = place.url(server=server)
        hears = plan.socket or plan.seed % 5 == 0
        self.sandbox = Sandbox(
            manifest=manifest(hears_messages=hears, socket=plan.socket),
            people=estate.people(),
            channels=estate.channels(),
            user_groups=GROUPS,
            rate_limits=False,
            clock=lambda: self.clock.now.timestamp(),
            request_url=None if plan.socket else place.request_url,
            signing_secret=SECRET,
            ack_timeout=1.0,
            retry_delays=(0.5, 1.0, 2.0) if plan.socket else (0.02, 0.05, 0.3),
            processing_seconds=0.0,
        ).start()
        self._injected: list[tuple[Fault, int]] = []
        self.state = State(self.url)
        self._worker_fuses = [Fuse(self.fired) for _ in range(plan.workers)]
        self._web_fuse = Fuse(self.fired)
        self._installations = [self._installation(fuse) for fuse in self._worker_fuses]
        self._web_installations = [self._installation(self._web_fuse) for _ in range(WEBS)]
        self._patched = (bot.delivery.AT_ONCE, bot.channels.slack.with_picture)
        bot.delivery.AT_ONCE, bot.channels.slack.with_picture = plan.at_once, _without_picture
        self.workers = [self._worker(number) for number in range(plan.workers)]
        self._requests, self._turns = count(), count()
        self._webs: list[Any] = []
        self._handler: SocketModeHandler | None = None
        self.start_web()
        refresh_directory(self.workers[0]._slack.client, self.state)

    def close(self) -> None:
        """End every process; nothing of the run stays but what was read of it."""
        bot.delivery.AT_ONCE, bot.channels.slack.with_picture = self._patched
        self.place.web = None
        self._close_socket()
        for worker in self.workers:
            worker.sender._pool.shutdown()
        self.sandbox.stop()
        for installation in (*self._installations, *self._web_installations):
            installation.state.close()
        self.state.close()

    @property
    def company(self) -> Company:
        """The company as this run's processes know it."""
        return self._installations[0].company

    def inject(self, faults: Iterable[ApiFault]) -> None:
        """Let calls of Slack go wrong, beside what is still to go wrong."""
        for fault in faults:
            seconds = SLOW if fault.kind == "slow" else fault.seconds
            # Slack's client sleeps through a limit on new sockets, in real seconds.
            method = "chat.postMessage" if self.plan.socket and fault.method == "*" else fault.method
            self.sandbox.inject(Fault(method, fault.kind, fault.times, seconds))
            self._injected.append((self.sandbox._web_api.faults[-1], fault.times))

    def mend(self) -> None:
        """From here on Slack works."""
        for fault, times in self._injected:
            self.fired[fault.kind] += times - fault.times
            fault.times = 0
        self._injected.clear()

    def doom(self, worker: int, death: Death | None) -> None:
        """Let a worker die."""
        if death:
            self._worker_fuses[worker % len(self.workers)].set(death.after, at_calls=death.at_calls)

    def doom_web(self, boundaries: int) -> None:
        """Let the web processes die."""
        self._web_fuse.set(boundaries)

    def lose_database(self, worker: int, boundaries: int) -> None:
        """Let a worker lose the database once."""
        self._worker_fuses[worker % len(self.workers)].fail(boundaries)

    def spare(self) -> None:
        """From here on nobody dies."""
        for fuse in (*self._worker_fuses, self._web_fuse):
            fuse.set(0)
            fuse.fail(0)

    def run_jobs(self) -> bool:
        """One tick of every worker; returns whether one died or lost the database.

        At once only where the end need not be that of a week without faults: two jobs of one moment may meet.
        """
        return self._everywhere(self._tick, at_once=self.plan.at_once > 1 and not self.plan.compared)

    def send(self) -> bool:
        """One round of every sender, at once where there are threads; returns whether anything was tried."""
        return self._everywhere(self._send, at_once=self.plan.at_once > 1)

    def _everywhere(self, work: Callable[[Worker], bool], *, at_once: bool) -> bool:
        """Let every worker work, the first of them another each time; returns whether one of them did something."""
        first, many = next(self._turns), len(self.workers)
        numbers = [(first + number) % many for number in range(many)]
        if not at_once:
            return any([self._alive(number, work) for number in numbers])
        with ThreadPoolExecutor(many) as pool:
            return any(list(pool.map(lambda number: self._alive(number, work), numbers)))

    def start_web(self) -> None:
        """Start the web processes, or the socket; the former are dead."""
        self._web_fuse.set(0)
        if self.plan.socket:
            self._close_socket()
            app = build_app(self._web_installations[0])
            token = self.sandbox.app_token
            self._handler = SocketModeHandler(app, token, ping_interval=PING, web_client=app.client)
            while not self._connected(self._handler):
                self.fired["socket not opened"] += 1
            self.sandbox.wait_for(lambda: self.sandbox.sockets == 1, timeout=20)
            return
        self._webs = [build_web(installation) for installation in self._web_installations]
        self.place.web = self._web

    @property
    def web_is_dead(self) -> bool:
        """Whether the process that heard of people last has died of it."""
        return self._web_fuse.dead

    def cut_sockets(self) -> None:
        """Cut the link without a word; the client has to notice and to come back."""
        if self.plan.socket:
            self.sandbox.drop_sockets()
            self.fired["socket cut"] += 1
            self.sandbox.wait_for(lambda: self.sandbox.sockets >= 1, timeout=30)

    def settle_events(self) -> None:
        """Wait until every event is acknowledged or given up; who has died of one is started again meanwhile."""

        def settled() -> bool:
            if self.web_is_dead and self.plan.socket:
                self.start_web()
            return not self.sandbox.look(lambda: len(self.sandbox._delivery._tasks))

        self.sandbox.wait_for(settled, timeout=30)

    def next_moment(self) -> datetime | None:
        """When time alone may next set a delivery free, None where none is due."""
        query = select(ROW.next_attempt_at, ROW.lease_until, ROW.not_before, ROW.ts).where(ROW.state == "due")
        with self.state.reading() as connection:
            due = connection.execute(query).all()
            paces = connection.execute(select(PACE.c.free_at)).scalars().all()
        free = [max(filter(None, (row[0], row[1], None if row.ts else row.not_before))) for row in due]
        return min((at for at in (*free, *paces) if at > self.clock.now), default=None) if due else None

    def lags_behind(self) -> bool:
        """Whether a message could be in Slack by now and is not."""
        with self.state.reading() as connection:
            due = connection.execute(select(ROW.ts, ROW.not_before, ROW.thread_of).where(ROW.state == "due")).all()
            begun = set(connection.execute(select(ROW.key).where(ROW.ts != "")).scalars())
        now = self.clock.now
        waits = ((row.not_before or now) > now or (row.thread_of and row.thread_of not in begun) for row in due)
        return any(row.ts or not waiting for row, waiting in zip(due, waits, strict=True))

    def unfinished(self) -> datetime | None:
        """When the next job that failed or whose worker died may be taken up, None where there is none."""
        unfinished = and_(CLAIM.finished_at.is_(None), CLAIM.lease_until > self.clock.now)
        with self.state.reading() as connection:
            found: datetime | None = connection.execute(select(func.min(CLAIM.lease_until)).where(unfinished)).scalar()
        return found

    def _alive(self, number: int, work: Callable[[Worker], bool]) -> bool:
        """Let a worker work; where it dies it is started again, and takes over nothing that it held."""
        try:
            return work(self.workers[number])
        except Killed:
            self.workers[number].sender._pool.shutdown()
            self._worker_fuses[number].set(0)
            self.workers[number] = self._worker(number)
            return True
        except OperationalError:
            # As the worker's own loops do: they try again a little later.
            self.clock.now += timedelta(seconds=5)
            return True

    def _tick(self, worker: Worker) -> bool:
        worker.scheduler.run_due()
        return False

    def _send(self, worker: Worker) -> bool:
        return bool(worker.sender.send_due())

    def _installation(self, fuse: Fuse) -> Installation:
        settings = self.place.settings(self.url, self.sandbox.api_url, self.sandbox.bot_token, self.sandbox.app_token)
        installation = Installation(self.place.folder / "finops.yaml", settings, self.clock)
        schedules = {
            "ingest_billing": "off",
            "end_freezes": "off",
            "chase_actions": "off",
            "chase_budget_requests": "off",
            "close_month": "off",
            "measure_actions": "off",
            "tell_drivers": "off",
            "find_anomalies": "off",
            "daily_summary": "08:30" if self.plan.dailies else "off",
            "evaluate_alerts": "every 24h",
        }
        kinds = tuple(Kind) if self.plan.thresholds else (Kind.FORECAST, Kind.CLOSED)
        rules = AlertRules(kinds=kinds, channel="#cost-alerts", close_on=1 + self.plan.seed % 3)
        installation.__dict__ |= {
            "company": estate.company(self.plan.zone, schedules, rules),
            "state": FragileState(self.url, fuse),
        }
        return installation

    def _worker(self, number: int) -> Worker:
        installation, fuse = self._installations[number], self._worker_fuses[number]
        worker = Worker(installation)
        worker._slack.client.timeout = TIMEOUT
        channel = FragileChannel(worker._slack, fuse)
        worker.sender = Sender(installation.state, channel, worker.owner, self.clock, pace_clock=self.clock)
        return worker

    def _web(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            return list(self._webs[next(self._requests) % WEBS](environ, start_response))
        except Killed:
            self.start_web()
            raise ConnectionAbortedError from None

    def _connected(self, handler: SocketModeHandler) -> bool:
        """One try to connect, as the small install makes them until one succeeds."""
        try:
            handler.connect()  # type: ignore[no-untyped-call]
        except (OSError, SlackClientError):
            return False
        return True

    def _close_socket(self) -> None:
        if self._handler is not None:
            self._handler.client.auto_reconnect_enabled = False
            self.sandbox.drop_sockets()
            # The SDK looks at its socket before it takes the lock: its own thread may have closed it in between.
            with suppress(AttributeError):
                self._handler.close()  # type: ignore[no-untyped-call]
            self._handler = None


def _without_picture(_client: Any, payload: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
    return payload["blocks"], False
