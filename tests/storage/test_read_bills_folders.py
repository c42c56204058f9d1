"""Folder trees and awkward paths: every bill file is found once, and its name means nothing."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from finops.errors import ConfigurationRefused
from storage.ledger.folder import FolderLedger
from tests.storage.bills import Place, charge, write_csv, write_parquet

OCTOBER = {"BillingPeriodStart": "2024-10-01T00:00:00Z", "ChargePeriodStart": "2024-10-05T00:00:00Z"}


def test_a_hive_tree_is_read_as_one_delivery(place: Place) -> None:
    """Files of several billing periods in folders named key=value are all read, and the folders add no column."""
    root = place.folder / "tree"
    write_parquet(root / "BILLING_PERIOD=2024-09" / "a.parquet", [charge(), charge()])
    write_parquet(root / "BILLING_PERIOD=2024-09" / "b.parquet", [charge(SubAccountId="2")])
    write_csv(root / "BILLING_PERIOD=2024-10" / "BilledCost=9" / "a.csv.gz", [charge(**OCTOBER)])
    write_parquet(root / "Tags=x" / "c.parquet", [charge(SubAccountId="3"), charge(**OCTOBER)])
    done = place.ingest(root)
    assert (done.periods, done.rows) == ({"2024-09": 1, "2024-10": 1}, 6)
    assert place.totals("billing_period") == {("2024-09", "USD"): Decimal(6), ("2024-10", "USD"): Decimal(3)}
    assert place.ingest(root).outcome == "unchanged"


def test_hidden_files_and_loops_are_passed_over(place: Place) -> None:
    """A writer's own files, links in a circle and other file types are no bills; a link to a bill counts once."""
    root = place.folder / "tree"
    bill = write_csv(root / "a.csv", [charge()])
    for name in (".hidden.csv", "_temporary/b.csv", ".cache/c.csv"):
        write_csv(root / name, [charge()])
    (root / "loop").symlink_to(root)
    (root / "self.csv").symlink_to(root / "self.csv")
    (root / "again.csv").symlink_to(bill)
    (root / "manifest.json").write_text("{}")
    (root / "folder.csv").mkdir()
    place.ingest(root, bill, root)
    assert place.total() == Decimal("1.5")


NAMES = [
    "b[1].csv",
    "b*.csv",
    "b?.csv",
    "{a,b}.csv",
    "Ünïcødé 日本.csv",
    "quo'te\".csv",
    "back\\slash.csv",
    "new\nline.csv",
    "a b%20.csv",
    "x=1&y=2.csv",
    "CAPITAL.CSV",
]


def test_a_name_stands_for_one_file(place: Place) -> None:
    """Names with pattern signs, quotes and foreign letters stand for exactly their own file, in CSV and Parquet."""
    write_csv(place.folder / "b1.csv", [charge(BilledCost="1000")])
    write_csv(place.folder / "bb.csv", [charge(BilledCost="1000")])
    for number, name in enumerate(NAMES):
        place.ingest(write_csv(place.folder / name, [charge()]), export=f"csv{number}")
        folder = place.folder / f"folder{number}"
        place.ingest(write_parquet(folder / name.lower().replace(".csv", ".parquet"), [charge()]), export=f"p{number}")
    assert place.total() == Decimal("1.5") * 2 * len(NAMES)


def test_the_ledger_may_lie_anywhere(place: Place) -> None:
    """A ledger in a folder with pattern signs, quotes and key=value is read and verified like any other."""
    awkward = place.folder / "env=prod" / "it's [1]*"
    moved = Place(awkward, place.state)
    two = [charge(), charge(**OCTOBER)]
    moved.ingest(write_csv(place.folder / "a.csv", two))
    moved.ingest(write_parquet(place.folder / "b.parquet", two), export="other")
    assert moved.total() == Decimal(6)
    assert moved.damaged() == []
    assert FolderLedger(awkward / "ledger").read("bill", "2024-09", 1).rows == 1


def test_a_name_that_is_not_text_is_refused(place: Place) -> None:
    """A file name of bytes that are not UTF-8 is refused in words that can be printed."""
    path = Path(os.fsdecode(os.fsencode(place.folder) + b"/b\xff.csv"))
    write_csv(path, [charge()])
    assert place.refusal(path).reason.endswith("/b?.csv: the name is not UTF-8.")


def test_what_is_not_there_is_named(place: Place) -> None:
    """A missing path, an empty folder and a pipe are refused by name."""
    (place.folder / "empty").mkdir()
    os.mkfifo(place.folder / "pipe.csv")
    for name, reason in {
        "nothing.csv": "no such file or folder.",
        "empty": "no .csv, .csv.gz or .parquet file in this folder.",
        "pipe.csv": "no such file or folder.",
    }.items():
        assert place.refusal(place.folder / name).reason == f"{place.folder / name}: {reason}"


@pytest.mark.parametrize(
    ("names", "mend"),
    [
        (["real.xlsx"], "There is only real.xlsx, which is not read: save it as CSV UTF-8."),
        (["a.xls", "b.zip"], "There is only a.xls, b.zip, which is not read: deliver it as one of these."),
        (
            ["a.7z", "b.7z", "c.7z", "d.7z"],
            "There is only a.7z, b.7z, c.7z and 1 more, which is not read: deliver it as one of these.",
        ),
        (["notes.txt"], ""),
    ],
)
def test_a_folder_without_a_bill_names_what_it_has(place: Place, names: list[str], mend: str) -> None:
    """Files that may hold charges and are not read are named with what to do; others are not."""
    root = place.folder / "tree"
    root.mkdir()
    for name in names:
        (root / name).write_text("x")
    assert place.refusal(root).mend == mend


def test_the_same_file_twice_is_refused(place: Place) -> None:
    """Two files of the same bytes in one delivery would count twice and are refused, at first and later on."""
    one, two = (write_csv(place.folder / name, [charge()]) for name in ("one.csv", "two.csv"))
    reason = "one.csv and two.csv are the same file; read together they would count twice."
    assert place.refusal(one, two).reason == reason
    place.ingest(one)
    assert place.refusal(one, two).reason == reason
    assert place.ingest(one, one).outcome == "unchanged"


@pytest.mark.parametrize("name", ["a/b", "..", ".", ".work", "../x", "", "a\n", "ä", "a b", "x" * 65])
def test_an_export_name_that_is_no_folder_name_is_refused(place: Place, name: str) -> None:
    """Export names are letters, digits, dots, underscores and hyphens: none leads out of the ledger."""
    with pytest.raises(ConfigurationRefused, match="cannot name an export"):
        place.ingest(write_csv(place.folder / "a.csv", [charge()]), export=name)
    assert place.files() == {}


def test_dots_in_an_export_name_are_harmless(place: Place) -> None:
    """Names that resemble the ledger's own files get a folder of their own."""
    for name in ("a..", "lock", "current.json", "v0001", "2024-09"):
        place.ingest(write_csv(place.folder / "a.csv", [charge()]), export=name)
    assert place.total() == Decimal("7.5")


def test_one_bad_file_refuses_the_whole_delivery(place: Place) -> None:
    """Of many files in many billing periods none is taken in where one is bad."""
    root = place.folder / "tree"
    for number in range(3):
        write_csv(root / f"{number}.csv", [charge(SubAccountId=str(number)), charge(**OCTOBER)])
    write_csv(root / "z.csv", [charge(BilledCost="?")])
    assert place.refusal(root).faults == ("z.csv, line 2, column BilledCost: '?' is not a decimal number.",)
    assert place.files() == {} and place.daily() == []
