"""The page's own API below /sandbox/: what a person sees, what she does, the control buttons, live updates."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.actions import Actions, seen_by
from sandbox.delivery import Delivery
from sandbox.errors import AppFailure, Refusal
from sandbox.modals import Modals
from sandbox.workspace import TEAM, Workspace

Json = dict[str, Any]
PAGE = Path(__file__).parent / "page"
MOST_MESSAGES = 200


@dataclass(frozen=True)
class Control:
    """A button in the page's top bar.

    Attributes:
        label: its text.
        run: called in a thread when pressed; what it returns, or the error it raises, is shown.
    """

    label: str
    run: Callable[[], str | None]


class PageApi:
    """Serves the page and what it asks for."""

    def __init__(
        self, workspace: Workspace, modals: Modals, delivery: Delivery, actions: Actions, *,
        controls: Sequence[Control], status: Callable[[], str] | None,
    ) -> None:  # fmt: skip
        """Show the given parts of one sandbox."""
        self._workspace, self._modals, self._delivery, self._actions = workspace, modals, delivery, actions
        self._controls, self._status = {control.label: control for control in controls}, status
        self._busy: str | None = None
        self._watchers: set[asyncio.Event] = set()
        self.stopping = False
        workspace.on_change = self.wake

    def routes(self) -> list[web.RouteDef]:
        """The addresses."""
        return [
            web.get("/", self._file), web.get("/page/{name}", self._file), web.get("/sandbox/events", self._events),
            web.post("/sandbox/state", self._state), web.post("/sandbox/act", self._act),
            web.post("/sandbox/control", self._control),
        ]  # fmt: skip

    def wake(self) -> None:
        """Tell every open page to look again."""
        for watcher in self._watchers:
            watcher.set()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("name", "index.html")
        if name not in {path.name for path in PAGE.iterdir()}:
            return web.Response(status=404)
        policy = "default-src 'self'; img-src 'self' data: https:; frame-ancestors 'none'"
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
        return web.FileResponse(PAGE / name, headers=headers)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        watcher = asyncio.Event()
        self._watchers.add(watcher)
        try:
            while not self.stopping:
                await response.write(b"data: changed\n\n")
                watcher.clear()
                await watcher.wait()
                # One look is enough for a burst of changes.
                await asyncio.sleep(0.03)
        except ConnectionResetError:
            pass
        finally:
            self._watchers.discard(watcher)
        return response

    async def _state(self, request: web.Request) -> web.Response:
        body = await request.json()
        status = await asyncio.to_thread(self._status) if self._status else ""
        workspace = self._workspace
        people = [user for user in workspace.users.values() if not user["is_bot"]]
        user = body.get("user") if body.get("user") in workspace.users else people[0]["id"]
        direct = workspace.direct(user)
        mine = [
            c
            for c, channel in workspace.channels.items()
            if c == direct or (c[0] == "C" and user in channel["members"])
        ]
        channel = body["channel"] if body.get("channel") in mine or body.get("channel") == "home" else mine[0]
        messages: list[Json] = []
        if channel != "home":
            messages = seen_by(workspace, user, channel)[-MOST_MESSAGES:]
            if messages and body.get("visible"):
                workspace.read.setdefault(user, {})[channel] = messages[-1]["ts"]
        thread_ts = body.get("thread")
        return web.json_response({
            "user": user, "channel": channel, "messages": messages, "team": TEAM["name"], "bot": workspace.bot_user,
            "thread": seen_by(workspace, user, channel, thread_ts) if thread_ts and channel != "home" else [],
            "people": [{k: u[k] for k in ("id", "name", "real_name", "tz")} for u in people],
            "names": {u["id"]: u["profile"]["display_name"] for u in workspace.users.values()}
            | {group: name for group, (name, _) in workspace.groups.items()},
            "channels": [self._channel(user, c) for c in mine], "all_channels": {
                c: known["name"] for c, known in workspace.channels.items() if known["name"]
            },
            "commands": [vars(command) for command in workspace.manifest.commands], "app": workspace.manifest.name,
            "home": workspace.homes.get(user), "modal": self._modals.top(user),
            "depth": len(self._modals.stacks.get(user, [])),
            "controls": list(self._controls), "busy": self._busy, "status": status,
            "connected": self._delivery.reachable, "now": workspace.now(),
        })  # fmt: skip

    def _channel(self, user: str, channel: str) -> Json:
        known, read = self._workspace.channels[channel], self._workspace.read.get(user, {}).get(channel, "0")
        unread = sum(m["ts"] > read and m["user"] != user for m in self._workspace.top_level(channel))
        own = sum(m["ts"] > read and m["channel"] == channel for m in self._workspace.ephemeral.get(user, []))
        return {"id": channel, "name": known["name"], "members": len(known["members"]), "unread": unread + own}

    async def _act(self, request: web.Request) -> web.Response:
        body = await request.json()
        allowed = ("command", "say", "react", "act", "suggest", "submit", "close", "open_home")
        if body.get("action") not in allowed:
            return web.json_response({"error": "no such action"}, status=400)
        try:
            result = await getattr(self._actions, body["action"])(body["user"], **body.get("arguments", {}))
        except (AppFailure, Refusal, KeyError, ValueError) as failure:
            return web.json_response({"error": str(failure.args[0])})
        return web.json_response({"result": result})

    async def _control(self, request: web.Request) -> web.Response:
        control = self._controls.get((await request.json()).get("label"))
        if control is None or self._busy:
            return web.json_response({"error": f"{self._busy} is still running" if control else "no such control"})
        self._busy = control.label
        self.wake()
        try:
            return web.json_response({"result": await asyncio.to_thread(control.run) or ""})
        # Whatever a control raises belongs before the person who pressed it.
        except Exception as failure:
            return web.json_response({"error": f"{control.label} failed: {failure}"})
        finally:
            self._busy = None
            self.wake()
