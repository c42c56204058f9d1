"""A bill that stays in a warehouse or on a cluster: an engine rolls it up there, and only the rollup is fetched."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from finops.errors import FinopsError
from finops.periods import Month
from storage.engines.engine import Engine, EngineFailed, TellsPermissions, engine_kind
from storage.sources.source import Fetched, Offer, Offered, SourceFailed, SourceKind, Waiting

if TYPE_CHECKING:  # finops.yaml is read by the web process too, which does without sqlglot and pyarrow
    from storage.engines.focus_table import Bill


class WarehouseSource:
    """A FOCUS table that an engine reads; one delivery per billing period.

    Args:
        engine: its name.
        table: the FOCUS table or view, as the engine names it.
        months: how many of the newest billing periods are looked at; '' for all.
        settings: the engine's.
    """

    def __init__(self, engine: str, table: str, months: str = "", **settings: str) -> None:
        self._name, self._kind, self._table = engine, engine_kind(engine), table
        self._months, self._settings = int(months or 0), settings

    def offered(self, now: datetime) -> Offered:
        """Every billing period the table holds, the newest `months` of them."""
        from storage.engines.rollup_sql import rendered, starts_schema, starts_sql

        with self._opened() as engine:
            bill = self._bill(engine)
            version = engine.version_of(self._table)
            sql = rendered(starts_sql(bill), self._kind.dialect, bill.relation)
            found = engine.table(sql, starts_schema()).to_pylist()
            starts = {row["billing_period_start"]: row["rows"] for row in found}
            undated = starts.pop(None, 0)
            months = sorted({Month.of(start) for start in starts})[-self._months :]
            # Where the engine keeps a version of the table, it tells more than sums do, and costs nothing.
            sums, waiting = ({}, []) if version else self._summed(engine, bill, months)
        # Sums do not tell a cost that moved from one tag to another: a period is read anew once a day all the same.
        basis = version or now.date().isoformat()
        failed = {each.name for each in waiting}
        ready = [
            Offer(str(month), _mark(self._name, self._table, basis, *sums.get(month, ())), (str(month),))
            for month in months
            if str(month) not in failed
        ]
        if undated:
            why = f"{self._table}: BillingPeriodStart is empty in {undated:,} of its rows; they belong to no delivery."
            waiting.append(Waiting("undated", why))
        return Offered(tuple(ready), tuple(waiting))

    def fetch(self, offer: Offer, folder: Path) -> Fetched:
        """The rollup of one billing period, as one file."""
        from storage.engines.check import refuse_other_doubles
        from storage.engines.rollup_sql import groups_schema, groups_sql, rendered
        from storage.ledger.rollup_file import Origin, write_rollup

        with self._opened() as engine:
            bill = self._bill(engine)
            if bill.has_doubles:
                refuse_other_doubles(engine, self._kind.dialect, self._table)
            sql = rendered(groups_sql(bill, Month.parse(offer.name)), self._kind.dialect, bill.relation)
            rollup = engine.table(sql, groups_schema())
        if not rollup.num_rows:
            raise SourceFailed(f"{self._table} has no rows of {offer.name} any more.", "It is looked at next time.")
        path = folder / f"{offer.name}.parquet"
        columns = {name: column.name for name, column in bill.columns.items()}
        write_rollup(rollup, Origin(f"{self._name}: {self._table}", bill.version, columns), path)
        return Fetched((path,))

    def lacking(self) -> list[str]:
        """Why the table cannot be read, each permission that the engine tells apart by itself."""
        said: list[str] = []
        try:
            with self._opened() as engine:
                if isinstance(engine, TellsPermissions):
                    said += engine.lacking()
                for look in (lambda: self._bill(engine), lambda: engine.version_of(self._table)):
                    try:
                        look()
                    except FinopsError as failed:
                        said.append(str(failed))
        except FinopsError as failed:
            said.append(str(failed))
        return list(dict.fromkeys(said))

    def _summed(
        self, engine: Engine, bill: Bill, months: Sequence[Month]
    ) -> tuple[dict[Month, list[str]], list[Waiting]]:
        """What tells each month from what it was, and the months whose rows the engine cannot add up."""
        if not months:
            return {}, []
        try:
            # One query for all: an engine that is billed by what it scans reads the table once.
            return self._sums(engine, bill, months[0], months[-1]), []
        except EngineFailed as failed:
            if len(months) == 1:
                return {}, [Waiting(str(months[0]), str(failed))]
        each = [self._summed(engine, bill, [month]) for month in months]
        sums = {month: rows for found, _ in each for month, rows in found.items()}
        return sums, [waiting for _, found in each for waiting in found]

    def _sums(self, engine: Engine, bill: Bill, first: Month, last: Month) -> dict[Month, list[str]]:
        from storage.engines.rollup_sql import periods_schema, periods_sql, rendered

        sql = rendered(periods_sql(bill, first, last), self._kind.dialect, bill.relation)
        found: dict[Month, list[str]] = defaultdict(list)
        for row in engine.table(sql, periods_schema()).to_pylist():
            found[Month.of(row["billing_period_start"])].append(str(list(row.values())))
        return {month: sorted(rows) for month, rows in found.items()}

    def _bill(self, engine: Engine) -> Bill:
        from storage.engines.focus_table import bill_of, relation_of

        relation = relation_of(self._kind, self._table)
        return bill_of(self._table, relation, engine.columns_of(relation), self._kind.dialect)

    @contextmanager
    def _opened(self) -> Iterator[Engine]:
        engine = self._kind.opened(**self._settings)
        try:
            yield engine
        finally:
            engine.close()


def _mark(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class WarehouseKind(SourceKind):
    """A kind of source whose keys are its own and those of the engine it names."""

    def fault(self, given: Mapping[str, object]) -> str:
        """What is wrong with the keys of one source, '' where nothing is."""
        own = {name: given[name] for name in self.required if name in given}
        if fault := SourceKind.fault(self, own):
            return fault
        try:
            engine = engine_kind(str(given["engine"]))
        except EngineFailed as failed:
            return f"names an engine that is none: {failed}"
        months = str(given.get("months", 1))
        if not months.isdecimal() or not int(months):
            return f"has `months: {months}`, which is no number of billing periods"
        keys = {**self.keys, **engine.keys}
        secrets = f"where the engine's driver finds it: {engine.secrets}" if engine.secrets else self.secrets
        required = (*self.required, *engine.required)
        return SourceKind(self.about, self.opened, keys, required, secrets=secrets).fault(given)


SOURCE = WarehouseKind(
    "a FOCUS table or files that stay where they are; an engine rolls them up there",
    WarehouseSource,
    {
        "engine": "which one: engines.md, where its own keys are too",
        "table": "the FOCUS table or view, as the engine names it",
        "months": "how many of the newest billing periods are looked at; all by default",
    },
    required=("engine", "table"),
)
