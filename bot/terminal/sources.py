"""`finops sources`: where bills are delivered, and what became of each delivery."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click

from bot.installation import Installation
from bot.sources import open_source
from bot.terminal.output import FORMAT, show
from storage.offered import Taken, taken_of
from storage.sources.source import PaidSource
from storage.sources.taking import is_due


@click.command("sources")
@click.option("--price", is_flag=True, help="What the next look at each delivery costs; asks nothing.")
@FORMAT
@click.pass_obj
def COMMAND(installation: Installation, price: bool, form: str) -> None:
    """Every delivery of every source: taken in, refused or waited for, since when and why."""
    installation.say_if_unconfigured(click.echo)
    sources = installation.company.sources
    with installation.state.reading() as connection:
        known = [each for each in taken_of(connection) if each.export in sources]
    if price:
        rows = [row for export in sorted(sources) for row in _priced(installation, export, known)]
        show(rows, form, empty="No source in finops.yaml costs anything to read.")
        return
    rows = [_row(each, sources[each.export].kind) for each in known]
    rows += [_unseen(export, sources[export].kind) for export in sources.keys() - {each.export for each in known}]
    show(sorted(rows, key=lambda row: (row["export"], row["delivery"])), form, empty="No sources in finops.yaml.")


def _priced(installation: Installation, export: str, known: Iterable[Taken]) -> Iterator[dict[str, Any]]:
    """The deliveries of a source whose requests cost money."""
    source = open_source(installation.company.sources[export], state=installation.state, ledger=installation.ledger)
    if not isinstance(source, PaidSource):
        return
    for offer in source.offered(installation.now).ready:
        taken = next((each for each in known if (each.export, each.name) == (export, offer.name)), None)
        least, most = source.foreseen(offer) if is_due(offer, taken) else (0, 0)
        yield {
            "export": export,
            "delivery": offer.name,
            "least_requests": least,
            "most_requests": most,
            "least_usd": str(least * source.price),
            "most_usd": str(most * source.price),
            "last_time": taken.why if taken else None,
        }


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
