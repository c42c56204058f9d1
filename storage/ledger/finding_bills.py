"""Which files of a delivery are bills, by their names and first bytes; and what is said of the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from finops.errors import DeliveryRefused
from storage.ledger.files_below import files_below

ENDINGS = (".csv", ".csv.gz", ".parquet")
MAY_HOLD_CHARGES = (
    *(".zip", ".gz", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz"),
    *(".tsv", ".xls", ".xlsx", ".jsonl", ".ndjson", ".orc", ".avro"),
)
"""Endings of files that are not read and may be part of a bill all the same: a folder that has some says so."""
GZIP = b"\x1f\x8b"


def find_files(paths: list[Path], names: Mapping[Path, str] = {}) -> list[tuple[Path, str]]:
    """Every bill file under the given files and folders, each with the name it is shown by, in a fixed order.

    Files whose name begins with '.' or '_' are a writer's own and no bill.

    Args:
        names: resolved path of a copy → the name by which it is shown; the others have their own.

    Raises:
        DeliveryRefused: a path does not exist, is no bill, or a folder holds none.
        OSError: a folder below cannot be read; without it the bill would be part of one.
    """
    found: dict[Path, str] = {}
    for path in paths:
        if path.is_dir():
            inside = [file for file, _ in files_below(path, of_people=True) if form_of(file)]
            if not inside:
                raise DeliveryRefused(
                    f"{path}: no .csv, .csv.gz or .parquet file in this folder.", mend=_unread_mend(unread([path]))
                )
            found |= {file.resolve(): names.get(file.resolve(), str(file.relative_to(path))) for file in inside}
        elif not path.is_file():
            raise DeliveryRefused(f"{path}: no such file or folder.")
        elif form_of(path):
            found[path.resolve()] = names.get(path.resolve(), path.name)
        else:
            raise DeliveryRefused(
                f"{names.get(path.resolve(), path)}: neither .csv, .csv.gz nor .parquet.",
                mend="Export the bill as one of these; a manifest or a list of columns beside it need not be named.",
            )
    for path in found:
        if not is_text(str(path)):
            name = str(path).encode(errors="replace").decode()
            raise DeliveryRefused(f"{name}: the name is not UTF-8.", mend="Rename it.")
    return list(found.items())


def unread(paths: list[Path]) -> list[str]:
    """Files in folders that are no bill by their names and may hold charges all the same, as they are shown."""
    inside = [(file, path) for path in paths if path.is_dir() for file, _ in files_below(path, of_people=True)]
    return [str(file.relative_to(path)) for file, path in inside if may_hold_charges(file.name) and not form_of(file)]


def unread_remark(names: list[str]) -> list[str]:
    """What is said where files that may hold charges are not read."""
    if not names:
        return []
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    shown = ", ".join(names[:3])
    return [f"{shown}{more}: not read, as only .csv, .csv.gz and .parquet are; what it holds is in no figure."]


def _unread_mend(names: list[str]) -> str:
    """What to do with a folder that has no bill, and files that are not read."""
    if not names:
        return ""
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    is_workbook = all(name.lower().endswith((".xls", ".xlsx")) for name in names)
    form = "save it as CSV UTF-8" if is_workbook else "deliver it as one of these"
    return f"There is only {', '.join(names[:3])}{more}, which is not read: {form}."


def form_of(path: Path) -> str:
    """Which of ENDINGS a file is, '' for no bill: by its name, and where it has no ending, by its first bytes."""
    name = path.name.lower()
    if known := next((ending for ending in reversed(ENDINGS) if name.endswith(ending)), ""):
        return known
    if not may_be_bill(name) or not path.is_file():
        return ""
    with path.open("rb") as file:
        first = file.read(4)
    return ".parquet" if first == b"PAR1" else ".csv.gz" if first.startswith(GZIP) else ""


def may_be_bill(name: str) -> bool:
    """Whether a file may be a bill, as far as its name tells."""
    lowered = name.rpartition("/")[2].lower()
    bare = lowered.removesuffix(".gz")
    return lowered.endswith(ENDINGS) or "." not in bare


def may_hold_charges(name: str) -> bool:
    """Whether a file that is no bill by its name may be part of one."""
    return name.lower().endswith(MAY_HOLD_CHARGES) and not may_be_bill(name)


def is_text(name: str) -> bool:
    """Whether a text can be written down: bytes that are not UTF-8 are read as lone surrogates."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)
