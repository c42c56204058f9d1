"""Slack's requests over HTTP: who gets in, and what happens to what is not understood."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.web import build_web
from storage.tables import DeliveryRow
from tests.company import make_company

PAYLOADS = Path(__file__).parents[2].parent / "shared" / "data" / "slack" / "payloads"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Answer:
    """What came back."""

    status: int
    body: str

    def json(self) -> dict[str, Any]:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass
class Door:
    """The web application, asked as Slack asks."""

    web: Callable[..., Any]
    installation: Any

    def post(
        self,
        body: bytes | str,
        *,
        kind: str = FORM,
        secret: str = "a signing secret",
        at: float | None = None,
        headers: dict[str, str] | None = None,
        path: str = "/slack/events",
        method: str = "POST",
    ) -> Answer:
        """Send a signed request."""
        raw = body.encode() if isinstance(body, str) else body
        stamp = str(int(time.time() if at is None else at))
        digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(raw)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.input": io.BytesIO(raw),
            "HTTP_X_SLACK_REQUEST_TIMESTAMP": stamp,
            "HTTP_X_SLACK_SIGNATURE": f"v0={digest}",
            **(headers or {}),
        }
        found: list[str] = []
        parts = self.web(environ, lambda status, *_: found.append(status))
        return Answer(int(found[0].split()[0]), b"".join(parts).decode())

    def command(self, text: str, user: str = "U1", **more: Any) -> Answer:
        """Send `/finops …`."""
        form = {"command": "/finops", "text": text, "user_id": user, "channel_id": "C1", "team_id": "T1"}
        return self.post(urlencode({**form, "trigger_id": "1.2.3", "response_url": "http://127.0.0.1:9/x"}), **more)

    def interact(self, payload: Any) -> Answer:
        """Send an interactive payload."""
        return self.post(urlencode({"payload": payload if isinstance(payload, str) else json.dumps(payload)}))

    def queued(self) -> int:
        """Number of deliveries."""
        with self.installation.state.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(DeliveryRow)).scalar() or 0)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    installation = make_company(tmp_path_factory.mktemp("company"))
    yield Door(build_web(installation), installation)
    installation.state.close()


def test_variance_is_in_the_ack(door: Door) -> None:
    """The answer to a command is the body of its acknowledgement, with the exact figures of the bill."""
    answer = door.command("variance payments")
    assert answer.status == 200
    body = answer.json()
    assert body["response_type"] == "ephemeral"
    assert "*Payments* has spent $1,101.36 of $2,900 (38 %) through 11 Nov" in body["text"]
    assert body["blocks"][0]["type"] == "header"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "What you can ask"),
        ("help", "What you can ask"),
        ("teams", "Search"),
        ("payments", "*Payments* has spent"),
        ("PAYMENTS", "*Payments* has spent"),
        ("variance paymnts", "There is no team 'paymnts'"),
        ("varianc payments", "variance payments"),
        ("variance payments 2026-13", "'2026-13' is not a month"),
        ("variance payments by servce", "*Payments* has spent"),
        ("variance payments 2026-10 by account billed", "production"),
        ("variance payments by region", "eu-west-1"),
        ("variance payments by category", "Usage"),
        ("variance payments search", "I do not understand 'search'"),
        ("variance unallocated", "Unallocated"),
        ("variance <!channel>", "&lt;!channel&gt;"),
        ("variance payments 2019-01", "no data"),
    ],
)
def test_what_is_typed_is_answered(door: Door, words: str, says: str) -> None:
    """Every wording gets an answer that helps, and no name can ping anybody."""
    answer = door.command(words)
    assert answer.status == 200
    assert says.lower() in json.dumps(answer.json(), ensure_ascii=False).lower()
    assert "<!channel>" not in answer.body


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "another secret"},
        {"at": 0},
        {"at": 1_500_000_000},
        {"headers": {"HTTP_X_SLACK_SIGNATURE": ""}},
        {"headers": {"HTTP_X_SLACK_SIGNATURE": "v0=ünïcode"}},
        {"headers": {"HTTP_X_SLACK_REQUEST_TIMESTAMP": ""}},
        {"headers": {"HTTP_X_SLACK_REQUEST_TIMESTAMP": "soon"}},
        {"headers": {"HTTP_X_SLACK_REQUEST_TIMESTAMP": "²"}},
        {"headers": {"HTTP_X_SLACK_REQUEST_TIMESTAMP": "9" * 400}},
    ],
)
def test_nobody_else_gets_in(door: Door, changes: dict[str, Any]) -> None:
    """A wrong signature and a stale, missing or senseless timestamp are answered 401, and nothing is done."""
    before = door.queued()
    assert door.command("variance payments", **changes).status == 401
    assert door.queued() == before


def test_future_timestamps_are_refused(door: Door) -> None:
    """A timestamp ten minutes ahead is as stale as one ten minutes old."""
    assert door.command("help", at=time.time() + 600).status == 401
    assert door.command("help", at=time.time() - 600).status == 401


@pytest.mark.parametrize(
    "body",
    [
        "",
        "payload=",
        "payload=not json",
        "payload=[]",
        "payload=null",
        "payload=%7B%7D",
        'payload={"type":"block_actions"}',
        'payload={"type":"block_actions","user":{"id":"U1"},"actions":[]}',
        'payload={"type":"block_actions","user":{"id":"U1"},"actions":[{}]}',
        'payload={"type":"nothing known"}',
        "command=%2Ffinops",
        "command=%2Fother&text=x&user_id=U1",
        "\xff\xfe",
        "a=%zz&&&==",
    ],
)
@pytest.mark.parametrize("kind", [FORM, "application/json", "text/plain", ""])
def test_malformed_requests_are_no_server_errors(door: Door, body: str, kind: str) -> None:
    """What is signed but makes no sense is answered below 500, and nothing is queued."""
    before = door.queued()
    assert door.post(body.encode("latin-1"), kind=kind).status < 500
    assert door.queued() == before


@pytest.mark.skipif(not PAYLOADS.exists(), reason="Slack's sample payloads are not on this machine")
@pytest.mark.parametrize("name", sorted(path.name for path in PAYLOADS.glob("*.json")) if PAYLOADS.exists() else [])
def test_slacks_own_samples_are_no_server_errors(door: Door, name: str) -> None:
    """Every payload of Slack's own SDK tests, known here or not, is answered below 500."""
    payload = json.loads((PAYLOADS / name).read_text())
    assert door.interact(payload).status < 500
    assert door.post(json.dumps(payload), kind="application/json").status < 500


def test_unknown_buttons_say_so(door: Door) -> None:
    """A button that nothing here knows is acknowledged, answered, and makes one line in the log."""
    payload = {
        "type": "block_actions",
        "user": {"id": "U1"},
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "C1"},
        "channel": {"id": "C1"},
        "response_url": "http://127.0.0.1:9/response",
        "actions": [
            {"type": "button", "action_id": "from_long_ago", "block_id": "b", "action_ts": "17.1", "value": "x"}
        ],
    }
    before = door.queued()
    with capture_logs() as lines:
        assert door.interact(payload).status == 200
    assert [line["event"] for line in lines] == ["unknown action"]
    assert door.queued() == before + 1


def test_a_click_sent_twice_is_one(door: Door) -> None:
    """The same click delivered twice by Slack queues one answer and one effect."""
    payload = {
        "type": "block_actions",
        "user": {"id": "U1"},
        "container": {"type": "message", "message_ts": "2.1", "channel_id": "C1"},
        "channel": {"id": "C1"},
        "response_url": "http://127.0.0.1:9/response",
        "actions": [
            {
                "type": "button",
                "action_id": "variance_share",
                "block_id": "b",
                "action_ts": "18.1",
                "value": json.dumps({"team": "payments", "month": "2026-11", "basis": "effective", "by": "service"}),
            }
        ],
    }
    before = door.queued()
    for _ in range(2):
        assert door.interact(payload).status == 200
    assert door.queued() == before + 2


def test_event_handshake(door: Door) -> None:
    """Slack's URL verification is answered with its challenge."""
    body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"})
    answer = door.post(body, kind="application/json")
    assert (answer.status, "abc" in answer.body) == (200, True)


def test_other_paths(door: Door) -> None:
    """Health is ok, metrics count requests, a GET is refused, anything else is not found, and too much is too much."""
    assert door.post("", path="/healthz", method="GET") == Answer(200, "ok")
    assert "finops_requests_total" in door.post("", path="/metrics", method="GET").body
    assert door.post("", method="GET").status == 405
    assert door.post("", path="/admin").status == 404
    assert door.post(b"x" * 1_000_001).status == 413
    assert door.post("x", headers={"CONTENT_LENGTH": "many"}).status == 413
