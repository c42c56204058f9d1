"""What a delivery changed against an earlier one."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.basis import Basis
from finops.errors import NotFound
from storage.ledger.differences import Difference, Differences, ledger_differences
from tests.storage.bills import Place, charge, write_csv


def compared(
    place: Place, *by: str, former: int | None = None, current: int | None = None, export: str = "aws"
) -> Differences:
    """September's versions, billed."""
    return ledger_differences(
        export,
        "2024-09",
        by,
        basis=Basis.BILLED,
        company=place.company,
        state=place.state,
        ledger=place.ledger,
        former=former,
        current=current,
    )


def deliver(place: Place, *bill: tuple[str, str], export: str = "aws") -> None:
    """A delivery of charges, each a service and its cost."""
    path = place.folder / "bill.csv"
    path.unlink(missing_ok=True)
    write_csv(path, [charge(ServiceName=service, BilledCost=cost) for service, cost in bill])
    place.ingest(path, export=export)


def test_what_changed_comes_largest_first(place: Place) -> None:
    """New, gone and changed services are told with both costs and rows; what is the same is left out."""
    deliver(place, ("EC2", "10"), ("S3", "1"), ("Gone", "2.5"), ("Same", "3"))
    with pytest.raises(NotFound, match="delivered once: there is nothing to compare version 1 to"):
        compared(place, "service")
    deliver(place, ("EC2", "10"), ("EC2", "7"), ("S3", "0.000000000000000001"), ("New", "-0.5"), ("Same", "3"))
    assert compared(place, "service") == Differences(
        1,
        2,
        (
            Difference(("EC2",), "USD", Decimal(10), Decimal(17), 1, 2),
            Difference(("Gone",), "USD", Decimal("2.5"), Decimal(0), 1, 0),
            Difference(("S3",), "USD", Decimal(1), Decimal("0.000000000000000001"), 1, 1),
            Difference(("New",), "USD", Decimal(0), Decimal("-0.5"), 0, 1),
        ),
    )
    assert compared(place, "service", former=2, current=1).rows[0].now == Decimal(10)
    assert compared(place, "team").rows == (
        Difference(("unallocated",), "USD", Decimal("16.5"), Decimal("19.500000000000000001"), 4, 5),
    )


def test_what_is_not_there_is_said(place: Place) -> None:
    """An export, month, version or column that does not exist is named with those that do."""
    deliver(place, ("EC2", "10"))
    deliver(place, ("EC2", "11"))
    with pytest.raises(NotFound, match="aws 2024-09 has no version 9") as refused:
        compared(place, "service", current=9)
    assert refused.value.mend == "There are 1, 2."
    with pytest.raises(NotFound, match="'export' is no column to compare by"):
        compared(place, "export")
    with pytest.raises(NotFound, match="azure has no billing period 2024-09"):
        ledger_differences(
            "azure",
            "2024-09",
            ["team"],
            basis=Basis.BILLED,
            company=place.company,
            state=place.state,
            ledger=place.ledger,
        )


BILLS = st.lists(
    st.tuples(st.sampled_from(["EC2", "S3", "RDS"]), st.decimals(-1000, 1000, places=9)), min_size=1, max_size=8
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(former=BILLS, current=BILLS)
def test_differences_add_up(
    place: Place, former: list[tuple[str, Decimal]], current: list[tuple[str, Decimal]]
) -> None:
    """Whatever two versions hold, the differences are theirs to the last digit, and no other key is named."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    export = f"aws{len(list(place.ledger.root.glob('aws*')))}"
    for side, bill in enumerate((former, current)):
        for service, cost in bill:
            sums[service][side] += cost
        deliver(place, *((service, f"{cost:f}") for service, cost in bill), (f"only {side}", "0"), export=export)
    found = {each.values[0]: [each.was, each.now] for each in compared(place, "service", export=export).rows}
    assert found == {service: both for service, both in sums.items() if both[0] != both[1]}
