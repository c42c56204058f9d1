"""`make bench-report`: a month's report of many teams, in every form, against its limits of time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import click
from pydantic import SecretStr

from bot.installation import Installation
from bot.settings import Settings
from finops.corrective_action import ActionStage, CorrectiveAction, Target
from finops.explanation import Category, Wording, approve, submit
from finops.periods import DAY, Month
from jobs import close_month
from storage.budgets import Budget, record_budgets
from storage.closed_months import closed_months
from storage.corrective_actions import save_action
from storage.deliveries import TABLE as DELIVERIES
from storage.explanations import save_explanation
from tests.bench.measured import Findings, megabytes, seconds, step
from tests.company import Charge, Moved, take_in, write_bill
from tests.databases import state_url
from views.report_files import EDITIONS, FORMS

MOST_SECONDS, MOST_BYTES = 60.0, 1e9
REPORTED = Month(2026, 10)
NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
SERVICES = ("Amazon EC2", "Amazon RDS", "Amazon S3", "BigQuery", "Cloud Run", "Virtual Machines")
WORDS = "The second cluster went live a month before the plan had it, as the customers of the region asked for it. "
LONG = WORDS * 10
"""A thousand characters: people write as much as they are let."""


@click.command()
@click.option("--teams", type=int, default=500, show_default=True, help="Teams, each with two explanations a month.")
def main(teams: int) -> None:
    """Measure every form; exit code 1 if one does not keep its limits."""
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="finops-report-") as folder:
        measure_report(Path(folder), teams, findings)
    sys.exit(0 if findings.hold else 1)


def measure_report(
    folder: Path, teams: int, findings: Findings, forms: Sequence[str] = FORMS, editions: Sequence[str] = EDITIONS
) -> None:
    """Close three months of a company, and make its report in every form, each in a process of its own."""
    step(f"the report of {teams:,} teams")
    installation = make_estate(folder, teams)
    begun = time.monotonic()
    outcome = close_month.run(now=NOW, company=installation.company, state=installation.state)
    findings.fact(f"closing: {outcome.summary}", seconds(time.monotonic() - begun))
    explain(installation)
    begun = time.monotonic()
    close_month.run(now=NOW, company=installation.company, state=installation.state)
    with installation.state.reading() as connection:
        posted = len(connection.execute(DELIVERIES.select()).all())
    findings.fact(f"posting the report anew, {posted} messages", seconds(time.monotonic() - begun))
    installation.state.close()
    together = 0.0
    for edition in editions:
        for form in forms:
            made = _made(folder, form, edition)
            together += made.seconds
            size = (folder / f"{edition}.{form}").stat().st_size
            findings.fact(f"{edition} {form}, {megabytes(size)}", f"{seconds(made.seconds)}, {megabytes(made.bytes)}")
            findings.claim(f"memory of the {edition} {form}", "< 1 GB", megabytes(made.bytes), made.bytes < MOST_BYTES)
    claim = f"every form of both editions, {teams:,} teams"
    findings.claim(claim, "< 60 s", seconds(together), together < MOST_SECONDS)


def make_estate(folder: Path, teams: int) -> Installation:
    """A company with four months of bills; every other team is over its budget, every fifth under it."""
    listed = "\n".join(
        f"  - {{slug: {slug}, name: Team {number}, owners: [person{number}@example.com], "
        f"scope: {{any: [{{tag: {{team: [{slug}]}}}}]}}}}"
        for number, slug in enumerate(_slugs(teams))
    )
    config = folder / "finops.yaml"
    config.write_text(
        "company: Bench\ncurrency: USD\nsources: {aws: {path: bills}}\n"
        f'report: {{channel: "#finops"}}\nmateriality: {{amount: 10}}\nteams:\n{listed}\n'
    )
    settings = Settings(finops_database_url=SecretStr(state_url(folder)), finops_ledger=folder / "ledger")
    installation = Installation(config, settings, Moved(NOW))
    write_bill(folder / "bills" / "bill.csv", list(_charges(teams)))
    take_in(installation)
    months = [REPORTED.previous.previous, REPORTED.previous, REPORTED]
    budgets = [Budget(slug, month, Decimal(5000), "USD") for slug in _slugs(teams) for month in months]
    with installation.state.writing() as connection:
        record_budgets(connection, budgets, source="bench", by="bench", now=NOW)
    return installation


def explain(installation: Installation) -> None:
    """Two explanations and a corrective action for every team with a variance, in each closed month."""
    company, state = installation.company, installation.state
    for month in (REPORTED.previous.previous, REPORTED.previous, REPORTED):
        with state.writing() as connection:
            for number, figures in enumerate(closed_months(connection, month).values()):
                seen = figures.explained(NOW)
                if seen is None or not figures.step:
                    continue
                for portion in (1, 2):
                    wording = Wording(seen.value / 2, list(Category)[number % 7], portion == 1, LONG, LONG, WORDS)
                    change = submit(
                        figures.key, portion, wording, "U1", seen, company.explanations, company.calendar, NOW
                    )
                    saved = save_explanation(connection, change, NOW)
                    if number % 3:
                        given = approve(saved.explanation, "U2", 1, seen, company.explanations, NOW)
                        save_explanation(connection, given, NOW)
                action = CorrectiveAction(
                    0, figures.key, 1, WORDS, "U1", NOW.date(), Decimal(100), Target(), ActionStage.OPEN, "U1", NOW
                )
                save_action(connection, action, NOW)


def _slugs(teams: int) -> list[str]:
    return [f"team-{number:04d}" for number in range(teams)]


def _charges(teams: int) -> Iterator[Charge]:
    """Each team about 5,000 a month; services move from month to month."""
    first, last = date(2026, 7, 1), date(2026, 11, 8)
    days = [first + timedelta(days=number) for number in range((last - first) // DAY + 1)]
    for number, slug in enumerate(_slugs(teams)):
        scale = Decimal("1.15") if number % 2 else Decimal("0.8") if number % 5 == 0 else Decimal("1.01")
        for day in days:
            for place, service in enumerate(SERVICES):
                moved = Decimal(day.month * (place - 2)) / 2
                yield Charge(day, (Decimal(27) + moved) * scale + Decimal("0.000123456789"), slug, service)


@dataclass(frozen=True, slots=True)
class Made:
    """What one process needed.

    Attributes:
        bytes: its largest resident memory.
    """

    seconds: float
    bytes: float


def _made(folder: Path, form: str, edition: str) -> Made:
    """Run `finops report` as a person does."""
    output = folder / f"{edition}.{form}"
    line = [sys.executable, "-m", "tests.bench.report_run", str(folder / "finops.yaml")]
    line += ["report", "--month", str(REPORTED), "--format", form, "--edition", edition, "--output", str(output)]
    environment = os.environ | {
        "FINOPS_DATABASE_URL": state_url(folder),
        "FINOPS_LEDGER": str(folder / "ledger"),
    }
    begun = time.monotonic()
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return Made(time.monotonic() - begun, float(done.stderr.strip().splitlines()[-1]) * 1024)


if __name__ == "__main__":
    main()
