"""`finops admin`: how the bot itself is doing, and what it can be made to do."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from bot.discovery import declared
from bot.installation import Installation
from bot.terminal.output import FORMAT, counted, show
from finops.errors import NotFound
from finops.names import nearest
from storage.asked import ask, is_worker_seen
from storage.audit import Entry, append
from storage.deliveries import revive
from storage.standing import LOOKED_AT, Standing, read_standing

Row = dict[str, Any]


@click.group("admin")
def COMMAND() -> None:
    """See how the bot is doing, have a job run, try dead messages again."""


@COMMAND.command("status")
@FORMAT
@click.pass_obj
def status(installation: Installation, form: str) -> None:
    """Data, ingests, jobs, messages, alerts and the audit record; what is wrong stands in `trouble`."""
    installation.say_if_unconfigured(click.echo)
    company, now = installation.company, installation.now
    with installation.state.reading() as connection:
        standing = read_standing(connection, company, declared("jobs", "JOB"), now)
    show(list(_rows(standing, company.alerts.live, now)), form)


@COMMAND.command("run")
@click.argument("job")
@click.pass_obj
def run(installation: Installation, job: str) -> None:
    """Have a worker run a job now, whatever its schedule says."""
    jobs = declared("jobs", "JOB")
    if job not in jobs:
        near = nearest(job, jobs, 1)
        mend = f"Did you mean {near[0]}?" if near else f"There are {', '.join(jobs)}."
        raise NotFound(f"There is no job '{job}'.", mend)
    now, by = installation.now, getpass.getuser()
    with installation.state.writing() as connection:
        works = is_worker_seen(connection, now)
        ask(connection, job, f"terminal/{now.isoformat()}", by, now)
        append(connection, [Entry(now, by, "job.asked", f"job/{job}", became={"job": job})])
    if works:
        click.echo(f"{job} is asked for: a worker runs it within seconds.")
        return
    click.echo(f"{job} is asked for, but no worker was seen of late: start `finops run` or `finops worker`.")
    if job == "ingest_billing":
        click.echo("Without one, `finops sources --look` looks at the sources here and now.")


@COMMAND.command("replay")
@click.argument("prefix")
@click.pass_obj
def replay(installation: Installation, prefix: str) -> None:
    """Try dead messages again: those whose key begins with PREFIX, or `all`."""
    begins, now, by = "" if prefix == "all" else prefix, installation.now, getpass.getuser()
    with installation.state.writing() as connection:
        number = revive(connection, begins, now)
        if number:
            became = {"prefix": begins, "number": number}
            append(connection, [Entry(now, by, "delivery.replayed", "delivery", became=became)])
    click.echo(f"{counted(number, 'message')} tried again.")


def _rows(standing: Standing, live: bool, now: datetime) -> Iterator[Row]:
    ingests = {each.export: each for each in standing.ingests}
    for each in standing.data:
        said = f"billing period {each.billing_period}, through {each.last_day}"
        yield _row("data", each.export, said, each.confirmed_at)
    for export, ingest in ingests.items():
        wrong = ingest.reason if ingest.outcome in ("refused", "failed") else ""
        yield _row("ingest", export, ingest.outcome, ingest.at, wrong)
    for job in standing.jobs:
        yield _row("job", job.name, job.outcome or "has not run yet", job.at, job.failed)
    for state, number in standing.deliveries.items():
        since = standing.waiting_since if state == "due" else None
        yield _row("messages", state, str(number), since)
    for letter in standing.dead:
        yield _row("dead message", letter.key, f"{letter.attempts} tries", letter.died_at, letter.error)
    alerts = Counter(str(alert.status(now)) if alert.live else "only watched" for alert in standing.alerts)
    for name, number in sorted(alerts.items()):
        yield _row("alerts", name, str(number))
    yield _row("alerts", "posted", "yes" if live else "no: shadow mode", None)
    for name in standing.unknown:
        yield _row("people", name, "", None, "not found in Slack: nobody is called for it")
    for slug in standing.placeless:
        yield _row("team", slug, "", None, "has an alert, and no channel to show it in")
    some = f", the newest {LOOKED_AT} looked at" if standing.entries > LOOKED_AT else ""
    yield _row("audit record", standing.seal or None, f"{standing.entries} entries{some}")
    for fault in standing.faults:
        yield _row("audit record", None, "", None, fault)


def _row(area: str, name: str | None, said: str, at: datetime | None = None, trouble: str = "") -> Row:
    moment = at.isoformat(timespec="seconds") if at else None
    return {"area": area, "name": name, "said": said, "at": moment, "trouble": trouble or None}
