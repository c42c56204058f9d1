"""AWS Data Exports in S3: FOCUS 1.0 and 1.2, and CUR 2.0; set to overwrite, or to create new files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from storage.sources.manifests import Manifest, ManifestSource, NoManifest
from storage.sources.place import Found, place_of
from storage.sources.source import SourceKind

MANIFEST = re.compile(
    r"(?:^|/)metadata/billing_period=(?P<period>\d{4}-\d{2})/(?:(?P<run>[^/]+)/)?[^/]+-manifest\.json$", re.IGNORECASE
)
"""<prefix>/<export>/metadata/BILLING_PERIOD=YYYY-MM/[<execution>/]<export>-Manifest.json."""
BEGUN_AT = re.compile(r"^\d{4}-?\d{2}-?\d{2}T\d")
"""An execution's folder, where its name begins with when it began."""


def _period(name: str) -> str | None:
    match = MANIFEST.search(name)
    return match["period"] if match else None


def _order(found: Found) -> tuple[str, ...]:
    """Executions by when they began where their folders say it, else by when the manifest was written."""
    match = MANIFEST.search(found.name)
    run = (match["run"] or "") if match else ""
    begun = re.sub("[^0-9TZ]", "", run) if BEGUN_AT.match(run) else ""
    return (begun, found.changed_at.isoformat())


def _read(found: Found, content: Mapping[str, Any]) -> Manifest:
    files = content["dataFiles"]
    if not isinstance(files, list):
        raise NoManifest(f"{found.name} has no list of dataFiles.")
    period = _period(found.name) or ""
    return Manifest(period, _order(found), tuple(_data_file(each) for each in files))


def _data_file(named: Any) -> tuple[str, int | None]:
    """A data file: its address alone, or with its size."""
    if isinstance(named, str):
        return named, None
    size = named.get("size", named.get("sizeInBytes"))
    return named["s3Uri"] if "s3Uri" in named else named["key"], None if size is None else int(size)


def opened(path: str) -> ManifestSource:
    """The export at s3://bucket/prefix/export-name, or a copy of it in a folder."""
    return ManifestSource(place_of(path), _period, _read, _order)


SOURCE = SourceKind(
    "AWS Data Exports (FOCUS, CUR 2.0) by their manifests",
    opened,
    {"path": "s3://bucket/prefix/export-name, or a folder with a copy of it"},
)
