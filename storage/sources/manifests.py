"""Deliveries that a manifest completes: only what the newest manifest of a billing period names is read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from storage.sources.place import Bucket, Found, Place, fetch_all
from storage.sources.source import Fetched, Offer, Offered, SourceFailed, Waiting


class NoManifest(ValueError):
    """What looked like a manifest is none; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says.

    Attributes:
        written_at: the later of two of a period is the newer.
        files: address of each data file → its bytes, None where the manifest does not say.
    """

    written_at: datetime
    files: tuple[tuple[str, int | None], ...]


Read = Callable[[Found, Mapping[str, Any]], Manifest]
"""A manifest from where it was found and what it holds; raises NoManifest."""


_known: dict[tuple[str, str], dict[str, tuple[Found, Manifest]]] = {}
"""(address, kind of manifest) → name → each manifest that was read there at the last look."""


class ManifestSource:
    """An export whose deliveries each have a manifest.

    Args:
        pattern: of the paths of manifests; what comes before a match is the export's own folder.
        period_of: the billing period or span of days of a match, as it is named to people.
        read: what one says.
        newest_of: the newest of a period's manifests where that can be told without reading them; else all are read.
    """

    def __init__(
        self,
        place: Place,
        pattern: re.Pattern[str],
        period_of: Callable[[re.Match[str]], str],
        read: Read,
        newest_of: Callable[[list[Found]], Found] | None = None,
    ) -> None:
        self._place, self._pattern, self._period_of = place, pattern, period_of
        self._read, self._newest_by_path = read, newest_of
        self._seen: dict[str, tuple[Found, Manifest]] = {}

    def offered(self, now: datetime) -> Offered:
        """The newest delivery of each period, ready or not."""
        files = {found.name: found for found in self._place.files()}
        matches = {name: match for name in files if (match := self._pattern.search(name))}
        if not matches:
            raise _without_manifest(files.values())
        if len(roots := sorted({name[: match.start()] for name, match in matches.items()})) > 1:
            more = f" and {len(roots) - 3:,} more" if len(roots) > 3 else ""
            raise SourceFailed(
                f"There is more than one export at this path: {', '.join(root or '.' for root in roots[:3])}{more}.",
                "Make a source of each, with the `path:` of its own folder.",
            )
        manifests: dict[str, list[Found]] = {}
        for name, match in matches.items():
            manifests.setdefault(self._period_of(match), []).append(files[name])
        key = self._place.address, self._pattern.pattern
        self._seen = _known.get(key, {})
        ready, waiting = [], []
        for period, candidates in sorted(manifests.items()):
            try:
                ready.append(self._offer(period, candidates, files))
            except NoManifest as problem:
                waiting.append(Waiting(period, str(problem)))
        _known[key] = {name: known for name, known in self._seen.items() if name in files}
        return Offered(tuple(ready), tuple(waiting))

    def fetch(self, offer: Offer, folder: Path) -> Fetched:
        """Every data file of a delivery; raises SourceFailed where it is not what was offered any more."""
        self._check_unchanged(offer)
        fetched = fetch_all(self._place, offer.files, folder)
        self._check_unchanged(offer)
        return Fetched(tuple(fetched), names=fetched)

    def _check_unchanged(self, offer: Offer) -> None:
        names = (offer.manifest, *offer.files)
        folders = {name[: name.rfind("/") + 1] for name in names}
        files = {found.name: found for folder in folders for found in self._place.files(folder)}
        if any(name not in files for name in names) or _mark(offer.manifest, offer.files, files) != offer.mark:
            raise SourceFailed(f"{offer.name} changed while it was fetched.", "It is fetched again next time.")

    def lacking(self) -> list[str]:
        """What is not allowed."""
        return self._place.lacking()

    def _offer(self, period: str, candidates: list[Found], files: Mapping[str, Found]) -> Offer:
        if self._newest_by_path:
            candidates = [self._newest_by_path(candidates)]
        found, manifest = self._newest_of(candidates)
        names = [self._data_file(address, size, files) for address, size in manifest.files]
        if not names:
            raise NoManifest(f"{found.name} names no data file.")
        if twice := [name for name in names if names.count(name) > 1]:
            raise NoManifest(f"{found.name} names {twice[0]} twice; read twice it would count twice.")
        if isinstance(self._place, Bucket) and (late := [n for n in names if files[n].changed_at > found.changed_at]):
            raise NoManifest(f"{late[0]} is newer than its manifest: the next delivery is under way.")
        size = sum(files[name].size for name in names)
        return Offer(period, _mark(found.name, names, files), tuple(names), size, manifest=found.name)

    def _newest_of(self, candidates: list[Found]) -> tuple[Found, Manifest]:
        """The newest manifest of a period; raises NoManifest where one that cannot be read may be newer."""
        read: list[tuple[Found, Manifest]] = []
        damaged: list[tuple[Found, NoManifest]] = []
        for each in candidates:
            try:
                read.append((each, self._parsed(each)))
            except NoManifest as problem:
                damaged.append((each, problem))
        written_last = max((each.changed_at for each, _ in read), default=None)
        for each, reason in damaged:
            if written_last is None or each.changed_at >= written_last:
                raise reason
        return max(read, key=lambda pair: pair[1].written_at)

    def _parsed(self, found: Found) -> Manifest:
        """What a manifest says; it is not read again while it has the same mark."""
        if (known := self._seen.get(found.name)) and known[0] == found:
            return known[1]
        try:
            content = json.loads(self._place.read(found.name).decode("utf-8-sig"))
        except ValueError:
            raise NoManifest(f"{found.name} is not whole JSON: it is being written, or damaged.") from None
        if not isinstance(content, Mapping):
            raise NoManifest(f"{found.name} is no manifest.")
        try:
            manifest = self._read(found, content)
        except (KeyError, TypeError, AttributeError):
            raise NoManifest(f"{found.name} does not hold what a manifest holds.") from None
        self._seen[found.name] = found, manifest
        return manifest

    def _data_file(self, address: str, size: int | None, files: Mapping[str, Found]) -> str:
        name = self._place.name_of(address)
        if name is None or name not in files:
            raise NoManifest(f"the manifest names {address}, which is not there.")
        if size is not None and files[name].size != size:
            raise NoManifest(f"{name} has {files[name].size:,} bytes where the manifest says {size:,}.")
        return name


def _without_manifest(files: Collection[Found]) -> SourceFailed:
    if not files:
        return SourceFailed("There is no file here yet.", "The first delivery writes some; check the path until then.")
    newest = max(files, key=lambda found: (found.changed_at, found.name))
    said = f"There is no manifest of this kind yet; the newest file here is {newest.name}."
    return SourceFailed(said, "The first delivery writes one. Is it another `kind:`, or another folder's `path:`?")


def _mark(manifest: str, names: Iterable[str], files: Mapping[str, Found]) -> str:
    """Of a delivery: another one whenever its manifest or one of its files is another."""
    marks = "\n".join((files[manifest].mark, *(f"{name} {files[name].mark}" for name in names)))
    return hashlib.sha256(marks.encode()).hexdigest()[:32]
