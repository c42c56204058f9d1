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

    def open_text(self) -> io.TextIOWrapper:
        """A CSV's text without its BOM."""
        raw = gzip.open(self.path, "rb") if self.is_gzip else self.path.open("rb")
        return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")  # type: ignore[type-var]

    def header(self) -> list[str]:
        """A CSV's column names in the file's order; refuses none, unnamed or repeated ones."""
        try:
            with self.open_text() as text:
                names = [name.strip() for name in next(csv.reader(text), [])]
        except UnicodeDecodeError as error:
            raise DeliveryRefused(f"{self.shown}, line 1: not UTF-8 ({error.reason}).") from None
        if not any(names):
            raise DeliveryRefused(f"{self.shown}: no header line.")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise DeliveryRefused(f"{self.shown}, line 1: column {', '.join(twice)} stands twice.")
        return names


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
        elif not path.exists():
            raise DeliveryRefused(f"{path}: no such file or folder.")
        elif path.name.lower().endswith(ENDINGS):
            found[path.resolve()] = path.name
        else:
            raise DeliveryRefused(f"{path}: neither .csv, .csv.gz nor .parquet.")
    return list(found.items())


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
    if inflate and not inflate.eof:
        raise DeliveryRefused(f"{shown}: the gzip ends too early.", mend="Fetch the file again.")
    return BillFile(path, shown, seen.hexdigest(), size)


def _inflated(inflate: zlib._Decompress, chunk: bytes) -> zlib._Decompress:
    """Feed a chunk, starting anew where one gzip member ends and another begins."""
    while chunk:
        if inflate.eof:
            inflate = zlib.decompressobj(wbits=31)
        inflate.decompress(chunk)
        chunk = inflate.unused_data
    return inflate


def check_columns(shown: str, names: list[str], lenient: bool) -> tuple[str, list[str]]:
    """The FOCUS version of a bill's columns, and the mandatory ones it may do without when read leniently.

    Raises:
        DeliveryRefused: a column is missing that no figure can do without, or any mandatory one unless lenient.
    """
    version = focus.recognise(names)
    needed, others = focus.missing(names, version)
    if needed:
        raise DeliveryRefused(
            f"{shown}: not a usable FOCUS bill, it has no column {', '.join(needed)}.",
            mend=f"The columns look like FOCUS {version}; see docs/howto/read-a-bill.md.",
        )
    if others and not lenient:
        raise DeliveryRefused(
            f"{shown}: read as FOCUS {version}, it lacks the mandatory column {', '.join(others)}.",
            mend="No figure needs it: `--lenient` reads the bill all the same and says what it lacks.",
        )
    return version, others
