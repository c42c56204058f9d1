"""The sandbox itself: one aiohttp server in its own thread, and what a test may ask of it."""

import asyncio
import copy
import functools
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

import sandbox.methods  # noqa: F401  registers the Web API methods
from sandbox.actions import Actions
from sandbox.control import Control, PageApi
from sandbox.delivery import Delivered, Delivery
from sandbox.errors import PortInUseError
from sandbox.faults import Fault
from sandbox.manifest import Manifest
from sandbox.methods.files import download, upload
from sandbox.modals import Modals
from sandbox.person import Person
from sandbox.response_urls import ResponseUrls
from sandbox.store import Store
from sandbox.webapi import Backend, Call, WebApi
from sandbox.workspace import Workspace

Json = dict[str, Any]
T = TypeVar("T")
HOST = "127.0.0.1"
UPLOAD_BYTES = 64 * 1024 * 1024


class Sandbox:
    """A Slack workspace on localhost with one app installed.

    Args:
        port: 0 takes a free one.
        manifest: the app manifest as a dict; without one every scope and event, and no commands.
        people: dicts with name and optionally real_name, email and tz.
        channels: members by channel name; by default everybody in #general.
        user_groups: members by group name.
        bot_channels: where the bot is a member; None is everywhere.
        store: a JSON file that carries the state over a restart; None keeps it in memory.
        rate_limits: whether Slack's limits hold.
        clock: the workspace's time in seconds since 1970; time-outs and limits go by real time.
        controls: buttons in the page's top bar.
        status: a text shown beside them.
        request_url: deliver over HTTP to this address instead of Socket Mode.
        signing_secret: signs HTTP deliveries.
        ack_timeout: seconds the app has to acknowledge.
        trigger_seconds: seconds a trigger_id is good for.
        retry_delays: seconds before each retry of an event.
        processing_seconds: how long a completed upload is processed.

    Attributes:
        bot_token: for the app's Web API client.
        app_token: for Socket Mode.
        signing_secret: what HTTP deliveries are signed with.
        port: the port listened on, known once started.
    """

    bot_token, app_token = "xoxb-sandbox-bot", "xapp-sandbox-app"

    def __init__(
        self, port: int = 0, manifest: Json | None = None, people: Sequence[Json] = ({"name": "alice"},),
        channels: Mapping[str, Sequence[str]] | None = None, user_groups: Mapping[str, Sequence[str]] | None = None, *,
        bot_channels: Sequence[str] | None = None, store: Path | None = None, rate_limits: bool = True,
        clock: Callable[[], float] = time.time, controls: Sequence[Control] = (),
        status: Callable[[], str] | None = None, request_url: str | None = None,
        signing_secret: str = "sandbox-signing-secret", ack_timeout: float = 3.0, trigger_seconds: float = 3.0,
        retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0), processing_seconds: float = 0.3,
    ) -> None:  # fmt: skip
        """Describe the workspace; nothing runs before `start`."""
        self.port, self.signing_secret = port, signing_secret
        self._store, self._controls, self._status = Store(store), controls, status
        self._limited, self._processing, self._trigger_seconds = rate_limits, processing_seconds, trigger_seconds
        everybody = [person["name"] for person in people]
        self._workspace = Workspace(
            manifest=Manifest.read(manifest), people=people, channels=channels or {"general": everybody},
            user_groups=user_groups or {}, bot_channels=bot_channels, clock=clock, store=self._store,
        )  # fmt: skip
        self._delivery = Delivery(
            self._workspace, request_url=request_url, signing_secret=signing_secret, ack_timeout=ack_timeout,
            retry_delays=retry_delays,
        )  # fmt: skip
        self._modals = Modals(self._workspace, trigger_seconds)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runner: web.AppRunner | None = None

    def start(self) -> "Sandbox":
        """Listen; raises PortInUseError when the port is taken."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, self.port))
            listener.listen()
        except OSError as failure:
            listener.close()
            raise PortInUseError(f"port {self.port} on {HOST} is taken: {failure}") from failure
        self.port = listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        self.do(lambda: self._serve(listener))
        return self

    def stop(self) -> None:
        """Write the state and stop listening."""
        if self._loop:
            self.do(self._close)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = None

    def __enter__(self) -> "Sandbox":
        """Start."""
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop."""
        self.stop()

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self.port}"

    @property
    def api_url(self) -> str:
        """What the Slack client takes as base_url."""
        return f"{self.url}/api/"

    @property
    def calls(self) -> list[Call]:
        """The Web API calls received so far, oldest first."""
        return self.look(lambda: self._web_api.calls)

    @property
    def deliveries(self) -> list[Delivered]:
        """What was brought to the app so far, oldest first."""
        return self.look(lambda: self._delivery.log)

    @property
    def complaints(self) -> list[str]:
        """What went wrong between Slack and the app so far: time-outs, answers Slack would not take."""
        return self.look(lambda: self._delivery.complaints)

    @property
    def sockets(self) -> int:
        """How many sockets the app has open."""
        return self._delivery.connected

    def person(self, name: str) -> Person:
        """Somebody to act as; KeyError when there is nobody of that name."""
        return Person(self, self._workspace, self._modals, self._actions, name)

    def channel_id(self, name: str) -> str:
        """The id of a channel."""
        return self._workspace.channel_id(name)

    def user_id(self, name: str) -> str:
        """The id of a person."""
        return self._workspace.user_id(name)

    def messages(self, channel: str) -> list[Json]:
        """The messages of a channel outside threads, oldest first."""
        return self.look(lambda: self._workspace.top_level(self.channel_id(channel)))

    def thread(self, channel: str, ts: str) -> list[Json]:
        """A message and its replies, oldest first."""
        return self.look(lambda: self._workspace.thread(self.channel_id(channel), ts))

    def inject(self, fault: Fault) -> None:
        """Let the next calls of a method go wrong."""
        self._web_api.faults.append(copy.copy(fault))

    def drop_sockets(self) -> None:
        """Cut every socket without a word."""
        self.look(self._delivery.drop_sockets)

    def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Ask the app to reconnect (`refresh_requested`) or warn it (`warning`)."""
        self.do(lambda: self._delivery.refresh_sockets(reason))

    def duplicate_next_event(self) -> None:
        """Deliver the next event twice, with one event_id."""
        self._delivery.duplicates += 1

    @staticmethod
    def wait_for(predicate: Callable[[], T], timeout: float = 5.0) -> T:
        """Wait until the predicate is true and return its value; TimeoutError when it never is."""
        end = time.monotonic() + timeout
        while not (value := predicate()):
            if time.monotonic() > end:
                raise TimeoutError(f"still not so after {timeout} s")
            time.sleep(0.01)
        return value

    def do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the sandbox's loop, from any other thread, and return a copy of its result."""
        if self._loop is None:
            raise RuntimeError("the sandbox is not running")

        async def run() -> T:
            return copy.deepcopy(await work())

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def look(self, read: Callable[[], T]) -> T:
        """A copy of something read on the sandbox's loop."""

        async def run() -> T:
            return read()

        return self.do(run)

    async def _serve(self, listener: socket.socket) -> None:
        urls = ResponseUrls(self._workspace, f"{self.url}/response")
        backend = Backend(self._workspace, self._modals, self._delivery, self.url, self._processing)
        tokens = (self.bot_token, self.app_token)
        self._web_api = WebApi(backend, urls, tokens, limited=self._limited)
        self._actions = Actions(self._workspace, self._modals, self._delivery, urls)
        self._page = PageApi(
            self._workspace, self._modals, self._delivery, self._actions, controls=self._controls, status=self._status
        )
        app = web.Application(client_max_size=UPLOAD_BYTES, middlewares=[_local_only])
        app.add_routes([
            *self._page.routes(), web.route("*", "/api/{method}", self._web_api.handle),
            web.post("/response/{token}", self._web_api.respond), web.get("/link/", self._delivery.socket),
            web.post("/upload/v1/{file}", functools.partial(upload, self._workspace)),
            web.get("/files/{file}/{name}", functools.partial(download, self._workspace)),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def _close(self) -> None:
        self._page.stopping = True
        self._page.wake()
        await self._delivery.stop()
        if self._runner:
            await self._runner.cleanup()
        self._store.save()


@web.middleware
async def _local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what another web page in the user's browser sends: from a foreign origin, or by a name that leads here."""
    origin = request.headers.get("Origin")
    foreign = origin and urlsplit(origin).netloc != request.host
    if foreign or urlsplit(f"//{request.host}").hostname not in ("127.0.0.1", "localhost"):
        return web.Response(status=403, text="only for pages on this machine")
    return await handler(request)
