"""The jobs that chase corrective actions and measure what they saved, on the small company's own bill."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.installation import Installation
from finops.calendar import QuietHours
from finops.company import Company
from finops.corrective_action import ActionStage, CorrectiveAction, Target, edit_action, finish, plan_action
from finops.explanation import Category, ExplanationRules, Variance, VarianceKey, Wording, submit
from finops.periods import Month
from jobs import chase_actions, measure_actions
from storage.audit import read
from storage.corrective_actions import find_action, save_change
from storage.deliveries import TABLE as DELIVERIES
from storage.deliveries import find
from storage.explanations import save_explanation
from storage.leaves import Leave, record_leave
from storage.people import replace_directory
from tests.company import Charge, make_company, take_in, usual_charges, write_bill

KEY = VarianceKey("payments", Month(2026, 11), "USD")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PEOPLE = {name: f"U{name.upper()}" for name in ("alice", "bob", "carol", "dave")}
COMPUTE = Target("Compute")
DUE = date(2026, 11, 12)
"""A Thursday."""
FRIDAY = datetime(2026, 11, 13, 8, 30, tzinfo=UTC)
"""09:30 in Berlin, at work."""


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The small company with its directory filled."""
    installation = make_company(tmp_path)
    with installation.state.writing() as connection:
        people = [(user, name.title(), f"{name}@example.com", "Europe/Berlin") for name, user in PEOPLE.items()]
        replace_directory(connection, people, [("SFINOPS", "finops", "UDAVE")], [])
    return installation


def planned(place: Installation, target: Target = COMPUTE, due: date = DUE) -> CorrectiveAction:
    """A stored action of Alice's."""
    now = place.now
    change = plan_action(KEY, 0, "Turn idle nodes off", "UALICE", due, Decimal(900), target, "UDAVE", now)
    with place.state.writing() as connection:
        return save_change(connection, change, now).action


def done(place: Installation, on: date, target: Target = COMPUTE) -> CorrectiveAction:
    """A stored action of Alice's that is done."""
    action = planned(place, target)
    with place.state.writing() as connection:
        return save_change(connection, finish(action, "UALICE", on, 1, on, place.now), place.now).action


def stored(place: Installation, number: int = 1) -> CorrectiveAction:
    with place.state.reading() as connection:
        found = find_action(connection, number)
    assert found is not None
    return found


def chase(place: Installation, now: datetime, company: Company | None = None) -> str:
    return chase_actions.run(now=now, company=company or place.company, state=place.state).summary


def measure(place: Installation, now: datetime) -> str:
    return measure_actions.run(now=now, company=place.company, state=place.state, ledger=place.ledger).summary


def said(place: Installation) -> dict[str, dict[str, Any]]:
    """Key → every delivery about actions."""
    with place.state.reading() as connection:
        rows = connection.execute(select(DELIVERIES).where(DELIVERIES.c.kind == "action")).mappings()
        return {str(row["key"]): dict(row) for row in rows}


def recorded(place: Installation) -> list[tuple[str, Any]]:
    """Step and who was called, of every entry about actions."""
    with place.state.reading() as connection:
        found = [each.entry for each in read(connection, subject="action")]
    return [(entry.action, (entry.became or {}).get("called")) for entry in found]


def test_silence_is_chased_once_and_climbs_once(place: Installation) -> None:
    """In working hours its owner is asked; two working days later the lead and FinOps; each once."""
    planned(place)
    evening = datetime(2026, 11, 12, 17, tzinfo=UTC)
    assert chase(place, evening) == "nobody to chase" and said(place) == {}
    assert chase(place, FRIDAY) == "1 reminded"
    assert chase(place, FRIDAY + HOUR) == "nobody to chase"
    overdue = said(place)
    assert {key: row["destination"] for key, row in overdue.items()} == {
        "action/1/overdue/2": "#cost-payments",
        "action/1/overdue/2/UALICE": "UALICE",
    }
    assert "*overdue since Thu 12 Nov*" in overdue["action/1/overdue/2"]["payload"]["text"]
    tuesday = datetime(2026, 11, 17, 8, 29, tzinfo=UTC)
    assert chase(place, tuesday) == "nobody to chase"
    assert chase(place, tuesday + HOUR) == "1 called on"
    assert chase(place, tuesday + 2 * DAY) == "nobody to chase"
    called = {key: row for key, row in said(place).items() if key not in overdue}
    assert {key: row["destination"] for key, row in called.items()} == {
        "action/1/called/3": "#cost-payments",
        "action/1/called/3/UBOB": "UBOB",
    }
    assert "<!subteam^SFINOPS>" in called["action/1/called/3"]["payload"]["text"]
    assert recorded(place) == [("action.overdue", ["UALICE"]), ("action.called", ["UBOB", "SFINOPS"])]


def test_an_answer_begins_the_time_anew(place: Installation) -> None:
    """Who answers without having done it is given the answer time again."""
    planned(place)
    chase(place, FRIDAY)
    monday = datetime(2026, 11, 16, 12, tzinfo=UTC)
    with place.state.writing() as connection:
        action = find_action(connection, 1, lock=True)
        assert action is not None
        parts: dict[str, Any] = {name: getattr(action, name) for name in ("owner", "due", "promised", "target")}
        change = edit_action(action, **parts, text="Turn most off", by="UALICE", read=2, now=monday)
        save_change(connection, change, monday)
    assert chase(place, monday + DAY) == "nobody to chase"
    assert chase(place, monday + 2 * DAY) == "1 called on"


def test_nobody_is_chased_on_a_day_off_and_who_is_away_is_stood_in_for(place: Installation) -> None:
    """The team's calendar counts, and leave."""
    planned(place, due=date(2026, 11, 13))
    with place.state.writing() as connection:
        record_leave(connection, Leave("UALICE", "UCAROL", date(2026, 11, 1), date(2026, 11, 30)), place.now)
    assert chase(place, FRIDAY + DAY) == "nobody to chase"
    assert chase(place, FRIDAY + 3 * DAY) == "1 reminded"
    assert "action/1/overdue/2/UCAROL" in said(place)


def test_a_ping_waits_for_the_end_of_quiet_hours(place: Installation) -> None:
    """What calls somebody is held back; the note that only names them is not."""
    quiet = QuietHours(time(20), time(11))
    company = replace(place.company, alerts=replace(place.company.alerts, quiet=quiet))
    planned(place)
    chase(place, FRIDAY, company)
    found = said(place)
    assert found["action/1/overdue/2"]["not_before"] is None
    assert found["action/1/overdue/2/UALICE"]["not_before"] == datetime(2026, 11, 13, 10, tzinfo=UTC)


def lowered(place: Installation, through: date, on: date) -> None:
    """The bill as it is once Payments costs 40 less a day from a day on."""
    charges = [
        replace(each, cost=each.cost - 40) if each.team == "payments" and each.day >= on else each
        for each in usual_charges(date(2026, 10, 1), through)
    ]
    write_bill(Path(next(iter(place.company.sources.values())).keys["path"]) / "bill.csv", charges)
    take_in(place)


@pytest.mark.parametrize("target", [Target("Compute"), Target(account="0012"), Target(tag="team", value="payments")])
def test_what_is_done_is_measured_until_four_weeks_are_in(place: Installation, target: Target) -> None:
    """First when a week has settled, then as figures come, then for good; its owner is told the first and the last."""
    on = date(2026, 11, 2)
    action = done(place, on, target)
    assert measure(place, datetime(2026, 11, 8, 8, tzinfo=UTC)) == "nothing to measure"
    assert measure(place, datetime(2026, 11, 12, 8, tzinfo=UTC)) == "1 measured"
    same = stored(place).measured
    assert (
        same
        and same.monthly == 0
        and same.is_unclear
        and said(place).keys()
        == {
            "action/1/measured/2026-11-02",
            "action/1/measured/2026-11-02/UALICE",
        }
    )
    place.clock.now = datetime(2026, 12, 8, 8, tzinfo=UTC)  # type: ignore[attr-defined]
    lowered(place, date(2026, 12, 6), on)
    assert measure(place, place.now) == "1 measured finally"
    assert measure(place, place.now) == "nothing to measure"
    final = stored(place)
    assert final.stage is ActionStage.MEASURED and final.measured
    assert abs(final.measured.monthly - Decimal(40) * 365 / 12) < Decimal("1e-17")
    assert (final.measured.after_from, final.measured.after_through) == (on, date(2026, 11, 29))
    text = said(place)["action/1/measured/2026-11-02/final/UALICE"]["payload"]["text"]
    assert "$1,216.67 a month less" in text and "effective" in text and "This is final." in text
    assert said(place)["action/1/measured/2026-11-02"]["payload"]["text"] == text
    assert [step for step, _ in recorded(place)] == ["action.measured", "action.measured"]
    assert final.version == action.version + 2


def test_the_explanation_shows_what_was_measured_and_what_is_late(place: Installation) -> None:
    """The message of the explanation that actions belong to says what the money shows of one, and that one is late."""
    wording = Wording(Decimal(103), Category.GROWTH, False, "Nodes.", "Customers.")
    number = Variance(Decimal(3003), Decimal(2900), True, place.company.basis, 1, place.now)
    calendar, now = place.company.calendar, place.now
    with place.state.writing() as connection:
        save_explanation(connection, submit(KEY, 1, wording, "UALICE", number, ExplanationRules(), calendar, now), now)
        for text, on in (("Turn nodes off", date(2026, 11, 2)), ("Buy a plan", None)):
            change = plan_action(KEY, 1, text, "UALICE", DUE, None, COMPUTE, "UALICE", now)
            action = save_change(connection, change, now).action
            if on:
                save_change(connection, finish(action, "UALICE", on, 1, on, now), now)
    assert measure(place, datetime(2026, 11, 12, 8, tzinfo=UTC)) == "1 measured"
    shown = explained(place)
    assert "#1 *Turn nodes off* — Alice, done Mon 2 Nov. Measured: no change" in shown
    assert "#2 *Buy a plan* — Alice, due Thu 12 Nov." in shown and "Explained $103 of $103.70" in shown
    assert chase(place, FRIDAY) == "1 reminded"
    assert "#2 *Buy a plan* — Alice, *overdue since Thu 12 Nov*." in explained(place)


def explained(place: Installation) -> str:
    """What the message of the only explanation says."""
    with place.state.reading() as connection:
        found = find(connection, f"explanation/{KEY}/1")
    assert found is not None
    return str(found.payload["text"])


def test_without_figures_before_it_waits(place: Installation) -> None:
    """A target whose bill begins with the day it was done cannot be measured, and nothing is made up."""
    done(place, date(2026, 10, 2))
    assert measure(place, datetime(2026, 11, 12, 8, tzinfo=UTC)) == "1 not measurable yet"
    assert stored(place).measured is None and said(place) == {}


def test_another_service_is_another_target(place: Installation) -> None:
    """Only the spend that is named is looked at."""
    done(place, date(2026, 11, 2), Target("Storage"))
    charges = usual_charges(date(2026, 10, 1), date(2026, 11, 20))
    charges += [Charge(date(2026, 10, 1) + n * DAY, Decimal(10), "payments", "Storage") for n in range(32)]
    write_bill(Path(next(iter(place.company.sources.values())).keys["path"]) / "bill.csv", charges)
    place.clock.now = datetime(2026, 11, 22, 8, tzinfo=UTC)  # type: ignore[attr-defined]
    take_in(place)
    measure(place, place.now)
    found = stored(place).measured
    assert found and abs(found.monthly - Decimal(10) * 365 / 12) < 1
