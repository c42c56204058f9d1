"""Azure's cost exports (FOCUS, actual or amortised cost): of several runs of a month the one submitted last."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from storage.sources.manifests import Manifest, ManifestSource
from storage.sources.place import Found, place_of
from storage.sources.source import SourceKind

MANIFEST = re.compile(r"(?:^|/)(?P<span>\d{8}-\d{8})/(?:[^/]+/)*manifest\.json$", re.IGNORECASE)
"""<directory>/<export>/YYYYMMDD-YYYYMMDD/<run>/manifest.json."""

RUN = re.compile(r"/(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})/")
"""A run's folder that says when it began."""


def _period(match: re.Match[str]) -> str:
    return match["span"]


def _read(found: Found, content: Mapping[str, Any]) -> Manifest:
    blobs = tuple((str(each["blobName"]), _bytes(each.get("byteCount"))) for each in content["blobs"])
    return Manifest(_submitted(found, content), blobs)


def _submitted(found: Found, content: Mapping[str, Any]) -> datetime:
    """When the run was submitted: manifests of 2021 do not say it, but their run's folder does."""
    run = content.get("runInfo")
    if isinstance(run, Mapping) and (submitted := _moment(str(run.get("submittedTime")))):
        return submitted
    named = RUN.search(found.name)
    return (_moment("{}-{}-{}T{}:{}".format(*named.groups())) if named else None) or found.changed_at


def _moment(text: str) -> datetime | None:
    """A moment of ISO 8601, in UTC where it names no zone; None where it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bytes(count: Any) -> int | None:
    return None if count is None else int(count)


def opened(path: str) -> ManifestSource:
    """The export's directory: abfss://container@account.dfs.core.windows.net/directory/export, or a copy of it."""
    return ManifestSource(place_of(path), MANIFEST, _period, _read)


SOURCE = SourceKind(
    "Azure cost exports by their manifests, the run submitted last",
    opened,
    {"path": "abfss://container@account.dfs.core.windows.net/directory/export, or a folder with a copy of it"},
)
