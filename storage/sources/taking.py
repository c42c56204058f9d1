"""Taking in what sources offer: each complete delivery once, and what became of it on record."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from finops.company import Company
from finops.errors import ConfigurationRefused, DeliveryRefused, FinopsError
from storage.ledger.ingest import ingest
from storage.ledger.versions import Ledger
from storage.ledger.workplace import DeliveryFailed
from storage.offered import Outcome, Taken, note_taken, taken_of
from storage.publish import published_periods
from storage.sources.source import Offer, Source
from storage.state import State


def take_in(
    export: str, source: Source, *, company: Company, state: State, ledger: Ledger, now: datetime
) -> list[Taken]:
    """Take in what an export offers; what was taken in under the same mark is not fetched again.

    A delivery that is refused, or waits, keeps no other from coming in.

    Returns:
        What became of each delivery.

    Raises:
        FinopsError: the source cannot be asked.
    """
    with state.reading() as connection:
        before = {taken.name: taken for taken in taken_of(connection, export)}
    offered = source.offered(now)
    found = [Taken(export, each.name, "", Outcome.WAITING, each.why, now) for each in offered.waiting]
    _note(state, before, found)
    for offer in offered.ready:
        known = before.get(offer.name)
        if known and offer.mark and known.mark == offer.mark and _stands(known, state, ledger):
            found.append(known.again())
            continue
        taken = _taken(export, source, offer, company=company, state=state, ledger=ledger, now=now)
        _note(state, before, [taken])
        found.append(taken)
    return found


def _taken(
    export: str, source: Source, offer: Offer, *, company: Company, state: State, ledger: Ledger, now: datetime
) -> Taken:
    """Fetch a delivery and take it in."""
    try:
        with tempfile.TemporaryDirectory(dir=ledger.workspace, prefix="fetched-") as folder:
            files = source.fetch(offer, Path(folder))
            done = ingest(files, export, company=company, state=state, ledger=ledger, now=now)
    except DeliveryFailed as failed:
        return Taken(export, offer.name, "", Outcome.FAILED, failed.reason, now)
    except DeliveryRefused as refused:
        return Taken(export, offer.name, offer.mark, Outcome.REFUSED, refused.reason, now)
    except FinopsError as failed:
        return Taken(export, offer.name, "", Outcome.FAILED, failed.reason, now)
    periods = (*done.periods, *done.unchanged)
    outcome = Outcome.PUBLISHED if done.outcome == "published" else Outcome.UNCHANGED
    return Taken(export, offer.name, offer.mark, outcome, " ".join(done.remarks), now, periods, done.rows)


def _stands(known: Taken, state: State, ledger: Ledger) -> bool:
    """Whether what was made of a delivery is still there: a ledger that was lost is mended by delivering again."""
    if known.outcome is Outcome.REFUSED:
        return True
    with state.reading() as connection:
        published = {each.billing_period: each for each in published_periods(connection, known.export)}
    try:
        for period in known.periods:
            ledger.read(known.export, period, published[period].version)
    except (ConfigurationRefused, KeyError):
        return False
    return known.outcome in (Outcome.PUBLISHED, Outcome.UNCHANGED)


def _note(state: State, before: dict[str, Taken], found: Iterable[Taken]) -> None:
    """Put on record what is news."""
    news = [taken for taken in found if not taken.is_as(before.get(taken.name))]
    if news:
        with state.writing() as connection:
            note_taken(connection, news)
