"""Leave: naming who takes one's calls, what is wrong with it, and what it changes."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from storage.leaves import Leave, record_leave, stand_ins
from tests.handlers.desk import Desk, buttons


def form(desk: Desk, person: str = "alice"):  # type: ignore[no-untyped-def]
    """The form, open before somebody."""
    who = desk.sandbox.person(person)
    who.command("general", "/finops away", timeout=0.3)
    assert who.view["callback_id"] == "leave"
    return who


def test_a_leave_and_its_end(desk: Desk) -> None:
    """A stand-in is named, told, listed and ended; each is on record with what it was and became."""
    carol = desk.sandbox.user_id("carol")
    alice = form(desk)
    days = {"first_day": "2026-11-16", "last_day": "2026-11-20"}
    assert alice.submit({"stand_in": carol, **days}) is None
    told = desk.told("alice", "Carol Example takes the calls")
    assert "Mon 16 Nov to Fri 20 Nov" in told["text"]
    desk.told("carol", "*Alice Example* is away")
    [listed] = alice.command("general", "/finops away")
    assert buttons(listed) == {"leave_end": "End"}
    [other] = desk.sandbox.person("carol").command("general", "/finops away")
    assert "Alice Example" in other["text"] and buttons(other) == {}
    alice.close()
    alice.click("general", listed["ts"], "leave_end")
    desk.sandbox.wait_for(
        lambda: any("No leave is recorded" in m["text"] for m in desk.hidden("alice", "general")), timeout=5
    )
    desk.told("carol", "Alice Example has ended their leave")
    alice.click("@app", told["ts"], "leave_end")
    desk.told("alice", "There is no such leave of yours.")
    from storage.audit import read

    with desk.bench.installation.state.reading() as connection:
        entries = [each.entry for each in read(connection) if each.entry.action.startswith("leave.")]
    became = {"stand_in": carol, **days}
    assert [(e.who, e.action, e.was, e.became) for e in entries] == [
        (alice.id, "leave.recorded", None, became),
        (alice.id, "leave.ended", became, None),
    ]


@pytest.mark.parametrize(
    ("who", "first", "last", "errors"),
    [
        ("alice", "2026-11-16", "2026-11-20", {"stand_in": "Somebody else has to take your calls."}),
        ("bob", "2026-11-11", "2026-11-20", {"first_day": "That day is past. Choose today or a later one."}),
        ("bob", "2026-11-20", "2026-11-19", {"last_day": "The last day comes before the first."}),
        ("bob", "2026-11-16", "2028-11-16", {"last_day": "A leave lasts 366 days at most."}),
        (
            "nobody",
            "2026-11-16",
            "2026-11-20",
            {
                "stand_in": "I know nobody of that name here. Choose a person of this workspace; "
                "a new one is known within the hour."
            },
        ),
        (
            "carol",
            "2026-11-18",
            "2026-11-20",
            {"stand_in": "Carol Example is away from 2026-11-17 to 2026-11-18. Choose somebody who is there."},
        ),
    ],
)
def test_what_is_wrong_stands_at_its_field(desk: Desk, who: str, first: str, last: str, errors: dict[str, str]) -> None:
    """Oneself, somebody unknown, somebody away too, and days that are past or turned round are refused."""
    alice, carol = desk.sandbox.user_id("alice"), desk.sandbox.user_id("carol")
    with desk.bench.installation.state.writing() as connection:
        # Carol's calls come to Alice: Alice's must not go to Carol.
        leave = Leave(carol, alice, date(2026, 11, 17), date(2026, 11, 18))
        record_leave(connection, leave, desk.bench.clock.now)
    person = form(desk)
    stand_in = desk.sandbox._workspace.bot_user if who == "nobody" else desk.sandbox.user_id(who)
    assert person.submit({"stand_in": stand_in, "first_day": first, "last_day": last}) == errors
    with desk.bench.installation.state.reading() as connection:
        assert stand_ins(connection, date(2026, 11, 18)) == {carol: alice}


def test_a_stand_in_answers_for_whoever_is_away(desk: Desk) -> None:
    """Who stands in may acknowledge on the days of the leave, and is refused before and after them."""
    frank = form(desk)
    frank = desk.sandbox.person("alice")
    frank.submit({"stand_in": desk.sandbox.user_id("frank"), "first_day": "2026-11-13", "last_day": "2026-11-13"})
    desk.told("frank", "*Alice Example* is away")
    key = desk.raised()
    frank = desk.sandbox.person("frank")
    for day, may in ((0, False), (1, True), (2, False)):
        desk.bench.clock.now += timedelta(days=1 if day else 0)
        [listed] = frank.command("general", "/finops alerts mine")
        assert ("No alert is open" not in listed["text"]) is may
        if may:
            frank.click("general", listed["ts"], "alerts_show")
            desk.sandbox.wait_for(lambda: "alert_acknowledge" in _all_buttons(desk), timeout=5)
            shown = next(m for m in desk.hidden("frank", "general") if "alert_acknowledge" in buttons(m))
            frank.click("general", shown["ts"], "alert_acknowledge")
            desk.says(key, "*Acknowledged* by Frank Example")
    assert ("frank", "alert.acknowledged") in desk.record()


def _all_buttons(desk: Desk) -> str:
    return json.dumps([buttons(message) for message in desk.hidden("frank", "general")])
