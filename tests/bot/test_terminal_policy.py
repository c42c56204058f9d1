"""`finops policy check`: the ladder in plain words; and what `finops policy` refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.installation import Installation
from tests.bot.policy_terminal import REPLAY, as_json, finops, over_budget


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company on 12 November; payments is heading for 7 % over its budget."""
    return over_budget(tmp_path)


def test_the_ladder_in_plain_words(place: Installation) -> None:
    """`policy check` says of each step from when on whom it calls, what they must do by when, and whom silence does."""
    result = finops(place, "policy", "check")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (
        result.stdout
        == """\
The policy of Example, for amounts in each team's currency and times on each team's clock.

What is judged
  A running month by its forecast against the approved budget (kind forecast).
  A running month by the part of the budget that its actual has used (kind threshold).
  An ended month by its final actual (kind closed), from working day 5 of the next on: November 2026 from Mon 7 \
Dec 2026.
  Every variance counts: no materiality is set.

Overspend
  note, up to 5 %: nobody is called (noted in the report).
  investigate, over 5 % up to 10 %:
    calls the owners, FinOps (@finops) and the engineering lead
    to do: find the driver, update the forecast and explain, within 5 working days
    no answer in 16 working hours: calls Finance (dave@example.com), then as long again: the executive sponsor \
(erin@example.com)
  formal, over 10 % up to 20 %:
    calls the owners, FinOps (@finops), Finance (dave@example.com) and the engineering lead
    to do: formal variance report with a corrective plan, within 10 working days
    no answer in 8 working hours: calls the executive sponsor (erin@example.com)
  emergency, over 20 %:
    calls the owners, the executive sponsor (erin@example.com) and Finance (dave@example.com)
    to do: emergency review; decide on a freeze of non-critical spend, within 1 working day
    no answer in 4 working hours: calls FinOps (@finops) and the engineering lead
    in addition: the executive sponsor decides on a freeze of spend, and the week's most calls do not hold it back
  A budget of zero has no ratio: any variance that counts is investigate.

Underspend
  note, up to 5 %: nobody is called (noted in the report).
  investigate, over 5 % up to 10 %:
    calls the owners and FinOps (@finops)
    to do: update the forecast
    silence calls nobody further
  formal, over 10 % up to 20 %:
    calls the owners and FinOps (@finops)
    to do: update the forecast
    silence calls nobody further
  emergency, over 20 %:
    calls the owners and FinOps (@finops)
    to do: update the forecast
    silence calls nobody further

Parts of the budget
  past 50 %: is said, and calls nobody
  past 80 %: calls the owners
  past 100 %: calls the owners and the engineering lead
  While the month's forecast alert is alive, this stands in its thread and calls nobody.

Answers, repeats and silence
  An acknowledgement holds for 3 working days; then whoever gave it and the owners are asked again. A snooze lasts 14 \
days at most.
  A rise within 24 hours of the alert's last call is only noted, where that call went to all it would call.
  A team is called 7 times a week at most, Monday to Sunday; what is more stands in one digest. emergency is never \
held back.
  Explanations are reviewed within 3 working days, answered by their author within 3 working days.
  Nobody is called from 20:00 to 07:00; what rises then is said afterwards.
  A team without a channel has no place for its alerts: only whom they call hears of them.

Working time
  Monday, Tuesday, Wednesday, Thursday and Friday, 09:00 to 17:00, Europe/Berlin.
  No holidays are known up to Fri 12 Feb 2027: calendar.country is not set.

Warnings
  Teams search and idle have no engineering lead.
"""
    )


ODD = """
company: Odd
timezone: Europe/Berlin
tiers:
  - {name: calm, above: 0, explanation_answer_within: 10}
  - {name: look, above: 4 %, who: [finops], due: 1, answer_within: 16, duty: look, who_under: []}
  - {name: care, above: 7.5 %, duty: take care, due: 0, above_amount: 500, duty_under: ""}
  - {name: stop, above: 20 %, who: [executive_sponsor, finance], duty: stop it, above_amount: 5000, answer_within: 1,
     explanation_review_within: 1, explanation_answer_within: 2}
explanations: {review_within: 4}
materiality: {amount: 100, ratio: 8 %, rule: or}
roles: {finance: [dave@example.com]}
alerts:
  mode: shadow
  kinds: [forecast, threshold]
  most_pings: 1
  thresholds: [{above: 82.5 %, who: [finops]}]
  quiet_hours: {from: "00:00", to: "00:00", days_off: true}
  realert_after: 90m
  channel: "#finops"
calendar: {country: DE, subdivision: BE, holidays: [2026-12-24]}
teams:
  - {slug: a, owners: [a@example.com], channel: "#a", timezone: Asia/Tokyo,
     calendar: {country: JP, hours: "10:00-19:00", weekend: [sunday]}}
  - {slug: b, owners: [b@example.com], engineering_lead: l@example.com, materiality: {amount: 5}}
"""


def test_a_policy_with_doubts(place: Installation, tmp_path: Path) -> None:
    """Another file is explained without being in force: roles without people, teams that differ, and warnings."""
    (tmp_path / "odd.yaml").write_text(ODD)
    result = finops(place, "policy", "check", "--policy", str(tmp_path / "odd.yaml"))
    assert result.exit_code == 0
    assert (
        result.stdout
        == """\
The policy of Odd, for amounts in each team's currency and times on each team's clock.
SHADOW MODE: alerts are evaluated and recorded; none is posted, and nobody is called.

What is judged
  A running month by its forecast against the approved budget (kind forecast).
  A running month by the part of the budget that its actual has used (kind threshold).
  A variance counts from an amount of 100 or a ratio of 8 % on; a smaller one stays in the first step.

Overspend
  calm, up to 4 %: nobody is called.
    explanations, also of underspend: reviewed within 4 working days, answered by their author within 10 working days
  look, over 4 % up to 7.5 %:
    calls the owners and FinOps (nobody)
    to do: look, within 1 working day
    no answer in 16 working hours: calls the executive sponsor (nobody) and Finance (dave@example.com)
  care, over 7.5 % up to 20 %:
    calls the owners
    to do: take care, the same working day
    silence calls nobody further
  stop, over 20 %:
    calls the owners, the executive sponsor (nobody) and Finance (dave@example.com)
    to do: stop it
    silence calls nobody further
    in addition: nobody has the role to decide on a freeze of spend, and the week's most calls do not hold it back
    explanations, also of underspend: reviewed within 1 working day, answered by their author within 2 working days
  A budget of zero has no ratio, the variance decides: care over 500 and stop over 5000.

Underspend
  calm, up to 4 %: nobody is called (update the forecast).
  look, over 4 % up to 7.5 %:
    calls the owners
    to do: update the forecast
    silence calls nobody further
  care, over 7.5 % up to 20 %:
    calls the owners and FinOps (nobody)
    silence calls nobody further
  stop, over 20 %:
    calls the owners and FinOps (nobody)
    to do: update the forecast
    silence calls nobody further

Parts of the budget
  past 82.5 %: calls FinOps (nobody)
  While the month's forecast alert is alive, this stands in its thread and calls nobody.

Answers, repeats and silence
  An acknowledgement holds for 3 working days; then whoever gave it and the owners are asked again. A snooze lasts 14 \
days at most.
  A rise within 90 minutes of the alert's last call is only noted, where that call went to all it would call.
  A team is called 1 time a week at most, Monday to Sunday; what is more stands in one digest. stop is never held back.
  Explanations are reviewed within 4 working days, answered by their author within 3 working days, unless their tier \
says otherwise.
  Nobody is called on weekends and holidays; what rises then is said afterwards.
  Alerts of teams without a channel go to #finops.

Working time
  Monday, Tuesday, Wednesday, Thursday and Friday, 09:00 to 17:00, Europe/Berlin.
  Holidays of DE-BE up to Fri 12 Feb 2027: Thu 24 Dec 2026, Fri 25 Dec 2026 (Christmas Day) and Fri 1 Jan 2027 (New \
Year's Day).

Teams that differ
  a:
    clock: Asia/Tokyo
    Monday, Tuesday, Wednesday, Thursday, Friday and Saturday, 10:00 to 19:00.
    Holidays of JP up to Fri 12 Feb 2027: Mon 23 Nov 2026 (Labor Thanksgiving Day), Fri 1 Jan 2027 (New Year's Day), \
Mon 11 Jan 2027 (Coming of Age Day) and Thu 11 Feb 2027 (Foundation Day).
  b:
    A variance counts from an amount of 5 on; a smaller one stays in the first step.

Warnings
  Alerts are in shadow mode: they are evaluated and recorded, and nobody is called.
  look waits 16 working hours for an answer, and what is to be done is due within 8.
  care names no role to call: only the owners hear of it.
  stop waits for an answer, and nobody is left to call when none comes.
  roles.finops names nobody, and look, care, stop and thresholds would call them.
  roles.executive_sponsor names nobody, and stop would call them.
  Nobody has a role to be called in teams a and b by the 82.5 % threshold.
"""
    )


LIKELY = """
tiers:
  - {name: calm, above: 0}
  - {name: loud, above: 10 %, chance: 70 %, duty: explain}
"""


def test_a_step_that_is_reached_by_chance(place: Installation, tmp_path: Path) -> None:
    """It is said from which chance on a running month is on it, and below which an alert leaves it, both ways."""
    (tmp_path / "likely.yaml").write_text(LIKELY)
    asked = ("policy", "check", "--policy", str(tmp_path / "likely.yaml"))
    said = finops(place, *asked).stdout.splitlines()
    assert [line for line in said if "chance" in line] == [
        f"    while the month runs: from a chance of 70 % on to end more than 10 % {side}, whatever is expected; left "
        "below 56 %"
        for side in ("over", "under")
    ]
    assert [tier["chance"] for tier in as_json(place, *asked)["tiers"]] == ["0.7", "0.7"]


def test_the_ladder_for_programs(place: Installation, tmp_path: Path) -> None:
    """JSON has everything that the words say, with the people of one team where it is asked for."""
    found = as_json(place, "policy", "check", "--team", "payments")
    assert list(found) == [
        "mode",
        "kinds",
        "materiality",
        "tiers",
        "thresholds",
        "explanations",
        "acknowledgement_holds_working_days",
        "longest_snooze_days",
        "realert_after_minutes",
        "most_pings",
        "quiet_hours",
        "close_on",
        "channel",
        "calendar",
        "teams",
        "warnings",
    ]
    assert [(tier["name"], tier["direction"]) for tier in found["tiers"]] == [
        (name, direction) for direction in ("over", "under") for name in ("investigate", "formal", "emergency")
    ]
    assert found["tiers"][0] == {
        "name": "investigate",
        "direction": "over",
        "above": "0.05",
        "up_to": "0.1",
        "above_amount": None,
        "chance": None,
        "calls": [
            {"role": "owner", "names": ["alice@example.com"]},
            {"role": "finops", "names": ["@finops"]},
            {"role": "engineering_lead", "names": ["bob@example.com"]},
        ],
        "duty": "find the driver, update the forecast and explain",
        "due_working_days": 5,
        "answer_within_working_hours": 16,
        "silence_calls": [
            [{"role": "finance", "names": ["dave@example.com"]}],
            [{"role": "executive_sponsor", "names": ["erin@example.com"]}],
        ],
        "never_held_back": False,
    }
    assert found["thresholds"][2]["calls"][0] == {"role": "owner", "names": ["alice@example.com"]}
    assert (found["quiet_hours"], found["warnings"]) == ({"from": "20:00", "to": "07:00", "days_off": False}, [])
    (tmp_path / "odd.yaml").write_text(ODD.replace('{from: "00:00", to: "00:00", days_off: true}', "off"))
    odd = as_json(place, "policy", "check", "--policy", str(tmp_path / "odd.yaml"))
    assert odd["tiers"][0]["calls"] == [{"role": "owner", "names": None}, {"role": "finops", "names": []}]
    assert (odd["quiet_hours"], odd["channel"], odd["mode"]) == (None, "#finops", "shadow")
    assert odd["explanations"] == [
        {"tier": name, "review_within_working_days": review, "answer_within_working_days": answer}
        for name, review, answer in (("calm", 4, 10), ("look", 4, 3), ("care", 4, 3), ("stop", 1, 2))
    ]
    assert odd["calendar"] == {
        "hours": "09:00-17:00",
        "weekend": ["saturday", "sunday"],
        "country": "DE",
        "subdivision": "BE",
        "holidays": [
            {"day": "2026-12-24", "name": None},
            {"day": "2026-12-25", "name": "Christmas Day"},
            {"day": "2027-01-01", "name": "New Year's Day"},
        ],
        "timezone": "Europe/Berlin",
    }
    assert [(each["teams"], each["timezone"], each["materiality"]) for each in odd["teams"]] == [
        (["a"], "Asia/Tokyo", None),
        (["b"], None, {"amount": "5", "ratio": "0", "rule": "and"}),
    ]


def test_refusals(place: Installation, tmp_path: Path) -> None:
    """What cannot be explained or replayed is refused in one line that says what to do."""
    (tmp_path / "bad.yaml").write_text("alerts: {mode: loud}\n")
    bad = str(tmp_path / "bad.yaml")
    cases = {
        ("policy", "check", "--team", "serch"): "There is no team 'serch'. Did you mean search?",
        ("policy", "check", "--policy", bad): f"{bad}:1:10: alerts.mode: Input should be 'live' or 'shadow'.",
        ("policy", "check", "--policy", "none.yaml"): "There is no configuration file none.yaml.",
        (*REPLAY, "--policy", bad): f"{bad}:1:10: alerts.mode: Input should be 'live' or 'shadow'.",
        (*REPLAY, "--team", "serch"): "There is no team 'serch'. Did you mean search?",
        (
            "policy",
            "replay",
            "--from",
            "2026-11",
            "--to",
            "2026-10",
        ): "2026-11 is after 2026-10. Give the earlier month",
        ("policy", "replay", "--from", "2026-12", "--to", "2026-12"): "2026-12 has not begun yet. Only stored months",
        ("policy", "replay", "--from", "2025-01", "--to", "2025-02"): "No days of January 2025 to February 2025 are",
        ("policy", "replay", "--from", "2026-13", "--to", "2026-13"): "'2026-13' is not a month.",
    }
    for words, said in cases.items():
        result = finops(place, *words)
        assert result.exit_code == 1, words
        assert result.stderr.splitlines()[-1].startswith(f"finops: {said}"), (words, result.stderr)
    assert finops(place, "policy", "replay", "--from", "2026-11").exit_code == 2
    assert finops(place, "policy", "check", "--format", "csv").exit_code == 2
