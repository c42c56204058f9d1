"""Taking in what sources offer: each complete delivery once, and what became of it on record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from finops.company import Company
from finops.errors import ConfigurationRefused, DeliveryRefused, FinopsError
from storage.ledger.versions import Ledger, checked_export
from storage.offered import Outcome, Taken, forget_taken, note_taken, taken_of
from storage.publish import published_periods
from storage.sources.place import local_faults
from storage.sources.source import Offer, PaidSource, Source
from storage.state import State

ASKED = "every delivery"
"""Under which name it stands on record that a source could not be asked what it has."""
BESIDE = " beside "
"""In the mark of a delivery that is refused for another one's sake, between its own mark and the other's name."""
FETCHED = ".fetched"
"""Folder for what is being fetched, beside those of the exports; no export has a name that begins with a dot."""


def take_in(
    export: str, source: Source, *, company: Company, state: State, ledger: Ledger, now: datetime
) -> list[Taken]:
    """Take in what an export offers; what was taken in under the same mark is not fetched again.

    A delivery that is refused, or waits, keeps no other from coming in.

    Returns:
        What became of each delivery.

    Raises:
        FinopsError: the source cannot be asked; note_failed puts it on record.
    """
    with state.reading() as connection:
        before = {taken.name: taken for taken in taken_of(connection, export)}
    with local_faults():
        offered = source.offered(now)
    if ASKED in before:
        with state.writing() as connection:
            forget_taken(connection, export, ASKED)
    waiting = [Taken(export, each.name, "", Outcome.WAITING, each.why, now) for each in offered.waiting]
    found = {each.name: _keeping_periods(each, before.get(each.name)) for each in waiting}
    _note(state, before, found.values())
    names = {*(each.name for each in offered.ready), *found}
    for offer in offered.ready:
        known = before.get(offer.name)
        if known and not _is_due_beside(offer, known, names) and _stands(known, state, ledger):
            found[offer.name] = known.again()
            continue
        others = [each for each in {**before, **found}.values() if each.name in names - {offer.name}]
        held = {period: each.name for each in others for period in each.periods}
        taken = _taken(export, source, offer, held, company=company, state=state, ledger=ledger, now=now)
        found[offer.name] = _keeping_periods(taken, known)
        _note(state, before, [found[offer.name]])
    return list(found.values())


def note_failed(export: str, why: str, *, state: State, now: datetime) -> None:
    """Put on record that a source could not be asked what it has, or what it has not be looked at to the end."""
    with state.reading() as connection:
        before = {taken.name: taken for taken in taken_of(connection, export)}
    _note(state, before, [Taken(export, ASKED, "", Outcome.FAILED, why, now)])


def _keeping_periods(taken: Taken, known: Taken | None) -> Taken:
    """With the billing periods of what was taken in before, where that stays as nothing replaced it."""
    return taken if taken.periods or known is None else replace(taken, periods=known.periods)


def _is_due_beside(offer: Offer, known: Taken, names: Collection[str]) -> bool:
    """Whether a delivery is to be fetched, where there are others: one that gave way to another which is gone is."""
    mark, _, holder = known.mark.partition(BESIDE)
    if known.outcome is Outcome.REFUSED and holder:
        return holder not in names or mark != offer.mark
    return is_due(offer, known)


def is_due(offer: Offer, known: Taken | None) -> bool:
    """Whether a delivery is to be fetched: it is new, may be another, or failed and may be tried again."""
    if known is None:
        return True
    mark = offer.retry if known.outcome is Outcome.FAILED else offer.mark
    return not mark or known.mark != mark


def _taken(
    export: str,
    source: Source,
    offer: Offer,
    held: Mapping[str, str],
    *,
    company: Company,
    state: State,
    ledger: Ledger,
    now: datetime,
) -> Taken:
    """Fetch a delivery and take it in."""
    before = _requests(source)
    # Not above: who looks for kinds of source imports this module too, and the web process does without duckdb.
    from storage.ledger.counted_twice import PeriodHeld
    from storage.ledger.ingest import ingest
    from storage.ledger.workplace import DeliveryFailed, workplace

    try:
        with local_faults(), workplace(ledger.workspace / FETCHED, checked_export(export)) as folder:
            fetched = source.fetch(offer, folder)
            done = ingest(
                list(fetched.files),
                export,
                company=company,
                state=state,
                ledger=ledger,
                now=now,
                rules=fetched.rules,
                lenient=fetched.lenient,
                names=fetched.names,
                held=held,
            )
    except DeliveryFailed as failed:
        return _failed(export, source, offer, failed, before, now)
    except PeriodHeld as refused:
        mark = f"{offer.mark}{BESIDE}{refused.holder}"
        return Taken(export, offer.name, mark, Outcome.REFUSED, _with_price(str(refused), source, before), now)
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
