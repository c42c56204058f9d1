"""The Web API refuses what Slack refuses."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox import Sandbox


def refused(call: Callable[[], Any]) -> str:
    """The name of the error a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


def test_a_message_posted_is_the_message_read(sandbox: Sandbox, client: WebClient) -> None:
    """What chat.postMessage takes, conversations.history gives back, with metadata only when asked."""
    metadata = {"event_type": "daily", "event_payload": {"key": "payments/2026-11"}}
    posted = client.chat_postMessage(channel="#payments", text="hello", metadata=metadata)
    assert [m["text"] for m in sandbox.messages("payments")] == ["hello"]
    channel = sandbox.channel_id("payments")
    assert "metadata" not in client.conversations_history(channel=channel)["messages"][0]
    found = client.conversations_history(channel=channel, include_all_metadata=True)["messages"][0]
    assert (found["ts"], found["metadata"]) == (posted["ts"], metadata)
    assert sandbox.calls[0].method == "chat.postMessage" and sandbox.calls[0].error is None


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C404", "text": "x"}, "channel_not_found"),
        ({"channel": "#private-ish", "text": "x"}, "not_in_channel"),
        ({"channel": "#payments"}, "no_text"),
        ({"channel": "#payments", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "#payments", "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        ({"channel": "#payments", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "#payments", "text": "x", "blocks": [{"type": "nope"}]}, "invalid_blocks"),
        (
            {
                "channel": "#payments",
                "text": "x",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2_000}}] * 5,
            },
            "msg_blocks_too_long",
        ),
    ],
)
def test_post_refusals(client: WebClient, arguments: dict[str, Any], error: str) -> None:
    """chat.postMessage refuses each wrong message by Slack's name."""
    assert refused(lambda: client.chat_postMessage(**arguments)) == error


def test_invalid_blocks_name_the_place(client: WebClient) -> None:
    """invalid_blocks says at which JSON pointer the fault is."""
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(
            channel="#payments",
            text="x",
            blocks=[{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
        )
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]


def test_updates(sandbox: Sandbox, client: WebClient) -> None:
    """chat.update changes the bot's own messages only, marks them edited and keeps what is not given."""
    channel = sandbox.channel_id("payments")
    ts = client.chat_postMessage(channel=channel, text="one", metadata={"event_type": "t", "event_payload": {}})["ts"]
    client.chat_update(channel=channel, ts=ts, text="two")
    message = sandbox.messages("payments")[0]
    assert (message["text"], message["metadata"]["event_type"], "edited" in message) == ("two", "t", True)
    theirs = sandbox.person("alice").say("payments", "mine")["ts"]
    assert refused(lambda: client.chat_update(channel=channel, ts=theirs, text="x")) == "cant_update_message"
    assert refused(lambda: client.chat_update(channel=channel, ts="1.000001", text="x")) == "message_not_found"
    assert refused(lambda: client.chat_update(channel=channel, ts=ts, text="x" * 4_001)) == "msg_too_long"
    assert refused(lambda: client.chat_update(channel="#payments", ts=ts, text="x")) == "channel_not_found"
    client.chat_delete(channel=channel, ts=ts)
    assert [m["text"] for m in sandbox.messages("payments")] == ["mine"]


def test_tokens_and_scopes(make: Callable[..., Sandbox]) -> None:
    """Missing, wrong and wrong-typed tokens, unknown methods and missing scopes are each refused by name."""
    sandbox = make(manifest={"display_information": {"name": "Bot"}, "oauth_config": {"scopes": {"bot": ["commands"]}}})

    def client(token: str) -> WebClient:
        return WebClient(token, base_url=sandbox.api_url)

    assert refused(lambda: client("").auth_test()) == "not_authed"
    assert refused(lambda: client("xoxb-other").auth_test()) == "invalid_auth"
    assert refused(lambda: client(sandbox.app_token).auth_test()) == "not_allowed_token_type"
    assert refused(lambda: client(sandbox.bot_token).api_call("chat.shout")) == "unknown_method"
    assert client(sandbox.bot_token).auth_test().headers["x-oauth-scopes"] == "commands"
    with pytest.raises(SlackApiError) as caught:
        client(sandbox.bot_token).chat_postMessage(channel="#general", text="x")
    answer = caught.value.response
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "chat:write", "commands")


def test_rate_limits(make: Callable[..., Sandbox]) -> None:
    """A second message to a channel within the second and the 21st listing in a minute get 429 with Retry-After."""
    sandbox = make(rate_limits=True)
    client = WebClient(sandbox.bot_token, base_url=sandbox.api_url)
    client.chat_postMessage(channel="#payments", text="1")
    client.chat_postMessage(channel="#general", text="another channel")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=sandbox.channel_id("payments"), text="2")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    for _ in range(20):
        client.conversations_list()
    assert refused(client.conversations_list) == "ratelimited"


def test_directory(sandbox: Sandbox, client: WebClient) -> None:
    """People, groups and channels can be looked up; lists are paged by cursor."""
    alice = sandbox.user_id("alice")
    assert client.users_lookupByEmail(email="ALICE@example.com")["user"]["id"] == alice
    assert refused(lambda: client.users_lookupByEmail(email="x@example.com")) == "users_not_found"
    assert client.users_info(user=alice)["user"]["tz_offset"] in (3600, 7200)
    group = client.usergroups_list()["usergroups"][0]
    assert (group["handle"], client.usergroups_users_list(usergroup=group["id"])["users"]) == ("finops", [alice])
    assert [len(page["channels"]) for page in client.conversations_list(limit=2)] == [2, 1]
    assert client.conversations_members(channel=sandbox.channel_id("general"))["members"][0] == alice
    direct = client.conversations_open(users=alice)["channel"]["id"]
    client.chat_postMessage(channel=direct, text="psst")
    assert [m["text"] for m in sandbox.person("alice").direct_messages()] == ["psst"]
    assert sandbox.person("bob").direct_messages() == []


def test_joining(sandbox: Sandbox, client: WebClient) -> None:
    """The bot can post into a channel once it has joined."""
    client.conversations_join(channel=sandbox.channel_id("private-ish"))
    assert client.chat_postMessage(channel="#private-ish", text="here")["ok"]


def test_threads(sandbox: Sandbox, client: WebClient) -> None:
    """Replies live in their thread, are counted at its root, and cannot be replied to."""
    channel = sandbox.channel_id("payments")
    root = client.chat_postMessage(channel=channel, text="root")["ts"]
    reply = sandbox.person("alice").say("payments", "ack", thread_ts=root)["ts"]
    assert [m["text"] for m in sandbox.messages("payments")] == ["root"]
    assert [m["text"] for m in client.conversations_replies(channel=channel, ts=root)["messages"]] == ["root", "ack"]
    assert sandbox.messages("payments")[0]["reply_count"] == 1
    answer = refused(lambda: client.chat_postMessage(channel=channel, text="x", thread_ts=reply))
    assert answer == "cannot_reply_to_message"


def test_history_window(make: Callable[..., Sandbox]) -> None:
    """History is newest first, bounded by oldest and latest, with edges only when inclusive; ts never repeats."""
    sandbox = make(clock=lambda: 1_700_000_000.0)
    client, channel = WebClient(sandbox.bot_token, base_url=sandbox.api_url), sandbox.channel_id("payments")
    stamps = [client.chat_postMessage(channel=channel, text=str(n))["ts"] for n in range(4)]
    assert len(set(stamps)) == 4 and stamps == sorted(stamps)

    def texts(**window: Any) -> str:
        return "".join(m["text"] for m in client.conversations_history(channel=channel, **window)["messages"])

    assert texts() == "3210"
    assert texts(oldest=stamps[1], latest=stamps[3]) == "2"
    assert texts(oldest=stamps[1], latest=stamps[3], inclusive=True) == "321"
    first = client.conversations_history(channel=channel, limit=3)
    assert first["has_more"] and texts(cursor=first["response_metadata"]["next_cursor"]) == "0"


def test_ephemeral(sandbox: Sandbox, client: WebClient) -> None:
    """An ephemeral message is seen by one member only and is not in the history."""
    channel = sandbox.channel_id("payments")
    client.chat_postEphemeral(channel=channel, user=sandbox.user_id("alice"), text="for you")
    assert [m["text"] for m in sandbox.person("alice").sees("payments")] == ["for you"]
    assert sandbox.person("bob").sees("payments") == sandbox.messages("payments") == []
    assert refused(lambda: client.chat_postEphemeral(channel=channel, user="U404", text="x")) == "user_not_in_channel"


def test_reactions(sandbox: Sandbox, client: WebClient) -> None:
    """A reaction counts once a person."""
    channel = sandbox.channel_id("payments")
    ts = client.chat_postMessage(channel=channel, text="x")["ts"]
    client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    assert refused(lambda: client.reactions_add(channel=channel, timestamp=ts, name="eyes")) == "already_reacted"
    sandbox.person("bob").react("payments", ts, "eyes")
    assert client.reactions_get(channel=channel, timestamp=ts)["message"]["reactions"][0]["count"] == 2


def test_uploads_are_asynchronous(make: Callable[..., Sandbox]) -> None:
    """A picture can be shown only once files.info has its mimetype."""
    sandbox = make(processing_seconds=0.4)
    client = WebClient(sandbox.bot_token, base_url=sandbox.api_url)
    file = client.files_upload_v2(content=b"\x89PNG....", filename="chart.png", title="Chart")["file"]["id"]
    image = {"type": "image", "slack_file": {"id": file}, "alt_text": "chart"}
    assert client.files_info(file=file)["file"]["mimetype"] == ""
    assert refused(lambda: client.chat_postMessage(channel="#payments", text="x", blocks=[image])) == "invalid_blocks"
    sandbox.wait_for(lambda: client.files_info(file=file)["file"]["mimetype"] == "image/png")
    assert client.chat_postMessage(channel="#payments", text="x", blocks=[image])["ok"]
    url = client.files_info(file=file)["file"]["url_private"]
    assert urllib.request.urlopen(url).read() == b"\x89PNG...."
    assert refused(lambda: client.files_completeUploadExternal(files=[{"id": "F404"}])) == "file_not_found"


def test_other_sites_are_kept_out(sandbox: Sandbox) -> None:
    """A web page from elsewhere cannot act in the workspace through the user's browser."""
    request = urllib.request.Request(
        f"{sandbox.url}/sandbox/act", json.dumps({"action": "say"}).encode(), {"Origin": "https://evil.example"}
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)
