"""One ingest of an export at a time: its lock, its folder for unfinished work, and what may go wrong around it."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from sqlalchemy.exc import DatabaseError, OperationalError

from finops.errors import DeliveryRefused
from storage.ledger.versions import LedgerFailed


class DeliveryFailed(DeliveryRefused):
    """A delivery was not taken in for a reason outside of it: no space, no memory, another ingest under way."""


OUTSIDE = (OSError, duckdb.IOException, duckdb.OutOfMemoryException)
"""What disk and memory raise; never the fault of a bill's content."""


@contextmanager
def outside_faults() -> Iterator[None]:
    """Turn what disk, memory, database and the ledger's place raise into DeliveryFailed."""
    try:
        yield
    except LedgerFailed as failed:
        raise DeliveryFailed(f"The delivery could not be taken in: {failed.reason}", mend=failed.mend) from None
    except (*OUTSIDE, DatabaseError) as error:
        cause = error.orig if isinstance(error, DatabaseError) else error
        # Of SQLite's file: malformed, or none of its own. What else a database refuses is this program's fault.
        damaged = type(cause) is sqlite3.DatabaseError
        if isinstance(error, DatabaseError) and not isinstance(error, OperationalError) and not damaged:
            raise
        # A server's words name its host and account, and this is shown in Slack; SQLite's name neither.
        served = isinstance(error, OperationalError) and not isinstance(cause, sqlite3.Error)
        words = "the database failed, see the log" if served else (str(cause).splitlines() or [""])[0][:200]
        raise DeliveryFailed(f"The delivery could not be taken in: {words}.", mend="Mend it and try again.") from error


@contextmanager
def workplace(workspace: Path, export: str) -> Iterator[Path]:
    """A fresh folder for unfinished work, under the export's lock; what a killed ingest left there is removed.

    Raises:
        DeliveryFailed: another ingest of the export holds the lock.
    """
    folder = workspace / export
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            reason = f"Another ingest of {export} is under way."
            raise DeliveryFailed(reason, mend="Try again when it has ended.") from None
        for left in folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(dir=folder))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)
