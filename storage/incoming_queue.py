"""The SQS queue that alerts of AWS lie in, for those who open no port. Credentials are those that boto3 finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from finops.errors import FinopsError

WAIT = 2
"""Seconds of a long poll: enough that all of SQS's servers are asked, and short, as other jobs wait meanwhile."""
AT_ONCE = 10
"""Most that SQS hands over in one call."""
_REGION = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/")
_NOT_ALLOWED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403")
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_NO_HANDLE = ("ReceiptHandleIsInvalid", "InvalidParameterValue", "InvalidAddress")


class QueueFailed(FinopsError):
    """The queue cannot be used now: it is not there, not reachable, or not allowed."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A message of the queue.

    Attributes:
        id: SQS's own of the message.
        handle: what this delivery of it is deleted by.
        sent_at: when it was put into the queue.
    """

    id: str
    handle: str
    body: str
    sent_at: datetime


class Queue:
    """An SQS queue, or whatever speaks its language (AWS_ENDPOINT_URL)."""

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def _client(self) -> Any:
        import boto3  # half a second that a company without a queue does not need
        from botocore.config import Config

        region = _REGION.match(self.url)
        waits = Config(connect_timeout=5, read_timeout=WAIT + 10, retries={"total_max_attempts": 2})
        return boto3.client("sqs", config=waits, **({"region_name": region[1]} if region else {}))

    def receive(self) -> list[Queued]:
        """Up to ten messages, hidden from others until their visibility timeout ends; raises QueueFailed."""
        found = self._receive(WaitTimeSeconds=WAIT, MaxNumberOfMessages=AT_ONCE)
        return [
            Queued(
                each["MessageId"],
                each["ReceiptHandle"],
                each["Body"],
                datetime.fromtimestamp(int(each["Attributes"]["SentTimestamp"]) / 1000, UTC),
            )
            for each in found
        ]

    def delete(self, queued: Queued) -> None:
        """Take a message out; raises QueueFailed."""
        with self._asked("sqs:DeleteMessage"):
            self._client.delete_message(QueueUrl=self.url, ReceiptHandle=queued.handle)

    def lacking(self) -> list[str]:
        """Each permission that reading needs and that is refused, or what else is wrong, each a sentence."""
        said = []
        try:
            # Whatever is handed over is to be had again at once.
            self._receive(WaitTimeSeconds=0, MaxNumberOfMessages=1, VisibilityTimeout=0)
        except QueueFailed as failed:
            said.append(failed.reason)
        try:
            with self._asked("sqs:DeleteMessage", tried=True):
                self._client.delete_message(QueueUrl=self.url, ReceiptHandle="finops doctor")
        except QueueFailed as failed:
            said.append(failed.reason)
        return list(dict.fromkeys(said))

    def _receive(self, **options: int) -> list[dict[str, Any]]:
        with self._asked("sqs:ReceiveMessage"):
            answer = self._client.receive_message(
                QueueUrl=self.url, MessageSystemAttributeNames=["SentTimestamp"], **options
            )
            found: list[dict[str, Any]] = answer.get("Messages", [])
        return found

    @contextmanager
    def _asked(self, permission: str, *, tried: bool = False) -> Iterator[None]:
        """Say which permission is missing where AWS says that one is.

        Args:
            tried: whether what is deleted is known not to be there.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if not (tried and code in _NO_HANDLE):
                raise self._refusal(code, permission) from None
        except BotoCoreError as error:
            words = (str(error).splitlines() or [""])[0][:200]
            raise QueueFailed(
                f"{self.url}: {words}", "Credentials come from where AWS's own tools find them."
            ) from None

    def _refusal(self, code: str, permission: str) -> QueueFailed:
        """What an error code of SQS means to whoever set the queue up."""
        if code in _NOT_ALLOWED:
            mend = "See docs/howto/receive-aws-alerts.md."
            return QueueFailed(f"AWS does not allow {permission} on {self.url}.", mend)
        if code in _NO_QUEUE:
            return QueueFailed(f"{self.url}: there is no such queue.", "Check `incoming.queue` in finops.yaml.")
        return QueueFailed(f"{self.url}: AWS answered {code or 'with an error'}.", "It is tried again next time.")
