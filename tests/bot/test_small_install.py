"""The whole bot over Socket Mode, as people meet it."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

from tests.bot.conftest import Bench
from tests.company import MORNING, Charge, take_in, usual_charges, write_bill


def _wait_for_dailies(bench: Bench) -> None:
    bench.sandbox.wait_for(lambda: all(bench.daily(team) for team in ("payments", "search", "idle")), timeout=15)


def test_every_team_has_its_morning_message(running: Bench) -> None:
    """Each team with a budget or spend gets one message in its channel, with its figures, freshness and chart."""
    _wait_for_dailies(running)
    [payments] = running.daily("payments")
    assert "*Payments* has spent $1,101.36 of $2,900 (38 %) through 11 Nov" in payments["text"]
    assert "from 10 Nov provisional" in payments["text"]
    assert [block["type"] for block in payments["blocks"]].count("image") == 1
    [idle] = running.daily("idle")
    assert "$0" in idle["text"]


def test_the_morning_comes_once(running: Bench) -> None:
    """Whatever the number of ticks, and after a restart, a team has one message for the day."""
    from bot.worker import Worker

    _wait_for_dailies(running)
    again = Worker(running.installation)
    assert again.tick() == []
    again.scheduler.run("daily_summary")
    again.sender.send_due()
    assert [len(running.daily(team)) for team in ("payments", "search", "idle")] == [1, 1, 1]


def test_a_restated_day_edits_its_message(running: Bench) -> None:
    """A delivery that changes the month's figures edits the morning's message in place, and says from what to what."""
    _wait_for_dailies(running)
    before = running.daily("payments")[0]
    late = Charge(date(2026, 11, 2), Decimal("50"), "payments")
    bill = running.installation.config_path.parent / "bills" / "bill.csv"
    write_bill(bill, [*usual_charges(date(2026, 10, 1), date(2026, 11, 11)), late])
    running.clock.now = MORNING.replace(hour=12)
    take_in(running.installation)
    from bot.worker import Worker

    Worker(running.installation).scheduler.run("daily_summary")
    running.sandbox.wait_for(lambda: running.daily("payments")[0].get("edited"), timeout=10)
    [after] = running.daily("payments")
    assert after["ts"] == before["ts"]
    assert "$1,151.36" in after["text"]
    assert "was $1,101.36" in after["text"]


def test_a_person_asks_and_clicks(running: Bench) -> None:
    """An owner asks for her team, breaks it down by account, looks at the month before and posts the chart."""
    alice = running.sandbox.person("alice")
    [answer] = alice.command("cost-payments", "/finops variance payments")
    assert "*Payments* has spent" in answer["text"]
    alice.select("cost-payments", answer["ts"], "variance_by", "By account")
    running.sandbox.wait_for(lambda: any("production" in m["text"] for m in alice.sees("cost-payments")), timeout=5)
    alice.click("cost-payments", answer["ts"], "variance_share")
    running.sandbox.wait_for(
        lambda: any(m for m in running.sandbox.messages("cost-payments") if "production" in m["text"]), timeout=10
    )
    shared = running.sandbox.messages("cost-payments")[-1]
    assert [block["type"] for block in shared["blocks"]].count("image") == 1


def test_typos_are_buttons(running: Bench) -> None:
    """A mistyped team comes back with the nearest name as a button, and the button answers."""
    alice = running.sandbox.person("alice")
    [answer] = alice.command("general", "/finops variance paymnets 2026-10")
    assert "There is no team 'paymnets'" in answer["text"]
    alice.click("general", answer["ts"], "command_run.1")
    running.sandbox.wait_for(
        lambda: any("*Payments* spent $3,103.83" in m["text"] for m in alice.sees("general")), timeout=5
    )


def test_app_home_shows_my_teams(running: Bench) -> None:
    """App Home shows an owner her teams, and says so to somebody who owns none."""
    home = running.sandbox.person("carol").open_home(timeout=5)
    assert "Search" in json.dumps(home) and "Idle" in json.dumps(home) and "Payments" not in json.dumps(home)
    other = running.sandbox.person("frank").open_home(timeout=5)
    assert "Search" not in json.dumps(other)


def test_figures_kept_to_the_team(running: Bench) -> None:
    """With `visibility: own`, an outsider is refused politely, and owner, lead, FinOps and sponsor are answered."""
    company = running.installation.company
    object.__setattr__(company, "visibility", "own")
    said = {
        name: running.sandbox.person(name).command("general", "/finops variance payments")[0]["text"]
        for name in ("alice", "bob", "carol", "dave", "erin", "frank")
    }
    assert {name for name, text in said.items() if "*Payments* has spent" in text} == {"alice", "bob", "dave", "erin"}
    assert "open to its owners" in said["carol"] and "open to its owners" in said["frank"]
    [teams] = running.sandbox.person("carol").command("general", "/finops teams")
    assert "Payments" not in json.dumps(teams["blocks"]) and "Search" in json.dumps(teams["blocks"])
