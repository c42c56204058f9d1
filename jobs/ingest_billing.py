"""Take in what the providers have delivered since the last time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from finops.company import Company
from finops.errors import FinopsError
from jobs.job import Job, Outcome
from storage.ledger.ingest import ingest, republish
from storage.ledger.versions import Ledger
from storage.state import State


def run(*, now: datetime, company: Company, state: State, ledger: Ledger) -> Outcome:
    """Ingest every source of finops.yaml; one that is refused does not keep the others from coming in."""
    said: list[str] = []
    for export, path in company.sources.items():
        try:
            done = ingest([Path(path)], export, company=company, state=state, ledger=ledger, now=now)
        except FinopsError as refusal:
            said.append(f"{export} refused: {refusal.reason}")
            continue
        said.append(f"{export} {done.outcome}" + (f" ({done.rows:,} rows)" if done.rows else ""))
    try:
        # Exports that are delivered by hand are nobody's source, but follow changed scopes all the same.
        if count := republish(company=company, state=state, ledger=ledger, now=now):
            said.append(f"scopes applied to {count} billing periods")
    except FinopsError as refusal:
        said.append(f"scopes not applied: {refusal.reason}")
    return Outcome("; ".join(said) or "no sources in finops.yaml")


JOB = Job("ingest_billing", "every 1h", run)
