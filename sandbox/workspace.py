"""The workspace's state: people, channels, messages, files and Home tabs, and how each of them changes."""

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.elements import with_ids
from sandbox.errors import Refusal
from sandbox.manifest import Manifest
from sandbox.store import Store

Json = dict[str, Any]
TEAM = {"id": "T0SANDBOX", "domain": "sandbox", "name": "Sandbox"}
APP_ID = "A0SANDBOX"


def identify(prefix: str, name: str) -> str:
    """The id of a thing by its name, the same in every run, in Slack's form."""
    return prefix + "0" + hashlib.sha256(f"{prefix}:{name}".encode()).hexdigest()[:9].upper()


class Workspace:
    """One Slack workspace with one app installed.

    Every change of state goes through here; `on_event` then hears what the app might be told, and `on_change`
    that something is different.
    """

    def __init__(
        self,
        *,
        manifest: Manifest,
        people: Sequence[Json],
        channels: Mapping[str, Sequence[str]],
        user_groups: Mapping[str, Sequence[str]],
        bot_channels: Sequence[str] | None,
        clock: Callable[[], float],
        store: Store,
    ) -> None:
        """People and channels as given to `Sandbox`; `store` adds what happened in former runs."""
        self.manifest, self.store, self._clock = manifest, store, clock
        self.bot_id, self.bot_user = identify("B", manifest.name), identify("U", manifest.name)
        self.on_event: Callable[[str, Json], None] = lambda kind, event: None
        self.on_change: Callable[[], None] = lambda: None
        self.users = {identify("U", person["name"]): _user(person) for person in people}
        self.users[self.bot_user] = _user({"name": manifest.name, "bot_id": self.bot_id})
        self.groups = {identify("S", name): (name, [self.user_id(p) for p in who]) for name, who in user_groups.items()}
        self._state = store.state
        self.channels: dict[str, Json] = self._state.setdefault("channels", {})
        self.messages: dict[str, list[Json]] = self._state.setdefault("messages", {})
        self.ephemeral: dict[str, list[Json]] = self._state.setdefault("ephemeral", {})
        self.homes: dict[str, Json] = self._state.setdefault("homes", {})
        self.files: dict[str, Json] = self._state.setdefault("files", {})
        self.read: dict[str, dict[str, str]] = self._state.setdefault("read", {})
        for name, members in channels.items():
            everyone = [self.user_id(person) for person in members]
            if bot_channels is None or name in bot_channels:
                everyone.append(self.bot_user)
            # A member who joined in a former run stays.
            channel = self.channels.setdefault(identify("C", name), {"name": name, "members": []})
            channel["members"] += [user for user in everyone if user not in channel["members"]]

    def changed(self) -> None:
        """Save, and tell who watches."""
        self.store.save_soon()
        self.on_change()

    def now(self) -> float:
        """The workspace's time, in seconds since 1970."""
        return self._clock()

    def next_ts(self) -> str:
        """A message timestamp later than every one before, whatever the clock says."""
        micros = max(round(self._clock() * 1e6), self._state.get("last_ts", 0) + 1)
        self._state["last_ts"] = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def user_id(self, name: str) -> str:
        """The id of a person by name or id; KeyError when there is nobody of that name."""
        user = name if name in self.users else identify("U", name)
        if user not in self.users:
            raise KeyError(f"nobody is called {name!r} here")
        return user

    def channel_id(self, name: str) -> str:
        """The id of a channel by `name`, `#name` or id; KeyError when there is none."""
        channel = name if name in self.channels else identify("C", name.removeprefix("#"))
        if channel not in self.channels:
            raise KeyError(f"there is no channel {name!r} here")
        return channel

    def direct(self, user: str) -> str:
        """The id of the direct-message channel between a person and the app, made when first asked for."""
        channel = identify("D", user)
        if channel not in self.channels:
            self.channels[channel] = {"name": "", "members": [user, self.bot_user], "user": user}
        return channel

    def find(self, channel: str, ts: str) -> Json:
        """A message by its place; refuses with `message_not_found`."""
        for message in reversed(self.messages.get(channel, [])):
            if message["ts"] == ts:
                return message
        raise Refusal("message_not_found")

    def thread(self, channel: str, ts: str) -> list[Json]:
        """A message and its replies, oldest first."""
        return [m for m in self.messages.get(channel, []) if ts in (m["ts"], m.get("thread_ts"))]

    def top_level(self, channel: str) -> list[Json]:
        """The messages of a channel outside threads, oldest first."""
        return [
            m
            for m in self.messages.get(channel, [])
            if m.get("thread_ts", m["ts"]) == m["ts"] or m.get("subtype") == "thread_broadcast"
        ]

    def compose(self, author: str, **fields: Any) -> Json:
        """A message of a person or the bot, not yet posted; fields that are None are left out."""
        message: Json = {"type": "message", "user": author, "ts": self.next_ts(), "team": TEAM["id"]}
        if author == self.bot_user:
            profile = {"id": self.bot_id, "name": self.manifest.name, "app_id": APP_ID, "team_id": TEAM["id"]}
            message |= {"bot_id": self.bot_id, "app_id": APP_ID, "bot_profile": profile}
        message |= {name: value for name, value in fields.items() if value is not None}
        if "blocks" in message:
            message["blocks"] = with_ids(message["blocks"], message["ts"])
        return message

    def post(self, channel: str, author: str, **fields: Any) -> Json:
        """Put a message into a channel, or with `thread_ts` into a thread there."""
        message = self.compose(author, **fields)
        if thread_ts := message.get("thread_ts"):
            parent = self.find(channel, thread_ts)
            message["parent_user_id"] = parent["user"]
            parent["thread_ts"] = thread_ts
            parent["reply_count"] = parent.get("reply_count", 0) + 1
            parent["latest_reply"] = message["ts"]
            if author not in parent.setdefault("reply_users", []):
                parent["reply_users"].append(author)
        self.messages.setdefault(channel, []).append(message)
        self.read.setdefault(author, {})[channel] = message["ts"]
        self._tell_message(channel, {k: v for k, v in message.items() if k != "metadata"})
        if f"<@{self.bot_user}>" in message["text"] and author != self.bot_user:
            mention: Json = {key: message[key] for key in ("user", "text", "ts", "team", "thread_ts") if key in message}
            self._tell("app_mention", channel, {**mention, "event_ts": message["ts"]})
        self.changed()
        return message

    def show(self, user: str, channel: str, **fields: Any) -> Json:
        """Show a message of the app to one person only."""
        message = self.compose(self.bot_user, channel=channel, is_ephemeral=True, **fields)
        self.ephemeral.setdefault(user, []).append(message)
        self.changed()
        return message

    def edit(self, channel: str, message: Json, **fields: Any) -> None:
        """Replace the given fields of a message; None leaves a field, an empty one is removed (text: emptied)."""
        before = dict(message)
        for name, value in fields.items():
            if value or (name == "text" and value is not None):
                message[name] = with_ids(value, message["ts"]) if name == "blocks" else value
            elif value is not None:
                message.pop(name, None)
        if not message.get("is_ephemeral"):
            message["edited"] = {"user": message["user"], "ts": self.next_ts()}
            change = {"subtype": "message_changed", "message": dict(message), "previous_message": before}
            self._tell_message(channel, {**change, "hidden": True, "ts": message["edited"]["ts"]})
        self.changed()

    def delete(self, channel: str, message: Json) -> None:
        """Take a message away."""
        self.messages[channel].remove(message)
        change = {"subtype": "message_deleted", "previous_message": message, "deleted_ts": message["ts"]}
        self._tell_message(channel, {**change, "hidden": True, "ts": self.next_ts()})
        self.changed()

    def react(self, user: str, channel: str, ts: str, name: str, *, add: bool = True) -> None:
        """Add or take back a reaction; refuses a second one and one that is not there, by Slack's names."""
        message = self.find(channel, ts)
        reactions: list[Json] = message.setdefault("reactions", [])
        reaction = next((r for r in reactions if r["name"] == name), None)
        if add == (reaction is not None and user in reaction["users"]):
            raise Refusal("already_reacted" if add else "no_reaction")
        if reaction is None:
            reaction = {"name": name, "users": [], "count": 0}
            reactions.append(reaction)
        (reaction["users"].append if add else reaction["users"].remove)(user)
        reaction["count"] = len(reaction["users"])
        if not reaction["count"]:
            reactions.remove(reaction)
        item = {"type": "message", "channel": channel, "ts": ts}
        event = {"user": user, "reaction": name, "item": item, "item_user": message["user"]}
        self._tell("reaction_added" if add else "reaction_removed", channel, {**event, "event_ts": self.next_ts()})
        self.changed()

    def join(self, user: str, channel: str) -> None:
        """Make somebody a member of a channel."""
        if user not in self.channels[channel]["members"]:
            self.channels[channel]["members"].append(user)
            event = {"user": user, "channel_type": "C", "team": TEAM["id"], "event_ts": self.next_ts()}
            self._tell("member_joined_channel", channel, event)
            self.changed()

    def mentions(self, text: str, *, labelled: bool = False) -> str:
        """Typed text as Slack sends it on: `@alice` and `#payments` become ids, with their label if asked."""

        people = [(user["name"], user_id) for user_id, user in self.users.items()]
        people += [(name, group) for group, (name, _) in self.groups.items()]
        channels = [(channel["name"], channel_id) for channel_id, channel in self.channels.items()]

        def resolve(match: re.Match[str]) -> str:
            sign, typed = match[1], match[2]
            pool = people if sign == "@" else channels
            # A group may be called like the app but for capitals, so what is typed exactly comes first.
            found = [i for name, i in pool if name == typed] or [i for name, i in pool if name.lower() == typed.lower()]
            if not found:
                return match[0]
            form = "!subteam^" if found[0][0] == "S" else sign
            return f"<{form}{found[0]}{'|' + typed if labelled else ''}>"

        return re.sub(r"(?<![\w<])([@#])([\w.-]*\w)", resolve, text)

    def _tell_message(self, channel: str, event: Json) -> None:
        direct = "user" in self.channels[channel]
        event |= {"event_ts": event["ts"], "channel_type": "im" if direct else "channel"}
        self._tell("message", channel, event, "message.im" if direct else "message.channels")

    def _tell(self, kind: str, channel: str, event: Json, subscription: str | None = None) -> None:
        """Hand an event on, when the app is a member of the channel it happened in."""
        if self.bot_user in self.channels[channel]["members"]:
            # A reaction names its channel in `item` only.
            place = {} if "item" in event else {"channel": channel}
            self.on_event(subscription or kind, {"type": kind, **place, **event})


def _user(person: Json) -> Json:
    name, real_name = person["name"], person.get("real_name", person["name"])
    profile = {"real_name": real_name, "display_name": name, "email": person.get("email", f"{name}@example.com")}
    return {
        "id": identify("U", name), "team_id": TEAM["id"], "name": name, "real_name": real_name, "deleted": False,
        "tz": person.get("tz", "Etc/UTC"), "is_bot": "bot_id" in person, "is_app_user": False,
        "updated": int(time.time()), "profile": profile | ({"bot_id": person["bot_id"]} if "bot_id" in person else {}),
    }  # fmt: skip
