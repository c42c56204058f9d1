"""What can go wrong: refusals of the Web API, failures a person reads, and a port that is taken."""

from typing import Any


class Refusal(Exception):
    """A Web API call Slack would refuse.

    Attributes:
        error: Slack's own name of the error, as in the answer's `error`.
        answer: the whole answer to send.
    """

    def __init__(self, error: str, *messages: str, **details: Any) -> None:
        """Name the error; `messages` go to `response_metadata.messages`, `details` beside `error`."""
        super().__init__(error, *messages)
        self.error = error
        self.answer: dict[str, Any] = {"ok": False, "error": error, **details}
        if messages:
            self.answer["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in messages]}


class AppFailure(Exception):
    """The app did not do what a person asked of it; the text is what the person reads."""


class PortInUseError(OSError):
    """The port asked for is held by another program."""
