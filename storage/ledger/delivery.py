"""One delivery under way: which of its billing periods changed, kept as new versions and published at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from sqlalchemy.exc import SQLAlchemyError

from finops.company import Company
from finops.errors import ConfigurationRefused, DeliveryRefused
from storage.engines.duckdb import DuckDBEngine
from storage.ledger.bill_file import BillFile, digest
from storage.ledger.counted_twice import refuse_both_costs, refuse_held, refuse_twice
from storage.ledger.parts import StagedPart, read_file, reuse
from storage.ledger.rollup import Rollup, changes, fingerprint
from storage.ledger.rules_file import Rules
from storage.ledger.versions import Ledger, LedgerFailed, Version
from storage.ledger.workplace import DeliveryFailed
from storage.publish import (
    IngestRun,
    PublishedMeanwhile,
    PublishedPeriod,
    confirm_periods,
    hold_periods,
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
    """Whom to tell how far the work is: bytes to read in all, bytes read since the last call, name of the step."""

    total: Callable[[int], None] = lambda _bytes: None
    advance: Callable[[int], None] = lambda _bytes: None
    step: Callable[[str], None] = lambda _name: None


class Delivery:
    """One ingest under way.

    Args:
        rules: by which its files become FOCUS, or None where their columns tell what they are.
        held: billing period → another delivery of the export that holds it, and must not be replaced.
    """

    def __init__(
        self,
        export: str,
        company: Company,
        state: State,
        ledger: Ledger,
        now: datetime,
        work: Path,
        rules: Rules | None = None,
        held: Mapping[str, str] = {},
    ) -> None:
        self.export, self.company, self.state, self.ledger = export, company, state, ledger
        self.now, self.work, self.rules, self.held = now, work, rules, held
        self.fingerprint = fingerprint(company)
        with state.reading() as connection:
            self.former = {period.billing_period: period for period in published_periods(connection, export)}
        ledger.discard_abandoned(export, {name: period.version for name, period in self.former.items()})
        self.versions: dict[str, Version] = {}
        for name, period in self.former.items():
            # A version that the ledger has lost counts as not delivered: delivering it again is what mends that.
            with suppress(ConfigurationRefused):
                self.versions[name] = ledger.read(export, name, period.version)
        self._whole: dict[str, bool] = {}
        self._claimed: list[tuple[str, int]] = []
        self._sent = False

    def take_in(self, files: list[tuple[Path, str]], source: str, lenient: bool, steps: Steps) -> Ingested:
        """Read the files, keep what changed and publish it; raises DeliveryRefused and then has changed nothing."""
        steps.total(sum(path.stat().st_size for path, _ in files))
        engine = DuckDBEngine(self.work)
        try:
            staged, remarks = self._read(engine, files, lenient, steps)
            refuse_held(self.export, staged, self.held)
            for period, parts in staged.items():
                refuse_both_costs(period, parts)
            changed = {
                period: parts
                for period, parts in sorted(staged.items())
                if not self._is_whole(period) or self.versions[period].origins != {part.part.origin for part in parts}
            }
            stale = [period for period in self.stale() if period not in changed and period in self.versions]
            if not staged:
                raise DeliveryRefused("The delivery has no rows.", mend="A month without charges is not delivered.")
            steps.step("publish")
            unchanged = tuple(period for period in staged if period not in changed)
            restated = self.publish(engine, changed, stale, unchanged, source)
        finally:
            engine.close()
        return Ingested(
            "published" if changed or stale else "unchanged",
            {period: self.versions[period].version for period in changed},
            unchanged,
            sum(self.versions[period].rows for period in changed),
            restated,
            tuple(remarks),
        )

    def stale(self) -> list[str]:
        """Published billing periods whose rows were assigned to teams by other scopes than today's."""
        return [period for period, former in self.former.items() if former.scope_fingerprint != self.fingerprint]

    def _read(
        self, engine: DuckDBEngine, files: list[tuple[Path, str]], lenient: bool, steps: Steps
    ) -> tuple[dict[str, list[StagedPart]], list[str]]:
        known = self._known_sizes()
        staged: dict[str, list[StagedPart]] = {}
        remarks: dict[str, list[str]] = {}
        seen: dict[str, str] = {}
        for number, (path, shown) in enumerate(files, start=1):
            steps.step(f"read {shown}")
            # Only a file of a known size can be a known file: of any other one the bytes are read once, not twice.
            bill = digest(path, shown, progress=steps.advance) if path.stat().st_size in known else None
            if bill and (periods := self._holding(bill)):
                refuse_twice(seen, bill)
                for period in periods:
                    staged.setdefault(period, []).append(self._again(bill, period, number))
                continue
            advance = None if bill else steps.advance
            read = read_file(
                engine, path, shown, number, self.work, lenient=lenient, rules=self.rules, progress=advance
            )
            for remark in read.remarks:
                remarks.setdefault(remark.removeprefix(f"{shown}: "), []).append(shown)
            if read.parts:
                refuse_twice(seen, read.bill)
            for part in read.parts:
                staged.setdefault(part.billing_period, []).append(part)
        return staged, [_said_of(files_of, remark) for remark, files_of in remarks.items()]

    def _known_sizes(self) -> set[int]:
        """Sizes in bytes of the files that the current versions were made of."""
        return {part.source_bytes for version in self.versions.values() for part in version.parts}

    def _holding(self, bill: BillFile) -> list[str]:
        """The billing periods of a file whose every part is in a current version, whole; none where one is not."""
        found = {
            period: part.source_periods
            for period, version in self.versions.items()
            for part in version.parts
            if part.origin == self._origin(bill)
        }
        # One of its periods may have been replaced by another file since: then this one has to be read again.
        complete = all(set(periods) == set(found) for periods in found.values())
        return list(found) if complete and all(map(self._is_whole, found)) else []

    def _is_whole(self, period: str) -> bool:
        """Whether the ledger has the period's current version undamaged."""
        if period not in self._whole:
            version = self.versions.get(period)
            self._whole[period] = version is not None and not any(self.ledger.suspect(version))
        return self._whole[period]

    def _again(self, bill: BillFile, period: str, number: int) -> StagedPart:
        version = self.versions[period]
        part = next(part for part in version.parts if part.origin == self._origin(bill))
        return reuse(part, period, version.file, number, self.work)

    def _origin(self, bill: BillFile) -> tuple[str, str]:
        return bill.sha256, self.rules.sha256 if self.rules else ""

    def _keep(self, period: str, parts: Iterable[StagedPart]) -> Version:
        """Move staged parts into the ledger as the period's next version."""
        number = self.ledger.claim(self.export, period, self._former(period))
        self._claimed.append((period, number))
        folder = self.work / f"{period}.v{number:04d}"
        folder.mkdir()
        kept = []
        for part in parts:
            for path in (part.rows_path, part.groups_path):
                path.rename(folder / path.name)
            kept.append(part.part)
        version = Version(self.export, period, number, self.now.isoformat(), tuple(kept), folder.joinpath)
        return self.ledger.keep(folder, version)

    def publish(
        self,
        engine: DuckDBEngine,
        staged: dict[str, list[StagedPart]],
        stale: list[str],
        unchanged: tuple[str, ...],
        source: str,
    ) -> tuple[str, ...]:
        """Keep what is staged and publish it in one transaction; returns the restated billing periods."""
        try:
            kept = {period: self._keep(period, parts) for period, parts in staged.items()}
            changed = {period: self._changes(engine, period, version) for period, version in kept.items()}
            versions = {**kept, **{period: self.versions[period] for period in stale}}
            run = IngestRun(
                self.export,
                source,
                "published" if versions else "unchanged",
                self.now,
                self.now,
                sum(version.rows for version in kept.values()),
            )
            self._commit(engine, versions, changed, unchanged, run)
        except duckdb.OutOfRangeException:
            self._undo()
            raise DeliveryRefused("The costs of one team add up to more than DECIMAL(38,18) holds.") from None
        except BaseException:
            self._undo()
            raise
        self.versions |= kept
        # For readers without the database only: what fails here, the next ingest makes good.
        with suppress(OSError, LedgerFailed):
            for period in (*kept, *unchanged):
                self.ledger.name_current(self.export, period, self.versions[period].version, self._former(period))
        return tuple(period for period, found in changed.items() if found)

    def _commit(
        self,
        engine: DuckDBEngine,
        versions: dict[str, Version],
        changed: dict[str, list[tuple[object, ...]]],
        unchanged: tuple[str, ...],
        run: IngestRun,
    ) -> None:
        """One transaction for all of it."""
        try:
            with self.state.writing() as connection:
                began = {period: self._former(period) for period in (*versions, *unchanged)}
                hold_periods(connection, self.export, began)
                key = record_run(connection, run)
                confirm_periods(connection, self.export, unchanged, self.now)
                for period, version in sorted(versions.items()):
                    publish_period(
                        connection,
                        version,
                        Rollup(engine, version.groups(), self.company),
                        fingerprint=self.fingerprint,
                        run=key,
                        changed=changed.get(period, ()),
                    )
                self._sent = True
        except PublishedMeanwhile as refusal:
            raise DeliveryFailed(refusal.reason, mend=refusal.mend) from None

    def _undo(self) -> None:
        """Take versions that were not published out of the ledger again."""
        # What cannot be taken out now, the next ingest does.
        with suppress(SQLAlchemyError, OSError, LedgerFailed):
            current: dict[str, int] = {}
            if self._sent:  # a commit whose answer was lost may have happened: only the database knows
                with self.state.reading() as connection:
                    published = published_periods(connection, self.export)
                current = {period.billing_period: period.version for period in published}
            for period, number in self._claimed:
                if number > current.get(period, 0):
                    self.ledger.discard(self.export, period, number)

    def _former(self, period: str) -> int:
        """The version of a billing period that was current when this ingest began, 0 for none."""
        return self.former[period].version if period in self.former else 0

    def _changes(self, engine: DuckDBEngine, period: str, version: Version) -> list[tuple[object, ...]]:
        former: PublishedPeriod | None = self.former.get(period)
        if former is None or not self._is_whole(period):
            return []
        # Days still provisional in the former version were expected to move; that is no restatement.
        settled = former.confirmed_at.date() - timedelta(days=self.company.settled_after)
        through = min(former.last_day, settled)
        return changes(engine, self.versions[period].groups(), version.groups(), self.company, through)


def _said_of(files: list[str], remark: str) -> str:
    """What is said of files: once, however many of a month's files it holds for."""
    more = len(files) - 1
    others = f" and {more} more file{'s' if more > 1 else ''}" if more else ""
    return f"{files[0]}{others}: {remark}"
