"""What an alert does, one situation at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from finops.alert import (
    Action,
    AlertKey,
    AlreadyAnswered,
    AnswerRefused,
    Callee,
    Change,
    Status,
    acknowledge,
    conclude,
    do_duty,
    duty_of,
    end_snooze,
    evaluate,
    next_at,
    rung_name,
    snooze,
    take_back,
    tick,
    undo_duty,
)
from finops.periods import Month
from finops.policy import LADDER, AlertRules, Kind, Policy, Role, Tier
from tests.finops.made_up_alerts import (
    ALICE,
    AT_ONCE,
    BOB,
    CALLEES,
    CAROL,
    DAVE,
    ERIN,
    KEY,
    LADDERS,
    MORNING,
    USED,
    Life,
    ids,
    moved,
    raised,
    reading,
    setting,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_each_rung_calls_its_own_roles_first() -> None:
    """A rise calls the owners and the rung's roles, and silence then the next rung's and at last whoever is left."""
    chains = {step: [ids(level.callees) for level in raised(step).chain] for step in (1, 2, 3, -1, -3)}
    assert chains == {
        1: [{ALICE, BOB, "SFINOPS"}, {DAVE}, {ERIN}],
        2: [{ALICE, BOB, "SFINOPS", DAVE}, {ERIN}],
        3: [{ALICE, BOB, ERIN, DAVE}, {"SFINOPS"}],
        -1: [{ALICE, BOB, "SFINOPS"}],
        -3: [{ALICE, BOB, "SFINOPS"}],
    }


def test_silence_climbs_one_link_after_the_other() -> None:
    """Unanswered for the tier's working hours, each link of the chain is called once, and then nobody any more."""
    alert, told = raised(1), []
    assert alert.answer_by == datetime(2026, 11, 5, 10, tzinfo=UTC)
    while (due := next_at(alert, setting().policy)) and due < datetime(2026, 11, 10, tzinfo=UTC):
        change = tick(alert, setting(), due)
        alert, told = change.alert, told + [(event.action, event.at, ids(event.calls)) for event in change.events]
    assert told == [
        (Action.ESCALATED, datetime(2026, 11, 5, 10, tzinfo=UTC), {DAVE}),
        (Action.ESCALATED, datetime(2026, 11, 9, 10, tzinfo=UTC), {ERIN}),
    ]
    assert alert.answer_by is None


def test_a_rise_calls_although_the_rung_below_is_acknowledged() -> None:
    """An acknowledgement holds on its rung and below; above it the next roles are called, and back on it, it holds."""
    alert = acknowledge(raised(1), BOB, "button", setting(), MORNING + HOUR).alert
    rose = moved(alert, 3, MORNING + 2 * HOUR)
    assert [(event.action, ids(event.calls)) for event in rose.events] == [(Action.ROSE, {ALICE, BOB, ERIN, DAVE})]
    assert rose.alert.status(MORNING + 2 * HOUR) is Status.OPEN
    fell = moved(rose.alert, 1, MORNING + 3 * HOUR)
    assert (fell.alert.status(MORNING + 3 * HOUR), fell.alert.answer_by) == (Status.ACKNOWLEDGED, None)


def test_an_acknowledgement_changes_what_is_sent_next() -> None:
    """At the instant at which silence would call the next, nobody is; whoever acknowledged is asked when it expires."""
    alert = raised(2)
    assert alert.answer_by is not None
    [silent] = tick(alert, setting(), alert.answer_by).events
    assert (silent.action, ids(silent.calls)) == (Action.ESCALATED, {ERIN})
    given = acknowledge(alert, CAROL, "reaction", setting(), MORNING + HOUR)
    assert [(event.action, event.by, event.note, event.calls) for event in given.events] == [
        (Action.ACKNOWLEDGED, CAROL, "reaction", ())
    ]
    held = given.alert
    assert tick(held, setting(), alert.answer_by).events == ()
    assert held.acknowledgement is not None
    assert next_at(held, setting().policy) == held.acknowledgement.until == datetime(2026, 11, 6, 17, tzinfo=UTC)
    [asked] = tick(held, setting(), held.acknowledgement.until).events
    assert (asked.action, ids(asked.calls)) == (Action.EXPIRED, {CAROL, ALICE, BOB})
    assert (asked.was["status"], asked.became["status"]) == ("acknowledged", "open")


@pytest.mark.parametrize(
    ("holds", "until"),
    [
        (1, datetime(2026, 11, 4, 17, tzinfo=UTC)),
        (3, datetime(2026, 11, 6, 17, tzinfo=UTC)),
        (4, datetime(2026, 11, 9, 17, tzinfo=UTC)),
    ],
)
def test_an_acknowledgement_holds_for_working_days(holds: int, until: datetime) -> None:
    """It ends with the last of its working days; a threshold's holds until its month is closed."""
    policy = Policy(rules=replace(AT_ONCE, holds=holds))
    held = acknowledge(raised(1), BOB, "button", setting(policy), MORNING).alert
    used = acknowledge(raised(2, key=USED), BOB, "button", setting(policy), MORNING).alert
    assert held.acknowledgement is not None and used.acknowledgement is not None
    assert held.acknowledgement.until == until
    assert used.acknowledgement.until == datetime(2026, 12, 7, 17, tzinfo=UTC)


@pytest.mark.parametrize("asleep", [False, True])
def test_of_two_who_acknowledge_one_wins(asleep: bool) -> None:
    """The second is told who was first and nothing changes, also while somebody snoozes it; the first may repeat."""
    alert = acknowledge(raised(1), BOB, "button", setting(), MORNING).alert
    if asleep:
        alert = snooze(alert, ALICE, MORNING + DAY, "known", setting(), MORNING).alert
    with pytest.raises(AlreadyAnswered) as refusal:
        acknowledge(alert, ALICE, "thread", setting(), MORNING + HOUR)
    assert refusal.value.acknowledgement.by == BOB
    again = acknowledge(alert, BOB, "thread", setting(), MORNING + HOUR)
    assert (again.alert, again.events) == (alert, ())


def test_only_whoever_acknowledged_takes_it_back() -> None:
    """Taken back, silence counts anew; nobody else can, and nothing that is not held can be."""
    held = acknowledge(raised(1), BOB, "button", setting(), MORNING).alert
    with pytest.raises(AnswerRefused, match="UBOB"):
        take_back(held, ALICE, setting(), MORNING)
    change = take_back(held, BOB, setting(), MORNING + HOUR)
    assert [(event.action, event.by, event.calls) for event in change.events] == [(Action.TAKEN_BACK, BOB, ())]
    assert change.alert.answer_by == datetime(2026, 11, 5, 11, tzinfo=UTC)
    with pytest.raises(AnswerRefused, match="nothing to take back"):
        take_back(change.alert, BOB, setting(), MORNING)


def test_taking_back_what_was_risen_above_wins_no_time() -> None:
    """An acknowledgement of a lower rung held nobody back, so silence on the higher one does not begin anew."""
    held = acknowledge(raised(1), BOB, "button", setting(), MORNING).alert
    risen = moved(held, 2, MORNING + HOUR).alert
    assert take_back(risen, BOB, setting(), MORNING + 3 * HOUR).alert.answer_by == risen.answer_by


def test_a_snooze_silences_its_rung_and_a_rise_breaks_through() -> None:
    """Until its end nothing on its rung or below calls anybody; above it the rung's roles are called."""
    end = MORNING + 6 * DAY
    asleep = snooze(raised(2), ALICE, end, "a migration", setting(), MORNING).alert
    assert (asleep.status(MORNING), next_at(asleep, setting().policy)) == (Status.SNOOZED, end)
    lower = moved(asleep, 1, MORNING + HOUR).alert
    back = moved(lower, 2, MORNING + DAY)
    assert [(event.action, event.calls) for event in back.events] == [(Action.ROSE, ())]
    [broken] = moved(back.alert, 3, MORNING + DAY + HOUR).events
    assert ids(broken.calls) == {ALICE, BOB, ERIN, DAVE}
    [ended] = tick(back.alert, setting(), end).events
    assert (ended.action, ended.calls, ended.was["status"]) == (Action.SNOOZE_ENDED, (), "snoozed")


def test_answers_outlive_a_resolve() -> None:
    """Back within budget and up again, what was acknowledged or snoozed still is, and nobody is called."""
    held = acknowledge(raised(2), BOB, "button", setting(), MORNING).alert
    asleep = snooze(raised(2), BOB, MORNING + 2 * DAY, "known", setting(), MORNING).alert
    for answered, status in ((held, Status.ACKNOWLEDGED), (asleep, Status.SNOOZED)):
        down = moved(answered, 0, MORNING + HOUR)
        assert [(event.action, event.calls, event.note) for event in down.events] == [
            (Action.RESOLVED, (), "back within budget")
        ]
        up = moved(down.alert, 1, MORNING + DAY)
        assert [(event.action, event.calls) for event in up.events] == [(Action.RAISED, ())]
        assert up.alert.status(MORNING + DAY) is status
        late = moved(down.alert, 1, MORNING + 9 * DAY)
        assert ids(late.events[0].calls) == {ALICE, BOB, "SFINOPS"}
        assert tick(late.alert, setting(), MORNING + 9 * DAY).events == ()


def test_the_end_of_an_answer_that_held_nothing_says_nothing() -> None:
    """A snooze and an acknowledgement of a lower rung end unnoticed, and win no time for silence on the higher one."""
    alert = acknowledge(raised(1), BOB, "button", setting(), MORNING).alert
    alert = snooze(alert, BOB, MORNING + HOUR, "a test", setting(), MORNING).alert
    risen = moved(alert, 2, MORNING + HOUR / 2).alert
    assert tick(risen, setting(), MORNING + HOUR) == replace(tick(risen, setting(), MORNING), alert=risen)
    fell = moved(risen, 1, MORNING + 6 * DAY).alert
    assert (fell.acknowledgement, fell.snooze) == (None, None)


def test_what_falls_due_during_a_snooze_is_said_at_its_end() -> None:
    """An acknowledgement's end and a duty's day wait for the end of the snooze; then they are one call."""
    held = acknowledge(raised(2), CAROL, "button", setting(), MORNING).alert
    end = MORNING + 20 * DAY
    policy = Policy(rules=replace(AT_ONCE, longest_snooze=30))
    asleep = snooze(held, BOB, end, "a migration", setting(policy), MORNING).alert
    assert [tick(asleep, setting(policy), MORNING + number * DAY).events for number in range(20)] == [()] * 20
    said = tick(asleep, setting(policy), end).events
    assert [(event.action, ids(event.calls)) for event in said] == [
        (Action.SNOOZE_ENDED, set()),
        (Action.EXPIRED, set()),
        (Action.OVERDUE, {CAROL, ALICE, BOB, "SFINOPS", DAVE}),
    ]


def test_a_duty_is_asked_for_once() -> None:
    """When the working day on which it was due ends, those who were called are asked once, acknowledged or not."""
    held = acknowledge(raised(1), BOB, "button", setting(), MORNING).alert
    assert held.due == date(2026, 11, 10)
    end = datetime(2026, 11, 10, 17, tzinfo=UTC)
    held = acknowledge(tick(held, setting(), end - DAY).alert, BOB, "button", setting(), end - DAY).alert
    [asked] = tick(held, setting(), end).events
    assert (asked.action, ids(asked.calls)) == (Action.OVERDUE, {ALICE, BOB, "SFINOPS"})
    assert tick(tick(held, setting(), end).alert, setting(), end + HOUR).events == ()


def test_a_due_day_that_passed_elsewhere_is_nobodys_fault() -> None:
    """A rung reached again after its day has passed gets a new day; before that it keeps the one it had."""
    alert = raised(1)
    up = moved(alert, 2, MORNING + DAY).alert
    assert moved(up, 1, MORNING + 2 * DAY).alert.due == alert.due
    late = moved(up, 1, MORNING + 20 * DAY)
    assert late.alert.due is not None and late.alert.due > (MORNING + 20 * DAY).date()
    said = tick(late.alert, setting(), MORNING + 20 * DAY).events
    assert Action.OVERDUE not in {event.action for event in said}


def test_a_duty_of_the_same_day_raised_in_the_evening_is_due_tomorrow() -> None:
    """A duty that is due today is not overdue at the moment in which it is given, once today's work has ended."""
    policy = Policy(LADDERS[1], AT_ONCE)
    evening = datetime(2026, 11, 3, 18, tzinfo=UTC)
    assert raised(1, MORNING, setting(policy)).due == date(2026, 11, 3)
    late = raised(1, evening, setting(policy))
    assert (late.due, tick(late, setting(policy), evening).events) == (date(2026, 11, 4), ())


def test_a_worker_that_was_away_calls_once() -> None:
    """After days of absence one call is made, one link further, and the next waits its full time from then."""
    alert, back = raised(1), MORNING + 5 * DAY
    [event] = tick(alert, setting(), back).events
    assert (event.action, ids(event.calls)) == (Action.ESCALATED, {DAVE})
    after = tick(alert, setting(), back).alert
    assert after.answer_by is not None and after.answer_by > back
    assert tick(after, setting(), back).events == ()
    longer = MORNING + 9 * DAY
    [event] = tick(alert, setting(), longer).events
    assert (event.action, ids(event.calls)) == (Action.OVERDUE, {ALICE, BOB, "SFINOPS"})
    after = tick(alert, setting(), longer).alert
    assert (after.level, tick(after, setting(), longer).events) == (0, ())
    assert after.answer_by is not None and after.answer_by > longer


def test_a_step_risen_to_again_calls_only_whom_it_has_not_just_called() -> None:
    """Within the time nobody is called twice for a rung or a lower one; roles that were not called still are."""
    policy = Policy(rules=replace(AT_ONCE, realert_after=DAY))
    known = setting(policy)
    formal = raised(2, MORNING, known)
    again = moved(moved(formal, 0, MORNING + HOUR, known).alert, 1, MORNING + 2 * HOUR, known)
    assert [event.calls for event in again.events] == [()]
    assert again.alert.answer_by == datetime(2026, 11, 5, 12, tzinfo=UTC)
    emergency = raised(3, MORNING, known)
    other = moved(moved(emergency, 0, MORNING + HOUR, known).alert, 1, MORNING + 2 * HOUR, known)
    assert [ids(event.calls) for event in other.events] == [{ALICE, BOB, "SFINOPS"}]


def test_back_from_underspend_silence_still_climbs() -> None:
    """Over, under and over again within the time, the chain is that of the overspend, and silence climbs it."""
    known = setting(Policy(rules=replace(AT_ONCE, realert_after=DAY)))
    under = moved(raised(2, MORNING, known), -1, MORNING + HOUR, known).alert
    over = moved(under, 2, MORNING + 2 * HOUR, known).alert
    assert over.answer_by == datetime(2026, 11, 4, 12, tzinfo=UTC)
    [event] = tick(over, known, over.answer_by).events
    assert ids(event.calls) == {ERIN}


def test_the_chain_stays_as_it_was_when_the_alert_rose() -> None:
    """Whoever takes over a role afterwards is called by the next rise, not by silence on this one."""
    alert = raised(2)
    changed = setting(callees=CALLEES | {Role.EXECUTIVE_SPONSOR: (Callee(Role.EXECUTIVE_SPONSOR, "x", "UNEW"),)})
    assert alert.answer_by is not None
    assert ids(tick(alert, changed, alert.answer_by).events[0].calls) == {ERIN}
    assert "UNEW" in ids(moved(alert, 3, MORNING + HOUR, changed).events[0].calls)


def test_whoever_is_on_leave_is_not_called() -> None:
    """A stand-in is called instead, once, and said to be one; where they are away too it is the person themselves."""
    away = setting(stand_ins={ALICE: CAROL, BOB: CAROL, DAVE: ERIN, ERIN: DAVE})
    change = evaluate(None, KEY, reading(3), away, MORNING)
    assert change is not None
    assert [(each.id, each.stands_in_for) for each in change.events[0].calls] == [
        (CAROL, ALICE),
        (ERIN, ""),
        (DAVE, ""),
    ]


def test_calls_over_the_weeks_number_are_folded() -> None:
    """Once the week's calls are used up who would be called is kept for the digest; the highest rung still calls."""
    full = setting(Policy(rules=replace(AT_ONCE, most_pings=3)), pings=3)
    for step, called in ((1, False), (2, False), (3, True)):
        change = evaluate(None, KEY, reading(step), full, MORNING)
        assert change is not None
        [event] = change.events
        assert (bool(event.calls), bool(event.folded)) == (called, not called)
        assert ids(event.calls + event.folded) == ids(raised(step).chain[0].callees)


def test_a_threshold_beside_the_forecast_pings_nobody() -> None:
    """While the forecast's alert speaks, thresholds are noted; the owners and the rung's roles may answer them."""
    beside = setting(beside=True)
    first = evaluate(None, USED, reading(2), beside, MORNING)
    assert first is not None
    second = moved(first.alert, 3, MORNING + HOUR, beside)
    assert [event.calls for event in (*first.events, *second.events)] == [(), ()]
    assert second.alert.answering_roles == {Role.OWNER, Role.ENGINEERING_LEAD}
    assert (second.alert.due, next_at(second.alert, beside.policy)) == (None, None)
    alone = moved(first.alert, 3, MORNING + HOUR)
    assert ids(alone.events[0].calls) == {ALICE, BOB}


def test_watched_alerts_become_news_when_alerts_go_live() -> None:
    """What was only watched is raised anew with its calls and a new due day; what has resolved meanwhile is not."""
    shadow, live = setting(Policy(rules=replace(AT_ONCE, live=False))), setting()
    alert = tick(raised(2, MORNING, shadow), shadow, MORNING + 2 * DAY).alert
    assert (alert.live, alert.level) == (False, 1)
    seen = moved(alert, 2, MORNING + 5 * DAY, live)
    assert [(event.action, ids(event.calls)) for event in seen.events] == [
        (Action.RAISED, {ALICE, BOB, "SFINOPS", DAVE})
    ]
    assert (seen.alert.live, seen.alert.level, seen.alert.due) == (True, 0, date(2026, 11, 20))
    gone = moved(alert, 0, MORNING + 5 * DAY, live)
    assert [event.action for event in gone.events] == [Action.RESOLVED]
    assert (gone.alert.live, gone.alert.step, gone.alert.answer_by) == (False, 0, None)


def test_shadow_mode_silences_what_is_alive() -> None:
    """Switched to shadow mode, an alert that was posted is only watched from its next event on."""
    shadow = setting(Policy(rules=replace(AT_ONCE, live=False)))
    alert = raised(2)
    assert alert.answer_by is not None
    assert tick(alert, shadow, alert.answer_by).alert.live is False
    assert moved(alert, 3, MORNING + HOUR, shadow).alert.live is False


def test_a_concluded_alert_never_changes() -> None:
    """Neither figures nor time nor people move it again, and the one event calls nobody."""
    held = acknowledge(raised(3), BOB, "button", setting(), MORNING).alert
    change = conclude(held, "the month is closed", setting(), MORNING)
    assert [(event.action, event.calls, event.note) for event in change.events] == [
        (Action.CONCLUDED, (), "the month is closed")
    ]
    ended = change.alert
    assert moved(ended, 2, MORNING + DAY).alert == ended
    assert tick(ended, setting(), MORNING + 90 * DAY).alert == ended
    assert conclude(ended, "again", setting(), MORNING).alert == ended
    assert (ended.status(MORNING), next_at(ended, setting().policy)) == (Status.RESOLVED, None)
    for refused in (
        lambda: acknowledge(ended, BOB, "button", setting(), MORNING),
        lambda: snooze(ended, BOB, MORNING + DAY, "why", setting(), MORNING),
        lambda: take_back(ended, BOB, setting(), MORNING),
        lambda: end_snooze(ended, BOB, setting(), MORNING),
    ):
        with pytest.raises(AnswerRefused):
            refused()


def test_a_snooze_says_until_when_and_why() -> None:
    """An end that is past or too far ahead, and a missing reason, are refused, and nothing changes."""
    alert = raised(1)
    for until, why, fault in (
        (MORNING, "known", "in the past"),
        (MORNING, "known", "in the past"),
        (MORNING + 15 * DAY, "known", "14 days at most"),
        (MORNING + DAY, "  ", "needs a reason"),
    ):
        with pytest.raises(AnswerRefused, match=fault):
            snooze(alert, BOB, until, why, setting(), MORNING)
    longest = snooze(alert, BOB, MORNING + 14 * DAY, " known ", setting(), MORNING)
    assert [(event.action, event.by, event.note) for event in longest.events] == [(Action.SNOOZED, BOB, "known")]
    asleep = snooze(alert, BOB, MORNING + DAY, " known ", setting(), MORNING).alert
    ended = end_snooze(asleep, ALICE, setting(), MORNING + HOUR)
    assert [(event.action, event.by, event.calls) for event in ended.events] == [(Action.SNOOZE_ENDED, ALICE, ())]
    assert ended.alert.answer_by == datetime(2026, 11, 5, 11, tzinfo=UTC)


def test_quiet_hours_give_people_their_time() -> None:
    """Raised at night, the tier's working hours count from the morning in which it is heard."""
    night = datetime(2026, 11, 3, 22, tzinfo=UTC)
    heard = raised(3, night, setting(Policy(rules=AlertRules())))
    assert heard.answer_by == datetime(2026, 11, 4, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "step", "name"),
    [
        (Kind.FORECAST, 0, "within budget"),
        (Kind.FORECAST, 1, "investigate"),
        (Kind.CLOSED, -2, "formal (under)"),
        (Kind.FORECAST, 9, "emergency"),
        (Kind.THRESHOLD, 1, "50 %"),
        (Kind.THRESHOLD, 3, "100 %"),
        (Kind.THRESHOLD, 9, "100 %"),
    ],
)
def test_rungs_have_names(kind: Kind, step: int, name: str) -> None:
    """A tier by its name, a threshold by its share; a rung the policy no longer has by the highest it has."""
    assert rung_name(kind, step, Policy()) == name


def test_a_policy_that_lost_its_rungs_does_not_break_its_alerts() -> None:
    """Alerts that stand on tiers or thresholds taken out of the configuration still move, and resolve."""
    short = setting(Policy(LADDER[:2], replace(AT_ONCE, thresholds=())))
    alert = raised(3, key=USED)
    assert moved(alert, 0, MORNING + HOUR, short).events[0].was["tier"] == "threshold 3"
    tall = raised(3)
    assert moved(tall, 1, MORNING + HOUR, short).events[0].was["tier"] == "investigate"
    assert alert.answer_by is None and tall.answer_by is not None
    assert ids(tick(tall, short, tall.answer_by).events[0].calls) == {"SFINOPS"}


def test_nobody_to_call_is_no_error() -> None:
    """A team without anybody has alerts that rise, wait for nobody and resolve."""
    nobody = setting(callees={})
    change = evaluate(None, KEY, reading(2), nobody, MORNING)
    assert change is not None
    assert (change.events[0].calls, change.alert.answer_by) == ((), None)
    policy = Policy((LADDER[0], Tier("only", Decimal("0.1"), (), "look")), AT_ONCE)
    assert raised(1, given=setting(policy)).due is None


def test_a_key_is_written_and_read() -> None:
    """An alert's key as text gives the key again."""
    assert str(USED) == "payments/2026-11/threshold/USD"
    assert AlertKey.parse(str(USED)) == USED == AlertKey("payments", Month(2026, 11), Kind.THRESHOLD, "USD")


def test_a_duty_that_is_done_is_asked_for_no_more() -> None:
    """Once it is done, time alone calls nobody: neither silence, nor the due day, nor an acknowledgement that ends."""
    life = Life(setting(), alert=acknowledge(raised(2), ALICE, "button", setting(), MORNING).alert)
    life.answer(lambda alert, given, now: do_duty(alert, BOB, "planned", given, now))
    life.until(MORNING + 300 * DAY)
    assert [event.action for event in life.told] == [Action.DONE]
    assert life.alert and life.alert.status(life.now) is Status.ACKNOWLEDGED


def test_what_was_done_can_be_open_again() -> None:
    """Whoever did it has the turn for an acknowledgement's time and a new due day; then they are asked again."""
    life = Life(setting(), alert=raised(2))
    life.answer(lambda alert, given, now: do_duty(alert, BOB, "explained", given, now))
    life.until(MORNING + 20 * DAY)
    life.answer(lambda alert, given, now: undo_duty(alert, "explained", "returned", given, now, by=DAVE))
    alert = life.alert
    assert alert and alert.status(life.now) is Status.ACKNOWLEDGED and alert.duty_done is None
    assert alert.acknowledgement and (alert.acknowledgement.by, alert.acknowledgement.via) == (BOB, "explained")
    assert alert.due and alert.due > life.now.date()
    life.until(MORNING + 40 * DAY)
    told = [(event.action, event.by, BOB in ids(event.calls)) for event in life.told]
    assert told[:2] == [(Action.DONE, BOB, False), (Action.UNDONE, DAVE, False)]
    assert {(Action.EXPIRED, "", True), (Action.OVERDUE, "", True)} & set(told[2:])
    spoken = do_duty(raised(2), BOB, "said so", setting(), MORNING).alert
    assert undo_duty(spoken, "explained", "returned", setting(), MORNING).events == ()


def test_nothing_is_open_again_where_the_rung_does_not_rest_on_it() -> None:
    """What was done for a rung that the alert has risen above, or that was done in another way too, is forgotten
    without a word: nothing is open that was not before.
    """
    risen = moved(do_duty(raised(1), BOB, "explained", setting(), MORNING).alert, 2, MORNING + HOUR).alert
    forgotten = undo_duty(risen, "explained", "submitted", setting(), MORNING + 2 * HOUR)
    assert forgotten == Change(replace(risen, done=()))
    spoken = do_duty(risen, DAVE, "said so", setting(), MORNING + 2 * HOUR).alert
    kept = undo_duty(spoken, "explained", "withdrawn", setting(), MORNING + 3 * HOUR)
    assert kept == Change(replace(spoken, done=spoken.done[1:])) and kept.alert.duty_done == spoken.done[1]


def test_what_is_done_is_done_for_its_rung() -> None:
    """A rise above it asks and calls anew, and so does a return to the rung after a fall."""
    done = do_duty(raised(2), BOB, "", setting(), MORNING).alert
    rose = moved(done, 3, MORNING + HOUR)
    assert rose.alert.duty_done is None and rose.events[0].calls
    fell = moved(done, 1, MORNING + HOUR).alert
    assert fell.duty_done is None and fell.status(MORNING + HOUR) is Status.OPEN
    again = moved(fell, 2, MORNING + 2 * HOUR)
    assert again.alert.duty_done is None and again.events[0].calls
    with pytest.raises(AnswerRefused, match="nothing"):
        do_duty(raised(1, key=USED), BOB, "", setting(), MORNING)


def test_a_closed_month_asks_for_no_forecast() -> None:
    """What is asked for of a closed month can be done of it: it is explained, whatever the tier asked for before."""
    policy = setting().policy
    assert {duty_of(Kind.CLOSED, step, policy) for step in (-3, -2, -1)} == {""}
    assert duty_of(Kind.CLOSED, 1, policy) == "explain the variance"
    assert "freeze" not in duty_of(Kind.CLOSED, 3, policy) and "freeze" in duty_of(Kind.FORECAST, 3, policy)
