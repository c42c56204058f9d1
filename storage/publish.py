"""Publishing a delivery: the serving tables and the record of the run change in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from finops.basis import Basis
from finops.errors import FinopsError
from storage.bulk import amount_sql, insert_rows
from storage.tables import (
    BillingPeriodRow,
    BudgetRow,
    DailySpendRow,
    ForecastRow,
    IngestRunRow,
    MonthlySpendRow,
    RestatementRow,
    TeamRow,
)

if TYPE_CHECKING:  # the web process reads what was published, and does without duckdb
    from storage.ledger.rollup import Extent, Rollup
    from storage.ledger.versions import Version

LOCK = 20_260
"""PostgreSQL's advisory locks under which exports are published, one at a time each."""
DAILY = (
    "day",
    "team",
    "provider",
    "service",
    "charge_category",
    "currency",
    "period",
    "rows",
    "billed_cost",
    "effective_cost",
)
MONTHLY = (
    "month",
    "team",
    "provider",
    "sub_account_id",
    "sub_account_name",
    "region",
    "charge_category",
    "currency",
    "period",
    "billed_cost",
    "effective_cost",
)


@dataclass(frozen=True, slots=True)
class IngestRun:
    """What is recorded of one attempt to take in an export.

    Attributes:
        outcome: 'published', 'unchanged', 'refused' or 'failed'.
        reason: one line where it was refused or failed.
        faults: the faults found, at most 20.
    """

    export: str
    source: str
    outcome: str
    started_at: datetime
    finished_at: datetime
    rows: int = 0
    reason: str = ""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedPeriod:
    """The current version of a billing period, as the state database names it."""

    id: int
    export: str
    billing_period: str
    version: int
    scope_fingerprint: str
    confirmed_at: datetime
    last_day: date


def record_run(connection: Connection, run: IngestRun) -> int:
    """Write the run; returns its id."""
    row = {name: getattr(run, name) for name in run.__slots__} | {"faults": list(run.faults)}
    key = connection.execute(insert(IngestRunRow).values(**row)).inserted_primary_key
    return int(key[0])  # type: ignore[index]  # one row was inserted


def published_periods(connection: Connection, export: str | None = None) -> list[PublishedPeriod]:
    """Every current version, oldest billing period first."""
    table = BillingPeriodRow.__table__.c  # type: ignore[attr-defined]
    query = select(
        table.id,
        table.export,
        table.billing_period,
        table.version,
        table.scope_fingerprint,
        table.confirmed_at,
        table.last_day,
    ).order_by(table.export, table.billing_period)
    if export is not None:
        query = query.where(table.export == export)
    return [PublishedPeriod(*row) for row in connection.execute(query)]


class PublishedMeanwhile(FinopsError):
    """Another ingest of an export published one of its billing periods since this one began."""

    def __init__(self, export: str, billing_period: str) -> None:
        super().__init__(f"Another ingest of {export} published {billing_period} meanwhile.", "Try again.")


def hold_periods(connection: Connection, export: str, began: Mapping[str, int]) -> None:
    """Keep every other ingest of an export from publishing until this transaction ends.

    Args:
        began: billing period → the version that was current when this ingest began, 0 for none.

    Raises:
        PublishedMeanwhile: one of them has another version by now.
    """
    # Not the rows: a first version has none yet. On SQLite one transaction writes at a time.
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:publishing, hashtext(:export))")
        connection.execute(lock, {"publishing": LOCK, "export": export})
    current = {each.billing_period: each.version for each in published_periods(connection, export)}
    for period, version in sorted(began.items()):
        if current.get(period, 0) != version:
            raise PublishedMeanwhile(export, period)


def publish_period(
    connection: Connection,
    version: Version,
    rollup: Rollup,
    *,
    fingerprint: str,
    run: int,
    changed: Sequence[tuple[Any, ...]],
) -> None:
    """Make a version the one that is served, replacing the former whole.

    Args:
        changed: as from rollup.changes; empty for a first version or one that changed no day delivered before.
    """
    delivered_at = datetime.fromisoformat(version.delivered_at)
    period = _period_row(connection, version, rollup.extent(), fingerprint, run, delivered_at, bool(changed))
    _remember_teams(connection, rollup)
    amount = partial(amount_sql, connection)
    # The engine sums the months on its own threads while the database takes in the days.
    with ThreadPoolExecutor(1) as beside:
        monthly = beside.submit(lambda: list(rollup.monthly(period, amount)))
        insert_rows(connection, DailySpendRow, DAILY, rollup.daily(period, amount))
        insert_rows(connection, MonthlySpendRow, MONTHLY, monthly.result())
    if changed:
        connection.execute(
            insert(RestatementRow),
            [
                {
                    "period": period,
                    "version": version.version,
                    "team": team,
                    "month": month,
                    "currency": currency,
                    "charge_category": category,
                    "billed_cost": Decimal(billed),
                    "effective_cost": Decimal(effective),
                    "restated_at": delivered_at,
                }
                for team, month, currency, category, billed, effective in changed
            ],
        )


def publications(connection: Connection) -> dict[int, int]:
    """Id of each published billing period → id of the run that published what it serves."""
    table = BillingPeriodRow.__table__.c  # type: ignore[attr-defined]
    return dict(connection.execute(select(table.id, table.ingest_run)).tuples().all())


def newest_publication(connection: Connection) -> int:
    """Id of the newest run that changed published figures, 0 where there is none."""
    table = IngestRunRow.__table__.c  # type: ignore[attr-defined]
    return connection.execute(select(func.max(table.id)).where(table.outcome == "published")).scalar() or 0


def figures_version(connection: Connection) -> str:
    """Changes whenever published figures, budgets or forecasts do."""
    newest = connection.execute(select(func.max(BudgetRow.__table__.c.id))).scalar() or 0  # type: ignore[attr-defined]
    return ".".join([str(newest_publication(connection)), str(newest), *_newest_forecasts(connection)])


def _newest_forecasts(connection: Connection) -> list[str]:
    """What the newest forecasts were made of, of each basis that there are any in."""
    table = ForecastRow.__table__.c  # type: ignore[attr-defined]
    newest = select(func.max(table.month)).scalar_subquery()
    made = select(table.made_on, table.made_of).where(table.month == newest).order_by(table.made_on.desc()).limit(1)
    found = (connection.execute(made.where(table.basis == str(basis))).first() for basis in Basis)
    return [f"{row.made_on}:{row.made_of}" for row in found if row]


def confirm_periods(connection: Connection, export: str, billing_periods: Sequence[str], now: datetime) -> None:
    """Note that the provider delivered these billing periods again, unchanged: their days settle by it."""
    table = BillingPeriodRow.__table__  # type: ignore[attr-defined]
    where = (table.c.export == export, table.c.billing_period.in_(billing_periods), table.c.confirmed_at < now)
    connection.execute(update(table).where(*where).values(confirmed_at=now))


def _period_row(
    connection: Connection,
    version: Version,
    extent: Extent,
    fingerprint: str,
    run: int,
    delivered_at: datetime,
    restated: bool,
) -> int:
    """Insert or update the period's row and clear what it served; returns its id."""
    table = BillingPeriodRow.__table__  # type: ignore[attr-defined]
    values = {
        "version": version.version,
        "rows": extent.rows,
        "first_day": extent.first_day,
        "last_day": extent.last_day,
        "delivered_at": delivered_at,
        "confirmed_at": delivered_at,
        "restated": restated,
        "scope_fingerprint": fingerprint,
        "ingest_run": run,
    }
    former = connection.execute(
        select(table.c.id, table.c.first_day, table.c.last_day, table.c.version).where(
            table.c.export == version.export, table.c.billing_period == version.billing_period
        )
    ).first()
    if former is None:
        own = {"export": version.export, "billing_period": version.billing_period}
        return int(connection.execute(insert(table).values(**values, **own)).inserted_primary_key[0])  # type: ignore[index]
    period = int(former.id)
    daily, monthly = DailySpendRow.__table__.c, MonthlySpendRow.__table__.c  # type: ignore[attr-defined]
    connection.execute(
        delete(DailySpendRow).where(daily.day.between(former.first_day, former.last_day), daily.period == period)
    )
    months = (str(former.first_day)[:7], str(former.last_day)[:7])
    connection.execute(delete(MonthlySpendRow).where(monthly.month.between(*months), monthly.period == period))
    if former.version == version.version:
        # The same bill for other scopes: nothing was delivered, confirmed or restated by it.
        values = {name: values[name] for name in ("scope_fingerprint", "ingest_run")}
    connection.execute(update(table).where(table.c.id == period).values(**values))
    return period


def _remember_teams(connection: Connection, rollup: Rollup) -> None:
    rows = [{"slug": slug, "name": name} for slug, name in sorted(rollup.teams.items())]
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    if rows:
        connection.execute(dialect.insert(TeamRow).on_conflict_do_nothing(), rows)
