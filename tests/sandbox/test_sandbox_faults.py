"""Faults on request, and state that survives a restart."""

import json
from collections.abc import Callable
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox import Fault, Sandbox


def test_reset_after_commit_posts_and_cuts(sandbox: Sandbox, client: WebClient) -> None:
    """After reset_after_commit the message is there and the caller does not know it; reset_before leaves nothing."""
    for kind, there in (("reset_before", []), ("reset_after_commit", ["once"])):
        sandbox.inject(Fault("chat.postMessage", kind))  # type: ignore[arg-type]
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            client.chat_postMessage(channel="#payments", text="once")
        assert [m["text"] for m in sandbox.messages("payments")] == there
    assert [call.answer for call in sandbox.calls] == [None, None]


def test_the_sdk_posts_twice_after_a_reset(sandbox: Sandbox) -> None:
    """The SDK's own retry of a reset doubles the message, as it does with Slack."""
    sandbox.inject(Fault("chat.postMessage", "reset_after_commit"))
    WebClient(sandbox.bot_token, base_url=sandbox.api_url).chat_postMessage(channel="#payments", text="twice")
    assert [m["text"] for m in sandbox.messages("payments")] == ["twice", "twice"]


def test_server_errors_limits_and_delays(sandbox: Sandbox) -> None:
    """500 and 502 do nothing, rate_limited carries Retry-After, slow does the work and answers late."""
    client = WebClient(sandbox.bot_token, base_url=sandbox.api_url, timeout=1, retry_handlers=[])
    for kind in ("500", "502"):
        sandbox.inject(Fault("*", kind))
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel="#payments", text="x")
        assert caught.value.response.status_code == int(kind)
    sandbox.inject(Fault("chat.postMessage", "rate_limited", seconds=7))
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="#payments", text="x")
    assert caught.value.response.headers["Retry-After"] == "7"
    assert sandbox.messages("payments") == []
    sandbox.inject(Fault("chat.postMessage", "slow", seconds=1.5))
    with pytest.raises(TimeoutError):
        client.chat_postMessage(channel="#payments", text="x")
    assert len(sandbox.messages("payments")) == 1


def test_state_survives_a_restart(make: Callable[..., Sandbox], tmp_path: Path) -> None:
    """Messages, threads, reactions, Home tabs and pictures are there after a restart, and ids stay the same."""
    store = tmp_path / "slack.json"
    first = make(store=store, processing_seconds=0)
    client = WebClient(first.bot_token, base_url=first.api_url)
    file = client.files_upload_v2(content=b"png", filename="a.png")["file"]["id"]
    ts = client.chat_postMessage(channel="#payments", text="kept")["ts"]
    first.person("alice").say("payments", "reply", thread_ts=ts)
    first.person("alice").react("payments", ts, "eyes")
    home: dict[str, Any] = {"type": "home", "blocks": [{"type": "divider"}]}
    client.views_publish(user_id=first.user_id("alice"), view=home)
    before = (first.messages("payments"), first.thread("payments", ts), first.person("alice").home)
    first.stop()
    assert json.loads(store.read_text())
    second = make(store=store)
    assert (second.messages("payments"), second.thread("payments", ts), second.person("alice").home) == before
    assert second.channel_id("payments") == first.channel_id("payments")
    client = WebClient(second.bot_token, base_url=second.api_url)
    assert client.files_info(file=file)["file"]["mimetype"] == "image/png"
    assert client.chat_postMessage(channel="#payments", text="later")["ts"] > ts
