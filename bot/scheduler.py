"""When jobs are due, and which worker does them: a claim per unit of work, whatever the number of workers."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from apscheduler.triggers.cron import CronTrigger

from bot import metrics
from bot.discovery import discover, wired
from finops.company import Company
from finops.errors import ConfigurationRefused, FinopsError
from finops.names import nearest
from jobs.job import Job, Outcome
from storage import asked, claims
from storage.publish import figures_version
from storage.state import State

LOG = structlog.get_logger("finops.jobs")
UNITS = {"m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Due:
    """A unit of work whose time has come.

    Attributes:
        key: unique for the unit: the local day of a daily job, the moment of a repeated one.
    """

    job: Job
    zone: ZoneInfo
    key: str


class Scheduler:
    """Runs what is due, once over all workers, and takes up what a dead one left.

    Args:
        dependencies: company, state and ledger, for the jobs to name.
        owner: this process's name in claims.
        changed: called after a job ran, so that the sender looks at once.
    """

    def __init__(
        self,
        dependencies: Mapping[str, Any],
        owner: str,
        clock: Callable[[], datetime],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._company: Company = dependencies["company"]
        self._state: State = dependencies["state"]
        self._owner, self._clock, self._changed = owner, clock, changed
        found: dict[str, Job] = {job.name: job for job in discover("jobs", "JOB").values()}
        self.jobs = found
        refuse_unknown_jobs(self._company, found)
        self._runs = {name: wired(job.run, dependencies, given=("now", "zone")) for name, job in found.items()}
        self._running: set[tuple[str, str]] = set()

    def run_due(self) -> list[str]:
        """Run everything that was asked for or is due and nobody has done; returns the names of what ran."""
        with self._state.reading() as connection:
            wanted = asked.asked_for(connection, self.jobs, self._clock())
        ran = [name for name, key in wanted if self._run_asked(self.jobs[name], key)]
        return ran + [due.job.name for due in self.due(self._clock()) if self._run_claimed(due)]

    def due(self, now: datetime) -> Iterator[Due]:
        """The latest unit of every job and zone, ingest before what shows it; each is looked up when it is asked for.

        A job that shows figures has one unit for each change of them, so none is missed. What runs all day comes
        before what runs once: an alert is more urgent than a summary.
        """
        for job in sorted(self.jobs.values(), key=lambda job: (job.shows_figures, ":" in job.schedule, job.name)):
            schedule = self._company.schedules.get(job.name, job.schedule)
            for zone in self._zones(job):
                key = due_key(schedule, zone, now)
                if key is not None:
                    yield Due(job, zone, f"{key}/{self._figures()}" if job.shows_figures else key)

    def _figures(self) -> str:
        with self._state.reading() as connection:
            return figures_version(connection)

    def renew(self) -> None:
        """Hold the claims of what is running."""
        for work, key in tuple(self._running):
            claims.renew(self._state, work, key, self._owner, self._clock())

    def run(self, name: str, zone: ZoneInfo | None = None) -> Outcome:
        """Run one job now, claimed or not."""
        job, now = self.jobs[name], self._clock()
        given: dict[str, Any] = {"now": now} | ({"zone": zone or self._company.zone()} if job.per_zone else {})
        outcome: Outcome = self._runs[name](**given)
        LOG.info("job done", job=name, outcome=outcome.summary)
        self._changed()
        return outcome

    def _run_claimed(self, due: Due) -> bool:
        work = f"{due.job.name}@{due.zone.key}" if due.job.per_zone else due.job.name
        return self._once(due.job, work, due.key, [due.zone])

    def _run_asked(self, job: Job, key: str) -> bool:
        """Run a job that a person asked for, in each of its zones, whatever the clock says."""
        return self._once(job, f"{asked.ASKED}{job.name}", key, self._zones(job))

    def _once(self, job: Job, work: str, key: str, zones: Iterable[ZoneInfo]) -> bool:
        """Run a job in some zones as one unit of work, if nobody else does."""
        if not claims.claim(self._state, work, key, self._owner, self._clock()):
            return False
        self._running.add((work, key))
        try:
            summaries = [self.run(job.name, zone).summary for zone in zones]
        except Exception as error:
            # One job's failure must not stop the others; it is on record and is tried again.
            reference = secrets.token_hex(4)
            LOG.exception("job failed", job=job.name, reference=reference)
            metrics.JOBS.labels(job.name, "failed").inc()
            claims.fail(self._state, work, key, self._owner, self._clock(), _reason(error, reference))
            return False
        finally:
            self._running.discard((work, key))
        metrics.JOBS.labels(job.name, "done").inc()
        claims.finish(self._state, work, key, self._owner, self._clock(), "; ".join(summaries))
        return True

    def _zones(self, job: Job) -> Iterable[ZoneInfo]:
        if not job.per_zone:
            return [self._company.zone()]
        zones = {self._company.zone(team) for team in self._company.teams} | {self._company.zone()}
        return sorted(zones, key=lambda zone: zone.key)


def _reason(error: Exception, reference: str) -> str:
    """Why a job failed, as people are shown it: a driver's own words may name hosts, accounts and queries."""
    kind = type(error).__name__
    return f"{kind}: {error}" if isinstance(error, FinopsError) else f"{kind}, in the log under {reference}"


def refuse_unknown_jobs(company: Company, jobs: Iterable[str]) -> None:
    """Raise ConfigurationRefused where `schedules:` names a job that does not exist."""
    for name in company.schedules:
        if name not in jobs:
            near = nearest(name, list(jobs), 1)
            mend = f"Did you mean {near[0]}?" if near else f"There are {', '.join(jobs)}."
            raise ConfigurationRefused(f"finops.yaml: schedules.{name}: there is no such job.", mend)


def due_key(schedule: str, zone: ZoneInfo, now: datetime) -> str | None:
    """Key of the latest unit that was due by now, None where there is none to be done any more.

    A daily job is due from its time to the end of its local day, and once however often the clock shows that time.
    """
    if schedule == "off":
        return None
    if schedule.startswith("every "):
        step = int(schedule[6:-1]) * UNITS[schedule[-1]]
        return datetime.fromtimestamp(now.timestamp() // step * step, UTC).isoformat()
    hour, minute = schedule.split(":")
    today = now.astimezone(zone).date()
    # APScheduler knows what 02:30 means on the day that has none.
    start = datetime.combine(today, datetime.min.time(), zone)
    fires = CronTrigger(hour=int(hour), minute=int(minute), timezone=zone).get_next_fire_time(None, start)
    if fires is None or fires > now or fires - start > timedelta(hours=26):
        return None
    return today.isoformat()
