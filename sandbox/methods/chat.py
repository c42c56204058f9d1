"""chat.*, conversations.history and .replies, and reactions.*."""

from typing import Any

from sandbox.errors import Refusal
from sandbox.limits import UPDATE_TEXT, check_message, check_pictures
from sandbox.methods.directory import bot_channel, known_channel, paged
from sandbox.webapi import Arguments, Backend, method

Json = dict[str, Any]


def _content(backend: Backend, arguments: Arguments, **rules: Any) -> Json:
    """Text, blocks and metadata of a call, checked."""
    content = {
        "text": arguments.get("text"),
        "blocks": arguments.structure("blocks", "invalid_blocks_format"),
        "metadata": arguments.structure("metadata", "invalid_metadata_format"),
    }
    check_message({**content, "attachments": arguments.get("attachments")}, **rules)
    check_pictures(content["blocks"], backend.workspace.files)
    return content


@method("chat.postMessage", scope="chat:write")
def post_message(backend: Backend, arguments: Arguments) -> Json:
    """Post into a channel, a thread or a person's direct messages."""
    workspace = backend.workspace
    channel = bot_channel(backend, arguments.need("channel"), by_name=True)
    content = _content(backend, arguments)
    thread_ts = arguments.get("thread_ts") or None
    if thread_ts:
        try:
            parent = workspace.find(channel, str(thread_ts))
        except Refusal:
            raise Refusal("thread_not_found") from None
        if parent.get("thread_ts", parent["ts"]) != parent["ts"]:
            raise Refusal("cannot_reply_to_message")
    content["text"] = content["text"] or ""
    subtype = "thread_broadcast" if thread_ts and arguments.flag("reply_broadcast") else None
    message = workspace.post(channel, workspace.bot_user, thread_ts=thread_ts, subtype=subtype, **content)
    return {"channel": channel, "ts": message["ts"], "message": message}


@method("chat.update", scope="chat:write", per_minute=50)
def update(backend: Backend, arguments: Arguments) -> Json:
    """Edit a message of the bot; what is not given stays."""
    workspace = backend.workspace
    channel = bot_channel(backend, arguments.need("channel"))
    message = workspace.find(channel, arguments.need("ts"))
    if message["user"] != workspace.bot_user:
        raise Refusal("cant_update_message")
    content = _content(backend, arguments, text_limit=UPDATE_TEXT)
    workspace.edit(channel, message, **content)
    return {"channel": channel, "ts": message["ts"], "text": message.get("text", ""), "message": message}


@method("chat.delete", scope="chat:write", per_minute=50)
def delete(backend: Backend, arguments: Arguments) -> Json:
    """Take a message of the bot away."""
    channel = known_channel(backend, arguments.need("channel"))
    message = backend.workspace.find(channel, arguments.need("ts"))
    if message["user"] != backend.workspace.bot_user:
        raise Refusal("cant_delete_message")
    backend.workspace.delete(channel, message)
    return {"channel": channel, "ts": message["ts"]}


@method("chat.postEphemeral", scope="chat:write", per_minute=100)
def post_ephemeral(backend: Backend, arguments: Arguments) -> Json:
    """Show a message to one member of a channel."""
    workspace = backend.workspace
    channel, user = bot_channel(backend, arguments.need("channel")), arguments.need("user")
    if user not in workspace.channels[channel]["members"]:
        raise Refusal("user_not_in_channel")
    content = _content(backend, arguments)
    shown = workspace.show(
        user, channel, text=content["text"] or "", blocks=content["blocks"], thread_ts=arguments.get("thread_ts")
    )
    return {"message_ts": shown["ts"]}


@method("chat.getPermalink")
def get_permalink(backend: Backend, arguments: Arguments) -> Json:
    """The address of a message."""
    channel, ts = known_channel(backend, arguments.need("channel")), arguments.need("message_ts")
    backend.workspace.find(channel, ts)
    return {"channel": channel, "permalink": f"{backend.url}/#/{channel}/{ts}"}


@method("conversations.history", scope="channels:history", per_minute=50)
def history(backend: Backend, arguments: Arguments) -> Json:
    """The messages of a channel, newest first, replies left out."""
    channel = bot_channel(backend, arguments.need("channel"))
    found = _between(arguments, backend.workspace.top_level(channel))
    return _page_of_messages(arguments, found[::-1])


@method("conversations.replies", scope="channels:history", per_minute=50)
def replies(backend: Backend, arguments: Arguments) -> Json:
    """A message and its replies, oldest first."""
    channel, ts = bot_channel(backend, arguments.need("channel")), arguments.need("ts")
    thread = backend.workspace.thread(channel, ts)
    if not thread:
        raise Refusal("thread_not_found")
    return _page_of_messages(arguments, _between(arguments, thread))


def _between(arguments: Arguments, messages: list[Json]) -> list[Json]:
    oldest, latest = str(arguments.get("oldest") or "0"), str(arguments.get("latest") or "9999999999999")
    low, high, edge = float(oldest), float(latest), arguments.flag("inclusive")
    return [m for m in messages if low < float(m["ts"]) < high or (edge and m["ts"] in (oldest, latest))]


def _page_of_messages(arguments: Arguments, messages: list[Json]) -> Json:
    page = paged(arguments, "messages", messages, 100)
    if not arguments.flag("include_all_metadata"):
        page["messages"] = [{k: v for k, v in m.items() if k != "metadata"} for m in page["messages"]]
    return {**page, "has_more": bool(page["response_metadata"]["next_cursor"])}


@method("reactions.add", scope="reactions:write", per_minute=50)
def add_reaction(backend: Backend, arguments: Arguments) -> Json:
    """React as the bot."""
    channel = bot_channel(backend, arguments.need("channel"))
    name = arguments.need("name").strip(":")
    backend.workspace.react(backend.workspace.bot_user, channel, arguments.need("timestamp"), name)
    return {}


@method("reactions.get", scope="reactions:read", per_minute=50)
def get_reactions(backend: Backend, arguments: Arguments) -> Json:
    """A message with its reactions."""
    channel = known_channel(backend, arguments.need("channel"))
    message = backend.workspace.find(channel, arguments.need("timestamp"))
    return {"type": "message", "channel": channel, "message": message}
