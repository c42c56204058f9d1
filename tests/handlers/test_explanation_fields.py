"""The amount of an explanation as it is typed: what is wrong with it is said at its field."""

from __future__ import annotations

from decimal import Decimal

import pytest

from handlers.explanation_fields import wording_of
from views.explanation_form import AMOUNT

UNREADABLE = "Write an amount of USD such as 1,200 or 1,200.50: commas between thousands, a point before decimals."


@pytest.mark.parametrize(
    ("text", "variance", "expected"),
    [
        ("0", "500", "Write an amount other than 0: how much of the variance this explains."),
        ("a lot", "500", UNREADABLE),
        ("a lot", "-500", f"{UNREADABLE} A − stands before what is less than budgeted."),
        ("1.200", "500", "1.200 can be read in two ways: write 1,200 or 1.20."),
        ("12", "500", None),
    ],
)
def test_what_is_wrong_with_an_amount(text: str, variance: str, expected: str | None) -> None:
    """An amount that cannot be read, or of nothing, is refused; the sign is explained of underspend alone."""
    _, errors = wording_of({AMOUNT: text}, [], "USD", Decimal(variance))
    assert errors.get(AMOUNT) == expected
