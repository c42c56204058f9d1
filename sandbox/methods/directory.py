"""Who and what there is: auth, api.test, conversations, users, user groups, bots, team."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.errors import Refusal
from sandbox.webapi import Arguments, Backend, method
from sandbox.workspace import APP_ID, TEAM

Json = dict[str, Any]


def paged(arguments: Arguments, name: str, items: Sequence[Any], most: int) -> Json:
    """One page of a list, with the cursor of the next one."""
    try:
        start = int(base64.b64decode(str(arguments.get("cursor") or ""), validate=True) or 0)
    except (ValueError, binascii.Error):
        raise Refusal("invalid_cursor") from None
    end = start + min(arguments.number("limit", most), 1000)
    cursor = base64.b64encode(str(end).encode()).decode() if end < len(items) else ""
    return {name: list(items[start:end]), "response_metadata": {"next_cursor": cursor}}


def known_channel(backend: Backend, channel: str) -> str:
    """A channel's id; refuses with `channel_not_found`."""
    if channel not in backend.workspace.channels:
        raise Refusal("channel_not_found")
    return channel


def bot_channel(backend: Backend, channel: str, *, by_name: bool = False) -> str:
    """A channel the bot is in; with `by_name` also `#name`, and a person's id for her direct messages."""
    workspace = backend.workspace
    if by_name and channel in workspace.users:
        return workspace.direct(channel)
    if by_name and channel not in workspace.channels:
        try:
            channel = workspace.channel_id(channel)
        except KeyError:
            raise Refusal("channel_not_found") from None
    if workspace.bot_user not in workspace.channels[known_channel(backend, channel)]["members"]:
        raise Refusal("not_in_channel")
    return channel


def _channel(backend: Backend, channel: str) -> Json:
    known, direct = backend.workspace.channels[channel], channel.startswith("D")
    named = {"user": known["user"]} if direct else {"name": known["name"], "name_normalized": known["name"]}
    return {
        "id": channel, **named, "is_channel": not direct, "is_im": direct, "is_group": False, "is_mpim": False,
        "is_private": direct, "is_archived": False, "is_general": known["name"] == "general",
        "is_member": backend.workspace.bot_user in known["members"], "num_members": len(known["members"]),
        "context_team_id": TEAM["id"],
    }  # fmt: skip


def _user(backend: Backend, user: str) -> Json:
    known = backend.workspace.users.get(user)
    if known is None:
        raise Refusal("user_not_found")
    now = datetime.fromtimestamp(backend.workspace.now(), ZoneInfo(known["tz"]))
    offset = now.utcoffset()
    scopes, profile = backend.workspace.manifest.scopes, dict(known["profile"])
    if scopes is not None and "users:read.email" not in scopes:
        profile.pop("email")
    return {
        **known,
        "profile": profile,
        "tz_label": now.tzname(),
        "tz_offset": int(offset.total_seconds() if offset else 0),
    }


@method("api.test", token="")
def api_test(backend: Backend, arguments: Arguments) -> Json:
    """Echo the arguments."""
    if error := arguments.get("error"):
        raise Refusal(str(error), args=dict(arguments))
    return {"args": dict(arguments)}


@method("auth.test")
def auth_test(backend: Backend, arguments: Arguments) -> Json:
    """Whom the token belongs to."""
    workspace = backend.workspace
    return {
        "url": backend.url + "/", "team": TEAM["name"], "team_id": TEAM["id"], "user": workspace.manifest.name,
        "user_id": workspace.bot_user, "bot_id": workspace.bot_id, "is_enterprise_install": False,
    }  # fmt: skip


@method("apps.connections.open", token="xapp")
def connections_open(backend: Backend, arguments: Arguments) -> Json:
    """The address of a new socket."""
    socket = backend.url.replace("http", "ws", 1)
    return {"url": f"{socket}/link/?ticket={backend.delivery.ticket()}&app_id={APP_ID}"}


@method("conversations.list", scope="channels:read", per_minute=20)
def conversations_list(backend: Backend, arguments: Arguments) -> Json:
    """Channels of the types asked for."""
    types = str(arguments.get("types") or "public_channel").replace(" ", "").split(",")
    kinds = {"C" if "public_channel" in types else "", "D" if "im" in types else ""}
    channels = [_channel(backend, channel) for channel in sorted(backend.workspace.channels) if channel[0] in kinds]
    return paged(arguments, "channels", channels, 100)


@method("conversations.info", scope="channels:read", per_minute=50)
def conversations_info(backend: Backend, arguments: Arguments) -> Json:
    """One channel."""
    return {"channel": _channel(backend, known_channel(backend, arguments.need("channel")))}


@method("conversations.members", scope="channels:read", per_minute=100)
def conversations_members(backend: Backend, arguments: Arguments) -> Json:
    """Who is in a channel."""
    channel = known_channel(backend, arguments.need("channel"))
    return paged(arguments, "members", backend.workspace.channels[channel]["members"], 100)


@method("conversations.open", scope="im:write", per_minute=50)
def conversations_open(backend: Backend, arguments: Arguments) -> Json:
    """The direct messages with one person."""
    users = str(arguments.get("users") or "").split(",")
    if len(users) > 1:
        # Group direct messages are not part of the sandbox.
        raise Refusal("method_not_supported_for_channel_type")
    if users[0] not in backend.workspace.users:
        raise Refusal("user_not_found" if users[0] else "users_list_not_supplied")
    return {"channel": {"id": backend.workspace.direct(users[0])}}


@method("conversations.join", scope="channels:join", per_minute=50)
def conversations_join(backend: Backend, arguments: Arguments) -> Json:
    """Make the bot a member."""
    channel = known_channel(backend, arguments.need("channel"))
    backend.workspace.join(backend.workspace.bot_user, channel)
    return {"channel": _channel(backend, channel)}


@method("users.info", scope="users:read", per_minute=100)
def users_info(backend: Backend, arguments: Arguments) -> Json:
    """One person."""
    return {"user": _user(backend, arguments.need("user"))}


@method("users.list", scope="users:read", per_minute=20)
def users_list(backend: Backend, arguments: Arguments) -> Json:
    """Everybody."""
    return paged(arguments, "members", [_user(backend, user) for user in sorted(backend.workspace.users)], 1000)


@method("users.lookupByEmail", scope="users:read.email", per_minute=50)
def users_by_email(backend: Backend, arguments: Arguments) -> Json:
    """The person with an e-mail address."""
    email = arguments.need("email").lower()
    for user, known in backend.workspace.users.items():
        if known["profile"]["email"].lower() == email and not known["is_bot"]:
            return {"user": _user(backend, user)}
    raise Refusal("users_not_found")


@method("usergroups.list", scope="usergroups:read", per_minute=20)
def usergroups_list(backend: Backend, arguments: Arguments) -> Json:
    """Every user group."""
    listed = []
    for group, (name, users) in backend.workspace.groups.items():
        entry: Json = {"id": group, "team_id": TEAM["id"], "is_usergroup": True, "name": name, "handle": name}
        entry |= {"user_count": len(users), **({"users": users} if arguments.flag("include_users") else {})}
        listed.append(entry)
    return {"usergroups": listed}


@method("usergroups.users.list", scope="usergroups:read", per_minute=20)
def usergroup_users(backend: Backend, arguments: Arguments) -> Json:
    """Who is in a user group."""
    group = backend.workspace.groups.get(arguments.need("usergroup"))
    if group is None:
        raise Refusal("no_such_subteam")
    return {"users": group[1]}


@method("bots.info", scope="users:read", per_minute=50)
def bots_info(backend: Backend, arguments: Arguments) -> Json:
    """The app's bot."""
    workspace = backend.workspace
    if arguments.get("bot") not in (None, "", workspace.bot_id):
        raise Refusal("bot_not_found")
    bot = {"id": workspace.bot_id, "app_id": APP_ID, "user_id": workspace.bot_user, "name": workspace.manifest.name}
    return {"bot": {**bot, "deleted": False}}


@method("team.info", scope="team:read", per_minute=50)
def team_info(backend: Backend, arguments: Arguments) -> Json:
    """The workspace."""
    return {"team": {**TEAM, "email_domain": "", "icon": {}}}
