"""The page in a browser: what a newcomer does in the first minutes."""

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import App

from sandbox import Control, Sandbox

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One headless Chromium for the module."""
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh page; an error in its script fails the test."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    page.set_default_timeout(5000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.extend([message.text] if message.type == "error" else []))
    yield page
    context.close()
    assert errors == []


def text(words: str) -> Json:
    """A plain-text object."""
    return {"type": "plain_text", "text": words}


MODAL = {
    "type": "modal", "callback_id": "explain", "title": text("Explain"), "submit": text("Send"), "blocks": [
        {"type": "input", "block_id": "what", "label": text("What happened"), "element": {
            "type": "plain_text_input", "action_id": "what"}},
        {"type": "input", "block_id": "team", "label": text("Team"), "optional": True, "element": {
            "type": "external_select", "action_id": "team", "min_query_length": 1}},
    ],
}  # fmt: skip


def listen(app: App) -> None:
    """An app that answers with a button, opens a form, refuses short words and posts the rest."""
    button = {"type": "button", "action_id": "explain", "text": text("Explain"), "style": "primary"}
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Payments* is <https://example.com|over> :warning:"}},
        {"type": "actions", "elements": [button]},
    ]
    app.command("/finops")(lambda ack: ack(text="over", blocks=blocks))
    app.options("team")(lambda ack: ack(options=[{"text": text("Search"), "value": "search"}]))

    @app.action("explain")
    def open_form(ack: Any, body: Json, client: Any) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)
        ack()

    @app.view("explain")
    def submitted(ack: Any, body: Json, client: Any) -> None:
        values = body["view"]["state"]["values"]
        what, team = values["what"]["what"]["value"], values["team"]["team"]["selected_option"]
        if len(what) < 5:
            ack(response_action="errors", errors={"what": "Please say more."})
        else:
            ack()
            what = what.replace("<", "&lt;").replace(">", "&gt;")
            client.chat_postMessage(channel="#payments", text=f"{what} ({team['value'] if team else 'no team'})")


def test_command_button_form_and_thread(page: Any, sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """A command is completed and answered, its button opens a form that shows errors at the field, a reply is sent."""
    bolt(sandbox, listen)
    page.goto(sandbox.url)
    page.click("[data-channel=payments]")
    box = page.get_by_label("Message #payments")
    box.fill("/fi")
    playwright.expect(page.get_by_test_id("commands")).to_contain_text("variance <team>")
    box.press("Tab")
    assert box.input_value() == "/finops "
    box.type("variance payments")
    box.press("Enter")
    answer = page.locator(".ephemeral")
    playwright.expect(answer).to_contain_text("Only visible to you")
    playwright.expect(answer.locator("b", has_text="Payments")).to_be_visible()
    answer.locator("[data-action-id=explain]").click()
    modal = page.get_by_test_id("modal")
    modal.get_by_label("What happened").fill("hm")
    modal.get_by_test_id("modal-submit").click()
    playwright.expect(modal.locator("[data-error=what]")).to_have_text("Please say more.")
    modal.get_by_label("What happened").fill("A load test <b>ran</b>")
    modal.get_by_role("combobox").type("se")
    modal.get_by_role("option", name="Search").click()
    modal.get_by_test_id("modal-submit").click()
    playwright.expect(modal).not_to_be_visible()
    message = page.locator("article", has_text="A load test <b>ran</b> (search)")
    message.hover()
    message.get_by_test_id("reply-in-thread").click()
    page.get_by_label("Reply…").fill("thanks")
    page.get_by_label("Reply…").press("Enter")
    playwright.expect(page.get_by_test_id("replies").first).to_have_text("1 reply")
    page.keyboard.press("Escape")
    playwright.expect(page.get_by_test_id("thread")).not_to_be_visible()
    thread = sandbox.thread("payments", sandbox.messages("payments")[0]["ts"])
    assert [m["text"] for m in thread][1:] == ["thanks"]


def test_narrow_window_person_and_controls(page: Any, make: Callable[..., Sandbox]) -> None:
    """In 400 pixels everything can be reached; unread channels, failures, controls and the person switch show."""

    def slowly() -> str:
        time.sleep(0.3)
        return "It is Friday."

    controls = [Control("Next day", slowly), Control("Break", lambda: str(1 // 0))]
    sandbox = make(controls=controls, status=lambda: "Thursday")
    sandbox.person("bob").say("payments", "<img src=x onerror=alert(1)> *bold* @alice")
    page.set_viewport_size({"width": 400, "height": 750})
    page.goto(sandbox.url)
    playwright.expect(page.get_by_test_id("status")).to_contain_text("Thursday")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.get_by_test_id("menu").click()
    playwright.expect(page.locator("[data-channel=payments]")).to_have_class("entry unread")
    page.click("[data-channel=payments]")
    playwright.expect(page.get_by_test_id("sidebar")).not_to_be_visible()
    message = page.locator("article")
    playwright.expect(message).to_contain_text("<img src=x onerror=alert(1)> bold @alice")
    box = page.get_by_label("Message #payments")
    box.fill("/finops help")
    box.press("Enter")
    playwright.expect(page.locator(".ephemeral")).to_contain_text("/finops failed with the error dispatch_failed")
    page.click("[data-control='Next day']")
    playwright.expect(page.locator("[data-control='Next day']")).to_have_attribute("aria-busy", "true")
    playwright.expect(page.get_by_test_id("toast")).to_have_text("It is Friday.")
    page.click("[data-control=Break]")
    playwright.expect(page.get_by_test_id("toast")).to_contain_text("Break failed: integer division")
    page.get_by_test_id("who").select_option(label="Bob Stone")
    playwright.expect(page.locator("article")).to_have_count(1)
    page.hover("article")
    page.click("article [data-reaction=eyes]")
    sandbox.wait_for(lambda: sandbox.messages("payments")[0].get("reactions"))
    assert sandbox.messages("payments")[0]["reactions"][0]["users"] == [sandbox.user_id("bob")]


def test_updates_arrive_live(page: Any, sandbox: Sandbox, client: Any) -> None:
    """A message posted, edited and deleted elsewhere is so in an open page; an empty channel says so."""
    page.goto(sandbox.url)
    page.click("[data-channel=payments]")
    playwright.expect(page.locator("#messages")).to_contain_text("Nothing here yet")
    channel = sandbox.channel_id("payments")
    ts = client.chat_postMessage(channel=channel, text="first")["ts"]
    message = page.locator(f"[data-ts='{ts}']")
    playwright.expect(message).to_contain_text("first")
    client.chat_update(channel=channel, ts=ts, text="second")
    playwright.expect(message).to_contain_text("second")
    playwright.expect(message).to_contain_text("(edited)")
    client.chat_delete(channel=channel, ts=ts)
    playwright.expect(page.locator("#messages")).to_contain_text("Nothing here yet")


def test_moments_are_on_the_readers_clock(page: Any, sandbox: Sandbox, client: Any) -> None:
    """`<!date^…>` shows each person the moment in her own zone; a format Slack does not know shows the fallback."""
    # 23:30 UTC on 12 November 2026: half past midnight of the 13th in Berlin.
    at = 1794526200
    long = f"<!date^{at}^{{date_long}} at {{time}}|12 Nov, 23:30 UTC>"
    others = [f"<!date^{at}^{form}|fallback &amp; more>" for form in ("{date_short}", "{date_num}", "{nothing}", "")]
    client.chat_postMessage(channel="#payments", text=" / ".join([long, *others]))
    pretty = f"<!date^{int(time.time())}^{{date_short_pretty}} {{time}}|now>"
    client.chat_postMessage(channel="#payments", text=pretty)
    page.goto(sandbox.url)
    page.click("[data-channel=payments]")
    shown = page.locator("#messages article .text")
    playwright.expect(shown.first).to_have_text(
        "Friday, November 13, 2026 at 00:30 / Nov 13, 2026 / 2026-11-13 / fallback & more / fallback & more"
    )
    playwright.expect(shown.last).to_contain_text("today")
    page.get_by_test_id("who").select_option(label="Bob Stone")
    page.click("[data-channel=payments]")
    playwright.expect(shown.first).to_have_text(
        "Thursday, November 12, 2026 at 23:30 / Nov 12, 2026 / 2026-11-12 / fallback & more / fallback & more"
    )


def test_a_reply_shown_in_the_channel_too(page: Any, sandbox: Sandbox, client: Any) -> None:
    """A broadcast reply stands in the channel and the thread, each saying so, and leads from one to the other."""
    ts = client.chat_postMessage(channel="#payments", text="alert")["ts"]
    client.chat_postMessage(channel="#payments", text="quiet", thread_ts=ts)
    client.chat_postMessage(channel="#payments", text="it rose", thread_ts=ts, reply_broadcast=True)
    page.goto(sandbox.url)
    page.click("[data-channel=payments]")
    playwright.expect(page.locator("#messages article")).to_have_count(2)
    playwright.expect(page.locator("#messages .broadcast")).to_contain_text("replied to a thread")
    page.get_by_test_id("open-thread").click()
    playwright.expect(page.locator("#replies article")).to_have_count(3)
    playwright.expect(page.locator("#replies .broadcast")).to_have_text("Also sent to the channel")


def choosing(app: App) -> None:
    """An app whose form has a day, a person and a choice, and a second form on top of it."""
    pick = {"type": "radio_buttons", "action_id": "pick", "options": [{"text": text(w), "value": w} for w in "ab"]}
    fields = {
        "day": {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-20"},
        "who": {"type": "users_select", "action_id": "who"},
        "pick": pick,
    }
    blocks = [{"type": "input", "block_id": n, "label": text(n.title()), "element": e} for n, e in fields.items()]
    form = {"type": "modal", "callback_id": "form", "title": text("Form"), "submit": text("On"), "blocks": blocks}
    app.heard = []  # type: ignore[attr-defined]

    @app.command("/finops")
    def command(ack: Any, body: Json, client: Any) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=form)
        ack()

    @app.view("form")
    def submitted(ack: Any, body: Json) -> None:
        values = body["view"]["state"]["values"]
        said = f"{values['day']['day']['selected_date']} {values['pick']['pick']['selected_option']['value']}"
        app.heard.append(values["who"]["who"]["selected_user"])  # type: ignore[attr-defined]
        preview = {"type": "section", "text": text(said)}
        ack(
            response_action="push",
            view={
                "type": "modal",
                "callback_id": "sure",
                "title": text("Sure?"),
                "submit": text("Do it"),
                "blocks": [preview],
            },
        )

    app.view("sure")(lambda ack: ack(response_action="clear"))


def test_day_person_choice_and_preview(page: Any, sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """A form with a day, a person and a choice is filled in; its preview lies on top, leads back, and ends both."""
    app = bolt(sandbox, choosing)
    page.goto(sandbox.url)
    page.click("[data-channel=payments]")
    page.get_by_label("Message #payments").fill("/finops form")
    page.get_by_label("Message #payments").press("Enter")
    modal = page.get_by_test_id("modal")
    modal.get_by_label("Day").fill("2026-11-25")
    modal.get_by_label("Who").select_option(label="Bob Stone")
    modal.get_by_label("b", exact=True).check()
    modal.get_by_test_id("modal-submit").click()
    playwright.expect(modal).to_contain_text("2026-11-25 b")
    modal.get_by_test_id("modal-close").click()
    playwright.expect(modal.get_by_label("Day")).to_have_value("2026-11-25")
    modal.get_by_test_id("modal-submit").click()
    playwright.expect(modal).to_contain_text("2026-11-25 b")
    modal.get_by_test_id("modal-submit").click()
    playwright.expect(modal).not_to_be_visible()
    assert app.heard == [sandbox.user_id("bob")] * 2  # type: ignore[attr-defined]


def telling(app: App) -> None:
    """A form with a text that tells of every character, one that tells on Enter, and one that tells nothing."""

    def field(name: str, tells: bool, **config: Any) -> Json:
        element = {"type": "plain_text_input", "action_id": name, **config}
        asked = {"type": "input", "block_id": name, "label": text(name), "optional": True, "element": element}
        return asked | ({"dispatch_action": True} if tells else {})

    every = {"dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}
    form = {"type": "modal", "callback_id": "told", "title": text("Told"), "submit": text("Send"), "blocks": [
        field("each", True, multiline=True, **every), field("enter", True), field("none", False)]}  # fmt: skip
    app.told = []  # type: ignore[attr-defined]
    app.command("/finops")(
        lambda ack, body, client: (client.views_open(trigger_id=body["trigger_id"], view=form), ack())
    )
    for name in ("each", "enter", "none"):

        @app.action(name)
        def told(ack: Any, body: Json) -> None:
            ack()
            app.told.append((body["actions"][0]["action_id"], body["actions"][0]["value"]))  # type: ignore[attr-defined]


def test_a_text_tells_of_itself_as_it_is_typed(page: Any, sandbox: Sandbox, bolt: Callable[..., App]) -> None:
    """A field tells of what is typed while it is typed, or on Enter, or not at all, and what is typed stays."""
    app = bolt(sandbox, telling)
    page.goto(sandbox.url)
    page.click("[data-channel=payments]")
    page.get_by_label("Message #payments").fill("/finops form")
    page.get_by_label("Message #payments").press("Enter")
    modal = page.get_by_test_id("modal")
    modal.get_by_label("each").type("load te", delay=20)
    sandbox.wait_for(lambda: ("each", "load te") in app.told)  # type: ignore[attr-defined]
    playwright.expect(modal.get_by_label("each")).to_have_value("load te")
    modal.get_by_label("none").fill("quiet")
    modal.get_by_label("enter").fill("now")
    modal.get_by_label("none").focus()
    time.sleep(0.5)
    assert {name for name, _ in app.told} == {"each"}  # type: ignore[attr-defined]
    modal.get_by_label("enter").press("Enter")
    sandbox.wait_for(lambda: ("enter", "now") in app.told)  # type: ignore[attr-defined]
    playwright.expect(modal.get_by_label("none")).to_have_value("quiet")
