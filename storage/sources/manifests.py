"""Deliveries that a manifest completes: only what the newest manifest of a billing period names is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from storage.sources.place import Bucket, Found, Place
from storage.sources.source import Fetched, Offer, Offered, SourceFailed, Waiting


class NoManifest(ValueError):
    """What looked like a manifest is none; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says.

    Attributes:
        period: the billing period or span of days, as it is named to people.
        order: the larger of two of a period is the newer.
        files: address of each data file → its bytes, None where the manifest does not say.
    """

    period: str
    order: tuple[str, ...]
    files: tuple[tuple[str, int | None], ...]


Read = Callable[[Found, Mapping[str, Any]], Manifest]
"""A manifest from where it was found and what it holds; raises NoManifest."""


class ManifestSource:
    """An export whose deliveries each have a manifest.

    Args:
        period_of: the period of a manifest, by its path alone; None for every other file.
        newest_by_path: order of a period's manifests by where they lie, where that tells; else all of them are read.
        read: what one says.
    """

    def __init__(
        self,
        place: Place,
        period_of: Callable[[str], str | None],
        read: Read,
        newest_by_path: Callable[[Found], tuple[str, ...]] | None = None,
    ) -> None:
        self._place, self._period_of, self._read, self._newest = place, period_of, read, newest_by_path

    def offered(self, now: datetime) -> Offered:
        """The newest delivery of each period, ready or not."""
        files = {found.name: found for found in self._place.files()}
        manifests: dict[str, list[Found]] = {}
        for found in files.values():
            if period := self._period_of(found.name):
                manifests.setdefault(period, []).append(found)
        if not manifests:
            raise SourceFailed("There is no manifest yet.", "The first delivery writes it; check the path until then.")
        ready, waiting = [], []
        for period, candidates in sorted(manifests.items()):
            try:
                ready.append(self._offer(period, candidates, files))
            except NoManifest as problem:
                waiting.append(Waiting(period, str(problem)))
        return Offered(tuple(ready), tuple(waiting))

    def fetch(self, offer: Offer, folder: Path) -> Fetched:
        """Every data file of a delivery."""
        marks = _marks(self._place, offer.files)
        fetched = []
        for number, name in enumerate(offer.files):
            target = folder / f"{number:04d}-{PurePosixPath(name).name}"
            self._place.fetch(name, target)
            fetched.append(target)
        if _marks(self._place, offer.files) != marks:
            raise SourceFailed(f"{offer.name} changed while it was fetched.", "It is fetched again next time.")
        return Fetched(tuple(fetched))

    def lacking(self) -> list[str]:
        """What is not allowed."""
        return self._place.lacking()

    def _offer(self, period: str, candidates: list[Found], files: Mapping[str, Found]) -> Offer:
        if self._newest:
            candidates = [max(candidates, key=self._newest)]
        found, manifest = self._newest_of(candidates)
        names = [self._data_file(address, size, files) for address, size in manifest.files]
        if not names:
            raise NoManifest(f"{found.name} names no data file.")
        if twice := [name for name in names if names.count(name) > 1]:
            raise NoManifest(f"{found.name} names {twice[0]} twice; read twice it would count twice.")
        if isinstance(self._place, Bucket) and (late := [n for n in names if files[n].changed_at > found.changed_at]):
            raise NoManifest(f"{late[0]} is newer than its manifest: the next delivery is under way.")
        marks = "\n".join((found.mark, *(f"{name} {files[name].mark}" for name in names)))
        mark = hashlib.sha256(marks.encode()).hexdigest()[:32]
        return Offer(manifest.period, mark, tuple(names), sum(files[name].size for name in names))

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
        return max(read, key=lambda pair: pair[1].order)

    def _parsed(self, found: Found) -> Manifest:
        try:
            content = json.loads(self._place.read(found.name).decode("utf-8-sig"))
        except ValueError:
            raise NoManifest(f"{found.name} is not whole JSON: it is being written, or damaged.") from None
        if not isinstance(content, Mapping):
            raise NoManifest(f"{found.name} is no manifest.")
        try:
            return self._read(found, content)
        except (KeyError, TypeError, AttributeError):
            raise NoManifest(f"{found.name} does not hold what a manifest holds.") from None

    def _data_file(self, address: str, size: int | None, files: Mapping[str, Found]) -> str:
        name = self._place.name_of(address)
        if name is None or name not in files:
            raise NoManifest(f"the manifest names {address}, which is not there.")
        if size is not None and files[name].size != size:
            raise NoManifest(f"{name} has {files[name].size:,} bytes where the manifest says {size:,}.")
        return name


def _marks(place: Place, names: Iterable[str]) -> dict[str, str]:
    wanted = set(names)
    folders = {f"{PurePosixPath(name).parent}/".removeprefix("./") for name in wanted}
    return {found.name: found.mark for folder in folders for found in place.files(folder) if found.name in wanted}
