"""The web process's connections: those that say nothing keep nobody waiting."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest

from tests.company import make_company
from tests.databases import state_url
from tests.faults.real import FINOPS

STARTED_WITHIN = 60
ANSWERED_WITHIN = 3.0
"""Seconds that Slack waits."""
SILENT = 6
"""Connections, more than the two processes have threads."""


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a running `finops web`."""
    make_company(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FINOPS_DATABASE_URL", state_url(tmp_path))
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "a signing secret")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = int(probe.getsockname()[1])
    with _running([str(FINOPS), "web", "--host", "127.0.0.1", "--port", str(found)]):
        until = time.monotonic() + STARTED_WITHIN
        while not _is_up(found):
            assert time.monotonic() < until, "finops web did not start"
            time.sleep(0.1)
        yield found


def test_silent_connections_keep_nobody_waiting(port: int) -> None:
    """While connections are open that send nothing, a request is answered as if there were none."""
    with ExitStack() as silent:
        for _ in range(SILENT):
            silent.enter_context(socket.create_connection(("127.0.0.1", port)))
        time.sleep(0.2)  # until they are accepted
        begun = time.monotonic()
        for _ in range(SILENT):
            assert _health(port) == 200
        assert time.monotonic() - begun < ANSWERED_WITHIN


def test_a_connection_that_was_silent_is_answered_in_the_end(port: int) -> None:
    """A connection that sends its request late, and in two parts, gets its answer, and a second one after it."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as late:
        time.sleep(0.5)
        for _ in range(2):
            late.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            time.sleep(0.2)
            late.sendall(b"\r\n")
            answer = b""
            while not answer.endswith(b"0\r\n\r\n"):
                answer += late.recv(1 << 16)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def _health(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
        return int(answer.status)


def _is_up(port: int) -> bool:
    try:
        return _health(port) == 200
    except OSError:
        return False


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    process = Popen(command, stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
