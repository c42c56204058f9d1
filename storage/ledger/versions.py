"""Where the ledger keeps its versions, and the manifest beside each."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finops.errors import ConfigurationRefused

EXPORT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a version, and its rollup.

    Attributes:
        rows_file: the bill's rows, all columns: as delivered where that was Parquet of one billing period. Where the
            bill stays elsewhere, the rollup as it came from there.
        groups_file: their rollup (charges.groups_sql).
        source: name of the delivered file.
        source_bytes: size of the delivered file.
        source_sha256: of the delivered file's bytes; two deliveries of the same bytes are the same part.
        rows_sha256, groups_sha256: of the two files here, recomputed by `finops ledger verify`.
        focus_version: as recognised.
        rows: number of rows.
        source_periods: every billing period that the delivered file holds.
        rules_sha256: of the mapping file by which it became FOCUS; empty where its columns told what it is.
        rows_at: where the bill's own rows are, 'postgresql: billing.focus'; '' where they are here.
    """

    rows_file: str
    groups_file: str
    source: str
    source_bytes: int
    source_sha256: str
    rows_sha256: str
    groups_sha256: str
    focus_version: str
    rows: int
    source_periods: tuple[str, ...] = ()
    rules_sha256: str = ""
    rows_at: str = ""

    @property
    def origin(self) -> tuple[str, str]:
        """What it was made of; the same bytes read by the same rules are the same part."""
        return self.source_sha256, self.rules_sha256


@dataclass(frozen=True, slots=True)
class Version:
    """One delivered version of one billing period of one export; never changed once written.

    Attributes:
        folder: where its files lie.
        delivered_at: ISO 8601, UTC.
    """

    export: str
    billing_period: str
    version: int
    delivered_at: str
    parts: tuple[Part, ...]
    folder: Path

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def origins(self) -> frozenset[tuple[str, str]]:
        """What its parts were made of."""
        return frozenset(part.origin for part in self.parts)

    @property
    def rows_at(self) -> str:
        """Where the bill's own rows are; '' where they are here."""
        return ", ".join(sorted({part.rows_at for part in self.parts if part.rows_at}))

    def groups(self) -> list[Path]:
        """The rollup files."""
        return [self.folder / part.groups_file for part in self.parts]


class Ledger:
    """A folder of versions: `<export>/<billing period>/v0001/…`, written beside and renamed into place.

    Args:
        root: the ledger's folder; made on first use.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

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
            stored = json.loads((folder / "manifest.json").read_text())
            parts = tuple(_part(part) for part in stored.pop("parts"))
        except (FileNotFoundError, ValueError, KeyError):
            raise ConfigurationRefused(
                f"The ledger {self.root} has no {export} {billing_period} version {version}, which the database names.",
                "Check FINOPS_LEDGER, or ingest the export again.",
            ) from None
        return Version(**stored, parts=parts, folder=folder)

    def next_number(self, export: str, billing_period: str) -> int:
        """The number a new version gets: one more than any there, published or abandoned."""
        return max(self._numbers(export, billing_period), default=0) + 1

    def keep(self, staged: Path, version: Version) -> Version:
        """Move a finished staging folder into place with its manifest, durably, and return the version in its place."""
        manifest = asdict(version)
        del manifest["folder"]
        (staged / "manifest.json").write_text(json.dumps(manifest, indent=1))
        for file in staged.iterdir():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
            file.chmod(0o444)
        _sync_folder(staged)
        target = self._folder(version.export, version.billing_period) / f"v{version.version:04d}"
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.rename(target)
        _sync_folder(target.parent)
        return Version(**{**manifest, "parts": version.parts, "folder": target})

    def name_current(self, export: str, billing_period: str, version: int) -> None:
        """Write which version is current, for readers without the state database, which decides."""
        folder = self._folder(export, billing_period)
        if self._named_current(folder) == version:
            return
        beside = folder / ".current.json"
        beside.write_text(json.dumps({"version": version}))
        beside.replace(folder / "current.json")

    @staticmethod
    def _named_current(folder: Path) -> int:
        """The number in current.json, 0 where there is none."""
        try:
            return int(json.loads((folder / "current.json").read_text())["version"])
        except (FileNotFoundError, ValueError, KeyError):
            return 0

    def discard_abandoned(self, export: str, published: Mapping[str, int]) -> None:
        """Remove versions that an ingest left behind when it ended before they were published.

        Args:
            published: billing period → version, as the state database names them. What current.json names or came
                before is kept all the same: the database may be an older one that was restored.
        """
        for folder in (self.root / checked_export(export)).glob("????-??"):
            newest = max(published.get(folder.name, 0), self._named_current(folder))
            for number in self._numbers(export, folder.name):
                if number > newest:
                    shutil.rmtree(folder / f"v{number:04d}", ignore_errors=True)

    def damaged(self, version: Version) -> Iterator[Path]:
        """Files of a version whose SHA-256 is no longer the one in its manifest, or which are gone."""
        for part in version.parts:
            for name, expected in ((part.rows_file, part.rows_sha256), (part.groups_file, part.groups_sha256)):
                path = version.folder / name
                if not path.exists() or sha256(path) != expected:
                    yield path

    def _folder(self, export: str, billing_period: str) -> Path:
        return self.root / checked_export(export) / billing_period

    def numbers(self, export: str, billing_period: str) -> list[int]:
        """Numbers of the versions that are kept, in order."""
        return sorted(self._numbers(export, billing_period))

    def _numbers(self, export: str, billing_period: str) -> list[int]:
        folder = self._folder(export, billing_period)
        return [int(match[1]) for path in folder.glob("v*") if (match := re.fullmatch(r"v(\d{4,})", path.name))]


def checked_export(name: str) -> str:
    """An export's name, safe as a folder's; raises ConfigurationRefused otherwise."""
    if not EXPORT_NAME.fullmatch(name):
        raise ConfigurationRefused(
            f"'{name}' cannot name an export.", "Use letters, digits, '.', '_' and '-', for example aws-focus."
        )
    return name


def _part(stored: dict[str, Any]) -> Part:
    return Part(**{**stored, "source_periods": tuple(stored.get("source_periods", ()))})


def _sync_folder(folder: Path) -> None:
    """Make renames inside a folder survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """A file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
