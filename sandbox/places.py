"""Where a person can act: a message, a modal or the Home tab, and how each is told to the app."""

from dataclasses import dataclass
from typing import Any

from sandbox.elements import interactive
from sandbox.errors import AppFailure
from sandbox.modals import Modals
from sandbox.workspace import APP_ID, TEAM, Workspace

Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Blocks a person has before her, in a message (with its channel) or in a view."""

    blocks: list[Json]
    channel: str | None = None
    message: Json | None = None
    view: Json | None = None

    @property
    def ts(self) -> str | None:
        """The message's timestamp."""
        return self.message["ts"] if self.message else None

    @property
    def key(self) -> str:
        """What tells the place from others."""
        return f"{self.channel}/{self.ts}"

    def element(self, action_id: str, block_id: str | None, value: Any) -> tuple[Json, Json]:
        """The block and the element to act on; KeyError when there is none."""
        found = [
            (block, element)
            for block, element in interactive(self.blocks)
            if element["action_id"] == action_id and block_id in (None, block["block_id"])
        ]
        buttons = [pair for pair in found if pair[1]["type"] == "button"]
        if buttons and value is not None:
            found = [pair for pair in buttons if pair[1].get("value") == value]
        if not found:
            there = sorted({element["action_id"] for _, element in interactive(self.blocks)})
            raise KeyError(f"nothing here has the action_id {action_id!r} (value {value!r}), only {there}")
        return found[0]


def find_place(workspace: Workspace, modals: Modals, user: str, channel: str | None, ts: str | None) -> Place:
    """The message before a person or, without a channel, her open modal or else her Home tab."""
    if channel is None or ts is None:
        view = modals.top(user) or workspace.homes.get(user)
        if view is None:
            raise AppFailure("neither a modal nor a Home tab is open")
        return Place(view["blocks"], view=view)
    own = (m for m in workspace.ephemeral.get(user, []) if m["ts"] == ts and m["channel"] == channel)
    message = next(own, None) or workspace.find(channel, ts)
    return Place(message.get("blocks", []), channel=channel, message=message)


def base_payload(workspace: Workspace, kind: str, user: str, place: Place) -> Json:
    """The part all interactive payloads share, and where it happened."""
    name = workspace.users[user]["name"]
    payload: Json = {
        "type": kind, "team": {"id": TEAM["id"], "domain": TEAM["domain"]}, "token": "verification-token",
        "user": {"id": user, "username": name, "name": name, "team_id": TEAM["id"]}, "api_app_id": APP_ID,
        "enterprise": None, "is_enterprise_install": False,
    }  # fmt: skip
    if place.view:
        payload |= {"view": place.view, "container": {"type": "view", "view_id": place.view["id"]}}
    if place.message and place.channel:
        hidden = bool(place.message.get("is_ephemeral"))
        container: Json = {"type": "message", "message_ts": place.ts, "channel_id": place.channel}
        if thread_ts := place.message.get("thread_ts"):
            container["thread_ts"] = thread_ts
        payload["container"] = container | {"is_ephemeral": hidden}
        named = workspace.channels[place.channel]["name"] or "directmessage"
        payload["channel"] = {"id": place.channel, "name": named}
        # Slack leaves out the message when only one person sees it.
        payload |= {} if hidden else {"message": place.message}
    return payload
