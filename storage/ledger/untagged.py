"""What tags a bill has where it lacks the one that teams are made by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from finops.money import ZERO, add
from finops.policy import ratio_of
from finops.scope import parse_tags, tag_key
from storage.engines.duckdb import DuckDBEngine, parquet
from storage.ledger.versions import Ledger, Version


def tags_instead_of(key: str, versions: Iterable[Version], ledger: Ledger) -> list[tuple[str, Decimal]] | None:
    """The tags of a bill's rows, those of the most cost first, where none has a certain one.

    Args:
        key: of the tag, in any case.
        versions: of its billing periods, each in the ledger.

    Returns:
        Tag key, normalised → the fraction of the effective cost (its amount, credits as well) whose rows have it; None
        where some row has the tag.
    """
    engine = DuckDBEngine(ledger.workspace)
    try:
        files = [path for version in versions for path in version.groups()]
        rows = engine.rows(
            f"SELECT tags, CAST(sum(abs(effective_cost)) AS DECIMAL(38,18)) FROM {parquet(files)} GROUP BY tags"
        )
    finally:
        engine.close()
    costs: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for text, cost in rows:
        tags = parse_tags(text)
        if tag_key(key) in tags:
            return None
        for name in tags:
            costs[name] = add((costs[name], cost))
    whole = add(cost for _, cost in rows)
    found = [(name, ratio_of(cost, whole) or ZERO) for name, cost in costs.items()]
    return sorted(found, key=lambda each: (-each[1], each[0]))
