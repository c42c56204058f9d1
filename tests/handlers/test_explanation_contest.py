"""Several people explain and review at the same moment: nothing is lost, and one decides."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import pytest

from bot.answers import Answers
from finops.alert import AlertKey, Change
from finops.explanation import Stage, VarianceKey
from finops.periods import Month
from handlers import explanation_changes
from handlers.alert_access import Case
from handlers.alert_changes import shown
from storage.alerts import find_alert
from storage.audit import read, verify
from storage.deliveries import find
from storage.explained_months import read_explained
from storage.explanations import explanations_of
from storage.people import replace_directory
from tests.company import Moved, make_company
from tests.handlers.desk import raise_alert
from tests.handlers.explaining import FIRST
from tests.handlers.test_alert_contest import PEOPLE, at_once
from views.explanation_effects import Told, explanation_effects

KEY = VarianceKey("payments", Month(2026, 11), "USD")


@pytest.fixture
def counters(request: pytest.FixtureRequest, tmp_path: Path) -> list[Answers]:
    """Two web processes' handlers on one database, which knows the people and the figures."""
    clock = Moved()
    first = make_company(tmp_path, clock=clock)
    second = type(first)(first.config_path, first.settings, clock)
    people = [(user_id, f"{name.title()} Example", f"{name}@example.com", "") for name, user_id in PEOPLE.items()]
    with first.state.writing() as connection:
        replace_directory(connection, people, [("S1", "finops", PEOPLE["dave"])], [])
    request.addfinalizer(first.state.close)
    request.addfinalizer(second.state.close)
    return [Answers(first, lambda: None), Answers(second, lambda: None)]


def ask(answers: Answers, person: str, **more: Any) -> Any:
    """A request of somebody."""
    return replace(answers.request(PEOPLE[person], "C1", "x"), **more)


def explain(answers: Answers, person: str, amount: str, number: int = 0, read: int = 0, **changed: str) -> Any:
    """Both steps of the form."""
    metadata = {"key": str(KEY), "number": number, "read": read, "turn": 0, "draft": 0}
    inputs = FIRST | {"explanation_amount": amount} | changed
    reply = answers.submissions["explanation"](ask(answers, person, inputs=inputs, metadata=metadata))
    if reply.errors:
        return reply
    metadata = json.loads(reply.next_view["private_metadata"])
    following = {"explanation_following": f"{person} next", "explanation_then": "submit"} | changed
    return answers.submissions["explanation_next"](ask(answers, person, inputs=following, metadata=metadata))


def stored(answers: Answers) -> list[Any]:
    """Every explanation of the month."""
    with answers.installation.state.reading() as connection:
        return explanations_of(connection, KEY)


def test_portions_at_once(counters: list[Answers]) -> None:
    """Three who explain a part at once through two processes have three explanations, each with its own number."""
    one, two = counters
    calls = [(one, "alice", "10"), (two, "bob", "20"), (one, "dave", "30")]
    replies = at_once([lambda call=call: explain(*call) for call in calls])
    assert not any(reply.errors for reply in replies)
    found = stored(one)
    assert [each.number for each in found] == [1, 2, 3]
    assert sorted(int(each.wording.amount) for each in found) == [10, 20, 30]
    with one.installation.state.reading() as connection:
        assert verify(connection) == []


def test_a_review_and_an_edit_at_once(counters: list[Answers]) -> None:
    """Whatever comes first holds, and the other is told; nothing is approved that nobody has read."""
    one, two = counters
    explain(one, "alice", "50")
    for round_number in range(6):
        before = stored(one)[0]
        read_version = before.version
        value = f"{KEY}/1@{read_version}"

        def approve(value: str = value) -> Any:
            return one.safely(lambda: one.actions["explanation_approve"](ask(one, "dave", value=value, via="button")))

        def edit(read_version: int = read_version, number: int = round_number) -> Any:
            return explain(two, "bob", "50", 1, read_version, explanation_why=f"Reason {number}.")

        _, edited = at_once([approve, edit])
        after = stored(one)[0]
        if edited.errors:
            assert "has changed it meanwhile" in str(edited.errors) and after.stage is Stage.APPROVED
            assert after.wording == before.wording
        else:
            assert after.stage is Stage.SUBMITTED and after.wording.why == f"Reason {round_number}."
            assert after.former[-1].wording == before.wording
        if after.stage is Stage.APPROVED:
            assert not explain(two, "bob", "50", 1, after.version, explanation_why=f"Again {round_number}.").errors
    with one.installation.state.reading() as connection:
        assert verify(connection) == []


def test_two_reviewers_at_once(counters: list[Answers]) -> None:
    """Of two who decide at once one does; the other is told who, and with what."""
    one, two = counters
    for answers in counters:
        roles = answers.installation.company.roles
        roles.update({role: (*names, PEOPLE["erin"]) for role, names in roles.items() if role == "finance"})
    explain(one, "alice", "50")
    value = f"{KEY}/1@1"
    returned = {"explanation_review": "Too little."}
    said = at_once(
        [
            lambda: one.actions["explanation_approve"](ask(one, "dave", value=value, via="button")),
            lambda: two.submissions["explanation_return"](
                ask(two, "erin", inputs=returned, metadata={"explanation": value})
            ),
        ]
    )
    [explanation] = stored(one)
    if explanation.stage is Stage.APPROVED:
        assert "Dave Example was faster: it is approved now." in said[1].errors["explanation_review"]
    else:
        assert "Erin Example was faster: it is returned now." in said[0].message.text
    with one.installation.state.reading() as connection:
        actions = [each.entry.action for each in read(connection, subject=f"explanation/{KEY}/1")]
    assert len(actions) == 2 and actions[0] == "explanation.submitted"


def is_shown_as_it_is(answers: Answers, alert: str) -> None:
    """What is queued of an alert's and of every explanation's message is what is true now."""
    place = answers.installation
    team, now = place.company.listed["payments"], place.now
    with place.state.writing() as connection:
        found = find_alert(connection, AlertKey.parse(alert))
        assert found is not None
        case = Case(found, team, place.company.policy(team))
        wanted = shown(connection, place.company, case, Change(found), now)
        explained = read_explained(connection, place.company, team, KEY, now)
        wanted += explanation_effects(Told((), *explained), now) if explained else []
        for effect in wanted:
            queued = find(connection, effect.key)
            assert queued is not None and queued.payload == effect.payload, effect.key


def test_messages_that_several_change_at_once(counters: list[Answers]) -> None:
    """Whoever reviews, answers the alert or does an action at the same moment: every message says all of it after."""
    one, two = counters
    alert = raise_alert(one.installation)
    is_shown_as_it_is(one, alert)
    for number in range(1, 6):
        task = {
            "explanation_task": "Turn it off",
            "explanation_owner": PEOPLE["alice"],
            "explanation_due": "2026-11-30",
        }
        assert not explain(one, "alice", "10", **task).errors
        is_shown_as_it_is(one, alert)
        value, ends = f"{KEY}/{number}@1", "approve" if number % 2 else "return"
        review = ask(two, "dave", value=value, via="button")
        returned = ask(two, "dave", inputs={"explanation_review": "Why?"}, metadata={"explanation": value})
        done = ask(one, "alice", inputs={"on": "2026-11-11"}, metadata={"number": number, "version": 1})
        answer = ask(one, "alice", value=alert, via="button")
        at_once(
            [
                (lambda review=review: two.actions["explanation_approve"](review))
                if ends == "approve"
                else (lambda returned=returned: two.submissions["explanation_return"](returned)),
                lambda done=done: one.submissions["action_done"](done),
                lambda answer=answer: two.safely(lambda: two.actions["alert_take_back"](answer)),
            ]
        )
        is_shown_as_it_is(two, alert)
        with one.installation.state.reading() as connection:
            taken_back = find_alert(connection, AlertKey.parse(alert))
            assert taken_back is not None and taken_back.acknowledgement is None
        assert stored(one)[-1].stage is (Stage.APPROVED if ends == "approve" else Stage.RETURNED)


def test_an_answer_while_a_review_is_being_written(counters: list[Answers], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who answers the alert while a review brings its message up to date waits for it, and is not written over."""
    one, two = counters
    alert = raise_alert(one.installation)
    assert not explain(one, "alice", "10").errors
    made_out = Event()

    def slowly(*given: Any) -> Any:
        effects = shown(*given)
        made_out.set()
        sleep(0.5)
        return effects

    def take_back() -> Any:
        assert made_out.wait(10)
        return one.actions["alert_take_back"](ask(one, "alice", value=alert, via="button"))

    approval = ask(two, "dave", value=f"{KEY}/1@1", via="button")
    monkeypatch.setattr(explanation_changes, "shown", slowly)
    at_once([lambda: two.actions["explanation_approve"](approval), take_back])
    is_shown_as_it_is(one, alert)
    with one.installation.state.reading() as connection:
        message = find(connection, f"alert/{alert}")
    assert message is not None and "approved $10" in message.payload["text"]
    assert "nobody has acknowledged it yet" in message.payload["text"]
