"""`finops sources`, and the job behind it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.installation import Installation
from jobs.ingest_billing import run
from tests.company import make_company, usual_charges, write_bill


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
    assert "finops admin run ingest_billing" in row["why"]
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
