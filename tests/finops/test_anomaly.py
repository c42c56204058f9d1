from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from finops.anomaly import (
    Anomaly,
    AnomalyAnswer,
    AnomalyEvent,
    AnomalyKey,
    AnomalyRefused,
    AnomalySeries,
    AnomalySetting,
    AnomalyStatus,
    AnomalyStep,
    AnswerKind,
    Cause,
    answers_of,
    ask_for_review,
    evaluate_anomaly,
    expect,
    false_alarm,
    investigate,
    known_as,
    ranked,
    review,
    undo_answer,
    withdraw,
)
from finops.anomaly_cause import leading_causes
from finops.anomaly_found import FoundAnomaly, FoundDay, Shape
from finops.anomaly_joined import joined_with, with_aws
from finops.basis import Basis
from finops.calendar import WorkCalendar
from finops.incoming_alert import AnomalyFigures, IncomingAlert, Origin

SERIES = AnomalySeries("payments", "Amazon Elastic Compute Cloud", "AWS", "USD", Basis.EFFECTIVE)
MONDAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)
SETTING = AnomalySetting(WorkCalendar(), MONDAY)


def found(*costs: int, first: date = MONDAY, over: bool = False, expected: int = 100) -> FoundAnomaly:
    """Days in a row that were expected to cost 100 each."""
    days = tuple(FoundDay(first + timedelta(n), Decimal(cost), Decimal(expected)) for n, cost in enumerate(costs))
    over_on = days[-1].day + timedelta(2) if over else None
    is_increase = costs[0] > expected
    return FoundAnomaly(0, is_increase, Shape.SPIKE, days, first, Decimal(2), Decimal(9), over_on, False)


def new(figures: FoundAnomaly, setting: AnomalySetting = SETTING) -> Anomaly:
    """An anomaly that was just found."""
    return evaluate_anomaly(None, AnomalyKey(SERIES, figures.first_day), figures, (), setting, NOON).anomaly


def later(anomaly: Anomaly, figures: FoundAnomaly, days: int, setting: AnomalySetting = SETTING) -> list[AnomalyEvent]:
    """What happens when it is evaluated some days later."""
    return list(evaluate_anomaly(anomaly, anomaly.key, figures, (), setting, NOON + timedelta(days=days)).events)


def test_an_anomaly_pings_once() -> None:
    """A new increase pings; however it grows afterwards, it does not again."""
    change = evaluate_anomaly(None, AnomalyKey(SERIES, MONDAY), found(300), (), SETTING, NOON)
    assert change.events == (AnomalyEvent(AnomalyStep.FOUND, NOON, pings=True),)
    assert change.anomaly.status(MONDAY) is AnomalyStatus.OPEN
    assert later(change.anomaly, found(300, 300, 900), 2) == []


@pytest.mark.parametrize(
    ("figures", "setting", "note"),
    [
        (found(20), SETTING, "a decrease pings nobody"),
        (found(300), replace(SETTING, live=False), "nobody is pinged in shadow mode"),
        (
            found(300, over=True),
            replace(SETTING, settled_through=MONDAY + timedelta(8)),
            "its last day was long past when it was looked for",
        ),
        (
            found(300),
            replace(SETTING, settled_through=MONDAY + timedelta(8)),
            "its last day was long past when it was looked for",
        ),
    ],
)
def test_what_is_recorded_only(figures: FoundAnomaly, setting: AnomalySetting, note: str) -> None:
    """Decreases, shadow mode, and what was long past at the first look are recorded with the reason for silence."""
    change = evaluate_anomaly(None, AnomalyKey(SERIES, MONDAY), figures, (), setting, NOON)
    assert change.events[0] == AnomalyEvent(AnomalyStep.FOUND, NOON, note=note)
    assert change.anomaly.told_at is None


def test_expected_holds_until_its_day_and_up_to_its_level() -> None:
    """Days up to a tenth above the largest seen do not ping until the day; a larger one does, and one after the day."""
    anomaly = expect(new(found(300)), "U1", MONDAY + timedelta(9), SETTING, NOON).anomaly
    assert anomaly.answer == AnomalyAnswer(
        AnswerKind.EXPECTED, "U1", NOON, MONDAY + timedelta(9), Decimal("330.0"), MONDAY
    )
    assert anomaly.status(MONDAY) is AnomalyStatus.EXPECTED
    again = [AnomalyEvent(AnomalyStep.RAISED_AGAIN, NOON + timedelta(5), pings=True, calls=("U1",))]
    assert later(anomaly, found(300, 330), 5) == []
    assert later(anomaly, found(300, 331), 5) == again
    assert later(anomaly, found(*[300] * 10), 5) == []
    assert later(anomaly, found(*[300] * 11), 5) == again


@pytest.mark.parametrize("over", [False, True])
def test_a_restated_day_pings_beyond_the_limit(over: bool) -> None:
    """A day that was known when the answer was given calls again above its limit, also once it is over, and once only;
    up to the limit, and after a month, it does not.
    """
    expected = expect(new(found(300)), "U1", MONDAY + timedelta(9), SETTING, NOON).anomaly
    alarm = false_alarm(new(found(300)), "U1", SETTING, NOON).anomaly
    again = [AnomalyEvent(AnomalyStep.RAISED_AGAIN, NOON + timedelta(1), pings=True, calls=("U1",))]
    ended = [AnomalyEvent(AnomalyStep.OVER, NOON + timedelta(1))] if over else []
    history = replace(SETTING, settled_through=MONDAY + timedelta(32))
    for anomaly, most in ((expected, 330), (alarm, 500)):
        assert later(anomaly, found(most, over=over), 1) == ended
        assert later(anomaly, found(most + 1, over=over), 1) == again + ended
        told = evaluate_anomaly(anomaly, anomaly.key, found(most + 1, over=over), (), SETTING, NOON + timedelta(1))
        assert told.anomaly.asks(MONDAY) and later(told.anomaly, found(most + 2, over=over), 2) == []
        assert later(anomaly, found(90000, over=over), 1, history) == (ended or again)
    looked_into = investigate(new(found(300)), "U1", SETTING, NOON).anomaly
    assert later(looked_into, found(90000, over=over), 40) == [replace(each, at=NOON + timedelta(40)) for each in ended]


def test_a_false_alarm_raises_what_pings_for_ninety_days() -> None:
    """Another anomaly of the series pings only with a day above twice the excess, and after 90 days as before."""
    anomaly = false_alarm(new(found(300, over=True)), "U1", SETTING, NOON).anomaly
    assert (anomaly.answer and anomaly.answer.limit, anomaly.status(MONDAY)) == (Decimal(400), AnomalyStatus.OVER)

    def pings(cost: int, days: int) -> bool:
        figures = found(cost, first=MONDAY + timedelta(days))
        setting = replace(SETTING, answers=answers_of([anomaly], AnomalyKey(SERIES, figures.first_day)))
        change = evaluate_anomaly(None, AnomalyKey(SERIES, figures.first_day), figures, (), setting, NOON)
        assert change.events[0].pings or change.anomaly.silent_by == "U1"
        return change.events[0].pings

    assert [pings(500, 20), pings(501, 20), pings(500, 93), pings(500, 94)] == [False, True, False, True]
    other = AnomalyKey(replace(SERIES, service="Amazon S3"), MONDAY)
    assert answers_of([anomaly], other) == ()


def test_investigating_silences_the_series_while_it_lasts() -> None:
    """No day pings for ten working days, nor another anomaly of the series; an ended one silences nothing."""
    anomaly = investigate(new(found(300)), "U1", SETTING, NOON).anomaly
    assert anomaly.answer is not None and anomaly.answer.through == date(2026, 11, 19)
    assert later(anomaly, found(300, 900), 14) == []
    assert later(anomaly, found(300, 900), 15) == [
        AnomalyEvent(AnomalyStep.RAISED_AGAIN, NOON + timedelta(15), pings=True, calls=("U1",))
    ]
    other = AnomalyKey(SERIES, MONDAY + timedelta(7))
    assert answers_of([anomaly], other) == (anomaly.answer,)
    assert answers_of([anomaly], anomaly.key) == ()
    assert answers_of([replace(anomaly, found=found(300, over=True))], other) == ()


def test_the_cost_review_is_asked_for_once() -> None:
    """Five working days after an investigated anomaly is over its investigator is reminded, until it was held."""
    anomaly = investigate(new(found(300)), "U1", SETTING, NOON).anomaly
    change = evaluate_anomaly(anomaly, anomaly.key, found(300, over=True), (), SETTING, NOON)
    assert change.events == (AnomalyEvent(AnomalyStep.OVER, NOON),)
    assert change.anomaly.review_on == date(2026, 11, 12)
    assert ask_for_review(change.anomaly, SETTING, NOON + timedelta(days=6)).events == ()
    due = NOON + timedelta(days=7)
    asked = ask_for_review(change.anomaly, SETTING, due)
    assert asked.events == (AnomalyEvent(AnomalyStep.REVIEW_ASKED, due, calls=("U1",)),)
    assert ask_for_review(asked.anomaly, SETTING, due).events == ()
    held = review(asked.anomaly, "U2", " a runaway job ", due)
    assert held.events == (AnomalyEvent(AnomalyStep.REVIEWED, due, "U2", note="a runaway job"),)
    with pytest.raises(AnomalyRefused, match="<@U2> has said so already"):
        review(held.anomaly, "U1", "", due)


def test_a_review_waits_until_it_is_over_for_good() -> None:
    """What was over and lasts again asks for no review and takes none; over again, it asks for it once more."""
    anomaly = investigate(new(found(300, over=True)), "U1", SETTING, NOON).anomaly
    asked = ask_for_review(anomaly, SETTING, NOON + timedelta(days=7)).anomaly
    lasting = evaluate_anomaly(asked, asked.key, found(300, 300), (), SETTING, NOON + timedelta(days=8)).anomaly
    assert (lasting.review_on, lasting.awaits_review) == (None, False)
    assert ask_for_review(lasting, SETTING, NOON + timedelta(days=20)).events == ()
    over = evaluate_anomaly(lasting, asked.key, found(300, 300, over=True), (), SETTING, NOON + timedelta(days=8))
    assert (over.anomaly.review_on, over.anomaly.awaits_review) == (date(2026, 11, 20), True)
    due = NOON + timedelta(days=15)
    assert ask_for_review(over.anomaly, SETTING, due).events == (
        AnomalyEvent(AnomalyStep.REVIEW_ASKED, due, calls=("U1",)),
    )


@pytest.mark.parametrize("over", [False, True])
def test_the_answer_of_another_leaves_the_review(over: bool) -> None:
    """Whoever looked into it holds its review, also where another says Expected, or takes that back, before or after it
    is over; where they say Expected themselves there is none.
    """
    anomaly = investigate(new(found(300, over=over)), "U1", SETTING, NOON).anomaly
    until = MONDAY + timedelta(9)
    other = expect(anomaly, "U2", until, SETTING, NOON + timedelta(days=1)).anomaly
    for each in (other, undo_answer(other, "U2", NOON).anomaly):
        assert each.investigator == "U1"
        ended = evaluate_anomaly(each, each.key, found(300, over=True), (), SETTING, NOON).anomaly
        assert ended.review_on == date(2026, 11, 12) and ended.is_current(MONDAY)
        due = NOON + timedelta(days=7)
        assert ask_for_review(ended, SETTING, due).events == (
            AnomalyEvent(AnomalyStep.REVIEW_ASKED, due, calls=("U1",)),
        )
    for own in (expect(anomaly, "U1", until, SETTING, NOON), false_alarm(other, "U1", SETTING, NOON)):
        ended = evaluate_anomaly(own.anomaly, anomaly.key, found(300, over=True), (), SETTING, NOON).anomaly
        assert (ended.investigator, ended.review_on) == ("", None)
    assert investigate(other, "U2", SETTING, NOON).anomaly.investigator == "U2"
    assert withdraw(other, "gone", NOON).anomaly.investigator == ""


def test_what_is_over_can_be_answered() -> None:
    """A spike that is over can be looked into: its review is asked for from the answer on."""
    anomaly = investigate(new(found(300, over=True)), "U1", SETTING, NOON).anomaly
    assert (anomaly.review_on, anomaly.status(MONDAY)) == (date(2026, 11, 12), AnomalyStatus.OVER)
    undone = undo_answer(anomaly, "U1", NOON).anomaly
    assert (undone.review_on, undone.answer) == (None, None)
    with pytest.raises(AnomalyRefused, match="There is no review of it"):
        review(undone, "U1", "", NOON)


def test_only_whoever_answered_takes_it_back() -> None:
    """An undone answer has no effect at the next evaluation; somebody else's cannot be undone, nor none."""
    anomaly = expect(new(found(300)), "U1", MONDAY + timedelta(9), SETTING, NOON).anomaly
    with pytest.raises(AnomalyRefused, match="Only they can take it back"):
        undo_answer(anomaly, "U2", NOON)
    undone = undo_answer(anomaly, "U1", NOON)
    assert undone.events == (AnomalyEvent(AnomalyStep.UNDONE, NOON, "U1", note="expected"),)
    assert undone.anomaly.status(MONDAY) is AnomalyStatus.OPEN
    assert answers_of([undone.anomaly], AnomalyKey(SERIES, MONDAY + timedelta(7))) == ()
    with pytest.raises(AnomalyRefused, match="Nothing has been said"):
        undo_answer(undone.anomaly, "U1", NOON)


def test_answers_that_are_refused() -> None:
    """Past and far days, the same answer of somebody else, and answers to what was withdrawn change nothing."""
    anomaly = new(found(300))
    for day, reason in ((date(2026, 11, 4), "That day is past"), (date(2027, 11, 7), "at most")):
        with pytest.raises(AnomalyRefused, match=reason):
            expect(anomaly, "U1", day, SETTING, NOON)
    held = investigate(anomaly, "U1", SETTING, NOON)
    assert held.events == (AnomalyEvent(AnomalyStep.ANSWERED, NOON, "U1", note="investigating"),)
    assert investigate(held.anomaly, "U1", SETTING, NOON).events == ()
    with pytest.raises(AnomalyRefused, match="<@U1> has said so already"):
        investigate(held.anomaly, "U2", SETTING, NOON)
    gone = withdraw(held.anomaly, "the days were restated", NOON).anomaly
    assert (gone.status(MONDAY), gone.answer) == (AnomalyStatus.WITHDRAWN, None)
    assert withdraw(gone, "again", NOON).events == ()
    with pytest.raises(AnomalyRefused, match="do not show it any more"):
        false_alarm(gone, "U1", SETTING, NOON)


def test_a_restated_anomaly_stays_the_same() -> None:
    """One that has a day in common, or begins up to three days otherwise while a day of the old one keeps half of its
    excess, is the one on record; others are new.
    """
    anomaly = new(found(*[300] * 6))
    for first, known in ((-4, None), (-3, anomaly), (5, anomaly), (6, None)):
        assert known_as([anomaly], SERIES, [found(300, first=MONDAY + timedelta(first))], lambda _: Decimal(200)) == [
            known
        ]
    for first, known in ((-3, None), (-1, None), (0, anomaly), (5, anomaly)):
        for cost in (Decimal(199), None):
            figures = found(300, first=MONDAY + timedelta(first))
            assert known_as([anomaly], SERIES, [figures], lambda _, cost=cost: cost) == [known]
    fallen, lower = new(found(20)), found(20, first=MONDAY + timedelta(1))
    assert [known_as([fallen], SERIES, [lower], lambda _, n=n: Decimal(n)) for n in (60, 61)] == [[fallen], [None]]
    assert known_as([anomaly], SERIES, [found(20)]) == [None]
    assert known_as([anomaly], replace(SERIES, provider="GCP"), [found(300)]) == [None]
    assert known_as([withdraw(anomaly, "gone", NOON).anomaly], SERIES, [found(300)]) == [None]


def test_the_surest_match_comes_first() -> None:
    """The same first day goes before days in common, and these before a near day, whichever finding is earlier."""
    first, second = new(found(300)), new(found(300, 300, first=MONDAY + timedelta(3)))
    before, same = found(300, first=MONDAY - timedelta(2)), found(300)
    assert known_as([first], SERIES, [before, same]) == [None, first]
    assert known_as([first, second], SERIES, [found(300, first=MONDAY + timedelta(3))]) == [second]
    assert known_as([first, second], SERIES, [found(300, first=MONDAY + timedelta(4))]) == [second]
    near = [before, found(300, first=MONDAY + timedelta(2))]
    assert known_as([first, second], SERIES, near, lambda _: Decimal(300)) == [first, second]


def test_anomalies_are_ranked_by_money() -> None:
    """The largest excess first, decreases by what they are less, each currency by itself."""
    small, large, less = new(found(150)), new(found(400)), new(found(10))
    euros = replace(small, key=AnomalyKey(replace(SERIES, currency="EUR"), MONDAY))
    assert ranked([small, large, less, euros]) == [euros, large, less, small]


def test_what_caused_it_is_named() -> None:
    """Of each dimension the values that moved most, against as many ordinary days; what moved little is left out."""
    during = {
        "account": {"111": Decimal(500), "222": Decimal(100), "333": Decimal(70)},
        "region": {"eu-west-1": Decimal(670)},
    }
    before = {
        "account": {"111": Decimal(1400), "222": Decimal(700), "444": Decimal(70)},
        "region": {"eu-west-1": Decimal(2170)},
    }
    assert leading_causes(during, before, 2, 14, is_increase=True) == (
        Cause("account", "111", Decimal(300)),
        Cause("account", "333", Decimal(70)),
        Cause("region", "eu-west-1", Decimal(360)),
    )
    assert leading_causes(during, before, 2, 14, is_increase=False) == (Cause("account", "444", Decimal(-10)),)


def aws(service: str = "Amazon Elastic Compute Cloud - Compute", impact: int = 180, begins: int = 1) -> IncomingAlert:
    """What AWS says."""
    days = MONDAY + timedelta(begins), MONDAY + timedelta(begins + 1)
    figures = AnomalyFigures(Decimal(impact), None, None, *days)
    text = IncomingAlert(Origin.ANOMALY_DETECTION, "a-1", NOON, days[1], "", "", service=service)
    return replace(text, currency="USD", figures=figures)


def test_an_anomaly_of_aws_is_joined() -> None:
    """The same team's, service's and days' anomaly has both figures, newer ones of AWS replacing the older."""
    anomaly, small = new(found(300, 300)), new(found(150))
    assert joined_with([small, anomaly], aws(), "payments") is anomaly
    joined = with_aws(anomaly, aws(), NOON)
    assert joined.events == (AnomalyEvent(AnomalyStep.JOINED, NOON, note="a-1"),)
    grown = with_aws(joined.anomaly, aws(impact=400), NOON)
    assert ([each.figures.impact for each in grown.anomaly.aws], grown.events) == ([Decimal(400)], ())
    assert with_aws(grown.anomaly, aws(impact=400), NOON).anomaly == grown.anomaly


@pytest.mark.parametrize(
    ("alert", "team"),
    [
        (aws(), "search"),
        (aws("Amazon Simple Storage Service"), "payments"),
        (aws(begins=4), "payments"),
        (aws(begins=-4), "payments"),
        (aws(impact=-180), "payments"),
        (replace(aws(), figures=None), "payments"),
    ],
)
def test_what_aws_says_of_something_else_is_not_joined(alert: IncomingAlert, team: str) -> None:
    """Another team, service, direction or time stands alone, and so does a message without figures."""
    assert joined_with([new(found(300, 300))], alert, team) is None


def test_only_anomalies_on_aws_are_joined() -> None:
    """One of another provider is never AWS's; without a service any of the team's on AWS can be."""
    anomaly = new(found(300))
    elsewhere = replace(anomaly, key=AnomalyKey(replace(SERIES, provider="Google Cloud"), MONDAY))
    assert joined_with([elsewhere], aws(""), "payments") is None
    assert joined_with([elsewhere, anomaly], aws(""), "payments") is anomaly


def test_who_is_asked_is_asked_until_they_answer() -> None:
    """It asks from its ping to an answer, and again once that has expired; over and answered it asks no more."""
    anomaly, after = new(found(300)), MONDAY + timedelta(9)
    answered = expect(anomaly, "U1", MONDAY + timedelta(8), SETTING, NOON).anomaly
    over = replace(answered, found=found(300, over=True))
    silent = replace(anomaly, told_at=None)
    again = replace(answered, told_at=NOON + timedelta(1))
    cases = (anomaly, answered, over, silent, again, withdraw(anomaly, "gone", NOON).anomaly)
    assert [each.asks(MONDAY) for each in cases] == [True, False, False, False, True, False]
    assert [each.asks(after) for each in cases] == [True, True, False, False, True, False]
    assert [each.is_current(MONDAY) for each in cases] == [True, True, False, True, True, False]
    reviewed = investigate(over, "U2", SETTING, NOON).anomaly
    assert reviewed.is_current(MONDAY) and not review(reviewed, "U2", "", NOON).anomaly.is_current(MONDAY)
