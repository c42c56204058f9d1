"""Slack: posting, finding again, and editing messages; App Homes; answers to a click."""

from __future__ import annotations

from typing import Any

from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from bot.channels.channel import Found, Posted, RateLimited, Refused
from bot.channels.slack_calls import SOON, attempt, seconds_to_wait
from bot.channels.slack_pictures import with_picture
from storage.deliveries import HOME, RESPONSE, Delivery

EVENT_TYPE = "finops_delivery"
TIMEOUT = 10
NO_REFERENCE = "-"
PERSON = ("U", "W")
"""Begin the id of a person: posting to it reaches their direct messages, reading them takes the id of these."""


class SlackChannel:
    """Slack through a client of its own, without the SDK's silent repetition of a reset request.

    Args:
        token: the bot token.
        api_url: Slack's base URL, or that of any compatible server.
    """

    def __init__(self, token: str, api_url: str) -> None:
        self.client = WebClient(token=token, base_url=api_url, timeout=TIMEOUT, retry_handlers=[])

    def find(self, delivery: Delivery, address: str, thread: str) -> Found | None:
        """The message that carries the delivery's key, looked for from when it was queued."""
        if delivery.destination.startswith((HOME, RESPONSE)):
            return None  # published again, a home is the same; an answer twice is better than none
        channel, cursor = address, None
        if address.startswith(PERSON):
            channel = str(attempt(self.client.conversations_open, users=address)["channel"]["id"])
        while True:
            page = {"channel": channel, "include_all_metadata": True, "limit": 200, "cursor": cursor}
            if thread:
                answer = attempt(self.client.conversations_replies, ts=thread, **page)
            else:
                oldest = f"{delivery.created_at.timestamp() - 60:.6f}"
                answer = attempt(self.client.conversations_history, oldest=oldest, **page)
            for message in answer["messages"]:
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if payload.get("key") == delivery.key:
                    return Found(str(message["ts"]), channel, int(payload.get("revision") or 0))
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None

    def post(self, delivery: Delivery, address: str, thread: str) -> Posted:
        """Post a message, publish a home or answer a click."""
        if delivery.destination.startswith(HOME):
            attempt(self.client.views_publish, user_id=delivery.destination.removeprefix(HOME), view=delivery.payload)
            return Posted(NO_REFERENCE, address)
        if delivery.destination.startswith(RESPONSE):
            _answer(delivery.destination.removeprefix(RESPONSE), delivery.payload)
            return Posted(NO_REFERENCE, address)
        message, missing = self._message(delivery)
        answer = attempt(
            self.client.chat_postMessage,
            channel=address,
            thread_ts=thread or None,
            reply_broadcast=True if thread and delivery.broadcast else None,
            unfurl_links=False,
            unfurl_media=False,
            **message,
        )
        return Posted(str(answer["ts"]), str(answer.get("channel") or address), missing)

    def update(self, delivery: Delivery) -> Posted:
        """Edit the message to its newest state; a home is published anew."""
        if delivery.ts == NO_REFERENCE:
            return self.post(delivery, delivery.channel, "")
        message, missing = self._message(delivery)
        attempt(self.client.chat_update, channel=delivery.channel, ts=delivery.ts, **message)
        return Posted(delivery.ts, delivery.channel, missing)

    def _message(self, delivery: Delivery) -> tuple[dict[str, Any], bool]:
        payload = delivery.payload
        blocks, missing = payload["blocks"], False
        if payload.get("picture"):
            blocks, missing = with_picture(self.client, payload)
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": delivery.key, "revision": delivery.revision}}
        return {"text": payload["text"], "blocks": blocks, "metadata": metadata}, missing


def _answer(url: str, payload: dict[str, Any]) -> None:
    """Answer through a response_url, which is good for five answers in 30 minutes."""
    # What goes on in further answers is sent as such.
    body = {name: value for name, value in payload.items() if name != "continued"}
    answer = attempt(WebhookClient(url, timeout=TIMEOUT, retry_handlers=[]).send_dict, body=body)
    if answer.status_code == 429:
        raise RateLimited(seconds_to_wait(answer.headers))
    if answer.status_code >= 500:
        raise Refused(f"HTTP {answer.status_code}", SOON, unknown=True)
    if answer.status_code != 200:
        raise Refused(f"the click is too old to be answered (HTTP {answer.status_code})", None)


CHANNEL = SlackChannel
