"""`finops sources`: where bills are delivered, and what became of each delivery."""

from __future__ import annotations

from typing import Any

import click

from bot.installation import Installation
from bot.terminal.output import FORMAT, show
from storage.offered import Taken, taken_of


@click.command("sources")
@FORMAT
@click.pass_obj
def COMMAND(installation: Installation, form: str) -> None:
    """Every delivery of every source: taken in, refused or waited for, since when and why."""
    installation.say_if_unconfigured(click.echo)
    sources = installation.company.sources
    with installation.state.reading() as connection:
        known = [each for each in taken_of(connection) if each.export in sources]
    rows = [_row(each, sources[each.export].kind) for each in known]
    rows += [_unseen(export, sources[export].kind) for export in sources.keys() - {each.export for each in known}]
    show(sorted(rows, key=lambda row: (row["export"], row["delivery"])), form, empty="No sources in finops.yaml.")


def _row(taken: Taken, kind: str) -> dict[str, Any]:
    return {
        "export": taken.export,
        "kind": kind,
        "delivery": taken.name,
        "state": str(taken.outcome),
        "since": taken.at.isoformat(timespec="minutes"),
        "why": taken.why,
    }


def _unseen(export: str, kind: str) -> dict[str, Any]:
    why = "not looked at yet: `finops admin run ingest_billing`, or start a worker"
    return {"export": export, "kind": kind, "delivery": "", "state": "", "since": None, "why": why}
