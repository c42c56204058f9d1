"""Bills in a folder, or a bucket without manifests: every file there together is one delivery."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from storage.ledger.bill_file import ENDINGS
from storage.sources.place import Folder, place_of
from storage.sources.source import Offer, Offered, SourceFailed, SourceKind

ALL = "all files"


class FolderSource:
    """Every bill below a path.

    Args:
        path: a file, a folder, or a URL.
    """

    def __init__(self, path: str) -> None:
        self.path, self._place = path, place_of(path)

    def offered(self, now: datetime) -> Offered:
        """All of it as one delivery; a local folder is always read, as reading what is known costs little."""
        if isinstance(self._place, Folder):
            return Offered((Offer(ALL, "", ()),))
        found = [each for each in self._place.files() if each.name.lower().endswith(ENDINGS)]
        found = [each for each in found if not any(part.startswith((".", "_")) for part in each.name.split("/"))]
        if not found:
            raise SourceFailed(f"{self.path}: there is no .csv, .csv.gz or .parquet file.", "Check the path.")
        marks = "\n".join(f"{each.name} {each.mark}" for each in found)
        mark = hashlib.sha256(marks.encode()).hexdigest()[:32]
        return Offered((Offer(ALL, mark, tuple(each.name for each in found), sum(each.size for each in found)),))

    def fetch(self, offer: Offer, folder: Path) -> list[Path]:
        """Where they lie, or copies of them."""
        if isinstance(self._place, Folder):
            return [self._place.root]
        for name in offer.files:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            self._place.fetch(name, target)
        return [folder]

    def lacking(self) -> list[str]:
        """What is not there or not allowed."""
        return self._place.lacking()


SOURCE = SourceKind(
    "FOCUS or native bills in a folder or bucket; all files there are one delivery",
    FolderSource,
    {"path": "file, folder, s3://, abfss:// or gs:// address"},
)
