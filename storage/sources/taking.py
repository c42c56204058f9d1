"""Taking in what sources offer: each complete delivery once, and what became of it on record."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from finops.company import Company
from finops.errors import ConfigurationRefused, DeliveryRefused, FinopsError
from storage.ledger.versions import Ledger
from storage.offered import Outcome, Taken, forget_taken, note_taken, taken_of
from storage.publish import published_periods
from storage.sources.source import Offer, PaidSource, Source
from storage.state import State

ASKED = "every delivery"
"""Under which name it stands on record that a source could not be asked what it has."""


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
    try:
        offered = source.offered(now)
    except FinopsError as failed:
        _note(state, before, [Taken(export, ASKED, "", Outcome.FAILED, failed.reason, now)])
        raise
    if ASKED in before:
        with state.writing() as connection:
            forget_taken(connection, export, ASKED)
    found = [Taken(export, each.name, "", Outcome.WAITING, each.why, now) for each in offered.waiting]
    _note(state, before, found)
    for offer in offered.ready:
        known = before.get(offer.name)
        if known and not is_due(offer, known) and _stands(known, state, ledger):
            found.append(known.again())
            continue
        taken = _taken(export, source, offer, company=company, state=state, ledger=ledger, now=now)
        _note(state, before, [taken])
        found.append(taken)
    return found


def is_due(offer: Offer, known: Taken | None) -> bool:
    """Whether a delivery is to be fetched: it is new, may be another, or failed and may be tried again."""
    if known is None:
        return True
    mark = offer.retry if known.outcome is Outcome.FAILED else offer.mark
    return not mark or known.mark != mark


def _taken(
    export: str, source: Source, offer: Offer, *, company: Company, state: State, ledger: Ledger, now: datetime
) -> Taken:
    """Fetch a delivery and take it in."""
    before = _requests(source)
    # Not above: who looks for kinds of source imports this module too, and the web process does without duckdb.
    from storage.ledger.ingest import ingest
    from storage.ledger.workplace import DeliveryFailed

    try:
        with tempfile.TemporaryDirectory(dir=ledger.workspace, prefix="fetched-") as folder:
            fetched = source.fetch(offer, Path(folder))
            done = ingest(
                list(fetched.files),
                export,
                company=company,
                state=state,
                ledger=ledger,
                now=now,
                rules=fetched.rules,
                lenient=fetched.lenient,
            )
    except DeliveryFailed as failed:
        return _failed(export, source, offer, failed, before, now)
    except DeliveryRefused as refused:
        why = _with_price(refused.reason, source, before)
        return Taken(export, offer.name, offer.mark, Outcome.REFUSED, why, now)
    except FinopsError as failed:
        return _failed(export, source, offer, failed, before, now)
    periods = (*done.periods, *done.unchanged)
    outcome = Outcome.PUBLISHED if done.outcome == "published" else Outcome.UNCHANGED
    why = _with_price(" ".join((*done.remarks, *fetched.remarks)), source, before)
    return Taken(export, offer.name, offer.mark, outcome, why, now, periods, done.rows)


def _failed(export: str, source: Source, offer: Offer, error: FinopsError, before: int, now: datetime) -> Taken:
    """What is tried again: at once where trying costs nothing, else when its time has come."""
    mark = offer.retry if _requests(source) > before else ""
    return Taken(export, offer.name, mark, Outcome.FAILED, _with_price(error.reason, source, before), now)


def _requests(source: Source) -> int:
    """Requests that were paid for."""
    return source.requests if isinstance(source, PaidSource) else 0


def _with_price(why: str, source: Source, before: int) -> str:
    """What is said of a delivery, with what fetching it has cost."""
    if not isinstance(source, PaidSource) or not (made := source.requests - before):
        return why
    return f"{why} {made} {'request' if made == 1 else 'requests'}, ${made * source.price}.".lstrip()


def _stands(known: Taken, state: State, ledger: Ledger) -> bool:
    """Whether what was made of a delivery is still there: a ledger that was lost is mended by delivering again."""
    if known.outcome in (Outcome.REFUSED, Outcome.FAILED):
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
