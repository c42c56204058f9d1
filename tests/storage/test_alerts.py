"""Alerts as stored: exact to the last digit, changed by one at a time, and recorded with what happened."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from finops.alert import (
    Acknowledgement,
    Alert,
    AlertKey,
    AlreadyAnswered,
    Callee,
    Change,
    Level,
    Reading,
    Setting,
    Snooze,
    acknowledge,
    evaluate,
    next_at,
    snooze,
    tick,
)
from finops.basis import Basis
from finops.periods import Month
from finops.policy import Kind, Policy, Role
from storage.alerts import (
    AlertChangedMeanwhile,
    alert_keys,
    alerts_by_key,
    alerts_due,
    alerts_of_teams,
    entries_of,
    find_alert,
    is_newest,
    living_alerts,
    save_alerts,
    was_evaluated,
)
from storage.audit import append, read, verify
from tests.finops.made_up_alerts import (
    ALICE,
    AT_ONCE,
    BOB,
    CAROL,
    KEY,
    MORNING,
    Life,
    moved,
    policies,
    raised,
    reading,
    setting,
)
from tests.storage.bills import Place

DAY = timedelta(days=1)
NUMBERS = count()
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False)
STEPS = st.integers(-5, 5)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()).map(
    lambda moment: moment.astimezone(UTC)
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]))
CALLEES = st.builds(Callee, st.sampled_from(Role), WORDS, WORDS, WORDS)
KEYS = st.builds(
    AlertKey,
    st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
    st.builds(Month, st.integers(2000, 2100), st.integers(1, 12)),
    st.sampled_from(Kind),
    st.sampled_from(["USD", "EUR"]),
)
READINGS = st.builds(
    Reading,
    publication=st.integers(0, 2**62),
    seen_at=TIMES,
    step=STEPS,
    amount=AMOUNTS,
    is_forecast=st.booleans(),
    actual=AMOUNTS,
    budget=st.none() | AMOUNTS,
    ratio=st.none() | AMOUNTS,
    basis=st.sampled_from(Basis),
    data_through=st.none() | st.dates(),
    why=WORDS,
)
ALERTS = st.builds(
    Alert,
    key=KEYS,
    reading=READINGS,
    raised_at=TIMES,
    chain=st.lists(
        st.builds(Level, st.lists(st.sampled_from(Role)).map(tuple), st.lists(CALLEES, max_size=3).map(tuple)),
        max_size=3,
    ).map(tuple),
    chain_step=STEPS,
    level=st.integers(0, 5),
    answer_within=st.none() | st.integers(1, 250),
    answer_by=st.none() | TIMES,
    acknowledgement=st.none() | st.builds(Acknowledgement, WORDS, TIMES, TIMES, STEPS, WORDS),
    snooze=st.none() | st.builds(Snooze, WORDS, TIMES, TIMES, STEPS, WORDS),
    called=st.dictionaries(STEPS, TIMES, max_size=3),
    dues=st.dictionaries(STEPS, st.dates(), max_size=3),
    overdue=st.lists(STEPS, max_size=3).map(tuple),
    beside=st.booleans(),
    live=st.booleans(),
    concluded=WORDS,
    version=st.just(0),
)


def save(place: Place, *changes: Change, policy: Policy | None = None, now: datetime = MORNING) -> list[Change]:
    """Write changes in one transaction, the record included."""
    with place.state.writing() as connection:
        saved = save_alerts(connection, [(change, policy or Policy(rules=AT_ONCE)) for change in changes], now)
        append(connection, entries_of(saved))
    return saved


def stored(place: Place, key: AlertKey = KEY) -> Alert:
    """An alert as it stands in the database."""
    with place.state.reading() as connection:
        found = find_alert(connection, key)
    assert found is not None
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(alert=ALERTS)
def test_any_alert_comes_back_exactly(place: Place, alert: Alert) -> None:
    """Amounts to the last digit and exponent, instants to the microsecond, every person and word: as they were."""
    alert = replace(alert, key=replace(alert.key, team=f"team-{next(NUMBERS)}"))
    [saved] = save(place, Change(alert))
    assert saved.alert == replace(alert, version=1)
    found = stored(place, alert.key)
    assert found == saved.alert
    for name in ("amount", "actual", "budget", "ratio"):
        assert str(getattr(found.reading, name)) == str(getattr(alert.reading, name))


def test_no_alert_is_found_where_there_is_none(place: Place) -> None:
    """A key that never rose has no alert, locked or not."""
    with place.state.writing() as connection:
        assert find_alert(connection, KEY) is find_alert(connection, KEY, lock=True) is None
        assert alerts_by_key(connection, [KEY]) == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(policies(), st.lists(st.tuples(st.timedeltas(timedelta(minutes=1), 6 * DAY), st.integers(-3, 3)), min_size=1))
def test_a_life_goes_on_from_what_is_stored(place: Place, policy: Policy, path: list[tuple[timedelta, int]]) -> None:
    """An alert that is written and read back after every event lives exactly as one that never left memory."""

    class Stored(Life):
        def take(self, change: Change | None) -> None:
            if change is not None:
                self.told += change.events
                save(place, change, policy=policy)
                self.alert = stored(place)

    with place.state.writing() as connection:
        connection.exec_driver_sql("DELETE FROM alert")
    lives = Life(setting(policy)), Stored(setting(policy))
    for number, (gap, step) in enumerate(path, start=1):
        for life in lives:
            life.until(life.now + gap)
            life.read(step, number)
    assert lives[0].told == lives[1].told
    assert lives[0].alert == (lives[1].alert and replace(lives[1].alert, version=0))


def test_changes_are_recorded_with_who_and_whom(place: Place) -> None:
    """Each event is an entry: who did it, from what to what, whom it called; a watched alert pings nobody."""
    change = evaluate(None, KEY, reading(2), setting(stand_ins={ALICE: CAROL}), MORNING)
    assert change is not None
    [saved] = save(place, change)
    save(place, acknowledge(saved.alert, BOB, "thread", setting(), MORNING + DAY))
    watched = replace(KEY, team="search")
    shadow = evaluate(None, watched, reading(1), setting(Policy(rules=replace(AT_ONCE, live=False))), MORNING)
    full = evaluate(None, replace(KEY, team="idle"), reading(1), setting(pings=10_000_000), MORNING)
    assert shadow is not None and full is not None
    save(place, shadow, full)
    with place.state.reading() as connection:
        assert verify(connection) == []
        first, second, third, fourth = (sealed.entry for sealed in read(connection))
    amounts = {"amount": "1200.000000000000000002", "budget": "1000"}
    assert (first.who, first.action, first.subject, first.pinged) == ("finops", "alert.raised", f"alert/{KEY}", 4)
    assert first.was == {"status": "resolved", "step": 0, "tier": "within budget", "level": 0} | amounts
    assert first.became == {"status": "open", "step": 2, "tier": "formal", "level": 0} | amounts | {
        "calls": [
            {"role": "owner", "name": "alice@example.com", "id": CAROL, "stands_in_for": ALICE},
            {"role": "owner", "name": "bob@example.com", "id": BOB},
            {"role": "finops", "name": "@finops", "id": "SFINOPS"},
            {"role": "finance", "name": "dave@example.com", "id": "UDAVE"},
        ]
    }
    assert (second.who, second.action, second.note, second.pinged) == (BOB, "alert.acknowledged", "thread", 0)
    assert (second.was or {})["status"], (second.became or {})["status"] == ("open", "acknowledged")
    assert (third.team, third.pinged, len((third.became or {})["calls"])) == ("search", 0, 3)
    assert (fourth.pinged, len((fourth.became or {})["folded"]), "calls" in (fourth.became or {})) == (0, 3, False)


@pytest.mark.parametrize("second", ["acknowledge", "snooze"])
def test_of_two_answers_at_once_the_second_sees_the_first(place: Place, second: str) -> None:
    """While one transaction holds the alert, another that reads it to answer waits, and then sees the first answer."""
    save(place, Change(raised(2)))
    holds, seen = threading.Event(), []
    order: list[str] = []

    def first() -> None:
        with place.state.writing() as connection:
            alert = find_alert(connection, KEY, lock=True)
            assert alert is not None
            holds.set()
            change = acknowledge(alert, ALICE, "button", setting(), MORNING)
            # Long enough for the other to be waiting.
            threading.Event().wait(0.4)
            saved = save_alerts(connection, [(change, Policy())], MORNING)
            append(connection, entries_of(saved))
            order.append("first")

    def other() -> None:
        holds.wait(10)
        with place.state.writing() as connection:
            alert = find_alert(connection, KEY, lock=True)
            order.append("second")
            assert alert is not None
            try:
                if second == "acknowledge":
                    change = acknowledge(alert, BOB, "reaction", setting(), MORNING)
                else:
                    change = snooze(alert, BOB, MORNING + DAY, "known", setting(), MORNING)
            except AlreadyAnswered as refusal:
                seen.append(refusal.acknowledgement.by)
                return
            append(connection, entries_of(save_alerts(connection, [(change, Policy())], MORNING)))

    threads = [threading.Thread(target=work) for work in (first, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert order == ["first", "second"]
    found = stored(place)
    assert found.acknowledgement is not None and found.acknowledgement.by == ALICE
    assert (seen, found.version) == (([ALICE], 2) if second == "acknowledge" else ([], 3))
    assert (found.snooze is None) == (second == "acknowledge")


def test_eight_people_at_once_make_one_acknowledgement(place: Place) -> None:
    """However many press the button in the same moment, one holds it, seven are told who, and nothing is lost."""
    save(place, Change(raised(3)))
    start = threading.Barrier(8)
    told: list[str] = []

    def press(number: int) -> None:
        start.wait(10)
        with place.state.writing() as connection:
            alert = find_alert(connection, KEY, lock=True)
            assert alert is not None
            try:
                change = acknowledge(alert, f"U{number}", "button", setting(), MORNING)
            except AlreadyAnswered as refusal:
                told.append(refusal.acknowledgement.by)
                return
            append(connection, entries_of(save_alerts(connection, [(change, Policy())], MORNING)))

    threads = [threading.Thread(target=press, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    held = stored(place).acknowledgement
    assert held is not None and told == [held.by] * 7
    with place.state.reading() as connection:
        assert [sealed.entry.who for sealed in read(connection)] == [held.by]


def test_an_alert_read_without_its_lock_overwrites_nobody(place: Place) -> None:
    """A change made on what is no longer the newest version is refused, and so is an alert that others have raised."""
    [saved] = save(place, Change(raised(1)))
    save(place, acknowledge(saved.alert, ALICE, "button", setting(), MORNING))
    with pytest.raises(AlertChangedMeanwhile):
        save(place, moved(saved.alert, 2, MORNING + DAY))
    with pytest.raises(IntegrityError):
        save(place, Change(raised(2)))
    assert stored(place).acknowledgement is not None


def test_alerts_are_found_by_what_they_are_asked_for(place: Place) -> None:
    """By month and team with the resolved ones, the living by rung, and those to which time has done something."""
    keys = [replace(KEY, team=team) for team in ("calm", "over", "under", "worse")]
    alerts = dict(
        zip(keys, (raised(step, key=key) for step, key in zip((1, 1, -1, 3), keys, strict=True)), strict=True)
    )
    alerts[keys[0]] = moved(alerts[keys[0]], 0, MORNING + DAY).alert
    other = replace(KEY, month=Month(2026, 12))
    saved = save(place, *map(Change, alerts.values()), Change(raised(1, MORNING + 30 * DAY, key=other)))
    december = saved.pop().alert
    now = {change.alert.key: change.alert for change in saved}
    policy = Policy(rules=AT_ONCE)
    with place.state.reading() as connection:
        assert alert_keys(connection, KEY.month) == keys
        assert alerts_of_teams(connection, KEY.month, ["calm", "worse", "none"]) == {
            key: now[key] for key in (keys[0], keys[3])
        }
        assert alerts_by_key(connection, [keys[1], other, replace(KEY, team="none")]) == {
            keys[1]: now[keys[1]],
            other: december,
        }
        assert [alert.key for alert in living_alerts(connection)] == [keys[3], keys[1], other, keys[2]]
        assert [alert.key for alert in living_alerts(connection, "over")] == [keys[1]]
        due = next_at(now[keys[1]], policy)
        assert due is not None
        assert alerts_due(connection, due - timedelta(microseconds=1), 9) == [keys[3]]
        assert alerts_due(connection, due, 9) == [keys[3], keys[1]]
        assert alerts_due(connection, due, 1) == [keys[3]]


def test_an_alert_is_due_until_time_has_done_its_work(place: Place) -> None:
    """What a tick has changed is due again only at its next instant."""
    [saved] = save(place, Change(raised(1)))
    due = saved.alert.answer_by
    assert due is not None
    [ticked] = save(place, tick(saved.alert, setting(), due))
    with place.state.reading() as connection:
        assert alerts_due(connection, due, 9) == []
        assert ticked.alert.answer_by is not None
        assert alerts_due(connection, ticked.alert.answer_by, 9) == [KEY]


def test_an_evaluation_that_read_earlier_comes_too_late(place: Place) -> None:
    """Of a month's evaluations one that had read an older publication, or the same one earlier, is turned away."""
    month = KEY.month
    seen = [(5, MORNING), (5, MORNING), (4, MORNING + DAY), (5, MORNING - DAY), (5, MORNING + DAY), (6, MORNING)]
    with place.state.writing() as connection:
        assert was_evaluated(connection, month) is False
        newest = [is_newest(connection, month, publication, at) for publication, at in seen]
        assert newest == [True, True, False, False, True, True]
        assert is_newest(connection, month.next, 1, MORNING) and was_evaluated(connection, month)


def test_words_of_people_do_not_break_an_alert(place: Place) -> None:
    """A snooze's reason with an emoji, a NUL or half an emoji is kept, and the record still verifies."""
    alert = save(place, Change(raised(1)))[0].alert
    for why in ("🚀 launch", "a\0b", "half \ud83d an emoji", "'; DROP TABLE alert; --"):
        alert = save(place, snooze(alert, BOB, MORNING + DAY, why, setting(), MORNING))[0].alert
        assert stored(place) == alert
    with place.state.reading() as connection:
        assert verify(connection) == []


def test_answers_by_policy_alone_are_enough() -> None:
    """Who has which role is not needed to answer: the chain is in the alert."""
    assert acknowledge(raised(1), BOB, "button", Setting(Policy()), MORNING).alert.acknowledgement is not None
