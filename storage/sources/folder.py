"""Bills in a folder, or a bucket without manifests: every file there together is one delivery."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from finops.errors import ConfigurationRefused
from storage.ledger.bill_file import ENDINGS
from storage.sources.place import Folder, place_of
from storage.sources.source import Fetched, Offer, Offered, SourceFailed, SourceKind

ALL = "all files"


class FolderSource:
    """Every bill below a path.

    Args:
        path: a file, a folder, or a URL.
        rules: a mapping file (storage.ledger.rules_file) by which each of them becomes FOCUS; none where empty.
    """

    def __init__(self, path: str, rules: str = "") -> None:
        self.path, self._place = path, place_of(path)
        self._rules = Path(rules) if rules else None

    def offered(self, now: datetime) -> Offered:
        """All of it as one delivery; a local folder is always read, as reading what is known costs little."""
        if isinstance(self._place, Folder):
            return Offered((Offer(ALL, "", ()),))
        found = [each for each in self._place.files() if each.name.lower().endswith(ENDINGS)]
        found = [each for each in found if not any(part.startswith((".", "_")) for part in each.name.split("/"))]
        if not found:
            raise SourceFailed(f"{self.path}: there is no .csv, .csv.gz or .parquet file.", "Check the path.")
        marks = "\n".join([*(f"{each.name} {each.mark}" for each in found), self._rules_mark()])
        mark = hashlib.sha256(marks.encode()).hexdigest()[:32]
        return Offered((Offer(ALL, mark, tuple(each.name for each in found), sum(each.size for each in found)),))

    def fetch(self, offer: Offer, folder: Path) -> Fetched:
        """Where they lie, or copies of them."""
        if isinstance(self._place, Folder):
            return Fetched((self._place.root,), rules=self._rules)
        for name in offer.files:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            self._place.fetch(name, target)
        return Fetched((folder,), rules=self._rules)

    def lacking(self) -> list[str]:
        """What is not there or not allowed, and what is wrong with the mapping file."""
        return [*self._place.lacking(), *self._rules_faults()]

    def _rules_mark(self) -> str:
        """Another one whenever the mapping file is another; whether it can be used, reading the bills tells."""
        if self._rules is None or not self._rules.is_file():
            return ""
        return hashlib.sha256(self._rules.read_bytes()).hexdigest()

    def _rules_faults(self) -> list[str]:
        from storage.ledger.rules_file import read_rules  # loads DuckDB, which the web process does without

        try:
            if self._rules is not None:
                read_rules(self._rules)
        except ConfigurationRefused as refusal:
            return [str(refusal)]
        return []


SOURCE = SourceKind(
    "FOCUS or native bills in a folder or bucket; all files there are one delivery",
    FolderSource,
    {
        "path": "file, folder, s3://, abfss:// or gs:// address",
        "rules": "mapping file that says how a CSV or Parquet of any other columns becomes FOCUS",
    },
)
