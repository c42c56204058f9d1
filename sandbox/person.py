"""Somebody in the workspace, for tests: what she does and what she sees."""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from sandbox.actions import Actions, seen_by
from sandbox.modals import Modals
from sandbox.workspace import Workspace

Json = dict[str, Any]
T = TypeVar("T")


class Bridge(Protocol):
    """Runs work on the sandbox's loop from another thread."""

    def do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine there and return a copy of its result."""

    def look(self, read: Callable[[], T]) -> T:
        """Read something there and return a copy."""


class Person:
    """One person; all that goes wrong with the app raises AppFailure with the words she reads."""

    def __init__(self, bridge: Bridge, workspace: Workspace, modals: Modals, actions: Actions, name: str) -> None:
        """`name` as given in `people`."""
        self.name, self.id = name, workspace.user_id(name)
        self._bridge, self._workspace, self._modals, self._actions = bridge, workspace, modals, actions

    def command(self, channel: str, line: str, timeout: float = 5.0, thread_ts: str | None = None) -> list[Json]:
        """Type a slash command; returns the messages it brought."""
        place = self._channel(channel)
        return self._bridge.do(lambda: self._actions.command(self.id, place, line, thread_ts, timeout))

    def say(self, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Write a message, with `thread_ts` into a thread; `@app` as channel is the app's direct messages."""
        return self._bridge.do(lambda: self._actions.say(self.id, self._channel(channel), text, thread_ts))

    def react(self, channel: str, ts: str, name: str) -> None:
        """Add a reaction."""
        self._bridge.do(lambda: self._actions.react(self.id, self._channel(channel), ts, name))

    def unreact(self, channel: str, ts: str, name: str) -> None:
        """Take a reaction back."""
        self._bridge.do(lambda: self._actions.react(self.id, self._channel(channel), ts, name, add=False))

    def click(
        self, channel: str | None, ts: str | None, action_id: str, value: Any = None, block_id: str | None = None
    ) -> None:
        """Click a button or choose in an element; channel and ts None: in the open modal, else in the Home tab."""
        place = self._channel(channel) if channel else None
        where: Json = {"channel": place, "ts": ts, "block_id": block_id}
        self._bridge.do(lambda: self._actions.act(self.id, action_id, value=value, **where))

    def select(
        self, channel: str | None, ts: str | None, action_id: str, value: Any, block_id: str | None = None
    ) -> None:
        """Choose in a select, picker, checkbox or radio group: by option value or text, id, date, or a list."""
        self.click(channel, ts, action_id, value, block_id)

    def options(self, channel: str | None, ts: str | None, action_id: str, query: str = "") -> list[Json]:
        """What the app offers in an external select."""
        where: Json = {"channel": self._channel(channel) if channel else None, "ts": ts}
        return self._bridge.do(lambda: self._actions.suggest(self.id, action_id, query, **where))

    @property
    def view(self) -> Json | None:
        """The modal before her, None when there is none."""
        return self._bridge.look(lambda: self._modals.top(self.id))

    @property
    def home(self) -> Json | None:
        """The Home tab as last published to her."""
        return self._bridge.look(lambda: self._workspace.homes.get(self.id))

    def submit(self, values: Json | None = None) -> dict[str, str] | None:
        """Submit the modal; returns its errors by block id.

        Args:
            values: what she fills in, `{block_id: {action_id: value}}` or `{action_id: value}`.
        """
        return self._bridge.do(lambda: self._actions.submit(self.id, values))

    def close(self) -> None:
        """Close the modal."""
        self._bridge.do(lambda: self._actions.close(self.id))

    def open_home(self, timeout: float = 2.0) -> Json | None:
        """Open the app's Home tab and return it, waiting for the app to publish it."""
        return self._bridge.do(lambda: self._actions.open_home(self.id, timeout))

    def sees(self, channel: str, thread_ts: str | None = None) -> list[Json]:
        """What she sees in a channel or thread, with what is visible to her only."""
        return self._bridge.look(lambda: seen_by(self._workspace, self.id, self._channel(channel), thread_ts))

    def direct_messages(self) -> list[Json]:
        """Her direct messages with the app."""
        return self.sees("@app")

    def _channel(self, channel: str) -> str:
        return self._workspace.direct(self.id) if channel.startswith("@") else self._workspace.channel_id(channel)
