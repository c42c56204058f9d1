"""Bills in a folder, or a bucket without manifests: every file there together is one delivery."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from finops.errors import ConfigurationRefused
from storage.ledger.files_below import files_below
from storage.ledger.finding_bills import may_be_bill, may_hold_charges, unread_remark
from storage.sources.place import Folder, Found, fetch_all, local_faults, place_of
from storage.sources.source import Fetched, Offer, Offered, SourceFailed, SourceKind, Waiting

ALL = "all files"
YOUNG = timedelta(minutes=2)
"""Since it was last written, a file of this machine may still be under way."""
STILL_SECONDS = 5.0
"""How long nothing of a young delivery may change until it counts as whole."""


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
        if not isinstance(self._place, Folder):
            return Offered((self._all_of_it(),))
        if under_way := self._being_written(self._place.root, now):
            return Offered((), (Waiting(ALL, f"{under_way} is still being written."),))
        return Offered((Offer(ALL, "", ()),))

    def fetch(self, offer: Offer, folder: Path) -> Fetched:
        """Where they lie, or copies of them; raises SourceFailed where they are not what was offered any more."""
        if isinstance(self._place, Folder):
            return Fetched((self._place.root,), rules=self._rules, lenient=self._lenient)
        self._check_unchanged(offer)
        names = fetch_all(self._place, offer.files, folder)
        self._check_unchanged(offer)
        unread = [each.name for each in self._of_people() if may_hold_charges(each.name)]
        return Fetched((folder,), tuple(unread_remark(unread)), self._rules, self._lenient, names)

    def lacking(self) -> list[str]:
        """What is not there or not allowed, and what is wrong with the mapping file."""
        return [*self._place.lacking(), *self._rules_faults()]

    def _all_of_it(self) -> Offer:
        found = [each for each in self._of_people() if may_be_bill(each.name)]
        if not found:
            raise SourceFailed(f"{self.path}: there is no .csv, .csv.gz or .parquet file.", "Check the path.")
        marks = "\n".join([*(f"{each.name} {each.mark}" for each in found), self._rules_mark()])
        mark = hashlib.sha256(marks.encode()).hexdigest()[:32]
        return Offer(ALL, mark, tuple(each.name for each in found), sum(each.size for each in found))

    def _check_unchanged(self, offer: Offer) -> None:
        if self._all_of_it() != offer:
            raise SourceFailed(f"{self.path} changed while it was fetched.", "It is fetched again next time.")

    def _being_written(self, root: Path, now: datetime) -> str:
        """The name of a file that grows, or has just come; '' where none does.

        A copy under way may end at a row's end, and then looks whole. Files that were written minutes ago are as they
        are; where one is younger, a second look tells, so that whoever drops a file and asks for the job need not wait.
        """
        first = _looked_at(root)
        if not any(abs(now - changed_at) < YOUNG for _size, changed_at in first.values()):
            return ""
        time.sleep(STILL_SECONDS)
        second = _looked_at(root)
        return next((name for name in {**first, **second} if first.get(name) != second.get(name)), "")

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


def _looked_at(root: Path) -> dict[str, tuple[int, datetime]]:
    """Size and time of each file, by its name."""
    with local_faults():
        found = files_below(root, of_people=True) if root.is_dir() else []
        if root.is_file():
            found.append((root, root.stat()))
    times = [(path, seen.st_size, datetime.fromtimestamp(seen.st_mtime, UTC)) for path, seen in found]
    return {str(path.relative_to(root) if path != root else path.name): (size, at) for path, size, at in times}


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
