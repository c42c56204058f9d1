"""`finops ingest`: take in a bill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bot.installation import Installation
from bot.terminal.output import counted
from storage.ledger.ingest import Ingested, Steps, ingest


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--export", required=True, help="Name of the export these files belong to, for example aws.")
@click.option("--lenient", is_flag=True, help="Read a bill that lacks mandatory FOCUS columns no figure needs.")
@click.option("--rules", type=click.Path(path_type=Path), help="Mapping file that says how any columns become FOCUS.")
@click.pass_obj
def COMMAND(
    installation: Installation, paths: tuple[Path, ...], export: str, lenient: bool, rules: Path | None
) -> None:
    """Take in FOCUS bills (CSV, CSV.gz, Parquet): files or folder trees.

    FOCUS 1.0 to 1.4 are read, and the names of 0.5 and the 1.0 preview understood.

    A billing period that the files hold replaces the former version of it as a whole. Anything wrong refuses the
    delivery as a whole and leaves the stored data as it was.
    """
    installation.say_if_unconfigured(click.echo)
    with progress() as steps:
        done = ingest(
            list(paths),
            export,
            company=installation.company,
            state=installation.state,
            ledger=installation.ledger,
            now=installation.now,
            lenient=lenient,
            rules=rules,
            steps=steps,
        )
    for line in summary(export, done):
        click.echo(line)


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
