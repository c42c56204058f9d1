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


def _period(match: re.Match[str]) -> str:
    return f"{match['year']}-{match['month']}"


def _read(found: Found, content: Mapping[str, Any]) -> Manifest:
    return Manifest(found.changed_at, tuple((str(key), None) for key in content["reportKeys"]))


def opened(path: str) -> ManifestSource:
    """The report at s3://bucket/prefix/report-name, or a copy of it in a folder."""
    return ManifestSource(place_of(path), MANIFEST, _period, _read)


SOURCE = SourceKind(
    "AWS's legacy Cost and Usage Reports by their manifests",
    opened,
    {"path": "s3://bucket/prefix/report-name, or a folder with a copy of it"},
)
