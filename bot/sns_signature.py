"""Whether a message is Amazon SNS's: its signature, by a certificate that SNS itself has published.

No library does it that is kept: boto3 has nothing for it, and those on PyPI know signature version 1 only, or Python
3.13 only. What must be checked: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import binascii
import threading
from base64 import b64decode
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from finops.sns_message import SnsMessage

if TYPE_CHECKING:  # most web processes never hear of SNS, and do without what it takes
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate

SECONDS = 3
"""Until SNS must have answered: whoever waits for the same thread waits as long."""
MOST_BYTES = 65_536
MOST_CERTIFICATES = 20
MOST_FETCHES, WITHIN = 10, timedelta(minutes=1)
"""What a stream of messages with made-up certificate addresses can make a process ask SNS for."""


class NotOfSns(Exception):
    """It is not signed by SNS, or SNS has nothing where it points; says why without the message's content."""


class SnsUnreachable(Exception):
    """Nobody can tell now: SNS did not answer; it sends again."""


def get(url: str) -> bytes:
    """What SNS has at an address, read without following it elsewhere.

    Raises:
        NotOfSns: there is nothing.
        SnsUnreachable: it did not answer, or with a fault of its own.
    """
    import urllib3

    try:
        with urllib3.PoolManager(timeout=urllib3.Timeout(total=SECONDS), retries=False) as pool:
            answer = pool.request("GET", url, redirect=False, preload_content=False)
            content = answer.read(MOST_BYTES)
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise SnsUnreachable(type(error).__name__) from None
    if answer.status >= 500 or answer.status == 429:
        raise SnsUnreachable(f"SNS answered {answer.status}")
    if answer.status != 200:
        raise NotOfSns(f"SNS answered {answer.status}")
    return content


class Certificates:
    """SNS's certificates, each fetched once.

    Args:
        fetch: gives what lies at an address, as get() does.
    """

    def __init__(self, fetch: Callable[[str], bytes] | None = None) -> None:
        self._fetch = fetch
        self._known: dict[str, Certificate] = {}
        self._fetched: deque[datetime] = deque(maxlen=MOST_FETCHES)
        self._lock = threading.Lock()

    def of(self, url: str, now: datetime) -> Certificate:
        """The certificate at an address that is known to be SNS's; raises NotOfSns and SnsUnreachable."""
        with self._lock:
            if url not in self._known:
                if len(self._fetched) == MOST_FETCHES and now - self._fetched[0] < WITHIN:
                    raise SnsUnreachable("too many certificates were asked for")
                self._fetched.append(now)
                certificate = _certificate((self._fetch or get)(url))
                if len(self._known) >= MOST_CERTIFICATES:
                    self._known.clear()
                self._known[url] = certificate
            return self._known[url]


def verify(message: SnsMessage, certificates: Certificates, now: datetime) -> None:
    """Raise NotOfSns where a message is not signed by SNS, SnsUnreachable where nobody can tell now."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    digests = {"1": SHA1, "2": SHA256}
    if not message.signature or message.version not in digests:
        raise NotOfSns("it is not signed" if not message.signature else "its SignatureVersion is unknown")
    if not message.names_certificate_of_sns:
        raise NotOfSns("its certificate is not at SNS")
    certificate = certificates.of(message.certificate_url, now)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise NotOfSns("its certificate is not valid now")
    try:
        signature = b64decode(message.signature, validate=True)
        _key(certificate).verify(signature, message.signed_text.encode(), PKCS1v15(), digests[message.version]())
    except (InvalidSignature, binascii.Error, UnicodeEncodeError):
        raise NotOfSns("its signature is not right") from None


def _certificate(content: bytes) -> Certificate:
    from cryptography.x509 import load_pem_x509_certificate

    try:
        return load_pem_x509_certificate(content)
    except ValueError:
        raise NotOfSns("its certificate is none") from None


def _key(certificate: Certificate) -> RSAPublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise NotOfSns("its certificate has no key") from None
    if not isinstance(key, RSAPublicKey):
        raise NotOfSns("its certificate has no RSA key")
    return key
