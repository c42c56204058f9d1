"""Alerts in words: what is found, who is named, which answers are offered, and what forms ask."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from made_up_alert_messages import ALERT_CASES, of_payments
from made_up_alerts import (
    ACKNOWLEDGED,
    CALLEES,
    DONE,
    EMERGENCY,
    ESCALATED,
    EXPIRED_FREEZE,
    HOUR,
    LIFTED,
    NAMES,
    NOW,
    OPEN,
    POLICY,
    SILENCE,
    SNOOZED,
    declined,
    frozen,
    many_alerts,
    moved,
    raised,
    teams_of,
    threshold,
    with_rules,
)
from made_up_months import PAYMENTS

from finops.alert import Alert, Callee
from finops.freeze import Freeze
from finops.policy import LADDER, Kind, Role
from views import blocks
from views.alert_words import finding, rung, silence, standing, until_then
from views.alerts import alerts_message
from views.answers import standing_message
from views.freeze import exception_modal, freeze_modal
from views.message import Message
from views.people import callee, some
from views.snooze import snooze_modal, snooze_preview
from views.text import clip_markup
from views.tiers import within
from views.time import day, moment

MOMENT = datetime(2026, 11, 18, 16, 5, 59, tzinfo=UTC)


def buttons(made: Message | dict[str, Any]) -> list[tuple[str, str]]:
    """Label and action_id of every button, in order."""
    shown = made.blocks if isinstance(made, Message) else made["blocks"]
    rows = [block["elements"] for block in shown if block["type"] == "actions"]
    return [(each["text"]["text"], each["action_id"]) for row in rows for each in row]


def test_the_finding_is_one_sentence_of_figures() -> None:
    """The finding says team, amount, month, how much over or under in money and percent, and what is forecast."""
    assert finding(OPEN.alert, PAYMENTS) == (
        "*Payments* is heading for $53,100 in November 2026: $3,100 (6.2 %) over its budget of $50,000. "
        "$28,400.50 is spent through 14 Nov; the rest is forecast."
    )
    assert finding(threshold().alert, PAYMENTS) == (
        "*Payments* has used 81 % of its budget for November 2026 by 14 Nov, day 14 of 30 (target line: 47 %): "
        "$40,500 of $50,000."
    )
    assert "under its budget" in finding(raised(-3).alert, PAYMENTS)


def test_rungs_have_names() -> None:
    """A tier goes by its name, underspend says so, and a threshold by its share of the budget, 100 % included."""
    steps = [rung(Kind.FORECAST, step, POLICY) for step in (3, 1, 0, -3)]
    assert steps == ["emergency", "investigate", "within budget", "emergency (under)"]
    assert [rung(Kind.THRESHOLD, step, POLICY) for step in (1, 2, 3, 9)] == [
        "50 % of the budget",
        "80 % of the budget",
        "100 % of the budget",
        "100 % of the budget",
    ]
    short = replace(POLICY, ladder=LADDER[:2], rules=replace(POLICY.rules, thresholds=()))
    assert (rung(Kind.CLOSED, 3, short), rung(Kind.THRESHOLD, 1, short)) == ("investigate", "part of the budget")


@pytest.mark.parametrize(
    ("alert", "now", "offered"),
    [
        (OPEN.alert, NOW, ["Acknowledge", "Explain", "Snooze", "Drivers"]),
        (ACKNOWLEDGED.alert, NOW + HOUR, ["Take back", "Explain", "Snooze", "Drivers"]),
        (SNOOZED.alert, NOW + HOUR, ["End snooze", "Explain", "Drivers"]),
        (moved(OPEN, 0)[0].alert, NOW + HOUR, ["Drivers"]),
        (replace(OPEN.alert, concluded="the month is closed"), NOW, ["Drivers"]),
        (EMERGENCY.alert, NOW, ["Acknowledge", "Explain", "Snooze", "Drivers", "Decide on a freeze"]),
    ],
)
def test_each_state_offers_its_answers(alert: Alert, now: datetime, offered: list[str]) -> None:
    """The buttons are those that mean something where the alert stands, and each carries the alert's key."""
    made = of_payments(alert, now)
    assert [label for label, _ in buttons(made)] == offered
    values = [each["value"] for block in made.blocks if block["type"] == "actions" for each in block["elements"]]
    assert set(values) == {str(alert.key)}


@pytest.mark.parametrize(
    ("freeze", "offered"),
    [
        (frozen(), ["freeze_exception", "freeze_lift"]),
        (declined(), ["alert_freeze"]),
        (EXPIRED_FREEZE, ["alert_freeze"]),
        (LIFTED, ["alert_freeze"]),
    ],
)
def test_a_freeze_offers_what_can_be_done_about_it(freeze: Freeze, offered: list[str]) -> None:
    """A freeze in force can be lifted or excepted from; while the emergency stands, all else can be decided anew."""
    found = [action for _, action in buttons(of_payments(EMERGENCY.alert, freeze=freeze))]
    assert found[4:] == offered


def test_what_silence_does_is_said() -> None:
    """The next called are named with the instant; at the end of the chain nothing is said."""
    assert silence(OPEN.alert, NAMES) == (
        f"If nobody acknowledges by {moment(OPEN.alert.answer_by or NOW)}, Finance is called next: "
        "Greta and gus@example.com (not found in Slack)."
    )
    assert silence(ESCALATED.alert, NAMES) == silence(ACKNOWLEDGED.alert, NAMES) == ""


def test_where_it_stands_is_said_with_who_and_until_when() -> None:
    """Every state names who put it there, until when, and what ends it early."""
    given, asleep = ACKNOWLEDGED.alert.acknowledgement, SNOOZED.alert.snooze
    assert given and asleep
    assert standing(ACKNOWLEDGED.alert, POLICY, NAMES, NOW + HOUR) == (
        f"*Acknowledged* by Ada, {moment(given.at)}; it holds until {moment(given.until)}. Until then nobody is "
        "called, unless it rises above *investigate* or what is due on Mon 23 Nov is not done."
    )
    assert standing(SNOOZED.alert, POLICY, NAMES, NOW + HOUR) == (
        f"*Snoozed* by Bob until {moment(asleep.until)}: “The migration ∗ends∗ on Sunday”. Until then nobody is "
        "called, unless it rises above *investigate*."
    )
    assert standing(SNOOZED.alert, POLICY, {}, NOW + HOUR).startswith("*Snoozed* by U2 until")
    assert until_then(raised(-1).alert, -1, POLICY) == (
        "Until then nobody is called, unless the gap grows or turns into overspend."
    )


def test_callees_are_mentioned_named_or_said_to_be_unknown() -> None:
    """Somebody called is mentioned, somebody spoken of is named, and whom Slack does not know is said to be unknown."""
    ada, group = CALLEES[Role.OWNER][0], CALLEES[Role.FINOPS][0]
    assert (callee(ada, NAMES, True), callee(ada, NAMES, False)) == ("<@U1>", "Ada")
    assert (callee(group, NAMES, True), callee(group, NAMES, False)) == ("<!subteam^S1>", "@finops")
    assert callee(ada, {}, False) == "ada@example.com"
    assert callee(Callee(Role.OWNER, "<!here>"), NAMES, True) == "&lt;!here&gt; (not found in Slack)"
    assert callee(replace(ada, id="U9", stands_in_for="U1"), NAMES, True) == "<@U9> for Ada, who is on leave"


def test_many_are_counted() -> None:
    """Of more than ten the rest is a number, and the number is right."""
    assert some(["a"]) == "a"
    assert some(list("abcdefghij")) == "a, b, c, d, e, f, g, h, i and j"
    assert some([str(number) for number in range(200)]).endswith("7, 8 and 191 more")


def test_times_are_each_readers_own() -> None:
    """An instant is Slack's own date, with UTC for whoever cannot show that; a day has its weekday and no year."""
    assert moment(MOMENT) == "<!date^1795017959^{date_short_pretty} at {time}|18 Nov, 16:05 UTC>"
    assert moment(MOMENT) == moment(MOMENT.astimezone())
    assert (day(date(2026, 11, 18)), day(date(2026, 1, 2))) == ("Wed 18 Nov", "Fri 2 Jan")


def test_working_days_are_said_as_people_say_them() -> None:
    """Ten working days are two weeks; five stay five working days, as the runbook has them."""
    said = [within(days) for days in (None, 0, 1, 5, 7, 10, 15)]
    assert said == [
        "",
        "on the same working day",
        "within 1 working day",
        "within 5 working days",
        "within 7 working days",
        "within 2 weeks",
        "within 3 weeks",
    ]


@pytest.mark.parametrize("most", range(1, 70))
def test_no_mention_is_cut_in_two(most: int) -> None:
    """Clipped text holds mentions and dates whole or not at all."""
    shown = clip_markup(f"ab <@U123> cd <!subteam^S1> {moment(MOMENT)} & so on", most)
    assert len(shown) <= most
    assert shown.count("<") == shown.count(">")


def test_the_worst_come_first() -> None:
    """Overspend stands before thresholds and those before underspend, the highest rung first."""
    alerts = [raised(-3).alert, threshold().alert, OPEN.alert, raised(3).alert, raised(-1).alert, raised(2).alert]
    made = alerts_message(alerts, {"payments": PAYMENTS}, {"payments": POLICY}, [], NAMES, NOW)
    found = [block["text"]["text"].split("*")[1] for block in made.blocks[1:]]
    assert found == [
        "emergency",
        "formal",
        "investigate",
        "80 % of the budget",
        "emergency (under)",
        "investigate (under)",
    ]


def test_a_row_says_what_the_alert_says() -> None:
    """What is done is listed as done, also where somebody had taken it on, and what is late as overdue."""
    late = replace(ACKNOWLEDGED.alert, dues={1: date(2026, 11, 13)})
    taken_on = replace(late, done=DONE.alert.done)
    alerts = [late, DONE.alert, taken_on]
    made = alerts_message(alerts, {"payments": PAYMENTS}, {"payments": POLICY}, [], NAMES, NOW + HOUR)
    first, *rows = [block["text"]["text"].split("\n")[-1] for block in made.blocks]
    assert first == "*3 alerts*: 3 at investigate (1 acknowledged, 2 done)."
    done = f"Done by Ada, {moment(NOW + HOUR)}."
    held = f"Acknowledged by Ada until {moment(late.acknowledgement.until)}; overdue since Fri 13 Nov."
    assert rows == [held, done, done]


def test_an_answer_begins_with_the_alert() -> None:
    """Whoever presses an old button reads which alert it is, with nothing before it."""
    text = standing_message(DONE.alert, PAYMENTS, POLICY, NAMES, NOW + HOUR).text
    assert text.startswith("*Payments*, forecast alert of November 2026: *Done* by Ada")
    text = standing_message(DONE.alert, PAYMENTS, POLICY, NAMES, NOW + HOUR, first="Bob was faster.").text
    assert text.startswith("Bob was faster. *Payments*, forecast alert")


def test_every_alert_is_counted() -> None:
    """Of 120 alerts 20 are named, each with a button of its own, and all are counted by rung and by state."""
    alerts = many_alerts(120)
    policies = dict.fromkeys((alert.key.team for alert in alerts), POLICY)
    made = alerts_message(alerts, teams_of(alerts), policies, [], NAMES, NOW + HOUR)
    assert made.blocks[0]["text"]["text"] == (
        "*120 alerts*: 20 at emergency, 60 at investigate, 20 at 80 % of the budget, 20 at formal (under) "
        "(80 open, 20 acknowledged, 20 snoozed)."
    )
    values = [block["accessory"]["value"] for block in made.blocks if "accessory" in block]
    assert len(set(values)) == 20
    assert "… and 100 more" in str(made.blocks[-1])
    named = made.text.count("is heading for")
    assert f"… and {120 - named} more" in made.text


def test_a_snooze_is_previewed_before_it_happens() -> None:
    """The form proposes a day within the longest snooze; its preview carries alert, instant and reason along."""
    [ask] = [
        each for each in snooze_modal(OPEN.alert, PAYMENTS, POLICY, NOW)["blocks"] if each.get("block_id") == "until"
    ]
    assert ask["element"]["initial_date"] == "2026-11-19"
    short = snooze_modal(OPEN.alert, PAYMENTS, with_rules(longest_snooze=1), NOW)
    assert '"initial_date": "2026-11-17"' in json.dumps(short)
    until = NOW + timedelta(days=9)
    shown = snooze_preview(EMERGENCY.alert, PAYMENTS, POLICY, until, " Known. ", NAMES, NOW)
    assert json.loads(shown["private_metadata"]) == {
        "alert": str(EMERGENCY.alert.key),
        "until": until.isoformat(),
        "why": "Known.",
    }
    assert moment(SILENCE) in str(shown) and "What is due on Tue 17 Nov" in str(shown)


def test_forms_ask_what_is_needed() -> None:
    """Each form's inputs have the block ids that its answer is read by, and what may be left out is optional."""
    asked = {
        view["callback_id"]: [
            (each["block_id"], each["optional"]) for each in view["blocks"] if each["type"] == "input"
        ]
        for view in (
            snooze_modal(OPEN.alert, PAYMENTS, POLICY, NOW),
            freeze_modal(EMERGENCY.alert, PAYMENTS, NOW),
            exception_modal(frozen(), PAYMENTS),
        )
    }
    assert asked == {
        "snooze": [("until", False), ("why", False)],
        "freeze": [("decision", False), ("what", True), ("until", True), ("why", False)],
        "freeze_exception": [("what", False), ("until", False), ("why", False)],
    }


def test_inputs_keep_their_limits() -> None:
    """Too many choices are refused, and no text longer than Slack takes is proposed or asked for."""
    with pytest.raises(ValueError, match="11 options"):
        blocks.choice_input("decision", "Which?", [(str(number), str(number)) for number in range(11)])
    made = blocks.text_input("why", "Why?", initial="x" * 900, most=500)
    assert len(made["element"]["initial_value"]) == made["element"]["max_length"] == 500
    assert blocks.text_input("why", "Why?", most=9_000)["element"]["max_length"] == 3_000


def test_every_message_of_an_alert_names_its_basis() -> None:
    """The message of every alert says which cost is counted and how far the data reaches."""
    for name, case in ALERT_CASES.items():
        made = case()
        if name.startswith("alert_") and isinstance(made, Message):
            assert "Basis: effective" in made.text and "Data through" in made.text.replace(
                "No data since", "Data through"
            )
