"""Taking in a delivery: read every file, keep it as new versions, and publish all of it at once or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from finops.company import Company
from finops.errors import DeliveryRefused
from storage.engines.duckdb import ENGINE, DuckDBEngine
from storage.ledger.bill_file import BillFile, digest, find_files
from storage.ledger.parts import StagedPart, read_file, reuse
from storage.ledger.rollup import Rollup, changes, fingerprint
from storage.ledger.versions import Ledger, Version, checked_export
from storage.publish import (
    IngestRun,
    PublishedPeriod,
    confirm_periods,
    publish_period,
    published_periods,
    record_run,
)
from storage.state import State


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a delivery.

    Attributes:
        outcome: 'published' or 'unchanged'.
        periods: billing period → its new version, only those that changed.
        unchanged: billing periods delivered again as they were.
        rows: in the changed periods.
        restated: billing periods in which days delivered before now have other figures.
        remarks: what is usable but should be known.
    """

    outcome: str
    periods: dict[str, int]
    unchanged: tuple[str, ...]
    rows: int
    restated: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """Whom to tell how far the work is: the bytes to read in all, bytes read since the last call, and the step's name."""

    total: Callable[[int], None] = lambda _bytes: None
    advance: Callable[[int], None] = lambda _bytes: None
    step: Callable[[str], None] = lambda _name: None


def ingest(
    paths: list[Path],
    export: str,
    *,
    company: Company,
    state: State,
    ledger: Ledger,
    now: datetime,
    lenient: bool = False,
    steps: Steps | None = None,
) -> Ingested:
    """Take in one delivery of an export: files, folders, or both, of one or many billing periods.

    A billing period that the delivery holds replaces the former version as a whole; others stay. Files that were
    delivered before and have not changed are not read again.

    Raises:
        DeliveryRefused: anything is wrong with any file; the stored data is as it was, and the refusal is on record.
    """
    source = ", ".join(str(path) for path in paths)
    checked_export(export)
    work = Path(tempfile.mkdtemp(dir=ledger.workspace))
    try:
        delivery = _Delivery(export, company, state, ledger, now, work)
        return delivery.take_in(find_files(paths), source, lenient, steps or Steps())
    except DeliveryRefused as refusal:
        run = IngestRun(export, source, "refused", now, now, reason=refusal.reason, faults=refusal.faults)
        with state.writing() as connection:
            record_run(connection, run)
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def republish(*, company: Company, state: State, ledger: Ledger, now: datetime) -> int:
    """Assign every published row to its team anew where the scopes have changed; returns how many periods had to be."""
    with state.reading() as connection:
        exports = sorted({period.export for period in published_periods(connection)})
    count = 0
    for export in exports:
        work = Path(tempfile.mkdtemp(dir=ledger.workspace))
        engine = ENGINE(work)
        try:
            delivery = _Delivery(export, company, state, ledger, now, work)
            if stale := delivery.stale():
                delivery.publish(engine, {}, stale, (), "finops.yaml")
            count += len(stale)
        finally:
            engine.close()
            shutil.rmtree(work, ignore_errors=True)
    return count


class _Delivery:
    """One ingest under way."""

    def __init__(self, export: str, company: Company, state: State, ledger: Ledger, now: datetime, work: Path) -> None:
        self.export, self.company, self.state, self.ledger = export, company, state, ledger
        self.now, self.work = now, work
        self.fingerprint = fingerprint(company)
        self.resolver = company.resolver()
        with state.reading() as connection:
            self.former = {period.billing_period: period for period in published_periods(connection, export)}
        self.versions = {name: ledger.read(export, name, period.version) for name, period in self.former.items()}

    def take_in(self, files: list[tuple[Path, str]], source: str, lenient: bool, steps: Steps) -> Ingested:
        steps.total(sum(path.stat().st_size for path, _ in files))
        engine = ENGINE(self.work)
        try:
            staged, remarks = self._read(engine, files, lenient, steps)
            changed = {
                period: parts
                for period, parts in sorted(staged.items())
                if period not in self.versions
                or self.versions[period].sources != {part.part.source_sha256 for part in parts}
            }
            stale = [period for period in self.stale() if period not in changed]
            if not staged:
                raise DeliveryRefused("The delivery has no rows.", mend="A month without charges is not delivered.")
            steps.step("publish")
            kept = {period: self._keep(period, parts) for period, parts in changed.items()}
            unchanged = tuple(period for period in staged if period not in changed)
            restated = self.publish(engine, kept, stale, unchanged, source)
        finally:
            engine.close()
        return Ingested(
            "published" if kept or stale else "unchanged",
            {period: version.version for period, version in kept.items()},
            unchanged,
            sum(version.rows for version in kept.values()),
            restated,
            tuple(remarks),
        )

    def stale(self) -> list[str]:
        """Published billing periods whose rows were assigned to teams by other scopes than today's."""
        return [period for period, former in self.former.items() if former.scope_fingerprint != self.fingerprint]

    def _read(
        self, engine: DuckDBEngine, files: list[tuple[Path, str]], lenient: bool, steps: Steps
    ) -> tuple[dict[str, list[StagedPart]], list[str]]:
        known = self._known_sources()
        staged: dict[str, list[StagedPart]] = {}
        remarks: list[str] = []
        seen: dict[str, str] = {}
        for number, (path, shown) in enumerate(files, start=1):
            steps.step(f"read {shown}")
            # Only a file of a known size can be a known file: of any other one the bytes are read once, not twice.
            bill = digest(path, shown, progress=steps.advance) if path.stat().st_size in known else None
            if bill and bill.sha256 in known[bill.size]:
                for period in known[bill.size][bill.sha256]:
                    staged.setdefault(period, []).append(self._again(bill, period, number))
                _refuse_twice(seen, bill)
                continue
            advance = None if bill else steps.advance
            read = read_file(engine, path, shown, number, self.work, lenient=lenient, progress=advance)
            remarks += read.remarks
            if read.parts:
                _refuse_twice(seen, read.bill)
            for part in read.parts:
                staged.setdefault(part.billing_period, []).append(part)
        return staged, remarks

    def _known_sources(self) -> dict[int, dict[str, list[str]]]:
        """Size in bytes → SHA-256 of a file delivered before → billing periods it holds."""
        known: dict[int, dict[str, list[str]]] = {}
        for period, version in self.versions.items():
            for part in version.parts:
                known.setdefault(part.source_bytes, {}).setdefault(part.source_sha256, []).append(period)
        return known

    def _again(self, bill: BillFile, period: str, number: int) -> StagedPart:
        version = self.versions[period]
        part = next(part for part in version.parts if part.source_sha256 == bill.sha256)
        return reuse(part, period, version.folder, number, self.work)

    def _keep(self, period: str, parts: Iterable[StagedPart]) -> Version:
        """Move staged parts into the ledger as the period's next version."""
        number = self.ledger.next_number(self.export, period)
        folder = self.work / f"{period}.v{number:04d}"
        folder.mkdir()
        kept = []
        for part in parts:
            for path in (part.rows_path, part.groups_path):
                path.rename(folder / path.name)
            kept.append(part.part)
        version = Version(self.export, period, number, self.now.isoformat(), tuple(kept), folder)
        return self.ledger.keep(folder, version)

    def publish(
        self, engine: DuckDBEngine, kept: dict[str, Version], stale: list[str], unchanged: tuple[str, ...], source: str
    ) -> tuple[str, ...]:
        """One transaction for all of it; a version that could not be published is taken out of the ledger again."""
        changed = {period: self._changes(engine, period, version) for period, version in kept.items()}
        versions = {**kept, **{period: self.versions[period] for period in stale}}
        rows = sum(version.rows for version in kept.values())
        outcome = "published" if versions else "unchanged"
        try:
            with self.state.writing() as connection:
                run = record_run(connection, IngestRun(self.export, source, outcome, self.now, self.now, rows))
                confirm_periods(connection, self.export, unchanged, self.now)
                for period, version in sorted(versions.items()):
                    rollup = Rollup(engine, version.groups(), self.resolver)
                    publish_period(
                        connection,
                        version,
                        rollup,
                        rollup.extent(),
                        fingerprint=self.fingerprint,
                        run=run,
                        changed=changed.get(period, ()),
                    )
        except BaseException:
            for version in kept.values():
                self.ledger.discard(version)
            raise
        for period, version in kept.items():
            self.ledger.name_current(self.export, period, version.version)
        return tuple(period for period, found in changed.items() if found)

    def _changes(self, engine: DuckDBEngine, period: str, version: Version) -> list[tuple[object, ...]]:
        former: PublishedPeriod | None = self.former.get(period)
        if former is None:
            return []
        # Days still provisional in the former version were expected to move; that is no restatement.
        settled = former.confirmed_at.date() - timedelta(days=self.company.settled_after)
        through = min(former.last_day, settled)
        return changes(engine, self.versions[period].groups(), version.groups(), self.resolver, through)


def _refuse_twice(seen: dict[str, str], bill: BillFile) -> None:
    if bill.sha256 in seen:
        raise DeliveryRefused(
            f"{seen[bill.sha256]} and {bill.shown} are the same file; read together they would count twice.",
            mend="Deliver one of them.",
        )
    seen[bill.sha256] = bill.shown
