"""Several people explain and review at the same moment: nothing is lost, and one decides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.answers import Answers
from finops.explanation import Stage, VarianceKey
from finops.periods import Month
from storage.audit import read, verify
from storage.explanations import explanations_of
from storage.people import replace_directory
from tests.company import Moved, make_company
from tests.handlers.explaining import FIRST
from tests.handlers.test_alert_contest import PEOPLE, at_once

KEY = VarianceKey("payments", Month(2026, 11), "USD")


@pytest.fixture(params=["sqlite", "postgresql"])
def counters(request: pytest.FixtureRequest, tmp_path: Path) -> list[Answers]:
    """Two web processes' handlers on one database, which knows the people and the figures."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    clock = Moved()
    first = make_company(tmp_path, clock=clock, url=url)
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
    metadata = {"key": str(KEY), "number": number, "read": read, "turn": 0}
    inputs = FIRST | {"explanation_amount": amount} | changed
    reply = answers.submissions["explanation"](ask(answers, person, inputs=inputs, metadata=metadata))
    if reply.errors:
        return reply
    following = {"explanation_following": f"{person} next", "explanation_then": "submit"}
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
