"""`finops web` with its clock set back to a moment: `python -m tests.bench.clocked_web MOMENT [words of finops]`."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from bot.cli import main
from bot.installation import Installation


def clocked(config: Path, moment: datetime) -> Installation:
    """An installation whose clock stood at `moment` when it was made, and runs on from there."""
    begun = time.monotonic()
    return Installation(config, clock=lambda: moment + timedelta(seconds=time.monotonic() - begun))


if __name__ == "__main__":
    at, config_file, *words = sys.argv[1:]
    main(words, obj=clocked(Path(config_file), datetime.fromisoformat(at)))
