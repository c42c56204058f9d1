"""Brings commands, interactions and events to the app: over Socket Mode, or signed over HTTP."""

import asyncio
import copy
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from sandbox.errors import AppFailure
from sandbox.workspace import APP_ID, TEAM, Workspace

Json = dict[str, Any]
Kind = Literal["slash_commands", "interactive", "events_api"]
MOST_SOCKETS = 10


@dataclass(frozen=True)
class Delivered:
    """One thing brought to the app, for a test to look at.

    Attributes:
        kind: the envelope's type.
        payload: what the app got.
        error: why it was not acknowledged, None when it was.
        attempt: 0, or the number of the retry.
    """

    kind: Kind
    payload: Json
    error: str | None
    attempt: int = 0


class Delivery:
    """The way to the app.

    Attributes:
        log: everything sent, in the order in which it was settled.
        complaints: what the app answered that Slack would not take.
        duplicates: how many of the next events are sent twice.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        request_url: str | None,
        signing_secret: str,
        ack_timeout: float,
        retry_delays: tuple[float, ...],
    ) -> None:
        """With `request_url` things go there over HTTP, without it over the sockets the app opens."""
        self.log: list[Delivered] = []
        self.complaints: list[str] = []
        self.duplicates = 0
        self._workspace, self._request_url, self._secret = workspace, request_url, signing_secret
        self._timeout, self._retry_delays = ack_timeout, retry_delays
        self._sockets: dict[web.WebSocketResponse, web.Request] = {}
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._tickets: set[str] = set()
        self._numbers, self._envelopes = itertools.count(1), itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        workspace.on_event = self.event

    @property
    def connected(self) -> int:
        """How many sockets are open."""
        return len(self._sockets)

    @property
    def reachable(self) -> bool:
        """Whether there is somewhere to deliver to."""
        return bool(self._request_url or self._sockets)

    def ticket(self) -> str:
        """A ticket for one socket, as apps.connections.open hands out."""
        ticket = f"ticket-{next(self._numbers)}"
        self._tickets.add(ticket)
        return ticket

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket of the app until it closes."""
        if request.query.get("ticket") not in self._tickets:
            return web.Response(status=401, text="invalid ticket")
        self._tickets.discard(request.query["ticket"])
        socket = web.WebSocketResponse(heartbeat=10)
        await socket.prepare(request)
        if len(self._sockets) >= MOST_SOCKETS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        hello = {"type": "hello", "num_connections": len(self._sockets) + 1, "connection_info": {"app_id": APP_ID}}
        try:
            await socket.send_json({**hello, "debug_info": {"host": "sandbox"}})
            self._sockets[socket] = request
            async for message in socket:
                if message.type == aiohttp.WSMsgType.TEXT:
                    self._acknowledged(message.data)
        finally:
            self._sockets.pop(socket, None)
        return socket

    def _acknowledged(self, text: str) -> None:
        try:
            answer = json.loads(text)
            waiting = self._waiting.get(answer["envelope_id"])
        except (ValueError, KeyError, TypeError):
            self.complaints.append(f"not an acknowledgement: {text[:200]}")
            return
        if waiting and not waiting.done():
            waiting.set_result(answer.get("payload") or {})

    def drop_sockets(self) -> None:
        """Cut every socket without a word, as a dying link does."""
        for request in self._sockets.values():
            if request.transport:
                request.transport.abort()
        self._sockets.clear()

    async def refresh_sockets(self, reason: str) -> None:
        """Tell every socket that it will be closed."""
        for socket in list(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
            if reason != "warning":
                self._sockets.pop(socket, None)
                self.later(self._close_later(socket))

    @staticmethod
    async def _close_later(socket: web.WebSocketResponse) -> None:
        await asyncio.sleep(1)
        await socket.close()

    async def send(self, kind: Kind, payload: Json, retry: Json | None = None) -> Json:
        """Bring one thing to the app and wait for its acknowledgement.

        Returns:
            What the app answered, empty for a bare acknowledgement.

        Raises:
            AppFailure: not acknowledged in time or refused; the text is Slack's name of the error.
        """
        error: str | None = None
        sent = copy.deepcopy(payload)
        try:
            via = self._send_http if self._request_url else self._send_socket
            return await asyncio.wait_for(via(kind, payload, retry or {}), self._timeout)
        except TimeoutError:
            error = "operation_timeout"
        except (aiohttp.ClientError, ConnectionError) as failure:
            error = f"dispatch_failed ({failure})"
        except AppFailure as failure:
            error = str(failure)
        finally:
            attempt = (retry or {}).get("retry_attempt", 0)
            self.log.append(Delivered(kind, sent, error, attempt))
        raise AppFailure(error)

    async def _send_socket(self, kind: Kind, payload: Json, retry: Json) -> Json:
        if not self._sockets:
            raise AppFailure("dispatch_failed (no app is connected over Socket Mode)")
        number = next(self._envelopes)
        envelope: Json = {"envelope_id": f"envelope-{number}", "type": kind, "payload": payload}
        envelope |= {"accepts_response_payload": kind != "events_api", **retry}
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[f"envelope-{number}"] = waiting
        try:
            await list(self._sockets)[number % len(self._sockets)].send_json(envelope)
            return await waiting
        finally:
            del self._waiting[f"envelope-{number}"]

    async def _send_http(self, kind: Kind, payload: Json, retry: Json) -> Json:
        form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        body = json.dumps(payload) if kind == "events_api" else urlencode(form)
        content_type = "application/json" if kind == "events_api" else "application/x-www-form-urlencoded"
        now = str(int(time.time()))
        digest = hmac.new(self._secret.encode(), f"v0:{now}:{body}".encode(), hashlib.sha256).hexdigest()
        headers = {"Content-Type": content_type, "X-Slack-Request-Timestamp": now, "X-Slack-Signature": f"v0={digest}"}
        if retry:
            headers["X-Slack-Retry-Num"] = str(retry["retry_attempt"])
            headers["X-Slack-Retry-Reason"] = retry["retry_reason"]
        async with (
            aiohttp.ClientSession() as session,
            session.post(str(self._request_url), data=body.encode(), headers=headers) as response,
        ):
            text = await response.text()
            if response.status != 200:
                raise AppFailure(f"http_status_{response.status}")
            if response.content_type == "application/json":
                answer = json.loads(text or "{}")
                return answer if isinstance(answer, dict) else {}
            return {"text": text} if text else {}

    def event(self, subscription: str, event: Json) -> None:
        """Bring an event to the app if it subscribed to it, again and again until it is acknowledged."""
        if not self._workspace.manifest.hears(subscription):
            return
        number = next(self._numbers)
        payload = {
            "token": "verification-token", "team_id": TEAM["id"], "api_app_id": APP_ID, "event": event,
            "type": "event_callback", "event_id": f"Ev{number:010d}", "event_time": int(self._workspace.now()),
            "authorizations": [{
                "enterprise_id": None, "team_id": TEAM["id"], "user_id": self._workspace.bot_user, "is_bot": True,
                "is_enterprise_install": False,
            }],
            "is_ext_shared_channel": False, "event_context": f"{number}-{event['type']}-{TEAM['id']}",
        }  # fmt: skip
        copies = 2 if self.duplicates else 1
        self.duplicates -= copies - 1
        for _ in range(copies):
            self.later(self._until_acknowledged(payload))

    async def _until_acknowledged(self, payload: Json) -> None:
        for attempt, delay in enumerate((0.0, *self._retry_delays)):
            await asyncio.sleep(delay)
            retry = {"retry_attempt": attempt, "retry_reason": "timeout"}
            try:
                await self.send("events_api", payload, retry if attempt else None)
                return
            except AppFailure as failure:
                self.complaints.append(f"event {payload['event_id']} ({payload['event']['type']}): {failure}")

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside everything else, until `stop`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Close the sockets and give up what is under way."""
        for task in list(self._tasks):
            task.cancel()
        for socket in list(self._sockets):
            await socket.close()
