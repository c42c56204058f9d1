"""The same rows give the same rollup in every engine, to the last of 18 digits."""

from __future__ import annotations

import math
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from finops.periods import Month
from storage.engines.check import check
from storage.engines.engine import EngineFailed
from storage.engines.focus_table import TableRefused
from storage.sources.source import SourceFailed
from tests.engines.tables import FORMS, Holder, found, kept, made_rows, wanted


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", range(2))
def test_every_engine_gives_what_python_gives(holder: Holder, form: str, seed: int) -> None:
    """Credits, two currencies, days at the edge of UTC, missing and empty texts, Unicode, doubles and fine decimals."""
    rows = made_rows(FORMS[form], seed)
    assert found(holder, holder.put(rows, FORMS[form])) == wanted(rows)


def test_doubles_by_the_thousand(holder: Holder) -> None:
    """Of 20,000 doubles of every size each becomes the decimal that its shortest text is, kept to 18 places."""
    random = Random(17)
    [usual] = made_rows(FORMS["doubles"], seed=1, count=1)
    rows = [
        {**usual, "SubAccountId": str(number), "BilledCost": random.uniform(-1, 1) * 10 ** random.randint(-18, 15)}
        for number in range(20_000)
    ]
    made = found(holder, holder.put(rows, FORMS["doubles"]))
    assert {key[3]: costs[3] for key, costs in made.items()} == {
        row["SubAccountId"]: kept(row["BilledCost"]) for row in rows
    }


def test_one_billing_period_is_read_by_itself(holder: Holder) -> None:
    """The months of a table add up to the table, whichever kind its times are of."""
    for form in FORMS.values():
        rows = made_rows(form, seed=7, count=60)
        table = holder.put(rows, form)
        for month in (Month(2026, 9), Month(2026, 10)):
            assert found(holder, table, month) == wanted(rows, month)


@pytest.mark.parametrize("cost", [math.nan, math.inf, -math.inf, 1e15, -2e17], ids=str)
def test_a_double_that_is_no_exact_cost_is_never_a_number(holder: Holder, cost: float) -> None:
    """It counts as missing, which refuses the delivery, or the engine refuses it: nobody knows its cents."""
    one, other = made_rows(FORMS["doubles"], seed=1, count=2)
    table = holder.put([{**one, "BilledCost": cost}, {**other, "BilledCost": 2.5}], FORMS["doubles"])
    try:
        groups = found(holder, table).values()
    except EngineFailed as failed:
        # DuckDB goes by a Parquet file's own statistics, which leave NaN out, and then meets it in the cast.
        assert (holder.kind.dialect, str(cost)) == ("duckdb", "nan"), failed
        return
    assert sorted((rows, billed) for rows, billed, *_ in groups) == [(1, 0), (1, 1)]


def test_a_sum_that_nothing_holds_is_refused(holder: Holder) -> None:
    """Costs that add up to more than DECIMAL(38,18) are an error in every engine, never another number."""
    [row] = made_rows(FORMS["decimals"], seed=3, count=1)
    rows: list[dict[str, Any]] = [{**row, "BilledCost": Decimal("99999999999999999999.5")}] * 2
    with pytest.raises(EngineFailed):
        found(holder, holder.put(rows, FORMS["decimals"]))


def test_the_check_of_an_engine_passes(holder: Holder) -> None:
    """`finops engine check` finds each engine equal, in every form of costs and times."""
    table = holder.put(made_rows(FORMS["decimals"], seed=5, count=1), FORMS["decimals"])
    engine = holder.kind.opened(**holder.settings)
    findings = list(check(holder.kind, engine, table))
    engine.close()
    assert [(each.what, each.good) for each in findings] == [
        ("DECIMAL costs, times in UTC", True),
        ("DECIMAL costs, times at +05:30", True),
        ("double costs", True),
        (table, True),
    ]
    assert [each.said for each in findings[:3]] == [
        "15 rows, 12 groups, equal to the last of 18 digits",
        "15 rows, 12 groups, equal to the last of 18 digits",
        "14 rows, 11 groups, equal to the last of 18 digits",
    ]
    assert findings[3].said.startswith("FOCUS 1.4: BilledCost from BilledCost (decimal), EffectiveCost from ")


def test_a_table_that_is_not_there(holder: Holder) -> None:
    """What the engine says is passed on in one line."""
    with pytest.raises((EngineFailed, TableRefused, SourceFailed)) as failed:
        found(holder, {"duckdb": "/nowhere/*.parquet", "spark": "no_such.bill"}.get(holder.kind.dialect, "no.bill"))
    assert "\n" not in failed.value.reason
