"""Re-delivery: a billing period is replaced as a whole, what is unchanged is left alone, and what is damaged healed."""

from __future__ import annotations

import shutil
from datetime import timedelta
from decimal import Decimal

import pytest

from storage.ledger.ingest import republish
from storage.spend import coverages
from tests.storage.bills import NOW, Place, charge, write_csv, write_parquet

OCTOBER = {"BillingPeriodStart": "2024-10-01T00:00:00Z", "ChargePeriodStart": "2024-10-05T00:00:00Z"}
LATER = NOW + timedelta(days=1)


def test_the_same_delivery_changes_nothing(place: Place) -> None:
    """Delivered again, under whatever names and in whatever order, a bill leaves every file and figure as it was."""
    one = write_csv(place.folder / "one.csv", [charge(), charge(**OCTOBER)])
    two = write_parquet(place.folder / "two.parquet", [charge(SubAccountId="2")])
    place.ingest(one, two)
    files, daily = place.files(), place.daily()
    with place.state.reading() as connection:
        before = {period.billing_period: period for period in coverages(connection).values()}
    renamed = write_parquet(place.folder / "renamed.parquet", [charge(SubAccountId="2")])
    for paths in ((one, two), (two, one), (renamed, one)):
        done = place.ingest(*paths, now=LATER)
        assert (done.outcome, done.periods, done.rows) == ("unchanged", {}, 0)
        assert set(done.unchanged) == {"2024-09", "2024-10"}
    assert (place.files(), place.daily(), place.damaged()) == (files, daily, [])
    with place.state.reading() as connection:
        after = {period.billing_period: period for period in coverages(connection).values()}
    assert {name: period.delivered_at for name, period in after.items()} == {name: NOW for name in before}
    assert {period.confirmed_at for period in after.values()} == {LATER}


def test_a_changed_period_replaces_the_former_and_keeps_it(place: Place) -> None:
    """The new version is served alone, the old one stays in the ledger byte for byte."""
    place.ingest(write_csv(place.folder / "a.csv", [charge(), charge(SubAccountId="gone")]))
    old = {name: digest for name, digest in place.files().items() if "/v0001/" in name}
    done = place.ingest(write_csv(place.folder / "a.csv", [charge(BilledCost="4")]), now=LATER)
    assert (done.periods, done.restated) == ({"2024-09": 2}, ("2024-09",))
    assert place.totals("sub_account_id") == {("111", "USD"): Decimal(4)}
    assert old.items() <= place.files().items() and len(old) == 3
    assert place.rows("SELECT team, month FROM restatement") == [("unallocated", "2024-09")]


def test_only_the_changed_period_gets_a_version(place: Place) -> None:
    """One period of a delivery changed: the others keep their version, and one no longer delivered stays served."""
    september, october = (
        write_csv(place.folder / name, [charge(**values)])
        for name, values in (("9.csv", {}), ("10.csv", dict(OCTOBER)))
    )
    place.ingest(september, october)
    write_csv(october, [charge(**OCTOBER, BilledCost="7")])
    assert place.ingest(september, october).periods == {"2024-10": 2}
    assert place.ingest(september).periods == {}
    assert place.totals("billing_period") == {("2024-09", "USD"): Decimal("1.5"), ("2024-10", "USD"): Decimal(7)}


def test_one_changed_file_of_many_gives_a_version_of_all(anywhere: Place) -> None:
    """Where one of a period's files changed, its new version holds that file anew and the others as they were."""
    files = [
        write_csv(anywhere.folder / f"{n}.csv", [charge(SubAccountId=str(n)), charge(**OCTOBER)]) for n in range(3)
    ]
    anywhere.ingest(*files)
    write_csv(files[1], [charge(SubAccountId="1", BilledCost="9"), charge(**OCTOBER)])
    assert anywhere.ingest(*files).periods == {"2024-09": 2, "2024-10": 2}
    assert anywhere.totals("sub_account_id", month=None)[("1", "USD")] == Decimal(9)
    assert anywhere.totals("billing_period") == {("2024-09", "USD"): Decimal(12), ("2024-10", "USD"): Decimal("4.5")}
    assert anywhere.damaged() == []
    assert anywhere.ingest(files[0], files[2]).periods == {"2024-09": 3, "2024-10": 3}
    assert anywhere.total() == Decimal(6)


def test_a_file_that_was_partly_replaced_is_read_again(anywhere: Place) -> None:
    """A file of two periods of which another file replaced one brings both back when it is delivered again."""
    both = write_csv(anywhere.folder / "both.csv", [charge(), charge(**OCTOBER)])
    anywhere.ingest(both)
    anywhere.ingest(write_csv(anywhere.folder / "nine.csv", [charge(BilledCost="100")]))
    assert anywhere.ingest(both).periods == {"2024-09": 3}
    assert anywhere.totals("billing_period") == {("2024-09", "USD"): Decimal("1.5"), ("2024-10", "USD"): Decimal("1.5")}


def test_exports_do_not_touch_each_other(anywhere: Place) -> None:
    """The same file under two exports counts twice, and a refusal or change of one leaves the other."""
    path = write_csv(anywhere.folder / "a.csv", [charge()])
    anywhere.ingest(path, export="one")
    anywhere.ingest(path, export="two")
    anywhere.ingest(write_csv(anywhere.folder / "b.csv", [charge(BilledCost="3")]), export="two")
    assert anywhere.totals("export") == {("one", "USD"): Decimal("1.5"), ("two", "USD"): Decimal(3)}


DAMAGE = {
    "a flipped bit": lambda folder: flip(folder / "part-0001.parquet"),
    "a flipped bit in the rollup": lambda folder: flip(folder / "part-0001.groups.parquet"),
    "a lost file": lambda folder: (folder / "part-0001.groups.parquet").unlink(),
    "a lost manifest": lambda folder: (folder / "manifest.json").unlink(),
    "a broken manifest": lambda folder: (folder / "manifest.json").write_text('{"parts": [', "utf-8"),
    "a lost folder": shutil.rmtree,
}


def flip(path) -> None:  # type: ignore[no-untyped-def]
    """Change one byte of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_ledger_is_healed_by_the_same_delivery(place: Place, kind: str) -> None:
    """What `ledger verify` finds damaged is mended by ingesting the export again, as it tells people to."""
    path = write_csv(place.folder / "a.csv", [charge()])
    place.ingest(path)
    folder = place.folder / "ledger" / "bill" / "2024-09" / "v0001"
    if kind == "a broken manifest":
        (folder / "manifest.json").chmod(0o644)
    DAMAGE[kind](folder)  # type: ignore[no-untyped-call]
    assert place.ingest(path, now=LATER).periods == {"2024-09": 2}
    assert place.damaged() == [] and place.total() == Decimal("1.5")
    assert len(place.daily()) == 1
    assert place.ingest(path, now=LATER).outcome == "unchanged"


def test_another_empty_ledger_is_filled_anew(place: Place) -> None:
    """A database whose ledger was lost takes the next delivery in with a number of its own."""
    path = write_csv(place.folder / "a.csv", [charge()])
    place.ingest(path)
    shutil.rmtree(place.folder / "ledger")
    assert place.ingest(path).periods == {"2024-09": 2}
    company, state, ledger = place.company, place.state, place.ledger
    assert republish(company=company, state=state, ledger=ledger, now=NOW) == 0


def test_a_file_that_changes_while_it_is_read_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bill rewritten during the ingest is refused: its figures and its kept bytes could be of different times."""
    import storage.ledger.parts as parts

    path = write_parquet(place.folder / "a.parquet", [charge()])
    roll_up = parts._roll_up

    def rewriting(*arguments: object) -> None:
        roll_up(*arguments)  # type: ignore[arg-type]
        write_parquet(path, [charge(BilledCost="1000000")] * 2)

    monkeypatch.setattr(parts, "_roll_up", rewriting)
    assert place.refusal(path).reason == "a.parquet: it changed while it was read."


def test_corrections_count_by_charge_and_by_invoice(place: Place) -> None:
    """A Correction of October's invoice for a September charge counts in September, and by invoice in October."""
    from finops.periods import Month

    late = charge(**{**OCTOBER, "ChargePeriodStart": "2024-09-05T00:00:00Z"}, ChargeClass="Correction", BilledCost="-1")
    place.ingest(write_csv(place.folder / "a.csv", [charge(), late]))
    september, october = Month(2024, 9), Month(2024, 10)
    assert place.totals(month=september) == {("USD",): Decimal("0.5")}
    assert place.totals(month=october) == {}
    assert place.totals(month=september, by_invoice=True) == {("USD",): Decimal("1.5")}
    assert place.totals(month=october, by_invoice=True) == {("USD",): Decimal(-1)}
