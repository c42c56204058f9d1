"""From one delivered file to the parts of the ledger: read, check, roll up, split by billing period."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from finops import focus
from finops.errors import DeliveryRefused
from storage.engines.duckdb import DuckDBEngine, literal, parquet
from storage.ledger.bill_file import BillFile, Progress, check_columns, digest
from storage.ledger.charges import charges_sql, groups_sql, tidied_sql, time_sql
from storage.ledger.checks import check_groups, check_parquet, rounded_in_parquet
from storage.ledger.conversion import Conversion, columns_of, conversion_of, convert, resembled
from storage.ledger.csv_bill import csv_to_parquet
from storage.ledger.finding_bills import form_of
from storage.ledger.rollup_file import Origin, check_rollup, origin_of
from storage.ledger.rules_file import Rules
from storage.ledger.versions import Part, sha256
from storage.ledger.workplace import OUTSIDE


@dataclass(frozen=True, slots=True)
class StagedPart:
    """A part not yet in its place.

    Attributes:
        billing_period: 'YYYY-MM'.
        rows_path, groups_path: the two files, in the staging folder.
    """

    billing_period: str
    part: Part
    rows_path: Path
    groups_path: Path


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What was read from one file of a delivery.

    Attributes:
        parts: one per billing period in it; empty for a file with a header and no rows.
        remarks: what is usable but should be known.
    """

    bill: BillFile
    parts: tuple[StagedPart, ...]
    remarks: tuple[str, ...]


def read_file(
    engine: DuckDBEngine,
    path: Path,
    shown: str,
    number: int,
    staging: Path,
    *,
    lenient: bool = False,
    rules: Rules | None = None,
    progress: Progress | None = None,
) -> ReadFile:
    """Read, check and roll up one file into `staging`.

    Args:
        number: of the file within the delivery, for the names of what is written.
        lenient: read a bill that lacks mandatory columns which no figure needs.
        rules: by which it becomes FOCUS whatever its columns are, or None where these tell what it is.
        progress: told the bytes read.

    Raises:
        DeliveryRefused: anything is wrong with the file.
    """
    rows_path, groups_path = staging / f"part-{number:04d}.parquet", staging / f"part-{number:04d}.groups.parquet"
    if path.stat().st_size == 0:
        raise DeliveryRefused(f"{shown}: the file is empty (0 bytes).", mend="Fetch the file again.")
    reading = _Reading(engine, path, shown, rows_path, groups_path, lenient, rules, progress)
    try:
        return reading.read()
    except DeliveryRefused:
        if not reading.converted:
            raise
        with engine.in_order():  # once more, so that the rows at fault can be named
            return _Reading(engine, path, shown, rows_path, groups_path, lenient, rules, None).read()


class _Reading:
    """One file on its way to its parts."""

    bill: BillFile
    version: str
    types: dict[str, str]

    def __init__(
        self,
        engine: DuckDBEngine,
        path: Path,
        shown: str,
        rows_path: Path,
        groups_path: Path,
        lenient: bool,
        rules: Rules | None,
        progress: Progress | None,
    ) -> None:
        self.engine, self.path, self.shown = engine, path, shown
        self.rows_path, self.groups_path = rows_path, groups_path
        self.lenient, self.rules, self.progress = lenient, rules, progress
        self.remarks: list[str] = []
        self.converted = False
        self.cost = ""
        self.origin: Origin | None = None

    def read(self) -> ReadFile:
        """What the file holds; raises DeliveryRefused where anything is wrong with it."""
        before = self.path.stat()
        if form_of(self.path) == ".parquet":
            self.parquet()
        else:
            self.csv()
        after = self.path.stat()
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise DeliveryRefused(
                f"{self.shown}: it changed while it was read.", mend="Deliver it when it is complete."
            )
        return self.checked()

    def parquet(self) -> None:
        """A Parquet file: its rows stay byte for byte as they were delivered, unless it is not FOCUS."""
        types = check_parquet(self.engine, self.path, self.shown)
        if origin := origin_of(self.path):
            self.bill, self.origin, self.version, self.types = self._copied(), origin, origin.version, types
            _roll_up(self.engine, tidied_sql(parquet(self.path), origin.version), self.groups_path, self.shown)
            return
        if conversion := self._conversion_of(list(columns_of(self.engine, self.path))):
            self.converted = True
            self.bill = digest(self.path, self.shown, progress=self.progress)
            self._convert(conversion, self.path)
            return
        # The copy and its checksum need one core, the rollup the other: together they cost no more than the rollup.
        with ThreadPoolExecutor(1) as beside:
            copied = beside.submit(self._copied)
            self._check_columns(list(types))
            self._roll_up(self.path, types)
            self.remarks += rounded_in_parquet(self.engine, self.path, self.shown, types)
            self.bill = copied.result()

    def csv(self) -> None:
        """A CSV file: its rows become Parquet, and FOCUS where they are not."""
        self.bill = digest(self.path, self.shown, progress=self.progress)
        names = self.bill.header()
        if conversion := self._conversion_of(names):
            self.converted = True
            raw = self.rows_path.with_suffix(".raw.parquet")
            csv_to_parquet(self.engine, self.bill, raw, as_text=True)
            self._convert(conversion, raw)
            raw.unlink()
            return
        self._check_columns(names)
        self.remarks += csv_to_parquet(self.engine, self.bill, self.rows_path)
        self._roll_up(self.rows_path, self.engine.columns(f"SELECT * FROM {parquet(self.rows_path)}"))

    def checked(self) -> ReadFile:
        """What was read; raises DeliveryRefused where any row cannot be used."""
        rows = replace(self.bill, path=self.rows_path) if self.converted else self.bill
        if self.origin:
            self.remarks += check_rollup(self.engine, parquet(self.groups_path), self.shown, self.origin)
        else:
            self.remarks += check_groups(self.engine, parquet(self.groups_path), rows, self.types, self.version)
        as_delivered = self.bill.is_parquet and not self.converted
        checksum = self.bill.sha256 if as_delivered else sha256(self.rows_path)
        found = _split(self.engine, self.bill, self.version, self.rows_path, checksum, self.groups_path, self.types)
        rules = self.rules.sha256 if self.rules else ""
        rows_at = self.origin.rows_at if self.origin else ""
        parts = tuple(
            replace(each, part=replace(each.part, rules_sha256=rules, rows_at=rows_at, cost=self.cost))
            for each in found
        )
        return ReadFile(self.bill, parts, tuple(self.remarks))

    def _conversion_of(self, names: list[str]) -> Conversion | None:
        if self.rules is None:
            return conversion_of(names)
        self.remarks += self.rules.fits(names, self.shown)
        return self.rules.conversion

    def _copied(self) -> BillFile:
        return digest(self.path, self.shown, self.rows_path, self.progress)

    def _check_columns(self, names: list[str]) -> None:
        self.version, lacking = check_columns(self.shown, names, self.lenient, resembled(names))
        if lacking:
            self.remarks.append(f"{self.shown}: not conformant to FOCUS {self.version}, it lacks {', '.join(lacking)}.")

    def _convert(self, conversion: Conversion, raw: Path) -> None:
        done = convert(self.engine, conversion, raw, self.rows_path, self.shown)
        self.remarks += done.remarks
        self.cost = done.cost
        self.version = conversion.version
        types = self.engine.columns(f"SELECT * FROM {parquet(self.rows_path)}")
        self._roll_up(self.rows_path, types)
        self.remarks += rounded_in_parquet(self.engine, self.rows_path, self.shown, types)

    def _roll_up(self, rows: Path, types: dict[str, str]) -> None:
        self.types = types
        _roll_up(
            self.engine,
            groups_sql(charges_sql(parquet(rows), types, self.version), self.version),
            self.groups_path,
            self.shown,
        )


def _roll_up(engine: DuckDBEngine, groups: str, groups_path: Path, shown: str) -> None:
    try:
        engine.run(f"COPY ({groups}) TO {literal(groups_path)} (FORMAT parquet)")
    except OUTSIDE:
        raise
    except duckdb.OutOfRangeException:
        raise DeliveryRefused(f"{shown}: the costs add up to more than DECIMAL(38,18) holds.") from None
    except duckdb.Error as error:
        raise DeliveryRefused(f"{shown}: cannot be read ({str(error).splitlines()[0][:200]}).") from None


def _split(
    engine: DuckDBEngine,
    bill: BillFile,
    version: str,
    rows_path: Path,
    rows_sha256: str,
    groups_path: Path,
    types: dict[str, str],
) -> list[StagedPart]:
    """One part per billing period; a Parquet file of a single one stays byte for byte as it was delivered."""
    groups = parquet(groups_path)
    periods = engine.rows(f"SELECT billing_period, sum(rows)::BIGINT FROM {groups} GROUP BY 1 ORDER BY 1")
    if len(periods) == 1:
        return [_staged(bill, version, periods, 0, rows_path, rows_sha256, groups_path)]
    start = f"strftime({time_sql(focus.read_from('BillingPeriodStart', types), types)}, '%Y-%m')"
    parts = []
    for number, (period, _rows) in enumerate(periods):
        own_rows = rows_path.with_name(f"{rows_path.stem}.{period}.parquet")
        own_groups = rows_path.with_name(f"{rows_path.stem}.{period}.groups.parquet")
        for query, target in (
            (f"SELECT * FROM {parquet(rows_path)} WHERE {start} = {literal(period)}", own_rows),
            (f"SELECT * FROM {groups} WHERE billing_period = {literal(period)}", own_groups),
        ):
            engine.run(f"COPY ({query}) TO {literal(target)} (FORMAT parquet, COMPRESSION zstd)")
        parts.append(_staged(bill, version, periods, number, own_rows, sha256(own_rows), own_groups))
    return parts


def _staged(
    bill: BillFile,
    version: str,
    periods: Sequence[tuple[Any, ...]],
    number: int,
    rows_path: Path,
    rows_sha256: str,
    groups_path: Path,
) -> StagedPart:
    """The file's part of its billing period `number` of `periods`, each with its rows."""
    period, rows = periods[number]
    part = Part(
        rows_file=rows_path.name,
        groups_file=groups_path.name,
        source=bill.shown,
        source_bytes=bill.size,
        source_sha256=bill.sha256,
        rows_sha256=rows_sha256,
        groups_sha256=sha256(groups_path),
        focus_version=version,
        rows=rows,
        source_periods=tuple(name for name, _ in periods),
    )
    return StagedPart(period, part, rows_path, groups_path)


def reuse(part: Part, billing_period: str, file: Callable[[str], Path], number: int, staging: Path) -> StagedPart:
    """Take a part of a former version over into a new one: the file was delivered again unchanged.

    Args:
        file: name of one of the former version's files → where it is.
    """
    stem = f"kept-{number:04d}.{billing_period}"
    rows_path, groups_path = staging / f"{stem}.parquet", staging / f"{stem}.groups.parquet"
    for old, new in ((part.rows_file, rows_path), (part.groups_file, groups_path)):
        if new.exists():
            raise FileExistsError(new)  # writing through a hard link would change the former version
        kept = file(old)
        try:
            new.hardlink_to(kept)
        except OSError:
            shutil.copyfile(kept, new)
    taken = replace(part, rows_file=rows_path.name, groups_file=groups_path.name)
    return StagedPart(billing_period, taken, rows_path, groups_path)
