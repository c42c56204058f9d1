"""One file of a delivery: what it is, whether it is whole, and which FOCUS version its columns are."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from finops import focus
from finops.errors import DeliveryRefused
from storage.ledger.finding_bills import GZIP, form_of, is_text

CHUNK = 1 << 20
ZIP = b"PK\x03\x04"
WORKBOOK = "an Excel workbook; save it as CSV UTF-8"
NOT_CSV = {
    GZIP: "gzip; name it .csv.gz",
    b"PAR1": "Parquet; name it .parquet",
    ZIP: "a ZIP archive; unpack it",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
}
"""First bytes of what is not CSV whatever its name says."""
MARKUP = {"<": "a web page or XML, as a failed download leaves it", "{": "JSON", "[": "JSON"}
"""First letter of a text that is not CSV → what it is."""
TAG_COLUMNS = ("resourcetags/", "resource_tags_", "tags/")
"""How names of columns begin that hold one tag each, as AWS and Oracle write them."""
TITLES = 20
"""Lines in which the header is looked for where others stand above it."""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class BillFile:
    """A file of a delivery that was found whole.

    Attributes:
        path: where it lies.
        shown: its name in messages, relative to what was asked for.
        sha256: of its bytes as delivered.
        size: in bytes.
    """

    path: Path
    shown: str
    sha256: str
    size: int

    @property
    def is_parquet(self) -> bool:
        """Parquet, else CSV."""
        return form_of(self.path) == ".parquet"

    @property
    def is_gzip(self) -> bool:
        """CSV.gz."""
        return form_of(self.path) == ".csv.gz"

    def open_text(self, errors: str = "strict") -> io.TextIOWrapper:
        """A CSV's text without its BOM; `errors` says what becomes of bytes that are not UTF-8."""
        if self.is_gzip:
            return gzip.open(self.path, "rt", encoding="utf-8-sig", errors=errors, newline="")
        return self.path.open(encoding="utf-8-sig", errors=errors, newline="")

    def header(self) -> list[str]:
        """A CSV's column names in the file's order; refuses none, unnamed or repeated ones."""
        with self.path.open("rb") as file:
            first = file.read(CHUNK)
        if not self.is_gzip and (kind := next((NOT_CSV[magic] for magic in NOT_CSV if first.startswith(magic)), None)):
            kind = WORKBOOK if first.startswith(ZIP) and b"[Content_Types].xml" in first else kind
            raise DeliveryRefused(f"{self.shown}: not CSV but {kind}.")
        try:
            with self.open_text("surrogateescape") as text:
                begins = text.read(2)
                text.seek(0)
                names = [name.strip("\ufeff \t\r\n") for name in next(csv.reader(text, strict=True), [])]
        except csv.Error as error:
            raise DeliveryRefused(f"{self.shown}, line 1: not CSV ({error}).") from None
        if self.is_gzip and begins.encode(errors="surrogateescape") == GZIP:
            raise DeliveryRefused(f"{self.shown}: gzip within gzip.", mend="Unpack it once.")
        if any("\0" in name for name in names):
            raise DeliveryRefused(f"{self.shown}: not CSV but UTF-16 text; save it as UTF-8.")
        if not all(map(is_text, names)):
            raise DeliveryRefused(f"{self.shown}, line 1: not UTF-8.", mend="Save it as UTF-8.")
        if begins[:1] in MARKUP:
            raise DeliveryRefused(
                f"{self.shown}: not CSV but {MARKUP[begins[0]]}.", mend="Fetch the bill again, as CSV."
            )
        if len(list(filter(None, names))) < len(focus.ALWAYS_FILLED) and (line := self._line_of_header()):
            raise DeliveryRefused(
                f"{self.shown}: the header is in line {line}.",
                mend="Take out what stands above it, and deliver it again.",
            )
        names = _told_apart(names)
        _check_names(self.shown, names)
        return names

    def _line_of_header(self) -> int:
        """The line in which FOCUS columns are named where it is not the first, else 0."""
        with self.open_text("replace") as text:
            for number, line in zip(range(1, TITLES + 1), text, strict=False):
                names = next(csv.reader([line]), [])
                if number > 1 and len(names) >= len(focus.ALWAYS_FILLED) and all(map(_may_name_a_column, names)):
                    return number
        return 0


def _told_apart(names: list[str]) -> list[str]:
    """Names of columns that hold one tag each, those that differ in case alone told apart by spaces at their ends.

    AWS's tags have case: user:Team and user:team are two. Here spaces and case of a tag's key do not count.
    """
    found: list[str] = []
    seen: set[str] = set()
    for name in names:
        told = name
        while told.lower() in seen and name not in found and name.lower().startswith(TAG_COLUMNS):
            told += " "
        found.append(told)
        seen.add(told.lower())
    return found


def _may_name_a_column(name: str) -> bool:
    return name[:1].isalpha()


def _check_names(shown: str, names: list[str]) -> None:
    """Refuse a header by which no value could be found."""
    if not any(names):
        raise DeliveryRefused(f"{shown}: no header line.")
    if len(names) == 1 and (other := next((mark for mark in ";\t|" if mark in names[0]), None)):
        raise DeliveryRefused(f"{shown}, line 1: separated by {other!r}.", mend="Write it with commas, or as Parquet.")
    if not all(names):
        raise DeliveryRefused(f"{shown}, line 1: column {names.index('') + 1} has no name.")
    # Engines compare column names without case: of two that differ in nothing else one could not be read.
    lowered = [name.lower() for name in names]
    if twice := [name for name in names if lowered.count(name.lower()) > 1]:
        raise DeliveryRefused(f"{shown}: column {twice[0]} stands twice.")


def digest(path: Path, shown: str, copy_to: Path | None = None, progress: Progress | None = None) -> BillFile:
    """Read a file once from end to end: its SHA-256, its gzip trailer tested, and optionally a durable copy.

    Raises:
        DeliveryRefused: empty, or a gzip that is truncated or damaged (DuckDB does not check this).
    """
    seen, size = hashlib.sha256(), 0
    inflate = zlib.decompressobj(wbits=31) if form_of(path) == ".csv.gz" else None
    with path.open("rb") as file:
        first = file.read(4)
    if inflate and (
        kind := next((NOT_CSV[magic] for magic in NOT_CSV if first.startswith(magic) and magic != GZIP), "")
    ):
        raise DeliveryRefused(f"{shown}: not gzip but {kind}.")
    copy = copy_to.open("wb") if copy_to else None
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                seen.update(chunk)
                size += len(chunk)
                if copy:
                    copy.write(chunk)
                if inflate:
                    inflate = _inflated(inflate, chunk)
                if progress:
                    progress(len(chunk))
        if copy:
            # The disk's wait falls beside other work here; where the copy is kept, nothing is left to wait for.
            copy.flush()
            os.fsync(copy.fileno())
    except zlib.error as error:
        raise DeliveryRefused(f"{shown}: damaged gzip ({error}).", mend="Fetch the file again.") from None
    finally:
        if copy:
            copy.close()
    if size == 0:
        raise DeliveryRefused(f"{shown}: the file is empty (0 bytes).", mend="Fetch the file again.")
    if inflate and not _ended(inflate):
        raise DeliveryRefused(f"{shown}: the gzip ends too early.", mend="Fetch the file again.")
    return BillFile(path, shown, seen.hexdigest(), size)


def _inflated(inflate: zlib._Decompress, chunk: bytes) -> zlib._Decompress:
    """Feed a chunk, starting anew where one gzip member ends and another begins."""
    while chunk:
        if inflate.eof:
            inflate = zlib.decompressobj(wbits=31)
        inflate.decompress(chunk, CHUNK)  # bounded: a small file may inflate to a thousand times its size
        chunk = inflate.unused_data or inflate.unconsumed_tail
    return inflate


def _ended(inflate: zlib._Decompress) -> bool:
    """Whether the last gzip member is complete, once what it still holds back is drained."""
    while not inflate.eof and inflate.decompress(b"", CHUNK):
        pass
    return inflate.eof


def _unknown(names: list[str]) -> str:
    """What to do with a bill of no known kind."""
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return (
        f"It is neither FOCUS nor a bill of AWS, Azure, GCP or OCI that is known by its columns (it has {shown}). "
        "Export it with English column names, or write a mapping: --rules "
        "(docs/howto/connect-a-source.md#bills-of-any-columns)."
    )


def check_columns(shown: str, names: list[str], lenient: bool, resembles: str) -> tuple[str, list[str]]:
    """The FOCUS version of a bill's columns, and the mandatory ones it may do without when read leniently.

    Args:
        resembles: what is said of a bill that may be of another known kind, '' for nothing.

    Raises:
        DeliveryRefused: a column is missing that no figure can do without, or any mandatory one unless lenient.
    """
    version = focus.recognise(names)
    needed, others = focus.missing(names, version)
    if needed:
        raise DeliveryRefused(
            f"{shown}: not a usable FOCUS bill, it has no column {', '.join(needed)}.",
            mend=(resembles or _unknown(names))
            if len(needed) > len(focus.ALWAYS_FILLED) // 2
            else f"The columns look like FOCUS {version}; see docs/howto/read-a-bill.md.",
        )
    if others and not lenient:
        raise DeliveryRefused(
            f"{shown}: read as FOCUS {version}, it lacks the mandatory column {', '.join(others)}.",
            mend="No figure needs it: `--lenient` reads the bill all the same and says what it lacks.",
        )
    return version, others
