"""One call to Slack, and what its failure means: not done, perhaps done, or never to be done."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.channels.channel import RateLimited, Refused

SOON, LATER = 1.0, 60.0
TRANSIENT = {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}
"""Slack's words for what may work later; nothing was done."""
MENDABLE = {
    "invalid_auth": "The bot token is not valid; set SLACK_BOT_TOKEN.",
    "not_authed": "There is no bot token; set SLACK_BOT_TOKEN.",
    "token_revoked": "The bot token was revoked; install the app again and set SLACK_BOT_TOKEN.",
    "account_inactive": "The bot was removed from the workspace; install the app again.",
    "missing_scope": "The app lacks a scope; `finops doctor` names it.",
    "not_in_channel": "Invite the bot to the channel: `/invite @FinOps`.",
    "channel_not_found": "There is no such channel, or it is private and the bot was not invited.",
}
"""What a person can mend; it is tried on for as long as tries last."""


def attempt(call: Callable[..., Any], **arguments: Any) -> Any:
    """One Web API call; raises Refused, which says whether to try again and whether Slack may have done it."""
    try:
        return call(**arguments)
    except SlackApiError as error:
        raise _refused(error) from None
    except HTTPError as error:
        raise Refused(f"HTTP {error.code}", SOON, unknown=True) from None
    except (SlackClientError, HTTPException, URLError, OSError, json.JSONDecodeError) as error:
        raise Refused(f"no answer ({type(error).__name__}: {error})", SOON, unknown=True) from None


def seconds_to_wait(headers: Mapping[str, Any]) -> float:
    """What Retry-After says."""
    said = str(headers.get("Retry-After", "")).strip()
    return max(float(said), SOON) if said.replace(".", "", 1).isdigit() else SOON


def _refused(error: SlackApiError) -> Refused:
    response: Any = error.response
    status = getattr(response, "status_code", 200)
    if status == 429:
        return RateLimited(seconds_to_wait(response.headers))
    if status >= 500:
        return Refused(f"HTTP {status}", SOON, unknown=True)
    data = response.data if isinstance(getattr(response, "data", None), dict) else {}
    reason = str(data.get("error", "no reason given"))
    if reason in ("ratelimited", "rate_limited"):
        return RateLimited(SOON)
    if reason in TRANSIENT:
        return Refused(reason, SOON, unknown=reason in ("internal_error", "fatal_error"))
    if reason in MENDABLE:
        return Refused(f"{reason}: {MENDABLE[reason]}", LATER)
    details = (data.get("response_metadata") or {}).get("messages", [])
    return Refused(" ".join([reason, *map(str, details[:3])]), None)
