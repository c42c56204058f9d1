"""One file of a delivery: what it is, whether it is whole, and which FOCUS version its columns are."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from finops import focus
from finops.errors import DeliveryRefused

CHUNK = 1 << 20
ENDINGS = (".csv", ".csv.gz", ".parquet")
NOT_CSV = {
    b"\x1f\x8b": "gzip; name it .csv.gz",
    b"PAR1": "Parquet; name it .parquet",
    b"PK\x03\x04": "a ZIP archive; unpack it",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
}
"""First bytes of what is not CSV whatever its name says."""

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
        return self.path.name.lower().endswith(".parquet")

    @property
    def is_gzip(self) -> bool:
        """CSV.gz."""
        return self.path.name.lower().endswith(".gz")

    def open_text(self, errors: str = "strict") -> io.TextIOWrapper:
        """A CSV's text without its BOM; `errors` says what becomes of bytes that are not UTF-8."""
        if self.is_gzip:
            return gzip.open(self.path, "rt", encoding="utf-8-sig", errors=errors, newline="")
        return self.path.open(encoding="utf-8-sig", errors=errors, newline="")

    def header(self) -> list[str]:
        """A CSV's column names in the file's order; refuses none, unnamed or repeated ones."""
        with self.path.open("rb") as file:
            first = file.read(4)
        if not self.is_gzip and (kind := next((NOT_CSV[magic] for magic in NOT_CSV if first.startswith(magic)), None)):
            raise DeliveryRefused(f"{self.shown}: not CSV but {kind}.")
        try:
            with self.open_text("surrogateescape") as text:
                names = [name.strip() for name in next(csv.reader(text, strict=True), [])]
        except csv.Error as error:
            raise DeliveryRefused(f"{self.shown}, line 1: not CSV ({error}).") from None
        if not all(map(is_text, names)):
            raise DeliveryRefused(f"{self.shown}, line 1: not UTF-8.", mend="Save it as UTF-8.")
        _check_names(self.shown, names)
        return names


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


def find_files(paths: list[Path]) -> list[tuple[Path, str]]:
    """Every bill file under the given files and folders, each with the name it is shown by, in a fixed order.

    Files whose name begins with '.' or '_' are a writer's own and no bill.

    Raises:
        DeliveryRefused: a path does not exist, is no bill, or a folder holds none.
    """
    found: dict[Path, str] = {}
    for path in paths:
        if path.is_dir():
            inside = [
                file
                for file in sorted(path.rglob("*"))
                if file.name.lower().endswith(ENDINGS)
                and file.is_file()
                and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
            ]
            if not inside:
                raise DeliveryRefused(f"{path}: no .csv, .csv.gz or .parquet file in this folder.")
            found |= {file.resolve(): str(file.relative_to(path)) for file in inside}
        elif not path.is_file():
            raise DeliveryRefused(f"{path}: no such file or folder.")
        elif path.name.lower().endswith(ENDINGS):
            found[path.resolve()] = path.name
        else:
            raise DeliveryRefused(
                f"{path}: neither .csv, .csv.gz nor .parquet.",
                mend="Export the bill as one of these; a manifest or a list of columns beside it need not be named.",
            )
    for path in found:
        if not is_text(str(path)):
            name = str(path).encode(errors="replace").decode()
            raise DeliveryRefused(f"{name}: the name is not UTF-8.", mend="Rename it.")
    return list(found.items())


def is_text(name: str) -> bool:
    """Whether a text can be written down: bytes that are not UTF-8 are read as lone surrogates."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def digest(path: Path, shown: str, copy_to: Path | None = None, progress: Progress | None = None) -> BillFile:
    """Read a file once from end to end: its SHA-256, its gzip trailer tested, and optionally a copy of its bytes.

    Raises:
        DeliveryRefused: empty, or a gzip that is truncated or damaged (DuckDB does not check this).
    """
    seen, size = hashlib.sha256(), 0
    inflate = zlib.decompressobj(wbits=31) if path.name.lower().endswith(".gz") else None
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
            mend=(resembles or "It is not in FOCUS: have the provider export FOCUS 1.0 or newer.")
            if len(needed) > len(focus.ALWAYS_FILLED) // 2
            else f"The columns look like FOCUS {version}; see docs/howto/read-a-bill.md.",
        )
    if others and not lenient:
        raise DeliveryRefused(
            f"{shown}: read as FOCUS {version}, it lacks the mandatory column {', '.join(others)}.",
            mend="No figure needs it: `--lenient` reads the bill all the same and says what it lacks.",
        )
    return version, others
