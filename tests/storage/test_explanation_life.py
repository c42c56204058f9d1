"""An explanation's life as the databases keep it, with the record of every wording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from finops.basis import Basis
from finops.explanation import (
    STANDING,
    Category,
    Explanation,
    ExplanationChange,
    Stage,
    Variance,
    VarianceKey,
    Wording,
    submit,
)
from finops.periods import Month
from storage.audit import append, read, verify
from storage.explanations import (
    ExplanationChangedMeanwhile,
    explanation_entries,
    explanations_due,
    explanations_of,
    explanations_of_month,
    find_draft,
    find_explanation,
    former_explanations,
    next_number,
    save_draft,
    save_explanation,
    search_explanations,
)
from storage.state import State
from tests.finops.explanation_life import BUDGET, CALENDAR, KEY, MORNING, RULES, ExplanationLife
from tests.storage.bills import Place

NUMBERS = count(1)


def life_on(state: State) -> Callable[[], ExplanationLife]:
    """The machine, on a database."""

    class StoredLife(ExplanationLife):
        """Every change is written and found again; every wording is read from the record."""

        def made(self) -> VarianceKey:
            return replace(KEY, team=f"team-{next(NUMBERS)}")

        def kept(self, change: ExplanationChange) -> Explanation:
            with state.writing() as connection:
                if change.explanation.version == 0:
                    assert next_number(connection, self.key) == change.explanation.number
                saved = save_explanation(connection, change, self.now)
                append(connection, explanation_entries([saved]))
            with state.reading() as connection:
                found = find_explanation(connection, self.key, saved.explanation.number)
            assert found == saved.explanation
            return found

        def recorded(self, number: int) -> list[Wording]:
            with state.reading() as connection:
                entries = [each.entry for each in read(connection, subject=f"explanation/{self.key}/{number}")]
            return [
                Wording(
                    Decimal(became["amount"]),
                    Category(became["category"]),
                    became["stays"],
                    became["what"],
                    became["why"],
                    became["following"],
                )
                for entry in entries
                if entry.action in ("explanation.submitted", "explanation.edited")
                for became in [entry.became or {}]
            ]

        def teardown(self) -> None:
            with state.reading() as connection:
                assert explanations_of(connection, self.key) == [self.found[number] for number in sorted(self.found)]

    return StoredLife


def test_the_life_as_it_is_stored(place: Place) -> None:
    """What holds of an explanation holds of it as it is stored, and the record of it is whole."""
    run_state_machine_as_test(
        life_on(place.state),
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
            database=None,
        ),
    )
    with place.state.reading() as connection:
        assert verify(connection) == []


@pytest.fixture
def state(place: Place) -> Iterator[State]:
    """A database."""
    yield place.state


def saved(state: State, key: VarianceKey = KEY, number: int = 1, **changed: object) -> Explanation:
    """An explanation, stored."""
    wording = Wording(Decimal(5), Category.GROWTH, True, "What 100 %_\\ of it", "Why, says Ægir", "Next")
    wording = replace(wording, **changed)  # type: ignore[arg-type]
    seen = Variance(BUDGET, BUDGET - 5, False, Basis.EFFECTIVE, 1, MORNING)
    change = submit(key, number, wording, "alice", seen, RULES, CALENDAR, MORNING)
    with state.writing() as connection:
        return save_explanation(connection, change, MORNING).explanation


def test_two_writers_of_one_version(state: State) -> None:
    """What was read without a lock and changed meanwhile is never written over."""
    first = saved(state)
    change = ExplanationChange(replace(first, stage=Stage.WITHDRAWN), ())
    with state.writing() as connection:
        save_explanation(connection, change, MORNING)
    with pytest.raises(ExplanationChangedMeanwhile), state.writing() as connection:
        save_explanation(connection, change, MORNING)


def test_search(state: State) -> None:
    """All words are found whatever their case, signs of the database's own mean nothing, and months are both inside."""
    october = replace(KEY, month=Month(2026, 10))
    saved(state)
    saved(state, october, category=Category.PRICE, why="Another")
    saved(state, replace(october, team="search"))

    def found(**asked: object) -> list[str]:
        with state.reading() as connection:
            return [each.id for each in search_explanations(connection, **asked)]  # type: ignore[arg-type]

    one, two, three = f"{KEY}/1", f"{october}/1", "search/2026-10/USD/1"
    assert found() == [one, two, three]
    assert found(words=["WHY,", "ægir"]) == [one, three]
    assert found(words=["%_\\"]) == [one, two, three] and found(words=["%x"]) == []
    assert found(category="price") == [two] and found(team="search") == [three]
    assert found(since=Month(2026, 11)) == [one] and found(until=Month(2026, 10)) == [two, three]
    assert found(most=1) == [one]


def test_reading(state: State) -> None:
    """By month, by due day and by what was said before, each finds its own."""
    october = replace(KEY, month=Month(2026, 10))
    now, before = saved(state), saved(state, october)
    with state.reading() as connection:
        assert explanations_of_month(connection, KEY.month) == {KEY: [now]}
        assert explanations_of_month(connection, KEY.month, ["search"]) == {}
        assert former_explanations(connection, "payments", KEY.month, 5) == [before]
        assert now.due is not None
        assert explanations_due(connection, now.due) == [] and len(explanations_due(connection, now.due.max)) == 2
    assert now.stage in STANDING


def test_drafts(state: State) -> None:
    """The latest of what somebody typed counts, apart for each explanation and person."""
    with state.writing() as connection:
        save_draft(connection, "U1", KEY, 0, {"what": "a"}, MORNING)
        save_draft(connection, "U1", KEY, 0, {"what": "b", "added": [{"task": "x"}]}, MORNING)
        save_draft(connection, "U1", KEY, 1, {"what": "c"}, MORNING)
    with state.writing() as connection:
        assert find_draft(connection, "U1", KEY, 0) == {"what": "b", "added": [{"task": "x"}]}
        assert find_draft(connection, "U1", KEY, 1) == {"what": "c"} and find_draft(connection, "U2", KEY, 0) == {}
