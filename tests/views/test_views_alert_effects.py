"""What a change of alerts makes Slack show: which messages, where, with whom pinged, and not before when."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from made_up_alerts import (
    AWAY,
    CALLEES,
    DAY,
    EMERGENCY,
    ESCALATED,
    EXPIRED_FREEZE,
    FULL,
    HOUR,
    NAMES,
    NIGHT,
    NOW,
    OPEN,
    OVERDUE_AT,
    POLICY,
    SETTING,
    SILENCE,
    events,
    frozen,
    hostile,
    many_callees,
    moved,
    raised,
    then,
    threshold,
    with_rules,
)
from made_up_months import NASTY, PAYMENTS

from finops.alert import Action, Change, Setting, tick
from finops.calendar import QuietHours
from finops.company import Team
from finops.effect import Effect
from finops.freeze import Freeze
from finops.policy import Policy
from views.alert import alert_message
from views.alert_effects import Told, alert_effects
from views.alert_notes import event_note
from views.freeze import What, freeze_effects

KEY = "payments/2026-11/forecast/USD"
MORNING = datetime(2026, 11, 17, 7, tzinfo=UTC)
MENTIONS = re.compile(r"<[@!](?!date)[^>]*>")


def told(change: Change, policy: Policy = POLICY, place: str = "#payments", freeze: Freeze | None = None) -> Told:
    """A change of the payments team."""
    return Told(change, PAYMENTS, policy, place, freeze)


def effects(*changes: Change, at: datetime = NOW, place: str = "#payments", policy: Policy = POLICY) -> list[Effect]:
    """Everything that changes make Slack show."""
    return alert_effects([told(change, policy, place) for change in changes], NAMES, at)


def seen(made: Sequence[Effect]) -> list[tuple[Any, ...]]:
    """Of each effect all but what it says."""
    return [(each.key, each.kind, each.destination, each.thread_of, each.broadcast, each.not_before) for each in made]


def mentioned(payload: Mapping[str, Any]) -> set[str]:
    """Ids that a message pings, which its blocks and its text agree on."""
    found = {re.sub(r"\W|subteam", "", token) for token in MENTIONS.findall(str(payload["blocks"]))}
    assert found == {re.sub(r"\W|subteam", "", token) for token in MENTIONS.findall(payload["text"])}
    return found


def message_row(held: datetime | None = None) -> tuple[Any, ...]:
    """The alert's own message."""
    return (f"alert/{KEY}", "alert", "#payments", "", False, held)


def note_row(number: str, broadcast: bool = False, held: datetime | None = None) -> tuple[Any, ...]:
    """A note in its thread."""
    return (f"alert/{KEY}/{number}", "alert_note", "#payments", f"alert/{KEY}", broadcast, held)


def call_row(version: int, user_id: str, held: datetime | None = None) -> tuple[Any, ...]:
    """A direct message."""
    return (f"call/{KEY}/{version}/{user_id}", "call", user_id, "", False, held)


def test_a_first_rise_is_its_own_news() -> None:
    """A first rise posts the alert's message, which pings everybody called, and a direct message to each person; no
    note, and none to a group or to somebody whom the workspace does not know.
    """
    made = effects(OPEN)
    assert seen(made) == [message_row(), call_row(1, "U1"), call_row(1, "U2"), call_row(1, "U3")]
    assert mentioned(made[0].payload) == {"U1", "U2", "U3", "S1"}
    assert {each.team for each in made} == {"payments"}
    assert made[0].payload == alert_message(OPEN.alert, PAYMENTS, POLICY, NAMES, NOW).as_payload()


def test_a_further_rise_is_broadcast() -> None:
    """A rise with calls edits the message, adds a note that the channel sees and that pings those called, and writes
    to each of them.
    """
    change, at = moved(OPEN, 3)
    made = effects(change, at=at)
    assert seen(made) == [
        message_row(),
        note_row("2.1", True),
        *(call_row(2, user) for user in ("U1", "U2", "U6", "U5")),
    ]
    assert mentioned(made[1].payload) == {"U1", "U2", "U5", "U6"}
    assert made[1].payload == event_note(change.alert, change.events[0], PAYMENTS, POLICY, NAMES).as_payload()


def test_being_raised_again_is_broadcast() -> None:
    """An alert that was resolved and rises again says so in the channel."""
    change, at = events()["raised_again"]
    assert seen(effects(change, at=at))[:2] == [message_row(), note_row("3.1", True)]


def test_nobody_is_called_in_quiet_hours() -> None:
    """At night the message stands without a mention and says from when on people are called; then they are."""
    night = raised(1, at=NIGHT)
    [shown] = effects(night, at=NIGHT)
    assert seen([shown]) == [message_row()]
    assert not mentioned(shown.payload) and "when quiet hours are over" in shown.payload["text"]
    rose, _ = moved(night, 2)
    assert seen(effects(rose, at=NIGHT + HOUR)) == [message_row(), note_row("2.1")]
    morning = then(rose, lambda alert: tick(alert, SETTING, MORNING))
    assert [event.action for event in morning.events] == [Action.CALLED]
    made = effects(morning, at=MORNING)
    assert seen(made)[:2] == [message_row(), note_row("3.1", True)]
    assert {each.destination for each in made[2:]} == {"U1", "U2", "U3", "U5"}
    loud = replace(SETTING, policy=with_rules(quiet=None))
    assert {each.kind for each in effects(raised(1, loud, at=NIGHT), at=NIGHT)} == {"alert", "call"}


def test_folded_calls_ping_nobody() -> None:
    """Once the week's calls are used up a rise is said without a mention, without broadcast and without direct
    messages, and it says why.
    """
    made = effects(raised(2, FULL))
    assert seen(made) == [message_row()]
    change, at = moved(OPEN, 2, FULL)
    made += effects(change, at=at)
    assert seen(made[1:]) == [message_row(), note_row("2.1")]
    for each in made:
        assert mentioned(each.payload) == set()
        assert "Not called: the week's 7 calls are used up; gathered in the digest." in each.payload["text"]


def test_a_refresh_only_edits_the_message() -> None:
    """New figures without an event queue the message again and nothing else."""
    for name in ("refreshed", "refreshed_while_snoozed"):
        change, at = events()[name]
        assert seen(effects(change, at=at)) == [message_row()]


QUIET = (
    "fell",
    "resolved",
    "resolved_with_a_reason",
    "concluded",
    "acknowledged",
    "acknowledged_by_reaction",
    "taken_back",
    "snoozed",
    "snooze_ended",
    "snooze_ended_by_hand",
    "raised_again_at_once",
)


@pytest.mark.parametrize("name", QUIET)
def test_what_calls_nobody_pings_nobody(name: str) -> None:
    """A fall, an end and every answer are one note that mentions nobody and is not broadcast."""
    change, at = events()[name]
    made = effects(change, at=at)
    version = change.alert.version
    assert seen(made)[1:] == [note_row(f"{version}.1")]
    assert mentioned(made[1].payload) == set()


@pytest.mark.parametrize("name", ["escalated", "expired", "overdue"])
def test_silence_is_told_in_the_thread(name: str) -> None:
    """What silence and time bring about is a note that mentions those called, not broadcast, and direct messages."""
    change, at = events()[name]
    [event] = change.events
    made = effects(change, at=at)
    people = [callee.id for callee in event.calls if callee.id.startswith("U")]
    version = change.alert.version
    assert seen(made)[1:] == [note_row(f"{version}.1"), *(call_row(version, user) for user in people)]
    assert mentioned(made[1].payload) == {callee.id for callee in event.calls if callee.id}


def test_two_events_of_one_change_are_two_notes() -> None:
    """Each event of a change has its own note and number; a person called by it hears once."""
    change, at = events()["expired_and_overdue"]
    made = effects(change, at=at)
    assert seen(made) == [
        message_row(),
        note_row("3.1"),
        note_row("3.2"),
        *(call_row(3, user) for user in ("U1", "U2", "U3")),
    ]
    assert [event.action for event in change.events] == [Action.EXPIRED, Action.OVERDUE]


def test_watched_alerts_show_nothing() -> None:
    """In shadow mode nothing is posted, whatever happens."""
    shadow = replace(SETTING, policy=with_rules(live=False))
    assert effects(raised(3, shadow)) == []


def test_without_a_channel_people_are_still_written_to() -> None:
    """A team without a channel has no message and no notes, but those called get their direct messages."""
    assert seen(effects(OPEN, place="")) == [call_row(1, user) for user in ("U1", "U2", "U3")]
    assert effects(raised(1, Setting(POLICY)), place="") == []


def test_a_threshold_beside_the_forecast_is_told_in_its_thread() -> None:
    """While the forecast's alert lives, a threshold has no message: each of its events is a note in that thread."""
    beside = threshold(beside=True)
    first = ("alert/payments/2026-11/threshold/USD/1.1", "alert_note", "#payments", f"alert/{KEY}", False, None)
    assert seen(effects(beside)) == [first]
    change, at = moved(beside, 3, replace(SETTING, beside=True), actual="50500")
    assert [each.thread_of for each in effects(change, at=at)] == [f"alert/{KEY}"]


def test_several_alerts_of_one_person_are_one_message() -> None:
    """Whoever is called for several alerts at once hears of them in one message; the others in one each."""
    other = replace(OPEN, alert=replace(OPEN.alert, key=replace(OPEN.alert.key, team="search")))
    made = alert_effects(
        [
            told(OPEN),
            Told(EMERGENCY, PAYMENTS, POLICY, "#payments"),
            Told(other, Team("search", "Search"), POLICY, "#search"),
        ],
        NAMES,
        NOW,
    )
    direct = {each.destination: each for each in made if each.kind == "call"}
    assert [each.key for each in direct.values()] == [
        f"calls/U1/{KEY}/1",
        f"calls/U2/{KEY}/1",
        f"calls/U3/{KEY}/1",
        f"call/{KEY}/1/U6",
        f"call/{KEY}/1/U5",
    ]
    assert "Payments" in direct["U1"].payload["text"] and "Search" in direct["U1"].payload["text"]
    assert len([each for each in made if each.kind == "call"]) == len(direct)


def test_members_of_a_called_group_are_told_one_by_one() -> None:
    """Whoever is in a group that is called gets a direct message, once, as themselves before as one of it."""
    change = raised(1)
    made = alert_effects([replace(told(change), members={"S1": ("U1", "U7"), "S9": ("U8",)})], NAMES, NOW)
    direct = {each.destination: each.payload["text"] for each in made if each.kind == "call"}
    assert set(direct) == {"U1", "U2", "U3", "U7"}
    assert "as FinOps" in direct["U7"] and "as an owner" in direct["U1"]


def test_a_stand_in_is_called_instead() -> None:
    """Whoever is on leave is neither pinged nor written to: their stand-in is, and is told for whom."""
    made = effects(raised(1, AWAY))
    assert [each.destination for each in made] == ["#payments", "U9", "U2", "U3"]
    assert mentioned(made[0].payload) == {"U9", "U2", "U3", "S1"}
    assert "in place of Ada, who is on leave" in made[1].payload["text"]
    later = alert_effects([replace(told(replace(OPEN, events=())), stand_ins=AWAY.stand_ins)], NAMES, NOW)
    assert mentioned(later[0].payload) == {"U9", "U2", "U3", "S1"}


def test_groups_are_mentioned_before_people() -> None:
    """Of many callees those are named whom nothing else reaches: the groups; every person gets a direct message."""
    made = effects(raised(1, Setting(POLICY, many_callees(200))))
    assert {"S1", "S2"} <= mentioned(made[0].payload)
    assert "and 192 more" in made[0].payload["text"]
    assert sum(each.kind == "call" for each in made) == 100 + 1


def test_every_key_is_used_once() -> None:
    """No two effects of a change have the same key, so none replaces another."""
    for change, at in events().values():
        keys = [each.key for each in effects(change, at=at)]
        assert len(keys) == len(set(keys))


def test_hostile_names_ping_nobody() -> None:
    """Whatever teams, tiers, people and reasons are called, only those called are mentioned."""
    change, team, policy, names = hostile(NASTY)
    for each in alert_effects([Told(change, team, policy, "#payments", frozen())], names, NOW):
        assert mentioned(each.payload) == set()
    rose, at = moved(raised(1, Setting(policy, CALLEES)), 3, Setting(policy, CALLEES))
    for each in alert_effects([Told(rose, team, policy, "#payments")], names, at):
        assert mentioned(each.payload) <= {"U1", "U2", "U3", "U5", "U6", "S1"}


def test_the_same_state_is_the_same_message() -> None:
    """An alert's message depends on where it stands, not on when it is asked for: an unchanged one is not sent."""
    again = [effects(OPEN, at=NOW + number * timedelta(minutes=7))[0].payload for number in range(5)]
    assert all(payload == again[0] for payload in again)


def test_a_freeze_in_force_shows_in_the_message() -> None:
    """The sponsor's button gives way to the decision, and to the buttons for exceptions and for its end."""
    before, after = (alert_effects([told(EMERGENCY, freeze=each)], NAMES, NOW)[0].payload for each in (None, frozen()))
    assert "alert_freeze" in str(before) and "Freeze in force" not in before["text"]
    assert "alert_freeze" not in str(after) and "freeze_lift" in str(after) and "Freeze in force" in after["text"]


def test_nobody_decides_on_underspend() -> None:
    """A freeze is asked for on the highest tier of overspend alone."""
    for change in (raised(-3), raised(2), threshold(3, "60000")):
        assert "alert_freeze" not in str(effects(change)[0].payload)


@pytest.mark.parametrize(
    ("what", "number", "reached", "broadcast"),
    [
        ("decided", None, [], True),
        ("lifted", None, [], True),
        ("expired", None, [], True),
        ("asked", 3, ["U9", "U5"], False),
        ("ended", 1, ["U2"], False),
        ("granted", 1, ["U2"], False),
        ("refused", 2, ["U1"], False),
    ],
)
def test_freezes_are_told(what: What, number: int | None, reached: list[str], broadcast: bool) -> None:
    """A freeze is told in its alert's thread, its beginning and end in the channel too; whoever asked is answered."""
    sponsors = ["U9", "S1", "U5"]
    made = freeze_effects(frozen(exceptions=True), PAYMENTS, "#payments", what, number, NAMES, NOW, sponsors=sponsors)
    key = f"freeze/7/{what}" + (f"/{number}" if number else "")
    assert seen(made) == [
        (key, "freeze", "#payments", f"alert/{KEY}", broadcast, None),
        *((f"{key}/{user}", "freeze", user, "", False, None) for user in reached),
    ]


@pytest.mark.parametrize(
    ("sponsors", "reached"),
    [(["U5"], ["U5"]), (["U5", "U6"], ["U5", "U6"]), (["S1"], ["U7"]), ([], ["U7"]), (["S1", "U5"], ["U5"])],
)
def test_an_exception_waits_for_the_sponsors(sponsors: list[str], reached: list[str]) -> None:
    """Every sponsor is asked, in quiet hours not before the morning; where only groups are, whoever decided too."""
    other = replace(frozen(exceptions=True), decided_by="U7")
    policy = with_rules(quiet=QuietHours())
    made = freeze_effects(other, PAYMENTS, "", "asked", 3, NAMES, NIGHT, policy=policy, sponsors=sponsors)
    assert seen(made) == [(f"freeze/7/asked/3/{user}", "freeze", user, "", False, MORNING) for user in reached]
    assert "freeze_grant" in str(made[0].payload)


def test_a_freeze_that_ends_in_the_emergency_asks_for_the_next() -> None:
    """The sponsors are told directly, the channel that a decision is due, and both have the button for it."""
    policy, sponsors = with_rules(quiet=QuietHours()), ["U5", "S1"]
    made = freeze_effects(
        EXPIRED_FREEZE, PAYMENTS, "#payments", "expired", None, NAMES, NIGHT,
        policy=policy, sponsors=sponsors, emergency=EMERGENCY.alert,
    )  # fmt: skip
    assert seen(made) == [
        ("freeze/7/expired", "freeze", "#payments", f"alert/{KEY}", True, MORNING),
        ("freeze/7/expired/U5", "freeze", "U5", "", False, MORNING),
    ]
    assert all("alert_freeze" in str(each.payload) for each in made)


def test_escalation_and_silence_agree() -> None:
    """The message says who is called next, and when silence has called them it says nobody else is waited for."""
    first, later = effects(EMERGENCY)[0].payload["text"], effects(ESCALATED, at=SILENCE)[0].payload["text"]
    assert "the engineering lead and FinOps are called next: @finops and Cleo." in first
    assert "called next" not in later
    assert "• FinOps: <!subteam^S1>, called after silence" in later
    assert "• Engineering lead: <@U3>, called after silence" in later


def test_an_overdue_duty_stands_in_the_message() -> None:
    """From the end of the due day on, the message says since when what is overdue."""
    change = then(EMERGENCY, lambda alert: tick(alert, SETTING, OVERDUE_AT))
    assert "*Overdue since Tue 17 Nov:* emergency review" in effects(change, at=OVERDUE_AT)[0].payload["text"]
    assert "*To do by Tue 17 Nov:* emergency review" in effects(EMERGENCY, at=NOW + DAY)[0].payload["text"]
