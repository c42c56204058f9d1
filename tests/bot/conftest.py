"""The small company in a sandbox workspace, with the bot as `finops run` starts it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.installation import Installation
from bot.small_install import SmallInstall
from sandbox import Sandbox
from tests.company import CHANNELS, PEOPLE, Moved, make_company

MANIFEST = json.loads((files("bot") / "slack_app" / "manifest.socket.json").read_text())


@dataclass
class Bench:
    """A workspace and an installation pointed at it."""

    sandbox: Sandbox
    installation: Installation
    clock: Moved

    def daily(self, team: str) -> list[dict[str, Any]]:
        """The daily summaries in a team's channel."""
        return [
            message
            for message in self.sandbox.messages(f"cost-{team}")
            if (message.get("metadata") or {}).get("event_payload", {}).get("key", "").startswith("daily/")
        ]


def open_bench(folder: Path, **options: Any) -> Bench:
    """A started sandbox and an installation; the bot does not run yet."""
    clock = Moved()
    options = {"people": PEOPLE, "channels": CHANNELS, "user_groups": {"finops": ["dave"]}, **options}
    sandbox = Sandbox(manifest=MANIFEST, clock=lambda: clock().timestamp(), **options)
    sandbox.start()
    installation = make_company(folder, clock=clock)
    settings = installation.settings
    settings.slack_bot_token, settings.slack_app_token = SecretStr(sandbox.bot_token), SecretStr(sandbox.app_token)
    settings.slack_api_url = sandbox.api_url
    return Bench(sandbox, installation, clock)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A workspace without rate limits; nothing of the bot runs yet."""
    found = open_bench(tmp_path, rate_limits=False)
    yield found
    found.sandbox.stop()
    found.installation.state.close()


@pytest.fixture
def running(bench: Bench) -> Iterator[Bench]:
    """The whole bot runs over Socket Mode, and the morning's jobs are done."""
    bot = SmallInstall(bench.installation)
    bot.start()
    bot.worker.tick()
    bench.sandbox.wait_for(lambda: bench.sandbox.sockets, timeout=20)
    yield bench
    bench.sandbox.drop_sockets()
    bot.stop()
