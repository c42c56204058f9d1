"""The Web API's gate: arguments, tokens, scopes, rate limits and faults; the methods themselves are in `methods/`."""

import asyncio
import copy
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.delivery import Delivery
from sandbox.errors import Refusal
from sandbox.faults import Fault, take_fault
from sandbox.modals import Modals
from sandbox.response_urls import ResponseUrls
from sandbox.workspace import Workspace

Json = dict[str, Any]
MINUTE = 60.0


class Arguments(Json):
    """The arguments of one call, whether they came as a form, as JSON or in the address."""

    def need(self, name: str) -> str:
        """A text that must be there."""
        if not self.get(name):
            raise Refusal("invalid_arguments", f"missing required field: {name}")
        return str(self[name])

    def flag(self, name: str, default: bool = False) -> bool:
        """A truth value, as a form or JSON spells it."""
        return str(self.get(name, default)).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        try:
            return int(self.get(name) or default)
        except ValueError:
            raise Refusal("invalid_arguments", f"must be a number: {name}") from None

    def structure(self, name: str, error: str = "invalid_arguments") -> Any:
        """A list or object, which forms carry as JSON text."""
        value = self.get(name)
        try:
            return json.loads(value) if isinstance(value, str) and value else value
        except ValueError:
            raise Refusal(error, f"not valid JSON: {name}") from None


@dataclass(frozen=True)
class Call:
    """One Web API call received: the method, its arguments without the token, and the answer (None: cut off)."""

    method: str
    arguments: Json
    answer: Json | None

    @property
    def error(self) -> str | None:
        """Slack's name of the error, None when the call succeeded."""
        return self.answer.get("error") if self.answer else None


@dataclass(frozen=True)
class Backend:
    """What the methods work on."""

    workspace: Workspace
    modals: Modals
    delivery: Delivery
    url: str
    processing_seconds: float


@dataclass(frozen=True)
class Method:
    """A Web API method: what it does, the scope and kind of token it wants, and calls a minute (0: not limited)."""

    run: Callable[[Backend, Arguments], Json]
    scope: str
    per_minute: int
    token: str


METHODS: dict[str, Method] = {}


def method(
    name: str, *, scope: str = "", per_minute: int = 0, token: str = "xoxb"
) -> Callable[[Callable[[Backend, Arguments], Json]], Callable[[Backend, Arguments], Json]]:
    """Register a Web API method."""

    def register(run: Callable[[Backend, Arguments], Json]) -> Callable[[Backend, Arguments], Json]:
        METHODS[name] = Method(run, scope, per_minute, token)
        return run

    return register


class WebApi:
    """Answers Web API calls and response_url posts.

    Attributes:
        calls: every call received, oldest first.
        faults: what is to go wrong.
    """

    def __init__(self, backend: Backend, urls: ResponseUrls, tokens: tuple[str, str], *, limited: bool) -> None:
        """`tokens` are the bot's and the app's; `limited` turns rate limits on."""
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self._backend, self._urls, self._tokens, self._limited = backend, urls, tokens, limited
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve `/api/{method}`."""
        name = request.match_info["method"]
        arguments = await _arguments(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or arguments.get("token", "")
        arguments.pop("token", None)
        return await self._faulty(request, name, arguments, lambda: self._answer(name, str(token), arguments))

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Serve a response_url."""
        body = await request.json()

        def post() -> Json:
            self._urls.post(request.match_info["token"], body)
            return {"ok": True}

        return await self._faulty(request, "response_url", body, post)

    async def _faulty(
        self, request: web.Request, name: str, arguments: Json, run: Callable[[], Json]
    ) -> web.StreamResponse:
        fault = take_fault(self.faults, name)
        kind, seconds = (fault.kind, fault.seconds) if fault else ("", 0.0)
        if kind in ("500", "502"):
            self.calls.append(Call(name, arguments, {"ok": False, "error": f"http_{kind}"}))
            return web.Response(status=int(kind), text="upstream error")
        answer: Json | None = None
        if kind == "rate_limited":
            answer = Refusal("ratelimited", retry_after=seconds).answer
        elif kind != "reset_before":
            try:
                answer = {"ok": True, **run()}
            except Refusal as refusal:
                answer = refusal.answer
        reset = kind.startswith("reset")
        # A copy: the answer may hold a message or view that changes later.
        self.calls.append(Call(name, arguments, None if reset else copy.deepcopy(answer)))
        if reset and request.transport:
            request.transport.abort()
            return web.Response()
        if kind == "slow":
            await asyncio.sleep(seconds)
        return self._response(name, answer or {})

    def _response(self, name: str, answer: Json) -> web.Response:
        if "retry_after" in answer:
            seconds = answer.pop("retry_after")
            return web.json_response(answer, status=429, headers={"Retry-After": str(max(1, round(seconds)))})
        if name == "response_url":
            gone = answer.get("error") in ("expired_url", "used_url")
            return web.json_response(answer, status=200 if answer["ok"] else 404 if gone else 400)
        scopes = self._backend.workspace.manifest.scopes or {known.scope for known in METHODS.values() if known.scope}
        return web.json_response(answer, headers={"x-oauth-scopes": ",".join(sorted(scopes))})

    def _answer(self, name: str, token: str, arguments: Arguments) -> Json:
        known = METHODS.get(name)
        if known is None:
            raise Refusal("unknown_method", req_method=name)
        if known.token and not token:
            raise Refusal("not_authed")
        if known.token and token not in self._tokens:
            raise Refusal("invalid_auth")
        if known.token and not token.startswith(known.token):
            raise Refusal("not_allowed_token_type")
        scopes = self._backend.workspace.manifest.scopes
        if known.scope and scopes is not None and known.scope not in scopes:
            raise Refusal("missing_scope", needed=known.scope, provided=",".join(sorted(scopes)))
        if known.per_minute:
            self._count(name, known.per_minute, MINUTE)
        if name == "chat.postMessage":
            channel = str(arguments.get("channel", ""))
            with suppress(KeyError):
                channel = self._backend.workspace.channel_id(channel)
            self._count(f"channel {channel}", 1, 1.0)
        return known.run(self._backend, arguments)

    def _count(self, key: str, most: int, window: float) -> None:
        """Refuse what is one call too many within the window."""
        if not self._limited:
            return
        recent, now = self._recent[key], time.monotonic()
        while recent and now - recent[0] >= window:
            recent.popleft()
        if len(recent) >= most:
            raise Refusal("ratelimited", retry_after=recent[0] + window - now)
        recent.append(now)


async def _arguments(request: web.Request) -> Arguments:
    arguments = Arguments(request.query)
    if request.content_type == "application/json":
        # The sync client announces JSON and sends nothing for methods without arguments.
        body = await request.text()
        try:
            arguments |= json.loads(body) if body else {}
        except (ValueError, TypeError):
            # Slack reads what it can and says what it misses.
            arguments["invalid_json"] = body
    else:
        arguments |= dict(await request.post())
    return arguments
