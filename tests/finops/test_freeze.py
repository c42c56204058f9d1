"""The freeze of an emergency: decided once, its exceptions answered once and by others, ended once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from finops.alert import Callee
from finops.freeze import (
    LONGEST,
    Freeze,
    FreezeException,
    FreezeRefused,
    FreezeStatus,
    answer,
    ask,
    decide,
    end_exceptions,
    expire,
    lift,
)
from finops.freeze_decision import sponsors_asked
from finops.policy import Role
from tests.finops.made_up_alerts import BOB, CAROL, ERIN, KEY

TODAY = date(2026, 11, 3)
NOW = datetime(2026, 11, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)
PEOPLE = st.sampled_from([BOB, CAROL, ERIN])
ENDED = (FreezeStatus.DECLINED, FreezeStatus.LIFTED, FreezeStatus.EXPIRED)


def frozen(days: int = 10) -> Freeze:
    """A freeze in force, of some days after today."""
    until = TODAY + days * DAY
    return decide(KEY, freeze=True, what="GPU", why="over", until=until, by=ERIN, today=TODAY, now=NOW)


def asked(freeze: Freeze, by: str = BOB, until: date = TODAY) -> Freeze:
    """A freeze with one more exception asked for."""
    return ask(freeze, what="training", why="a launch", until=until, by=by, today=TODAY, now=NOW)


def test_a_decision_says_what_until_when_and_why() -> None:
    """A freeze keeps what it was told, trimmed; a decision against one needs its reason only."""
    until = TODAY + 3 * DAY
    made = decide(KEY, freeze=True, what=" GPU ", why=" over\n", until=until, by=ERIN, today=TODAY, now=NOW)
    assert made == Freeze(KEY, FreezeStatus.IN_FORCE, "GPU", "over", until, ERIN, NOW)
    declined = decide(KEY, freeze=False, what="GPU", why="one-off", until=until, by=ERIN, today=TODAY, now=NOW)
    assert declined == Freeze(KEY, FreezeStatus.DECLINED, "", "one-off", None, ERIN, NOW)


@pytest.mark.parametrize(
    ("what", "why", "until", "fault"),
    [
        ("GPU", " ", TODAY, "needs its reason"),
        ("\n", "over", TODAY, "What is to be frozen"),
        ("GPU", "over", None, "a last day"),
        ("GPU", "over", TODAY - DAY, "a last day"),
    ],
)
def test_a_decision_that_says_too_little_is_refused(what: str, why: str, until: date | None, fault: str) -> None:
    """Without a reason, what is frozen, or a last day from today on, there is no freeze."""
    with pytest.raises(FreezeRefused, match=fault):
        decide(KEY, freeze=True, what=what, why=why, until=until, by=ERIN, today=TODAY, now=NOW)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"what": ""}, "what is to go on"),
        ({"why": " "}, "what is to go on"),
        ({"until": TODAY - DAY}, "end in the past"),
        ({"until": TODAY + 11 * DAY}, "ends on 2026-11-13"),
    ],
)
def test_an_exception_that_says_too_little_or_lasts_too_long_is_refused(change: dict[str, object], fault: str) -> None:
    """An exception names what, why and a day within the freeze."""
    given = {"what": "training", "why": "a launch", "until": TODAY, "by": BOB, "today": TODAY, "now": NOW} | change
    with pytest.raises(FreezeRefused, match=fault):
        ask(frozen(), **given)  # type: ignore[arg-type]


def test_nobody_grants_their_own() -> None:
    """Whoever asked can neither grant nor refuse it; another can, once."""
    freeze = asked(frozen())
    for granted in (True, False):
        with pytest.raises(FreezeRefused, match="Nobody grants"):
            answer(freeze, 1, granted=granted, by=BOB, today=TODAY, now=NOW)
    done = answer(freeze, 1, granted=True, by=ERIN, today=TODAY, now=NOW)
    assert done.exceptions == (
        FreezeException(1, "training", "a launch", TODAY, BOB, NOW, answered_by=ERIN, answered_at=NOW, granted=True),
    )
    for by in (BOB, CAROL, ERIN):
        with pytest.raises(FreezeRefused, match="UERIN> has granted it"):
            answer(done, 1, granted=False, by=by, today=TODAY, now=NOW)
    with pytest.raises(FreezeRefused, match="no exception 2"):
        answer(done, 2, granted=True, by=ERIN, today=TODAY, now=NOW)


@given(length=st.integers(0, 400), after=st.integers(0, 800))
def test_a_freeze_expires_after_its_last_day(length: int, after: int) -> None:
    """Through its last day it is in force; from the day after it is expired, whenever that is looked at."""
    freeze, today = frozen(length), TODAY + after * DAY
    now = datetime.combine(today, time(9), UTC)
    found = expire(freeze, today=today, now=now)
    if after <= length:
        assert found == freeze
    else:
        assert found == replace(freeze, status=FreezeStatus.EXPIRED, ended_at=now)
        assert expire(found, today=today + DAY, now=now + DAY) == found


@given(until=st.integers(0, 10), on=st.integers(0, 12), granted=st.booleans())
def test_an_exception_holds_through_its_last_day(until: int, on: int, granted: bool) -> None:
    """Only a granted one holds, up to and with the day that was asked for."""
    freeze = asked(frozen(12), until=TODAY + until * DAY)
    assert freeze.waiting == freeze.exceptions and freeze.granted == ()
    later, now = TODAY + on * DAY, NOW + on * DAY
    done = answer(freeze, 1, granted=granted, by=ERIN, today=TODAY, now=NOW)
    assert bool(end_exceptions(done, today=later, now=now).granted) == (granted and on <= until)
    assert done.waiting == ()
    assert bool(end_exceptions(freeze, today=later, now=now).waiting) == (on <= until)


def test_what_is_past_is_not_granted() -> None:
    """On its last day an exception is granted still; from the day after nobody answers it, however it is looked at."""
    freeze = asked(frozen())
    assert answer(freeze, 1, granted=True, by=ERIN, today=TODAY, now=NOW).granted
    tomorrow = TODAY + DAY
    for found in (freeze, end_exceptions(freeze, today=tomorrow, now=NOW + DAY)):
        with pytest.raises(FreezeRefused, match="2026-11-03, is past"):
            answer(found, 1, granted=True, by=ERIN, today=tomorrow, now=NOW + DAY)


def test_exceptions_end_with_their_freeze() -> None:
    """Lifted or expired, a freeze leaves no exception that waits or holds; one that was refused stays as it was."""
    freeze = asked(asked(asked(frozen())))
    freeze = answer(freeze, 1, granted=True, by=ERIN, today=TODAY, now=NOW)
    freeze = answer(freeze, 2, granted=False, by=ERIN, today=TODAY, now=NOW)
    later = NOW + 11 * DAY
    for ended in (lift(freeze, by=ERIN, now=later), expire(freeze, today=later.date(), now=later)):
        assert [each.ended_at for each in ended.exceptions] == [later, None, later]
        assert ended.granted == ended.waiting == ()


def test_nobody_decides_on_what_they_cannot_see() -> None:
    """What is frozen or asked for, and why, is at most as long as what messages show of it."""
    until, fits, over = TODAY + DAY, "x" * LONGEST, "x" * (LONGEST + 1)
    for what, why in ((over, "y"), ("x", over)):
        with pytest.raises(FreezeRefused, match="at most 250"):
            ask(frozen(), what=what, why=why, until=until, by=BOB, today=TODAY, now=NOW)
        with pytest.raises(FreezeRefused, match="at most 250"):
            decide(KEY, freeze=True, what=what, why=why, until=until, by=ERIN, today=TODAY, now=NOW)
    assert ask(frozen(), what=f" {fits} ", why=fits, until=until, by=BOB, today=TODAY, now=NOW).waiting


@pytest.mark.parametrize(
    ("away", "asker", "reached"),
    [
        ({}, "", ["UERIN", "UFRANK", "SEXECS"]),
        ({}, "UERIN", ["UFRANK", "SEXECS"]),
        ({"UERIN": "UCAROL"}, "", ["UCAROL", "UFRANK", "SEXECS"]),
        ({"UERIN": "UCAROL"}, "UERIN", ["UCAROL", "UFRANK", "SEXECS"]),
        ({"UERIN": "UCAROL"}, "UCAROL", ["UERIN", "UFRANK", "SEXECS"]),
        ({"UERIN": "UFRANK", "UFRANK": "UCAROL"}, "", ["UERIN", "UCAROL", "SEXECS"]),
    ],
)
def test_who_is_asked(away: dict[str, str], asker: str, reached: list[str]) -> None:
    """Every sponsor or who stands in for them, each once, and never the one who asks."""
    role = Role.EXECUTIVE_SPONSOR
    ids = ("UERIN", "UFRANK", "SEXECS", "", "UERIN")
    assert list(sponsors_asked([Callee(role, each, each) for each in ids], away, asker)) == reached


def declined() -> Freeze:
    """A decision against a freeze."""
    return decide(KEY, freeze=False, what="", why="one-off", until=None, by=ERIN, today=TODAY, now=NOW)


@pytest.mark.parametrize(
    "ended",
    [
        lambda: lift(asked(frozen()), by=ERIN, now=NOW),
        lambda: expire(asked(frozen(0)), today=TODAY + DAY, now=NOW),
        declined,
    ],
    ids=["lifted", "expired", "declined"],
)
def test_what_has_ended_changes_no_more(ended: Callable[[], Freeze]) -> None:
    """A freeze that was lifted, has expired or was declined takes no exception, answer, lift or expiry."""
    freeze = ended()
    assert freeze.waiting == ()
    for change in (
        lambda: asked(freeze),
        lambda: answer(freeze, 1, granted=True, by=ERIN, today=TODAY, now=NOW),
        lambda: lift(freeze, by=ERIN, now=NOW),
    ):
        with pytest.raises(FreezeRefused, match=f"it was {freeze.status}"):
            change()
    assert expire(freeze, today=TODAY + 900 * DAY, now=NOW) == freeze


class FreezeLife(RuleBasedStateMachine):
    """One freeze under whatever people and days do to it, beside a second account of it."""

    @initialize(days=st.integers(0, 30), freeze=st.booleans())
    def begin(self, days: int, freeze: bool) -> None:
        """A decision for or against."""
        self.freeze = frozen(days) if freeze else declined()
        self.today = TODAY
        self.answers: dict[int, tuple[str, bool]] = {}
        self.asked_by: dict[int, str] = {}
        self.until: dict[int, date] = {}
        self.end: Freeze | None = None if freeze else self.freeze

    @property
    def now(self) -> datetime:
        """Some time today."""
        return datetime.combine(self.today, time(10), UTC)

    @rule(days=st.integers(0, 8))
    def days_pass(self, days: int) -> None:
        """It is looked at on a later day."""
        self.today += days * DAY
        self.freeze = end_exceptions(
            expire(self.freeze, today=self.today, now=self.now), today=self.today, now=self.now
        )
        last = self.freeze.until
        past = last is not None and self.today > last
        assert (self.freeze.status is FreezeStatus.EXPIRED) == (past if self.end is None else self.is_expired)
        if self.end is None and past:
            self.end = self.freeze

    @property
    def is_expired(self) -> bool:
        """Whether its end was that of its days."""
        return self.end is not None and self.end.status is FreezeStatus.EXPIRED

    @rule(by=PEOPLE, days=st.integers(-2, 35))
    def somebody_asks(self, by: str, days: int) -> None:
        """An exception is asked for."""
        until = self.today + days * DAY
        try:
            self.freeze = ask(self.freeze, what="x", why="y", until=until, by=by, today=self.today, now=self.now)
        except FreezeRefused:
            last = self.freeze.until
            assert self.end is not None or days < 0 or (last is not None and until > last)
        else:
            assert self.end is None
            self.asked_by[len(self.asked_by) + 1] = by
            self.until[len(self.asked_by)] = until

    @rule(by=PEOPLE, number=st.integers(0, 6), granted=st.booleans())
    def somebody_answers(self, by: str, number: int, granted: bool) -> None:
        """An exception is granted or refused."""
        free = number in self.asked_by and number not in self.answers and self.asked_by[number] != by
        free = free and self.today <= self.until[number]
        try:
            self.freeze = answer(self.freeze, number, granted=granted, by=by, today=self.today, now=self.now)
        except FreezeRefused:
            assert self.end is not None or not free
        else:
            assert self.end is None and free
            self.answers[number] = (by, granted)

    @rule(by=PEOPLE, seldom=st.integers(0, 5))
    def somebody_lifts(self, by: str, seldom: int) -> None:
        """It is ended before its time."""
        if seldom:
            return
        try:
            self.freeze = lift(self.freeze, by=by, now=self.now)
        except FreezeRefused:
            assert self.end is not None
        else:
            assert self.end is None and (self.freeze.ended_by, self.freeze.ended_at) == (by, self.now)
            self.end = self.freeze

    @invariant()
    def it_is_what_was_done(self) -> None:
        """Exceptions are numbered from 1 and hold who asked and who answered; once ended nothing changes."""
        numbers = range(1, len(self.asked_by) + 1)
        assert [each.number for each in self.freeze.exceptions] == list(numbers)
        for each in self.freeze.exceptions:
            assert each.asked_by == self.asked_by[each.number] != each.answered_by
            assert (each.answered_by, each.granted) == self.answers.get(each.number, ("", False))
        if self.end is not None:
            assert self.freeze == self.end and self.freeze.status in ENDED


TestFreezeLife = FreezeLife.TestCase
TestFreezeLife.settings = settings(max_examples=80, deadline=None)
