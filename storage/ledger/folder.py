"""A ledger in a folder of this machine, or of a disk that several share."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from storage.ledger.versions import MANIFEST, Version, checked_export, lost, sha256, version_of


class FolderLedger:
    """A folder of versions: `<export>/<billing period>/v0001/…`, written beside and renamed into place.

    Args:
        root: the ledger's folder; made on first use.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.root)

    @property
    def workspace(self) -> Path:
        """Folder for unfinished work, on the same file system so that a rename is atomic."""
        path = self.root / ".work"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def read(self, export: str, billing_period: str, version: int) -> Version:
        """A version by its number; raises ConfigurationRefused where the ledger has lost it."""
        folder = self._folder(export, billing_period) / f"v{version:04d}"
        try:
            return version_of((folder / MANIFEST).read_text(), folder.joinpath)
        except (FileNotFoundError, ValueError, KeyError):
            raise lost(self.place, export, billing_period, version) from None

    def numbers(self, export: str, billing_period: str) -> list[int]:
        """Numbers of the versions that are kept, in order."""
        folder = self._folder(export, billing_period)
        return sorted(int(match[1]) for path in folder.glob("v*") if (match := re.fullmatch(r"v(\d{4,})", path.name)))

    def holds(self) -> dict[str, int]:
        """Export → how many billing periods of it are kept, whatever a database knows of them."""
        found = {path.parents[1] for path in self.root.glob(f"[!.]*/*/v*/{MANIFEST}")}
        return dict(sorted(Counter(period.parent.name for period in found).items()))

    def claim(self, export: str, billing_period: str, after: int) -> int:
        """A number for a new version; the export's lock, which the ingest holds, keeps others from it."""
        return max([*self.numbers(export, billing_period), after]) + 1

    def keep(self, staged: Path, version: Version) -> Version:
        """Move a finished staging folder into place with its manifest, durably, and return the version in its place."""
        (staged / MANIFEST).write_text(version.manifest())
        for file in staged.iterdir():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
            file.chmod(0o444)
        _sync_folder(staged)
        target = self._folder(version.export, version.billing_period) / f"v{version.version:04d}"
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(target)
        _sync_folder(target.parent)
        return replace(version, file=target.joinpath)

    def name_current(self, export: str, billing_period: str, version: int, former: int) -> None:
        """Write current.json; nothing lies between the two versions where the lock was held."""
        folder = self._folder(export, billing_period)
        named = self._named_current(folder)
        if named == version:
            return
        for number in self.numbers(export, billing_period):
            if max(named, former) < number < version:
                self.discard(export, billing_period, number)
        beside = folder / ".current.json"
        beside.write_text(json.dumps({"version": version}))
        beside.replace(folder / "current.json")

    def discard(self, export: str, billing_period: str, version: int) -> None:
        """Remove a version that was not published."""
        shutil.rmtree(self._folder(export, billing_period) / f"v{version:04d}", ignore_errors=True)

    def discard_abandoned(self, export: str, published: Mapping[str, int]) -> None:
        """Remove what an ingest left behind: the lock says that none is under way."""
        for folder in (self.root / checked_export(export)).glob("????-??"):
            newest = max(published.get(folder.name, 0), self._named_current(folder))
            for number in self.numbers(export, folder.name):
                if number > newest:
                    self.discard(export, folder.name, number)

    def suspect(self, version: Version) -> Iterator[str]:
        """The same as damaged: reading a disk costs little."""
        return self.damaged(version)

    def damaged(self, version: Version) -> Iterator[str]:
        """Files of a version whose SHA-256 is no longer the one in its manifest, or which are gone."""
        for name, expected in version.checksums.items():
            path = version.file(name)
            if not path.exists() or sha256(path) != expected:
                yield str(path)

    def lacking(self) -> list[str]:
        """Whether the folder can be written."""
        try:
            probe = self.workspace / f"probe-{os.getpid()}"
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            return [f"The ledger {self.root} cannot be written ({error.strerror})."]
        return []

    @staticmethod
    def _named_current(folder: Path) -> int:
        """The number in current.json, 0 where there is none."""
        try:
            return int(json.loads((folder / "current.json").read_text())["version"])
        except (FileNotFoundError, ValueError, KeyError):
            return 0

    def _folder(self, export: str, billing_period: str) -> Path:
        return self.root / checked_export(export) / billing_period


def _sync_folder(folder: Path) -> None:
    """Make renames inside a folder survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
