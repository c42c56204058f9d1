"""response_url: five answers in thirty minutes to the place where a person did something."""

import itertools
import time
from dataclasses import dataclass
from typing import Any

from sandbox.errors import Refusal
from sandbox.limits import check_message, check_pictures
from sandbox.workspace import Workspace

Json = dict[str, Any]
USES, SECONDS = 5, 30 * 60.0


@dataclass
class Origin:
    """Where a response_url leads: the person, the channel, the message acted on, and what came of it.

    Attributes:
        message: the message with the button, None for a command.
        answers: the messages posted through it.
    """

    user: str
    channel: str
    message: Json | None
    born: float
    answers: list[Json]
    uses: int = 0


class ResponseUrls:
    """Every response_url handed out."""

    def __init__(self, workspace: Workspace, base: str) -> None:
        """`base` is the address below which they lie."""
        self._workspace, self._base = workspace, base
        self._origins: dict[str, Origin] = {}
        self._numbers = itertools.count(1)

    def make(self, user: str, channel: str, message: Json | None = None) -> tuple[str, Origin]:
        """A new address for something a person did, and what it leads to."""
        token = f"{next(self._numbers)}"
        self._origins[token] = Origin(user, channel, message, time.monotonic(), [])
        return f"{self._base}/{token}", self._origins[token]

    def post(self, token: str, body: Json) -> None:
        """Take one answer of the app."""
        origin = self._origins.get(token)
        if origin is None or time.monotonic() - origin.born > SECONDS:
            raise Refusal("expired_url")
        if origin.uses >= USES:
            raise Refusal("used_url")
        origin.uses += 1
        self.answer(origin, body)

    def answer(self, origin: Origin, body: Json) -> None:
        """Show an answer: replacing the message acted on, deleting it, or beside it."""
        workspace, message = self._workspace, origin.message
        if body.get("delete_original") and message:
            if message.get("is_ephemeral"):
                workspace.ephemeral[origin.user].remove(message)
                workspace.changed()
            else:
                workspace.delete(origin.channel, message)
            return
        check_message(body)
        check_pictures(body.get("blocks"), workspace.files)
        fields = {"text": body.get("text") or "", "blocks": body.get("blocks")}
        if body.get("replace_original") and message:
            workspace.edit(origin.channel, message, **{**fields, "blocks": body.get("blocks") or []})
        elif body.get("response_type") == "in_channel":
            thread_ts, metadata = body.get("thread_ts"), body.get("metadata")
            posted = workspace.post(
                origin.channel, workspace.bot_user, thread_ts=thread_ts, metadata=metadata, **fields
            )
            origin.answers.append(posted)
        else:
            shown = workspace.show(origin.user, origin.channel, thread_ts=body.get("thread_ts"), **fields)
            origin.answers.append(shown)
