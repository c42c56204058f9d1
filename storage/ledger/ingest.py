"""Taking in a delivery: read every file, keep it as new versions, and publish all of it at once or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from finops.company import Company
from finops.errors import DeliveryRefused
from storage.engines.duckdb import DuckDBEngine
from storage.ledger.delivery import Delivery, Ingested, Steps
from storage.ledger.finding_bills import find_files, unread, unread_remark
from storage.ledger.rollup import fingerprint
from storage.ledger.rules_file import read_rules
from storage.ledger.versions import Ledger, checked_export
from storage.ledger.workplace import DeliveryFailed, outside_faults, workplace
from storage.publish import IngestRun, published_periods, record_run
from storage.state import State

__all__ = ["Ingested", "Steps", "ingest", "republish"]


def ingest(
    paths: list[Path],
    export: str,
    *,
    company: Company,
    state: State,
    ledger: Ledger,
    now: datetime,
    lenient: bool = False,
    rules: Path | None = None,
    steps: Steps | None = None,
    names: Mapping[Path, str] = {},
    held: Mapping[str, str] = {},
) -> Ingested:
    """Take in one delivery of an export: files, folders, or both, of one or many billing periods.

    A billing period that the delivery holds replaces the former version as a whole; others stay. Files that were
    delivered before and have not changed are not read again.

    Args:
        rules: a mapping file by which the bills become FOCUS, or None where their columns tell what they are.
        names: copy of a file → the name by which it is shown.
        held: billing period → another delivery of the export that holds it, and must not be replaced.

    Raises:
        ConfigurationRefused: the mapping file cannot be used.
        DeliveryRefused: anything is wrong with any file; the stored data is as it was, and the refusal is on record.
        DeliveryFailed: disk, memory or database do not allow it, or another ingest of the export is under way.
    """
    names = {path.resolve(): name for path, name in names.items()}
    source = ", ".join(names.get(path.resolve(), str(path)) for path in paths).encode(errors="replace").decode()
    checked_export(export)
    read_by = read_rules(rules) if rules else None
    try:
        with outside_faults(), workplace(ledger.workspace, export) as work:
            delivery = Delivery(export, company, state, ledger, now, work, read_by, held)
            done = delivery.take_in(find_files(paths, names), source, lenient, steps or Steps())
            return replace(done, remarks=(*done.remarks, *unread_remark(unread(paths))))
    except DeliveryRefused as refusal:
        outcome = "failed" if isinstance(refusal, DeliveryFailed) else "refused"
        run = IngestRun(export, source, outcome, now, now, reason=refusal.reason, faults=refusal.faults)
        # Where the database is what failed, the reason is still told to whoever asked.
        with suppress(SQLAlchemyError), state.writing() as connection:
            record_run(connection, run)
        raise


def republish(*, company: Company, state: State, ledger: Ledger, now: datetime) -> int:
    """Assign every published row to its team anew where the scopes have changed; returns how many periods had to be."""
    with state.reading() as connection:
        today = fingerprint(company)
        exports = {period.export for period in published_periods(connection) if period.scope_fingerprint != today}
    count = 0
    for export in sorted(exports):
        with outside_faults(), workplace(ledger.workspace, export) as work:
            engine = DuckDBEngine(work)
            try:
                delivery = Delivery(export, company, state, ledger, now, work)
                stale = delivery.stale()
                for period in stale:
                    ledger.read(export, period, delivery.former[period].version)  # refuses where the ledger lost it
                delivery.publish(engine, {}, stale, (), "finops.yaml")
                count += len(stale)
            finally:
                engine.close()
    return count
