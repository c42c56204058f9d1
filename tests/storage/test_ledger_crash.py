"""What an ingest leaves behind when it dies, when the disk is full, or when another one runs beside it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from finops.errors import DeliveryRefused
from tests.storage.bills import NOW, Place, charge, write_csv, write_parquet

OCTOBER = {"BillingPeriodStart": "2024-10-01T00:00:00Z", "ChargePeriodStart": "2024-10-05T00:00:00Z"}
LATER = NOW + timedelta(days=1)
ROOT = Path(__file__).parents[2]
PREAMBLE = """
import os, signal, sys
from pathlib import Path
from finops.company import Company
from storage.ledger import delivery, ingest as taking, parts, versions
from storage.ledger.folder import FolderLedger as Ledger
from storage.state import State
from tests.storage.bills import NOW

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def dying_after(module, name):
    whole = getattr(module, name)
    def dying(*arguments, **options):
        whole(*arguments, **options)
        die()
    setattr(module, name, dying)

def go():
    folder, url = Path(sys.argv[1]), sys.argv[2]
    options = {"company": Company(), "state": State(url), "ledger": Ledger(folder / "ledger"), "now": NOW}
    taking.ingest([Path(sys.argv[3])], "bill", **options)
"""
POINTS = {
    "after reading a file": "dying_after(delivery, 'read_file'); go()",
    "before a version is in its place": "Path.rename = die; go()",
    "after the first version is in its place": "dying_after(Ledger, 'keep'); go()",
    "within the transaction": "dying_after(delivery, 'publish_period'); go()",
    "after the commit": "Ledger.name_current = die; go()",
    "while current.json is written": "Path.replace = die; go()",
}


def run(place: Place, program: str, path: Path) -> int:
    """Run an ingest in a process of its own; its exit code."""
    url = str(place.state.url)
    command = [sys.executable, "-c", PREAMBLE + program, str(place.folder), url, str(path)]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60).returncode


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_ingest_heals_by_itself(place: Place, point: str) -> None:
    """Killed at any point, an ingest shows the former data or the new, never half, and the next one mends the rest."""
    first = write_csv(place.folder / "a.csv", [charge(), charge(**OCTOBER)])
    place.ingest(first)
    before = place.daily()
    second = write_csv(place.folder / "b.csv", [charge(BilledCost="4"), charge(**OCTOBER, BilledCost="5")])
    assert run(place, POINTS[point], second) == -9
    committed = point in ("after the commit", "while current.json is written")
    assert (place.daily() == before) is not committed
    assert place.total() == Decimal(9 if committed else 3)
    assert place.damaged() == []
    done = place.ingest(second, now=LATER)
    assert done.outcome == ("unchanged" if committed else "published")
    assert place.total() == Decimal(9) and place.damaged() == [] and place.leftovers() == []
    versions = {str(Path(name).parent) for name in place.files() if name.endswith("manifest.json")}
    assert versions == {f"bill/{month}/v000{number}" for month in ("2024-09", "2024-10") for number in (1, 2)}
    currents = [path.read_text() for path in sorted(place.folder.glob("ledger/bill/*/current.json"))]
    assert currents == ['{"version": 2}'] * 2


def test_a_full_disk_leaves_the_former_data(place: Place) -> None:
    """Where a file can grow no further the ingest fails with a reason, and the former data is served."""
    rows = [charge(x_Note=os.urandom(1000).hex(), SubAccountId=str(number)) for number in range(600)]
    place.ingest(write_csv(place.folder / "small.csv", [charge()]))
    before = place.stored()
    folder = place.folder / "big"
    folder.mkdir()
    write_csv(folder / "big.csv.gz", rows)
    write_parquet(folder / "big.parquet", rows)
    program = """
import resource
from finops.errors import DeliveryRefused
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
for name in ("big.csv.gz", "big.parquet"):
    try:
        sys.argv[3] = str(Path(sys.argv[1]) / "big" / name)
        go()
    except DeliveryRefused as refusal:
        assert refusal.reason.startswith("The delivery could not be taken in: "), refusal
    else:
        raise AssertionError(name)
"""
    assert run(place, program, folder) == 0
    assert place.stored() == before and place.leftovers() == []
    assert place.runs() == ["published", "failed", "failed"]


def test_two_ingests_of_one_export_do_not_meet(place: Place) -> None:
    """While one ingest of an export is under way another is turned away in plain words, and other exports are not."""
    path = write_csv(place.folder / "a.csv", [charge()])
    place.ingest(path)
    before = place.stored()
    with (place.folder / "ledger" / ".work" / "bill" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DeliveryRefused) as refusal:
            place.ingest(path)
        assert str(refusal.value) == "Another ingest of bill is under way. Try again when it has ended."
        assert place.stored() == before
        place.ingest(path, export="other")
    assert place.ingest(path).outcome == "unchanged"


def test_ingests_started_together_end_in_one_of_them(place: Place) -> None:
    """Of several ingests of one export started at once each is published whole or turned away."""
    paths = [write_csv(place.folder / f"{n}.csv", [charge(BilledCost=str(n)), charge(**OCTOBER)]) for n in (1, 2, 3)]
    told = "from finops.errors import DeliveryRefused\ntry:\n    go()\nexcept DeliveryRefused:\n    sys.exit(3)"
    command = [sys.executable, "-c", PREAMBLE + told, str(place.folder), str(place.state.url)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen([*command, str(path)], cwd=ROOT, env=environment) for path in paths]
    codes = [process.wait(60) for process in running]
    assert set(codes) <= {0, 3} and 0 in codes
    published = [Decimal(n) + Decimal("1.5") for n, code in zip((1, 2, 3), codes, strict=True) if code == 0]
    assert place.total() in published and place.damaged() == []
