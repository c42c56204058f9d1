"""What was read from a bucket, kept on this machine under the SHA-256 of its content; shared by its processes."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.ledger.versions import LedgerFailed, sha256

IN_USE = 3600
"""Seconds in which a file that was asked for may still be read, and is not evicted."""


class Cache:
    """A folder of files that can be had again; those used longest ago go where it holds too much.

    Args:
        root: the folder; made on first use.
        most_bytes: what it may hold, aside from what was asked for within the last hour.
    """

    def __init__(self, root: Path, most_bytes: int) -> None:
        self.root, self.most_bytes = root, most_bytes

    @property
    def workspace(self) -> Path:
        """Folder for unfinished work, on the same file system so that a rename is atomic."""
        with self.usable():
            return self._folder(".work")

    def file(self, checksum: str, fetch: Callable[[Path], None]) -> Path:
        """The file of a SHA-256, fetched where it is not here yet.

        Args:
            fetch: writes it to a path.

        Raises:
            LedgerFailed: the cache cannot be written, or what was fetched has another SHA-256.
        """
        name = f"{checksum}.parquet"
        if found := self.find(name):
            return found
        with self.usable():
            beside = self._beside()
            try:
                fetch(beside)
                if sha256(beside) != checksum:
                    raise LedgerFailed(
                        "A file of the ledger is not what was delivered.",
                        "`finops ledger verify` names it; ingest that export again.",
                    )
                return self.take(beside, name)
            finally:
                beside.unlink(missing_ok=True)

    def find(self, name: str) -> Path | None:
        """A file that is here, noted as used now."""
        with self.usable(), self._locked(fcntl.LOCK_SH):
            path = self._folder("files") / name
            try:
                with suppress(PermissionError):  # of another account, which is as good to read
                    os.utime(path)
            except FileNotFoundError:
                return None
            return path

    def take(self, path: Path, name: str, *, is_read: bool = True) -> Path:
        """Move a whole file in, durably, and make room for it.

        Args:
            is_read: whoever gives it reads it now; else it may be evicted at once.
        """
        with self.usable():
            with path.open("rb") as opened:
                os.fsync(opened.fileno())
            path.chmod(0o444)
            target = self._folder("files") / name
            path.replace(target)
            with self._locked(fcntl.LOCK_EX) as now:
                age = 0 if is_read else IN_USE + 1
                os.utime(target, (now - age, now - age))
                self._evict(now)
            return target

    def write(self, name: str, content: str) -> None:
        """Keep a small text."""
        with self.usable():
            beside = self._beside()
            try:
                beside.write_text(content)
                self.take(beside, name)
            finally:
                beside.unlink(missing_ok=True)

    @contextmanager
    def usable(self) -> Iterator[None]:
        """Say that it is the cache where its disk is full or cannot be written."""
        try:
            yield
        except OSError as error:
            raise LedgerFailed(
                f"The ledger's cache {self.root} cannot be written ({error.strerror or error}).",
                "Give it space and rights, or set FINOPS_LEDGER_CACHE to another folder.",
            ) from None

    def _beside(self) -> Path:
        handle, name = tempfile.mkstemp(dir=self._folder(".work"), prefix="fetching-")
        os.close(handle)
        return Path(name)

    def _folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    @contextmanager
    def _locked(self, kind: int) -> Iterator[float]:
        """Hold the cache's lock, so that nothing is evicted between being found and being noted; gives the time."""
        with (self._folder(".work") / "cache.lock").open("a") as lock:
            fcntl.flock(lock, kind)
            with suppress(PermissionError):
                os.utime(lock.fileno())
            yield os.fstat(lock.fileno()).st_mtime

    def _evict(self, now: float) -> None:
        """Remove what was used longest ago, until the rest is no more than allowed; and what killed processes left."""
        for left in self._folder(".work").glob("fetching-*"):
            with suppress(FileNotFoundError):
                if now - left.stat().st_mtime > IN_USE:
                    left.unlink()
        seen = [(path.stat(), path) for path in self._folder("files").iterdir()]
        held = sum(found.st_size for found, _ in seen)
        for found, path in sorted(seen, key=lambda each: each[0].st_mtime):
            if held <= self.most_bytes or now - found.st_mtime < IN_USE:
                return
            path.unlink(missing_ok=True)
            held -= found.st_size
