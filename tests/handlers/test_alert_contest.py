"""Several people at the same moment: one wins, and the others are told who."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from bot.answers import Answers
from finops.alert import AlertKey
from handlers.request import Request
from storage.alerts import find_alert
from storage.audit import read, verify
from storage.people import replace_directory
from tests.company import Moved, make_company
from tests.handlers.desk import raise_alert

PEOPLE = {name: f"U{number}{name.upper()}" for number, name in enumerate(("alice", "bob", "dave", "erin"))}
ROUNDS = 8


@pytest.fixture
def counters(request: pytest.FixtureRequest, tmp_path: Path) -> list[Answers]:
    """Two web processes' handlers on one database, which knows the people."""
    clock = Moved()
    first = make_company(tmp_path, clock=clock, bill=False)
    second = type(first)(first.config_path, first.settings, clock)
    people = [(user_id, f"{name.title()} Example", f"{name}@example.com", "") for name, user_id in PEOPLE.items()]
    with first.state.writing() as connection:
        replace_directory(connection, people, [("S1", "finops", PEOPLE["dave"])], [])
    request.addfinalizer(first.state.close)
    request.addfinalizer(second.state.close)
    return [Answers(first, lambda: None), Answers(second, lambda: None)]


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Make calls in the same moment; returns what each gave."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def asked(answers: Answers, person: str, value: str, **more: Any) -> Request:
    """A click of somebody."""
    return replace(answers.request(PEOPLE[person], "C1", "x"), value=value, via="button", **more)


def test_one_of_many_acknowledges(counters: list[Answers]) -> None:
    """Of people who click at once through two processes one wins, each other is told who, and the record is whole."""
    one, two = counters
    key = raise_alert(one.installation)
    winners = []
    for number in range(ROUNDS):
        contest = [(one, "alice"), (two, "bob"), (one, "dave"), (two, "alice" if number % 2 else "bob")]
        calls = [
            lambda answers=answers, name=name: answers.actions["alert_acknowledge"](asked(answers, name, key))
            for answers, name in contest
        ]
        replies = at_once(calls)
        with one.installation.state.reading() as connection:
            held = find_alert(connection, AlertKey.parse(key)).acknowledgement
        [winner] = [name for name, user_id in PEOPLE.items() if user_id == held.by]
        winners.append(winner)
        for (_, name), reply in zip(contest, replies, strict=True):
            said = reply.message.text
            assert f"*Acknowledged* by {winner.title()} Example" in said
            assert (f"{winner.title()} Example was faster." in said) is (name != winner)
        one.actions["alert_take_back"](asked(one, winner, key))
    with one.installation.state.reading() as connection:
        record = [(each.entry.who, each.entry.action) for each in read(connection)]
        assert verify(connection) == []
    expected = [("finops", "alert.raised")]
    for winner in winners:
        expected += [(PEOPLE[winner], "alert.acknowledged"), (PEOPLE[winner], "alert.acknowledgement taken back")]
    assert record == expected


def test_copies_of_an_event_at_once(counters: list[Answers]) -> None:
    """An event that comes several times at once, through two processes, is one acknowledgement, and later none."""
    one, two = counters
    key = raise_alert(one.installation)

    def word(answers: Answers, said: str, event_id: str) -> Any:
        request = replace(answers.request(PEOPLE["alice"], "C1", event_id), via="thread", message=f"alert/{key}")
        return answers.thread_words[said](request)

    replies = at_once([lambda answers=answers: word(answers, "ack", "Ev1") for answers in (one, two, one, two)])
    word(one, "unack", "Ev2")
    replies += at_once([lambda answers=answers: word(answers, "ack", "Ev1") for answers in (one, two)])
    assert [reply.message for reply in replies] == [None] * 6
    with one.installation.state.reading() as connection:
        assert find_alert(connection, AlertKey.parse(key)).acknowledgement is None
        actions = [each.entry.action for each in read(connection)]
    assert actions == ["alert.raised", "alert.acknowledged", "alert.acknowledgement taken back"]


def test_one_of_two_sponsors_decides(counters: list[Answers]) -> None:
    """Two sponsors who decide at once make one freeze; the other keeps what was typed and is told who decided."""
    one, two = counters
    roles = one.installation.company.roles
    for answers in counters:
        answers.installation.company.roles.update(
            {role: (*names, PEOPLE["bob"]) for role, names in roles.items() if role == "executive_sponsor"}
        )
    key = raise_alert(one.installation, step=3)
    inputs = {"decision": "freeze", "what": "GPU", "until": "2026-11-30", "why": "until the plan is there"}

    def decide(answers: Answers, name: str) -> str:
        request = asked(answers, name, "", inputs=inputs, metadata={"alert": key})
        return str(answers.safely(lambda: answers.submissions["freeze"](request)))

    said = at_once([lambda: decide(one, "erin"), lambda: decide(two, "bob")])
    assert sorted("has decided on a freeze already" in each for each in said) == [False, True]
    with one.installation.state.reading() as connection:
        [row] = connection.execute(text("SELECT status FROM spending_freeze")).all()
        assert [each.entry.action for each in read(connection)] == ["alert.raised", "alert.duty done", "freeze.decided"]
    assert row.status == "in force"


def test_an_exception_is_answered_once(counters: list[Answers]) -> None:
    """A grant and a refusal at once: one holds, the other is told what holds."""
    one, two = counters
    for answers in counters:
        roles = answers.installation.company.roles
        roles.update({role: (*names, PEOPLE["dave"]) for role, names in roles.items() if role == "executive_sponsor"})
    key = raise_alert(one.installation, step=3)
    inputs = {"decision": "freeze", "what": "GPU", "until": "2026-11-30", "why": "until the plan is there"}
    one.submissions["freeze"](asked(one, "erin", "", inputs=inputs, metadata={"alert": key}))
    wanted = {"what": "the release", "until": "2026-11-20", "why": "customers wait"}
    two.submissions["freeze_exception"](asked(two, "bob", "", inputs=wanted, metadata={"freeze": 1}))
    said = at_once(
        [
            lambda: one.safely(lambda: one.actions["freeze_grant"](asked(one, "erin", "1/1"))),
            lambda: two.safely(lambda: two.actions["freeze_refuse"](asked(two, "dave", "1/1"))),
        ]
    )
    texts = sorted(reply.message.text for reply in said)
    assert sum("it already" in words for words in texts) == 1, texts
    with one.installation.state.reading() as connection:
        actions = [each.entry.action for each in read(connection)]
    assert actions[:4] == ["alert.raised", "alert.duty done", "freeze.decided", "freeze.exception asked"]
    assert len(actions) == 5 and actions[4] in ("freeze.exception granted", "freeze.exception refused")
