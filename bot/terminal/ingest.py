"""`finops ingest`: take in a bill."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bot.installation import Installation
from bot.terminal.output import counted
from finops.errors import NotFound
from storage.forecasts import make_forecasts
from storage.ledger.ingest import Ingested, Steps, ingest
from storage.ledger.untagged import tags_instead_of
from views.amounts import share

MOST_TAGS = 10
"""Tags that are named where the one wanted is in no row."""


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True)
@click.option("--export", required=True, help="Name of the export these files belong to, for example aws.")
@click.option("--lenient", is_flag=True, help="Read a bill that lacks mandatory FOCUS columns no figure needs.")
@click.option("--rules", type=click.Path(path_type=Path), help="Mapping file that says how any columns become FOCUS.")
@click.pass_obj
def COMMAND(installation: Installation, paths: tuple[str, ...], export: str, lenient: bool, rules: Path | None) -> None:
    """Take in FOCUS bills (CSV, CSV.gz, Parquet): files or folder trees.

    FOCUS 1.0 to 1.4 are read, and the names of 0.5 and the 1.0 preview understood.

    A billing period that the files hold replaces the former version of it as a whole. Anything wrong refuses the
    delivery as a whole and leaves the stored data as it was.
    """
    files = [_of_this_machine(path) for path in paths]
    installation.say_if_unconfigured(click.echo)
    with progress() as steps:
        done = ingest(
            files,
            export,
            company=installation.company,
            state=installation.state,
            ledger=installation.ledger,
            now=installation.now,
            lenient=lenient,
            rules=rules,
            steps=steps,
        )
        steps.step("forecast")
        make_forecasts(company=installation.company, state=installation.state, now=installation.now)
    for line in [*summary(export, done), *_tags_instead(installation, export, done)]:
        click.echo(line)


def _of_this_machine(path: str) -> Path:
    """A path; raises NotFound for an address, which is not repeated, as people put credentials into it."""
    if scheme := re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", path):
        raise NotFound(
            f"ingest reads files and folders of this machine, and no address that begins with {scheme[0]}.",
            "Name the bucket under `sources:` in finops.yaml (docs/howto/connect-a-source.md).",
        )
    return Path(path)


def summary(export: str, done: Ingested) -> Iterator[str]:
    """What an ingest did, in lines."""
    if done.periods:
        periods = ", ".join(f"{period} (version {version})" for period, version in done.periods.items())
        yield f"{export}: published {done.rows:,} rows of {periods}."
    elif done.outcome == "published":
        yield f"{export}: the bill is unchanged; teams were assigned anew, as the scopes in finops.yaml changed."
    else:
        yield f"{export}: nothing changed; {counted(len(done.unchanged), 'billing period')} as delivered before."
    if done.restated:
        yield f"{export}: restated days delivered before in {', '.join(done.restated)}."
    yield from done.remarks


def _tags_instead(installation: Installation, export: str, done: Ingested) -> Iterator[str]:
    """What there is for `teams_from` where no row of what came in has the tag that it names."""
    derived = installation.company.derived_teams
    if derived is None or derived.by.tag is None or not done.periods:
        return
    versions = [installation.ledger.read(export, period, number) for period, number in done.periods.items()]
    found = tags_instead_of(derived.by.tag, versions, installation.ledger)
    if found is None:
        return
    there = ", ".join(f"{name} {share(part, ())}" for name, part in found[:MOST_TAGS])
    yield f"{export}: no row has the tag {derived.by.tag}, which `teams_from` names."
    yield f"{export}: {f'tags in this bill, by cost: {there}.' if there else 'no row has any tag.'}"


@contextmanager
def progress() -> Iterator[Steps]:
    """A progress bar on a terminal, plain lines elsewhere; both on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Steps(step=lambda name: click.echo(f"finops: {name}", err=True))
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("ingest", total=None)
        yield Steps(
            total=lambda size: bar.update(task, total=size),
            advance=lambda size: bar.advance(task, size),
            step=lambda name: bar.update(task, description=name),
        )
