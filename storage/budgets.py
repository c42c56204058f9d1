"""Budgets: imported whole or not at all, every version kept."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, text, true

from finops.budget import Budget
from finops.errors import BudgetRefused, FinopsError
from finops.money import SCALE, plain
from finops.periods import Month
from storage.audit import Entry, append
from storage.tables import BudgetRow

TABLE = BudgetRow.__table__  # type: ignore[attr-defined]
COLUMNS = ("team", "month", "amount", "currency")
MOST_FAULTS = 20
AMOUNT = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


@dataclass(frozen=True, slots=True)
class ImportedBudgets:
    """How many budgets a file changed, set for the first time, and left as they were."""

    new: int
    changed: int
    unchanged: int


def parse_budgets(text: str, shown: str, team_fault: Callable[[str], str | None]) -> list[Budget]:
    """Read a CSV with the columns team, month, amount, currency (in any order, others ignored).

    Args:
        text: the file's text.
        shown: its name in messages.
        team_fault: what is wrong with a team's name, None where nothing is.

    Raises:
        BudgetRefused: any row is unusable, or names a team, month and currency twice; up to 20 are named.
    """
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    reader = csv.DictReader(lines, skipinitialspace=True, strict=True)
    reader.fieldnames = _header(reader, shown)
    budgets: dict[tuple[str, Month, str], int] = {}
    found: list[Budget] = []
    faults: list[str] = []
    line = 1
    try:
        for row in reader:
            line = reader.line_num
            budget = _budget(row, team_fault)
            if isinstance(budget, str):
                faults.append(f"{shown}, line {line}: {budget}")
                continue
            key = (budget.team, budget.month, budget.currency)
            if key in budgets:
                repeated = f"{budget.team} {budget.month} {budget.currency}"
                faults.append(f"{shown}, line {line}: {repeated} stands on line {budgets[key]} already.")
            budgets[key] = line
            found.append(budget)
    except csv.Error as error:
        faults.append(f"{shown}, line {line + 1}: not CSV from here on ({error}).")
    if faults:
        more = f" (and {len(faults) - MOST_FAULTS} more)" if len(faults) > MOST_FAULTS else ""
        raise BudgetRefused("\n".join(faults[:MOST_FAULTS]) + more, "No budget was changed.")
    if not found:
        raise BudgetRefused(f"{shown}: no budgets in it.", "No budget was changed.")
    return found


def _header(reader: csv.DictReader[str], shown: str) -> list[str]:
    """The file's column names in lower case; refuses a header without one of COLUMNS or with one twice."""
    try:
        header = [name.strip().lower() for name in reader.fieldnames or []]
    except csv.Error as error:
        raise BudgetRefused(f"{shown}, line 1: not CSV ({error}).", "No budget was changed.") from None
    if twice := [name for name in COLUMNS if header.count(name) > 1]:
        raise BudgetRefused(f"{shown}, line 1: column {twice[0]} stands twice.", "No budget was changed.")
    if lacking := [name for name in COLUMNS if name not in header]:
        raise BudgetRefused(
            f"{shown}, line 1: no column {', '.join(lacking)}.", f"A budget file has {', '.join(COLUMNS)}."
        )
    return header


def _budget(row: dict[str, str], team_fault: Callable[[str], str | None]) -> Budget | str:
    if None in row or None in row.values():
        return "the number of fields is not that of the header."
    team, month_text, amount_text, currency = (row[name].strip() for name in COLUMNS)
    if fault := team_fault(team):
        return fault
    try:
        month = Month.parse(month_text)
    except FinopsError as error:
        return str(error)
    if not re.fullmatch("[A-Z]{3}", currency):
        return f"'{currency}' is not an ISO 4217 currency code."
    if not re.fullmatch(AMOUNT, amount_text, re.ASCII):
        return f"'{amount_text}' is not an amount; write it as 12345.67, without thousands separators."
    try:
        amount = Decimal(amount_text)
    except InvalidOperation:
        return f"{amount_text} has more digits than are kept."
    if amount < 0:
        return f"a budget of {amount_text} is not possible; zero or more is."
    exponent = amount.as_tuple().exponent
    if amount.adjusted() >= 38 - SCALE or (isinstance(exponent, int) and exponent < -SCALE):
        return f"{amount_text} has more digits than the 20 before and 18 after the point that are kept."
    return Budget(team, month, amount, currency)


def lock_budgets(connection: Connection) -> None:
    """Keep others from writing budgets until the transaction ends; on SQLite a writing one does so from its beginning.

    Two that give one month another budget would otherwise both make its next version.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE budget IN SHARE ROW EXCLUSIVE MODE"))


def record_budgets(
    connection: Connection, budgets: Sequence[Budget], *, source: str, by: str, now: datetime
) -> ImportedBudgets:
    """Write budgets as approved versions and put them on record; one equal to the current version makes none.

    Comes last in its transaction, as the record does.
    """
    lock_budgets(connection)
    current = {(b.team, b.month, b.currency): b for b in approved_budgets(connection)}
    rows = []
    entries = []
    for budget in budgets:
        former = current.get((budget.team, budget.month, budget.currency))
        if former is None or former.amount != budget.amount:
            entries.append(_entry(budget, former, source, by, now))
            rows.append(
                {
                    "team": budget.team,
                    "month": str(budget.month),
                    "currency": budget.currency,
                    "version": former.version + 1 if former else 1,
                    "amount": budget.amount,
                    "status": "approved",
                    "source": source,
                    "recorded_by": by,
                    "recorded_at": now,
                }
            )
    if rows:
        connection.execute(insert(TABLE), rows)
        append(connection, entries)
    new = sum(row["version"] == 1 for row in rows)
    return ImportedBudgets(new, len(rows) - new, len(budgets) - len(rows))


def _entry(budget: Budget, former: Budget | None, source: str, by: str, now: datetime) -> Entry:
    """What the audit record says of a budget that is new or changed."""
    return Entry(
        at=now,
        who=by,
        action="budget.recorded",
        subject=f"budget/{budget.team}/{budget.month}/{budget.currency}",
        team=budget.team,
        was={"amount": plain(former.amount), "version": former.version} if former else None,
        became={"amount": plain(budget.amount), "version": former.version + 1 if former else 1},
        note=source,
    )


@cache
def _approved(of_month: bool, of_team: bool) -> Select[Any]:
    return (
        select(TABLE.c.team, TABLE.c.month, TABLE.c.amount, TABLE.c.currency, TABLE.c.version)
        .where(
            TABLE.c.status == "approved",
            TABLE.c.month == bindparam("month") if of_month else true(),
            TABLE.c.team == bindparam("team") if of_team else true(),
        )
        .order_by(TABLE.c.version)
    )


def approved_budgets(connection: Connection, month: Month | None = None, team: str | None = None) -> list[Budget]:
    """The newest approved version of every budget, of one month or team where given."""
    given = {"month": None if month is None else str(month), "team": team}
    values = {name: value for name, value in given.items() if value is not None}
    rows = connection.execute(_approved("month" in values, "team" in values), values).all()
    months = {text: Month.parse(text) for text in {row[1] for row in rows}}
    newest = {(slug, of, currency): (amount, version) for slug, of, amount, currency, version in rows}
    return [
        Budget(slug, months[of], amount, currency, version)
        for (slug, of, currency), (amount, version) in newest.items()
    ]
