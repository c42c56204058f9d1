"""Commands, interactions and events reach an unmodified Bolt app over Socket Mode and over HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.app.app import SlackAppDevelopmentServer
from slack_sdk import WebClient
from websocket import WebSocketBadStatusException, create_connection

from sandbox import AppFailure, PortInUseError, Sandbox


def answering(app: App) -> None:
    """Listeners that answer the command and keep what they hear in `app.heard`."""
    app.heard = []  # type: ignore[attr-defined]

    @app.command("/finops")
    def command(ack: Any, body: dict[str, Any], respond: Any) -> None:
        if body["text"] == "late":
            ack()
            respond("came later")
        else:
            ack(f"you said {body['text']}")

    @app.event("message")
    def message(body: dict[str, Any], request: Any) -> None:
        app.heard.append((body["event_id"], body["event"].get("text")))  # type: ignore[attr-defined]


def test_command_over_socket_mode(sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """A command's acknowledgement is what the person sees, and she alone."""
    bolt(sandbox, answering)
    alice = sandbox.person("alice")
    assert [m["text"] for m in alice.command("payments", "/finops variance payments")] == ["you said variance payments"]
    assert [m["text"] for m in alice.command("payments", "/finops late")] == ["came later"]
    assert len(alice.sees("payments")) == 2
    assert sandbox.person("bob").sees("payments") == []


@pytest.fixture
def http_app() -> Iterator[tuple[str, list[App]]]:
    """The address of a Bolt development server whose app is set once the sandbox is there."""
    app: list[App] = []
    handler = SlackAppDevelopmentServer(0, "/slack/events", _Later(app), None)._server  # type: ignore[arg-type]
    server: ThreadingHTTPServer = handler  # type: ignore[assignment]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/slack/events", app
    server.shutdown()
    server.server_close()


class _Later:
    """Stands for the app in the development server until there is one."""

    oauth_flow = None

    def __init__(self, app: list[App]) -> None:
        self._app = app

    def dispatch(self, request: Any) -> Any:
        return self._app[0].dispatch(request)


def test_command_and_events_over_http(make: Callable[..., Sandbox], http_app: tuple[str, list[App]]) -> None:
    """Over HTTP the same app takes commands and events, and refuses a wrong signature."""
    url, apps = http_app
    sandbox = make(request_url=url, signing_secret="s3cret", retry_delays=())
    client = WebClient(sandbox.bot_token, base_url=sandbox.api_url)
    apps.append(App(client=client, signing_secret="s3cret", process_before_response=True))
    answering(apps[0])
    alice = sandbox.person("alice")
    assert alice.command("payments", "/finops help")[0]["text"] == "you said help"
    alice.say("payments", "good morning")
    sandbox.wait_for(lambda: [text for _, text in apps[0].heard] == ["good morning"])  # type: ignore[attr-defined]
    apps[0] = App(client=client, signing_secret="another", process_before_response=True)
    with pytest.raises(AppFailure, match="http_status_401"):
        alice.command("payments", "/finops help")


def test_commands_that_fail(make: Callable[..., Sandbox], bolt: Callable[..., App]) -> None:
    """The person is told when no app is there, the app is too slow, the command is unknown or in a thread."""
    sandbox = make(ack_timeout=0.3, retry_delays=())
    alice = sandbox.person("alice")
    with pytest.raises(AppFailure, match="no app is connected"):
        alice.command("payments", "/finops help")
    with pytest.raises(AppFailure, match="/nope is not a valid command"):
        alice.command("payments", "/nope")

    def silent(app: App) -> None:
        app.command("/finops")(lambda: None)

    bolt(sandbox, silent)
    with pytest.raises(AppFailure, match=r"^/finops failed with the error operation_timeout$"):
        alice.command("payments", "/finops help")
    root = alice.say("payments", "root")["ts"]
    with pytest.raises(AppFailure, match="not supported in threads"):
        alice.command("payments", "/finops help", thread_ts=root)
    with pytest.raises(ValueError, match="not a member"):
        sandbox.person("bob").command("private-ish", "/finops help")


def test_mentions_in_commands(sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """A command with should_escape gets ids for mentions, another one the text as typed."""
    texts: list[str] = []

    def listen(app: App) -> None:
        def keep(ack: Any, body: dict[str, Any]) -> None:
            texts.append(body["text"])
            ack("ok")

        for name in ("/finops", "/tell"):
            app.command(name)(keep)

    bolt(sandbox, listen)
    for name in ("/finops", "/tell"):
        sandbox.person("alice").command("payments", f"{name} @bob in #payments")
    escaped = f"<@{sandbox.user_id('bob')}|bob> in <#{sandbox.channel_id('payments')}|payments>"
    assert texts == ["@bob in #payments", escaped]


def test_only_subscribed_events_arrive(make: Callable[..., Sandbox], bolt: Callable[..., App]) -> None:
    """The app hears people and its own messages where it is a member, and no event it did not subscribe to."""
    sandbox = make(retry_delays=(), ack_timeout=0.5)
    app = bolt(sandbox, answering)
    alice = sandbox.person("alice")
    alice.say("private-ish", "the bot is not here")
    ts = alice.say("payments", "1 < 2 @FinOps")["ts"]
    alice.react("payments", ts, "eyes")
    alice.unreact("payments", ts, "eyes")
    app.client.chat_postMessage(channel="#payments", text="mine")
    kinds = ["message", "app_mention", "reaction_added", "message"]
    sandbox.wait_for(lambda: len(sandbox.deliveries) == len(kinds))
    events = {(d.payload["event"]["type"], d.payload["event"].get("text")) for d in sandbox.deliveries}
    bot = f"<@{sandbox.user_id('FinOps')}>"
    assert events == {
        ("message", f"1 &lt; 2 {bot}"), ("app_mention", f"1 &lt; 2 {bot}"), ("reaction_added", None),
        ("message", "mine"),
    }  # fmt: skip
    own = next(d.payload["event"] for d in sandbox.deliveries if d.payload["event"].get("text") == "mine")
    assert own["bot_id"] == app.client.auth_test()["bot_id"]


def test_direct_messages(sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """What a person writes to the app itself arrives as message.im, and the app can answer there."""
    app = bolt(sandbox, answering)
    said = sandbox.person("alice").say("@FinOps", "hello")
    sandbox.wait_for(lambda: sandbox.deliveries)
    event = sandbox.deliveries[0].payload["event"]
    assert (event["channel_type"], event["ts"]) == ("im", said["ts"])
    app.client.chat_postMessage(channel=event["channel"], text="hello Alice")
    assert [m["text"] for m in sandbox.person("alice").direct_messages()] == ["hello", "hello Alice"]


def test_events_are_retried_and_interactions_are_not(make: Callable[..., Sandbox], bolt: Callable[..., App]) -> None:
    """An event not acknowledged comes three times more with one event_id; a command comes once."""
    sandbox = make(ack_timeout=0.15, retry_delays=(0.0, 0.05, 0.05))
    bolt(sandbox)
    sandbox.person("alice").say("payments", "anybody?")
    with pytest.raises(AppFailure):
        sandbox.person("alice").command("payments", "/finops help")
    sandbox.wait_for(lambda: len(sandbox.deliveries) == 5)
    events = [d for d in sandbox.deliveries if d.kind == "events_api"]
    assert [d.attempt for d in events] == [0, 1, 2, 3]
    assert len({d.payload["event_id"] for d in events}) == 1
    assert sum(d.kind == "slash_commands" for d in sandbox.deliveries) == 1


def test_duplicate_event(sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """A duplicated event comes twice with one event_id."""
    app = bolt(sandbox, answering)
    sandbox.duplicate_next_event()
    sandbox.person("alice").say("payments", "once")
    sandbox.person("alice").say("payments", "other")
    sandbox.wait_for(lambda: len(app.heard) == 3)  # type: ignore[attr-defined]
    assert len(set(app.heard)) == 2  # type: ignore[attr-defined]


def test_sockets_come_back(sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """After a dropped and after a refreshed socket the app connects again and answers."""
    bolt(sandbox, answering)
    for disturb in (sandbox.drop_sockets, sandbox.refresh_sockets):
        disturb()
        sandbox.wait_for(lambda: sandbox.sockets == 0 or sandbox.calls[-1].method == "apps.connections.open")
        sandbox.wait_for(lambda: sandbox.sockets == 1, timeout=15)
        assert sandbox.person("alice").command("payments", "/finops hi")[0]["text"] == "you said hi"


def test_each_envelope_to_one_socket(sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """With two apps connected every event goes to one of them, and both get their share."""
    apps = [bolt(sandbox, answering), bolt(sandbox, answering)]
    for n in range(6):
        sandbox.person("alice").say("payments", str(n))
    sandbox.wait_for(lambda: [len(app.heard) for app in apps] == [3, 3])  # type: ignore[attr-defined]


def test_ten_sockets_and_no_more(sandbox: Sandbox) -> None:
    """An eleventh socket is told too_many_websockets; a ticket opens one socket only."""
    client = WebClient(sandbox.app_token, base_url=sandbox.api_url)
    urls = [client.apps_connections_open(app_token=sandbox.app_token)["url"] for _ in range(11)]
    sockets = [create_connection(url) for url in urls]
    hellos = [json.loads(socket.recv()) for socket in sockets]
    assert [hello.get("num_connections") for hello in hellos] == [*range(1, 11), None]
    assert (hellos[-1]["type"], hellos[-1]["reason"]) == ("disconnect", "too_many_websockets")
    with pytest.raises(WebSocketBadStatusException):
        create_connection(urls[0])
    for socket in sockets:
        socket.close()


def test_a_taken_port_is_an_error_at_start(sandbox: Sandbox) -> None:
    """Starting on a port that another program holds raises a clear error."""
    with pytest.raises(PortInUseError, match=f"port {sandbox.port} .* is taken"):
        Sandbox(port=sandbox.port).start()
