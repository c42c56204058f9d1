"""A real Spark for tests: a standalone cluster of one worker with a Spark Connect server, all of it on loopback."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 180
CORES, EXECUTOR_MEMORY, DRIVER_MEMORY, DAEMON_MEMORY = 2, "1g", "1g", "256m"
LEAST_JAVA = 17


def why_not() -> str:
    """Why this machine cannot run it, '' where it can."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return "a Spark cluster is not started beside other workers of pytest: `make test-engines`"
    if _home() is None:
        return "pyspark with its jars is not installed: `make test-engines`"
    java = shutil.which("java")
    if java is None:
        return "there is no Java on the path, which Spark runs on"
    said = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    version = int(said.partition('"')[2].split(".")[0] or 0)
    return "" if version >= LEAST_JAVA else f"Java {version} is too old: Spark 4 needs {LEAST_JAVA}"


def _home() -> Path | None:
    """Where pyspark lies with the jars of a server; pyspark-client has none."""
    place = importlib.util.find_spec("pyspark")
    folder = Path(place.origin).parent if place and place.origin else None
    return folder if folder and (folder / "jars").is_dir() else None


@pytest.fixture(scope="session")
def spark_remote() -> Iterator[str]:
    """The address of a Spark Connect server that lives as long as the tests."""
    if reason := why_not():
        pytest.skip(reason)
    with running_spark() as remote:
        yield remote


@contextmanager
def running_spark(executor_memory: str = EXECUTOR_MEMORY) -> Iterator[str]:
    """A cluster that is gone afterwards: a master, a worker of two cores, and a Connect server that runs on them."""
    home = _home()
    assert home is not None
    folder = Path(tempfile.mkdtemp(prefix="finops-spark-", dir="/tmp"))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))},
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
        "SPARK_LOCAL_DIRS": str(folder),
        "SPARK_WORKER_DIR": str(folder / "worker"),
    }
    master, connect = _free_port(), _free_port()
    address = f"spark://127.0.0.1:{master}"
    here = ["--host", "127.0.0.1", "--webui-port", "0"]
    deploy = "org.apache.spark.deploy"
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, memory: str, *command: str) -> None:
        own = {**environment, "SPARK_DAEMON_MEMORY": memory}
        with (folder / f"{name}.log").open("wb") as log:
            processes.append(
                # A session of its own, so that the executors which a worker starts end with it.
                subprocess.Popen(command, stdout=log, stderr=log, env=own, cwd=folder, start_new_session=True)
            )

    program = str(home / "bin" / "spark-class")
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(connect),
        "spark.executor.memory": executor_memory,
        "spark.cores.max": str(CORES),
        "spark.sql.shuffle.partitions": str(CORES),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
    }
    given = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    server = ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    try:
        start("master", DAEMON_MEMORY, program, f"{deploy}.master.Master", *here, "--port", str(master))
        _await(master, processes, folder)
        worker = [*here, "--cores", str(CORES), "--memory", executor_memory, address]
        start("worker", DAEMON_MEMORY, program, f"{deploy}.worker.Worker", *worker)
        submit = [str(home / "bin" / "spark-submit"), "--master", address]
        start("connect", DRIVER_MEMORY, *submit, *given, *server)
        _await(connect, processes, folder)
        yield f"sc://127.0.0.1:{connect}"
    finally:
        for process in reversed(processes):
            _end(process)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int, processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            return
        except OSError:
            if any(process.poll() is not None for process in processes) or time.monotonic() > until:
                words = "\n".join(log.read_text()[-6000:] for log in folder.glob("*.log"))
                raise RuntimeError(f"Spark did not start: {words}") from None
            time.sleep(0.2)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with everything that it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(15)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
