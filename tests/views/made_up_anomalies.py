"""Every message about anomalies, over ordinary, bare and hostile input, by the name of its golden file."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from made_up_alerts import NAMES, POLICY
from made_up_incoming import ANOMALY
from made_up_months import LONG, NASTY, PAYMENTS, RIGHT_TO_LEFT

from finops.alert import Callee
from finops.anomaly import (
    Anomaly,
    AnomalyChange,
    AnomalyEvent,
    AnomalyKey,
    AnomalySeries,
    AnomalySetting,
    AnomalyStep,
    Cause,
    expect,
    false_alarm,
    investigate,
    review,
    withdraw,
)
from finops.anomaly_found import FoundAnomaly, FoundDay, Shape
from finops.anomaly_joined import with_aws
from finops.basis import Basis
from finops.company import Team
from finops.policy import Role
from views.anomalies import anomalies_message
from views.anomaly import anomaly_message, expect_modal, review_modal
from views.anomaly_effects import ToldAnomaly, anomaly_effects, review_message
from views.home import home_view
from views.message import Message
from views.waiting import anomaly_waits

FIRST = date(2026, 11, 14)
NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 18)
SERIES = AnomalySeries("payments", "Amazon Athena", "AWS", "USD", Basis.EFFECTIVE)
SETTING = AnomalySetting(POLICY.calendar, date(2026, 11, 15))
CAUSES = (
    Cause("account", "production (123456789012)", Decimal("801.5")),
    Cause("account", "staging (210987654321)", Decimal("98.5")),
    Cause("region", "eu-west-1", Decimal(900)),
    Cause("usage type", "EUW1-DataScannedInTB", Decimal(900)),
    Cause("resource", "arn:aws:athena:eu-west-1:123456789012:workgroup/reports", Decimal("801.5")),
)
CALLEES = (Callee(Role.OWNER, "ada", "U1"), Callee(Role.ENGINEERING_LEAD, "nobody@example.com"))


def found(*costs: str, over: date | None = None, absorbed: bool = False, expected: str = "100") -> FoundAnomaly:
    """Days in a row."""
    days = tuple(FoundDay(FIRST + timedelta(n), Decimal(each), Decimal(expected)) for n, each in enumerate(costs))
    increase = days[0].excess > 0
    return FoundAnomaly(0, increase, Shape.SPIKE, days, FIRST, Decimal(4), Decimal(9), over, absorbed)


OPEN = Anomaly(AnomalyKey(SERIES, FIRST), found("500", "600"), NOW, CAUSES, told_at=NOW, version=1, number=7)
OVER = replace(OPEN, found=found("500", "600", over=date(2026, 11, 17)), version=2)
INVESTIGATED = investigate(OPEN, "U1", SETTING, NOW).anomaly
EXPECTED = expect(OPEN, "U1", date(2026, 12, 31), SETTING, NOW).anomaly
FALSE = false_alarm(OVER, "U1", SETTING, NOW).anomaly
REVIEW = investigate(OVER, "U1", SETTING, NOW).anomaly
REVIEW_OF_ANOTHER = expect(REVIEW, "U2", date(2026, 12, 31), SETTING, NOW).anomaly
REVIEW_TO_COME = expect(INVESTIGATED, "U2", date(2026, 12, 31), SETTING, NOW).anomaly
REVIEWED = review(REVIEW, "U2", "", NOW).anomaly
JOINED = with_aws(OPEN, ANOMALY, NOW).anomaly
LESS = replace(OPEN, found=found("10", "20"), causes=(), told_at=None)
FROM_NOTHING = replace(OPEN, found=found("500", expected="0"), causes=())
ABSORBED = replace(OVER, found=found("500", "600", over=date(2026, 11, 28), absorbed=True))
SILENT = replace(OPEN, told_at=None, silent_by="U1")
WITHDRAWN = withdraw(OPEN, "the figures were restated and show it no more", NOW).anomaly
HOSTILE = replace(
    JOINED,
    key=AnomalyKey(replace(SERIES, service=NASTY, provider=RIGHT_TO_LEFT), FIRST),
    causes=tuple(Cause(each, f"{NASTY}{LONG}", Decimal(1)) for each in ("account", "region", "resource")),
)


def shown(anomaly: Anomaly, today: date = TODAY, team: Team = PAYMENTS, *callees: Callee) -> Message:
    """The anomaly's message."""
    return anomaly_message(anomaly, team, callees or CALLEES, NAMES, POLICY.calendar, today)


def noted(anomaly: Anomaly, step: AnomalyStep, **more: Any) -> Message:
    """The note in its thread."""
    change = AnomalyChange(anomaly, (AnomalyEvent(step, NOW, **more),))
    made = anomaly_effects(ToldAnomaly(change, PAYMENTS, POLICY, "#payments", CALLEES), NAMES, NOW)
    payload = next(each.payload for each in made if each.kind == "anomaly_note")
    return Message(payload["text"], payload["blocks"])


def listed(*anomalies: Anomaly, **more: Any) -> Message:
    """The answer to `/finops anomalies`."""
    return anomalies_message(anomalies, {"payments": PAYMENTS}, NAMES, {"payments": TODAY}, **more)


ANOMALY_CASES: dict[str, Callable[[], Message | dict[str, Any]]] = {
    **{
        f"anomaly_{name}": lambda anomaly=anomaly: shown(anomaly)
        for name, anomaly in (
            ("open", OPEN),
            ("over", OVER),
            ("absorbed", ABSORBED),
            ("investigated", INVESTIGATED),
            ("expected", EXPECTED),
            ("false_alarm", FALSE),
            ("review", REVIEW),
            ("review_of_another", REVIEW_OF_ANOTHER),
            ("review_to_come", REVIEW_TO_COME),
            ("reviewed", REVIEWED),
            ("beside_aws", JOINED),
            ("decrease", LESS),
            ("from_nothing", FROM_NOTHING),
            ("silent", SILENT),
            ("withdrawn", WITHDRAWN),
            ("hostile", HOSTILE),
        )
    },
    "anomaly_expired": lambda: shown(EXPECTED, date(2027, 1, 4)),
    "anomaly_of_nobody": lambda: anomaly_message(OPEN, Team("nasty", NASTY), (), NAMES, POLICY.calendar, TODAY),
    "anomaly_expect_modal": lambda: expect_modal(OPEN, PAYMENTS, TODAY),
    "anomaly_review_modal": lambda: review_modal(REVIEW, PAYMENTS),
    "anomaly_review_due": lambda: review_message(REVIEW, PAYMENTS),
    "note_anomaly_found": lambda: noted(JOINED, AnomalyStep.FOUND, pings=True),
    "note_anomaly_raised_again": lambda: noted(EXPECTED, AnomalyStep.RAISED_AGAIN, pings=True, calls=("U1",)),
    "note_anomaly_answered": lambda: noted(INVESTIGATED, AnomalyStep.ANSWERED, by="U1", note="investigating"),
    "note_anomaly_undone": lambda: noted(OPEN, AnomalyStep.UNDONE, by="U1", note="expected"),
    "note_anomaly_joined": lambda: noted(JOINED, AnomalyStep.JOINED, note=ANOMALY.id),
    "note_anomaly_over": lambda: noted(ABSORBED, AnomalyStep.OVER, note="it is the new level"),
    "note_anomaly_withdrawn": lambda: noted(WITHDRAWN, AnomalyStep.WITHDRAWN, note=WITHDRAWN.withdrawn),
    "note_anomaly_review_asked": lambda: noted(REVIEW, AnomalyStep.REVIEW_ASKED, calls=("U1",)),
    "note_anomaly_reviewed": lambda: noted(REVIEWED, AnomalyStep.REVIEWED, by="U2", note=f"A query without {NASTY}"),
    "home_anomaly": lambda: home_view([], {}, waiting=[anomaly_waits(OPEN, PAYMENTS)]),
    "anomalies": lambda: listed(OPEN, INVESTIGATED, LESS, withheld=2),
    "anomalies_none": listed,
    "anomalies_history": lambda: listed(FALSE, REVIEWED, WITHDRAWN, history=True, asked=NASTY),
    "anomalies_history_none": lambda: listed(history=True),
    "anomalies_many": lambda: listed(*[HOSTILE] * 30, withheld=1),
}
