"""Everything in one process over Socket Mode."""

from __future__ import annotations

import threading

import structlog
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.app import build_app
from bot.installation import Installation
from bot.worker import Worker
from finops.errors import ConfigurationRefused

LOG = structlog.get_logger("finops.socket")
PING = 3
"""Seconds between pings: a dead link is noticed in seconds instead of most of a minute."""
LONGEST_WAIT = 60


class SmallInstall:
    """The worker and Bolt over Socket Mode.

    Raises:
        ConfigurationRefused: a token is missing.
    """

    def __init__(self, installation: Installation) -> None:
        settings = installation.settings
        if not settings.slack_app_token.get_secret_value() or not settings.slack_bot_token.get_secret_value():
            raise ConfigurationRefused(
                "SLACK_BOT_TOKEN and SLACK_APP_TOKEN must be set for Socket Mode.",
                "docs/howto/install-in-slack.md says where they are; `make demo` needs neither.",
            )
        self.worker = Worker(installation)
        self.app = build_app(installation, self.worker.sender.wake)
        self._handler = SocketModeHandler(
            self.app, settings.slack_app_token.get_secret_value(), ping_interval=PING, web_client=self.app.client
        )
        self._ending = threading.Event()
        self._connecting = threading.Thread(target=self._connect, name="socket mode", daemon=True)

    def start(self) -> None:
        """Start both; Slack may be out of reach, then connecting is tried on."""
        self.worker.start()
        self._connecting.start()

    def stop(self) -> None:
        """Stop taking requests, finish what is running, and end."""
        self._ending.set()
        client = self._handler.client
        client.auto_reconnect_enabled = False
        closing = threading.Thread(target=self._handler.close, name="closing socket mode", daemon=True)
        closing.start()
        # The client waits for its reader, which forgets that it is to end if it begins anew in this very moment.
        while closing.is_alive():
            client.current_session_state.terminated = True
            closing.join(0.1)
        self.worker.stop()

    def _connect(self) -> None:
        wait = 1
        while not self._ending.is_set():
            try:
                self._handler.connect()  # type: ignore[no-untyped-call]
                return
            except Exception as error:
                # Whatever keeps Slack out of reach now, ending the process would not mend it.
                LOG.warning("Slack cannot be reached, trying again", error=type(error).__name__, seconds=wait)
                self._ending.wait(wait)
                wait = min(2 * wait, LONGEST_WAIT)
