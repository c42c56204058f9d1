"""Time and memory of the product's forecasts and anomalies; `python -m tests.forecasting.speed TEAMS` is one run.

A process of its own, so that neither the baselines nor statsmodels weigh in its memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta

from tests.bench.processes import ROOT, peak_memory
from tests.forecasting import product
from tests.forecasting.behaviours import BEHAVIOURS
from tests.forecasting.days import Days
from tests.forecasting.product import Asked
from tests.forecasting.series import random_numbers

DAYS, SETTLED = 400, date(2026, 3, 14)
MONTH = SETTLED.replace(day=1)


@dataclass(frozen=True)
class Speed:
    """One run.

    Attributes:
        forecasts, anomalies: seconds for all teams, imports and the making of the series outside the clock.
        peak: the most memory of the whole process, in bytes.
    """

    forecasts: float
    anomalies: float
    peak: int


def measure_speed(teams: int, seed: int) -> Speed:
    """So many teams of 400 days each in a process of their own.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command = [sys.executable, "-m", "tests.forecasting.speed", str(teams), str(seed)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return Speed(**json.loads(done.stdout.splitlines()[-1]))


def run(teams: int, seed: int) -> Speed:
    """Forecast every team's month and find the anomalies of each of its 400 days, in this process."""
    forecast, detect = product.forecaster(), product.detector()
    asked = [_team(seed, number) for number in range(teams)]
    begun = time.perf_counter()
    forecast(asked)
    middle = time.perf_counter()
    detect([(daily, first_day) for daily, first_day, _ in asked])
    ended = time.perf_counter()
    return Speed(middle - begun, ended - middle, peak_memory())


def _team(seed: int, number: int) -> Asked:
    rng = random_numbers(seed, "speed", number)
    first = SETTLED - timedelta(days=DAYS - 1)
    behaviour = list(BEHAVIOURS.values())[number % len(BEHAVIOURS)]
    return 1000 * behaviour(rng, Days(first, DAYS), DAYS), first, MONTH


if __name__ == "__main__":
    sys.stdout.write(json.dumps(vars(run(int(sys.argv[1]), int(sys.argv[2])))) + "\n")
