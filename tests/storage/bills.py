"""Made-up FOCUS bills, written in every form a provider may choose, and where they are taken in."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Context, Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from sqlalchemy import text

from finops import focus
from finops.basis import Basis
from finops.company import Company
from finops.errors import DeliveryRefused
from storage.ledger.ingest import Ingested, ingest
from storage.ledger.opening import open_ledger
from storage.ledger.totals import ledger_totals
from storage.ledger.versions import Ledger
from storage.publish import published_periods
from storage.state import State
from tests.buckets import objects_below

SHARED = Path(__file__).parents[2].parent / "shared"
NOW = datetime(2024, 12, 1, 6, tzinfo=UTC)
MANDATORY = [name for name, column in focus.columns("1.0").items() if column.mandatory]
COLUMNS = [*MANDATORY, "SubAccountId", "SubAccountName", "RegionId", "Tags"]
COLUMNS = list(dict.fromkeys(COLUMNS))
USUAL = {
    "BilledCost": "1.5",
    "EffectiveCost": "1.25",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2024-09-01T00:00:00Z",
    "BillingPeriodEnd": "2024-10-01T00:00:00Z",
    "ChargePeriodStart": "2024-09-10T00:00:00Z",
    "ChargePeriodEnd": "2024-09-11T00:00:00Z",
    "ChargeCategory": "Usage",
    "ProviderName": "AWS",
    "ServiceName": "EC2",
    "SubAccountId": "111",
    "SubAccountName": "Atlas",
}


def charge(**values: Any) -> dict[str, Any]:
    """A usual charge with some values of its own."""
    return {**dict.fromkeys(COLUMNS, ""), **USUAL, **values}


def csv_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None, **dialect: Any) -> str:
    """Rows as CSV, with LF at line ends unless told otherwise."""
    written = io.StringIO()
    names = columns or list(rows[0])
    writer = csv.DictWriter(written, names, extrasaction="ignore", **{"lineterminator": "\n", **dialect})
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], **options: Any) -> Path:
    """A CSV, or a CSV.gz by the path's name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = csv_text(rows, **options).encode()
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def write_parquet(path: Path, rows: Sequence[Mapping[str, Any]], types: Mapping[str, pyarrow.DataType] = {}) -> Path:
    """A Parquet file; columns are text unless typed otherwise, and an empty text is null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        name: pyarrow.array([None if row[name] == "" else row[name] for row in rows], types.get(name, pyarrow.string()))
        for name in rows[0]
    }
    pyarrow.parquet.write_table(pyarrow.table(arrays), path)
    return path


Sums = dict[tuple[Any, ...], Decimal]
ADDING = Context(prec=80)
"""Python rounds sums to 28 digits unless told otherwise."""


def summed(
    rows: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], tuple[Any, ...]], basis: Basis
) -> Sums:
    """The exact sums of delivered rows, reckoned apart from the product; groups that no row counts in are left out."""
    sums: Sums = defaultdict(Decimal)
    for row in rows:
        category = row["ChargeCategory"]
        if basis is Basis.BILLED or (basis is Basis.USAGE_BILLED and category == "Usage"):
            sums[key(row)] = ADDING.add(sums[key(row)], Decimal(row["BilledCost"]))
        elif basis is Basis.EFFECTIVE and category != "Tax":
            sums[key(row)] = ADDING.add(sums[key(row)], Decimal(row["EffectiveCost"]))
    return dict(sums)


@dataclass
class Place:
    """A state database and a ledger of one test."""

    folder: Path
    state: State
    company: Company = field(default_factory=Company)
    bucket: str = ""
    """The ledger's s3:// address where it is no folder."""

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger."""
        return open_ledger(self.bucket or str(self.folder / "ledger"), self.folder / "cache", 1)

    def ingest(self, *paths: Path, export: str = "bill", now: datetime = NOW, **options: Any) -> Ingested:
        """Take in files."""
        company, state, ledger = self.company, self.state, self.ledger
        return ingest(list(paths), export, company=company, state=state, ledger=ledger, now=now, **options)

    def refusal(self, *paths: Path, **options: Any) -> DeliveryRefused:
        """The refusal of files, having checked that nothing stored was changed by it."""
        before = self.stored()
        try:
            done = self.ingest(*paths, **options)
        except DeliveryRefused as refusal:
            assert self.stored() == before
            return refusal
        raise AssertionError(f"not refused: {done}")

    def totals(self, *by: str, basis: Basis = Basis.BILLED, **options: Any) -> Sums:
        """Totals straight from the ledger: (*values, currency) → cost."""
        company, state, ledger = self.company, self.state, self.ledger
        found = ledger_totals(by, basis=basis, company=company, state=state, ledger=ledger, **options)
        return {(*total.values, total.currency): total.cost for total in found}

    def total(self, basis: Basis = Basis.BILLED) -> Decimal:
        """The one total of a ledger in one currency."""
        (cost,) = self.totals(basis=basis).values()
        return cost

    def daily(self) -> list[tuple[Any, ...]]:
        """What is served: every row of daily_spend."""
        return self.rows("SELECT * FROM daily_spend ORDER BY 1, 2, 3, 4, 5, 6, 7")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """A query's answer from the state database."""
        with self.state.reading() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    def served(self, basis: Basis = Basis.BILLED) -> Sums:
        """(team, provider, day, currency) → cost, from daily_spend."""
        from storage.spend import DAILY

        sums: Sums = defaultdict(Decimal)
        with self.state.reading() as connection:
            columns = (
                DAILY.team,
                DAILY.provider,
                DAILY.day,
                DAILY.currency,
                DAILY.charge_category,
                DAILY.billed_cost,
                DAILY.effective_cost,
            )
            from sqlalchemy import select

            for team, provider, day, currency, category, billed, effective in connection.execute(select(*columns)):
                if basis.counts(category):
                    cost = basis.cost(category, billed, effective)
                    sums[team, provider, day, currency] = ADDING.add(sums[team, provider, day, currency], cost)
        return dict(sums)

    def files(self) -> dict[str, str]:
        """Every file of the ledger with its SHA-256, unfinished work left out."""
        if self.bucket:
            return objects_below(self.bucket)
        root = self.folder / "ledger"
        return {
            str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(root.rglob("*"))
            if path.is_file() and ".work" not in path.parts
        }

    def leftovers(self) -> list[str]:
        """What unfinished work left behind."""
        root = self.folder / ("cache" if self.bucket else "ledger") / ".work"
        left = (path for path in root.rglob("*") if path.is_file() and path.name not in ("lock", "cache.lock"))
        return sorted(str(path.relative_to(root)) for path in left)

    def stored(self) -> dict[str, Any]:
        """All that an ingest may change, apart from the record of its run."""
        tables = ("daily_spend", "monthly_spend", "billing_period", "restatement", "team")
        return {
            "files": self.files(),
            **{table: sorted(map(repr, self.rows(f"SELECT * FROM {table}"))) for table in tables},
        }

    def damaged(self) -> list[str]:
        """What `finops ledger verify` finds."""
        with self.state.reading() as connection:
            periods = published_periods(connection)
        versions = [self.ledger.read(period.export, period.billing_period, period.version) for period in periods]
        return [path for version in versions for path in self.ledger.damaged(version)]

    def runs(self) -> list[str]:
        """The outcomes of every ingest, in order."""
        return [row[0] for row in self.rows("SELECT outcome FROM ingest_run ORDER BY id")]
