"""Alerts of AWS over HTTPS: SNS is believed where it has signed, and nobody else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.installation import Installation
from bot.sns_signature import MOST_FETCHES
from bot.web import build_web
from finops.incoming_alert import IncomingRules
from storage.incoming_alerts import TABLE
from tests.bot import sns
from tests.bot.sns import CERTIFICATE, HOST, TOKEN, TOPIC, Aws, certificate, confirmation, notification
from tests.bot.test_http import Answer, Door
from tests.company import make_company
from tests.queues import made_up_credentials

TEXT = "AWS Budget Notification November 12, 2026\nBudget Name: Athena\nAlert Type: ACTUAL\nACTUAL Amount: $5\n"


@dataclass
class Post:
    """The web application, and what SNS answers it."""

    door: Door
    aws: Aws
    place: Installation

    def come(self, message: dict[str, Any] | str | bytes, **more: Any) -> Answer:
        """Post a message as SNS does."""
        raw = message if isinstance(message, str | bytes) else sns.body(message)
        return self.door.post(raw, kind="text/plain; charset=UTF-8", path="/incoming/sns", **more)

    def count(self) -> int:
        """Alerts on record."""
        with self.place.state.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(TABLE)).scalar() or 0)

    def refused(self, message: Any, status: int, says: str, **more: Any) -> None:
        """A message is refused, nothing is on record, and the log has the reason but nothing of the message."""
        with capture_logs() as logged:
            answer = self.come(message, **more)
        assert (answer.status, says in answer.body, self.count()) == (status, True, 0), answer
        assert [(each["event"], each["reason"]) for each in logged] == [("incoming message refused", answer.body)]
        for secret in ("Athena", TOKEN, "amazonaws", "Signature="):
            assert secret not in str(logged) and secret not in answer.body


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """The small company's web application, listening to a topic, at 09:00 in Berlin."""
    place = make_company(tmp_path, bill=False)
    rules = IncomingRules(topics=(TOPIC,))
    place.company = replace(place.company, incoming=rules, alerts=replace(place.company.alerts, channel="#finops"))
    aws = Aws()
    aws.put_in_place(monkeypatch)
    yield Post(Door(build_web(place), place), aws, place)
    place.state.close()


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["AWS Budgets: Athena", None])
def test_a_signed_message_is_taken_in(post: Post, version: str, subject: str | None) -> None:
    """Of either signature version, with and without a subject; it is on record, and on its way to Slack, before 200."""
    answer = post.come(notification(TEXT, version, Subject=subject))
    assert (answer.status, answer.body, post.count(), post.door.queued()) == (200, "new", 1, 1)


def test_the_certificate_is_fetched_once(post: Post) -> None:
    """However many messages come, SNS is asked for its certificate once."""
    assert [post.come(notification(TEXT)).body for _ in range(3)] == ["new"] * 3
    assert post.aws.asked == [CERTIFICATE]


def test_a_repeated_message_has_one_effect(post: Post) -> None:
    """Sent again by SNS, or replayed by somebody who saw it, it is answered and changes nothing."""
    message = notification(TEXT)
    assert [post.come(message).body for _ in range(3)] == ["new", "known", "known"]
    assert (post.count(), post.door.queued()) == (1, 1)


def test_another_signed_message_is_another(post: Post) -> None:
    """The same words under another id are another message of Budgets."""
    assert [post.come(notification(TEXT)).body for _ in range(2)] == ["new", "new"]


@pytest.mark.parametrize(
    ("changed", "status", "says"),
    [
        ({"Message": TEXT.replace("$5", "$6")}, 403, "its signature is not right"),
        ({"Subject": "another"}, 403, "its signature is not right"),
        ({"MessageId": "00000000-0000-5000-8000-000000000000"}, 403, "its signature is not right"),
        ({"Timestamp": "2026-11-12T08:00:00.000Z"}, 403, "its signature is not right"),
        ({"TopicArn": TOPIC + "2"}, 403, "its topic is not listed"),
        ({"SignatureVersion": "2"}, 403, "its signature is not right"),
        ({"SignatureVersion": "3"}, 403, "its SignatureVersion is unknown"),
        ({"Signature": ""}, 403, "it is not signed"),
        ({"Signature": "AAAA"}, 403, "its signature is not right"),
        ({"Signature": "A"}, 403, "its signature is not right"),
        ({"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem"}, 403, "not at SNS"),
        ({"SigningCertURL": "https://evil.example/SimpleNotificationService-a.pem"}, 403, "not at SNS"),
        ({"SigningCertURL": CERTIFICATE.replace("https", "http")}, 403, "not at SNS"),
        ({"SigningCertURL": f"{HOST}/SimpleNotificationService-0.pem"}, 403, "SNS answered 404"),
        ({"MessageId": "x"}, 400, "malformed: MessageId is not as SNS writes it"),
        ({"Message": None}, 400, "malformed: Message is not as SNS writes it"),
        ({"Message": "\ud800"}, 403, "its signature is not right"),
        ({"Type": "SubscriptionConfirmation"}, 403, "its signature is not right"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_changed_is_refused(post: Post, changed: dict[str, Any], status: int, says: str) -> None:
    """A message that differs from what SNS signed, or is not SNS's, is refused with 4xx: SNS does not send it again."""
    post.refused(notification(TEXT) | changed, status, says)


def test_lines_parted_otherwise_are_no_other_message(post: Post) -> None:
    """The lines that were signed cannot be given another id by reading its end as the id's."""
    message = notification(TEXT)
    folded = message | {"MessageId": f"{message['MessageId']}\nSubject\n{message['Subject']}"}
    del folded["Subject"]
    post.refused(folded, 400, "malformed: MessageId")


def test_another_key_is_refused(post: Post) -> None:
    """What somebody else signed, whatever it says of its certificate, is refused."""
    post.refused(notification(TEXT, signer="somebody"), 403, "its signature is not right")


@pytest.mark.parametrize(
    ("pem", "says"),
    [
        (certificate(begins=sns.NOW + timedelta(hours=1)), "its certificate is not valid now"),
        (certificate(begins=sns.NOW - timedelta(days=9), days=8), "its certificate is not valid now"),
        (sns.elliptic(), "its certificate has no RSA key"),
        (b"<html>", "its certificate is none"),
        (b"", "its certificate is none"),
    ],
    ids=["later", "earlier", "elliptic", "html", "empty"],
)
def test_a_certificate_that_is_none(post: Post, pem: bytes, says: str) -> None:
    """What SNS's address has must be a certificate with an RSA key, valid now."""
    post.aws.answers[CERTIFICATE] = (200, pem)
    post.refused(notification(TEXT), 403, says)


@pytest.mark.parametrize(("status", "down"), [(500, False), (429, False), (200, True)])
def test_when_sns_is_out_of_reach(post: Post, status: int, down: bool) -> None:
    """Where nobody can tell now it is 503, SNS sends again, and then it is taken."""
    message = notification(TEXT)
    post.aws.answers[CERTIFICATE], post.aws.down = (status, b""), down
    post.refused(message, 503, "its certificate could not be had")
    post.aws.answers[CERTIFICATE], post.aws.down = (200, certificate()), False
    assert post.come(message).body == "new"


def test_made_up_certificates_are_not_asked_for_without_end(post: Post) -> None:
    """Whoever knows the topic can make the process ask SNS a few times a minute, and no more."""
    for number in range(MOST_FETCHES + 3):
        url = f"{HOST}/SimpleNotificationService-{number}.pem"
        answer = post.come(notification(TEXT) | {"SigningCertURL": url})
        assert answer.status == (403 if number < MOST_FETCHES else 503)
    assert len(post.aws.asked) == MOST_FETCHES
    post.place.clock.now += timedelta(minutes=2)  # type: ignore[attr-defined]
    assert post.come(notification(TEXT)).body == "new"


@pytest.mark.parametrize(
    ("raw", "status", "says"),
    [
        (b"", 400, "malformed: not a JSON object"),
        (b"{", 400, "malformed: not a JSON object"),
        (b"[]", 400, "malformed: not a JSON object"),
        (b"{}", 400, "malformed: it has no Timestamp"),
        (b"\xff\xfe", 400, "not UTF-8"),
        (b"[" * 100_000, 400, "malformed: not a JSON object"),
        (TEXT.encode(), 400, "malformed: not a JSON object"),
        (b"x" * 1_000_001, 413, "too large"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_is_no_message(post: Post, raw: bytes, status: int, says: str) -> None:
    """Whatever is posted, it is refused with 4xx; a raw delivery too, which nobody has signed."""
    post.refused(raw, status, says)


@pytest.mark.parametrize("length", ["", "-1", "1e3", "٣", "9" * 5_000, "0" * 20 + "9999999"])
def test_lengths_that_are_none(post: Post, length: str) -> None:
    """A request that does not say how long it is, or says too much, is not read."""
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/incoming/sns", "CONTENT_LENGTH": length}
    found: list[str] = []
    list(post.door.web(environ, lambda status, *_: found.append(status)))
    assert found[0][:3] in ("411", "413")


def test_only_posts(post: Post) -> None:
    """A browser's look is refused."""
    post.refused("", 405, "POST only", method="GET")


def test_a_listed_topics_subscription_is_confirmed(post: Post) -> None:
    """A signed confirmation of a listed topic is visited, and is no alert; replayed later it is not visited again."""
    message = confirmation()
    post.aws.answers[message["SubscribeURL"]] = (200, b"<ConfirmSubscriptionResponse/>")
    with capture_logs() as logged:
        assert [post.come(message).body for _ in range(2)] == ["confirmed", "known"]
    assert post.aws.asked == [CERTIFICATE, message["SubscribeURL"]]
    assert [(each["event"], each["topic"]) for each in logged] == [("subscription confirmed", TOPIC)]
    assert TOKEN not in str(logged)
    assert post.count() == 0


@pytest.mark.parametrize(
    ("changed", "status", "says"),
    [
        ({"TopicArn": TOPIC + "2"}, 403, "its topic is not listed"),
        ({"SubscribeURL": f"https://evil.example/?Action=ConfirmSubscription&TopicArn={TOPIC}"}, 400, "SubscribeURL"),
        ({"SubscribeURL": f"{HOST}/?Action=Unsubscribe&TopicArn={TOPIC}&Token=1"}, 400, "SubscribeURL"),
    ],
)
def test_nothing_else_is_confirmed(post: Post, changed: dict[str, Any], status: int, says: str) -> None:
    """A topic that is not listed is not confirmed, and nothing but its confirmation is ever visited, even if signed."""
    post.refused(confirmation(**changed), status, says)
    assert [url for url in post.aws.asked if url != CERTIFICATE] == []


def test_a_confirmation_that_did_not_work_is_tried_again(post: Post) -> None:
    """Where SNS does not answer the visit, it sends the confirmation again; where it has refused it, that is said."""
    message = confirmation()
    post.aws.answers[message["SubscribeURL"]] = (500, b"")
    post.refused(message, 503, "not confirmed: SNS answered 500")
    post.aws.answers[message["SubscribeURL"]] = (403, b"")
    post.refused(message, 400, "not confirmed: SNS answered 403")
    post.aws.answers[message["SubscribeURL"]] = (200, b"")
    assert post.come(message).body == "confirmed"


def test_the_end_of_a_subscription_is_noted(post: Post) -> None:
    """It is in the log, and is not undone by visiting the address in it."""
    with capture_logs() as logged:
        assert post.come(confirmation("UnsubscribeConfirmation")).status == 200
    [line] = logged
    assert (line["log_level"], line["topic"]) == ("warning", TOPIC)
    assert post.aws.asked == [CERTIFICATE]


def test_a_database_that_is_gone(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be recorded is answered with 503, so that SNS sends it again; the log has the kind of error alone."""

    def gone(*_args: Any, **_more: Any) -> Any:
        raise OSError(f"could not write {TEXT}")

    message = notification(TEXT)
    with monkeypatch.context() as broken, capture_logs() as logged:
        broken.setattr("bot.incoming.take_in", gone)
        answer = post.come(message)
    assert (answer.status, answer.body) == (503, "try again")
    [line] = logged
    assert (line["event"], line["error"]) == ("incoming message failed", "OSError") and "Athena" not in str(logged)
    assert post.come(message).body == "new"


def test_without_topics_there_is_no_such_address(tmp_path: Path) -> None:
    """Where finops.yaml lists no topic nobody is listened to."""
    place = make_company(tmp_path, bill=False)
    answer = Door(build_web(place), place).post("{}", path="/incoming/sns")
    assert (answer.status, answer.body) == (404, "not found")
    place.state.close()


def test_what_is_taken_in_is_logged_without_its_words(post: Post) -> None:
    """The log says that something came, of whom, and which message it was."""
    message = notification(TEXT)
    with capture_logs() as logged:
        post.come(message)
    [line] = logged
    assert line == {
        "event": "incoming alert",
        "log_level": "info",
        "taken": "new",
        "origin": "aws-budgets",
        "message_id": message["MessageId"],
    }


def test_what_moto_signs_is_believed(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another implementation of SNS, which nobody here has written, signs as is checked here."""
    import moto.sns.models
    import requests

    made_up_credentials(monkeypatch)
    posted: list[str] = []
    monkeypatch.setattr(moto.sns.models.requests, "post", lambda _url, json, **_more: posted.append(sns.body(json)))
    post.place.clock.now = datetime.now(UTC) + timedelta(seconds=5)  # type: ignore[attr-defined]
    with mock_aws():
        client = boto3.client("sns", region_name="eu-west-1")
        assert client.create_topic(Name="budgets")["TopicArn"] == TOPIC
        client.subscribe(TopicArn=TOPIC, Protocol="https", Endpoint="https://finops.example.com/incoming/sns")
        message_id = client.publish(TopicArn=TOPIC, Message=TEXT)["MessageId"]
        [raw] = posted
        url = json.loads(raw)["SigningCertURL"]
        post.aws.answers[url] = (200, requests.get(url, timeout=5).content)
    assert post.come(raw.replace("$5", "$6")).status == 403
    assert post.come(raw).body == "new"
    with post.place.state.reading() as connection:
        assert connection.execute(select(TABLE.c.id)).scalar_one() == message_id


def test_an_event_of_eventbridge_through_sns(post: Post) -> None:
    """Cost Anomaly Detection's event in SNS's envelope is the anomaly that came by SNS itself."""
    anomaly = {"anomalyId": "a-1", "dimensionalValue": "Amazon S3", "impact": {"totalImpact": 7.5}}
    event = {"detail-type": "Anomaly Detected", "time": "2026-11-12T03:04:05Z", "detail": anomaly}
    assert post.come(notification(json.dumps(anomaly), "2")).body == "new"
    assert post.come(notification(json.dumps(event), "2")).body == "known"
    with post.place.state.reading() as connection:
        body = connection.execute(select(TABLE.c.body)).scalar_one()
    assert (body["figures"]["impact"], body["currency"]) == ("7.5", "USD")
    assert datetime.fromisoformat(body["at"]) == datetime.fromisoformat("2026-11-12T07:59:58.123Z")
