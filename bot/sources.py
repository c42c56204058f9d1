"""The billing sources that there are, and each opened as finops.yaml says."""

from __future__ import annotations

from importlib import import_module

from bot.discovery import declared
from finops.company import BillingSource
from storage.sources.source import Source, SourceKind


def source_kinds() -> dict[str, SourceKind]:
    """Every kind of source by its name in finops.yaml."""
    # Not by importing all that lies beside them: the web process reads finops.yaml too, and does without DuckDB.
    return {name: import_module(f"storage.sources.{name}").SOURCE for name in declared("storage.sources", "SOURCE")}


def open_source(settings: BillingSource) -> Source:
    """Where an export is delivered; raises SourceFailed where its address is of nothing that is read."""
    return source_kinds()[settings.kind].opened(**settings.keys)
