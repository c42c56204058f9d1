"""AWS as moto has it: a queue, and a topic that sends to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

REGION, ACCOUNT = "eu-west-1", "123456789012"


@dataclass
class Mail:
    """A topic and the queue that it sends to.

    Attributes:
        url: of the queue.
        topic: ARN.
    """

    sqs: Any
    sns: Any
    url: str
    topic: str

    def waiting(self) -> int:
        """Messages of the queue, those being read included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(counts[name]) for name in names)

    def publish(self, text: str, subject: str = "AWS Budgets: x") -> str:
        """Send to the topic; returns the message's id."""
        return str(self.sns.publish(TopicArn=self.topic, Message=text, Subject=subject)["MessageId"])

    def put(self, body: str) -> None:
        """Put a message into the queue without the topic."""
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)


def made_up_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's credentials: moto takes any."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert "AWS_PROFILE" not in os.environ


def make_mail() -> Mail:
    """A topic with a queue subscribed; inside of moto's mock_aws()."""
    sqs, sns = (boto3.client(name, region_name=REGION) for name in ("sqs", "sns"))
    url = sqs.create_queue(QueueName="finops-alerts", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    topic = sns.create_topic(Name="budgets")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:finops-alerts")
    return Mail(sqs, sns, url, topic)
