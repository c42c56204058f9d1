"""A slice of `make faults`: some seeded weeks in which everything goes wrong, each ending as it should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest

from bot.channels.channel import Posted
from bot.channels.slack import SlackChannel
from storage.deliveries import Delivery
from tests.databases import is_server
from tests.faults.course import run
from tests.faults.judgement import violations
from tests.faults.place import Place
from tests.faults.plan import make_plan
from tests.faults.reference import differences
from tests.faults.report import report, run_seed, silence

SEEDS = range(8)


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Where the runs of this process are made."""
    server = request.getfixturevalue("postgres_server") if is_server() else ""
    with silence():
        found = Place(server, always=is_server())
        yield found
        found.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_week_of_faults_ends_as_it_should(place: Place, seed: int) -> None:
    """Every due message is in Slack once in its newest state, none lost or doubled, and no answer forgotten."""
    result = run_seed(seed, place)
    assert result.violations == ()
    assert result.counted["on PostgreSQL"] == is_server()


def test_a_seed_is_the_same_each_time() -> None:
    """A seed's plan can be made again; other seeds have other plans, and every kind of run is among the first."""
    plans = [make_plan(seed) for seed in range(60)]
    assert plans == [make_plan(seed) for seed in range(60)]
    assert len({repr(plan.steps) for plan in plans}) == 60
    kinds = ("lags", "compared", "socket", "dailies", "thresholds", "server")
    assert {kind for kind in kinds if any(getattr(plan, kind) for plan in plans)} == set(kinds)


def test_a_doubled_message_would_be_seen(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the look-up after an unknown outcome the runs find messages that stand in Slack twice."""
    monkeypatch.setattr(SlackChannel, "find", lambda *_: None)
    assert any("stands in Slack 2 times" in line for line in violations(run(make_plan(1), place)))


def test_a_lost_message_would_be_seen(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel that says it has posted a message and has not is found out by the workspace."""
    works, calls = SlackChannel.post, count(1)

    def forgets(channel: SlackChannel, delivery: Delivery, address: str, thread: str) -> Posted:
        is_forgotten = delivery.kind == "call" and next(calls) == 3
        return Posted("1.000001", address) if is_forgotten else works(channel, delivery, address, thread)

    monkeypatch.setattr(SlackChannel, "post", forgets)
    done = run(make_plan(9), place)
    assert any("is noted as sent and is not in Slack" in line for line in violations(done))


def test_a_forgotten_acknowledgement_would_be_seen(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that acknowledges clicks and writes nothing is found out by its record."""
    monkeypatch.setattr("handlers.alert_answers.commit", lambda *given, **_: given[2])
    assert any("and nothing came of it" in line for line in violations(run(make_plan(9), place)))


def test_another_end_would_be_seen(place: Place) -> None:
    """Two weeks that differ in one answer are told apart by their messages, threads and record."""
    plan = make_plan(9)
    one = run(plan, place)
    other = run(replace(plan, steps=tuple(replace(step, acts=()) for step in plan.steps)), place)
    found = "\n".join(differences(one.seen, other.seen))
    assert "in Slack: alert/" in found and "the thread of alert/" in found and "the record of alert/" in found


def test_the_report_says_what_was_injected_and_how_to_repeat(place: Place) -> None:
    """The report counts what really went wrong, and names the command that repeats a run which ended wrongly."""
    result = run_seed(1, place)
    said = "\n".join(report([result, replace(result, name="--seed 10", violations=("x died",))], 12.0))
    assert f"| reset_before | {2 * result.fired['reset_before']:,} |" in said and result.fired["reset_before"]
    assert "violations: 1, in 1 of 2 runs" in said and "python -m tests.faults --seed 10" in said and "x died" in said
