"""Other processes: running a measurement in one of its own, and what Linux knows of a running one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HEAVY = ("duckdb", "pandas", "matplotlib", "pyarrow")
"""Libraries whose shared objects must not be mapped into the web process; numpy comes with them."""


def finops(*words: str | Path) -> list[str]:
    """The command line of the product's own command."""
    return [str(Path(sys.executable).with_name("finops")), *map(str, words)]


def python(module: str, *words: str | Path) -> list[str]:
    """The command line of a module of this folder."""
    return [sys.executable, "-m", f"tests.bench.{module}", *map(str, words)]


def start(command: list[str], environment: Mapping[str, str], **options: Any) -> subprocess.Popen[str]:
    """Start a process in the repository's folder."""
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, text=True, **options)


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The JSON on the last line that a process writes; raises RuntimeError with its complaint where it failed."""
    out, complaint = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, process.args))} failed:\n{complaint}")  # type: ignore[arg-type]
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def work(name: str, environment: Mapping[str, str], **arguments: object) -> dict[str, Any]:
    """Run one of work.py's measurements in a process of its own."""
    return answer(start_work(name, environment, **arguments))


def start_work(name: str, environment: Mapping[str, str], **arguments: object) -> subprocess.Popen[str]:
    """Start one of work.py's measurements beside this process."""
    command = python("work", name, json.dumps(arguments, default=str))
    return start(command, environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(command: list[str], environment: Mapping[str, str]) -> None:
    """Run a command to its end; raises RuntimeError with its complaint where it failed."""
    process = start(command, environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, complaint = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{complaint}")


def family(process: int) -> Iterator[int]:
    """A process and everything it started."""
    yield process
    for thread in Path(f"/proc/{process}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from family(int(child))


def peak_memory(process: int | str = "self") -> int:
    """The most resident memory a process ever had, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def processor_time(process: int) -> float:
    """Seconds that a process has spent on a processor."""
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def own_share(process: int) -> int:
    """Resident memory now, in bytes, pages shared by n processes counted as an nth (PSS)."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    return 1024 * int(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")))


def heavy_libraries(process: int) -> set[str]:
    """Those of HEAVY that a process has a file of in its memory."""
    maps = Path(f"/proc/{process}/maps").read_text()
    return {name for name in HEAVY if f"site-packages/{name}" in maps}


def is_alive(process: int) -> bool:
    """Whether a process is still at work."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
