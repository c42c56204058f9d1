"""The job that reads the queue: what is on record is deleted, nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from moto import mock_aws
from sqlalchemy import func, select

import storage.incoming_queue
from bot.installation import Installation
from finops.incoming_alert import IncomingRules
from jobs import receive_incoming
from storage.incoming_alerts import TABLE
from storage.incoming_queue import Queue
from tests.company import make_company
from tests.queues import Mail, made_up_credentials, make_mail

TEXT = "AWS Budget Notification November 12, 2026\nBudget Name: {}\nAlert Type: ACTUAL\nACTUAL Amount: $5\n"
ANOMALY = {"anomalyId": "a-1", "dimensionValue": "Amazon S3", "impact": {"totalImpact": 7}}
EVENT = {"detail-type": "Anomaly Detected", "time": "2026-11-12T03:04:05Z", "detail": ANOMALY}


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    """A topic and a queue of moto's, which is not waited for."""
    made_up_credentials(monkeypatch)
    monkeypatch.setattr(storage.incoming_queue, "WAIT", 0)
    with mock_aws():
        yield make_mail()


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company without its bill."""
    return make_company(tmp_path, bill=False)


def receive(place: Installation, mail: Mail | None, topics: tuple[str, ...] = ()) -> str:
    rules = IncomingRules(topics=topics, queue=mail.url if mail else "")
    company = replace(place.company, incoming=rules, alerts=replace(place.company.alerts, channel="#finops"))
    return receive_incoming.run(now=place.now, company=company, state=place.state).summary


def origins(place: Installation) -> dict[str, int]:
    query = select(TABLE.c.origin, func.count()).group_by(TABLE.c.origin)
    with place.state.reading() as connection:
        return {origin: count for origin, count in connection.execute(query)}


def test_everything_that_lies_there_is_taken_in(place: Installation, mail: Mail) -> None:
    """Through SNS, by EventBridge, or bare: each is recorded, and the queue is empty afterwards."""
    for number in range(12):
        mail.publish(TEXT.format(number))
    mail.publish(json.dumps(ANOMALY))
    mail.put(json.dumps(EVENT))
    mail.put(TEXT.format("bare"))
    mail.put("what is this?")
    assert receive(place, mail) == "1 known, 15 new"
    assert origins(place) == {"aws": 1, "aws-budgets": 13, "aws-cost-anomaly-detection": 1}
    assert mail.waiting() == 0
    assert receive(place, mail) == "nothing came in"


def test_a_message_delivered_twice_is_new_once(place: Installation, mail: Mail) -> None:
    """SNS's own id tells that two messages of the queue are one, and that one was here by another way."""
    message_id = mail.publish(TEXT.format("x"))
    body = mail.sqs.receive_message(QueueUrl=mail.url, VisibilityTimeout=0)["Messages"][0]["Body"]
    assert json.loads(body)["MessageId"] == message_id
    mail.put(body)
    assert receive(place, mail) == "1 known, 1 new"
    assert (origins(place), mail.waiting()) == ({"aws-budgets": 1}, 0)


def test_topics_that_are_not_listed_stay_in_the_queue(place: Installation, mail: Mail) -> None:
    """Where topics are listed, a message of another one is neither believed nor thrown away."""
    mail.publish(TEXT.format("x"))
    assert receive(place, mail, ("arn:aws:sns:eu-west-1:123456789012:other",)) == f"1 {receive_incoming.UNLISTED}"
    assert (origins(place), mail.waiting()) == ({}, 1)


def test_listed_topics_are_taken(place: Installation, mail: Mail) -> None:
    """Where topics are listed, theirs come in."""
    mail.publish(TEXT.format("x"))
    assert receive(place, mail, (mail.topic,)) == "1 new"


def test_what_fails_stays_in_the_queue(place: Installation, mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that breaks something is not deleted, and does not hold up the others."""
    mail.publish(TEXT.format("broken"))
    mail.publish(TEXT.format("whole"))
    works = receive_incoming.take_in

    def sometimes(alert, **more):  # type: ignore[no-untyped-def]
        assert alert.budget != "broken"
        return works(alert, **more)

    monkeypatch.setattr(receive_incoming, "take_in", sometimes)
    assert receive(place, mail) == "1 failed, 1 new"
    assert mail.waiting() == 1


def test_it_is_deleted_after_the_commit(place: Installation, mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the moment of deleting it is on record; where deleting fails it comes again and is known."""
    seen = list[dict[str, int]]()

    def not_now(_queue: Queue, _queued: object) -> None:
        seen.append(origins(place))
        raise storage.incoming_queue.QueueFailed("AWS does not allow sqs:DeleteMessage.")

    mail.publish(TEXT.format("x"))
    with monkeypatch.context() as broken:
        broken.setattr(Queue, "delete", not_now)
        assert receive(place, mail) == "1 queue failed: AWS does not allow sqs:DeleteMessage."
    assert seen == [{"aws-budgets": 1}]
    body = mail.sqs.receive_message(QueueUrl=mail.url, VisibilityTimeout=0)
    assert "Messages" not in body
    assert mail.waiting() == 1


def test_without_a_queue_nobody_is_asked(place: Installation) -> None:
    """Where finops.yaml names no queue, the job is done before it began."""
    assert receive(place, None) == "no queue in finops.yaml"


def test_when_it_was_sent_is_when_it_lay_down(place: Installation, mail: Mail) -> None:
    """A bare text has the moment at which SQS took it."""
    before = datetime.now(UTC)
    mail.put("what is this?")
    receive(place, mail)
    with place.state.reading() as connection:
        body = connection.execute(select(TABLE.c.body)).scalar_one()
    assert abs(datetime.fromisoformat(body["at"]) - before).total_seconds() < 60
