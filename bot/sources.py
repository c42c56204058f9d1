"""The billing sources that there are, and each opened as finops.yaml says."""

from __future__ import annotations

from bot.discovery import discover
from finops.company import BillingSource
from storage.sources.source import Source, SourceKind


def source_kinds() -> dict[str, SourceKind]:
    """Every kind of source by its name in finops.yaml."""
    return discover("storage.sources", "SOURCE")


def open_source(settings: BillingSource) -> Source:
    """Where an export is delivered; raises SourceFailed where its address is of nothing that is read."""
    return source_kinds()[settings.kind].opened(**settings.keys)
