"""Deliveries that would lose, double or misplace money in silence: each is read right, or said not to be read."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from storage.sources import folder as folder_source
from storage.sources import manifests
from storage.sources.aws_cost_and_usage_report import SOURCE as LEGACY
from storage.sources.aws_data_export import SOURCE as DATA_EXPORT
from storage.sources.azure_export import SOURCE as AZURE
from storage.sources.folder import SOURCE as FOLDER
from storage.sources.place import Folder, fetch_all
from storage.sources.source import Offered, Source, SourceFailed, Waiting
from storage.sources.taking import take_in
from tests.buckets import client
from tests.storage.bills import NOW, Place, charge, csv_text, write_csv

Put = Callable[[str, bytes], None]


def bill(cost: str, period: str = "2024-09-01", day: str = "2024-09-10") -> bytes:
    """A CSV of one charge."""
    return csv_text([row(cost, period, day)]).encode()


def row(cost: str, period: str, day: str) -> dict[str, Any]:
    """A charge of a billing period and a day."""
    begins = {"BillingPeriodStart": f"{period}T00:00:00Z", "ChargePeriodStart": f"{day}T00:00:00Z"}
    return charge(BilledCost=cost, EffectiveCost=cost, **begins)


def into(root: Path) -> Put:
    """Writes files below a folder."""

    def put(name: str, content: bytes) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return put


def into_bucket(url: str) -> Put:
    """Writes objects below an address."""
    split = urlsplit(url)
    return lambda name, content: client().put_object(Bucket=split.netloc, Key=f"{split.path[1:]}/{name}", Body=content)


def aws(put: Put, cost: str, run: str = "", export: str = "", month: str = "2024-09") -> None:
    """A month of a Data Export, as an execution's own files or over the last ones."""
    name = f"{export}data/BILLING_PERIOD={month}/{run}c-1.csv"
    put(name, bill(cost, f"{month}-01", f"{month}-02"))
    put(f"{export}metadata/BILLING_PERIOD={month}/{run}c-Manifest.json", json.dumps({"dataFiles": [name]}).encode())


def azure(put: Put, span: str, submitted: str, rows: Sequence[dict[str, Any]]) -> None:
    """A run of an Azure export."""
    name, content = f"{span}/{submitted}/part_0.csv", csv_text(rows).encode()
    put(name, content)
    about = {"blobs": [{"blobName": f"exports/c/{name}"}], "runInfo": {"submittedTime": submitted}}
    put(f"{span}/{submitted}/manifest.json", json.dumps(about).encode())


class Hours:
    """An export that is looked at once an hour."""

    def __init__(self, place: Place) -> None:
        self.place, self.now = place, NOW

    def take(self, source: Source) -> dict[str, tuple[str, str]]:
        """Name of each delivery → outcome and why."""
        self.now += timedelta(hours=1)
        place = self.place
        taken = take_in("x", source, company=place.company, state=place.state, ledger=place.ledger, now=self.now)
        return {each.name: (str(each.outcome), each.why) for each in taken}

    @property
    def totals(self) -> dict[str, Decimal]:
        """Billing period → what is served."""
        return {period: cost for (period, _currency), cost in self.place.totals("billing_period").items()}


@pytest.fixture
def hours(place: Place) -> Hours:
    """Of an export of which nothing is taken in."""
    return Hours(place)


@pytest.mark.parametrize("key", ["/{outside}/x.csv", "/nowhere/at/all.csv", "ok.csv/b"])
def test_no_key_of_a_bucket_leaves_the_workplace(hours: Hours, bucket: str, tmp_path: Path, key: str) -> None:
    """Keys that are no paths here are read as others are, and nothing is written but where work is done."""
    outside = tmp_path / "outside"
    outside.mkdir()
    put = into_bucket(bucket)
    put("ok.csv", bill("5"))
    put(key.format(outside=outside), gzip.compress(bill("7")) if key.endswith("b") else bill("7"))
    assert hours.take(FOLDER.opened(bucket)) == {"all files": ("published", "")}
    assert (hours.totals, list(outside.iterdir())) == ({"2024-09": Decimal(12)}, [])
    assert hours.place.leftovers() == []


def test_a_key_with_dots_stays_in_the_folder(tmp_path: Path) -> None:
    """Stores that know keys as '../x' name a copy's place as little as others do."""
    place: Any = type("Dots", (), {"fetch": lambda _self, _name, target: target.write_bytes(b"one")})()
    names = fetch_all(place, ["../x.csv", "a/" + "é" * 300 + ".parquet"], tmp_path / "work")
    assert [str(path.relative_to(tmp_path)) for path in names] == ["work/000000.csv", "work/000001.parquet"]
    assert next(iter(names.values())) == "../x.csv" and sorted(tmp_path.iterdir()) == [tmp_path / "work"]


def test_files_of_a_bucket_are_named_as_they_are_there(hours: Hours, bucket: str) -> None:
    """What is wrong with a file is said by the name it has in the bucket."""
    put = into_bucket(bucket)
    put("eu/ok.csv", bill("5"))
    put("us/empty.csv", b"")
    assert hours.take(FOLDER.opened(bucket))["all files"][1].startswith("us/empty.csv: the file is empty (0 bytes).")


def test_two_deliveries_with_one_billing_period(hours: Hours, tmp_path: Path) -> None:
    """The second of two that hold a billing period is refused, until the first is taken away."""
    put, source = into(tmp_path / "export"), AZURE.opened(str(tmp_path / "export"))
    azure(put, "20240901-20240930", "2024-10-02T01:00:00Z", [row("900", "2024-09-01", "2024-09-10")])
    azure(put, "20240908-20240914", "2024-09-15T01:00:00Z", [row("70", "2024-09-01", "2024-09-10")])
    why = (
        "The billing period 2024-09 is in the delivery 20240901-20240930 of x too; one would take the other's place, "
        "so this one is in no figure. Have each delivery hold whole billing periods, and take away the one that is not "
        "wanted."
    )
    whole, part = "20240901-20240930", "20240908-20240914"
    assert hours.take(source) == {whole: ("published", ""), part: ("refused", why)}
    assert hours.take(source) == {whole: ("unchanged", ""), part: ("refused", why)}
    assert hours.totals == {"2024-09": Decimal(900)}
    manifest = tmp_path / f"export/{whole}/2024-10-02T01:00:00Z/manifest.json"
    written = manifest.read_bytes()
    manifest.write_bytes(b"{")
    taken = hours.take(source)
    assert (taken[whole][0], taken[part], hours.totals) == ("waiting", ("refused", why), {"2024-09": Decimal(900)})
    manifest.write_bytes(written)
    assert hours.take(source)[whole][0] == "published" or hours.take(source)[whole][0] == "unchanged"
    manifest.unlink()
    assert hours.take(source) == {part: ("published", "")}
    assert hours.totals == {"2024-09": Decimal(70)}


def test_months_that_share_a_billing_period(hours: Hours, tmp_path: Path) -> None:
    """Exports by calendar month of billing periods from the 15th: what is published stays, and the next is refused."""
    put, source = into(tmp_path / "export"), AZURE.opened(str(tmp_path / "export"))
    september = [row("40", "2024-08-15", "2024-09-10"), row("60", "2024-09-15", "2024-09-20")]
    azure(put, "20240901-20240930", "2024-10-02T01:00:00Z", september)
    hours.take(source)
    october = [row("5", "2024-09-15", "2024-10-10"), row("7", "2024-10-15", "2024-10-20")]
    azure(put, "20241001-20241031", "2024-11-02T01:00:00Z", october)
    assert hours.take(source)["20241001-20241031"][0] == "refused"
    assert hours.totals == {"2024-08": Decimal(40), "2024-09": Decimal(60)}


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Takes away the right to list a folder or to open a file, also from root."""
    shut: list[Path] = []
    scandir, opened = os.scandir, Path.open

    def refuse(path: Any) -> None:
        if not isinstance(path, int) and Path(path) in shut:
            raise PermissionError(13, "Permission denied", str(path))

    def guarded_scandir(path: Any = ".") -> Any:
        refuse(path)
        return scandir(path)

    def guarded_open(path: Path, *arguments: Any, **options: Any) -> Any:
        refuse(path)
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "scandir", guarded_scandir)
    monkeypatch.setattr(Path, "open", guarded_open)
    return shut.append


@pytest.mark.parametrize("what", ["us", "us/b.csv"])
def test_what_may_not_be_read_is_not_empty(hours: Hours, closed: Callable[[Path], None], what: str) -> None:
    """A month is not published without the files of a folder that may no longer be read; doctor names it."""
    root = hours.place.folder / "bills"
    write_csv(root / "eu/a.csv", [row("1", "2024-09-01", "2024-09-10")])
    write_csv(root / "us/b.csv", [row("100", "2024-09-01", "2024-09-10")])
    source = FOLDER.opened(str(root))
    assert (source.lacking(), hours.take(source)) == ([], {"all files": ("published", "")})
    closed(root / what)
    try:
        said = hours.take(source)["all files"][1]
    except SourceFailed as failed:
        said = failed.reason
    assert f"{root / what}" in said and "Permission denied" in said
    assert source.lacking() == [f"{root / what}: Permission denied."]
    assert hours.totals == {"2024-09": Decimal(101)}


def test_a_folder_that_is_not_read_may_be_closed(hours: Hours, closed: Callable[[Path], None]) -> None:
    """What a writer keeps for itself need not be readable."""
    root = hours.place.folder / "bills"
    write_csv(root / "a.csv", [row("1", "2024-09-01", "2024-09-10")])
    (root / ".snapshots").mkdir()
    closed(root / ".snapshots")
    assert (FOLDER.opened(str(root)).lacking(), hours.take(FOLDER.opened(str(root)))["all files"][0]) == (
        [],
        "published",
    )


def test_an_export_that_begins_to_overwrite(hours: Hours, tmp_path: Path) -> None:
    """Switched from creating new files to overwriting and back, the month follows what was written last."""
    root = tmp_path / "export"
    put, source = into(root), DATA_EXPORT.opened(str(root))
    metadata = root / "metadata/BILLING_PERIOD=2024-09"

    def total(cost: str, run: str, at: int) -> Decimal:
        aws(put, cost, run)
        os.utime(metadata / f"{run}c-Manifest.json", (at, at))
        hours.take(source)
        return hours.totals["2024-09"]

    assert total("10", "20240920T010101Z-a/", 1000) == 10
    assert total("20", "20240921T010101Z-b/", 900) == 20, "copies of executions may have any times"
    assert total("999", "", 2000) == 999
    assert total("30", "20240925T010101Z-c/", 3000) == 30


@pytest.mark.parametrize("kind", [DATA_EXPORT, FOLDER], ids=["data export", "folder"])
@pytest.mark.parametrize("when", ["before the fetch", "while it is fetched"])
def test_a_delivery_that_begins_after_the_look(hours: Hours, bucket: str, kind: Any, when: str) -> None:
    """A delivery that another has begun to take the place of is not read by half; next time it is read whole."""
    put = into_bucket(bucket)
    names = [f"data/BILLING_PERIOD=2024-09/c-{number}.csv" for number in (1, 2)]

    def deliver(*costs: str) -> None:
        for name, cost in zip(names, costs, strict=False):
            put(name, bill(cost))
        files = {"dataFiles": [f"{bucket}/{name}" for name in names]}
        put("metadata/BILLING_PERIOD=2024-09/c-Manifest.json", json.dumps(files).encode())

    class Late:
        """The source, and a delivery that begins after it was looked at."""

        def __init__(self, source: Any, begin: Callable[[], None]) -> None:
            self._source, self._begin = source, begin
            fetch = source._place.fetch

            def fetch_and_begin(name: str, target: Path) -> None:
                fetch(name, target)
                if when == "while it is fetched":
                    begin()

            source._place.fetch = fetch_and_begin

        def offered(self, now: datetime) -> Offered:
            """As it is before."""
            found: Offered = self._source.offered(now)
            if when == "before the fetch":
                self._begin()
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(self._source, name)

    deliver("100", "200")
    late: Any = Late(kind.opened(bucket), lambda: put(names[0], bill("200", day="2024-09-20")))
    [(outcome, why)] = hours.take(late).values()
    assert (outcome, "changed while it was fetched." in why) == ("failed", True)
    assert hours.totals == {}
    deliver("100", "201")
    hours.take(kind.opened(bucket))
    assert hours.totals == {"2024-09": Decimal(301)}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (DATA_EXPORT, "{}/metadata/BILLING_PERIOD=2024-09/c-Manifest.json"),
        (LEGACY, "{}/20240901-20241001/c-Manifest.json"),
        (AZURE, "{}/20240901-20240930/run/manifest.json"),
    ],
    ids=["data export", "legacy", "azure"],
)
def test_a_path_above_two_exports(tmp_path: Path, kind: Any, names: str) -> None:
    """Of two exports none is taken for both."""
    for export in ("focus-us", "focus-eu"):
        into(tmp_path)(names.format(export), b"{}")
    with pytest.raises(SourceFailed, match="more than one export at this path: focus-eu, focus-us") as failed:
        kind.opened(str(tmp_path)).offered(NOW)
    assert failed.value.mend == "Make a source of each, with the `path:` of its own folder."


def test_the_run_submitted_last_whatever_its_clock(hours: Hours, tmp_path: Path) -> None:
    """Azure's submittedTime is a moment: an offset from UTC and digits of seconds do not make a run newer."""
    put, span = into(tmp_path / "export"), "20240901-20240930"
    azure(put, span, "2024-10-02T09:30:00+05:30", [row("1", "2024-09-01", "2024-09-10")])
    azure(put, span, "2024-10-02T05:00:00.1234567Z", [row("3", "2024-09-01", "2024-09-10")])
    azure(put, span, "2024-10-02T05:00:00Z", [row("2", "2024-09-01", "2024-09-10")])
    hours.take(AZURE.opened(str(tmp_path / "export")))
    assert hours.totals == {"2024-09": Decimal(3)}


def test_a_manifest_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look reads the manifests that are new or have changed, and none that it knows."""
    put, span = into(tmp_path), "20240901-20240930"
    azure(put, span, "2024-10-01T01:00:00Z", [row("1", "2024-09-01", "2024-09-10")])
    azure(put, span, "2024-10-02T01:00:00Z", [row("2", "2024-09-01", "2024-09-10")])
    read: list[str] = []
    content = Folder.read
    monkeypatch.setattr(Folder, "read", lambda place, name: read.append(name) or content(place, name))
    first = AZURE.opened(str(tmp_path)).offered(NOW)
    assert len(read) == 2 and AZURE.opened(str(tmp_path)).offered(NOW) == first and len(read) == 2
    azure(put, span, "2024-10-03T01:00:00Z", [row("3", "2024-09-01", "2024-09-10")])
    [offer] = AZURE.opened(str(tmp_path)).offered(NOW).ready
    assert read[2:] == [f"{span}/2024-10-03T01:00:00Z/manifest.json"] == [offer.manifest]
    (tmp_path / offer.manifest).unlink()
    assert AZURE.opened(str(tmp_path)).offered(NOW) == first
    assert len(manifests._known[str(tmp_path), AZURE.opened(str(tmp_path))._pattern.pattern]) == 2


def test_a_copy_under_way_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local file just written is taken once nothing of its folder changes any more; an older one at once."""
    path = write_csv(tmp_path / "bills/a.csv", [row("1", "2024-09-01", "2024-09-10")])
    slept: list[float] = []

    def look(minutes: int, copying: Callable[[], object] = lambda: None) -> Offered:
        at = (NOW - timedelta(minutes=minutes)).timestamp()
        os.utime(path, (at, at))
        monkeypatch.setattr(folder_source.time, "sleep", lambda seconds: (slept.append(seconds), copying()))
        return FOLDER.opened(str(tmp_path / "bills")).offered(NOW)

    def grow() -> None:
        path.write_bytes(path.read_bytes() + b"\n")

    assert (len(look(3, grow).ready), slept) == (1, [])
    assert (len(look(1).ready), slept) == (1, [folder_source.STILL_SECONDS])
    assert look(1, grow) == Offered((), (Waiting("all files", "a.csv is still being written."),))
    another = look(1, lambda: write_csv(tmp_path / "bills/b.csv", [row("1", "2024-09-01", "2024-09-10")]))
    assert another == Offered((), (Waiting("all files", "b.csv is still being written."),))


def test_what_a_killed_worker_fetched_is_removed(hours: Hours, bucket: str) -> None:
    """The next fetch of the export begins by taking away what is left of the one before."""
    into_bucket(bucket)("a.csv", bill("5"))
    left = hours.place.ledger.workspace / ".fetched/x/tmp123/000000.csv"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    hours.take(FOLDER.opened(bucket))
    assert (left.exists(), hours.place.leftovers(), hours.totals) == (False, [], {"2024-09": Decimal(5)})


def test_the_disk_is_full(hours: Hours, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine's disk refuses is a failure of the delivery, on record and tried again."""
    aws(into(tmp_path / "export"), "5")
    source = DATA_EXPORT.opened(str(tmp_path / "export"))

    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.copyfile", full)
        assert hours.take(source) == {"2024-09": ("failed", "This machine: No space left on device.")}
    assert hours.take(source) == {"2024-09": ("published", "")}


def test_times_are_those_of_the_files() -> None:
    """NOW of these tests is far from the times of the files that they write, so that none of them waits."""
    assert abs(datetime.now(UTC) - NOW) > folder_source.YOUNG
