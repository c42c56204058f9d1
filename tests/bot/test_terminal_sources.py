"""`finops sources`, and the job behind it."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from prometheus_client import REGISTRY

from bot.cli import main
from bot.installation import Installation
from bot.sources import open_source
from jobs.ingest_billing import run
from storage.claims import claim
from storage.sources.source import SourceFailed
from tests.company import make_company, usual_charges, write_bill
from tests.storage.cost_explorer import FakeCostExplorer, Line, over


def listed(installation: Installation) -> list[dict[str, Any]]:
    """What `finops sources` gives."""
    done = CliRunner().invoke(main, ["sources", "--format", "json"], obj=installation)
    assert done.exit_code == 0, done.output
    rows: list[dict[str, Any]] = json.loads(done.output)
    return rows


def ingest(installation: Installation) -> str:
    """The job."""
    return run(now=installation.now, **installation.parts()).summary


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """A company whose bill lies in a folder, nothing of it taken in."""
    made = make_company(tmp_path, bill=False)
    write_bill(tmp_path / "bills" / "bill.csv", usual_charges(date(2026, 11, 1), date(2026, 11, 11)))
    return made


def test_a_source_is_listed_from_the_first_day(place: Installation) -> None:
    """Before the first look it says what to do; after it, what became of the delivery and since when."""
    [row] = listed(place)
    assert (row["export"], row["kind"], row["state"]) == ("aws", "folder", "")
    assert "finops sources --look" in row["why"]
    assert ingest(place).startswith("aws all files published (")
    [row] = listed(place)
    since = place.now.isoformat(timespec="minutes")
    assert row == {
        "export": "aws",
        "kind": "folder",
        "delivery": "all files",
        "state": "published",
        "since": since,
        "why": "",
    }
    assert ingest(place) == "aws unchanged"


def test_what_a_look_costs_is_said_before(place: Installation) -> None:
    """The price of the next look is told without a request; after it, what it took, and that nothing is due."""
    make_dear(place)
    fake = FakeCostExplorer([Line(date(2026, 11, 2), "Usage", Decimal(3), Decimal(2))])

    def priced() -> list[dict[str, Any]]:
        done = CliRunner().invoke(main, ["sources", "--price", "--format", "json"], obj=place)
        rows: list[dict[str, Any]] = json.loads(done.output)
        return rows

    price = {"least_requests": 2, "most_requests": 20, "least_usd": "0.02", "most_usd": "0.20", "last_time": None}
    assert priced() == [{"export": "dear", "delivery": month, **price} for month in ("2026-10", "2026-11")]
    counted = REGISTRY.get_sample_value("finops_paid_requests_total", {"source": "aws_cost_explorer"}) or 0
    parts = place.parts()
    opened = parts["open_source"]
    parts["open_source"] = lambda keys: over(opened(keys), fake) if keys.kind != "folder" else opened(keys)
    said = run(now=place.now, **parts).summary
    assert "dear 2026-11 published (1 rows)" in said and len(fake.asked) == 3
    after = REGISTRY.get_sample_value("finops_paid_requests_total", {"source": "aws_cost_explorer"})
    assert after == counted + 3
    free = {"least_requests": 0, "most_requests": 0, "least_usd": "0.00", "most_usd": "0.00"}
    assert priced()[1] == {"export": "dear", "delivery": "2026-11", **free, "last_time": "2 requests, $0.02."}


def make_dear(place: Installation) -> None:
    """Give a company a source whose requests cost money."""
    path = place.config_path
    path.write_text(path.read_text().replace("sources: {", "sources: {dear: {kind: aws_cost_explorer}, "))


def test_a_bill_is_read_by_a_mapping_file(place: Installation, tmp_path: Path) -> None:
    """`--rules` reads files of any columns; a mistake in the mapping is said in one line, and nothing is taken in."""
    rules, bill = tmp_path / "seats.yaml", tmp_path / "seats.csv"
    bill.write_text("Month,Price\n2026-10,12.5\n")
    columns = {"BilledCost": "{price}", "EffectiveCost": "{price}", "BillingCurrency": "'EUR'"}
    columns |= {"BillingPeriodStart": "{month}", "ChargePeriodStart": "{month}", "ChargeCategory": "'Purchase'"}

    def ingested() -> tuple[int, str]:
        rules.write_text(json.dumps({"name": "Seats", "version": "1.0", "columns": columns}))
        line = ["ingest", str(bill), "--export", "seats", "--rules", str(rules)]
        done = CliRunner().invoke(main, line, obj=place)
        return done.exit_code, done.output + str(done.exception or "")

    code, said = ingested()
    assert code == 0 and "seats: published 1 rows of 2026-10 (version 1)." in said
    columns["ServiceName"] = "read_text('/etc/passwd')"
    code, said = ingested()
    assert code != 0 and "seats.yaml, columns.ServiceName: there is no function read_text here" in said


def test_a_refusal_stays_listed_until_it_is_mended(place: Installation) -> None:
    """A bill that became unreadable is refused with the reason in the list, and the job says it too."""
    bill = Path(place.company.sources["aws"].keys["path"]) / "bill.csv"
    good = bill.read_bytes()
    ingest(place)
    bill.write_bytes(b"")
    assert ingest(place) == "aws all files refused: bill.csv: the file is empty (0 bytes)."
    [row] = listed(place)
    assert (row["state"], row["why"]) == ("refused", "bill.csv: the file is empty (0 bytes).")
    bill.write_bytes(good)
    assert ingest(place) == "aws unchanged"
    assert [each["state"] for each in listed(place)] == ["unchanged"]


def test_a_fault_of_one_source_is_its_own(place: Installation) -> None:
    """Whatever one source raises stands on record, its words in the log alone; the others come in; it heals."""
    config = place.config_path
    config.write_text(config.read_text().replace("aws: {path", "a: {path: elsewhere}, aws: {path"))
    (config.parent / "elsewhere").mkdir()
    write_bill(config.parent / "elsewhere" / "bill.csv", usual_charges(date(2026, 11, 1), date(2026, 11, 2)))
    parts = place.parts()
    opened = parts["open_source"]

    def broken(keys: Any) -> Any:
        if keys.keys["path"].endswith("elsewhere"):
            raise RuntimeError("host=secret.example")
        return opened(keys)

    said = run(now=place.now, **{**parts, "open_source": broken}).summary
    assert said.startswith("a failed: RuntimeError, in the log under ") and "aws all files published (" in said
    row = next(row for row in listed(place) if row["export"] == "a")
    assert (row["delivery"], row["state"]) == ("every delivery", "failed")
    assert row["why"].startswith("RuntimeError, in the log under ") and "secret" not in row["why"]
    assert "a all files published (" in ingest(place)
    assert {row["state"] for row in listed(place)} <= {"published", "unchanged"}


def looked(installation: Installation, *words: str) -> tuple[int, str]:
    """Exit code and output of `finops sources` with more words."""
    done = CliRunner().invoke(main, ["sources", *words], obj=installation)
    return done.exit_code, done.output


def test_a_look_needs_no_worker(place: Installation, tmp_path: Path) -> None:
    """`--look` takes in what is due here and now, of one source where it is named; a refusal ends it with 1."""
    write_bill(tmp_path / "others" / "bill.csv", usual_charges(date(2026, 10, 1), date(2026, 10, 3)))
    path = place.config_path
    path.write_text(path.read_text().replace("sources: {", "sources: {other: {path: others}, "))
    place = Installation(path, place.settings, place.clock)
    code, said = looked(place, "--look", "aws", "--format", "json")
    assert (code, [(row["export"], row["state"]) for row in json.loads(said)]) == (0, [("aws", "published")])
    assert [(row["export"], row["state"]) for row in listed(place)] == [("aws", "published"), ("other", "")]
    code, said = looked(place, "--format", "json", "--look")
    rows = [(row["export"], row["state"]) for row in json.loads(said)]
    assert (code, rows) == (0, [("aws", "published"), ("other", "published")])
    (tmp_path / "others" / "bill.csv").write_bytes(b"")
    assert looked(place, "--look")[0] == 1
    assert looked(place, "--look", "aws")[0] == 0


def test_a_look_at_no_source_is_refused(place: Installation) -> None:
    """A misspelt source is named with the one that is meant, and a look is not asked for together with its price."""
    assert looked(place, "--look", "awss") == (1, "finops: There is no source 'awss'. Did you mean aws?\n")
    assert looked(place, "--look", "zzz") == (1, "finops: There is no source 'zzz'. There are aws.\n")
    code, said = looked(place, "--look", "--price")
    assert code == 2 and "--price asks nothing, --look does: give one of them." in said


def test_who_runs_a_job_is_told_whether_anybody_will(place: Installation) -> None:
    """Without a sign of a worker `finops admin run` says what to start; once one has claimed work, it does not."""

    def asked() -> str:
        return CliRunner().invoke(main, ["admin", "run", "ingest_billing"], obj=place).output

    assert asked() == (
        "ingest_billing is asked for, but no worker was seen of late: start `finops run` or `finops worker`.\n"
        "Without one, `finops sources --look` looks at the sources here and now.\n"
    )
    assert claim(place.state, "directory", "1", "worker", place.now)
    assert asked() == "ingest_billing is asked for: a worker runs it within seconds.\n"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            "https://myaccount.blob.core.windows.net/costs/exports?sp=rl",
            "nobody here reads https://; write abfss://costs@myaccount.dfs.core.windows.net/exports",
        ),
        (
            "ftp://example.com/bills",
            "has the path ftp://example.com/bills, and nobody here reads ftp://; use a folder,",
        ),
    ],
)
def test_an_address_that_nobody_reads_is_refused_at_its_line(place: Installation, path: str, said: str) -> None:
    """finops.yaml is refused with the line of the source, and how its address is to be written."""
    kept = place.config_path
    kept.write_text(kept.read_text().replace("sources: {", f"sources: {{azure: {{kind: folder, path: {path!r}}}, "))
    code, output = looked(Installation(kept, place.settings, place.clock))
    assert code == 1 and said in output and "finops.yaml:" in output and "sp=rl" not in output


def test_a_price_that_cannot_be_told_keeps_no_other_back(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--price` names a source that cannot be opened, and goes on with the others."""
    make_dear(place)

    def opened(settings: Any, **parts: Any) -> Any:
        if settings.kind == "folder":
            raise SourceFailed("It is not there.", "Look for it.")
        return open_source(settings, **parts)

    monkeypatch.setattr("bot.terminal.sources.open_source", opened)
    code, said = looked(place, "--price")
    assert code == 0 and "finops: aws cannot be asked: It is not there. Look for it." in said and "2026-11" in said
    unseen = next(row for row in listed(place) if row["export"] == "aws")
    assert (unseen["state"], unseen["why"]) == ("failed", "It is not there. Look for it.")
