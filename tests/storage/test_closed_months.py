"""Closed months: exact, and written once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from storage.closed_months import close, closed_months, is_closed
from tests.reports import FOREIGN, NASTY, OCTOBER, made_figures
from tests.storage.bills import Place


def test_what_is_read_is_what_was_closed(place: Place) -> None:
    """Figures come back to the last digit, with names of every kind; another month has none."""
    tiny = {NASTY: "1E-18", FOREIGN: "-2E-18"}
    figures = [
        made_figures("a", None, "-0.000000000000000001", currency="EUR", services=tiny),
        made_figures("a", "1000.000000000000000001", "99999999999999999999.999999999999999999"),
        made_figures("b", "0", "0"),
    ]
    with place.state.writing() as connection:
        assert close(connection, figures) == 3
    with place.state.reading() as connection:
        assert list(closed_months(connection, OCTOBER).values()) == figures
        assert is_closed(connection, OCTOBER) and not is_closed(connection, OCTOBER.next)
        assert closed_months(connection, OCTOBER.next) == {}


def test_it_is_written_once(place: Place) -> None:
    """What is closed again with other figures stays as it was; only what is new is written."""
    first, new = made_figures("a"), made_figures("b")
    with place.state.writing() as connection:
        close(connection, [first])
    with place.state.writing() as connection:
        assert close(connection, [replace(first, actual=Decimal(7)), new]) == 1
    with place.state.reading() as connection:
        assert list(closed_months(connection, OCTOBER).values()) == [first, new]
