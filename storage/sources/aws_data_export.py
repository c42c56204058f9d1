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


def _period(match: re.Match[str]) -> str:
    return match["period"]


def _begun(found: Found) -> str:
    """When an execution began, by its folder; '' where its name does not say it."""
    match = MANIFEST.search(found.name)
    run = (match["run"] or "") if match else ""
    return re.sub("[^0-9TZ]", "", run) if BEGUN_AT.match(run) else ""


def _newest(candidates: list[Found]) -> Found:
    """Of executions the one that began last, as copies of them may have any times; beside others, the one written last.

    An export that was switched from creating new files to overwriting has both in one month.
    """
    begun = [each for each in candidates if _begun(each)]
    others = [each for each in candidates if not _begun(each)]
    last = [max(begun, key=lambda each: (_begun(each), each.changed_at))] if begun else []
    return max(others + last, key=lambda each: each.changed_at)


def _read(found: Found, content: Mapping[str, Any]) -> Manifest:
    files = content["dataFiles"]
    if not isinstance(files, list):
        raise NoManifest(f"{found.name} has no list of dataFiles.")
    return Manifest(found.changed_at, tuple(_data_file(each) for each in files))


def _data_file(named: Any) -> tuple[str, int | None]:
    """A data file: its address alone, or with its size."""
    if isinstance(named, str):
        return named, None
    size = named.get("size", named.get("sizeInBytes"))
    return named["s3Uri"] if "s3Uri" in named else named["key"], None if size is None else int(size)


def opened(path: str) -> ManifestSource:
    """The export at s3://bucket/prefix/export-name, or a copy of it in a folder."""
    return ManifestSource(place_of(path), MANIFEST, _period, _read, _newest)


SOURCE = SourceKind(
    "AWS Data Exports (FOCUS, CUR 2.0) by their manifests",
    opened,
    {"path": "s3://bucket/prefix/export-name, or a folder with a copy of it"},
)
