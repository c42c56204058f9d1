"""Installations of the product in the benchmark's folder, and the bills they take in."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from finops.periods import Month
from tests.bench.bill import SEED, write_bill
from tests.bench.estate import team_name
from tests.bench.measured import step
from tests.bench.processes import finops, run

SECRET = "a signing secret of the benchmark"
EXPORT = "aws"
BUDGET = 1_000
CONFIGURATION = """\
company: Bench Corporation
timezone: UTC
currency: USD
teams_from:
  tag: team
  channel: "#{slug}"
"""


@dataclass(frozen=True)
class Place:
    """Where one run keeps its files.

    Attributes:
        folder: all of it; kept where the user named it.
        month: of the bill.
    """

    folder: Path
    month: Month
    rows: int
    teams: int

    @property
    def bill(self) -> Path:
        """The bill."""
        return self.folder / f"bill-{self.month}-{self.rows}-{self.teams}.parquet"

    @property
    def budgets(self) -> Path:
        """Every team's budget of the month."""
        return self.folder / f"budgets-{self.teams}.csv"

    @property
    def config(self) -> Path:
        """finops.yaml."""
        return self.folder / "finops.yaml"

    def prepare(self) -> None:
        """Write the configuration, the budgets, and the bill unless it lies there already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(CONFIGURATION)
        lines = [f"{team_name(number)},{self.month},{BUDGET + number % 500},USD" for number in range(self.teams)]
        self.budgets.write_text("\n".join(["team,month,amount,currency", *lines, ""]))
        if not self.bill.exists():
            step(f"write a bill of {self.rows:,} rows for {self.teams:,} teams, {self.month}")
            self.write(self.bill)

    def write(self, path: Path, month: Month | None = None, seed: int = SEED) -> None:
        """Write a bill of this size, of another month or seed where given; it is there whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        write_bill(unfinished, month or self.month, self.rows, self.teams, seed)
        unfinished.rename(path)

    def sized(self, rows: int, teams: int) -> Place:
        """The same folder with a bill of another size, which is written."""
        place = replace(self, rows=rows, teams=teams)
        place.prepare()
        return place

    def environment(self, name: str) -> dict[str, str]:
        """The environment of an installation of its own, by name."""
        own = self.folder / name
        return {
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_BOT_TOKEN": "xoxb-x",
            "FINOPS_DATABASE_URL": f"sqlite:///{own / 'finops.db'}",
            "FINOPS_LEDGER": str(own / "ledger"),
            "FINOPS_LOG": "warning",
        }

    def begin(self, name: str) -> dict[str, str]:
        """Make an installation anew, with the budgets of all teams, and return its environment."""
        self.forget(name)
        (self.folder / name).mkdir()
        environment = self.environment(name)
        run(finops("--config", self.config, "budgets", "import", self.budgets), environment)
        return environment

    def forget(self, name: str) -> None:
        """Remove an installation."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
