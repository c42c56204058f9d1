"""The queue that alerts of AWS lie in: read, emptied, and what is not allowed is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

import storage.incoming_queue
from storage.incoming_queue import Queue, QueueFailed
from tests.queues import Mail, made_up_credentials, make_mail


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    """A queue of moto's, which is not waited for."""
    made_up_credentials(monkeypatch)
    monkeypatch.setattr(storage.incoming_queue, "WAIT", 0)
    with mock_aws():
        yield make_mail()


def test_what_is_received_stays_until_it_is_deleted(mail: Mail) -> None:
    """A message is handed over once while it is being read, and is gone only when it was deleted."""
    mail.put("one")
    queue = Queue(mail.url)
    [queued] = queue.receive()
    assert (queued.body, queue.receive(), mail.waiting()) == ("one", [], 1)
    assert queued.sent_at.tzinfo is not None
    queue.delete(queued)
    assert mail.waiting() == 0


def test_the_region_is_the_urls(mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue's URL says where it is: no other setting is needed."""
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    assert mail.url.startswith("https://sqs.eu-west-1.amazonaws.com/")
    assert Queue(mail.url).receive() == []


def test_all_is_well(mail: Mail) -> None:
    """Where both permissions are given nothing lacks, and what lies in the queue is there at once all the same."""
    mail.put("one")
    queue = Queue(mail.url)
    assert queue.lacking() == []
    assert [each.body for each in queue.receive()] == ["one"]


def test_each_missing_permission_is_named(mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal by AWS names the action and the queue, one by one."""
    from botocore.exceptions import ClientError

    queue = Queue(mail.url)

    def denied(**_options: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "any")

    monkeypatch.setattr(queue._client, "delete_message", denied)
    assert queue.lacking() == [f"AWS does not allow sqs:DeleteMessage on {mail.url}."]
    monkeypatch.setattr(queue._client, "receive_message", denied)
    assert queue.lacking() == [f"AWS does not allow sqs:{name}Message on {mail.url}." for name in ("Receive", "Delete")]


def test_a_queue_that_is_not_there(mail: Mail) -> None:
    """It is said once, and nobody is left alone with a traceback."""
    queue = Queue(mail.url + "-other")
    assert queue.lacking() == [f"{queue.url}: there is no such queue."]
    with pytest.raises(QueueFailed, match="there is no such queue"):
        queue.receive()


def test_aws_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network is no bug."""
    made_up_credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(QueueFailed, match="Could not connect to the endpoint"):
        Queue("https://sqs.eu-west-1.amazonaws.com/123456789012/finops-alerts").receive()
