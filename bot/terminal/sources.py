"""`finops sources`: where bills are delivered, and what became of each delivery."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import click

from bot.installation import Installation
from bot.sources import open_source
from bot.terminal.output import FORMAT, show
from finops.company import BillingSource
from finops.errors import FinopsError, NotFound
from finops.names import nearest
from jobs.ingest_billing import run as ingest_billing
from storage.offered import Outcome, Taken, taken_of
from storage.sources.source import PaidSource
from storage.sources.taking import is_due

EVERY = "*"
"""Every source, where none is named; no export is called so."""


@click.command("sources")
@click.option("--price", is_flag=True, help="What the next look at each delivery costs; asks nothing.")
@click.option(
    "--look",
    is_flag=False,
    flag_value=EVERY,
    metavar="[NAME]",
    help="Look now, here and without a worker, at every source or the one named after it, and take in what is due.",
)
@FORMAT
@click.pass_context
def COMMAND(ctx: click.Context, price: bool, look: str | None, form: str) -> None:
    """Every delivery of every source: taken in, refused or waited for, since when and why.

    With --look it exits with 1 where any of the sources looked at is refused or failed.
    """
    installation: Installation = ctx.obj
    installation.say_if_unconfigured(click.echo)
    if price and look:
        raise click.UsageError("--price asks nothing, --look does: give one of them.")
    sources = _chosen(installation.company.sources, look or EVERY)
    if look:
        parts = installation.parts()
        parts["company"] = replace(installation.company, sources=sources)
        ingest_billing(now=installation.now, **parts)
    with installation.state.reading() as connection:
        known = [each for each in taken_of(connection) if each.export in sources]
    if price:
        rows: list[dict[str, Any]] = []
        for export in sorted(sources):
            try:
                rows += _priced(installation, export, known)
            except FinopsError as failed:
                click.echo(f"finops: {export} cannot be asked: {failed}", err=True)
        show(rows, form, empty="No source in finops.yaml costs anything to read.")
        return
    rows = [_row(each, sources[each.export].kind) for each in known]
    rows += [_unseen(installation, export) for export in sources.keys() - {each.export for each in known}]
    show(sorted(rows, key=lambda row: (row["export"], row["delivery"])), form, empty="No sources in finops.yaml.")
    if look and any(row["state"] in (Outcome.REFUSED, Outcome.FAILED) for row in rows):
        ctx.exit(1)


def _chosen(sources: Mapping[str, BillingSource], name: str) -> dict[str, BillingSource]:
    """All sources, or the one named; raises NotFound where there is none of that name."""
    if name == EVERY:
        return dict(sources)
    if name not in sources:
        near = nearest(name, list(sources), 1)
        known = f"There are {', '.join(sorted(sources))}." if sources else "Name it under `sources:` in finops.yaml."
        raise NotFound(f"There is no source '{name}'.", f"Did you mean {near[0]}?" if near else known)
    return {name: sources[name]}


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


def _unseen(installation: Installation, export: str) -> dict[str, Any]:
    settings = installation.company.sources[export]
    state, why = "", "not looked at yet: `finops sources --look`, or start a worker"
    try:
        open_source(settings, state=installation.state, ledger=installation.ledger)
    except FinopsError as failed:
        state, why = str(Outcome.FAILED), str(failed)
    return {"export": export, "kind": settings.kind, "delivery": "", "state": state, "since": None, "why": why}
