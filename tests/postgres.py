"""A real PostgreSQL for tests: an own cluster from the system's package, and a fresh database per test."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

NUMBERS = count(1)
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "shared_buffers=32MB")
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
    with running_server() as address:
        yield address


@contextmanager
def running_server() -> Iterator[str]:
    """A server on loopback; its address up to the database's name."""
    programs = _programs()
    assert programs is not None
    owner = _owner()
    # Not pytest's own temporary folder: that one is closed to the server's user, and too long for a socket's name.
    folder = Path(tempfile.mkdtemp(prefix="finops-pg-", dir="/tmp"))
    data, port = folder / "data", _free_port()
    if owner:
        shutil.chown(folder, owner)
    # Started as another user without its groups; the working folder must be one that user may enter.
    other = {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []} if owner else {}
    initdb = [programs / "initdb", "-D", data, "-U", "finops", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **other)  # type: ignore[call-overload]
    options = [f"-c{option}" for option in (*FAST, "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-p", str(port), *options], stdout=log, stderr=log, cwd=folder, **other
        )
    address = f"postgresql://finops@127.0.0.1:{port}/"
    try:
        _await(address, server, folder / "log")
        yield address
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
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
