"""OpenCost's server: its /allocation, a day at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from finops.periods import DAY
from storage.sources.source import SourceFailed

FAILING = (429, 500, 502, 503, 504)
"""Answers after which the same may be asked again."""
DIMENSIONS = ("cluster", "namespace", "controllerKind", "controller")


class OpenCostServer:
    """A server.

    Args:
        url: under which it has /allocation.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def day(self, day: date, labels: Sequence[str]) -> bytes:
        """The answer about a day as it came, with `aggregate` beside it: what its allocations' names are made of.

        Raises:
            SourceFailed: it cannot be reached, or has nothing of the day.
        """
        aggregate = ",".join([*DIMENSIONS, *(f"label:{label}" for label in labels)])
        window = f"{day}T00:00:00Z,{day + DAY}T00:00:00Z"
        answer = self._get({"window": window, "aggregate": aggregate, "includeIdle": "true"})
        try:
            has_any = any(json.loads(answer)["data"] or ())
        except (ValueError, KeyError, TypeError):
            raise SourceFailed(f"{self._url} gives no answer of OpenCost.", "Check `url`.") from None
        if not has_any:
            raise SourceFailed(f"OpenCost has nothing of {day}.")
        return b'{"aggregate":%s,' % json.dumps(aggregate).encode() + answer.lstrip().removeprefix(b"{")

    def lacking(self) -> list[str]:
        """Why it does not answer."""
        try:
            self._get({"window": "1h", "aggregate": "cluster"})
        except SourceFailed as failed:
            return [failed.reason]
        return []

    def _get(self, asked: Mapping[str, str]) -> bytes:
        from urllib3.exceptions import HTTPError

        try:
            answer = self._pool.request("GET", f"{self._url}/allocation?{urlencode(asked)}")
        except HTTPError as error:
            raise SourceFailed(f"{self._url} cannot be reached ({type(error).__name__}).", "Check `url`.") from None
        if answer.status != 200:
            raise SourceFailed(f"{self._url} answered {answer.status}.")
        return bytes(answer.data)

    @cached_property
    def _pool(self) -> Any:
        import urllib3  # what the web process does without

        retry = urllib3.Retry(total=3, backoff_factor=0.5, status_forcelist=FAILING, raise_on_status=False)
        return urllib3.PoolManager(retries=retry, timeout=urllib3.Timeout(connect=10, read=300))
