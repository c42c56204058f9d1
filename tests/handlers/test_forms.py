"""Forms as the app layer carries them: opened, refused by Slack, of another version, and losing nothing typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.answers import Answers, _merged
from finops.errors import ConfigurationRefused, FinopsError
from handlers.request import Reply, Request
from sandbox import Fault
from tests.handlers.desk import Desk


def test_a_form_that_slack_does_not_open(desk: Desk) -> None:
    """Where Slack takes too long the person is told that nothing was changed, by button and by command."""
    key = desk.raised()
    alice = desk.sandbox.person("alice")
    for fault in (
        Fault("views.open", "500"),
        Fault("views.open", "reset_before"),
        Fault("views.open", "slow", seconds=2.4),
    ):
        desk.sandbox.inject(fault)
        alice.click("cost-payments", desk.ts(key), "alert_snooze")
    desk.sandbox.wait_for(lambda: len(desk.hidden("alice", "cost-payments")) == 3, timeout=5)
    assert all("did not open the form" in m["text"] for m in desk.hidden("alice", "cost-payments"))
    desk.sandbox.inject(Fault("views.open", "502"))
    [said] = alice.command("general", "/finops away")
    assert "did not open the form" in said["text"]


def submitted(desk: Desk, monkeypatch: pytest.MonkeyPatch, answer: Any) -> Any:
    """Alice, with the snooze form before her, whose answer is the given one."""
    key = desk.raised()
    alice = desk.sandbox.person("alice")
    alice.click("cost-payments", desk.ts(key), "alert_snooze")
    for listener in desk.bot.app._listeners:
        owner = getattr(listener.ack_function, "__self__", None)
        if owner is not None and hasattr(owner, "submission"):
            monkeypatch.setitem(owner._answers.submissions, "snooze", answer)
    return alice


TYPED = {"until": "2026-11-20", "why": "three paragraphs of careful words"}


def test_a_bug_loses_nothing_that_was_typed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected failure keeps the form open with its words, and gives the reference that is in the log."""

    def broken(request: Request) -> Reply:
        raise RuntimeError("a bug")

    alice = submitted(desk, monkeypatch, broken)
    errors = alice.submit(TYPED)
    assert list(errors) == ["until"] and "Something went wrong on my side" in errors["until"]
    assert alice.view["state"]["values"]["why"]["why"]["value"] == TYPED["why"]


def test_a_refusal_of_no_field_stands_at_the_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with no field in particular, or with one the form does not have, is said at the first field."""

    def refused(request: Request) -> Reply:
        raise FinopsError("Not today.", "Try tomorrow.")

    alice = submitted(desk, monkeypatch, refused)
    assert alice.submit(TYPED) == {"until": "Not today. Try tomorrow."}
    alice.close()
    alice = submitted(desk, monkeypatch, lambda request: Reply(errors={"elsewhere": "Odd."}))
    assert alice.submit(TYPED) == {"until": "Odd."}


def test_what_a_handler_is_given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler gets the fields as text, what the form carried, and who; what it says is a direct message."""
    from views.notes import note

    got: list[Request] = []

    def keep(request: Request) -> Reply:
        got.append(request)
        return Reply(note("Written down."))

    alice = submitted(desk, monkeypatch, keep)
    assert alice.submit(TYPED) is None and alice.view is None
    [request] = got
    assert (request.user_id, request.via, dict(request.inputs)) == (alice.id, "form", TYPED)
    assert request.metadata == {"alert": "payments/2026-11/forecast/USD"}
    desk.told("alice", "Written down.")


def test_a_form_of_another_version(desk: Desk) -> None:
    """A form that nothing here knows stays open with what was typed, and says so."""
    answers = Answers(desk.bench.installation, lambda: None)
    assert "explain" not in answers.submissions
    from bot.web import build_web
    from tests.bot.test_http import Door

    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": "explain",
        "private_metadata": "",
        "blocks": [{"type": "section"}, {"type": "input", "block_id": "what"}],
        "state": {"values": {"what": {"a": {"type": "plain_text_input", "value": "x"}}}},
    }
    door = Door(build_web(desk.bench.installation), desk.bench.installation)
    answer = door.interact({"type": "view_submission", "user": {"id": "U1"}, "view": view})
    assert answer.json()["response_action"] == "errors" and "older version" in answer.json()["errors"]["what"]
    closed = door.interact({"type": "view_closed", "user": {"id": "U1"}, "view": view, "is_cleared": False})
    assert (closed.status, closed.body) == (200, "")


def test_two_commands_cannot_answer_the_same() -> None:
    """A button, form, word or emoji that two commands answer is refused at start-up."""
    with pytest.raises(ConfigurationRefused, match="ack"):
        _merged([{"ack": 1, "other": 2}, {"ack": 3}])


def test_the_jobs_are_known_without_being_imported(tmp_path: Path) -> None:
    """Names of jobs are read from their files: the same that importing them finds, each that of its module."""
    from bot.discovery import declared, discover

    found = discover("jobs", "JOB")
    assert list(declared("jobs", "JOB")) == list(found) == [job.name for job in found.values()]
    assert json.dumps(declared("handlers", "JOB")) == "[]"
