"""Take in what the providers have delivered since the last time."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

import structlog

from finops.company import BillingSource, Company
from finops.errors import FinopsError
from jobs.job import Job, Outcome
from storage.forecasts import make_forecasts
from storage.ledger.ingest import republish
from storage.ledger.versions import Ledger
from storage.offered import Outcome as Delivered
from storage.offered import Taken
from storage.sources.source import Source
from storage.sources.taking import note_failed, take_in
from storage.state import State

LOG = structlog.get_logger("finops.jobs")


def run(
    *, now: datetime, company: Company, state: State, ledger: Ledger, open_source: Callable[[BillingSource], Source]
) -> Outcome:
    """Ingest every source of finops.yaml; one that is refused does not keep the others from coming in."""
    said: list[str] = []
    for export, settings in company.sources.items():
        try:
            taken = take_in(export, open_source(settings), company=company, state=state, ledger=ledger, now=now)
        except FinopsError as refusal:
            said.append(f"{export} refused: {refusal.reason}")
            note_failed(export, refusal.reason, state=state, now=now)
            continue
        except Exception as error:
            # A fault of one source must not keep the others from coming in; it is on record and is tried again.
            reference = secrets.token_hex(4)
            LOG.exception("source failed", source=export, reference=reference)
            why = f"{type(error).__name__}, in the log under {reference}."
            said.append(f"{export} failed: {why}")
            note_failed(export, why, state=state, now=now)
            continue
        said += [_words(each) for each in taken if each.outcome is not Delivered.UNCHANGED]
        if all(each.outcome is Delivered.UNCHANGED for each in taken):
            said.append(f"{export} unchanged")
    try:
        # Exports that are delivered by hand are nobody's source, but follow changed scopes all the same.
        if count := republish(company=company, state=state, ledger=ledger, now=now):
            said.append(f"scopes applied to {count} billing periods")
    except FinopsError as refusal:
        said.append(f"scopes not applied: {refusal.reason}")
    if made := make_forecasts(company=company, state=state, now=now):
        said.append(f"{made:,} forecasts made")
    return Outcome("; ".join(said) or "no sources in finops.yaml")


def _words(taken: Taken) -> str:
    what = f"{taken.export} {taken.name}"
    if taken.outcome is Delivered.PUBLISHED:
        return f"{what} published" + (f" ({taken.rows:,} rows)" if taken.rows else "")
    return f"{what} {taken.outcome}: {taken.why}"


JOB = Job("ingest_billing", "every 1h", run)
