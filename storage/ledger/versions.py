"""What a version of a billing period is, and what a ledger does with versions, wherever it lies."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from finops.errors import ConfigurationRefused, FinopsError

EXPORT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MANIFEST = "manifest.json"


class LedgerFailed(FinopsError):
    """The ledger's place does not answer, does not allow it, or has no space; what it holds is as it was."""


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
        cost: which of a provider's two costs its rows show, 'actual cost'; '' where there is one, or nothing tells.
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
    cost: str = ""

    @property
    def origin(self) -> tuple[str, str]:
        """What it was made of; the same bytes read by the same rules are the same part."""
        return self.source_sha256, self.rules_sha256


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file of a version as a bucket has it.

    Attributes:
        etag: another one whenever the object was written anew.
        bytes: its size.
    """

    etag: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Version:
    """One delivered version of one billing period of one export; never changed once written.

    Attributes:
        delivered_at: ISO 8601, UTC.
        file: name of one of its files → where it can be read; brought here first where it lies elsewhere.
        objects: name of a file → its object; empty where it is in no bucket, or was copied there by other means.
    """

    export: str
    billing_period: str
    version: int
    delivered_at: str
    parts: tuple[Part, ...]
    file: Callable[[str], Path] = field(compare=False, repr=False)
    objects: Mapping[str, StoredObject] = field(default_factory=dict)

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

    @property
    def checksums(self) -> dict[str, str]:
        """Name of each of its files → SHA-256."""
        rows = {part.rows_file: part.rows_sha256 for part in self.parts}
        return rows | {part.groups_file: part.groups_sha256 for part in self.parts}

    def groups(self) -> list[Path]:
        """The rollup files."""
        return [self.file(part.groups_file) for part in self.parts]

    def manifest(self) -> str:
        """The text of its manifest."""
        names = ("export", "billing_period", "version", "delivered_at")
        stored = {name: getattr(self, name) for name in names} | {"parts": [asdict(part) for part in self.parts]}
        if self.objects:
            stored["objects"] = {name: asdict(each) for name, each in self.objects.items()}
        return json.dumps(stored, indent=1)


def version_of(manifest: str, file: Callable[[str], Path]) -> Version:
    """The version that a manifest describes; raises ValueError or KeyError where it is none."""
    stored = json.loads(manifest)
    parts = tuple(_part(part) for part in stored.pop("parts"))
    objects = {name: StoredObject(**each) for name, each in stored.pop("objects", {}).items()}
    return Version(**stored, parts=parts, file=file, objects=objects)


class Ledger(Protocol):
    """Versions of delivered bills: `<export>/<billing period>/v0001/…`, each with its manifest."""

    @property
    def place(self) -> str:
        """Where it lies, as FINOPS_LEDGER names it."""

    @property
    def workspace(self) -> Path:
        """Folder of this machine for unfinished work."""

    def read(self, export: str, billing_period: str, version: int) -> Version:
        """A version by its number; raises ConfigurationRefused where the ledger has lost it."""

    def numbers(self, export: str, billing_period: str) -> list[int]:
        """Numbers of the versions that are kept, in order."""

    def holds(self) -> dict[str, int]:
        """Export → how many billing periods of it are kept, whatever a database knows of them."""

    def claim(self, export: str, billing_period: str, after: int) -> int:
        """A number for a new version that no other ingest gets: more than `after` and than any there."""

    def keep(self, staged: Path, version: Version) -> Version:
        """Take the files of a staging folder in, durably and the manifest last; returns the version in its place."""

    def name_current(self, export: str, billing_period: str, version: int, former: int) -> None:
        """Write which version is current, for readers without the state database, which decides.

        Args:
            former: the version that it replaced. What lies between the two can no longer be published, and goes.
        """

    def discard(self, export: str, billing_period: str, version: int) -> None:
        """Remove a version that was claimed and not published."""

    def discard_abandoned(self, export: str, published: Mapping[str, int]) -> None:
        """Remove versions that an ingest left behind when it ended before they were published.

        Args:
            published: billing period → version, as the state database names them. What current.json names or came
                before is kept all the same: the database may be an older one that was restored.
        """

    def suspect(self, version: Version) -> Iterator[str]:
        """Files of a version that are gone or changed, as far as can be told without fetching them."""

    def damaged(self, version: Version) -> Iterator[str]:
        """Files of a version whose SHA-256 is no longer the one in its manifest, or which are gone."""

    def lacking(self) -> list[str]:
        """What is not allowed or not there, each a sentence."""


def lost(place: str, export: str, billing_period: str, version: int) -> ConfigurationRefused:
    """The refusal of a ledger that has no such version."""
    return ConfigurationRefused(
        f"The ledger {place} has no {export} {billing_period} version {version}, which the database names.",
        "Check FINOPS_LEDGER, or ingest the export again.",
    )


def checked_export(name: str) -> str:
    """An export's name, safe as a folder's; raises ConfigurationRefused otherwise."""
    if not EXPORT_NAME.fullmatch(name):
        raise ConfigurationRefused(
            f"'{name}' cannot name an export.", "Use letters, digits, '.', '_' and '-', for example aws-focus."
        )
    return name


def _part(stored: dict[str, Any]) -> Part:
    return Part(**{**stored, "source_periods": tuple(stored.get("source_periods", ()))})


def sha256(path: Path) -> str:
    """A file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
