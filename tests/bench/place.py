"""Installations of the product in the benchmark's folder, and the one bill they take in."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from finops.periods import Month
from tests.bench.bill import write_bill
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
    def config(self) -> Path:
        """finops.yaml."""
        return self.folder / "finops.yaml"

    def prepare(self) -> None:
        """Write the configuration, the budgets, and the bill unless it lies there already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(CONFIGURATION)
        lines = [f"{team_name(number)},{self.month},{BUDGET + number % 500},USD" for number in range(self.teams)]
        (self.folder / "budgets.csv").write_text("\n".join(["team,month,amount,currency", *lines, ""]))
        if not self.bill.exists():
            step(f"write a bill of {self.rows:,} rows for {self.teams:,} teams, {self.month}")
            unfinished = self.bill.with_suffix(".unfinished")
            write_bill(unfinished, self.month, self.rows, self.teams)
            unfinished.rename(self.bill)

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
        run(finops("--config", self.config, "budgets", "import", self.folder / "budgets.csv"), environment)
        return environment

    def forget(self, name: str) -> None:
        """Remove an installation."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
