"""Explanations held against new figures, and whose turn is overdue, as the job says it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.answers import Answers
from finops.alert import AlertKey
from finops.basis import Basis
from finops.explanation import Stage, VarianceKey
from finops.periods import Month
from finops.policy import LADDER
from jobs import close_month, evaluate_alerts
from jobs.judge_explanations import JOB, run
from storage.alerts import find_alert
from storage.audit import read, verify
from storage.budgets import parse_budgets, record_budgets
from storage.deliveries import TABLE as DELIVERIES
from storage.deliveries import find
from storage.explanations import explanations_of
from storage.people import replace_directory
from tests.company import BUDGETS, MORNING, Charge, Moved, make_company, take_in, usual_charges, write_bill
from tests.handlers.desk import raise_alert

PEOPLE = {name: f"U{number}{name.upper()}" for number, name in enumerate(("alice", "bob", "dave", "erin"))}
OCTOBER = VarianceKey("payments", Month(2026, 10), "USD")
OWN_DAYS: dict[str, Any] = {"explanation_review_within": 1, "explanation_answer_within": 2}
NOVEMBER = VarianceKey("payments", Month(2026, 11), "USD")
FIRST = {
    "explanation_what": "Nodes.",
    "explanation_category": "growth",
    "explanation_stays": "no",
    "explanation_why": "Customers.",
}


class Office:
    """An installation whose people explain and review by requests, and whose bill is delivered anew.

    Args:
        now: when it begins, the usual morning by default; the bill runs through the day before.
    """

    def __init__(self, folder: Path, now: datetime = MORNING) -> None:
        self.clock = Moved(now)
        self.folder = folder
        self.installation = make_company(folder, clock=self.clock, bill=False)
        days = date(2026, 10, 1), now.date() - timedelta(days=1)
        write_bill(folder / "bills" / "bill.csv", usual_charges(*days))
        take_in(self.installation)
        people = [(user_id, f"{name.title()} Example", f"{name}@example.com", "") for name, user_id in PEOPLE.items()]
        budgets = f"{BUDGETS}payments,2026-10,3000,USD\n"
        with self.installation.state.writing() as connection:
            replace_directory(connection, people, [("S1", "finops", PEOPLE["dave"])], [])
            parsed = parse_budgets(budgets, "b.csv", lambda _team: None)
            record_budgets(connection, parsed, source="b.csv", by="test", now=self.installation.now)
        self.answers = Answers(self.installation, lambda: None)

    def ask(self, person: str, **more: Any) -> Any:
        """A request of somebody."""
        return replace(self.answers.request(PEOPLE[person], "", "x"), **more)

    def explain(self, key: VarianceKey, amount: str, person: str = "alice") -> None:
        """Both steps of the form."""
        metadata = {"key": str(key), "number": 0, "read": 0, "turn": 0, "draft": 0}
        inputs = FIRST | {"explanation_amount": amount}
        submissions = self.answers.submissions
        reply = submissions["explanation"](self.ask(person, inputs=inputs, metadata=metadata))
        assert reply.next_view and not reply.errors
        metadata = json.loads(reply.next_view["private_metadata"])
        following = {"explanation_following": "", "explanation_then": "submit"}
        reply = submissions["explanation_next"](self.ask(person, inputs=following, metadata=metadata))
        assert not reply.errors

    def click(self, person: str, action: str, key: VarianceKey, read: int) -> Any:
        """A button of an explanation's message, as it was at a version."""
        return self.answers.actions[action](self.ask(person, value=f"{key}/1@{read}", via="button"))

    def count_by(self, basis: Basis) -> None:
        """Another basis, as a new finops.yaml would have it."""
        object.__setattr__(self.installation.company, "basis", basis)

    def deliver(self, extra: Decimal, on: date = date(2026, 10, 20), bought: Decimal = Decimal(0)) -> None:
        """The bill once more, with a charge that was not in it before, and with a purchase."""
        charges = usual_charges(date(2026, 10, 1), date(2026, 11, 11))
        charges.append(Charge(on, bought, "payments", category="Purchase"))
        charges = [
            replace(c, cost=c.cost + extra) if (c.day, c.team, c.category) == (on, "payments", "Usage") else c
            for c in charges
        ]
        write_bill(self.folder / "bills" / "bill.csv", charges)
        self.clock.now += timedelta(hours=1)
        take_in(self.installation)

    def run(self) -> str:
        """The job."""
        company, state = self.installation.company, self.installation.state
        return run(now=self.installation.now, company=company, state=state).summary

    def explanation(self, key: VarianceKey = OCTOBER) -> Any:
        """The only explanation of a month."""
        with self.installation.state.reading() as connection:
            [found] = explanations_of(connection, key)
        return found

    def alert(self, key: str) -> Any:
        """An alert as stored."""
        with self.installation.state.reading() as connection:
            return find_alert(connection, AlertKey.parse(key))

    def said(self, prefix: str) -> dict[str, str]:
        """Key → text of what is queued under keys that begin so."""
        with self.installation.state.reading() as connection:
            rows = connection.execute(select(DELIVERIES.c.key, DELIVERIES.c.payload)).all()
        return {key: payload["text"] for key, payload in rows if key.startswith(prefix)}


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Office:
    """With the bill through the day before."""
    made = Office(tmp_path)
    request.addfinalizer(made.installation.state.close)
    return made


def test_days_of_a_tier(office: Office) -> None:
    """A review and an answer are due by the tier that the variance falls in, else by the company's own days."""
    ladder = (replace(LADDER[0], explanation_review_within=5), *LADDER[1:-1], replace(LADDER[-1], **OWN_DAYS))
    object.__setattr__(office.installation.company, "ladder", ladder)

    def due(number: int) -> date | None:
        with office.installation.state.reading() as connection:
            return explanations_of(connection, OCTOBER)[number - 1].due

    office.explain(OCTOBER, "103.83")
    assert due(1) == date(2026, 11, 19)
    returned = {"inputs": {"explanation_review": "Why?"}, "metadata": {"explanation": f"{OCTOBER}/1@1"}}
    assert not office.answers.submissions["explanation_return"](office.ask("dave", **returned)).errors
    assert (office.explanation().stage, due(1)) == (Stage.RETURNED, date(2026, 11, 17))
    office.explain(OCTOBER, "3.83")
    assert due(2) == date(2026, 11, 19)
    office.deliver(Decimal(500))
    assert office.run() == "1 voided"
    assert due(2) == date(2026, 11, 16)
    office.explain(OCTOBER, "3.83")
    assert due(3) == date(2026, 11, 13)


def test_a_restatement_that_counts_voids_the_approval(office: Office) -> None:
    """An approval does not outlive its number: the thread says from what to what, and its author is asked again."""
    office.explain(OCTOBER, "103.83")
    office.click("dave", "explanation_approve", OCTOBER, 1)
    assert office.explanation().stage is Stage.APPROVED
    office.run()
    assert office.explanation().version == 2
    office.deliver(Decimal(500))
    assert office.run() == "1 voided"
    explanation = office.explanation()
    assert explanation.stage is Stage.VOIDED and explanation.approved is None and explanation.version == 3
    key = f"explanation/{OCTOBER}/1"
    note = office.said(key)[f"{key}/3.1"]
    assert "*The variance has moved from +$103.83 to +$603.83* since explanation 1 was approved" in note
    assert f"<@{PEOPLE['alice']}>, please explain the new number" in note
    assert "Explained $0 of $603.83" in office.said(key)[key]
    direct = office.said(f"review/{OCTOBER}/1/3/")
    assert list(direct) == [f"review/{OCTOBER}/1/3/{PEOPLE['alice']}"]
    assert office.run() == "nothing changed"
    with office.installation.state.reading() as connection:
        entries = [each.entry for each in read(connection, subject=f"explanation/{OCTOBER}/1")]
        assert verify(connection) == []
    assert [(e.who, e.action) for e in entries][1:] == [
        (PEOPLE["dave"], "explanation.approved"),
        ("finops", "explanation.voided"),
    ]
    assert entries[-1].was is not None and entries[-1].was["stage"] == "approved"


def test_a_void_explanation_gives_its_duty_back(office: Office) -> None:
    """An alert whose month was explained waits again once the number has moved away from the explanation."""
    key = raise_alert(office.installation, month=OCTOBER.month)
    office.explain(OCTOBER, "103.83")
    assert office.alert(key).duty_done
    office.deliver(Decimal(500))
    assert office.run() == "1 voided"
    alert = office.alert(key)
    assert alert.duty_done is None and alert.acknowledgement.by == PEOPLE["alice"]
    notes = [text for text in office.said(f"alert/{key}/").values() if "open again" in text]
    assert len(notes) == 1 and "the explanation does not fit the number any more" in notes[0]


def test_a_void_stands_in_the_alerts_message(office: Office) -> None:
    """What is void explains nothing in the alert's message any more, which is edited; its duty is open again."""
    office.deliver(Decimal(500))
    evaluate = {"company": office.installation.company, "state": office.installation.state}
    evaluate_alerts.run(now=office.installation.now, **evaluate)
    key = f"alert/payments/{OCTOBER.month}/closed/USD"
    assert "Explained $0 of $603.83 · approved $0 · open $603.83." in office.said(key)[key]
    office.explain(OCTOBER, "603.83")
    office.click("dave", "explanation_approve", OCTOBER, 1)
    assert "Explained $603.83 of $603.83 · approved $603.83 · open $0." in office.said(key)[key]
    office.deliver(Decimal(800))
    before = office.said("alert/").keys()
    assert office.run() == "1 voided"
    assert "Explained $0 of $603.83 · approved $0 · open $603.83." in office.said(key)[key]
    assert office.said("alert/").keys() - before == {f"{key}/3.1"}
    assert "is open again" in office.said(f"{key}/3.1")[f"{key}/3.1"]
    office.run()
    evaluate_alerts.run(now=office.installation.now, **evaluate)
    assert "Explained $0 of $903.83 · approved $0 · open $903.83." in office.said(key)[key]


def test_a_restatement_that_does_not_count_is_noted(office: Office) -> None:
    """Below what counts the approval stands, and the thread is told once."""
    office.explain(OCTOBER, "103.83")
    office.click("dave", "explanation_approve", OCTOBER, 1)
    office.deliver(Decimal("29.99"))
    assert office.run() == "1 noted"
    assert office.explanation().stage is Stage.APPROVED
    key = f"explanation/{OCTOBER}/1"
    assert "too little to count, explanation 1 stands" in office.said(key)[f"{key}/3.1"]
    assert "Explained $103.83 of $133.82 · approved $103.83 · open $29.99" in office.said(key)[key]
    assert office.run() == "nothing changed"
    office.deliver(Decimal("30"))
    assert office.run() == "1 voided"


def test_a_move_that_is_only_noted_opens_no_duty(office: Office) -> None:
    """The whole that was explained stays the whole while its number moves by less than counts."""
    key = raise_alert(office.installation, month=OCTOBER.month)
    office.explain(OCTOBER, "103.83")
    office.click("dave", "explanation_approve", OCTOBER, 1)
    office.deliver(Decimal("29.99"))
    assert office.run() == "1 noted"
    assert office.alert(key).duty_done
    assert not any("open again" in text for text in office.said(f"alert/{key}/").values())
    office.deliver(Decimal("30"))
    assert office.run() == "1 voided"
    assert office.alert(key).duty_done is None


def test_an_approval_after_a_small_move_opens_no_duty(office: Office) -> None:
    """Who approves the whole after a move that does not count leaves the alert's duty done."""
    key = raise_alert(office.installation, month=OCTOBER.month)
    office.explain(OCTOBER, "103.83")
    office.deliver(Decimal("29.99"))
    office.click("dave", "explanation_approve", OCTOBER, 1)
    assert office.explanation().stage is Stage.APPROVED and office.alert(key).duty_done


@pytest.mark.parametrize(("moved", "called"), [("29.99", False), ("30", True)])
def test_a_month_explained_before_its_close_calls_nobody(office: Office, moved: str, called: bool) -> None:
    """The close of a month that is explained but for a move that does not count asks nobody for an explanation."""
    office.deliver(Decimal(500))
    office.explain(OCTOBER, "603.83")
    office.click("dave", "explanation_approve", OCTOBER, 1)
    office.deliver(Decimal(500) + Decimal(moved))
    company, state = office.installation.company, office.installation.state
    evaluate_alerts.run(now=office.installation.now, company=company, state=state)
    key = f"payments/{OCTOBER.month}/closed/USD"
    alert = office.alert(key)
    assert bool(alert.duty_done) is not called
    assert bool(office.said(f"call/{key}/")) is called
    assert ("*Done* by Alice Example" in office.said(f"alert/{key}")[f"alert/{key}"]) is not called


def test_another_basis_is_no_movement(office: Office) -> None:
    """What was approved in one basis is held against it when the company counts by another, and only money voids it."""
    office.deliver(Decimal(0), bought=Decimal(500))
    office.explain(OCTOBER, "603.83")
    office.click("dave", "explanation_approve", OCTOBER, 1)
    office.count_by(Basis.USAGE_BILLED)
    assert office.run() == "nothing changed"
    assert office.explanation().stage is Stage.APPROVED
    shown = office.said(f"explanation/{OCTOBER}/1")[f"explanation/{OCTOBER}/1"]
    assert "Explained $603.83 of $103.83" in shown
    assert (
        "Basis: effective (EffectiveCost, without tax) of what was explained, usage-billed (BilledCost, usage only) of "
        "what is open; days in UTC." in shown
    )
    office.deliver(Decimal(1000), bought=Decimal(500))
    assert office.run() == "1 voided"
    note = office.said(f"explanation/{OCTOBER}/1/3.1")[f"explanation/{OCTOBER}/1/3.1"]
    assert "*The variance has moved from +$603.83 to +$1,603.83* since explanation 1 was approved" in note


def test_what_was_written_before_another_basis_is_approved_after_it(office: Office) -> None:
    """A reviewer stands for the number that was written about, in its own basis, if that has not moved."""
    office.deliver(Decimal(0), bought=Decimal(500))
    office.explain(OCTOBER, "603.83")
    office.count_by(Basis.USAGE_BILLED)
    office.click("dave", "explanation_approve", OCTOBER, 1)
    explanation = office.explanation()
    assert explanation.stage is Stage.APPROVED and explanation.approved is not None
    assert (explanation.basis, explanation.approved.basis) == (Basis.EFFECTIVE, Basis.EFFECTIVE)
    assert explanation.approved.value == explanation.explained.value


def test_a_closed_month_is_explained_in_its_own_basis(office: Office) -> None:
    """What is written of a closed month when the company counts by another basis is of the figure that was frozen."""
    office.deliver(Decimal(0), bought=Decimal(500))
    close_month.run(now=office.installation.now, company=office.installation.company, state=office.installation.state)
    office.count_by(Basis.USAGE_BILLED)
    office.explain(OCTOBER, "603.83")
    explained = office.explanation().explained
    assert (explained.basis, explained.value) == (Basis.EFFECTIVE, Decimal("100.123456789") * 31 + 500 - 3000)
    assert office.run() == "nothing changed"


def test_an_approval_after_a_movement_is_refused(office: Office) -> None:
    """What was written for another number cannot be approved, also before the job has looked."""
    office.explain(OCTOBER, "103.83")
    office.deliver(Decimal(500))
    from finops.errors import FinopsError

    with pytest.raises(FinopsError, match="moved since this was written"):
        office.click("dave", "explanation_approve", OCTOBER, 1)
    assert office.explanation().stage is Stage.SUBMITTED


def test_a_month_with_days_missing_is_not_judged(office: Office) -> None:
    """On the first of the next month, days that are not delivered yet void nothing."""
    office.explain(NOVEMBER, "103.70")
    office.click("dave", "explanation_approve", NOVEMBER, 1)
    office.clock.now = datetime(2026, 12, 1, 9, tzinfo=UTC)
    office.run()
    assert office.explanation(NOVEMBER).stage is Stage.APPROVED


def test_overdue_turns(office: Office) -> None:
    """Whose turn is overdue is told once for each due day, and only while the team is at work."""
    office.explain(OCTOBER, "103.83")
    due = office.explanation().due
    assert due == date(2026, 11, 17)
    office.clock.now = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)
    assert office.run() == "nothing changed"
    office.clock.now = datetime(2026, 11, 17, 19, 0, tzinfo=UTC)
    assert office.run() == "nothing changed"
    office.clock.now = datetime(2026, 11, 18, 8, 30, tzinfo=UTC)
    assert office.run() == "1 overdue"
    key = f"explanation/{OCTOBER}/1"
    assert "the review is overdue since Tue 17 Nov" in office.said(key)[f"{key}/2.1"]
    assert "*The review is overdue since Tue 17 Nov.*" in office.said(key)[key]
    assert office.run() == "nothing changed"
    asked = office.said(f"review/{OCTOBER}/1/")
    assert {name.rsplit("/", 2)[1] for name in asked} == {"1", "2"}


def test_who_is_on_leave_is_replaced(office: Office) -> None:
    """A reviewer's direct message goes to who stands in for them; a group's members are told one by one."""
    from storage.leaves import Leave, record_leave

    away = Leave(PEOPLE["dave"], PEOPLE["erin"], date(2026, 11, 1), date(2026, 11, 30))
    with office.installation.state.writing() as connection:
        record_leave(connection, away, office.installation.now)
    office.explain(OCTOBER, "103.83")
    told = {key.rpartition("/")[2] for key in office.said(f"review/{OCTOBER}/1/")}
    assert told == {PEOPLE["erin"], PEOPLE["dave"]}
    office.click("erin", "explanation_approve", OCTOBER, 1)
    assert office.explanation().reviewer == PEOPLE["erin"]


def test_quiet_hours_hold_pings_back(office: Office) -> None:
    """At night the message stands at once, and who has the turn is pinged in the morning."""
    office.clock.now = datetime(2026, 11, 12, 21, tzinfo=UTC)
    office.explain(OCTOBER, "103.83")
    with office.installation.state.reading() as connection:
        rows = connection.execute(select(DELIVERIES.c.key, DELIVERIES.c.not_before)).all()
        held = {key: at for key, at in rows if "explanation/" in key or "review/" in key}
        assert find(connection, f"explanation/{OCTOBER}/1") is not None
    morning = datetime(2026, 11, 13, 6, tzinfo=UTC)
    assert held == {
        f"explanation/{OCTOBER}/1": None,
        f"explanation/{OCTOBER}/1/1.1": morning,
        f"review/{OCTOBER}/1/1/{PEOPLE['dave']}": morning,
    }


def test_it_is_made_known() -> None:
    """It runs every hour, and again when figures have changed."""
    assert (JOB.name, JOB.schedule, JOB.shows_figures) == ("judge_explanations", "every 1h", True)


def test_a_month_that_lacks_its_last_days(tmp_path: Path) -> None:
    """While the last days of a month are missing, a review holds what was explained against the number that it was
    written of, and not against the cost of fewer days: an approval does not open the alert's duty again, and who would
    explain more finds nothing left.
    """
    office = Office(tmp_path, now=datetime(2026, 10, 30, 8, tzinfo=UTC))
    key = raise_alert(office.installation, month=OCTOBER.month)
    office.explain(OCTOBER, "103.83")
    assert office.alert(key).duty_done
    office.clock.now = datetime(2026, 11, 2, 8, tzinfo=UTC)
    office.click("dave", "explanation_approve", OCTOBER, 1)
    name = f"explanation/{OCTOBER}/1"
    line = "Explained $103.83 of $103.83 · approved $103.83 · open $0."
    assert office.alert(key).duty_done and line in office.said(name)[name]
    office.run()
    assert office.alert(key).duty_done and line in office.said(name)[name]
    assert not any("open again" in text for text in office.said(f"alert/{key}/").values())
    form = office.answers.actions["alert_explain"](office.ask("alice", value=key, via="button")).modal
    [amount] = [block["element"] for block in form["blocks"] if block.get("block_id") == "explanation_amount"]
    assert "initial_value" not in amount and line in json.dumps(form["blocks"], ensure_ascii=False)
