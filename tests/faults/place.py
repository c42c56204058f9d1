"""What outlives a run: a folder, an empty database to begin from, and a door that Slack's requests come in by."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import psycopg
from pydantic import SecretStr

from bot.settings import Settings
from storage.state import State

MEMORY = Path("/dev/shm")
SECRET = "a signing secret"
Web = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Place:
    """Where one process makes its runs, one after the other.

    Args:
        server: address of a PostgreSQL up to the database's name, empty for none.
        name: tells the places on one server apart.
        always: makes every run on the server, whatever its plan says.

    Attributes:
        web: what answers at the door.
    """

    def __init__(self, server: str = "", name: str = "faults", *, always: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="finops-faults-", dir=MEMORY if MEMORY.is_dir() else None))
        (self.folder / "finops.yaml").write_text("")
        self._server, self._name, self._always = server, name, always
        self._template = self.folder / "template.db"
        if not always:
            template = State(f"sqlite:///{self._template}")
            template.migrate()
            template.close()
        if server:
            self._admin(f"DROP DATABASE IF EXISTS {name}_template WITH (FORCE)", f"CREATE DATABASE {name}_template")
            migrated = State(f"{server}{name}_template")
            migrated.migrate()
            migrated.close()
        self.web: Web | None = None
        self._httpd = make_server("127.0.0.1", 0, self._answer, server_class=_Threaded, handler_class=_Silent)
        threading.Thread(target=self._httpd.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Take everything away."""
        self._httpd.shutdown()
        self._httpd.server_close()
        if self._server:
            self._admin(*(f"DROP DATABASE IF EXISTS {self._name}{end} WITH (FORCE)" for end in ("", "_template")))
        shutil.rmtree(self.folder, ignore_errors=True)

    def takes_server(self, wanted: bool) -> bool:
        """Whether a run that wants PostgreSQL, or does not, is made there."""
        return bool(self._server) and (wanted or self._always)

    @property
    def request_url(self) -> str:
        """Where Slack sends its requests."""
        return f"http://127.0.0.1:{self._httpd.server_port}/slack/events"

    def url(self, *, server: bool) -> str:
        """The database of every run; to be made anew by begin_anew()."""
        return f"{self._server}{self._name}" if server else f"sqlite:///{self.folder / 'state.db'}"

    def begin_anew(self, *, server: bool) -> None:
        """Put an empty database in the place of the former; nobody may be connected."""
        if server:
            self._admin(
                f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)",
                f"CREATE DATABASE {self._name} TEMPLATE {self._name}_template",
            )
            return
        for end in ("", "-wal", "-shm"):
            (self.folder / f"state.db{end}").unlink(missing_ok=True)
        shutil.copyfile(self._template, self.folder / "state.db")

    def settings(self, url: str, api_url: str, bot_token: str, app_token: str) -> Settings:
        """The environment of every process of a run."""
        return Settings(
            finops_database_url=SecretStr(url),
            finops_ledger=self.folder / "ledger",
            slack_signing_secret=SecretStr(SECRET),
            slack_bot_token=SecretStr(bot_token),
            slack_app_token=SecretStr(app_token),
            slack_api_url=api_url,
        )

    def _admin(self, *statements: str) -> None:
        with psycopg.connect(f"{self._server}postgres", autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement)  # type: ignore[call-overload]

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.web is None:
            raise ConnectionAbortedError
        return self.web(environ, start_response)


def manifest(*, hears_messages: bool, socket: bool) -> dict[str, Any]:
    """The app's manifest; without the events of every message, most of which are the app's own, a run is faster."""
    name = "manifest.socket.json" if socket else "manifest.http.json"
    found: dict[str, Any] = json.loads((files("bot") / "slack_app" / name).read_text())
    heard = found["settings"]["event_subscriptions"]
    if not hears_messages:
        heard["bot_events"] = [name for name in heard["bot_events"] if not name.startswith("message.")]
    return found


class _Threaded(ThreadingMixIn, WSGIServer):
    """Two requests at once."""

    daemon_threads = True


class _Silent(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
