"""The workspace's people, groups and channels, copied into the state database so that listeners need not ask Slack."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import structlog
from slack_sdk import WebClient

from bot.channels.channel import Refused
from bot.channels.slack_calls import attempt
from storage.people import replace_directory
from storage.state import State

LOG = structlog.get_logger("finops.directory")


def refresh_directory(client: WebClient, state: State) -> None:
    """Replace the cache with what Slack says now; raises Refused where Slack does not answer."""
    people = [
        (
            user["id"],
            user.get("real_name") or user["name"],
            (user.get("profile") or {}).get("email") or "",
            user.get("tz") or "",
        )
        for user in _pages(client.users_list, "members", limit=1000)
        if not user.get("deleted") and not user.get("is_bot")
    ]
    groups = [
        (group["id"], group["handle"], member)
        for group in attempt(client.usergroups_list, include_users=True)["usergroups"]
        for member in group.get("users") or ()
    ]
    channels = [
        (channel["id"], channel["name"], bool(channel.get("is_member")))
        for channel in _pages(
            client.conversations_list,
            "channels",
            limit=1000,
            exclude_archived=True,
            types="public_channel,private_channel",
        )
    ]
    with state.writing() as connection:
        replace_directory(connection, people, groups, channels)
    LOG.info("directory refreshed", people=len(people), groups=len({g[0] for g in groups}), channels=len(channels))


def _pages(call: Any, field: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        try:
            answer = attempt(call, cursor=cursor, **arguments)
        except Refused as refusal:
            if refusal.reason != "ratelimited":
                raise
            # A large workspace has more pages than Slack gives in a minute; beginning again would never end.
            time.sleep(min(refusal.retry_after or 1, 60))
            continue
        yield from answer[field]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
