"""`finops ledger`: what the delivered bills say, straight from the ledger."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from bot.installation import Installation
from bot.terminal.output import FORMAT, counted, show
from finops.basis import Basis
from finops.errors import ConfigurationRefused, FinopsError
from finops.money import add, plain, subtract
from finops.periods import Month
from finops.spend import Coverage


@click.group("ledger")
def COMMAND() -> None:
    """Look into the ledger."""


@COMMAND.command("totals")
@click.option("--by", default="provider", show_default=True, help="Columns, separated by commas.")
@click.option("--month", help="YYYY-MM; everything by default.")
@click.option("--basis", help=f"Which cost is counted: {', '.join(Basis)}.")
@click.option("--by-invoice", is_flag=True, help="--month is the BillingPeriod, not that of ChargePeriodStart.")
@click.option("--export", help="One export only.")
@FORMAT
@click.pass_obj
def totals(
    installation: Installation,
    by: str,
    month: str | None,
    basis: str | None,
    by_invoice: bool,
    export: str | None,
    form: str,
) -> None:
    """Exact totals by export, provider, sub_account_id, sub_account_name, service, charge_category, billing_period, day
    or team.
    """
    from storage.ledger.totals import ledger_totals

    columns = [name.strip() for name in by.split(",") if name.strip()]
    found = ledger_totals(
        columns,
        basis=Basis.parse(basis) if basis else installation.company.basis,
        company=installation.company,
        state=installation.state,
        ledger=installation.ledger,
        month=Month.parse(month) if month else None,
        by_invoice=by_invoice,
        export=export,
    )
    rows = [
        dict(zip(columns, map(_value, total.values), strict=True))
        | {"currency": total.currency, "rows": total.rows, "cost": plain(total.cost)}
        for total in found
    ]
    show(rows, form, empty="The ledger holds nothing of that: `finops ingest PATH --export NAME`.")


@COMMAND.command("diff")
@click.argument("export")
@click.argument("period")
@click.option("--from", "former", type=int, help="A version; the one before by default.")
@click.option("--to", "current", type=int, help="A version; the published one by default.")
@click.option("--by", default="team,service", show_default=True, help="Columns, separated by commas.")
@click.option("--basis", help=f"Which cost is counted: {', '.join(Basis)}.")
@FORMAT
@click.pass_obj
def diff(
    installation: Installation,
    export: str,
    period: str,
    former: int | None,
    current: int | None,
    by: str,
    basis: str | None,
    form: str,
) -> None:
    """What a delivery of a billing period (YYYY-MM) changed against an earlier one, the largest change first.

    Both are read with today's scopes, so that a changed scope shows no difference.
    """
    from storage.ledger.differences import ledger_differences

    columns = [name.strip() for name in by.split(",") if name.strip()]
    counted_in = Basis.parse(basis) if basis else installation.company.basis
    found = ledger_differences(
        export,
        str(Month.parse(period)),
        columns,
        basis=counted_in,
        company=installation.company,
        state=installation.state,
        ledger=installation.ledger,
        former=former,
        current=current,
    )
    rows = [
        dict(zip(columns, map(_value, each.values), strict=True))
        | {
            "currency": each.currency,
            "was": plain(each.was),
            "now": plain(each.now),
            "change": plain(subtract(each.now, each.was)),
            "rows": each.rows_now - each.rows_was,
        }
        for each in found.rows
    ]
    versions = f"{export} {period}: version {found.former} against version {found.current}, {counted_in}"
    show(rows, form, title=versions, empty=f"{versions}: no cost differs.")
    for currency in sorted({each.currency for each in found.rows}) if form == "table" else ():
        total = add(subtract(each.now, each.was) for each in found.rows if each.currency == currency)
        click.echo(f"In all {plain(total)} {currency}.")


@COMMAND.command("periods")
@FORMAT
@click.pass_obj
def periods(installation: Installation, form: str) -> None:
    """Every billing period of every export, with its current version and where its rows are."""
    from storage.spend import coverages

    with installation.state.reading() as connection:
        found = coverages(connection)
    rows = [
        {
            "export": period.export,
            "billing_period": period.billing_period,
            "version": period.version,
            "rows": period.rows,
            "delivered_at": period.delivered_at.isoformat(),
            "restated": period.restated,
            "rows_at": _rows_at(installation, period),
        }
        for period in found.values()
    ]
    show(rows, form, empty="" if rows else _nothing_known(installation))


@COMMAND.command("verify")
@click.pass_obj
def verify(installation: Installation) -> None:
    """Recompute the SHA-256 of every current file; exit 1 where one is damaged or gone."""
    from storage.publish import published_periods

    with installation.state.reading() as connection:
        found = published_periods(connection)
    damaged = [
        path
        for period in found
        for path in installation.ledger.damaged(
            installation.ledger.read(period.export, period.billing_period, period.version)
        )
    ]
    for path in damaged:
        click.echo(f"damaged: {path}")
    if damaged:
        raise FinopsError(f"Not what was delivered: {counted(len(damaged), 'file')}.", "Ingest those exports again.")
    click.echo(f"Whole: {counted(len(found), 'billing period')}.")


@COMMAND.command("publish")
@click.pass_obj
def publish(installation: Installation) -> None:
    """Assign every row to its team anew, after the scopes in finops.yaml changed."""
    from storage.ledger.ingest import republish

    count = republish(
        company=installation.company, state=installation.state, ledger=installation.ledger, now=installation.now
    )
    click.echo(f"Published anew: {counted(count, 'billing period')}." if count else "The scopes have not changed.")


def _nothing_known(installation: Installation) -> str:
    """What is said where the database knows no billing period: whether the ledger does."""
    held = installation.ledger.holds()
    if not held:
        return "The ledger is empty: `finops ingest PATH --export NAME`."
    periods = f"{sum(held.values()):,} ({', '.join(held)})"
    return (
        f"This database knows no billing period, but {installation.ledger.place} holds {periods}: "
        "is FINOPS_DATABASE_URL right? A new database needs an empty ledger, and the bills taken in again."
    )


def _rows_at(installation: Installation, period: Coverage) -> str | None:
    """Where a billing period's own rows are; None where the ledger has lost it."""
    try:
        version = installation.ledger.read(period.export, period.billing_period, period.version)
    except ConfigurationRefused:
        return None
    return version.rows_at or "ledger"


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
