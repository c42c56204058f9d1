"""The billing sources that there are, and each opened as finops.yaml says."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from bot.discovery import declared, wired
from finops.company import BillingSource
from storage.sources.source import PaidSource, Source, SourceKind

if TYPE_CHECKING:  # DuckDB comes with it, which the web process does without
    from storage.ledger.versions import Ledger
    from storage.state import State


@cache
def source_kinds() -> dict[str, SourceKind]:
    """Every kind of source by its name in finops.yaml."""
    # Not by importing all that lies beside them: the web process reads finops.yaml too, and does without DuckDB.
    return {name: import_module(f"storage.sources.{name}").SOURCE for name in declared("storage.sources", "SOURCE")}


def open_source(settings: BillingSource, *, state: State, ledger: Ledger) -> Source:
    """Where an export is delivered; raises SourceFailed where its address is of nothing that is read."""
    opened = wired(source_kinds()[settings.kind].opened, {"state": state, "ledger": ledger})
    source: Source = opened(**settings.keys)
    if isinstance(source, PaidSource):
        from bot import metrics

        source.counted = metrics.PAID_REQUESTS.labels(settings.kind).inc
    return source
