"""Alerts of AWS over HTTPS: what Amazon SNS posts, believed only where it is signed and of a topic that is listed.

SNS sends again what was answered with 5xx or 429, and nothing that was refused with another 4xx.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable

import structlog

from bot import metrics
from bot.health import Application, Environ, StartResponse, plain
from bot.installation import Installation
from bot.sns_signature import Certificates, NotOfSns, SnsUnreachable, get, verify
from finops.incoming_reading import read_alert
from finops.sns_message import CONFIRMATION, NOTIFICATION, MalformedMessage, SnsMessage
from jobs.incoming_alerts import take_in
from storage.events import is_first, was_heard

LOG = structlog.get_logger("finops.incoming")
PATH = "/incoming/sns"
MOST_BYTES = 1_000_000
"""SNS sends up to 256 KiB, more once it is spelled as JSON."""


class _Refused(Exception):
    """A request that is not taken.

    Args:
        status: of the answer.
        why: without anything of the request's content.
    """

    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status = status


def build_incoming(installation: Installation) -> Application:
    """The WSGI application that SNS posts to."""
    incoming = _Incoming(installation)

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            said = incoming.answer(_body(environ))
        except _Refused as refused:
            LOG.warning("incoming message refused", status=refused.status, reason=str(refused))
            metrics.REQUESTS.labels("incoming", "refused").inc()
            return plain(start_response, refused.status, str(refused))
        except Exception as error:
            # Whatever broke, SNS sends it again. The words of an error may hold the message: they are not logged.
            place = traceback.extract_tb(error.__traceback__)[-1]
            LOG.error("incoming message failed", error=type(error).__name__, place=f"{place.filename}:{place.lineno}")
            metrics.REQUESTS.labels("incoming", "failed").inc()
            return plain(start_response, "503 Service Unavailable", "try again")
        metrics.REQUESTS.labels("incoming", said).inc()
        return plain(start_response, "200 OK", said)

    return application


def _body(environ: Environ) -> str:
    """The request's body; raises _Refused."""
    if environ.get("REQUEST_METHOD") != "POST":
        raise _Refused("405 Method Not Allowed", "POST only")
    length = str(environ.get("CONTENT_LENGTH") or "")
    if not (length.isascii() and length.isdigit()):
        raise _Refused("411 Length Required", "no Content-Length")
    if len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
        raise _Refused("413 Content Too Large", "too large")
    try:
        return bytes(environ["wsgi.input"].read(int(length))).decode()
    except UnicodeDecodeError:
        raise _Refused("400 Bad Request", "not UTF-8") from None


class _Incoming:
    """What becomes of a message."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._certificates = Certificates()

    def answer(self, body: str) -> str:
        """What was done, once it is committed; raises _Refused."""
        now, company = self._installation.now, self._installation.company
        message = self._believed(body)
        if message.type == NOTIFICATION:
            alert = read_alert(message.message, message.message_id, message.at, message.subject or "")
            taken = take_in(alert, company=company, state=self._installation.state, now=now)
            LOG.info("incoming alert", taken=str(taken), origin=str(alert.origin), message_id=message.message_id)
            return str(taken)
        if message.type == CONFIRMATION:
            return self._confirmed(message)
        LOG.warning("a subscription has ended: alerts of this topic come in no more", topic=message.topic)
        return "noted"

    def _believed(self, body: str) -> SnsMessage:
        """The message, if it is of a listed topic and signed by SNS."""
        try:
            message = SnsMessage.parse(body)
        except MalformedMessage as fault:
            raise _Refused("400 Bad Request", f"malformed: {fault}") from None
        if message.topic not in self._installation.company.incoming.topics:
            raise _Refused("403 Forbidden", "its topic is not listed")
        try:
            verify(message, self._certificates, self._installation.now)
        except NotOfSns as fault:
            raise _Refused("403 Forbidden", str(fault)) from None
        except SnsUnreachable as fault:
            raise _Refused("503 Service Unavailable", f"its certificate could not be had: {fault}") from None
        return message

    def _confirmed(self, message: SnsMessage) -> str:
        """Confirm a listed topic's subscription, once: replayed, it would bring back one that was ended since."""
        state, key = self._installation.state, f"sns/{message.message_id}"
        with state.reading() as connection:
            if was_heard(connection, key):
                return "known"
        if not message.confirms_at_sns:
            raise _Refused("400 Bad Request", "its SubscribeURL does not confirm this topic at SNS")
        try:
            get(message.subscribe_url)
        except NotOfSns as fault:
            raise _Refused("400 Bad Request", f"not confirmed: {fault}") from None
        except SnsUnreachable as fault:
            raise _Refused("503 Service Unavailable", f"not confirmed: {fault}") from None
        with state.writing() as connection:
            is_first(connection, key, self._installation.now)
        LOG.info("subscription confirmed", topic=message.topic)
        return "confirmed"
