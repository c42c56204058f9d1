"""Bills in a folder, or a bucket without manifests: every file there together is one delivery."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from finops.errors import ConfigurationRefused
from storage.ledger.bill_file import may_be_bill, may_hold_charges, unread_remark
from storage.sources.place import Folder, Found, place_of
from storage.sources.source import Fetched, Offer, Offered, SourceFailed, SourceKind

ALL = "all files"


class FolderSource:
    """Every bill below a path.

    Args:
        path: a file, a folder, or a URL.
        rules: a mapping file (storage.ledger.rules_file) by which each of them becomes FOCUS; none where empty.
        lenient: 'true' where they may lack mandatory columns which no figure needs.
    """

    def __init__(self, path: str, rules: str = "", lenient: str = "") -> None:
        self.path, self._place = path, place_of(path)
        self._rules = Path(rules) if rules else None
        self._lenient = lenient.lower() == "true"

    def offered(self, now: datetime) -> Offered:
        """All of it as one delivery; a local folder is always read, as reading what is known costs little."""
        if isinstance(self._place, Folder):
            return Offered((Offer(ALL, "", ()),))
        found = [each for each in self._of_people() if may_be_bill(each.name)]
        if not found:
            raise SourceFailed(f"{self.path}: there is no .csv, .csv.gz or .parquet file.", "Check the path.")
        marks = "\n".join([*(f"{each.name} {each.mark}" for each in found), self._rules_mark()])
        mark = hashlib.sha256(marks.encode()).hexdigest()[:32]
        return Offered((Offer(ALL, mark, tuple(each.name for each in found), sum(each.size for each in found)),))

    def fetch(self, offer: Offer, folder: Path) -> Fetched:
        """Where they lie, or copies of them."""
        if isinstance(self._place, Folder):
            return Fetched((self._place.root,), rules=self._rules, lenient=self._lenient)
        for name in offer.files:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            self._place.fetch(name, target)
        unread = [each.name for each in self._of_people() if may_hold_charges(each.name)]
        return Fetched((folder,), tuple(unread_remark(unread)), self._rules, self._lenient)

    def lacking(self) -> list[str]:
        """What is not there or not allowed, and what is wrong with the mapping file."""
        return [*self._place.lacking(), *self._rules_faults()]

    def _of_people(self) -> list[Found]:
        """Every file but those that a writer keeps for itself."""
        return [
            each
            for each in self._place.files()
            if not any(part.startswith((".", "_")) for part in each.name.split("/"))
        ]

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


def _fault(given: Mapping[str, object]) -> str:
    """What is wrong with the keys of finops.yaml."""
    return "" if str(given.get("lenient", "false")).lower() in ("true", "false") else "takes true or false for lenient"


SOURCE = SourceKind(
    "FOCUS or native bills in a folder or bucket; all files there are one delivery",
    FolderSource,
    {
        "path": "file, folder, s3://, abfss:// or gs:// address",
        "rules": "mapping file that says how a CSV or Parquet of any other columns becomes FOCUS",
        "lenient": "`true` where FOCUS bills may lack mandatory columns that no figure needs, as Google's export does",
    },
    check=_fault,
)
