"""The same bot with two workers on one database."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from bot.web import build_web
from bot.worker import Worker
from sandbox import Sandbox
from tests.bot.conftest import MANIFEST
from tests.bot.test_http import Door
from tests.company import CHANNELS, PEOPLE, Moved, make_company


def test_two_workers_share_the_morning(tmp_path: Path) -> None:
    """Two workers share the morning, every team has one message, and the door answers the same."""
    clock = Moved()
    groups = {"finops": ["dave"]}
    with Sandbox(
        manifest=MANIFEST,
        people=PEOPLE,
        channels=CHANNELS,
        user_groups=groups,
        rate_limits=False,
        clock=lambda: clock().timestamp(),
    ) as sandbox:
        installation = make_company(tmp_path, clock=clock)
        installation.settings.slack_bot_token = SecretStr(sandbox.bot_token)
        installation.settings.slack_api_url = sandbox.api_url
        other = type(installation)(installation.config_path, installation.settings, clock)
        workers = [Worker(installation), Worker(other)]
        for worker in workers:
            worker.start()
        try:
            ran = [name for worker in workers for name in worker.tick()]
            sandbox.wait_for(
                lambda: all(sandbox.messages(f"cost-{team}") for team in ("payments", "search", "idle")), timeout=20
            )
        finally:
            for worker in workers:
                worker.stop()
        assert sorted(set(ran)) == sorted(ran)
        assert [len(sandbox.messages(f"cost-{team}")) for team in ("payments", "search", "idle")] == [1, 1, 1]
        assert "$1,101.36 of $2,900" in sandbox.messages("cost-payments")[0]["text"]
        answer = Door(build_web(installation), installation).command("variance payments by account")
        assert "*Payments* has spent $1,101.36 of $2,900 (38 %) through 11 Nov" in answer.json()["text"]
        other.state.close()
        installation.state.close()
