"""Keeps the workspace's state over a restart, in one JSON file and a folder of uploads beside it."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

# Changes come in bursts; one write for all of them keeps a busy demo off the disk.
WRITE_DELAY = 0.1


class Store:
    """State and uploaded bytes, on disk below `path` or, without one, in memory only."""

    def __init__(self, path: Path | None) -> None:
        """Read what a former run left."""
        self._path = path
        self._bytes: dict[str, bytes] = {}
        self._pending: asyncio.TimerHandle | None = None
        self.state: dict[str, Any] = json.loads(path.read_text()) if path and path.exists() else {}

    def save_soon(self) -> None:
        """Write the state shortly; to be called on the sandbox's loop."""
        if self._path and self._pending is None:
            self._pending = asyncio.get_running_loop().call_later(WRITE_DELAY, self.save)

    def save(self) -> None:
        """Write the state now, whole or not at all."""
        if self._pending:
            self._pending.cancel()
            self._pending = None
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(self._path, json.dumps(self.state).encode())

    def put_file(self, file_id: str, content: bytes) -> None:
        """Keep the bytes of an upload."""
        if self._path:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._replace(self._folder / file_id, content)
        else:
            self._bytes[file_id] = content

    def file(self, file_id: str) -> bytes:
        """The bytes of an upload; KeyError or FileNotFoundError when there are none."""
        return (self._folder / file_id).read_bytes() if self._path else self._bytes[file_id]

    @property
    def _folder(self) -> Path:
        assert self._path
        return self._path.with_suffix(".files")

    @staticmethod
    def _replace(path: Path, content: bytes) -> None:
        beside = path.with_name(f"{path.name}.new")
        beside.write_bytes(content)
        os.replace(beside, path)
