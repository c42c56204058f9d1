"""A sender between a database and a sandbox, both real, with a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.channels.slack import CHANNEL
from bot.delivery import Sender
from bot.directory import refresh_directory
from bot.installation import Installation
from finops.effect import Effect
from sandbox import Sandbox
from storage import deliveries
from storage.state import State
from tests.company import CHANNELS, PEOPLE, Moved, make_company

MANIFEST = json.loads((files("bot") / "slack_app" / "manifest.socket.json").read_text())


@dataclass
class PostOffice:
    """What a test of the sender works with."""

    sandbox: Sandbox
    installation: Installation
    clock: Moved

    @property
    def state(self) -> State:
        """The state database."""
        return self.installation.state

    def sender(self, owner: str = "me") -> Sender:
        """A sender of its own process, as it were; the directory is known."""
        settings = self.installation.settings
        channel = CHANNEL(settings.slack_bot_token.get_secret_value(), settings.api_url)
        channel.client.timeout = 1
        refresh_directory(channel.client, self.state)
        return Sender(self.state, channel, owner, self.clock, pace_clock=self.clock)

    def queue(self, key: str = "k", text: str = "hello", place: str = "#cost-payments", **more: Any) -> None:
        """Queue a message; `more` is of the effect, or else of its payload."""
        own = {name: more.pop(name) for name in ("kind", "thread_of", "broadcast", "not_before") if name in more}
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
        payload = {"text": text, "blocks": blocks, **more}
        self.queue_effect(Effect(key, destination=place, payload=payload, **{"kind": "test", **own}))

    def queue_home(self, key: str, name: str) -> None:
        """Queue the App Home of a person."""
        view = {"type": "home", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": key}}]}
        self.queue_effect(Effect(key, "home", f"home:{self.sandbox.user_id(name)}", view))

    def queue_effect(self, effect: Effect) -> None:
        """Queue an effect in a transaction of its own."""
        with self.state.writing() as connection:
            deliveries.queue(connection, [effect], self.clock())

    def send_all(self, sender: Sender, tries: int = 12, step: timedelta = timedelta(minutes=15)) -> None:
        """Send what is due so often, moving the clock over every wait."""
        for _ in range(tries):
            sender.send_due()
            self.clock.now += step

    def find(self, key: str = "k") -> deliveries.Delivery:
        """The delivery of a key."""
        with self.state.reading() as connection:
            found = deliveries.find(connection, key)
        assert found is not None
        return found

    def counts(self) -> dict[str, int]:
        """Number of deliveries by state, without the states that none is in."""
        with self.state.reading() as connection:
            return {state: count for state, count in deliveries.counts(connection).items() if count}

    def texts(self, channel: str = "cost-payments") -> list[str]:
        """What stands in a channel, threads left out."""
        return [message["text"] for message in self.sandbox.messages(channel)]

    def replies(self, key: str = "k", channel: str = "cost-payments") -> list[str]:
        """What stands in the thread of a delivery's message."""
        return [message["text"] for message in self.sandbox.thread(channel, self.find(key).ts)][1:]

    def calls(self, method: str) -> int:
        """How often a method of the Web API was called."""
        return [call.method for call in self.sandbox.calls].count(method)

    def limited(self) -> int:
        """How many calls were refused for coming too fast."""
        return [call.error for call in self.sandbox.calls].count("ratelimited")


def open_office(folder: Path, **options: Any) -> PostOffice:
    """A started sandbox, and an installation on an empty database; nothing of the bot runs yet."""
    clock = Moved()
    options = {"people": PEOPLE, "channels": CHANNELS, "rate_limits": False, **options}
    sandbox = Sandbox(manifest=MANIFEST, clock=lambda: clock.now.timestamp(), **options).start()
    installation = make_company(folder, clock=clock, bill=False)
    settings = installation.settings
    settings.slack_bot_token, settings.slack_app_token = SecretStr(sandbox.bot_token), SecretStr(sandbox.app_token)
    settings.slack_api_url = sandbox.api_url
    return PostOffice(sandbox, installation, clock)


def each_office(folder: Path) -> Iterator[PostOffice]:
    """What a fixture `office` yields: one without rate limits."""
    found = open_office(folder)
    yield found
    found.sandbox.stop()
    found.state.close()
