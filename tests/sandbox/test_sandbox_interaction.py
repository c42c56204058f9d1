"""Buttons and selects in messages, and the response_url they bring."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from sandbox import AppFailure, Sandbox

Json = dict[str, Any]


def text(words: str) -> Json:
    """A plain-text object."""
    return {"type": "plain_text", "text": words}


BUTTONS = [
    {"type": "button", "action_id": "ack", "text": text("Acknowledge"), "value": "7"},
    {"type": "external_select", "action_id": "team", "min_query_length": 0},
    {"type": "datepicker", "action_id": "due"},
]
BLOCKS = [{"type": "actions", "block_id": "row", "elements": BUTTONS}]


@pytest.fixture
def clicks(sandbox: Sandbox, bolt: Callable[..., App]) -> list[Json]:
    """What an app got that listens to the buttons above and answers the command with them."""
    got: list[Json] = []

    def listen(app: App) -> None:
        app.command("/finops")(lambda ack: ack(text="buttons", blocks=BLOCKS))

        def used(ack: Any, body: Json) -> None:
            got.append(body)
            ack()

        for action_id in ("ack", "team", "due"):
            app.action(action_id)(used)
        names = ("payments", "search")
        app.options("team")(
            lambda ack, payload: ack(
                options=[{"text": text(n.title()), "value": n} for n in names if payload["value"].lower() in n]
            )
        )

    bolt(sandbox, listen)
    return got


def test_click_in_a_message(sandbox: Sandbox, clicks: list[Json], client: WebClient) -> None:
    """A click brings the message, the element's value and who clicked, as Slack sends them."""
    ts = client.chat_postMessage(channel="#payments", text="alert", blocks=BLOCKS)["ts"]
    sandbox.person("bob").click("payments", ts, "ack")
    body = clicks[0]
    assert (body["user"]["id"], body["message"]["ts"], body["container"]["is_ephemeral"]) == (
        sandbox.user_id("bob"), ts, False,
    )  # fmt: skip
    assert {k: body["actions"][0][k] for k in ("type", "block_id", "action_id", "value")} == {
        "type": "button", "block_id": "row", "action_id": "ack", "value": "7",
    }  # fmt: skip
    with pytest.raises(KeyError, match="nothing here has the action_id 'akc'"):
        sandbox.person("bob").click("payments", ts, "akc")


def test_click_in_an_ephemeral_answer(sandbox: Sandbox, clicks: list[Json]) -> None:
    """In an ephemeral message the payload has no message; response_url can replace or delete it, five times."""
    alice = sandbox.person("alice")
    ts = alice.command("payments", "/finops")[0]["ts"]
    alice.click("payments", ts, "ack")
    assert "message" not in clicks[0] and clicks[0]["container"]["is_ephemeral"]
    url = clicks[0]["response_url"]
    assert WebhookClient(url).send(text="done", replace_original=True).status_code == 200
    assert [(m["text"], "blocks" in m) for m in alice.sees("payments")] == [("done", False)]
    assert WebhookClient(url).send(text="x", blocks=[{"type": "nope"}]).status_code == 400
    WebhookClient(url).send(text="for all", response_type="in_channel")
    assert [m["text"] for m in sandbox.messages("payments")] == ["for all"]
    WebhookClient(url).send(text="beside")
    WebhookClient(url).send(text="", delete_original=True)
    assert [m["text"] for m in alice.sees("payments")] == ["for all", "beside"]
    spent = WebhookClient(url).send(text="sixth")
    assert (spent.status_code, "used_url" in spent.body) == (404, True)


def test_selects(sandbox: Sandbox, clicks: list[Json], client: WebClient) -> None:
    """An external select asks the app for options; a chosen value arrives in the field of its type, and in state."""
    ts = client.chat_postMessage(channel="#payments", text="alert", blocks=BLOCKS)["ts"]
    alice = sandbox.person("alice")
    assert [o["value"] for o in alice.options("payments", ts, "team", "pay")] == ["payments"]
    alice.select("payments", ts, "team", "search")
    assert clicks[0]["actions"][0]["selected_option"] == {"text": text("Search"), "value": "search"}
    alice.select("payments", ts, "due", "2026-11-30")
    assert clicks[1]["actions"][0]["selected_date"] == "2026-11-30"
    state = clicks[1]["state"]["values"]["row"]
    assert (state["team"]["selected_option"]["value"], state["due"]["selected_date"]) == ("search", "2026-11-30")


def test_a_click_nobody_takes_is_told(make: Callable[..., Sandbox], bolt: Callable[..., App]) -> None:
    """A click that the app does not acknowledge fails for the person and is not retried."""
    sandbox = make(ack_timeout=0.2)
    app = bolt(sandbox)
    ts = app.client.chat_postMessage(channel="#payments", text="alert", blocks=BLOCKS)["ts"]
    with pytest.raises(AppFailure, match="did not respond: operation_timeout"):
        sandbox.person("alice").click("payments", ts, "ack")
    assert sum(d.kind == "interactive" for d in sandbox.deliveries) == 1
