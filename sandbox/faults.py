"""Faults a test asks for: the Web API's answers that go wrong on purpose."""

from dataclasses import dataclass
from typing import Literal


@dataclass
class Fault:
    """A fault of the next calls of a Web API method.

    Attributes:
        method: the method, `response_url`, or `*` for any.
        kind: `reset_before` and `reset_after_commit` cut the connection without an answer, before or after the
            call took effect; `500` and `502` answer so and do nothing; `slow` does the work and then answers late;
            `rate_limited` answers 429.
        times: how many calls it hits.
        seconds: how late `slow` answers, or the Retry-After of `rate_limited`.
    """

    method: str
    kind: Literal["reset_before", "reset_after_commit", "500", "502", "slow", "rate_limited"]
    times: int = 1
    seconds: float = 1.0


def take_fault(faults: list[Fault], method: str) -> Fault | None:
    """The fault due for this call, used up by it."""
    for fault in faults:
        if fault.method in (method, "*") and fault.times > 0:
            fault.times -= 1
            return fault
    return None
