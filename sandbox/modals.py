"""Views: trigger ids, each person's stack of modals, and Home tabs."""

import itertools
import time
from dataclasses import dataclass
from typing import Any

from sandbox.elements import initial_state, with_ids
from sandbox.errors import Refusal
from sandbox.limits import STACK, check_pictures, check_view
from sandbox.workspace import APP_ID, TEAM, Workspace

Json = dict[str, Any]


@dataclass
class Trigger:
    """What a person did that lets the app open a view: whose it is, from when, in which modal, and if it is used."""

    user: str
    born: float
    view_id: str | None = None
    used: bool = False


class Modals:
    """The open views of everybody.

    Attributes:
        stacks: open modals by person, the top one last.
    """

    def __init__(self, workspace: Workspace, trigger_seconds: float) -> None:
        """`trigger_seconds` is how long a trigger id may be used."""
        self.stacks: dict[str, list[Json]] = {}
        self._workspace, self._seconds = workspace, trigger_seconds
        self._triggers: dict[str, Trigger] = {}
        self._numbers = itertools.count(1)

    def trigger(self, user: str, view_id: str | None = None) -> str:
        """A new trigger id for something a person did, in a modal if `view_id` is given."""
        trigger_id = f"{next(self._numbers)}.{int(time.time())}.sandbox"
        self._triggers[trigger_id] = Trigger(user, time.monotonic(), view_id)
        return trigger_id

    def was_used(self, trigger_id: str) -> bool:
        """Whether the app opened something with the trigger."""
        return self._triggers[trigger_id].used

    def top(self, user: str) -> Json | None:
        """The modal a person has before her."""
        stack = self.stacks.get(user)
        return stack[-1] if stack else None

    def open(self, trigger_id: str, view: Any) -> Json:
        """Open a modal as the first of a new stack."""
        check_view(view, "modal")
        trigger = self._redeem(trigger_id)
        return self._put(trigger.user, view, [])

    def push(self, trigger_id: str, view: Any) -> Json:
        """Open a modal on top of the one in which the trigger arose."""
        check_view(view, "modal")
        trigger = self._redeem(trigger_id)
        stack = self.stacks.get(trigger.user, [])
        if not any(below["id"] == trigger.view_id for below in stack):
            raise Refusal("invalid_trigger_id")
        return self._put(trigger.user, view, stack)

    def push_over(self, user: str, view: Any) -> Json:
        """Put a modal on a person's stack, as `response_action: push` does."""
        check_view(view, "modal")
        return self._put(user, view, self.stacks.get(user, []))

    def update(self, old: Json, view: Any, if_hash: str | None = None) -> Json:
        """Replace an open view; what was typed into a field stays where block_id and action_id stay."""
        check_view(view, "modal")
        if if_hash and if_hash != old["hash"]:
            raise Refusal("hash_conflict")
        new = self._dressed(view, old["id"], old["root_view_id"], old["previous_view_id"])
        for block, fields in new["state"]["values"].items():
            typed = old["state"]["values"].get(block, {})
            fields |= {action: typed[action] for action in fields if action in typed}
        old.clear()
        old |= new
        self._workspace.changed()
        return old

    def find(self, view_id: str | None, external_id: str | None) -> Json:
        """An open view by either id; refuses with `not_found`."""
        for stack in self.stacks.values():
            for view in stack:
                if (view_id and view["id"] == view_id) or (external_id and view["external_id"] == external_id):
                    return view
        raise Refusal("not_found")

    def close(self, user: str, *, everything: bool = False) -> None:
        """Take away the top modal, or all of them."""
        stack = self.stacks.get(user, [])
        del stack[0 if everything else -1 :]
        self._workspace.changed()

    def publish(self, user: str, view: Any, if_hash: str | None = None) -> Json:
        """Show a Home tab to a person."""
        check_view(view, "home")
        old = self._workspace.homes.get(user)
        if if_hash and old and if_hash != old["hash"]:
            raise Refusal("hash_conflict")
        view_id = old["id"] if old else f"VHOME{user}"
        self._workspace.homes[user] = self._dressed(view, view_id, view_id, None)
        self._workspace.changed()
        return self._workspace.homes[user]

    def _redeem(self, trigger_id: str) -> Trigger:
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.used:
            raise Refusal("exchanged_trigger_id")
        if time.monotonic() - trigger.born > self._seconds:
            raise Refusal("expired_trigger_id")
        trigger.used = True
        return trigger

    def _put(self, user: str, view: Json, below: list[Json]) -> Json:
        if len(below) >= STACK:
            raise Refusal("push_limit_reached")
        external = view.get("external_id")
        if external and any(v["external_id"] == external for stack in self.stacks.values() for v in stack):
            raise Refusal("duplicate_external_id")
        view_id = f"V0SANDBOX{next(self._numbers)}"
        root, previous = (below[0]["id"], below[-1]["id"]) if below else (view_id, None)
        dressed = self._dressed(view, view_id, root, previous)
        self.stacks[user] = [*below, dressed]
        self._workspace.changed()
        return dressed

    def _dressed(self, view: Json, view_id: str, root: str, previous: str | None) -> Json:
        check_pictures(view["blocks"], self._workspace.files)
        number = next(self._numbers)
        blocks = with_ids(view["blocks"], f"{number:06d}")
        return {
            "id": view_id, "team_id": TEAM["id"], "app_id": APP_ID, "bot_id": self._workspace.bot_id,
            "app_installed_team_id": TEAM["id"], "type": view["type"], "callback_id": view.get("callback_id", ""),
            "external_id": view.get("external_id", ""), "private_metadata": view.get("private_metadata", ""),
            "title": view.get("title"), "submit": view.get("submit"), "close": view.get("close"),
            "clear_on_close": view.get("clear_on_close", False),
            "notify_on_close": view.get("notify_on_close", False), "blocks": blocks,
            "state": {"values": initial_state(blocks)}, "hash": f"{int(time.time())}.{number:06d}",
            "root_view_id": root, "previous_view_id": previous,
        }  # fmt: skip
