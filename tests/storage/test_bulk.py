"""Many rows at once: out of the engine by columns, into a table by batches."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.bulk import PER_STATEMENT, insert_rows
from storage.engines.duckdb import DuckDBEngine
from storage.publish import DAILY
from storage.tables import DailySpendRow
from tests.storage.bills import Place


@pytest.mark.parametrize("lengths", [(1,), (PER_STATEMENT,), (PER_STATEMENT - 1, PER_STATEMENT + 1, 3 * PER_STATEMENT)])
def test_every_row_arrives(place: Place, lengths: tuple[int, ...]) -> None:
    """Batches of any length arrive whole, each value in its own column."""
    teams = iter(range(sum(lengths)))
    batches = [
        [
            ("2026-10-01", f"team-{next(teams):03d}", "AWS", "Compute", "Usage", "USD", 1, 2 + number, str(number), "7")
            for number in range(length)
        ]
        for length in lengths
    ]
    with place.state.writing() as connection:
        columns = [list(zip(*batch, strict=True)) for batch in batches]
        insert_rows(connection, DailySpendRow, DAILY, columns)
    found = place.rows(
        "SELECT CAST(day AS VARCHAR(10)), team, provider, service, charge_category, currency, period, rows, "
        "CAST(CAST(billed_cost AS NUMERIC) AS INTEGER), CAST(CAST(effective_cost AS NUMERIC) AS INTEGER) "
        "FROM daily_spend ORDER BY team"
    )
    assert found == [(*row[:8], int(row[8]), int(row[9])) for batch in batches for row in batch]


def test_columns_come_as_they_are(tmp_path: Path) -> None:
    """Batches of columns are the query's rows, whether values repeat, differ in every row or are missing."""
    engine = DuckDBEngine(tmp_path)
    try:
        query = (
            "SELECT range, 'number ' || range, CASE WHEN range % 3 > 0 THEN 'of ' || range % 3 END, NULL::VARCHAR "
            "FROM range(5000) ORDER BY range"
        )
        rows = [row for batch in engine.batches(query, 2048) for row in zip(*batch, strict=True)]
        assert rows == engine.rows(query)
        assert list(engine.batches("SELECT 1 WHERE false")) == []
    finally:
        engine.close()
