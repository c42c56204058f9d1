"""Where a demo keeps what it makes, and how the terminal looks at it."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from bot.demo.clock import kept_moment
from bot.installation import Installation, wall_clock
from bot.settings import Settings
from finops.errors import FinopsError

FOLDER = Path("var/demo")
CLOCK, PREPARED = "clock.json", "prepared"
"""Names of files in the folder: the company's time, and the mark that its bills are taken in."""


def demo_installation(folder: Path) -> Installation:
    """The made-up company's configuration, database and ledger; no token of the environment reaches it."""
    settings = Settings(
        finops_database_url=SecretStr(f"sqlite:///{folder / 'finops.db'}"),
        finops_ledger=str(folder / "ledger"),
        slack_bot_token=SecretStr(""),
        slack_app_token=SecretStr(""),
        slack_signing_secret=SecretStr(""),
    )
    return Installation(folder / "finops.yaml", settings)


def demo_at_the_terminal(folder: Path = FOLDER) -> Installation:
    """The company of a demo that was started before, at the company's own time, whether it runs or not.

    Raises:
        FinopsError: there is none in the folder.
    """
    if not (folder / PREPARED).exists():
        raise FinopsError(f"There is no demo in {folder} yet.", "`make demo` makes it; then ask again, beside it.")
    found = demo_installation(folder)
    found.clock = lambda: kept_moment(folder / CLOCK) or wall_clock()
    return found
