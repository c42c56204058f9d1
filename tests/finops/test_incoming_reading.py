"""What AWS sends, read: labelled lines and JSON become figures, and what nobody understands stays text."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.incoming_alert import AnomalyFigures, BudgetFigures, IncomingAlert, Origin
from finops.incoming_budgets import money_of
from finops.incoming_reading import read_alert
from finops.money import Money

AT = datetime(2026, 11, 12, 9, 12, tzinfo=UTC)
ID = "5b4f5c5e-0000-5000-8000-000000000001"
EXAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "aws"
TITLE = "AWS Budgets: Payments monthly has exceeded your alert threshold"
TEXT = """AWS Budget Notification November 11, 2026
AWS Account 123456789012

Dear AWS Customer,

You requested that we alert you when the ACTUAL Cost associated with your budget is greater than $2,000.00.

Budget Name: Payments: monthly
Budget Type: Cost
Budgeted Amount: $2,900.00
Alert Type: ACTUAL
Alert Threshold: > $2,000.00
ACTUAL Amount: $2,345.67

[1] https://console.aws.amazon.com/costmanagement/home#/budgets
"""
ANOMALY: dict[str, Any] = {
    "accountId": "999999999999",
    "anomalyId": "9d1c5a3e-aaaa",
    "anomalyStartDate": "2026-11-10T00:00:00Z",
    "anomalyEndDate": "2026-11-11T00:00:00Z",
    "dimensionalValue": "Amazon Athena",
    "impact": {"maxImpact": 900, "totalImpact": 1001.1, "totalActualSpend": 1301.1, "totalExpectedSpend": 300},
    "monitorArn": "arn:aws:ce::999999999999:anomalymonitor/abc",
    "rootCauses": [
        {"linkedAccount": "111111111111", "service": "Amazon S3", "impact": {"contribution": 1}},
        {
            "linkedAccount": "222222222222",
            "linkedAccountName": "production",
            "service": "Amazon Athena",
            "impact": {"contribution": 900.5},
        },
        {"linkedAccount": "333333333333"},
    ],
}


def read(text: str, title: str = "") -> IncomingAlert:
    return read_alert(text, ID, AT, title)


def read_anomaly(**changed: Any) -> IncomingAlert:
    return read(json.dumps(ANOMALY | changed))


def test_a_budgets_text_is_read_whole() -> None:
    """Account, day, budget, kind, amount, what is budgeted and the threshold come out of the labelled lines."""
    assert read(TEXT, TITLE) == IncomingAlert(
        Origin.BUDGETS,
        ID,
        AT,
        date(2026, 11, 11),
        TITLE,
        TEXT,
        account="123456789012",
        budget="Payments: monthly",
        currency="USD",
        figures=BudgetFigures(False, Decimal("2345.67"), Decimal("2900.00"), Decimal("2000.00")),
    )


def test_forecasted_and_actual_are_told_apart() -> None:
    """The amount that counts is the one of the alert's own type."""
    text = TEXT.replace("Alert Type: ACTUAL", "Alert Type: FORECASTED").replace(
        "$2,345.67", "$1\nFORECASTED Amount: $7"
    )
    assert read(text).figures == BudgetFigures(True, Decimal(7), Decimal("2900.00"), Decimal("2000.00"))


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("ACTUAL Amount: $2,345.67", "ACTUAL Amount: much"),
        ("ACTUAL Amount: $2,345.67", "FORECASTED Amount: $2,345.67"),
        ("Budget Type: Cost", "Budget Type: Usage"),
        ("Alert Type: ACTUAL", "Alert Type: IMAGINED"),
    ],
)
def test_what_is_not_understood_stays_text(line: str, other: str) -> None:
    """Without an amount in money there are no figures, and the text is whole; whose it is, is known all the same."""
    text = TEXT.replace(line, other)
    alert = read(text)
    assert (alert.origin, alert.text, alert.figures, alert.currency) == (Origin.BUDGETS, text, None, "")
    assert (alert.account, alert.budget) == ("123456789012", "Payments: monthly")


def test_another_currency_beside_is_left_out() -> None:
    """Amounts in another currency than the alert's are not taken for it."""
    alert = read(TEXT.replace("Budgeted Amount: $2,900.00", "Budgeted Amount: €2,900.00"))
    assert alert.figures == BudgetFigures(False, Decimal("2345.67"), None, Decimal("2000.00"))


@pytest.mark.parametrize("headline", ["February 30, 2026", "Smarch 1, 2026", "November 11, 0001", "11.11.2026"])
def test_a_day_that_is_none_is_the_day_it_was_said(headline: str) -> None:
    """A headline without a day of this age leaves the day on which the message was sent."""
    assert read(TEXT.replace("November 11, 2026", headline)).day == AT.date()


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("$0.59", Money(Decimal("0.59"), "USD")),
        ("> $0.16", Money(Decimal("0.16"), "USD")),
        ("US$1,234,567.89", Money(Decimal("1234567.89"), "USD")),
        ("-$5", Money(Decimal(-5), "USD")),
        ("$-5", Money(Decimal(-5), "USD")),
        ("€12.5", Money(Decimal("12.5"), "EUR")),
        ("12.50 EUR", Money(Decimal("12.50"), "EUR")),
        ("CNY 7", Money(Decimal(7), "CNY")),
        ("¥7", None),
        ("120 GB", None),
        ("80%", None),
        ("12", None),
        ("$12 EUR", None),
        ("$1,23", None),
        ("$", None),
        ("", None),
        ("$" + "9" * 40, None),
    ],
)
def test_amounts(text: str, money: Money | None) -> None:
    """An amount has a currency that is known, or is none."""
    assert money_of(text) == money


def test_an_anomaly_by_sns() -> None:
    """Figures, days and the root cause that contributes most come out of the JSON; its own id is its key."""
    alert = read_anomaly()
    assert alert == IncomingAlert(
        Origin.ANOMALY_DETECTION,
        "9d1c5a3e-aaaa",
        AT,
        date(2026, 11, 11),
        "",
        json.dumps(ANOMALY),
        account="222222222222",
        account_name="production",
        dimension="Amazon Athena",
        service="Amazon Athena",
        currency="USD",
        figures=AnomalyFigures(
            Decimal("1001.1"), Decimal("1301.1"), Decimal(300), date(2026, 11, 10), date(2026, 11, 11)
        ),
    )


def test_an_anomaly_by_eventbridge() -> None:
    """EventBridge's event says the same under other names, and when."""
    detail = {name: value for name, value in ANOMALY.items() if name != "dimensionalValue"}
    detail["dimensionValue"] = "Amazon Athena"
    event = {"detail-type": "Anomaly Detected", "id": "e", "time": "2026-11-12T03:04:05Z", "detail": detail}
    text, by_sns = json.dumps(event), read_anomaly()
    alert = read(text)
    assert alert.at == datetime(2026, 11, 12, 3, 4, 5, tzinfo=UTC)
    same = ("id", "day", "account", "account_name", "dimension", "service", "currency", "figures")
    assert [getattr(alert, name) for name in same] == [getattr(by_sns, name) for name in same]


@pytest.mark.parametrize(
    ("changed", "account", "service", "tags"),
    [
        ({"rootCauses": []}, "999999999999", "Amazon Athena", {}),
        ({"rootCauses": None, "dimensionalValue": "444444444444"}, "444444444444", "", {}),
        ({"rootCauses": [], "dimensionalValue": "user:Cost Center$web"}, "999999999999", "", {"costcenter": "web"}),
        ({"rootCauses": [7, {"linkedAccount": 8}], "dimensionalValue": None}, "999999999999", "", {}),
    ],
)
def test_whom_an_anomaly_names(changed: dict[str, Any], account: str, service: str, tags: dict[str, str]) -> None:
    """Without root causes, the monitor's dimension says whose it is: a service, an account, or a tag's value."""
    alert = read_anomaly(**changed)
    assert (alert.account, alert.service, alert.tags) == (account, service, tags)


@pytest.mark.parametrize(
    "impact",
    [{"totalImpact": "1001"}, {"maxImpact": 1}, {"totalImpact": 1e300}, {"totalImpact": None}, {"totalImpact": True}],
)
def test_an_anomaly_without_an_amount(impact: dict[str, Any]) -> None:
    """An impact that is no amount leaves the text to speak."""
    alert = read_anomaly(impact=impact)
    assert (alert.origin, alert.figures, alert.currency) == (Origin.ANOMALY_DETECTION, None, "")


def test_china_reckons_in_its_own_currency() -> None:
    """An anomaly of AWS China is in yuan."""
    assert read_anomaly(monitorArn="arn:aws-cn:ce::999999999999:anomalymonitor/abc").currency == "CNY"


def test_an_id_that_cannot_be_a_key() -> None:
    """An anomaly whose id is of another form goes by the message's."""
    assert read_anomaly(anomalyId="../../x y").id == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{}",
        "[1]",
        '{"anomalyId": "a"}',
        '{"impact": {"totalImpact": 1}}',
        '{"anomalyId": "a", "impact": {"totalImpact": 1e99999999999999999999}}',
        '{"a": NaN}',
        "{" * 100_000,
        '{"a": 1' + "0" * 10_000 + "}",
    ],
    ids=lambda text: text[:40],
)
def test_everything_else_is_text(text: str) -> None:
    """What is of neither is kept as it came."""
    assert read(text, "Hi") == IncomingAlert(Origin.OTHER, ID, AT, AT.date(), "Hi", text)


LABELS = ["AWS Budget Notification ", "AWS Account ", "Budget Name", "Budget Type", "Budgeted Amount", "Alert Type"]
LABELS += ["Alert Threshold", "ACTUAL Amount", "FORECASTED Amount", "ACTUAL", "FORECASTED", "Cost", ": ", ":", "\n"]
LABELS += ["$", "€", "1,234.50", "-", ">", "9" * 30, "123456789012", "November 31, 2026", "\r", "\u2028", "\0"]
TEXTS = st.one_of(
    st.text(),
    st.lists(st.one_of(st.sampled_from(LABELS), st.text(max_size=5)), max_size=40).map("".join),
    st.lists(st.sampled_from(LABELS), max_size=40).map(lambda parts: "AWS Budget Notification " + "".join(parts)),
)


@given(TEXTS, st.text(max_size=30) | st.just(TITLE))
def test_no_text_is_refused_or_lost(text: str, title: str) -> None:
    """Whatever comes is read without a fault, keeps its text, and has figures in a currency or none of both."""
    alert = read(text, title)
    assert (alert.id, alert.at, alert.title, alert.text) == (ID, AT, title, text)
    assert (alert.figures is None) == (alert.currency == "")
    assert alert.month.first <= alert.day <= alert.month.last


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*ANOMALY, "detail", "time", "impact", "totalImpact", "contribution"]), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from([*ANOMALY, "detail", "time"]), JSON), st.booleans())
def test_no_json_is_refused_or_lost(changed: dict[str, Any], whole: bool) -> None:
    """Whatever JSON comes is read without a fault and keeps its text."""
    text = json.dumps((ANOMALY if whole else {}) | changed)
    assert read(text).text == text


def test_what_aws_has_sent() -> None:
    """Messages that were really sent are read as whoever recorded them read them."""
    if not EXAMPLES.exists():
        pytest.skip("the recorded messages are no part of this repository and not beside it, in ../shared/data/aws")
    recorded = json.loads((EXAMPLES / "budgets_sns_examples.json").read_text())
    for each in recorded:
        alert, expected = read(each["Message"], each["Subject"]), each["expect"]
        assert (alert.account, alert.budget) == (expected["account"], expected["budget_name"])
        assert alert.figures == BudgetFigures(
            expected["alert_type"] == "FORECASTED",
            Decimal(expected["amount"]),
            Decimal(expected["budgeted"]),
            Decimal(expected["threshold"].split()[0]),
        )
    [event] = json.loads((EXAMPLES / "cost_anomaly_eventbridge_example.json").read_text())
    figures, expected = read(json.dumps(event["event"])).figures, event["expect"]
    assert isinstance(figures, AnomalyFigures)
    assert [figures.actual, figures.expected, figures.impact] == [
        expected[name] for name in ("actual", "expected", "impact")
    ]
