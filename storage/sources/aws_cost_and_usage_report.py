"""AWS's legacy Cost and Usage Reports in S3, by their manifests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from storage.sources.manifests import Manifest, ManifestSource
from storage.sources.place import Found, place_of
from storage.sources.source import SourceKind

MANIFEST = re.compile(r"(?:^|/)(?P<year>\d{4})(?P<month>\d{2})\d{2}-\d{8}/[^/]+-manifest\.json$", re.IGNORECASE)
"""<prefix>/<report>/YYYYMMDD-YYYYMMDD/<report>-Manifest.json, which names the newest assembly; each assembly's own
manifest lies one folder deeper."""


def _period(name: str) -> str | None:
    match = MANIFEST.search(name)
    return f"{match['year']}-{match['month']}" if match else None


def _read(found: Found, content: Mapping[str, Any]) -> Manifest:
    files = tuple((str(key), None) for key in content["reportKeys"])
    return Manifest(_period(found.name) or "", (found.changed_at.isoformat(),), files)


def opened(path: str) -> ManifestSource:
    """The report at s3://bucket/prefix/report-name, or a copy of it in a folder."""
    return ManifestSource(place_of(path), _period, _read)


SOURCE = SourceKind(
    "AWS's legacy Cost and Usage Reports by their manifests",
    opened,
    {"path": "s3://bucket/prefix/report-name, or a folder with a copy of it"},
)
