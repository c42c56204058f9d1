"""The audit record: it only grows, gives back what was written, and shows what was tampered with."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from finops.budget import Budget
from finops.errors import FinopsError
from finops.money import ZERO
from finops.periods import Month
from storage.audit import BEGINNING, Entry, append, head, note_settings, pings_since, read, seal, verify
from storage.budgets import record_budgets
from tests.storage.bills import Place
from tests.storage.unguarded import unguard

NOW = datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=UTC)
ENTRY = Entry(
    NOW,
    "UALICE",
    "alert.acknowledged",
    "alert/payments/2026-11/forecast/USD",
    "payments",
    was={"status": "open", "step": 2, "amount": "1200.000000000000000001", "budget": None},
    became={"status": "acknowledged", "calls": [{"id": "UBOB", "role": "owner"}]},
    note="button",
    pinged=1,
)


def numbered(number: int) -> Entry:
    """The usual entry, told from others by its note."""
    return replace(ENTRY, note=str(number), at=NOW + timedelta(seconds=number))


@pytest.fixture
def written(place: Place) -> Place:
    """A record of six entries, in three transactions."""
    for number in (1, 3, 5):
        with place.state.writing() as connection:
            append(connection, [numbered(number), numbered(number + 1)])
    return place


def faults(place: Place, expect: tuple[int, str] | None = None) -> list[str]:
    """What is wrong with the record."""
    with place.state.reading() as connection:
        return verify(connection, expect)


def unguarded(place: Place, *statements: str) -> None:
    """Statements by somebody who may do anything to the database."""
    with place.state.writing() as connection:
        unguard(connection)
        for statement in statements:
            connection.execute(text(statement))


def test_entries_come_back_as_written(written: Place) -> None:
    """Numbers have no gap, each entry seals the one before, and what is read is what was written."""
    with written.state.reading() as connection:
        found, newest = list(read(connection)), head(connection)
    assert [sealed.entry for sealed in found] == [numbered(number) for number in range(1, 7)]
    assert [sealed.seq for sealed in found] == [1, 2, 3, 4, 5, 6]
    assert [sealed.previous for sealed in found] == [BEGINNING, *(sealed.hash for sealed in found[:-1])]
    assert newest == (6, found[-1].hash) and faults(written, newest) == []


def test_an_empty_record_is_whole(place: Place) -> None:
    """Before anything happened there is nothing wrong, and the head is the beginning."""
    with place.state.reading() as connection:
        assert (list(read(connection)), head(connection), verify(connection)) == ([], (0, BEGINNING), [])
        assert verify(connection, (0, BEGINNING)) == []


def test_entries_are_found_by_team_subject_and_time(place: Place) -> None:
    """Team, subject with what lies below it, and half-open time narrow what is read."""
    entries = [
        replace(ENTRY, subject="alert/payments/2026-11/forecast/USD", at=NOW),
        replace(ENTRY, subject="alert/payments/2026-11/forecast/US", at=NOW + timedelta(microseconds=1)),
        replace(ENTRY, subject="alert/pay_ents/2026-11", team="search", at=NOW + timedelta(hours=1)),
    ]
    with place.state.writing() as connection:
        append(connection, entries)
    with place.state.reading() as connection:

        def found(**wanted: Any) -> list[int]:
            return [sealed.seq for sealed in read(connection, **wanted)]

        assert found(team="payments") == [1, 2] and found(team="") == []
        assert found(subject="alert/payments/2026-11/forecast/US") == [2]
        assert found(subject="alert/payments") == found(subject="alert/payments/2026-11/forecast") == [1, 2]
        assert (found(subject="alert/pay_ents"), found(subject="alert/pay")) == ([3], [])
        assert found(since=NOW, until=NOW + timedelta(microseconds=1)) == [1]
        assert found(since=NOW + timedelta(microseconds=1)) == [2, 3]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET note = 'other' WHERE seq = 2", "DELETE FROM audit WHERE seq = 6"]
)
def test_the_database_refuses_changes(written: Place, statement: str) -> None:
    """Neither a change nor a removal gets past the database, and the record is as it was."""
    with pytest.raises(DatabaseError, match="the audit record only grows"), written.state.writing() as connection:
        connection.execute(text(statement))
    assert faults(written) == []


@pytest.mark.database("postgresql", "SQLite has no TRUNCATE")
def test_postgresql_refuses_to_empty_the_record(written: Place) -> None:
    """TRUNCATE, which no row's trigger sees, is refused too."""
    with pytest.raises(DatabaseError, match="only grows"), written.state.writing() as connection:
        connection.execute(text("TRUNCATE audit"))
    assert faults(written) == []


CHANGED = "entry 3 was changed after it was written"
SWAP = "UPDATE audit SET seq = 99 WHERE seq = 3", "UPDATE audit SET seq = 3 WHERE seq = 4"
TAMPERED = {
    "note": (["UPDATE audit SET note = 'other' WHERE seq = 3"], [CHANGED]),
    "who": (["UPDATE audit SET who = 'UBOB' WHERE seq = 3"], [CHANGED]),
    "time": (["UPDATE audit SET at = '2026-11-21 09:30:03.123457' WHERE seq = 3"], [CHANGED]),
    "pinged": (["UPDATE audit SET pinged = 0 WHERE seq = 3"], [CHANGED]),
    "value": ([r"""UPDATE audit SET was = '{"status": "open", "step": 3}' WHERE seq = 3"""], [CHANGED]),
    "key": (
        ["UPDATE audit SET was = CAST(replace(CAST(was AS TEXT), 'step', 'stop') AS JSON) WHERE seq = 3"],
        [CHANGED],
    ),
    "nothing": (["UPDATE audit SET was = NULL WHERE seq = 3"], [CHANGED]),
    "hash": (
        [f"UPDATE audit SET hash = '{BEGINNING}' WHERE seq = 3"],
        [CHANGED, "entry 4 does not follow what stands before it"],
    ),
    "first": (["DELETE FROM audit WHERE seq = 1"], ["entry 1 is missing"]),
    "one": (["DELETE FROM audit WHERE seq = 3"], ["entry 3 is missing"]),
    "some": (["DELETE FROM audit WHERE seq IN (2, 3, 4)"], ["entries 2 to 4 are missing"]),
    "closed up": (
        ["DELETE FROM audit WHERE seq = 3", *(f"UPDATE audit SET seq = {n - 1} WHERE seq = {n}" for n in (4, 5, 6))],
        [
            "entry 3 does not follow what stands before it",
            *(f"entry {number} was changed after it was written" for number in (3, 4, 5)),
        ],
    ),
    "swapped": (
        [*SWAP, "UPDATE audit SET seq = 4 WHERE seq = 99"],
        [
            "entry 3 does not follow what stands before it",
            "entry 3 was changed after it was written",
            "entry 4 does not follow what stands before it",
            "entry 4 was changed after it was written",
            "entry 5 does not follow what stands before it",
        ],
    ),
    "before the first": (
        ["UPDATE audit SET seq = 0 WHERE seq = 1"],
        [
            "entry 0 was changed after it was written",
            "entry 0 does not follow what stands before it",
            "entry 1 is missing",
        ],
    ),
    "all": (["DELETE FROM audit"], []),
    "end": (["DELETE FROM audit WHERE seq > 4"], []),
}
"""What somebody did → what is found without knowing the head."""


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_found(written: Place, how: str) -> None:
    """Whatever is done to the rows behind the database's back shows; a lost end shows against a head kept elsewhere."""
    with written.state.reading() as connection:
        kept = head(connection)
    statements, expected = TAMPERED[how]
    if written.state.engine.dialect.name == "sqlite":
        statements = [re.sub(r"CAST\((replace.*) AS JSON\)", r"\1", statement) for statement in statements]
    unguarded(written, *statements)
    assert sorted(faults(written)) == sorted(expected)
    against = faults(written, kept)
    assert against
    if how == "end":
        assert against == ["the end was cut off: entry 6 was there, and entry 4 is the last"]


def test_a_record_written_anew_is_found_by_its_head(written: Place) -> None:
    """Somebody who changes an entry and seals all that follow anew passes the check, but not a head kept elsewhere."""
    with written.state.reading() as connection:
        kept, sealed = head(connection), list(read(connection))
    changes, previous = [], sealed[2].previous
    for each in sealed[2:]:
        entry = replace(each.entry, who="UMALLORY")
        hashed = seal(each.seq, entry, previous)
        changes.append(
            f"UPDATE audit SET who = 'UMALLORY', previous = '{previous}', hash = '{hashed}' WHERE seq = {each.seq}"
        )
        previous = hashed
    unguarded(written, *changes)
    assert faults(written) == []
    expected = ["entry 6 is not the one that was kept: the record was written anew before it"]
    assert faults(written, kept) == expected
    with written.state.writing() as connection:
        append(connection, [numbered(7)])
    assert faults(written, kept) == expected


@pytest.mark.database("sqlite", "PostgreSQL keeps only what is of the column's type")
@pytest.mark.parametrize(
    "change",
    [
        "was = 'no JSON'",
        'became = \'{"status": "other", "status": "acknowledged"}\'',
        "was = 'NaN'",
        "at = 'yesterday'",
        "who = X'00FF'",
        "pinged = 'many'",
    ],
)
def test_what_cannot_be_read_is_named(place: Place, change: str) -> None:
    """SQLite keeps anything: an entry made unreadable is found, and a listing refuses with where to look."""
    with place.state.writing() as connection:
        append(connection, [numbered(1), numbered(2)])
    unguarded(place, f"UPDATE audit SET {change} WHERE seq = 1")
    assert faults(place) == ["entry 1 was changed after it was written"]
    if change.startswith(("was", "became", "at")) and "NaN" not in change:
        with (
            place.state.reading() as connection,
            pytest.raises(FinopsError, match="Entry 1 of the audit record cannot be read"),
        ):
            list(read(connection))


@pytest.mark.database("sqlite", "PostgreSQL has no REPLACE")
def test_replacing_a_row_on_sqlite_shows(place: Place) -> None:
    """REPLACE fires no trigger on SQLite: the row it slips in is found all the same."""
    with place.state.writing() as connection:
        append(connection, [numbered(1), numbered(2), numbered(3)])
    names = "seq, at, who, action, subject, team, was, became, note, pinged, previous, hash"
    with place.state.writing() as connection:
        connection.execute(
            text(
                f"REPLACE INTO audit ({names}) SELECT {names.replace('who', repr('UMALLORY'))} FROM audit WHERE seq = 2"
            )
        )
    assert faults(place) == ["entry 2 was changed after it was written"]


def test_at_most_twenty_faults_are_named(place: Place) -> None:
    """A record that is wrong throughout is not listed throughout."""
    with place.state.writing() as connection:
        append(connection, [numbered(number) for number in range(50)])
    unguarded(place, "UPDATE audit SET note = 'other'")
    assert len(faults(place)) == 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.none() | st.dictionaries(st.text(), JSON, max_size=5)
ANYTHING = st.text(st.characters(categories=["L", "N", "S", "Cs", "Cc", "Co"]), max_size=40)
ZONES = st.builds(timezone, st.timedeltas(timedelta(hours=-20), timedelta(hours=20)))
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2190, 1, 1), timezones=ZONES)


def spoken(value: Any) -> Any:
    """A value with � for what no database keeps."""
    if isinstance(value, str):
        joined = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return joined.replace("\0", "�")
    if isinstance(value, list):
        return [spoken(each) for each in value]
    return {spoken(name): spoken(each) for name, each in value.items()} if isinstance(value, dict) else value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(at=TIMES, who=ANYTHING, note=ANYTHING, subject=ANYTHING, was=OBJECTS, became=OBJECTS)
def test_whatever_is_written_verifies(
    place: Place, at: datetime, who: str, note: str, subject: str, was: Any, became: Any
) -> None:
    """Any text, JSON and instant comes back as written, cleaned of what no database keeps, and its hash holds."""
    with place.state.writing() as connection:
        before = head(connection)
        entry = Entry(at, who, "an.action", subject, f"team-{before[0]}", was, became, note)
        append(connection, [entry])
    with place.state.reading() as connection:
        [sealed] = read(connection, team=entry.team)
        assert head(connection) == (before[0] + 1, sealed.hash)
    expected = {name: spoken(getattr(entry, name)) for name in ("who", "subject", "was", "became", "note")}
    assert sealed.entry == replace(entry, **expected)
    assert repr(sealed.entry.became) == repr(expected["became"])
    assert sealed.is_whole and sealed.previous == before[1]


@pytest.mark.parametrize("lone", ["\ud800", "a\udfffb", "\x00", "no\x00ne"])
def test_what_no_database_keeps_is_replaced(place: Place, lone: str) -> None:
    """NUL and lone surrogates become �; a pair of surrogates becomes the emoji that it stands for."""
    with place.state.writing() as connection:
        append(connection, [replace(ENTRY, note=lone, became={lone: [lone, "\ud83d\ude00"]})])
    with place.state.reading() as connection:
        [sealed] = read(connection)
        assert verify(connection) == []
    clean = re.sub("[\x00\ud800\udfff]", "�", lone)
    assert (sealed.entry.note, sealed.entry.became) == (clean, {clean: [clean, "😀"]})


@pytest.mark.parametrize(
    "value",
    [Decimal("1.10"), NOW, NOW.date(), float("nan"), float("inf"), {1: "a"}, {None: 1}, b"raw", {1, 2}, [Decimal(1)]],
    ids=repr,
)
def test_what_json_would_change_is_refused(place: Place, value: Any) -> None:
    """Amounts, days and the like are to be written as text; refused, nothing is written."""
    with pytest.raises(TypeError, match="plain JSON"), place.state.writing() as connection:
        append(connection, [ENTRY, replace(ENTRY, became={"value": value})])
    with pytest.raises(TypeError, match="no zone"), place.state.writing() as connection:
        append(connection, [replace(ENTRY, at=datetime(2026, 11, 21))])
    with place.state.reading() as connection:
        assert head(connection) == (0, BEGINNING)


@pytest.mark.parametrize("times", [15])
def test_eight_writers_at_once_make_one_chain(place: Place, times: int) -> None:
    """Transactions that append at the same time follow each other: every number once, no gap, one unbroken chain."""

    def appended(writer: int) -> None:
        for number in range(times):
            with place.state.writing() as connection:
                append(connection, [replace(ENTRY, who=f"U{writer}", note=str(number)), replace(ENTRY, who="second")])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(appended, range(8)))
    with place.state.reading() as connection:
        found = list(read(connection))
        assert verify(connection) == []
    assert [sealed.seq for sealed in found] == list(range(1, 8 * times * 2 + 1))
    for writer in range(8):
        own = [int(sealed.entry.note) for sealed in found if sealed.entry.who == f"U{writer}"]
        assert own == list(range(times))
    assert all(
        first.entry.who != "second" == second.entry.who for first, second in zip(found[::2], found[1::2], strict=True)
    )


def test_a_transaction_that_fails_leaves_no_gap(place: Place) -> None:
    """What is rolled back was never in the record, and the next entry takes its number."""

    class Failed(Exception):
        pass

    with pytest.raises(Failed), place.state.writing() as connection:
        append(connection, [numbered(1)])
        raise Failed
    with place.state.writing() as connection:
        append(connection, [numbered(2)])
    with place.state.reading() as connection:
        assert [(sealed.seq, sealed.entry) for sealed in read(connection)] == [(1, numbered(2))]
    assert faults(place) == []


def test_a_long_record_is_not_held_in_memory(place: Place) -> None:
    """Reading and checking take a fraction of the memory that all entries at once would."""
    with place.state.writing() as connection:
        append(connection, (numbered(number) for number in range(6_000)))

    def peak(work: Callable[[Connection], Any]) -> int:
        with place.state.reading() as connection:
            tracemalloc.start()
            try:
                work(connection)
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    def count(entries: Iterator[Any]) -> int:
        return sum(1 for _ in entries)

    everything = peak(lambda connection: len(list(read(connection))))
    assert peak(lambda connection: count(read(connection))) < everything / 2
    assert peak(verify) < everything / 2


SETTINGS = {"tiers": [{"name": "note", "above": "0"}], "holds": 3, "channel": None}


def test_settings_are_recorded_once_and_then_what_changed(place: Place) -> None:
    """First all is recorded, then only names whose value differs, from what to what; nothing where none does."""
    steps = (
        (SETTINGS, True, None, SETTINGS),
        (SETTINGS, False, None, None),
        (SETTINGS | {"tiers": ({"above": "0", "name": "note"},)}, False, None, None),
        (SETTINGS | {"holds": 5, "channel": "#a"}, True, {"holds": 3, "channel": None}, {"holds": 5, "channel": "#a"}),
        (
            {"holds": 5.0, "channel": "#a", "new": {}},
            True,
            {"tiers": SETTINGS["tiers"], "holds": 5},
            {"holds": 5.0, "new": {}},
        ),
        ({"holds": 5.0, "channel": "#a", "new": {}}, False, None, None),
        ({"holds": 5.0, "channel": "#a", "new": None}, True, {"new": {}}, {"new": None}),
        ({}, True, {"holds": 5.0, "channel": "#a", "new": None}, None),
        ({}, False, None, None),
        (SETTINGS, True, None, SETTINGS),
    )
    for number, (words, differs, was, became) in enumerate(steps):
        with place.state.writing() as connection:
            before = head(connection)[0]
            assert note_settings(connection, words, NOW + timedelta(days=number)) is differs
            new = [sealed.entry for sealed in read(connection) if sealed.seq > before]
        expected = Entry(NOW + timedelta(days=number), "finops", "policy.changed", "policy", was=was, became=became)
        assert new == ([expected] if differs else [])
    assert faults(place) == []


def test_two_workers_note_the_same_settings_once(place: Place) -> None:
    """Whoever comes second sees what the first has recorded, and records nothing."""

    def noted(_: int) -> bool:
        with place.state.writing() as connection:
            return note_settings(connection, SETTINGS, NOW)

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(noted, range(8))) == [False] * 7 + [True]


def test_pings_are_counted_by_team(place: Place) -> None:
    """Entries that called somebody count once each since an instant, however many they called."""
    with place.state.writing() as connection:
        append(
            connection,
            [
                replace(ENTRY, at=NOW - timedelta(seconds=1)),
                replace(ENTRY, pinged=0),
                replace(ENTRY, pinged=5),
                replace(ENTRY, team="search"),
                replace(ENTRY, at=NOW + timedelta(days=1)),
            ],
        )
        assert pings_since(connection, NOW) == {"payments": 2, "search": 1}
        assert pings_since(connection, NOW, "search") == {"search": 1}


def test_budgets_are_recorded_with_what_they_were(place: Place) -> None:
    """Each new or changed budget is one entry with amount and version before and after; an unchanged one is none."""
    web, data = Budget("web", Month(2026, 11), Decimal("1000.50"), "USD"), Budget("data", Month(2026, 11), ZERO, "EUR")
    with place.state.writing() as connection:
        record_budgets(connection, [web, data], source="b.csv", by="alice", now=NOW)
        record_budgets(connection, [replace(web, amount=Decimal("1000.500"))], source="c.csv", by="bob", now=NOW)
        record_budgets(connection, [replace(web, amount=Decimal("1E+3")), data], source="d.csv", by="bob", now=NOW)
    with place.state.reading() as connection:
        found = [sealed.entry for sealed in read(connection)]
        assert verify(connection) == []
    first = {"amount": "1000.5", "version": 1}
    recorded = Entry(NOW, "alice", "budget.recorded", "budget/web/2026-11/USD", "web", None, first, "b.csv")
    assert found == [
        recorded,
        replace(recorded, subject="budget/data/2026-11/EUR", team="data", became={"amount": "0", "version": 1}),
        replace(recorded, who="bob", was=first, became={"amount": "1000", "version": 2}, note="d.csv"),
    ]
