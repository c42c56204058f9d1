"""A message of Amazon SNS: its envelope, read strictly, and what of it is signed.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from finops.incoming_reading import json_object

NOTIFICATION, CONFIRMATION, ENDED = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}):[0-9]{12}:[A-Za-z0-9_-]{1,256}")
_MESSAGE_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIMESTAMP = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z")
_CERTIFICATE = re.compile(r"SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem")
_CONFIRMS = re.compile(r"\?[A-Za-z0-9=&:%._~-]{1,2000}")


class MalformedMessage(ValueError):
    """It is no message of SNS; says why without its content."""


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """A message as SNS posts it, or as it lies in a queue.

    Every field but the text and the subject has a form of its own in one line: what is signed is a row of lines, and
    parted otherwise the same lines would be another message.

    Attributes:
        topic: ARN.
        timestamp: as it is written and signed; `at` is the same moment.
        subject: None where it has none.
        token, subscribe_url: of a confirmation.
        version: of the signature, '1' or '2'.
        signature: base64.
    """

    type: str
    message_id: str
    topic: str
    timestamp: str
    at: datetime
    message: str
    subject: str | None
    token: str
    subscribe_url: str
    version: str
    signature: str
    certificate_url: str

    @classmethod
    def parse(cls, body: str) -> SnsMessage:
        """Read an envelope; raises MalformedMessage."""
        given = json_object(body)
        if given is None:
            raise MalformedMessage("not a JSON object")
        timestamp = _field(given, "Timestamp", _TIMESTAMP)
        try:
            at = datetime.fromisoformat(timestamp)
        except ValueError:
            raise MalformedMessage("Timestamp is no moment") from None
        subject = None if given.get("Subject") is None else _field(given, "Subject")
        if subject is not None and "\n" in subject:
            raise MalformedMessage("Subject has several lines")
        return cls(
            type=_field(given, "Type", re.compile("|".join((NOTIFICATION, CONFIRMATION, ENDED)))),
            message_id=_field(given, "MessageId", _MESSAGE_ID),
            topic=_field(given, "TopicArn", TOPIC),
            timestamp=timestamp,
            at=at,
            message=_field(given, "Message"),
            subject=subject,
            token=_field(given, "Token", re.compile("[0-9A-Za-z]*"), ""),
            subscribe_url=_field(given, "SubscribeURL", re.compile(r"[!-~]*"), ""),
            version=_field(given, "SignatureVersion", re.compile("[0-9]{0,9}"), ""),
            signature=_field(given, "Signature", re.compile("[0-9A-Za-z+/=]{0,2000}"), ""),
            certificate_url=_field(given, "SigningCertURL", re.compile(r"[!-~]*"), ""),
        )

    @property
    def host(self) -> str:
        """Where SNS answers for the topic: nothing else is ever asked because of a message."""
        match = TOPIC.fullmatch(self.topic)
        if match is None:
            raise MalformedMessage("TopicArn is not as SNS writes it")
        return f"sns.{match[2]}.amazonaws.com{'.cn' if match[1] == 'aws-cn' else ''}"

    @property
    def names_certificate_of_sns(self) -> bool:
        """Whether its certificate is SNS's own, of the topic's region, over https."""
        place = f"https://{self.host}/"
        return self.certificate_url.startswith(place) and bool(
            _CERTIFICATE.fullmatch(self.certificate_url.removeprefix(place))
        )

    @property
    def confirms_at_sns(self) -> bool:
        """Whether visiting its SubscribeURL does what it says: confirm this very topic, at SNS."""
        place = f"https://{self.host}/"
        if not self.subscribe_url.startswith(place) or not _CONFIRMS.fullmatch(self.subscribe_url.removeprefix(place)):
            return False
        asked = parse_qs(urlsplit(self.subscribe_url).query)
        return asked.get("Action") == ["ConfirmSubscription"] and asked.get("TopicArn") == [self.topic]

    @property
    def signed_text(self) -> str:
        """What the signature is of."""
        if self.type == NOTIFICATION:
            subject = [] if self.subject is None else [("Subject", self.subject)]
            parts = [("Message", self.message), ("MessageId", self.message_id), *subject]
            parts += [("Timestamp", self.timestamp)]
        else:
            parts = [("Message", self.message), ("MessageId", self.message_id), ("SubscribeURL", self.subscribe_url)]
            parts += [("Timestamp", self.timestamp), ("Token", self.token)]
        parts += [("TopicArn", self.topic), ("Type", self.type)]
        return "".join(f"{name}\n{value}\n" for name, value in parts)


def _field(given: dict[str, Any], name: str, form: re.Pattern[str] | None = None, default: str | None = None) -> str:
    """A text of the envelope; a form is matched by all of it."""
    found = given.get(name, default)
    if not isinstance(found, str) or (form and not form.fullmatch(found)):
        raise MalformedMessage(f"{name} is not as SNS writes it" if name in given else f"it has no {name}")
    return found
