"""`finops policy replay`: what the current policy and another one would have said."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.installation import Installation
from tests.bot.policy_terminal import REPLAY, as_json, finops, over_budget

COUNTED = ("alerts", "calls", "owner", "engineering_lead", "finops", "finance", "executive_sponsor", "digest")
TRIED = "alerts: {thresholds: [{above: 20 %, who: [owner]}], acknowledgement_holds: 5}\nmateriality: {amount: 500}\n"
ASSUMED = """\
Days are stored through Wed 11 Nov 2026: as they are known today, restatements included.
Budgets are the ones approved today; rows belong to the teams they are published for.
Each morning, 08:00 Europe/Berlin, shows the days up to the one before, settled after 3 days, basis effective.
Alerts are live and whoever is called first acknowledges at once; snoozes, explanations and leave are left out.
"""


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company on 12 November; payments is heading for 7 % over its budget."""
    (tmp_path / "try.yaml").write_text(TRIED)
    return over_budget(tmp_path)


def test_a_replay_counts(place: Installation) -> None:
    """`policy replay` gives alerts and calls by team and role with their sums, and says what it takes for granted."""
    result = finops(place, *REPLAY)
    assert (result.exit_code, result.stderr) == (0, "finops: replaying 4 teams\n")
    assert "\n".join(line.rstrip() for line in result.stdout.splitlines()) + "\n" == (
        """\
November 2026
┏━━━━━━━━━━━┳━━━━━━━━┳━━━━━━━┳━━━━━━━┳━━━━━━┳━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━┳━━━━━━━━┓
┃ team      ┃ alerts ┃ calls ┃ owner ┃ lead ┃ finops ┃ finance ┃ sponsor ┃ digest ┃
┡━━━━━━━━━━━╇━━━━━━━━╇━━━━━━━╇━━━━━━━╇━━━━━━╇━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━╇━━━━━━━━┩
│ payments  │      1 │     8 │     4 │    2 │      2 │       0 │       0 │      0 │
│ all teams │      1 │     8 │     4 │    2 │      2 │       0 │       0 │      0 │
└───────────┴────────┴───────┴───────┴──────┴────────┴─────────┴─────────┴────────┘
"""
        + ASSUMED
    )
    none = dict.fromkeys(f"{name}_proposed" for name in COUNTED)
    counts = dict(zip((f"{name}_current" for name in COUNTED), (1, 8, 4, 2, 2, 0, 0, 0), strict=True))
    assert as_json(place, *REPLAY) == [{"team": team} | counts | none for team in ("payments", None)]


def test_a_replay_beside_another_policy(place: Installation, tmp_path: Path) -> None:
    """Another policy stands beside the current one: the forecast is too small for it, and a fifth of a budget calls."""
    tried = ("--policy", str(tmp_path / "try.yaml"))
    result = finops(place, *REPLAY, *tried)
    assert [line.split() for line in result.stdout.splitlines() if line.startswith("│")] == [
        "│ payments │ 1 │ 8 → 1 │ 4 → 1 │ 2 → 0 │ 2 → 0 │ 0 │ 0 │ 0 │".split(),
        "│ search │ 0 → 1 │ 0 → 1 │ 0 → 1 │ 0 │ 0 │ 0 │ 0 │ 0 │".split(),
        "│ all teams │ 1 → 2 │ 8 → 2 │ 4 → 2 │ 2 → 0 │ 2 → 0 │ 0 │ 0 │ 0 │".split(),
    ]
    assert result.stdout.endswith(ASSUMED)
    result = finops(place, *REPLAY, *tried, "--format", "csv")
    head = ",".join(f"{name}_{policy}" for name in COUNTED for policy in ("current", "proposed"))
    assert result.stdout == (
        f"team,{head}\n"
        "payments,1,1,8,1,4,1,2,0,2,0,0,0,0,0,0,0\n"
        "search,0,1,0,1,0,1,0,0,0,0,0,0,0,0,0,0\n"
        ",1,2,8,2,4,2,2,0,2,0,0,0,0,0,0,0\n"
    )
    assert result.stderr == "finops: replaying 4 teams\n" + ASSUMED
    (tmp_path / "try.yaml").write_text(TRIED + "settled_after: 1\n")
    said = finops(place, *REPLAY, *tried).stdout
    assert (
        "Each morning by the current policy, 08:00 Europe/Berlin, shows the days up to the one before, settled" in said
    )
    assert (
        "Each morning by the proposed policy, 08:00 Europe/Berlin, shows the days up to the one before, settled" in said
    )
    assert "settled after 1 day, basis effective." in said


def test_a_replay_lists_everything(place: Installation, tmp_path: Path) -> None:
    """With --list each thing that would have been said has its moment, tier, amount and whom it calls."""
    result = finops(place, *REPLAY, "--list", "--format", "csv", "--policy", str(tmp_path / "try.yaml"))
    assert result.stdout.splitlines() == [
        "policy,at,team,month,kind,currency,what,tier,amount,budget,ratio,calls,digest",
        "current,2026-11-02T07:00:00+00:00,payments,2026-11,forecast,USD,raised,investigate,3003.7037,2800,"
        "0.07275132142857142857142857143,owner alice@example.com; finops @finops; engineering_lead bob@example.com,",
        "current,2026-11-05T16:00:00+00:00,payments,2026-11,forecast,USD,acknowledgement expired,investigate,3003.7037,"
        "2800,0.07275132142857142857142857143,owner alice@example.com,",
        "proposed,2026-11-07T07:00:00+00:00,payments,2026-11,threshold,USD,raised,20 %,600.740740734,2800,"
        "-0.7854497354521428571428571429,owner alice@example.com,",
        "proposed,2026-11-07T07:00:00+00:00,search,2026-11,threshold,USD,raised,20 %,303,1500,-0.798,"
        "owner carol@example.com,",
        "current,2026-11-09T16:00:00+00:00,payments,2026-11,forecast,USD,duty overdue,investigate,3003.7037,2800,"
        "0.07275132142857142857142857143,owner alice@example.com; finops @finops; engineering_lead bob@example.com,",
        "current,2026-11-10T16:00:00+00:00,payments,2026-11,forecast,USD,acknowledgement expired,investigate,3003.7037,"
        "2800,0.07275132142857142857142857143,owner alice@example.com,",
    ]
    silent = as_json(place, *REPLAY, "--list", "--silent", "--team", "payments")
    assert [(each["at"], each["what"], [callee["name"] for callee in each["calls"]]) for each in silent] == [
        ("2026-11-02T07:00:00+00:00", "raised", ["alice@example.com", "@finops", "bob@example.com"]),
        ("2026-11-03T16:00:00+00:00", "escalated", ["dave@example.com"]),
        ("2026-11-05T16:00:00+00:00", "escalated", ["erin@example.com"]),
        ("2026-11-09T16:00:00+00:00", "duty overdue", ["alice@example.com", "@finops", "bob@example.com"]),
    ]
    assert silent[1] == {
        "policy": "current",
        "at": "2026-11-03T16:00:00+00:00",
        "team": "payments",
        "month": "2026-11",
        "kind": "forecast",
        "currency": "USD",
        "what": "escalated",
        "tier": "investigate",
        "amount": "3003.7037",
        "budget": "2800",
        "ratio": "0.07275132142857142857142857143",
        "calls": [{"role": "finance", "name": "dave@example.com"}],
        "digest": [],
    }
    shown = finops(place, *REPLAY, "--list", "--silent").stdout
    line = next(line for line in shown.splitlines() if "escalated" in line)
    assert [cell.strip() for cell in line.strip("│").split("│")] == [
        "2026-11-03 17:00",
        "payments",
        "2026-11",
        "forecast",
        "escalated",
        "investigate",
        "$3,003.70",
        "+7.3 %",
        "finance dave@example.com",
    ]
    assert "nobody ever answers" in shown
    assert "Nothing would have been said." in finops(place, *REPLAY, "--list", "--team", "search").stdout
