"""Taking in what a source offers: each delivery once, and the former figures stay where one cannot be used."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from storage.offered import Outcome, Taken, taken_of
from storage.sources.aws_data_export import SOURCE
from storage.sources.source import Fetched, Offer, Offered, SourceFailed
from storage.sources.taking import take_in
from tests.storage.bills import NOW, Place, charge, csv_text


class Export:
    """A Data Export in a folder, and where it is taken in."""

    def __init__(self, place: Place, root: Path) -> None:
        self.place, self.root = place, root
        self.now = NOW
        self.fetched = 0

    def deliver(self, month: str, *costs: str, whole: bool = True, content: bytes | None = None) -> None:
        """A month, as an overwriting export writes it: the data, then the manifest."""
        rows = [
            charge(
                BilledCost=cost,
                EffectiveCost=cost,
                BillingPeriodStart=f"{month}-01T00:00:00Z",
                ChargePeriodStart=f"{month}-02T00:00:00Z",
            )
            for cost in costs
        ]
        name = f"data/BILLING_PERIOD={month}/costs-1.csv.gz"
        self.write(name, content if content is not None else gzip.compress(csv_text(rows).encode()))
        self.write(
            f"metadata/BILLING_PERIOD={month}/costs-Manifest.json",
            json.dumps({"dataFiles": [name] if whole else [name, "data/later.csv"]}).encode(),
        )

    def write(self, name: str, content: bytes) -> None:
        """A file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def take(self) -> dict[str, tuple[str, str]]:
        """An hour later: name of each delivery → outcome and why."""
        self.now += timedelta(hours=1)
        source = Counting(SOURCE.opened(path=str(self.root)), self)
        place = self.place
        taken = take_in("aws", source, company=place.company, state=place.state, ledger=place.ledger, now=self.now)
        return {each.name: (str(each.outcome), each.why) for each in taken}

    def noted(self) -> dict[str, Taken]:
        """What is on record."""
        with self.place.state.reading() as connection:
            return {each.name: each for each in taken_of(connection, "aws")}

    @property
    def totals(self) -> dict[str, Decimal]:
        """Billing period → what is served."""
        return {period: cost for (period, _currency), cost in self.place.totals("billing_period").items()}


class Counting:
    """A source that counts what is fetched from it."""

    def __init__(self, source: Any, export: Export) -> None:
        self._source, self._export = source, export

    def offered(self, now: Any) -> Offered:
        """As the source has it."""
        found: Offered = self._source.offered(now)
        return found

    def fetch(self, offer: Offer, folder: Path) -> Fetched:
        """As the source does."""
        self._export.fetched += 1
        fetched: Fetched = self._source.fetch(offer, folder)
        return fetched

    def lacking(self) -> list[str]:
        """Nothing."""
        return []


@pytest.fixture
def export(place: Place, tmp_path: Path) -> Export:
    """An empty export."""
    return Export(place, tmp_path / "export")


def test_one_restated_month_costs_one_month(export: Export) -> None:
    """Thirteen months are fetched once each, and after that only the month that was delivered anew."""
    months = [f"2025-{number:02d}" for number in range(1, 13)] + ["2026-01"]
    for number, month in enumerate(months):
        export.deliver(month, str(number + 1))
    assert set(export.take().values()) == {("published", "")}
    assert (export.fetched, sum(export.totals.values())) == (13, Decimal(91))
    assert set(export.take().values()) == {("unchanged", "")} and export.fetched == 13
    export.deliver("2025-06", "6", "100")
    taken = export.take()
    assert (taken.pop("2025-06"), set(taken.values())) == (("published", ""), {("unchanged", "")})
    assert (export.fetched, sum(export.totals.values())) == (14, Decimal(191))


@pytest.mark.parametrize(
    ("wrong", "outcome", "why"),
    [
        ({"whole": False}, "waiting", "the manifest names data/later.csv, which is not there."),
        ({"content": gzip.compress(b"BilledCost\n1")[:-9]}, "refused", "the gzip ends too early"),
        ({"content": b""}, "refused", "the file is empty (0 bytes)."),
        ({"content": gzip.compress(b"a,b\n1,2\n")}, "refused", "not a usable FOCUS bill"),
    ],
    ids=["a file that is not there", "gzip cut short", "empty", "no bill"],
)
def test_what_cannot_be_used_leaves_what_was(export: Export, wrong: dict[str, Any], outcome: str, why: str) -> None:
    """The former figures are served, the record says why, the other month comes in, and the next good one heals."""
    export.deliver("2026-09", "5")
    export.take()
    export.deliver("2026-09", "7", **wrong)
    export.deliver("2026-10", "1")
    taken = export.take()
    assert taken["2026-09"][0] == outcome and why in taken["2026-09"][1]
    assert taken["2026-10"] == ("published", "")
    assert export.totals == {"2026-09": Decimal(5), "2026-10": Decimal(1)}
    since = export.noted()["2026-09"]
    assert (str(since.outcome), since.why) == taken["2026-09"]
    fetched = export.fetched
    assert export.take()["2026-09"] == taken["2026-09"] and export.fetched == fetched
    assert export.noted()["2026-09"] == since
    export.deliver("2026-09", "7")
    assert export.take()["2026-09"] == ("published", "")
    assert export.totals["2026-09"] == Decimal(7)


def test_a_failure_outside_the_delivery_is_tried_again(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not fetched for a reason of the moment is fetched next time, under the same mark."""
    export.deliver("2026-09", "5")

    def broken(_self: Any, _offer: Offer, _folder: Path) -> Fetched:
        raise SourceFailed("s3://bills: AWS answered SlowDown.")

    with monkeypatch.context() as patched:
        patched.setattr(Counting, "fetch", broken)
        assert export.take() == {"2026-09": ("failed", "s3://bills: AWS answered SlowDown.")}
    assert export.take() == {"2026-09": ("published", "")}


def test_a_lost_ledger_is_mended_by_the_same_delivery(export: Export) -> None:
    """A delivery known by its mark is fetched again where what was made of it is gone."""
    export.deliver("2026-09", "5")
    export.take()
    for path in sorted(export.place.ledger.root.glob("aws/2026-09/*/*"), reverse=True):
        path.unlink()
    assert export.take() == {"2026-09": ("published", "")}
    assert export.totals == {"2026-09": Decimal(5)}


def test_what_is_on_record_says_since_when(export: Export) -> None:
    """An hour in which nothing happens changes nothing on record."""
    export.deliver("2026-09", "5")
    export.take()
    first = export.noted()["2026-09"]
    assert replace(first, mark="", at=NOW) == Taken("aws", "2026-09", "", Outcome.PUBLISHED, "", NOW, ("2026-09",), 1)
    export.take()
    assert export.noted()["2026-09"] == first
