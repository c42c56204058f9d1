from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from finops.periods import Month


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.integers(0, 30))
def test_months_before_follow_one_another(day: date, number: int) -> None:
    """So many months before one are told without a gap, the newest first, and never the one itself."""
    month = Month.of(day)
    found = month.before(number)
    assert len(found) == number
    assert [each.next for each in found] == [month, *found][:number]
