"""A ledger below a prefix of a bucket, shared by processes without a common disk.

Every object is written once, but for current.json. What makes a version readable, its manifest, is written last, by the
one ingest that claimed its number: both by conditional writes (If-None-Match), which the store decides.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

from storage.ledger.cache import Cache
from storage.ledger.objects import HOWTO, Forbidden, Listed, Objects
from storage.ledger.versions import MANIFEST, LedgerFailed, StoredObject, Version, checked_export, lost, version_of

CLAIM = "claim.json"
CURRENT = "current.json"
ABANDONED = 24 * 3600
"""Seconds after which an unpublished version is nobody's: another machine's ingest may be under way before."""
AT_ONCE = 8
"""Files that are sent or looked at together."""
_NAME = re.compile(r"(?P<period>\d{4}-\d{2})/v(?P<number>\d{4,})/(?P<file>[^/]+)")


class BucketLedger:
    """Versions as objects: `<export>/<billing period>/v0001/…`.

    Args:
        objects: below the ledger's prefix.
        cache: of this machine.
    """

    def __init__(self, objects: Objects, cache: Cache) -> None:
        self._objects, self._cache = objects, cache
        self._claims: dict[str, str] = {}

    @property
    def place(self) -> str:
        """Its s3:// address."""
        return self._objects.url

    @property
    def workspace(self) -> Path:
        """Folder for unfinished work, in the cache; raises LedgerFailed where it cannot be made."""
        return self._cache.workspace

    def read(self, export: str, billing_period: str, version: int) -> Version:
        """A version by its number, its manifest fetched where it is another than the one kept here.

        Raises:
            ConfigurationRefused: the ledger has lost it.
        """
        folder = _folder(export, billing_period, version)
        name = f"manifest-{hashlib.sha256(f'{self.place}/{folder}'.encode()).hexdigest()}.json"
        kept = self._kept(name)
        found = self._objects.get(folder + MANIFEST, unlike=kept[0])
        if found is None:
            raise lost(self.place, export, billing_period, version)
        content, etag = found
        try:
            manifest = content.decode() or kept[1]
            read = version_of(manifest, Path)
        except (ValueError, KeyError):
            raise lost(self.place, export, billing_period, version) from None
        if etag != kept[0]:
            self._cache.write(name, json.dumps([etag, manifest]))
        return self._placed(read)

    def numbers(self, export: str, billing_period: str) -> list[int]:
        """Numbers of the versions that are kept, in order: those that have their manifest."""
        return sorted(
            number for (_, number), found in self._listed(export, billing_period).items() if MANIFEST in found
        )

    def holds(self) -> dict[str, int]:
        """Export → how many billing periods of it are kept, whatever a database knows of them."""
        split = (each.key.split("/") for each in self._objects.listed(""))
        found = {tuple(parts[:2]) for parts in split if len(parts) == 4 and parts[3] == MANIFEST}
        return dict(sorted(Counter(export for export, _ in found).items()))

    def claim(self, export: str, billing_period: str, after: int) -> int:
        """A number for a new version, written down before anything else is; the store gives each to one ingest."""
        known = [number for _, number in self._listed(export, billing_period)]
        by = {"host": socket.gethostname(), "process": os.getpid(), "token": uuid.uuid4().hex}
        for number in count(max([*known, after]) + 1):
            folder = _folder(export, billing_period, number)
            if etag := self._objects.put(folder + CLAIM, json.dumps(by).encode()):
                self._claims[folder] = etag
                return number
        raise AssertionError  # numbers do not end

    def keep(self, staged: Path, version: Version) -> Version:
        """Upload a claimed version's files, then its manifest; they stay in the cache.

        Raises:
            LedgerFailed: a file did not arrive, or the claim was taken away meanwhile; nothing of it can be read.
        """
        folder = _folder(version.export, version.billing_period, version.version)
        checksums = version.checksums
        with ThreadPoolExecutor(AT_ONCE) as pool:
            arrived = pool.map(lambda name: self._objects.upload(staged / name, folder + name), checksums)
            objects = dict(zip(checksums, arrived, strict=True))
        kept = self._placed(replace(version, objects=objects))
        claim, manifest = self._objects.seen(folder + CLAIM), kept.manifest().encode()
        mine = claim is not None and claim.etag == self._claims.get(folder)
        # An answer that was lost is asked for again by boto3, and then the manifest is there: it may be this one.
        if not mine or not (self._objects.put(folder + MANIFEST, manifest) or self._is(folder + MANIFEST, manifest)):
            raise LedgerFailed(f"{self.place}/{folder} was taken away or taken by another ingest.", "Try again.")
        read_next = {part.groups_file for part in version.parts}
        for name, checksum in checksums.items():
            self._cache.take(staged / name, f"{checksum}.parquet", is_read=name in read_next)
        return kept

    def name_current(self, export: str, billing_period: str, version: int, former: int) -> None:
        """Write current.json, which never goes back; remove what was claimed since the former version in vain."""
        key = f"{checked_export(export)}/{billing_period}/{CURRENT}"
        while (found := self._named(key))[0] < version:
            named, etag = found
            for _, number in self._listed(export, billing_period):
                if max(named, former) < number < version:
                    self.discard(export, billing_period, number)
            if self._objects.put(key, json.dumps({"version": version}).encode(), former=etag):
                return

    def discard(self, export: str, billing_period: str, version: int) -> None:
        """Remove a version that was not published."""
        folder = _folder(export, billing_period, version)
        self._remove(each.key for each in self._objects.listed(folder))
        self._claims.pop(folder, None)

    def discard_abandoned(self, export: str, published: Mapping[str, int]) -> None:
        """Remove versions that nobody published within a day."""
        for (period, number), found in self._listed(checked_export(export)).items():
            newest = published.get(period, 0)
            if number <= newest or min(each.age for each in found.values()) < ABANDONED:
                continue
            if number > self._named(f"{export}/{period}/{CURRENT}")[0]:
                self._remove(each.key for each in found.values())

    def suspect(self, version: Version) -> Iterator[str]:
        """Files that are gone, or have another size or ETag than when they were written."""
        if not version.objects:  # copied here by other means: nobody knows what they were
            return self.damaged(version)
        folder = _folder(version.export, version.billing_period, version.version)
        return self._unlike(folder, version.objects, self._objects.seen)

    def damaged(self, version: Version) -> Iterator[str]:
        """Files whose SHA-256, of what the bucket has now, is not the one in the manifest, or which are gone."""
        folder = _folder(version.export, version.billing_period, version.version)
        return self._unlike(folder, version.checksums, self._objects.sha256)

    def lacking(self) -> list[str]:
        """Each permission that is refused, tried with a probe of its own; and whether the cache can be written."""
        said, probe = [], f".probe/{socket.gethostname()}"
        tries: tuple[Callable[[], object], ...] = (
            lambda: self._objects.listed(".probe/"),
            lambda: self._objects.put(probe, b"probe"),
            lambda: self._objects.get(probe),
            lambda: self._ignores_conditions(probe),
            lambda: self._objects.delete(probe),
        )
        try:
            self._cache.write("probe", "probe")
            for each in tries:
                try:
                    each()
                except Forbidden as refusal:
                    said.append(refusal.reason)
        except LedgerFailed as failed:
            said.append(failed.reason)
        return list(dict.fromkeys(said))

    def _ignores_conditions(self, probe: str) -> None:
        """Raise LedgerFailed where the store writes what it was told not to: two ingests could share a version."""
        if self._objects.put(probe, b"other") and self._objects.put(probe, b"other"):
            self._objects.delete(probe)
            raise LedgerFailed(f"{self.place} ignores If-None-Match: two ingests could write one version.", HOWTO)

    def _kept(self, name: str) -> tuple[str, str]:
        """ETag and text of a manifest in the cache, empty where there is none."""
        path = self._cache.find(name)
        try:
            etag, manifest = json.loads(path.read_text()) if path else ("", "")
        except ValueError:
            return "", ""
        return etag, manifest

    def _placed(self, version: Version) -> Version:
        """A version whose files are brought into the cache when they are asked for."""
        folder = _folder(version.export, version.billing_period, version.version)
        checksums = version.checksums

        def file(name: str) -> Path:
            return self._cache.file(checksums[name], partial(self._objects.download, folder + name))

        return replace(version, file=file)

    def _named(self, key: str) -> tuple[int, str]:
        """The number in a current.json and its ETag; 0 where there is none."""
        content, etag = self._objects.get(key) or (b"", "")
        try:
            return int(json.loads(content)["version"]), etag
        except (ValueError, KeyError):
            return 0, etag

    def _listed(self, export: str, period: str = "") -> dict[tuple[str, int], dict[str, Listed]]:
        """Billing period and number → the files of every version, published or not."""
        below = f"{checked_export(export)}/"
        found: dict[tuple[str, int], dict[str, Listed]] = defaultdict(dict)
        for each in self._objects.listed(below + (f"{period}/" if period else "")):
            if match := _NAME.fullmatch(each.key.removeprefix(below)):
                found[match["period"], int(match["number"])][match["file"]] = each
        return found

    def _remove(self, keys: Iterable[str]) -> None:
        """Delete a version: first what makes it readable, last what keeps its number from others."""
        last = {MANIFEST: -1, CLAIM: 1}
        for key in sorted(keys, key=lambda key: last.get(key.rsplit("/", 1)[-1], 0)):
            self._objects.delete(key)

    def _is(self, key: str, content: bytes) -> bool:
        found = self._objects.get(key)
        return found is not None and found[0] == content

    def _unlike(
        self,
        folder: str,
        expected: Mapping[str, StoredObject] | Mapping[str, str],
        look: Callable[[str], StoredObject | str | None],
    ) -> Iterator[str]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(lambda name: look(folder + name), expected))
        for (name, wanted), seen in zip(expected.items(), found, strict=True):
            if seen != wanted:
                yield f"{self.place}/{folder}{name}"


def _folder(export: str, billing_period: str, version: int) -> str:
    return f"{checked_export(export)}/{billing_period}/v{version:04d}/"
