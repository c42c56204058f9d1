"""A breakdown adds up to the actual, as shown."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.breakdown import Line
from finops.money import ZERO, add
from views.amounts import rounded
from views.breakdown import WIDTH, as_code, as_text, table
from views.text import columns

AMOUNTS = st.decimals(min_value=-(10**17), max_value=10**17, places=10)
LINES = st.lists(st.builds(Line, st.text(max_size=90), AMOUNTS, st.one_of(st.none(), AMOUNTS)), max_size=30)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])


def read(shown: str) -> Decimal:
    """An amount as it stands in a table."""
    return Decimal(shown.replace(",", "").replace("−", "-"))


@given(LINES, CURRENCIES)
def test_shown_lines_add_up(lines: list[Line], currency: str) -> None:
    """The amounts as shown add up to the shown total exactly, 'others' and 'rounding' among them."""
    actual = add(line.amount for line in lines)
    made = table(lines, actual, currency)
    assert add(rounded(line.amount, currency) for line in made.lines) == rounded(actual, currency)
    assert made.total.amount == actual
    assert add(line.amount for line in made.lines if line.name != "rounding") == actual


@given(LINES, CURRENCIES, AMOUNTS)
def test_shown_changes_add_up(lines: list[Line], currency: str, actual: Decimal) -> None:
    """The changes as shown add up to the shown total change, whatever has no former and is not broken down, and the
    total change is that of the lines which have one.
    """
    made = table(lines, actual, currency)
    changes = [rounded(line.change, currency) for line in made.lines if line.change is not None]
    assert made.total.change is None or add(changes) == rounded(made.total.change, currency)
    known = [line.change for line in lines if line.change is not None]
    assert made.total.change == (add(known) if known else None)


@given(LINES, CURRENCIES, AMOUNTS)
def test_it_fits_a_phone(lines: list[Line], currency: str, actual: Decimal) -> None:
    """No row is wider than 40 columns, whatever the names and amounts."""
    shown = as_code(table(lines, actual, currency)).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert max(map(columns, shown.split("\n"))) <= WIDTH
    assert len(as_code(table(lines, actual, currency))) < 2_800


def test_small_lines_are_gathered() -> None:
    """Of more than ten lines the smallest become one that says how many they are."""
    lines = [Line(f"service {number}", Decimal(100 - number), Decimal(90)) for number in range(21)]
    made = table(lines, add(line.amount for line in lines), "USD")
    assert [made.lines[8].name, made.lines[9].name] == ["service 8", "12 others"]
    assert made.lines[9].amount == add(line.amount for line in lines[9:])
    assert made.lines[9].former == Decimal(90 * 12)
    assert len(made.lines) == 10


def test_what_is_missing_has_a_line() -> None:
    """Where the breakdown is not the whole actual, the rest is named and not hidden."""
    made = table([Line("S3", Decimal(70))], Decimal(100), "USD")
    assert [(line.name, line.amount) for line in made.lines] == [("S3", Decimal(70)), ("not broken down", Decimal(30))]


def test_the_last_line_stays_last() -> None:
    """What is expected stands at the end whatever its size, is not gathered among the others, and is counted."""
    lines = [Line(f"service {number}", Decimal(100 - number)) for number in range(21)]
    actual = add(line.amount for line in lines) + Decimal(7)
    made = table(lines, actual, "USD", last=Line("expected", Decimal(5)))
    assert [(line.name, line.amount) for line in made.lines[-2:]] == [
        ("not broken down", Decimal(2)),
        ("expected", Decimal(5)),
    ]
    assert add(line.amount for line in made.lines) == actual == made.total.amount


def test_rounding_has_a_line() -> None:
    """Three thirds of a cent too many show as a line of their own."""
    made = table([Line(name, Decimal("0.335")) for name in "abc"], Decimal("1.005"), "USD")
    assert made.lines[-1] == Line("rounding", Decimal("-0.02"))


def test_shares_and_bars() -> None:
    """Shares are of the total; credits have a bar of their own kind and no share."""
    whole = as_code(table([Line("EC2", Decimal(75), Decimal(50)), Line("S3", Decimal(25), ZERO)], Decimal(100), "USD"))
    assert whole.split("\n")[1:5] == [
        "EC2                                 75 %",
        "  75.00  +25.00  ███████████████████████",
        "S3                                  25 %",
        "  25.00  +25.00  ███████▋",
    ]
    credit = as_code(table([Line("EC2", Decimal(75)), Line("Refund", Decimal(-25))], Decimal(50), "USD"))
    assert "%" not in credit and "░" in credit


def test_in_words() -> None:
    """The same lines as a sentence, for screen readers."""
    made = table([Line("EC2", Decimal(75), Decimal(50))], Decimal(75), "USD")
    assert as_text(made) == "EC2 $75.00 (+$25.00); Total $75.00 (+$25.00)."
