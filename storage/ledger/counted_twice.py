"""What a delivery is refused for because the same money would count twice, or take other money's place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from finops.errors import DeliveryRefused
from storage.ledger.bill_file import BillFile
from storage.ledger.parts import StagedPart


class PeriodHeld(DeliveryRefused):
    """A delivery holds a billing period that another one of the export holds: one would take the other's place.

    Attributes:
        holder: name of the other delivery.
    """

    def __init__(self, export: str, period: str, holder: str) -> None:
        super().__init__(
            f"The billing period {period} is in the delivery {holder} of {export} too; one would take the other's "
            "place, so this one is in no figure.",
            mend="Have each delivery hold whole billing periods, and take away the one that is not wanted.",
        )
        self.holder = holder


def refuse_held(export: str, periods: Iterable[str], held: Mapping[str, str]) -> None:
    """Refuse billing periods that another delivery of the export holds.

    Args:
        held: billing period → name of the other delivery.

    Raises:
        PeriodHeld: of the first of them.
    """
    if period := min(held.keys() & set(periods), default=""):
        raise PeriodHeld(export, period, held[period])


def refuse_both_costs(period: str, parts: Iterable[StagedPart]) -> None:
    """Refuse a month in files that show different costs of the same charges."""
    files = {each.part.cost: each.part.source for each in parts if each.part.cost}
    if len(files) > 1:
        (cost, file), (other, beside) = sorted(files.items())[:2]
        raise DeliveryRefused(
            f"{file} holds {cost} and {beside} {other} of {period}: read together they would count twice.",
            mend="Deliver one of them.",
        )


def refuse_twice(seen: dict[str, str], bill: BillFile) -> None:
    """Note a file by its SHA-256 → the name it is shown by; refuse one that is there already."""
    if bill.sha256 in seen:
        raise DeliveryRefused(
            f"{seen[bill.sha256]} and {bill.shown} are the same file; read together they would count twice.",
            mend="Deliver one of them.",
        )
    seen[bill.sha256] = bill.shown
