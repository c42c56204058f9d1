"""Whatever goes wrong with a delivery: the former figures are served, the list says why, the next good one heals it."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from bot.cli import main
from bot.installation import Installation
from jobs.ingest_billing import run
from tests.company import Charge, Moved, make_company, write_bill
from tests.storage.cost_explorer import FakeCostExplorer, Line, over

ROOT = Path(__file__).parents[2]
FIRST = date(2026, 11, 2)
BUCKET = "bills"


def bill(cost: int) -> bytes:
    """A gzip of a bill of one charge."""
    path = Path(os.environ["PYTEST_TMP"]) / "bill.csv"
    write_bill(path, [Charge(FIRST, Decimal(cost), None)])
    return gzip.compress(path.read_bytes(), mtime=0)


class Delivering:
    """One kind of source: how its provider delivers November, and everything that may go wrong with it.

    Attributes:
        keys: of the source in finops.yaml, without its path.
    """

    keys = "kind: folder"
    faults: tuple[str, ...] = ("truncated", "empty")

    def __init__(self, put: Callable[[str, bytes], None], drop: Callable[[str], None]) -> None:
        self.put, self.drop, self.runs = put, drop, 0

    def data(self) -> str:
        """Where the next data file goes."""
        return "bill.csv.gz"

    def manifest(self, names: list[str]) -> None:
        """Say that a delivery is complete."""

    def deliver(self, cost: int, fault: str = "") -> None:
        """Deliver November; `fault` says what goes wrong."""
        self.runs += 1
        name, content = self.data(), bill(cost)
        content = {"truncated": content[:-9], "empty": b""}.get(fault, content)
        self.put(name, content)
        named = {"missing": [name, f"{name}.later.csv.gz"], "twice": [name, name]}.get(fault, [name])
        self.manifest(named)
        if fault == "in flight":
            time.sleep(1.1)  # S3 tells times in seconds
            self.put(name, bill(cost + 1))


class DataExport(Delivering):
    """A Data Export of AWS that overwrites."""

    keys = "kind: aws_data_export"
    faults = ("truncated", "empty", "missing", "twice", "half a manifest")

    def data(self) -> str:
        """Always the same place."""
        return "data/BILLING_PERIOD=2026-11/costs-1.csv.gz"

    def where(self) -> str:
        """The manifest."""
        return "metadata/BILLING_PERIOD=2026-11/costs-Manifest.json"

    def said(self, names: list[str]) -> object:
        """What a manifest says."""
        return {"dataFiles": names}

    def manifest(self, names: list[str]) -> None:
        """The manifest, written last."""
        self.put(self.where(), json.dumps(self.said(names)).encode())

    def deliver(self, cost: int, fault: str = "") -> None:
        """Deliver November."""
        super().deliver(cost, fault)
        if fault == "half a manifest":
            self.put(self.where(), b'{"dataFiles": ["da')


class NewFiles(DataExport):
    """A Data Export of AWS that creates new files: each execution has a folder."""

    def data(self) -> str:
        """In the execution's folder."""
        return f"data/BILLING_PERIOD=2026-11/202611{self.runs:02d}T010101Z-x/costs-1.csv.gz"

    def where(self) -> str:
        """In the execution's folder."""
        return f"metadata/BILLING_PERIOD=2026-11/202611{self.runs:02d}T010101Z-x/costs-Manifest.json"


class Report(DataExport):
    """AWS's legacy report: an assembly each time, the month's manifest names the newest."""

    keys = "kind: aws_cost_and_usage_report"

    def data(self) -> str:
        """In the assembly's folder."""
        return f"20261101-20261201/a{self.runs}/costs-1.csv.gz"

    def where(self) -> str:
        """Of the month."""
        return "20261101-20261201/costs-Manifest.json"

    def said(self, names: list[str]) -> object:
        """Keys of files."""
        return {"reportKeys": names}


class Azure(DataExport):
    """Azure's export: a folder for each run."""

    keys = "kind: azure_export"

    def data(self) -> str:
        """In the run's folder."""
        return f"20261101-20261130/run{self.runs}/part_0.csv.gz"

    def where(self) -> str:
        """In the run's folder."""
        return f"20261101-20261130/run{self.runs}/manifest.json"

    def said(self, names: list[str]) -> object:
        """Blobs, and when the run was submitted."""
        submitted = f"2026-11-{self.runs:02d}T06:00:00Z"
        return {"blobs": [{"blobName": name} for name in names], "runInfo": {"submittedTime": submitted}}


class OpenCost(Delivering):
    """A folder with OpenCost's answers."""

    keys = "kind: opencost, adds: true, since: 2026-11-01"
    faults = ("half an answer", "missing")

    def deliver(self, cost: int, fault: str = "") -> None:
        """A file for each day, all of the month in one."""
        for number in range(1, 31):
            self.put(f"2026-11-{number:02d}.json", answer(date(2026, 11, number), cost if number == 2 else 0))
        if fault == "half an answer":
            self.put("2026-11-02.json", answer(FIRST, cost)[:-20])
        if fault == "missing":
            self.drop("2026-11-03.json")


def answer(day: date, cost: int) -> bytes:
    """OpenCost's answer about one day."""
    span = {"start": f"{day}T00:00:00Z", "end": f"{day + timedelta(days=1)}T00:00:00Z"}
    about = {"name": "shop", "properties": {"cluster": "one", "namespace": "shop"}, "window": span, **span}
    return json.dumps({"code": 200, "data": [{"shop": {**about, "cpuCost": cost, "totalCost": cost}}]}).encode()


class Warehouse(Delivering):
    """Parquet that an engine reads where it lies."""

    keys = "kind: warehouse, engine: duckdb"
    faults = ("no number", "empty")

    def deliver(self, cost: int, fault: str = "") -> None:
        """One file of Parquet."""
        import duckdb

        told = "'NaN'::DOUBLE" if fault == "no number" else f"{cost}::DECIMAL(38,18)"
        path = Path(os.environ["PYTEST_TMP"]) / "bill.parquet"
        path.unlink(missing_ok=True)
        duckdb.sql(
            f"COPY (SELECT {told} AS BilledCost, {told} AS EffectiveCost, 'USD' AS BillingCurrency, 'Usage' AS "
            f"ChargeCategory, DATE '2026-11-01' AS BillingPeriodStart, DATE '{FIRST}' AS ChargePeriodStart) TO '{path}'"
        )
        self.put("bill.parquet", b"" if fault == "empty" else path.read_bytes())


KINDS: dict[str, type[Delivering]] = {
    "folder": Delivering,
    "aws_data_export, overwriting": DataExport,
    "aws_data_export, new files": NewFiles,
    "aws_cost_and_usage_report": Report,
    "azure_export": Azure,
    "opencost": OpenCost,
    "warehouse": Warehouse,
}
IN_S3 = [kind for kind in KINDS if kind not in ("azure_export", "opencost", "warehouse")]
WHY = {
    "truncated": "the gzip ends too early",
    "empty": "",
    "missing": "",
    "twice": "twice; read twice it would count twice.",
    "half a manifest": "is not whole JSON",
    "half an answer": "",
    "no number": "column BilledCost, 1 row: no value, or a double that is no number",
    "in flight": "is newer than its manifest: the next delivery is under way.",
}
"""Fault → what the list must say of it; '' where each kind says it in its own words."""


class Company:
    """A company with one source, and what its figures and its list say."""

    def __init__(self, folder: Path, kind: str, path: str) -> None:
        self.clock = Moved(datetime(2026, 12, 2, 8, tzinfo=UTC))
        self.installation: Installation = make_company(folder, clock=self.clock, bill=False)
        config = self.installation.config_path
        own = f"table: {path}/*.parquet" if kind == "warehouse" else f"path: {path}"
        config.write_text(config.read_text().replace("aws: {path: bills}", f"aws: {{{KINDS[kind].keys}, {own}}}"))

    def take(self) -> str:
        """An hour later."""
        self.clock.now += timedelta(hours=25)
        return run(now=self.installation.now, **self.installation.parts()).summary

    @property
    def figures(self) -> list[Any]:
        """What is served."""
        with self.installation.state.reading() as connection:
            rows = connection.exec_driver_sql("SELECT day, team, service, billed_cost, effective_cost FROM daily_spend")
            return sorted(map(tuple, rows))

    @property
    def listed(self) -> dict[str, Any]:
        """The first row of `finops sources` that is not well, else the first one."""
        done = CliRunner().invoke(main, ["sources", "--format", "json"], obj=self.installation)
        rows: list[dict[str, Any]] = json.loads(done.output)
        return next((row for row in rows if row["state"] not in ("published", "unchanged")), rows[0])


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for files on their way."""
    monkeypatch.setenv("PYTEST_TMP", str(tmp_path_factory.mktemp("scratch")))


def in_folder(kind: str, folder: Path) -> tuple[Delivering, Company]:
    """A source in a folder of this machine, and its company."""
    root = folder / "delivered"

    def put(name: str, content: bytes) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return KINDS[kind](put, lambda name: (root / name).unlink()), Company(folder / "company", kind, str(root))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3 as moto has it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def holds(delivering: Delivering, company: Company, fault: str) -> None:
    """Former figures, the reason in the list, healed by the next good delivery."""
    delivering.deliver(5)
    assert "published" in company.take()
    before = company.figures
    assert before
    delivering.deliver(7, fault)
    company.take()
    assert company.figures == before
    listed = company.listed
    assert listed["state"] in ("refused", "waiting", "failed") and listed["why"] and WHY[fault] in listed["why"]
    delivering.deliver(9)
    assert "published" in company.take()
    assert company.figures != before and company.listed["state"] == "published"


@pytest.mark.parametrize(("kind", "fault"), [(kind, fault) for kind in KINDS for fault in KINDS[kind].faults])
def test_a_bad_delivery_in_a_folder(tmp_path: Path, kind: str, fault: str) -> None:
    """Each kind of source, each fault, over files of this machine."""
    holds(*in_folder(kind, tmp_path), fault)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [(kind, fault) for kind in IN_S3 for fault in (*KINDS[kind].faults, *(["in flight"] * (kind != "folder")))],
)
def test_a_bad_delivery_in_s3(bucket: Any, tmp_path: Path, kind: str, fault: str) -> None:
    """The same in a bucket, where a delivery under way is told by its times too."""
    root = "exports/costs"
    delivering = KINDS[kind](
        lambda name, content: bucket.put_object(Bucket=BUCKET, Key=f"{root}/{name}", Body=content),
        lambda name: bucket.delete_object(Bucket=BUCKET, Key=f"{root}/{name}"),
    )
    deliver = delivering.manifest
    delivering.manifest = lambda names: deliver([f"s3://{BUCKET}/{root}/{name}" for name in names])  # type: ignore[method-assign]
    holds(delivering, Company(tmp_path, kind, f"s3://{BUCKET}/{root}"), fault)


def test_a_source_that_cannot_be_asked(tmp_path: Path) -> None:
    """Where nobody can tell what there is, the list says why until it can be asked again."""
    delivering, company = in_folder("aws_data_export, overwriting", tmp_path)
    delivering.deliver(5)
    company.take()
    before, root = company.figures, tmp_path / "delivered"
    shutil.move(root, tmp_path / "away")
    company.take()
    assert (company.listed["delivery"], company.listed["why"]) == ("every delivery", f"{root} does not exist.")
    assert company.figures == before
    shutil.move(tmp_path / "away", root)
    company.take()
    assert company.listed["state"] == "unchanged" or company.listed["state"] == "published"


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "DataUnavailableException"])
def test_cost_explorer_that_refuses(tmp_path: Path, code: str) -> None:
    """Cost Explorer has no files: what can go wrong is a request, and the former month stays."""
    company = Company(tmp_path, "folder", "none")
    config = company.installation.config_path
    config.write_text(config.read_text().replace("kind: folder, path: none", "kind: aws_cost_explorer, months: 1"))
    fake = FakeCostExplorer([Line(FIRST + timedelta(days=30), "Usage", Decimal(5), Decimal(5))])
    parts = company.installation.parts()
    opened = parts["open_source"]

    def take() -> str:
        company.clock.now += timedelta(hours=25)
        asked = {**parts, "open_source": lambda keys: over(opened(keys), fake)}
        return run(now=company.installation.now, **asked).summary

    assert "published" in take()
    before = company.figures
    fake.denies = code
    take()
    assert company.figures == before and company.listed["state"] == "failed" and company.listed["why"]
    fake.denies = ""
    fake.lines[0] = Line(fake.lines[0].day, "Usage", Decimal(7), Decimal(7))
    assert "published" in take() and company.figures != before


PREAMBLE = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from bot.installation import Installation
from bot.settings import Settings
from jobs.ingest_billing import run
from storage.ledger import delivery
from storage.ledger.folder import FolderLedger
from storage.sources import folder, manifests, opencost, taking, warehouse

def dying_after(holder, name):
    whole = getattr(holder, name)
    def dying(*arguments, **options):
        found = whole(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(holder, name, dying)

def go():
    now = datetime.fromisoformat(sys.argv[2])
    installation = Installation(Path(sys.argv[1]), clock=lambda: now)
    run(now=now, **installation.parts())
"""
POINTS = {
    "while it is fetched": "[dying_after(each, 'fetch') for each in (folder.FolderSource, manifests.ManifestSource, "
    "opencost.OpenCost, warehouse.WarehouseSource)]",
    "while it is read": "dying_after(delivery, 'read_file')",
    "after the ledger kept it": "dying_after(FolderLedger, 'keep')",
    "within the transaction": "dying_after(delivery, 'publish_period')",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_job(tmp_path: Path, kind: str) -> None:
    """Killed at any point the job leaves the former figures, and the next one takes the delivery in."""
    delivering, company = in_folder(kind, tmp_path)
    delivering.deliver(5)
    company.take()
    before = company.figures
    delivering.deliver(7)
    settings = company.installation.settings
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FINOPS_DATABASE_URL": settings.finops_database_url.get_secret_value(),
        "FINOPS_LEDGER": str(settings.finops_ledger),
    }
    company.clock.now += timedelta(hours=25)
    for point in POINTS.values():
        command = [sys.executable, "-c", f"{PREAMBLE}{point}\ngo()"]
        arguments = [str(company.installation.config_path), company.installation.now.isoformat()]
        done = subprocess.run([*command, *arguments], cwd=ROOT, env=environment, timeout=120)
        assert done.returncode == -9
        assert company.figures == before
    assert "published" in company.take()
    assert company.figures != before and company.listed["state"] == "published"
