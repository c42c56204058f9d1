"""A real PostgreSQL for tests: an own cluster from the system's package, and a fresh database per test."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

NUMBERS = count(1)
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "shared_buffers=32MB")
AWAY = "timezone=America/St_Johns"
"""Nothing may rest on the server's own clock being UTC."""
START_SECONDS = 60


def _programs() -> Path | None:
    """The newest installed version's folder of programs."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parents[1].name), reverse=True
    )
    on_path = shutil.which("initdb")
    return found[0].parent if found else Path(on_path).parent if on_path else None


def _owner() -> str | None:
    """Whom the server runs as: itself refuses root. None for the person who runs the tests."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_installed() -> bool:
    """Whether this machine has a PostgreSQL to start."""
    return _programs() is not None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server on loopback that lives as long as the tests, up to the database's name."""
    if not is_installed():
        pytest.skip("PostgreSQL is not installed (no initdb under /usr/lib/postgresql/*/bin nor on the path)")
    with running_server() as server:
        yield server.address


class Server:
    """An own cluster on loopback that can be stopped and started again.

    Attributes:
        address: its URL up to the database's name.
    """

    def __init__(self, folder: Path) -> None:
        programs, owner = _programs(), _owner()
        assert programs is not None
        self._programs, self._folder, self._port = programs, folder, _free_port()
        self.address = f"postgresql://finops@127.0.0.1:{self._port}/"
        if owner:
            shutil.chown(folder, owner)
        # Started as another user without its groups; the working folder must be one that user may enter.
        group = pwd.getpwnam(owner).pw_gid if owner else None
        self._other: dict[str, Any] = {"user": owner, "group": group, "extra_groups": []} if owner else {}
        options = ["-U", "finops", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        initdb = [programs / "initdb", "-D", folder / "data", *options]
        # Texts sort as on most servers, by letters before marks and capitals; before version 15 by their bytes.
        sorted_as_words = ["--locale-provider=icu", "--icu-locale=en-US-u-ka-shifted"]
        try:
            subprocess.run([*initdb, *sorted_as_words], check=True, capture_output=True, cwd=folder, **self._other)
        except subprocess.CalledProcessError:
            subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **self._other)
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = (*FAST, AWAY, "listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}")
        options = [f"-c{setting}" for setting in settings]
        command = [self._programs / "postgres", "-D", self._folder / "data", "-p", str(self._port), *options]
        log = self._folder / "log"
        with log.open("ab") as file:
            self._process = subprocess.Popen(command, stdout=file, stderr=file, cwd=self._folder, **self._other)
        _await(self.address, self._process, log)

    def stop(self) -> None:
        """End it at once: whoever is connected loses the connection."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running_server() -> Iterator[Server]:
    """A server that is gone afterwards."""
    # Not pytest's own temporary folder: that one is closed to the server's user, and too long for a socket's name.
    folder = Path(tempfile.mkdtemp(prefix="finops-pg-", dir="/tmp"))
    server = Server(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _await(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(address + "postgres", connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty database that is gone after the test."""
    name = f"test_{next(NUMBERS)}"
    with psycopg.connect(postgres_server + "postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    yield postgres_server + name
    with psycopg.connect(postgres_server + "postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]
