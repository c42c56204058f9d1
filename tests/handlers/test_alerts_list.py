"""`/finops alerts`, App Home and what each person sees of other people's teams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from bot.answers import Answers
from finops.policy import Kind
from tests.bot.test_http import Door
from tests.company import Moved, make_company
from tests.handlers.desk import Desk, buttons, raise_alert


def test_the_list_and_its_details(desk: Desk) -> None:
    """Everybody sees what is open, the worst first; `mine` and a team narrow it; each can be looked at and answered."""
    payments, search = desk.raised(step=3), desk.raised("search", 1)
    desk.raised("idle", -2)
    carol = desk.sandbox.person("carol")
    [every] = carol.command("general", "/finops alerts")
    said = every["text"]
    assert "*3 alerts*" in said and said.index("Payments") < said.index("Search") < said.index("Idle")
    [mine] = carol.command("general", "/finops alerts mine")
    assert "*2 alerts*" in mine["text"] and "Payments" not in mine["text"]
    [one] = carol.command("general", "/finops alerts Mine search")
    assert "*1 alert*" in one["text"] and "Search" in one["text"]
    [wrong] = carol.command("general", "/finops alerts serch")
    assert "There is no team 'serch'" in wrong["text"]
    [many] = carol.command("general", "/finops alerts search idle")
    assert "I do not understand 'idle'" in many["text"]
    carol.click("general", one["ts"], "alerts_show")
    desk.sandbox.wait_for(lambda: any("alert_acknowledge" in buttons(m) for m in desk.hidden("carol", "general")))
    shown = next(m for m in desk.hidden("carol", "general") if "alert_acknowledge" in buttons(m))
    carol.click("general", shown["ts"], "alert_acknowledge")
    desk.says(search, "*Acknowledged* by Carol Example")
    desk.sandbox.wait_for(
        lambda: any("Search" in m["text"] and "*Acknowledged*" in m["text"] for m in desk.hidden("carol", "general"))
    )
    carol.click("general", shown["ts"], "alert_explain")
    assert carol.view and carol.view["callback_id"] == "explanation"
    assert payments != search


def test_a_home_shows_what_waits(desk: Desk) -> None:
    """App Home holds a person's open alerts and a sponsor's decisions; answering there takes them from it."""
    key = desk.raised(step=3)
    desk.raised("search", 1)
    alice = desk.sandbox.person("alice")
    assert "nobody has acknowledged it" in json.dumps(alice.open_home(timeout=5))
    assert "Search" not in json.dumps(alice.home)
    before = len(alice.direct_messages())
    alice.click(None, None, "alert_acknowledge")
    desk.says(key, "*Acknowledged* by Alice Example")
    desk.sandbox.wait_for(lambda: "Nothing waits for you" in json.dumps(alice.home), timeout=5)
    desk.settle()
    assert len(alice.direct_messages()) == before, "the home itself says so"
    erin = desk.sandbox.person("erin")
    home = json.dumps(erin.open_home(timeout=5))
    assert "decide on a freeze" in home and "nobody has acknowledged it" not in home
    erin.click(None, None, "alert_freeze")
    erin.submit({"decision": "freeze", "what": "GPU", "until": "2026-11-30", "why": "until the plan is there"})
    desk.sandbox.wait_for(lambda: "decide on a freeze" not in json.dumps(erin.home), timeout=5)
    desk.says(key, "*Freeze in force*")
    alice.click("cost-payments", desk.ts(key), "freeze_exception")
    alice.submit({"what": "the release", "until": "2026-11-20", "why": "customers wait"})
    assert "asks for an exception" in json.dumps(erin.open_home(timeout=5))
    erin.click(None, None, "freeze_grant")
    desk.says(key, "granted by Erin Example")


def test_what_is_kept_to_a_team(desk: Desk) -> None:
    """With `visibility: own` an outsider sees no alert, no details and no rows, by command, button, form and word."""
    key = desk.raised(step=3)
    object.__setattr__(desk.bench.installation.company, "visibility", "own")
    carol = desk.sandbox.person("carol")
    [listed] = carol.command("general", "/finops alerts")
    assert "1 more alert belongs to teams" in listed["text"] and "Payments" not in listed["text"]
    assert "open to its owners" in carol.command("general", "/finops alerts payments")[0]["text"]
    assert "open to its owners" in carol.command("general", "/finops freeze payments")[0]["text"]
    assert "Payments" not in carol.command("general", "/finops freeze")[0]["text"]
    answers = Answers(desk.bench.installation, lambda: None)
    request = answers.request(carol.id, "C1", "x")
    for name in ("alerts_show", "alert_drivers", "alert_acknowledge", "alert_snooze", "alert_freeze"):
        said = _click(answers, name, request, key)
        assert "open to its owners" in said, name
    desk.sandbox.person("erin").click("@app", desk.told("erin", "Payments")["ts"], "alert_freeze")
    desk.sandbox.person("erin").submit(
        {"decision": "freeze", "what": "GPU", "until": "2026-11-30", "why": "until the plan is there"}
    )
    for name, value in (("freeze_exception", "1"), ("freeze_lift", "1"), ("freeze_grant", "1/1")):
        assert "open to its owners" in _click(answers, name, request, value), name
    assert {who for who, _ in desk.record()[1:]} == {"erin"}


def _click(answers: Answers, name: str, request, value: str) -> str:  # type: ignore[no-untyped-def]
    from dataclasses import replace

    reply = answers.safely(lambda: answers.actions[name](replace(request, value=value, via="button")))
    return reply.message.text if reply.message else ""


HOSTILE = (
    "",
    "payments",
    "payments/2026-11/forecast",
    "payments/2026-11/forecast/USD/1.1",
    "payments/2026-13/forecast/USD",
    "payments/2026-11/nothing/USD",
    "payments/2026-11/forecast/usd",
    "no-such-team/2026-11/forecast/USD",
    "search/2026-11/forecast/USD",
    "payments\x00/2026-11/forecast/USD",
    "../../etc/passwd",
    "'; DROP TABLE alert; --/2026-11/forecast/USD",
    "1",
    "-1",
    "99999999999999999999999999",
    "²",
    "1/²",
    "1/99999999999999999999",
    "1/",
    "/",
    "<!channel>",
    "x" * 2000,
    "\ud83d",
)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The web application of a company with one alert."""
    from bot.web import build_web

    installation = make_company(tmp_path_factory.mktemp("company"), clock=Moved(), bill=False)
    raise_alert(installation, step=3)
    raise_alert(installation, step=2, kind=Kind.CLOSED)
    yield Door(build_web(installation), installation)
    installation.state.close()


@pytest.mark.parametrize("value", HOSTILE)
def test_values_that_nobody_made(door: Door, value: str) -> None:
    """Whatever a button, a form or its metadata holds, the answer is polite, below 500, and nothing is changed."""
    answers = Answers(door.installation, lambda: None)
    before = _alerts(door)
    names = [name for name in answers.actions if name.startswith(("alert", "freeze", "leave"))]
    for name in names:
        click = {
            "type": "block_actions",
            "user": {"id": "U1"},
            "trigger_id": "1.1",
            "container": {"type": "message", "message_ts": "1.1", "channel_id": "C1"},
            "channel": {"id": "C1"},
            "response_url": "http://127.0.0.1:9/response",
            "actions": [{"type": "button", "action_id": name, "block_id": "b", "action_ts": "1.1", "value": value}],
        }
        assert door.interact(click).status == 200, name
    for name in answers.submissions:
        for metadata in (value, json.dumps({"alert": value, "freeze": value, "until": value, "step": value})):
            answer = door.interact(_form(name, metadata, value))
            assert answer.status == 200, name
            assert answer.json()["response_action"] == "errors", name
    assert _alerts(door) == before
    assert quote(value, errors="replace") is not None


def _form(name: str, metadata: str, value: str) -> dict:
    fields = ("until", "why", "decision", "what", "stand_in", "first_day", "last_day")
    return {
        "type": "view_submission",
        "user": {"id": "U1"},
        "view": {
            "id": "V1",
            "type": "modal",
            "callback_id": name,
            "private_metadata": metadata,
            "blocks": [{"type": "input", "block_id": field} for field in fields],
            "state": {"values": {field: {field: {"type": "plain_text_input", "value": value}} for field in fields}},
        },
    }


def _alerts(door: Door) -> list:
    from sqlalchemy import text

    with door.installation.state.reading() as connection:
        tables = ("alert", "spending_freeze", "leave", "audit")
        return [connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables]
