"""Messages of SNS: what is no message is refused, and what is signed cannot be read in two ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.sns_message import MalformedMessage, SnsMessage

TOPIC = "arn:aws:sns:eu-west-1:123456789012:budgets"
NOTICE: dict[str, Any] = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": TOPIC,
    "Subject": "My First Message",
    "Message": "Hello\nworld!",
    "Timestamp": "2026-11-12T09:12:06.655Z",
    "SignatureVersion": "1",
    "Signature": "EXAMPLEw6JRN==",
    "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
}
CONFIRM = (
    "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    "&TopicArn=arn:aws:sns:eu-west-1:123456789012:budgets&Token=2336412f37"
)
CONFIRMATION = {name: value for name, value in NOTICE.items() if name != "Subject"} | {
    "Type": "SubscriptionConfirmation",
    "Token": "2336412f37",
    "Message": "You have chosen to subscribe",
    "SubscribeURL": CONFIRM,
}


def parse(given: dict[str, Any], **changed: Any) -> SnsMessage:
    return SnsMessage.parse(json.dumps(given | changed))


def test_what_is_signed() -> None:
    """The signed text is as SNS's documentation builds it, of a notification with and without a subject, and others."""
    rest = f"Timestamp\n2026-11-12T09:12:06.655Z\nTopicArn\n{TOPIC}\nType\nNotification\n"
    head = f"Message\nHello\nworld!\nMessageId\n{NOTICE['MessageId']}\n"
    assert parse(NOTICE).signed_text == f"{head}Subject\nMy First Message\n{rest}"
    assert parse(NOTICE, Subject=None).signed_text == f"{head}{rest}"
    assert parse(CONFIRMATION).signed_text == (
        f"Message\nYou have chosen to subscribe\nMessageId\n{NOTICE['MessageId']}\nSubscribeURL\n{CONFIRM}\n"
        f"Timestamp\n2026-11-12T09:12:06.655Z\nToken\n2336412f37\nTopicArn\n{TOPIC}\nType\nSubscriptionConfirmation\n"
    )
    assert parse(NOTICE).at == datetime(2026, 11, 12, 9, 12, 6, 655_000, UTC)


@pytest.mark.parametrize(
    "changed",
    [
        {"MessageId": f"{NOTICE['MessageId']}\nSubject\nMy First Message", "Subject": None},
        {"Message": "Hello", "MessageId": f"world!\nMessageId\n{NOTICE['MessageId']}"},
        {"Subject": "My First Message\nTimestamp\n2026-11-12T09:12:06.655Z"},
        {"Timestamp": f"2026-11-12T09:12:06.655Z\nTopicArn\n{TOPIC}"},
    ],
)
def test_signed_lines_are_parted_in_one_way_only(changed: dict[str, Any]) -> None:
    """The same signed lines parted otherwise would be a message with another id: it is refused."""
    with pytest.raises(MalformedMessage):
        parse(NOTICE, **changed)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"Type": "Other"}, "Type is not as SNS writes it"),
        ({"MessageId": None}, "MessageId is not"),
        ({"MessageId": "1"}, "MessageId is not"),
        ({"TopicArn": "arn:aws:sqs:eu-west-1:123456789012:budgets"}, "TopicArn is not"),
        ({"TopicArn": "arn:aws:sns:s3-us-west-2:123456789012:budgets"}, "TopicArn is not"),
        ({"TopicArn": "arn:aws:sns:evil.example.com/:123456789012:budgets"}, "TopicArn is not"),
        ({"Message": {"a": 1}}, "Message is not"),
        ({"Timestamp": "2026-13-12T09:12:06Z"}, "Timestamp is no moment"),
        ({"Timestamp": "yesterday"}, "Timestamp is not"),
        ({"Subject": 7}, "Subject is not"),
        ({"Subject": "a\n"}, "Subject has several lines"),
        ({"Signature": "päper"}, "Signature is not"),
        ({"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/\n"}, "SigningCertURL is not"),
    ],
)
def test_what_is_no_message(changed: dict[str, Any], why: str) -> None:
    """A field that is not as SNS writes it is named, without its content."""
    with pytest.raises(MalformedMessage, match=why):
        parse(NOTICE, **changed)


@given(st.text() | st.dictionaries(st.sampled_from(list(NOTICE)), st.text() | st.integers()).map(json.dumps))
def test_nothing_else_is_taken(body: str) -> None:
    """Whatever is no message is refused as that, and breaks nothing."""
    with pytest.raises(MalformedMessage):
        SnsMessage.parse(body)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-a.pem",
        "https://evil.example/?https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a.pem?x",
        "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-a.pem",
        "https://sns.eu-west-1.amazonaws.com\\@evil.example/SimpleNotificationService-a.pem",
        "https://sns.s3-eu-west-1.amazonaws.com/SimpleNotificationService-a.pem",
        "",
    ],
)
def test_certificates_are_at_sns_alone(url: str) -> None:
    """Only SNS of the topic's own region, over https and under its own name, is asked for a certificate."""
    assert parse(NOTICE).names_certificate_of_sns
    assert not parse(NOTICE, SigningCertURL=url).names_certificate_of_sns


@pytest.mark.parametrize(
    "url",
    [
        CONFIRM.replace("https", "http"),
        CONFIRM.replace("amazonaws.com/", "amazonaws.com.evil.example/"),
        CONFIRM.replace("eu-west-1.amazonaws", "us-east-1.amazonaws"),
        CONFIRM.replace("ConfirmSubscription", "Unsubscribe"),
        CONFIRM.replace("budgets", "others"),
        CONFIRM + "&TopicArn=arn:aws:sns:eu-west-1:123456789012:others",
        CONFIRM + "#x",
        "https://sns.eu-west-1.amazonaws.com/",
        "",
    ],
)
def test_only_a_confirmation_of_this_topic_is_visited(url: str) -> None:
    """A SubscribeURL does one thing only: confirm the message's own topic, at SNS."""
    assert parse(CONFIRMATION).confirms_at_sns
    assert not parse(CONFIRMATION, SubscribeURL=url).confirms_at_sns


def test_china_has_its_own_host() -> None:
    """A topic of AWS China is answered for under China's domain, and no other is."""
    assert parse(NOTICE, TopicArn="arn:aws-cn:sns:cn-north-1:123456789012:b").host == "sns.cn-north-1.amazonaws.com.cn"
    assert parse(NOTICE).host == "sns.eu-west-1.amazonaws.com"
