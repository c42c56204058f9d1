"""Modals and the Home tab: triggers, stacks, hashes, forms."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk.errors import SlackApiError

from sandbox import AppFailure, Sandbox

Json = dict[str, Any]


def text(words: str) -> Json:
    """A plain-text object."""
    return {"type": "plain_text", "text": words}


def form(callback_id: str = "explain", **extra: Any) -> Json:
    """A modal with one text input and one select."""
    options = [{"text": text("Growth"), "value": "growth"}, {"text": text("Waste"), "value": "waste"}]
    what = {"type": "plain_text_input", "action_id": "what", "max_length": 20}
    why = {"type": "static_select", "action_id": "why", "options": options}
    blocks = [
        {"type": "input", "block_id": "b_what", "label": text("What"), "element": what},
        {"type": "input", "block_id": "b_why", "label": text("Why"), "element": why, "optional": True},
    ]
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": text("T"),
        "submit": text("Ok"),
        "blocks": blocks,
    } | extra


@pytest.fixture
def opened(sandbox: Sandbox, bolt: Callable[..., App]) -> tuple[Sandbox, App, list[Json]]:
    """Alice has the form open; the list holds what the app got."""
    got: list[Json] = []

    def listen(app: App) -> None:
        @app.command("/finops")
        def command(ack: Any, body: Json, client: Any) -> None:
            got.append(body)
            client.views_open(trigger_id=body["trigger_id"], view=form(notify_on_close=True, external_id="one"))
            ack()

        @app.view("explain")
        def submitted(ack: Any, body: Json) -> None:
            got.append(body)
            what = body["view"]["state"]["values"]["b_what"]["what"]["value"]
            answers: dict[str, Json] = {
                "errors": {"response_action": "errors", "errors": {"b_what": "too vague"}},
                "wrong": {"response_action": "errors", "errors": {"nowhere": "x"}},
                "update": {"response_action": "update", "view": form(title=text("Updated"))},
                "push": {"response_action": "push", "view": form("second")},
                "clear": {"response_action": "clear"},
                "bad view": {"response_action": "update", "view": {"type": "modal"}},
            }
            ack(**answers.get(what, {}))

        @app.view_closed("explain")
        def closed(ack: Any, body: Json) -> None:
            got.append(body)
            ack()

        app.view("second")(lambda ack: ack())

    app = bolt(sandbox, listen)
    sandbox.person("alice").command("payments", "/finops explain")
    return sandbox, app, got


def test_a_form_is_checked_then_submitted(opened: tuple[Sandbox, App, list[Json]]) -> None:
    """Required fields and lengths are checked before the app is asked; what is filled in arrives as Slack sends it."""
    sandbox, _, got = opened
    alice = sandbox.person("alice")
    assert sandbox.person("bob").view is None
    assert alice.submit() == {"b_what": "Please complete this required field."}
    assert alice.submit({"what": "x" * 21}) == {"b_what": "Please enter at most 20 characters."}
    assert len(got) == 1
    assert alice.submit({"b_what": {"what": "load test"}, "why": "waste"}) is None
    assert alice.view is None
    assert got[-1]["view"]["state"]["values"] == {
        "b_what": {"what": {"type": "plain_text_input", "value": "load test"}},
        "b_why": {
            "why": {"type": "static_select", "selected_option": {"text": text("Waste"), "value": "waste"}},
        },
    }
    with pytest.raises(AppFailure, match="no modal"):
        alice.submit()


def test_misspelled_fields_and_options_are_the_tests_fault(opened: tuple[Sandbox, App, list[Json]]) -> None:
    """A field or an option that is not there is an error in the test, not silently left out."""
    alice = opened[0].person("alice")
    with pytest.raises(KeyError, match="whta"):
        alice.submit({"whta": "x"})
    with pytest.raises(KeyError, match="whta"):
        alice.submit({"b_what": {"whta": "x"}})
    with pytest.raises(ValueError, match="no option 'luck'"):
        alice.submit({"what": "x", "why": "luck"})


def test_answers_to_a_submission(opened: tuple[Sandbox, App, list[Json]]) -> None:
    """errors, update, push and clear do what they say; an answer Slack would not take is shown and logged."""
    sandbox, _, _ = opened
    alice = sandbox.person("alice")
    assert alice.submit({"what": "errors"}) == {"b_what": "too vague"}
    for wrong in ("wrong", "bad view"):
        with pytest.raises(AppFailure, match="trouble connecting"):
            alice.submit({"what": wrong})
    assert len(sandbox.complaints) == 2 and "nowhere" in sandbox.complaints[0]
    assert alice.submit({"what": "update"}) is None
    assert alice.view and alice.view["title"] == text("Updated")
    assert alice.view["state"]["values"]["b_what"]["what"]["value"] == "update"
    assert alice.submit({"what": "push"}) is None
    assert alice.view["callback_id"] == "second"
    assert alice.submit({"what": "done"}) is None
    assert alice.view["callback_id"] == "explain"
    assert alice.submit({"what": "clear"}) is None
    assert alice.view is None


def test_closing_is_told(opened: tuple[Sandbox, App, list[Json]]) -> None:
    """view_closed arrives when the view asked for it."""
    sandbox, _, got = opened
    sandbox.person("alice").close()
    sandbox.wait_for(lambda: got[-1].get("type") == "view_closed")


def test_triggers_views_and_hashes_are_refused(opened: tuple[Sandbox, App, list[Json]]) -> None:
    """A used, unknown or foreign trigger, a wrong hash, a taken external_id and a bad view are refused by name."""
    sandbox, app, got = opened

    def refused(method: str, **arguments: Any) -> str:
        with pytest.raises(SlackApiError) as caught:
            app.client.api_call(method, json=arguments)
        return str(caught.value.response["error"])

    used = got[0]["trigger_id"]
    view = sandbox.person("alice").view
    assert view
    assert refused("views.open", trigger_id=used, view=form()) == "exchanged_trigger_id"
    assert refused("views.open", trigger_id="1.2.3", view=form()) == "invalid_trigger_id"
    assert refused("views.update", view_id=view["id"], hash="old", view=form()) == "hash_conflict"
    assert refused("views.update", view_id="V404", view=form()) == "not_found"
    for wrong in (
        form(title=text("x" * 25)), form(submit=None), {k: v for k, v in form().items() if k != "submit"},
        form(private_metadata="x" * 3001), form(blocks=[]), form(blocks=[{"type": "divider"}] * 101), form(type="home"),
    ):  # fmt: skip
        assert refused("views.update", view_id=view["id"], view=wrong) == "invalid_arguments"
    updated = app.client.views_update(external_id="one", hash=view["hash"], view=form())
    assert updated["view"]["hash"] != view["hash"]


def test_stale_trigger_and_full_stack(make: Callable[..., Sandbox], bolt: Callable[..., App]) -> None:
    """A trigger older than three seconds is expired, and a fourth modal does not fit on the stack."""
    sandbox = make(trigger_seconds=0.3)
    triggers: list[str] = []
    button = {"type": "actions", "elements": [{"type": "button", "action_id": "more", "text": text("More")}]}
    view = {"type": "modal", "title": text("T"), "blocks": [button]}

    def listen(app: App) -> None:
        @app.command("/finops")
        def command(ack: Any, body: Json, client: Any) -> None:
            if body["text"]:
                client.views_open(trigger_id=body["trigger_id"], view=view)
            triggers.append(body["trigger_id"])
            ack("ok")

        @app.action("more")
        def more(ack: Any, body: Json) -> None:
            triggers.append(body["trigger_id"])
            ack()

    app = bolt(sandbox, listen)
    alice = sandbox.person("alice")
    alice.command("payments", "/finops")
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        app.client.views_push(trigger_id=triggers[-1], view=view)
    alice.command("payments", "/finops open")
    for _ in range(2):
        alice.click(None, None, "more")
        app.client.views_push(trigger_id=triggers[-1], view=view)
    alice.click(None, None, "more")
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        app.client.views_push(trigger_id=triggers[-1], view=view)
    alice.click(None, None, "more")
    time.sleep(0.35)
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        app.client.views_open(trigger_id=triggers[-1], view=view)


def test_home_tab(sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """Opening the Home tab asks the app, which publishes it; its elements can be used."""
    clicked: list[Json] = []

    def listen(app: App) -> None:
        blocks = [{"type": "actions", "elements": [{"type": "users_select", "action_id": "who"}]}]
        app.event("app_home_opened")(
            lambda event, client: client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})
        )

        @app.action("who")
        def who(ack: Any, body: Json) -> None:
            clicked.append(body)
            ack()

    bolt(sandbox, listen)
    alice = sandbox.person("alice")
    home = alice.open_home()
    assert home and home["type"] == "home" and sandbox.person("bob").home is None
    alice.select(None, None, "who", sandbox.user_id("bob"))
    assert clicked[0]["actions"][0]["selected_user"] == sandbox.user_id("bob")
    assert clicked[0]["container"] == {"type": "view", "view_id": home["id"]}


def telling(*on: str) -> Json:
    """A form whose text tells the app of itself while it is typed, beside one that does not."""
    config = {"dispatch_action_config": {"trigger_actions_on": list(on)}} if on else {}
    what = {"type": "plain_text_input", "action_id": "what", **config}
    quiet = {"type": "plain_text_input", "action_id": "quiet"}
    blocks = [
        {"type": "input", "block_id": "b_what", "label": text("What"), "element": what, "dispatch_action": True},
        {"type": "input", "block_id": "b_quiet", "label": text("Quiet"), "element": quiet, "optional": True},
    ]
    return {"type": "modal", "callback_id": "telling", "title": text("T"), "submit": text("Ok"), "blocks": blocks}


def test_an_input_tells_of_itself_before_the_form_is_submitted(sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """With dispatch_action what is typed arrives with the whole state of the view; without it Slack tells nothing."""
    got: list[Json] = []

    def listen(app: App) -> None:
        @app.command("/finops")
        def command(ack: Any, body: Json, client: Any) -> None:
            client.views_open(trigger_id=body["trigger_id"], view=telling("on_character_entered"))
            ack()

        @app.action("what")
        def typed(ack: Any, body: Json) -> None:
            got.append(body)
            ack()

    bolt(sandbox, listen)
    alice = sandbox.person("alice")
    alice.command("payments", "/finops explain")
    alice.click(None, None, "what", "load te")
    [body] = got
    [action] = body["actions"]
    assert {name: action[name] for name in ("type", "block_id", "action_id", "value")} == {
        "type": "plain_text_input",
        "block_id": "b_what",
        "action_id": "what",
        "value": "load te",
    }
    assert body["view"]["state"]["values"]["b_what"]["what"]["value"] == "load te"
    assert body["view"]["state"]["values"]["b_quiet"]["quiet"]["value"] is None
    assert body["container"]["view_id"] == alice.view["id"]
    with pytest.raises(ValueError, match="without dispatch_action"):
        alice.click(None, None, "quiet", "x")
