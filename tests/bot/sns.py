"""Amazon SNS made up: a certificate of its own, messages signed by it as SNS's documentation says, and its address."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:eu-west-1:123456789012:budgets"
HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"
TOKEN = "2336412f37fb687f5d51e6e2425ba1f25"
NOW = datetime(2026, 11, 12, 8, tzinfo=UTC)
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""What of a message is signed, in this order."""


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """A key, the same for a name: making one takes long."""
    return rsa.generate_private_key(65537, 2048)


def certificate(signer: Any = None, begins: datetime = NOW - timedelta(days=30), days: int = 365) -> bytes:
    """A self-made certificate, PEM."""
    own = signer or key("sns")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(own.public_key())
    made = made.serial_number(1).not_valid_before(begins).not_valid_after(begins + timedelta(days=days))
    return made.sign(own, SHA256()).public_bytes(Encoding.PEM)


def elliptic() -> bytes:
    """A certificate whose key is not RSA."""
    return certificate(ec.generate_private_key(ec.SECP256R1()))


def notification(text: str, version: str = "1", signer: str = "sns", **changed: Any) -> dict[str, Any]:
    """A signed notification; what is None is left out."""
    message = {"Type": "Notification", "Message": text, "Subject": "AWS Budgets: Athena is over", **changed}
    return signed(message, version, signer)


def confirmation(kind: str = "SubscriptionConfirmation", **changed: Any) -> dict[str, Any]:
    """A signed confirmation."""
    url = f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={TOKEN}"
    return signed({"Type": kind, "Message": "You have chosen …", "Token": TOKEN, "SubscribeURL": url, **changed})


def signed(message: dict[str, Any], version: str = "1", signer: str = "sns") -> dict[str, Any]:
    """A message with what SNS adds to it."""
    usual = {"MessageId": str(uuid4()), "TopicArn": TOPIC, "Timestamp": "2026-11-12T07:59:58.123Z"}
    whole = {name: value for name, value in {**usual, **message}.items() if value is not None}
    text = "".join(f"{name}\n{whole[name]}\n" for name in SIGNED[whole["Type"]] if name in whole)
    digest = SHA1() if version == "1" else SHA256()
    signature = base64.b64encode(key(signer).sign(text.encode(), padding.PKCS1v15(), digest)).decode()
    return {**whole, "SignatureVersion": version, "Signature": signature, "SigningCertURL": CERTIFICATE}


@dataclass
class Aws:
    """What answers at SNS's address.

    Attributes:
        answers: URL → status and body; 404 for all others.
        asked: every URL that was asked for.
        down: whether nothing answers.
    """

    answers: dict[str, tuple[int, bytes]] = field(default_factory=lambda: {CERTIFICATE: (200, certificate())})
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def request(self, _pool: Any, method: str, url: str, **options: Any) -> urllib3.HTTPResponse:
        """What urllib3 is asked for."""
        assert (method, options["redirect"], options["preload_content"]) == ("GET", False, False)
        self.asked.append(url)
        if self.down:
            raise urllib3.exceptions.ConnectTimeoutError("down")
        status, body = self.answers.get(url, (404, b"not here"))
        return urllib3.HTTPResponse(io.BytesIO(body), status=status, preload_content=False)

    def put_in_place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Answer instead of the network."""
        monkeypatch.setattr(
            urllib3.PoolManager, "request", lambda pool, *given, **more: self.request(pool, *given, **more)
        )


def body(message: dict[str, Any]) -> str:
    """As it is posted."""
    return json.dumps(message)
