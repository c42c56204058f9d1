"""Processes without a common disk that share a ledger in a bucket and a state database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from finops.basis import Basis
from tests.databases import state_url
from tests.storage.bills import Place, charge, write_csv

ROOT = Path(__file__).parents[2]
FINOPS = [sys.executable, "-c", "from bot.cli import run; run()"]
MEETING = """
import sys, time
from pathlib import Path
from finops.company import Company
from finops.errors import DeliveryRefused
from storage.ledger import ingest as taking
from storage.ledger.bucket import BucketLedger
from storage.ledger.opening import open_ledger
from storage.state import State
from tests.databases import state_url
from tests.storage.bills import NOW

folder, url, bucket, bill = sys.argv[1:]
keep = BucketLedger.keep

def meeting(self, staged, version):
    kept = keep(self, staged, version)
    (Path(folder) / bill).with_suffix(".kept").touch()
    until = time.monotonic() + 60
    while len(list(Path(bill).parent.glob("*.kept"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    return kept

BucketLedger.keep = meeting
ledger = open_ledger(bucket, Path(bill).with_suffix(".cache"), 1)
try:
    taking.ingest([Path(bill)], "bill", company=Company(), state=State(url), ledger=ledger, now=NOW)
except DeliveryRefused as refusal:
    print(refusal)
    sys.exit(3)
"""
"""An ingest that publishes only when the other one has uploaded its version too."""


def test_what_one_machine_took_in_another_tells(tmp_path: Path, bucket: str) -> None:
    """`finops ingest` here, and `finops ledger totals` and `verify` of a process with a cache of its own."""
    bill = write_csv(tmp_path / "a.csv", [charge(), charge(BilledCost="3", ProviderName="Azure")])

    def finops(machine: str, *words: str) -> str:
        folder = tmp_path / machine
        folder.mkdir(exist_ok=True)
        own = {"FINOPS_DATABASE_URL": state_url(tmp_path), "FINOPS_LEDGER": bucket, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [*FINOPS, *words], cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    finops("one", "migrate")
    assert "published 2 rows of 2024-09 (version 1)" in finops("one", "ingest", str(bill), "--export", "bill")
    told = json.loads(finops("two", "ledger", "totals", "--basis", "billed", "--format", "json"))
    assert {row["provider"]: row["cost"] for row in told} == {"AWS": "1.5", "Azure": "3"}
    assert finops("two", "ledger", "verify") == "Whole: 1 billing period.\n"
    assert (tmp_path / "two" / "var" / "ledger-cache" / "files").is_dir()


@pytest.mark.parametrize("had", ["nothing before", "a version before"])
def test_of_two_ingests_at_once_one_is_published(in_bucket: Place, had: str) -> None:
    """Two machines that began from the same version: one is published whole, the other refused and tried again."""
    if had == "a version before":
        in_bucket.ingest(write_csv(in_bucket.folder / "first" / "a.csv", [charge()]))
    bills = {n: write_csv(in_bucket.folder / "bills" / f"{n}.csv", [charge(BilledCost=str(n))] * n) for n in (2, 3)}
    command = [sys.executable, "-c", MEETING, str(in_bucket.folder), str(in_bucket.state.url), in_bucket.bucket]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen([*command, str(bill)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for bill in bills.values()
    ]
    said = [process.communicate(timeout=120)[0] for process in running]
    codes = [process.returncode for process in running]
    assert sorted(codes) == [0, 3]
    assert said[codes.index(3)] == "Another ingest of bill published 2024-09 meanwhile. Try again.\n"
    won, lost = (list(bills)[codes.index(code)] for code in (0, 3))
    assert in_bucket.total() == Decimal(won * won) == sum(in_bucket.served(Basis.BILLED).values())
    assert in_bucket.damaged() == []
    versions = {name.split("/")[2] for name in in_bucket.files()} - {"current.json"}
    assert len(versions) == (2 if had == "a version before" else 1)
    in_bucket.ingest(bills[lost])
    assert in_bucket.total() == Decimal(lost * lost) == sum(in_bucket.served(Basis.BILLED).values())
