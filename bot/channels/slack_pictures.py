"""Pictures on Slack: drawn, uploaded, waited for, and put into a message's blocks."""

from __future__ import annotations

import time
from typing import Any

from slack_sdk import WebClient

from bot.channels.channel import RateLimited, Refused
from bot.channels.slack_calls import SOON, attempt

WAIT = 6.0
"""Seconds that a message waits for its picture at most; without it, it goes out all the same."""
POLL = 0.25
ALT_TEXT = 2000


def with_picture(client: WebClient, payload: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
    """A message's blocks with its picture in place, and whether it had to go without.

    Uploads are asynchronous: the file may be shown only once files.info gives it a mimetype.

    Raises:
        Refused: Slack limits the rate, or the message is nothing but its picture.
    """
    picture = payload["picture"]
    blocks = list(payload["blocks"])
    try:
        file = _upload(client, picture)
    except RateLimited as limit:
        # What needs no picture need not wait for it.
        raise RateLimited(limit.seconds, lane="") from None
    except Refused:
        if not blocks:
            raise
        return blocks, True
    image = {"type": "image", "slack_file": {"id": file}, "alt_text": picture["alt_text"][:ALT_TEXT] or "chart"}
    blocks.insert(min(payload["picture_after"], len(blocks)), image)
    return blocks, False


def _upload(client: WebClient, picture: dict[str, Any]) -> str:
    from views.pictures import draw

    content = draw(picture["name"], picture["data"])
    uploaded = attempt(
        client.files_upload_v2,
        content=content,
        filename=f"{picture['name']}.png",
        title=picture["title"] or "chart",
        alt_txt=picture["alt_text"][:1000],
    )
    file = str(uploaded["files"][0]["id"])
    until = time.monotonic() + WAIT
    while (left := until - time.monotonic()) > 0:
        try:
            if attempt(client.files_info, file=file)["file"].get("mimetype"):
                return file
            wait = POLL
        except RateLimited as limit:
            wait = limit.seconds  # it is up there all the same; another upload would only make more calls
        time.sleep(min(wait, left))
    raise Refused("the picture was not ready in time", SOON)
