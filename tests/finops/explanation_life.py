"""An explanation's life under anything in any order, beside a second account of it that is kept by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.explanation import (
    Category,
    ChangedMeanwhile,
    Explanation,
    ExplanationChange,
    ExplanationRefused,
    ExplanationRules,
    Stage,
    Step,
    Variance,
    VarianceKey,
    Wording,
    approve,
    coverage,
    edit,
    give_back,
    remind,
    restate,
    submit,
    withdraw,
)
from finops.periods import Month

BUDGET = Decimal(1000)
COUNTS = Decimal(10)
"""1 % of the budget: what a variance may move by before it counts."""
RULES, CALENDAR = ExplanationRules(), WorkCalendar()
KEY = VarianceKey("payments", Month(2026, 11), "USD")
MORNING = datetime(2026, 11, 12, 8, tzinfo=UTC)
PEOPLE = st.sampled_from(["alice", "bob", "dave", "erin"])
TEXTS = st.sampled_from(["", "  ", "one", "two", "three lines\n\nof 'words'", "<&> % _ \\ 🚀 صفر", "x" * 3000])
AMOUNTS = st.sampled_from([Decimal(text) for text in ("0", "50", "103.703700000000000001", "-7")])
LAGS = st.sampled_from([0, 0, 0, 0, 1, 2])
"""By how many versions what somebody looked at is older than what there is."""
WORDINGS = st.builds(Wording, AMOUNTS, st.sampled_from(Category), st.booleans(), TEXTS, TEXTS, TEXTS)
Decide = Callable[[Explanation, int], ExplanationChange]


def is_empty(wording: Wording) -> bool:
    """Whether a wording says nothing."""
    return not (wording.amount and wording.what.strip() and wording.why.strip())


class ExplanationLife(RuleBasedStateMachine):
    """Explanations of one team's month; how they are kept is the subclass's."""

    @initialize(value=st.sampled_from([Decimal(100), Decimal("-60.5")]))
    def begin(self, value: Decimal) -> None:
        """A team's month without explanations, its number known."""
        self.now, self.number, self.publication, self.is_final = MORNING, value, 1, False
        self.judged = True
        self.found: dict[int, Explanation] = {}
        self.accepted: dict[int, list[Wording]] = {}
        self.authors: dict[int, set[str]] = {}
        self.key = self.made()

    # How they are kept.

    def made(self) -> VarianceKey:
        """A team's month of which nothing is kept."""
        return KEY

    def kept(self, change: ExplanationChange) -> Explanation:
        """A change as it is found again."""
        version = change.explanation.version + bool(change.events)
        return replace(change.explanation, version=version)

    def recorded(self, number: int) -> list[Wording] | None:
        """Wordings in the record, in their order; None where there is no record."""
        return None

    # The second account.

    @property
    def seen(self) -> Variance:
        """The number as it is now."""
        amount = BUDGET + self.number
        return Variance(amount, BUDGET, not self.is_final, Basis.EFFECTIVE, self.publication, self.now)

    def some(self, data: st.DataObject) -> Explanation:
        """One of the explanations."""
        return self.found[data.draw(st.sampled_from(sorted(self.found)))]

    def try_to(self, explanation: Explanation, lag: int, decide: Decide) -> ExplanationChange | None:
        """Do something with what somebody looked at; None where it was refused, and then nothing is changed."""
        self.now += timedelta(minutes=1)
        read = explanation.version - lag
        try:
            change = decide(explanation, read)
        except ChangedMeanwhile as meanwhile:
            assert lag and meanwhile.explanation == explanation
            return None
        except ExplanationRefused:
            return None
        assert not lag, "something was decided on what nobody had seen"
        self.take(change)
        return change

    def take(self, change: ExplanationChange) -> None:
        """Keep a change after all that must hold of any."""
        number = change.explanation.number
        before = self.found.get(number)
        for event in change.events:
            assert event.was == (before.stage if before else None) and event.became is change.explanation.stage
        if not change.events:
            assert change.explanation == before
            return
        again = self.kept(change)
        assert again == replace(change.explanation, version=change.explanation.version + 1)
        self.found[number] = again

    # What may happen.

    @rule(by=PEOPLE, wording=WORDINGS)
    def somebody_explains(self, by: str, wording: Wording) -> None:
        """A new explanation of a part."""
        if len(self.found) > 2:
            return
        number = len(self.found) + 1
        self.now += timedelta(minutes=1)
        try:
            change = submit(self.key, number, wording, by, self.seen, RULES, CALENDAR, self.now)
        except ExplanationRefused:
            assert is_empty(wording)
            return
        assert not is_empty(wording)
        self.take(change)
        self.accepted[number], self.authors[number] = [wording], {by}

    @precondition(lambda self: self.found)
    @rule(data=st.data(), by=PEOPLE, wording=WORDINGS, lag=LAGS)
    def somebody_edits(self, data: st.DataObject, by: str, wording: Wording, lag: int) -> None:
        """Another wording, from what may be an old version."""
        explanation = self.some(data)

        def edited(given: Explanation, read: int) -> ExplanationChange:
            return edit(given, wording, by, read, self.seen, RULES, CALENDAR, self.now)

        change = self.try_to(explanation, lag, edited)
        if change is None:
            assert lag or is_empty(wording)
        elif change.events:
            assert change.explanation.stage is Stage.SUBMITTED and change.explanation.approved is None
            self.accepted[explanation.number].append(wording)
            self.authors[explanation.number].add(by)

    @precondition(lambda self: self.found)
    @rule(data=st.data(), by=PEOPLE, lag=LAGS)
    def somebody_approves(self, data: st.DataObject, by: str, lag: int) -> None:
        """Never their own, and never for a number that has moved since it was written."""
        explanation = self.some(data)

        def approved(given: Explanation, read: int) -> ExplanationChange:
            return approve(given, by, read, self.seen, RULES, self.now)

        moved = abs(self.number - explanation.explained.value) >= COUNTS
        if change := self.try_to(explanation, lag, approved):
            assert change.explanation.stage is Stage.APPROVED and not moved
            assert by not in self.authors[explanation.number]
            assert explanation.stage in (Stage.SUBMITTED, Stage.ASKED)

    @precondition(lambda self: self.found)
    @rule(data=st.data(), by=PEOPLE, text=TEXTS, lag=LAGS, asks=st.booleans())
    def somebody_gives_it_back(self, data: st.DataObject, by: str, text: str, lag: int, asks: bool) -> None:
        """A question or a return, with what was said kept whole."""
        explanation = self.some(data)

        def given_back(given: Explanation, read: int) -> ExplanationChange:
            stage: Literal[Stage.ASKED, Stage.RETURNED] = Stage.ASKED if asks else Stage.RETURNED
            return give_back(given, stage, text, by, read, RULES, CALENDAR, self.now)

        if change := self.try_to(explanation, lag, given_back):
            assert by not in self.authors[explanation.number] and text.strip()
            assert change.events[0].note == change.explanation.review == text.strip()
            assert change.explanation.stage is (Stage.ASKED if asks else Stage.RETURNED)

    @precondition(lambda self: self.found)
    @rule(data=st.data(), by=PEOPLE, lag=LAGS)
    def somebody_withdraws(self, data: st.DataObject, by: str, lag: int) -> None:
        """Only who wrote the wording that stands."""
        explanation = self.some(data)
        change = self.try_to(explanation, lag, lambda given, read: withdraw(given, by, read, self.now))
        if change:
            assert by == explanation.author and explanation.stage is not Stage.APPROVED

    @rule(by=st.sampled_from([Decimal(text) for text in ("0.000000000000000001", "-9.99", "10", "-10", "35")]))
    def figures_move(self, by: Decimal) -> None:
        """New figures come; nobody has held anything against them yet."""
        self.number += by
        self.publication += 1
        self.judged = False

    @rule()
    def the_month_ends(self) -> None:
        """From a forecast to the actual."""
        self.is_final = True

    @rule(lost=st.booleans())
    def the_job_looks(self, lost: bool) -> None:
        """Everything is held against the number as it is now; done twice, the second time nothing happens."""
        self.now += timedelta(hours=1)
        for explanation in list(self.found.values()):
            was = explanation.approved or explanation.explained
            change = restate(explanation, self.seen, RULES, CALENDAR, self.now)
            counts = abs(self.number - was.value) >= COUNTS
            standing = explanation.stage in (Stage.SUBMITTED, Stage.ASKED, Stage.APPROVED)
            voided = any(event.step is Step.VOIDED for event in change.events)
            assert voided == (standing and counts)
            if voided:
                assert change.events[0].moved == (was.value, self.number)
            self.take(change)
            if not lost:
                again = self.found[explanation.number]
                assert restate(again, self.seen, RULES, CALENDAR, self.now) == ExplanationChange(again)
        self.judged = True

    @rule(wait=st.timedeltas(timedelta(0), timedelta(days=9)))
    def time_passes(self, wait: timedelta) -> None:
        """Overdue turns are called once for each due day."""
        self.now += wait
        for explanation in list(self.found.values()):
            change = remind(explanation, CALENDAR, self.now)
            if change.events:
                assert explanation.due and CALENDAR.end_of(explanation.due) <= self.now
                assert explanation.reminded != explanation.due
            self.take(change)
            assert remind(self.found[explanation.number], CALENDAR, self.now).events == ()

    # What holds at any time.

    @invariant()
    def no_approval_outlives_its_number(self) -> None:
        """Once figures were looked at, nothing is approved for a number that has moved past what counts."""
        if not getattr(self, "judged", False):
            return
        for explanation in self.found.values():
            if explanation.stage is Stage.APPROVED:
                assert explanation.approved is not None
                assert abs(explanation.approved.value - self.number) < COUNTS
            else:
                assert explanation.approved is None

    @invariant()
    def nobody_approved_their_own(self) -> None:
        """Who reviewed it last with an approval wrote none of its wordings."""
        for explanation in getattr(self, "found", {}).values():
            if explanation.stage is Stage.APPROVED:
                assert explanation.reviewer and explanation.reviewer not in explanation.authors

    @invariant()
    def no_word_is_lost(self) -> None:
        """Every wording ever accepted is kept, in its order, with everybody who wrote one; and it is on record."""
        for number, explanation in getattr(self, "found", {}).items():
            kept = [*(each.wording for each in explanation.former), explanation.wording]
            assert kept == self.accepted[number]
            assert set(explanation.authors) == self.authors[number]
            recorded = self.recorded(number)
            assert recorded is None or recorded == self.accepted[number]

    @invariant()
    def money_adds_up(self) -> None:
        """What is explained and what is open are the variance, to the last digit."""
        if getattr(self, "found", None):
            found = coverage(self.number, self.found.values())
            assert found.explained + found.open == self.number
            assert found.approved + found.unapproved == self.number
