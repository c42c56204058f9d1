"""AWS Budgets' notification: plain text with labelled lines, read tolerantly; what is not understood stays text.

Its form: https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html, and what it sends.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

from finops.incoming_alert import BudgetFigures, IncomingAlert, Origin
from finops.money import Money

MONTHS = "january february march april may june july august september october november december".split()
YEARS = range(2000, 2100)
"""A year outside of these is a mistake in the message."""
SYMBOLS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP"}
"""What AWS writes before an amount; ¥ may be two currencies and is not guessed at."""
_AMOUNT = re.compile(
    r"(?P<minus>-?)(?P<before>[A-Z]{3} ?|US\$|[$€£])?(?P<inner>-?)"
    r"(?P<digits>(?:[0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,18})(?:\.[0-9]{1,18})?)(?P<after> ?[A-Z]{3})?"
)
_ACCOUNT = re.compile(r"AWS Account:?[ \t]{0,9}([0-9]{12})(?![0-9])")
_DAY = re.compile(r"Notification:?[ \t]{1,9}([A-Z][a-z]{2,8}) ([0-9]{1,2}), ([0-9]{4})")


def is_of_budgets(title: str, text: str) -> bool:
    """Whether a message is AWS Budgets' own."""
    return title.startswith("AWS Budgets:") or text.lstrip().startswith("AWS Budget Notification")


def read_budgets(alert: IncomingAlert) -> IncomingAlert:
    """An alert of AWS Budgets with what its text says.

    Args:
        alert: its id, time, title and text; never refused, whatever the text.
    """
    said = _labelled(alert.text)
    figures, currency = _figures(said)
    account = _ACCOUNT.search(alert.text)
    return replace(
        alert,
        origin=Origin.BUDGETS,
        day=_day(alert.text) or alert.day,
        account=account[1] if account else "",
        budget=said.get("budget name", ""),
        currency=currency,
        figures=figures,
    )


def money_of(text: str) -> Money | None:
    """An amount as AWS writes it: '$1,234.50', '-$5', '12 EUR'; None for anything else, a share or '120 GB' too."""
    match = _AMOUNT.fullmatch(text.strip().lstrip("<>=≥≤ "))
    if match is None or bool(match["before"]) == bool(match["after"]):
        return None
    unit = (match["before"] or match["after"]).strip()
    sign = -1 if bool(match["minus"]) != bool(match["inner"]) else 1
    return Money(sign * Decimal(match["digits"].replace(",", "")), SYMBOLS.get(unit, unit))


def _labelled(text: str) -> dict[str, str]:
    """Label in lower case → what stands behind it; of a label that stands twice, the first."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        label, colon, value = line.partition(":")
        if colon:
            found.setdefault(" ".join(label.lower().split()), value.strip())
    return found


def _figures(said: dict[str, str]) -> tuple[BudgetFigures | None, str]:
    """The figures and their currency; a budget of hours, gigabytes or shares has none in money."""
    if not said.get("budget type", "cost").lower().startswith("cost"):
        return None, ""
    kind = said.get("alert type", "").upper() or ("FORECASTED" if "forecasted amount" in said else "ACTUAL")
    amount = money_of(said.get(f"{kind.lower()} amount", ""))
    if amount is None or kind not in ("ACTUAL", "FORECASTED"):
        return None, ""
    beside = (_in(money_of(said.get(name, "")), amount.currency) for name in ("budgeted amount", "alert threshold"))
    return BudgetFigures(kind == "FORECASTED", amount.amount, *beside), amount.currency


def _in(money: Money | None, currency: str) -> Decimal | None:
    return money.amount if money and money.currency == currency else None


def _day(text: str) -> date | None:
    """The day in the headline."""
    match = _DAY.search(text)
    if match is None or match[1].lower() not in MONTHS or int(match[3]) not in YEARS:
        return None
    try:
        return date(int(match[3]), MONTHS.index(match[1].lower()) + 1, int(match[2]))
    except ValueError:
        return None
