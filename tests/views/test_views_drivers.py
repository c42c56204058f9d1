"""What a part of a change comes from, in words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from finops.drivers import Contributor, Driver, Part
from views.driver_words import comes_from, questions

MOVED = (Decimal(500), Decimal(1500), "Hours")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Contributor("", "Compute", "prod", Decimal(9), *MOVED), "Compute in prod, 500 → 1,500 Hours, +$9.00"),
        (Contributor("", "", "prod", Decimal(9), *MOVED), "(no service) in prod, 500 → 1,500 Hours, +$9.00"),
        (Contributor("Large", "", "prod", Decimal(9)), "Large (prod) +$9.00"),
        (Contributor("", "", "", Decimal(9)), "all +$9.00"),
        (Contributor("", "", "", Decimal(9), others=1500), "1,500 others +$9.00"),
    ],
)
def test_where_a_part_comes_from(found: Contributor, said: str) -> None:
    """A contributor without a service is one of its account's; only several in one are others."""
    assert comes_from(Part(Driver.VOLUME, Decimal(9), (found,)), "USD") == said


def test_a_part_that_was_shortened_before_counts_all() -> None:
    """What is named and what is gathered are all that a part consists of, though it was kept in short."""
    one = tuple(Contributor(f"n{number}", "", "", Decimal(1)) for number in range(100))
    part = Part(Driver.CREDITS, Decimal(100), one)
    assert comes_from(part.shortened(20), "USD") == comes_from(part, "USD") == "n0 +$1.00; n1 +$1.00; 98 others +$98.00"
    assert questions([part.shortened(1)], Decimal(1)) == ["Fewer credits, 100 others: which one ended?"]
