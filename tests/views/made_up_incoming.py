"""Every message about alerts of AWS, over ordinary, bare and hostile input, by the name of its golden file."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from made_up_alerts import NAMES, NOW, OPEN, POLICY
from made_up_months import LONG, NASTY, PAYMENTS, RIGHT_TO_LEFT, team_month

from finops.company import Team
from finops.incoming_alert import AnomalyFigures, BudgetFigures, IncomingAlert, Origin, Received
from finops.scope import UNALLOCATED
from views.alert import alert_message
from views.incoming_alert import incoming_message, incoming_note, unowned_message
from views.message import Message

SAID = datetime(2026, 11, 16, 9, 11, 58, tzinfo=UTC)
CAME = datetime(2026, 11, 16, 9, 12, tzinfo=UTC)
ACTUAL = IncomingAlert(
    Origin.BUDGETS,
    "5b4f5c5e-0000-5000-8000-000000000001",
    SAID,
    date(2026, 11, 16),
    "AWS Budgets: Payments monthly has exceeded your alert threshold",
    "AWS Budget Notification November 16, 2026",
    account="123456789012",
    budget="Payments monthly",
    currency="USD",
    figures=BudgetFigures(False, Decimal("41250.50"), Decimal("50000"), Decimal("40000")),
)
FORECASTED = replace(
    ACTUAL,
    id="5b4f5c5e-0000-5000-8000-000000000002",
    figures=BudgetFigures(True, Decimal("0.95"), Decimal("0.02"), Decimal("0.00")),
)
BARE = replace(ACTUAL, account="", budget="", figures=BudgetFigures(False, Decimal("7"), None, None))
ANOMALY = IncomingAlert(
    Origin.ANOMALY_DETECTION,
    "9d1c5a3e-0000-5000-8000-000000000003",
    SAID,
    date(2026, 11, 15),
    "",
    "{}",
    account="123456789012",
    account_name="production",
    dimension="Amazon Athena",
    service="Amazon Athena",
    currency="USD",
    figures=AnomalyFigures(Decimal("1001"), Decimal("1301"), Decimal("300"), date(2026, 11, 14), date(2026, 11, 15)),
)
LASTING = replace(ANOMALY, service="", figures=AnomalyFigures(Decimal("12.5"), None, None, date(2026, 11, 14), None))
LESS = replace(ANOMALY, figures=AnomalyFigures(Decimal("-4"), Decimal("1"), Decimal("5"), None, None))
USAGE = replace(
    ACTUAL,
    currency="",
    figures=None,
    text="AWS Budget Notification November 16, 2026\n\nBudget Type: Usage\nACTUAL Amount: 120 GB\n",
)
OTHER = IncomingAlert(Origin.OTHER, "5b4f5c5e-0000-5000-8000-000000000004", SAID, SAID.date(), "Hello", "A test.\n")
HOSTILE = replace(ACTUAL, budget=NASTY, account_name=RIGHT_TO_LEFT, account="<!here>")
NO_WORDS = replace(OTHER, title="", text=" \n")
FLOOD = replace(OTHER, title=LONG, text=f"{NASTY}\n" * 500 + "x" * 9_000)


def came(alert: IncomingAlert, team: str = "payments", after: timedelta = timedelta()) -> Received:
    """An alert as it is on record."""
    return Received(alert, team, alert.currency or "USD", CAME + after)


def on_alert(*alerts: IncomingAlert) -> Message:
    """The message of our alert of that month, beside which AWS has said so much, the last said first."""
    received = [came(alert, after=timedelta(minutes=number)) for number, alert in enumerate(alerts)]
    return alert_message(OPEN.alert, PAYMENTS, POLICY, NAMES, NOW, received=received[::-1])


INCOMING_CASES: dict[str, Callable[[], Message]] = {
    "alert_beside_aws": lambda: on_alert(FORECASTED, ANOMALY, ACTUAL),
    "alert_beside_much_of_aws": lambda: on_alert(LESS, BARE, OTHER, USAGE, HOSTILE, FLOOD),
    **{
        f"incoming_note_{name}": lambda alert=alert: incoming_note(came(alert))
        for name, alert in (
            ("actual", ACTUAL),
            ("forecasted", FORECASTED),
            ("bare", BARE),
            ("anomaly", ANOMALY),
            ("anomaly_lasting", LASTING),
            ("anomaly_less", LESS),
            ("usage", USAGE),
            ("other", OTHER),
            ("nothing", NO_WORDS),
            ("flood", FLOOD),
            ("hostile", HOSTILE),
        )
    },
    "incoming_note_late": lambda: incoming_note(came(ACTUAL, after=timedelta(days=2))),
    "incoming_alone": lambda: incoming_message(came(ACTUAL), PAYMENTS, team_month()),
    "incoming_alone_without_figures": lambda: incoming_message(came(FORECASTED), PAYMENTS, None),
    "incoming_alone_stale": lambda: incoming_message(
        came(ANOMALY), PAYMENTS, team_month(through=date(2026, 11, 12), settled=date(2026, 11, 9))
    ),
    "incoming_alone_hostile": lambda: incoming_message(came(HOSTILE), Team("nasty", NASTY), team_month(team="nasty")),
    "incoming_unowned": lambda: unowned_message(came(ACTUAL, "")),
    "incoming_unowned_anomaly": lambda: unowned_message(came(ANOMALY, UNALLOCATED)),
    "incoming_unowned_text": lambda: unowned_message(came(OTHER, "")),
    "incoming_unowned_hostile": lambda: unowned_message(came(HOSTILE, "")),
}
