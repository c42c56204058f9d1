"""A sandbox per test, and Bolt apps connected to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox import Sandbox

MANIFEST = {
    "display_information": {"name": "FinOps"},
    "features": {
        "bot_user": {"display_name": "FinOps"},
        "slash_commands": [
            {"command": "/finops", "description": "Budgets and variance", "usage_hint": "variance <team>"},
            {"command": "/tell", "description": "Tells somebody", "should_escape": True},
        ],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "chat:write", "commands", "channels:read", "channels:history", "channels:join", "im:write",
                "users:read", "users:read.email", "usergroups:read", "reactions:read", "reactions:write",
                "files:read", "files:write",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {
            "bot_events": ["message.channels", "message.im", "reaction_added", "app_mention", "app_home_opened"]
        }
    },
}  # fmt: skip
PEOPLE = [
    {"name": "alice", "real_name": "Alice Ng", "email": "alice@example.com", "tz": "Europe/Berlin"},
    {"name": "bob", "real_name": "Bob Stone", "email": "bob@example.com"},
]
CHANNELS = {"general": ["alice", "bob"], "payments": ["alice", "bob"], "private-ish": ["alice"]}


@pytest.fixture
def make() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes and stops them after the test."""
    started: list[Sandbox] = []

    def make(**options: Any) -> Sandbox:
        usual: dict[str, Any] = {
            "manifest": MANIFEST, "people": PEOPLE, "channels": CHANNELS, "user_groups": {"finops": ["alice"]},
            "bot_channels": ["general", "payments"], "rate_limits": False, "processing_seconds": 0.05,
        }  # fmt: skip
        started.append(Sandbox(**(usual | options)).start())
        return started[-1]

    yield make
    for sandbox in started:
        sandbox.stop()


@pytest.fixture
def sandbox(make: Callable[..., Sandbox]) -> Sandbox:
    """A sandbox without rate limits."""
    return make()


@pytest.fixture
def client(sandbox: Sandbox) -> WebClient:
    """The bot's client, without the SDK's retries."""
    return WebClient(sandbox.bot_token, base_url=sandbox.api_url, retry_handlers=[])


@pytest.fixture
def bolt() -> Iterator[Callable[..., App]]:
    """Connects a Bolt app over Socket Mode; `listen(app)` adds its listeners first."""
    opened: list[tuple[Sandbox, SocketModeHandler]] = []

    def connect(sandbox: Sandbox, listen: Callable[[App], None] = lambda app: None) -> App:
        client = WebClient(sandbox.bot_token, base_url=sandbox.api_url)
        app = App(client=client, process_before_response=True)
        listen(app)
        handler = SocketModeHandler(app, sandbox.app_token, ping_interval=0.3)
        opened.append((sandbox, handler))
        open_before = sandbox.sockets
        handler.connect()  # type: ignore[no-untyped-call]
        sandbox.wait_for(lambda: sandbox.sockets > open_before)
        return app

    yield connect
    for sandbox, handler in opened:
        # The SDK's close() waits up to 3 s for a quiet socket; a cut one is closed at once.
        handler.client.auto_reconnect_enabled = False
        sandbox.drop_sockets()
        handler.close()  # type: ignore[no-untyped-call]
