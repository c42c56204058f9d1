"""The bot as real processes, `finops worker` and `finops web`, on one database and before one sandbox."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import func, select, update

from finops.periods import Month
from sandbox import Sandbox
from storage import claims, deliveries
from storage.state import State
from tests.faults import estate
from tests.faults.place import SECRET, manifest
from tests.faults.seen import Seen, look

FINOPS = Path(sys.executable).parent / "finops"
COUNTED = 'finops_requests_total{kind="action"'
WITHOUT_LEDGER = {"tell_drivers": "off", "find_anomalies": "off"}
"""Schedules of what reads the ledger: the estate's figures come without one."""
PATIENCE = 90
"""Seconds that something real may take before a test gives it up."""


@dataclass
class Process:
    """One process and what it logs."""

    program: subprocess.Popen[bytes]
    log: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it has logged, line by line; what is no JSON is left out."""
        found = []
        for line in self.log.read_text().splitlines():
            if line.startswith("{"):
                found.append(json.loads(line))
        return found

    @property
    def runs(self) -> bool:
        """Whether it is a worker that has begun: from then on it outlives its database."""
        return any(line.get("event") == "worker runs" for line in self.lines)

    @property
    def delivered(self) -> list[tuple[str, int]]:
        """Key and revision of all that it has brought to Slack."""
        return [(line["key"], line["revision"]) for line in self.lines if line.get("event") == "delivered"]


@dataclass
class RealBot:
    """Processes that are started, killed and ended by a test.

    Attributes:
        teams: how many of the estate's.
        schedules: as in finops.yaml.
        running: processes that were started and not killed.
        started: these and the killed ones.
    """

    folder: Path
    url: str
    teams: int
    schedules: dict[str, str]
    running: list[Process] = field(default_factory=list)
    started: list[Process] = field(default_factory=list)
    deliveries: int = 0

    def __post_init__(self) -> None:
        self.state = State(self.url)
        self.state.migrate()
        self.ports = [_free_port(), _free_port()]
        self.sandbox = Sandbox(
            manifest=manifest(hears_messages=False, socket=False),
            people=estate.people(),
            channels=estate.channels(),
            user_groups={"finops": ["fay", "finn", "fred"]},
            request_url=self.request_url(0),
            signing_secret=SECRET,
        )
        self._months = [Month.of(datetime.now(UTC).date()).previous, Month.of(datetime.now(UTC).date())]

    @property
    def month(self) -> Month:
        """The month that runs."""
        return self._months[-1]

    def __enter__(self) -> RealBot:
        """Start the workspace and write the configuration; no process runs yet."""
        self.sandbox.start()
        (self.folder / "finops.yaml").write_text(json.dumps(self._configuration()))
        with self.state.writing() as connection:
            estate.give_budgets(connection, self._months, datetime.now(UTC))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End every process."""
        for process in self.running:
            process.program.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.program.wait(20)
            except subprocess.TimeoutExpired:
                process.program.kill()
                process.program.wait()
        self.sandbox.stop()
        self.state.close()

    def request_url(self, web: int) -> str:
        """Where one of the web processes listens."""
        return f"http://127.0.0.1:{self.ports[web]}/slack/events"

    def start_worker(self) -> Process:
        """Start `finops worker`."""
        return self._start("worker")

    def start_web(self, number: int) -> Process:
        """Start `finops web` on one of the ports, and wait until it answers."""
        port = str(self.ports[number])
        process = self._start("web", "--host", "127.0.0.1", "--port", port, "--workers", "1")
        self.sandbox.wait_for(lambda: _listens(int(port)), timeout=PATIENCE)
        return process

    def hear_over(self, web: int) -> None:
        """Let Slack's next requests go to one of the web processes, as a load balancer does."""
        self.sandbox._delivery._request_url = self.request_url(web)

    def clicks_heard(self, web: int) -> int:
        """How many clicks one of the web processes has answered, by its own count."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[web]}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return int(sum(float(line.split()[-1]) for line in lines if line.startswith(COUNTED)))

    def kill(self, process: Process) -> None:
        """Kill a process where it stands; the time in which its leases and claims run out is taken to have passed."""
        process.program.kill()
        process.program.wait()
        self.running.remove(process)
        past, own = datetime.now(UTC) - timedelta(seconds=1), f":{process.program.pid}:"
        with self.state.writing() as connection:
            for table, owner in ((deliveries.TABLE, "lease_owner"), (claims.TABLE, "owner")):
                held = table.c[owner].contains(own, autoescape=True) & (table.c.lease_until > past)
                connection.execute(update(table).where(held).values(lease_until=past))

    def publish(self, ratios: dict[str, Decimal]) -> None:
        """Deliver the bill through today; teams that are not named are within their budgets."""
        self.deliveries += 1
        today, every = datetime.now(UTC).date(), {team.slug: Decimal(1) for team in self._teams()} | ratios
        before, month = self._months
        if self.deliveries == 1:
            estate.publish(self.state, before, before.last, every, 1, datetime.now(UTC))
        estate.publish(self.state, month, today, every, self.deliveries, datetime.now(UTC))

    def due(self) -> int:
        """How many deliveries are still to be sent."""
        with self.state.reading() as connection:
            return deliveries.counts(connection)["due"]

    def is_quiet(self) -> bool:
        """Whether all is sent, and every job that began has ended."""
        claim = claims.TABLE.c
        running = select(func.count()).where(claim.finished_at.is_(None), claim.lease_until > datetime.now(UTC))
        with self.state.reading() as connection:
            return not connection.execute(running).scalar() and not deliveries.counts(connection)["due"]

    def seen(self) -> Seen:
        """Everything that there is."""
        return look(self.state, self.sandbox, datetime.now(UTC))

    def done_twice(self) -> list[str]:
        """States of messages that were brought twice, and jobs that were done more often than they were claimed."""
        brought = Counter(f"{key} in revision {revision}" for each in self.started for key, revision in each.delivered)
        lines = [line for process in self.started for line in process.lines]
        jobs = Counter(line["job"] for line in lines if line.get("event") == "job done")
        claimed = Counter[str]()
        with self.state.reading() as connection:
            for row in connection.execute(select(claims.TABLE).where(claims.TABLE.c.finished_at.is_not(None))):
                claimed[row.work.partition("@")[0]] += row.attempts
        return [name for name, times in brought.items() if times > 1] + list(jobs - claimed)

    def _start(self, *words: str) -> Process:
        environment = {
            **os.environ,
            "FINOPS_DATABASE_URL": self.url,
            "FINOPS_LEDGER": str(self.folder / "ledger"),
            "FINOPS_LOG": "info",
            "SLACK_API_URL": self.sandbox.api_url,
            "SLACK_BOT_TOKEN": self.sandbox.bot_token,
            "SLACK_APP_TOKEN": "",
            "SLACK_SIGNING_SECRET": SECRET,
        }
        log = self.folder / f"{words[0]}-{len(list(self.folder.glob('*.log')))}.log"
        with log.open("wb") as file:
            command = [str(FINOPS), "--config", str(self.folder / "finops.yaml"), *words]
            process = Process(subprocess.Popen(command, stdout=file, stderr=file, env=environment), log)
        self.running.append(process)
        self.started.append(process)
        return process

    def _teams(self) -> list[Any]:
        return list(estate.teams()[: self.teams])

    def _configuration(self) -> dict[str, Any]:
        """finops.yaml: JSON is YAML."""
        return {
            "company": "Example",
            "timezone": "UTC",
            "settled_after": 1,
            "teams": [
                {
                    "slug": team.slug,
                    "name": team.name,
                    "channel": team.channel or "#cost-alerts",
                    "owners": list(team.owners),
                    "engineering_lead": team.engineering_lead,
                }
                for team in self._teams()
            ],
            "roles": {
                "finops": ["@finops"],
                "finance": ["gil@example.com", "gwen@example.com"],
                "executive_sponsor": ["sam@example.com"],
            },
            "alerts": {"quiet_hours": "off", "kinds": ["forecast"]},
            "schedules": WITHOUT_LEDGER | self.schedules,
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
