"""The files below a folder: every one of them or an error, never silently fewer."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""A file that was removed meanwhile, and links that lead nowhere or in a circle."""


def files_below(folder: Path, *, of_people: bool = False) -> list[tuple[Path, os.stat_result]]:
    """Every file below a folder with its size and times, by path; links to folders are not followed.

    Args:
        of_people: without what a writer keeps for itself: names that begin with '.' or '_', and all below such folders.

    Raises:
        OSError: a folder cannot be listed, or a file not be looked at. What may not be read is not the same as empty.
    """
    return sorted(_walked(folder, of_people), key=lambda found: found[0])


def _walked(folder: Path, of_people: bool) -> Iterator[tuple[Path, os.stat_result]]:
    def failed(error: OSError) -> None:
        raise error

    for below, folders, names in os.walk(folder, onerror=failed):
        if of_people:
            folders[:] = [name for name in folders if not _is_a_writers_own(name)]
            names = [name for name in names if not _is_a_writers_own(name)]
        for name in names:
            path = Path(below, name)
            try:
                seen = path.stat()
            except OSError as error:
                if error.errno not in GONE:
                    raise
                continue
            if stat.S_ISREG(seen.st_mode):
                yield path, seen


def _is_a_writers_own(name: str) -> bool:
    return name.startswith((".", "_"))
