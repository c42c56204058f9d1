"""One `finops` command on the benchmark's day, which says at its end how much memory it needed, in kilobytes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from bot.cli import main
from bot.installation import Installation
from bot.settings import Settings
from tests.bench.report import NOW

if __name__ == "__main__":
    installation = Installation(Path(sys.argv[1]), Settings(), lambda: NOW)
    main(args=sys.argv[2:], obj=installation, standalone_mode=False)
    # Not getrusage: its figure begins with the memory of the process that this one was forked from.
    status = Path("/proc/self/status").read_text()
    print(re.search(r"VmHWM:\s+(\d+)", status)[1], file=sys.stderr)  # type: ignore[index]  # noqa: T201
