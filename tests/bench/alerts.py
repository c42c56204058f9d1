"""`python -m tests.bench.alerts`: from an ingest's end to every alert's post, and from a click to the edited message.

The whole bot runs as `finops run` starts it, against the sandbox with Slack's rate limits in force.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

import click
from pydantic import SecretStr
from sqlalchemy import and_, func, select

from bot.installation import Installation
from bot.log import configure_log
from bot.settings import Settings
from bot.small_install import SmallInstall
from finops.periods import DAY, Month
from sandbox import Sandbox
from storage.budgets import Budget, record_budgets
from storage.deliveries import TABLE as DELIVERIES
from tests.bench.measured import Findings, seconds, step
from tests.company import Charge, take_in, write_bill

MOST_SECONDS_TO_POST = 60.0
MOST_SECONDS_TO_EDIT = 1.0
BETWEEN_CLICKS = 1.25
"""Seconds: Slack lets an app edit 50 messages a minute."""
DAY_OF_MONTH, MORNING = 18, 10
PATIENCE = 300.0
PEOPLE = 200
MANIFEST = json.loads((files("bot") / "slack_app" / "manifest.socket.json").read_text())


@click.command()
@click.option("--teams", type=int, default=1_000, show_default=True, help="Teams, every one of them over its budget.")
@click.option("--clicks", type=int, default=30, show_default=True, help="Acknowledgements clicked one after the other.")
def main(teams: int, clicks: int) -> None:
    """Measure both claims; exit code 1 if one does not hold."""
    configure_log("error")
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="finops-alerts-") as folder:
        measure_alerts(Path(folder), teams, clicks, findings)
    sys.exit(0 if findings.hold else 1)


def measure_alerts(folder: Path, teams: int, clicks: int, findings: Findings) -> None:
    """Both claims, on a workspace of their own."""
    step(f"alerts of {teams:,} teams against Slack's rate limits")
    slugs = [f"team-{number:04d}" for number in range(teams)]
    clock = _working_hours()
    sandbox = _workspace(slugs, clock)
    installation = _installation(folder, slugs, sandbox, clock)
    bot = SmallInstall(installation)
    try:
        bot.start()
        sandbox.wait_for(lambda: sandbox.sockets, timeout=60)
        bot.worker.tick()
        waited = _posted(sandbox, installation, slugs)
        findings.claim(
            f"from an ingest's end to the last post, {teams:,} teams all over their budget, a channel each",
            "< 60 s",
            seconds(waited),
            waited < MOST_SECONDS_TO_POST,
        )
        _told(installation)
        edits = _acknowledged(sandbox, slugs[:clicks])
        middle = median(edits)
        findings.claim(
            f"from a click on Acknowledge to the edited message, median of {len(edits)}",
            "< 1 s",
            seconds(middle),
            middle < MOST_SECONDS_TO_EDIT,
        )
        findings.fact("the slowest of those clicks", seconds(max(edits)))
    finally:
        sandbox.drop_sockets()
        bot.stop()
        sandbox.stop()
        installation.state.close()


def _working_hours() -> Callable[[], datetime]:
    """A clock that begins on the morning of a working day of this month's third week and runs as ours does."""
    start = datetime.now(UTC).replace(day=DAY_OF_MONTH, hour=MORNING, minute=0, second=0, microsecond=0)
    while start.weekday() > 3:
        start += DAY
    begun = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - begun)


def _workspace(slugs: list[str], clock: Callable[[], datetime]) -> Sandbox:
    people = [{"name": f"person{number}", "email": f"person{number}@example.com"} for number in range(PEOPLE)]
    channels = {slug: [f"person{number % PEOPLE}"] for number, slug in enumerate(slugs)}
    groups = {"finops": ["person0"], "finance": ["person1"]}
    sandbox = Sandbox(
        manifest=MANIFEST, people=people, channels=channels, user_groups=groups, clock=lambda: clock().timestamp()
    )
    return sandbox.start()


def _installation(folder: Path, slugs: list[str], sandbox: Sandbox, clock: Callable[[], datetime]) -> Installation:
    teams = "\n".join(
        f'  - {{slug: {slug}, channel: "#{slug}", owners: [person{number % PEOPLE}@example.com], '
        f"scope: {{any: [{{tag: {{team: [{slug}]}}}}]}}}}"
        for number, slug in enumerate(slugs)
    )
    roles = 'roles: {finops: ["@finops"], finance: ["@finance"], executive_sponsor: [person2@example.com]}\n'
    config = folder / "finops.yaml"
    # The bill is taken in by hand, at a moment of this benchmark's choosing.
    config.write_text(
        "company: Bench\ncurrency: USD\nschedules: {ingest_billing: off}\nsources: {aws: {path: bills}}\n"
        f"{roles}teams:\n{teams}\n"
    )
    settings = Settings(
        finops_database_url=SecretStr(f"sqlite:///{folder / 'finops.db'}"),
        finops_ledger=folder / "ledger",
        slack_bot_token=SecretStr(sandbox.bot_token),
        slack_app_token=SecretStr(sandbox.app_token),
        slack_signing_secret=SecretStr(""),
        slack_api_url=sandbox.api_url,
    )
    installation = Installation(config, settings, clock)
    today = clock().date()
    first = Month.of(today).previous.first
    days = [first + number * DAY for number in range((today - first).days)]
    charges = [Charge(day, Decimal(100 + 10 * (number % 4)), slug) for number, slug in enumerate(slugs) for day in days]
    write_bill(folder / "bills" / "bill.csv", charges)
    budgets = [Budget(slug, Month.of(today), Decimal(2500), "USD") for slug in slugs]
    with installation.state.writing() as connection:
        record_budgets(connection, budgets, source="bench", by="bench", now=clock())
    return installation


def _posted(sandbox: Sandbox, installation: Installation, slugs: list[str]) -> float:
    """Take the bill in; seconds from then until every team's channel shows its alert."""
    take_in(installation)
    begun = time.monotonic()
    missing = set(slugs)
    while missing and time.monotonic() - begun < PATIENCE:
        missing = {slug for slug in missing if not _alert(sandbox, slug)}
        time.sleep(0.2)
    waited = time.monotonic() - begun
    if missing:
        raise SystemExit(f"{len(missing)} of {len(slugs)} alerts were not posted within {PATIENCE:.0f} s")
    return waited


def _told(installation: Installation) -> None:
    """Wait until everything about the alerts is said; the summaries with their pictures take Slack's own time."""
    until = time.monotonic() + PATIENCE
    about = and_(DELIVERIES.c.kind.in_(("alert", "alert_note", "call")), DELIVERIES.c.state == "due")
    while time.monotonic() < until:
        with installation.state.reading() as connection:
            if not connection.execute(select(func.count()).where(about)).scalar():
                return
        time.sleep(0.5)
    raise SystemExit(f"what is to be said of the alerts was not said within {PATIENCE:.0f} s")


def _acknowledged(sandbox: Sandbox, slugs: list[str]) -> list[float]:
    """Seconds of each click until the message shows who acknowledged."""
    found = []
    for number, slug in enumerate(slugs):
        person = sandbox.person(f"person{number % PEOPLE}")
        message = _alert(sandbox, slug)
        begun = time.monotonic()
        person.click(slug, message["ts"], "alert_acknowledge")
        while "*Acknowledged*" not in _alert(sandbox, slug)["text"]:
            if time.monotonic() - begun > PATIENCE:
                raise SystemExit(f"the message of {slug} was never edited")
            time.sleep(0.005)
        found.append(time.monotonic() - begun)
        time.sleep(max(0.0, BETWEEN_CLICKS - found[-1]))
    return found


def _alert(sandbox: Sandbox, slug: str) -> dict[str, Any]:
    """The alert's message in a team's channel, empty where there is none."""
    for message in sandbox.messages(slug):
        key = (message.get("metadata") or {}).get("event_payload", {}).get("key", "")
        if key.startswith(f"alert/{slug}/") and key.count("/") == 4:
            return dict(message)
    return {}


if __name__ == "__main__":
    main()
