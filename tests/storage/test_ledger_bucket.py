"""A ledger in a bucket: what is asked of it, what is kept here, and what is said where it cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine

from finops.errors import ConfigurationRefused
from storage.ledger.cache import IN_USE, Cache
from storage.ledger.ingest import republish
from storage.ledger.objects import Objects
from storage.ledger.opening import open_ledger
from storage.ledger.versions import LedgerFailed
from storage.ledger.workplace import DeliveryFailed
from tests.buckets import client, count_requests
from tests.storage.bills import NOW, Place, charge, write_csv, write_parquet

LATER = NOW + timedelta(days=1)
OCTOBER = {"BillingPeriodStart": "2024-10-01T00:00:00Z", "ChargePeriodStart": "2024-10-05T00:00:00Z"}
ROOT = Path(__file__).parents[2]
FIRST = {f"bill/2024-09/v0001/{name}" for name in ("manifest.json", "part-0001.parquet", "part-0001.groups.parquet")}


def elsewhere(place: Place) -> Place:
    """The same installation as another machine sees it: a cache of its own."""
    folder = place.folder / "elsewhere"
    folder.mkdir(exist_ok=True)
    return Place(folder, place.state, place.company, place.bucket)


def key_of(place: Place, name: str) -> dict[str, str]:
    """Bucket and key of a file of the ledger."""
    split = urlsplit(place.bucket)
    return {"Bucket": split.netloc, "Key": f"{split.path.strip('/')}/{name}"}


def test_a_bill_is_kept_and_read_elsewhere(in_bucket: Place) -> None:
    """Another machine reads what was taken in here; delivered there again it is known, and restated it is replaced."""
    bills = in_bucket.folder / "bills"
    september = write_csv(bills / "9.csv", [charge()])
    write_csv(bills / "10.csv", [charge(**OCTOBER)])
    assert in_bucket.ingest(bills).periods == {"2024-09": 1, "2024-10": 1}
    there = elsewhere(in_bucket)
    assert there.totals("billing_period") == {("2024-09", "USD"): Decimal("1.5"), ("2024-10", "USD"): Decimal("1.5")}
    assert there.ingest(bills, now=LATER).outcome == "unchanged"
    write_csv(september, [charge(BilledCost="4")])
    done = there.ingest(bills, now=LATER + timedelta(days=1))
    assert (done.periods, done.unchanged, done.restated) == ({"2024-09": 2}, ("2024-10",), ("2024-09",))
    assert in_bucket.total() == Decimal("5.5") and in_bucket.damaged() == there.damaged() == []
    assert in_bucket.ledger.numbers("bill", "2024-09") == [1, 2]
    assert json.loads(client().get_object(**key_of(in_bucket, "bill/2024-09/current.json"))["Body"].read()) == {
        "version": 2
    }
    assert in_bucket.leftovers() == there.leftovers() == []


def test_what_was_read_once_is_not_fetched_again(in_bucket: Place) -> None:
    """A total fetches a version's rollup once and never its rows; then it only asks whether the manifest is new."""
    in_bucket.ingest(write_csv(in_bucket.folder / "a.csv", [charge()]))
    there = elsewhere(in_bucket)
    sent = count_requests(there.ledger)
    there.total()
    first, sent[:] = sent[:], []
    assert [each for each in first if each.startswith("GET")] == [
        "GET bill/2024-09/v0001/manifest.json",
        "GET bill/2024-09/v0001/part-0001.groups.parquet",
    ]
    assert there.total() == Decimal("1.5") and sent == ["GET bill/2024-09/v0001/manifest.json"]
    sent = count_requests(in_bucket.ledger)
    in_bucket.total()
    assert sent == ["GET bill/2024-09/v0001/manifest.json"]


DAMAGE = {
    "other content": lambda place, name: client().put_object(**key_of(place, name), Body=b"other"),
    "a lost object": lambda place, name: client().delete_object(**key_of(place, name)),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("name", sorted(FIRST))
def test_damage_is_found_and_healed(in_bucket: Place, kind: str, name: str) -> None:
    """An object that was changed or lost is named by `ledger verify`, and the same delivery taken in again mends it."""
    path = write_csv(in_bucket.folder / "a.csv", [charge()])
    in_bucket.ingest(path)
    DAMAGE[kind](in_bucket, name)  # type: ignore[no-untyped-call]
    if name.endswith("manifest.json"):
        with pytest.raises(ConfigurationRefused, match="has no bill 2024-09 version 1, which the database names"):
            in_bucket.damaged()
    else:
        assert in_bucket.damaged() == [f"{in_bucket.bucket}/{name}"]
    assert in_bucket.ingest(path, now=LATER).periods == {"2024-09": 2}
    assert in_bucket.damaged() == [] and in_bucket.total() == Decimal("1.5")
    assert in_bucket.ingest(path, now=LATER).outcome == "unchanged"


def test_a_damaged_rollup_is_not_read(in_bucket: Place) -> None:
    """What another machine fetches is held against the manifest's SHA-256, and refused saying what to do."""
    in_bucket.ingest(write_csv(in_bucket.folder / "a.csv", [charge()]))
    client().put_object(**key_of(in_bucket, "bill/2024-09/v0001/part-0001.groups.parquet"), Body=b"other")
    with pytest.raises(LedgerFailed) as refusal:
        elsewhere(in_bucket).total()
    assert str(refusal.value) == (
        "A file of the ledger is not what was delivered. `finops ledger verify` names it; ingest that export again."
    )


def test_a_folder_that_was_copied_into_a_bucket(place: Place, bucket: str) -> None:
    """A ledger moved from a folder to a bucket is read, checked, added to and healed."""
    path = write_csv(place.folder / "a.csv", [charge()])
    place.ingest(path)
    moved = Place(place.folder, place.state, bucket=bucket)
    for name in place.files():
        client().put_object(**key_of(moved, name), Body=(place.folder / "ledger" / name).read_bytes())
    assert moved.total() == Decimal("1.5") and moved.damaged() == []
    assert moved.ingest(path).outcome == "unchanged"
    DAMAGE["other content"](moved, "bill/2024-09/v0001/part-0001.parquet")
    assert moved.ingest(path).periods == {"2024-09": 2}


PREAMBLE = """
import os, signal, sys
from pathlib import Path
from finops.company import Company
from storage.ledger import delivery, ingest as taking
from storage.ledger.bucket import BucketLedger
from storage.ledger.objects import Objects
from storage.ledger.opening import open_ledger
from storage.state import State
from tests.storage.bills import NOW

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def dying_after(kind, name):
    whole = getattr(kind, name)
    def dying(*arguments, **options):
        whole(*arguments, **options)
        die()
    setattr(kind, name, dying)

def dying_before_manifest():
    whole = Objects.put
    Objects.put = lambda self, key, *rest, **options: (
        die() if key.endswith("manifest.json") else whole(self, key, *rest, **options))

def go():
    folder, url, bucket, bill = sys.argv[1:]
    ledger = open_ledger(bucket, Path(folder) / "cache", 1)
    taking.ingest([Path(bill)], "bill", company=Company(), state=State(url), ledger=ledger, now=NOW)
"""
POINTS = {
    "after the number was claimed": "dying_after(BucketLedger, 'claim'); go()",
    "after one upload": "dying_after(Objects, 'upload'); go()",
    "between the data and its manifest": "dying_before_manifest(); go()",
    "between the manifest and the database": "dying_after(BucketLedger, 'keep'); go()",
    "within the transaction": "dying_after(delivery, 'publish_period'); go()",
    "after the commit": "BucketLedger.name_current = die; go()",
}


def run(place: Place, program: str, bill: Path) -> subprocess.Popen[bytes]:
    """Begin an ingest in a process of its own."""
    command = [sys.executable, "-c", PREAMBLE + program, str(place.folder), str(place.state.url), place.bucket, bill]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_ingest_heals_by_itself(in_bucket: Place, point: str) -> None:
    """Killed at any point, an ingest shows the former data or the new; the next one, on another machine, mends it."""
    in_bucket.ingest(write_csv(in_bucket.folder / "a.csv", [charge()]))
    before = in_bucket.daily()
    second = write_csv(in_bucket.folder / "b.csv", [charge(BilledCost="4")])
    assert run(in_bucket, POINTS[point], second).wait(60) == -9
    committed = point == "after the commit"
    assert (in_bucket.daily() == before) is not committed
    there = elsewhere(in_bucket)
    assert there.total() == Decimal("4" if committed else "1.5") and there.damaged() == []
    done = there.ingest(second, now=LATER)
    assert done.periods == ({} if committed else {"2024-09": 3})
    assert there.total() == Decimal(4) and there.damaged() == [] and there.leftovers() == []
    assert there.ledger.numbers("bill", "2024-09") == ([1, 2] if committed else [1, 3])
    assert {name.split("/")[2] for name in there.files()} == {
        "v0001",
        "v0002" if committed else "v0003",
        "current.json",
    }


def test_abandoned_versions_go_after_a_day(in_bucket: Place) -> None:
    """What a killed ingest left is kept for a day, as it may be another machine's under way, and then swept."""
    path = write_csv(in_bucket.folder / "a.csv", [charge()])
    in_bucket.ingest(path)
    kept = set(in_bucket.files())
    other = write_csv(in_bucket.folder / "b.csv", [charge(BilledCost="4")])
    assert run(in_bucket, POINTS["between the manifest and the database"], other).wait(60) == -9
    assert in_bucket.ingest(path, now=LATER).outcome == "unchanged" and len(in_bucket.files()) == len(kept) + 3
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        assert in_bucket.ingest(path, now=LATER).outcome == "unchanged"
    assert set(in_bucket.files()) == kept and in_bucket.ledger.claim("bill", "2024-09", 1) == 2


def test_a_number_is_given_once(in_bucket: Place) -> None:
    """Every ingest gets a number of its own, also where two ask at the same moment; one given up is free again."""
    here, there = in_bucket.ledger, elsewhere(in_bucket).ledger
    assert [here.claim("bill", "2024-09", 4), there.claim("bill", "2024-09", 4)] == [5, 6]
    listed = Objects.listed
    for ledger in (here, there):
        ledger._objects.listed = lambda _below: []  # type: ignore[attr-defined]
    assert [here.claim("bill", "2024-10", 0), there.claim("bill", "2024-10", 0)] == [1, 2]
    here._objects.listed = lambda below: listed(here._objects, below)  # type: ignore[attr-defined]
    here.discard("bill", "2024-10", 1)
    assert there.claim("bill", "2024-10", 0) == 1


def test_what_was_taken_away_cannot_be_finished(in_bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version whose claim went while it was uploaded never becomes readable, and nothing of it is left."""
    path = write_csv(in_bucket.folder / "a.csv", [charge()])
    ledger, upload = in_bucket.ledger, Objects.upload

    def robbed(self: Objects, source: Path, key: str) -> Any:
        self.delete("bill/2024-09/v0001/claim.json")
        return upload(self, source, key)

    monkeypatch.setattr(Objects, "upload", robbed)
    refusal = in_bucket.refusal(path)
    taken_away = f"{in_bucket.bucket}/bill/2024-09/v0001/ was taken away or taken by another ingest. Try again."
    assert str(refusal) == f"The delivery could not be taken in: {taken_away}"
    assert isinstance(refusal, DeliveryFailed)
    assert ledger.numbers("bill", "2024-09") == [] and in_bucket.files() == {}
    monkeypatch.undo()


def test_an_upload_that_fails_leaves_nothing(in_bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second of two months cannot be uploaded neither is published, and what was uploaded is removed."""
    in_bucket.ingest(write_csv(in_bucket.folder / "a.csv", [charge(), charge(**OCTOBER)]))
    upload = Objects.upload

    def failing(self: Objects, path: Path, key: str) -> Any:
        if "2024-10" in key:
            raise LedgerFailed("It cannot be reached.", "Try again.")
        return upload(self, path, key)

    monkeypatch.setattr(Objects, "upload", failing)
    changed = write_csv(in_bucket.folder / "b.csv", [charge(BilledCost="9"), charge(**OCTOBER, BilledCost="9")])
    assert in_bucket.refusal(changed).reason == "The delivery could not be taken in: It cannot be reached."
    assert in_bucket.runs() == ["published", "failed"] and in_bucket.leftovers() == []


def test_changed_scopes_are_applied_on_another_machine(in_bucket: Place) -> None:
    """Publishing anew needs the rollups alone, and any machine can do it."""
    from finops.company import Company, Team
    from finops.scope import Rule

    in_bucket.ingest(write_csv(in_bucket.folder / "a.csv", [charge()]))
    there = elsewhere(in_bucket)
    company = Company(teams=(Team(slug="web", name="Web", scope=(Rule(sub_account_id=("111",)),)),))
    sent = count_requests(there.ledger)
    assert republish(company=company, state=there.state, ledger=there.ledger, now=LATER) == 1
    assert {key[0] for key in there.served()} == {"web"} and not any("part-0001.parquet" in each for each in sent)


def test_a_bucket_that_is_down(in_bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the bucket what is published is still answered, and an ingest and a total say why they cannot be done."""
    path = write_csv(in_bucket.folder / "a.csv", [charge()])
    in_bucket.ingest(path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    there = elsewhere(in_bucket)
    assert sum(there.served().values()) == Decimal("1.5")
    reason = f"{in_bucket.bucket} cannot be reached."
    with pytest.raises(DeliveryFailed) as refusal:
        there.ingest(write_csv(there.folder / "b.csv", [charge(BilledCost="4")]))
    assert str(refusal.value) == f"The delivery could not be taken in: {reason} Check the network, and try again."
    with pytest.raises(LedgerFailed) as failed:
        there.total()
    assert failed.value.reason == reason
    assert there.runs() == ["published", "failed"] and sum(there.served().values()) == Decimal("1.5")


def test_the_cache_forgets_what_was_used_longest_ago(tmp_path: Path) -> None:
    """Beyond its bound the cache drops the files used longest ago, but none used within the hour."""
    cache = Cache(tmp_path / "cache", 250)

    def take(name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(bytes(100))
        return cache.take(path, name)

    now = take("older").stat().st_mtime
    os.utime(take("old"), (now - 2 * IN_USE, now - 2 * IN_USE))
    os.utime(tmp_path / "cache" / "files" / "older", (now - 3 * IN_USE, now - 3 * IN_USE))
    left = cache.workspace / "fetching-x"
    left.write_text("of a killed process")
    os.utime(left, (now - 2 * IN_USE, now - 2 * IN_USE))
    assert cache.find("older") is not None  # and so it is the one used last
    take("new")
    assert cache.find("old") is None and cache.find("older") and cache.find("new") and not left.exists()
    take("newer")
    assert sorted(path.name for path in (tmp_path / "cache" / "files").iterdir()) == ["new", "newer", "older"]


def test_rows_are_dropped_before_rollups(in_bucket: Place) -> None:
    """What an ingest leaves in a cache that is too small is what will be read: the rollup, not the rows."""
    in_bucket.ledger._cache.most_bytes = 1  # type: ignore[attr-defined]
    in_bucket.ingest(write_csv(in_bucket.folder / "a.csv", [charge()]))
    [part] = in_bucket.ledger.read("bill", "2024-09", 1).parts
    kept = {path.name for path in (in_bucket.folder / "cache" / "files").glob("*.parquet")}
    assert kept == {f"{part.groups_sha256}.parquet"}
    two = [write_csv(in_bucket.folder / name, [charge(SubAccountId=name)]) for name in ("b.csv", "c.csv")]
    in_bucket.ingest(*two)
    write_csv(two[1], [charge(SubAccountId="c.csv", BilledCost="7")])
    assert in_bucket.ingest(*two).periods == {"2024-09": 3}
    assert in_bucket.total() == Decimal("8.5") and in_bucket.damaged() == []


def test_a_full_or_unwritable_cache_says_so(in_bucket: Place, tmp_path: Path) -> None:
    """A cache that cannot be written is named with its cause, whether a total or an ingest needs it."""
    (tmp_path / "file").write_text("")
    place = elsewhere(in_bucket)
    place.ledger = open_ledger(in_bucket.bucket, tmp_path / "file", 1)
    said = (
        f"The ledger's cache {tmp_path / 'file'} cannot be written (Not a directory). "
        "Give it space and rights, or set FINOPS_LEDGER_CACHE to another folder."
    )
    in_bucket.ingest(write_csv(in_bucket.folder / "a.csv", [charge()]))
    with pytest.raises(LedgerFailed) as refusal:
        place.total()
    assert str(refusal.value) == said
    with pytest.raises(DeliveryFailed) as failed:
        place.ingest(write_csv(tmp_path / "b.csv", [charge(BilledCost="2")]))
    assert str(failed.value) == f"The delivery could not be taken in: {said}"
    rows = [charge(x_Note=os.urandom(1000).hex(), SubAccountId=str(number)) for number in range(300)]
    big = write_parquet(tmp_path / "big.parquet", rows)
    full = """
import resource
from storage.ledger.versions import LedgerFailed
ledger = open_ledger(sys.argv[3], Path(sys.argv[1]) / "small", 1)
version = ledger.read("big", "2024-09", 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    version.file(version.parts[0].rows_file)
except LedgerFailed as refusal:
    assert "small cannot be written (File too large)" in refusal.reason, refusal
    assert not list((Path(sys.argv[1]) / "small").rglob("fetching-*"))
else:
    raise AssertionError
"""
    in_bucket.ingest(big, export="big")
    assert run(in_bucket, full, big).wait(60) == 0


def test_places_that_are_no_ledger(tmp_path: Path) -> None:
    """Another scheme, or a bucket without a name, is refused."""
    for place in ("gs://books/finops", "s3://", "s3:///finops"):
        with pytest.raises(ConfigurationRefused) as refusal:
            open_ledger(place, tmp_path, 1)
        assert str(refusal.value) == f"FINOPS_LEDGER={place} is no ledger. Name a folder, or s3://bucket/prefix."


def test_what_a_ledger_holds_is_told_without_a_database(anywhere: Place) -> None:
    """Exports and how many billing periods of each there are, in a folder and in a bucket; an empty one holds none."""
    assert anywhere.ledger.holds() == {}
    october = {"BillingPeriodStart": "2024-10-01T00:00:00Z", "ChargePeriodStart": "2024-10-05T00:00:00Z"}
    anywhere.ingest(write_csv(anywhere.folder / "a.csv", [charge(), charge(**october)]))
    anywhere.ingest(write_csv(anywhere.folder / "a.csv", [charge(BilledCost="2"), charge(**october)]))
    anywhere.ingest(write_csv(anywhere.folder / "b.csv", [charge()]), export="other")
    assert anywhere.ledger.holds() == {"bill": 2, "other": 1}
