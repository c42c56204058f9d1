"""Azure's cost exports (FOCUS, actual or amortised cost): of several runs of a month the one submitted last."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from storage.sources.manifests import Manifest, ManifestSource
from storage.sources.place import Found, place_of
from storage.sources.source import SourceKind

MANIFEST = re.compile(r"(?:^|/)(?P<span>\d{8}-\d{8})/(?:[^/]+/)*manifest\.json$", re.IGNORECASE)
"""<directory>/<export>/YYYYMMDD-YYYYMMDD/<run>/manifest.json."""

RUN = re.compile(r"/(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})/")
"""A run's folder that says when it began."""
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}")


def _period(name: str) -> str | None:
    match = MANIFEST.search(name)
    return match["span"] if match else None


def _read(found: Found, content: Mapping[str, Any]) -> Manifest:
    blobs = tuple((str(each["blobName"]), _bytes(each.get("byteCount"))) for each in content["blobs"])
    return Manifest(_period(found.name) or "", (_submitted(found, content),), blobs)


def _submitted(found: Found, content: Mapping[str, Any]) -> str:
    """When the run was submitted, ISO 8601 in UTC: manifests of 2021 do not say it, but their run's folder does."""
    run = content.get("runInfo")
    if isinstance(run, Mapping) and TIME.match(str(run.get("submittedTime"))):
        return str(run["submittedTime"])
    if named := RUN.search(found.name):
        return "{}-{}-{}T{}:{}".format(*named.groups())
    return found.changed_at.isoformat()


def _bytes(count: Any) -> int | None:
    return None if count is None else int(count)


def opened(path: str) -> ManifestSource:
    """The export's directory: abfss://container@account.dfs.core.windows.net/directory/export, or a copy of it."""
    return ManifestSource(place_of(path), _period, _read)


SOURCE = SourceKind(
    "Azure cost exports by their manifests, the run submitted last",
    opened,
    {"path": "abfss://container@account.dfs.core.windows.net/directory/export, or a folder with a copy of it"},
)
