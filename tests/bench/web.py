"""The web process under measurement, started and stopped."""

from __future__ import annotations

import http.client
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from tests.bench.place import Place
from tests.bench.processes import family, finops, heavy_libraries, own_share, peak_memory, processor_time, python, start

LONGEST_START = 60


@dataclass(frozen=True)
class Web:
    """A running server.

    Attributes:
        started_in: seconds from the command to the first healthy answer.
    """

    process: int
    port: int
    started_in: float

    @property
    def peaks(self) -> list[int]:
        """The most memory that each of its processes ever had, in bytes, pages they share counted in each."""
        return [peak_memory(process) for process in family(self.process)]

    @property
    def worked(self) -> float:
        """Seconds of processor time that its processes have taken since they were started."""
        return sum(processor_time(process) for process in family(self.process))

    @property
    def together(self) -> int:
        """Memory of all its processes now, in bytes, shared pages counted once."""
        return sum(own_share(process) for process in family(self.process))

    @property
    def heavy(self) -> set[str]:
        """Heavy libraries that any of its processes has loaded."""
        return set().union(*(heavy_libraries(process) for process in family(self.process)))


@contextmanager
def served(place: Place, environment: Mapping[str, str], *words: str, at: datetime | None = None) -> Iterator[Web]:
    """Start `finops web` with more words, its clock set back to `at` where given, and stop it at the end."""
    port = _free_port()
    words = ("web", "--host", "127.0.0.1", "--port", str(port), *words)
    command = finops("--config", place.config, *words)
    if at is not None:
        command = python("clocked_web", at.isoformat(), place.config, *words)
    begun = time.perf_counter()
    with (place.folder / "web.log").open("w") as log:
        process = start(command, environment, stdout=log, stderr=log)
    try:
        while not _healthy(port):
            if process.poll() is not None or time.perf_counter() - begun > LONGEST_START:
                raise RuntimeError(f"finops web did not start:\n{(place.folder / 'web.log').read_text()}")
            time.sleep(0.01)
        yield Web(process.pid, port, time.perf_counter() - begun)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
