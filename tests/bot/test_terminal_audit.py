"""`finops audit`: the record as people and programs read it, and whether it is whole."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from bot.cli import main
from bot.installation import Installation
from bot.terminal import audit as command
from bot.terminal.output import show
from storage.audit import Entry, append, head, read
from storage.people import replace_directory
from tests.company import make_company
from tests.storage.unguarded import unguard

NOW = datetime(2026, 11, 12, 23, 30, 0, 250000, tzinfo=UTC)
"""Half past midnight of 13 November in Berlin."""
RAISED = Entry(
    NOW,
    "finops",
    "alert.raised",
    "alert/payments/2026-11/forecast/USD",
    "payments",
    was={"status": "resolved", "step": 0, "amount": "3100.10", "budget": "2900"},
    became={
        "status": "open",
        "step": 1,
        "amount": "3100.10",
        "budget": "2900",
        "calls": [{"role": "owner", "name": "alice@example.com", "id": "U1"}, {"role": "finops", "name": "@finops"}],
    },
    pinged=2,
)
ACKNOWLEDGED = Entry(
    NOW + timedelta(hours=10),
    "U1",
    "alert.acknowledged",
    RAISED.subject,
    "payments",
    was={"status": "open"},
    became={"status": "acknowledged"},
    note='with ", ; and\na new line',
)
CHANGED = Entry(
    NOW + timedelta(hours=11), "finops", "policy.changed", "policy", was={"holds": 3}, became={"holds": 5, "tiers": []}
)
BUDGETS = 3
"""Entries that the small company's own budgets make, before these."""


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """The small company with a few entries on record, of people whom the workspace knows."""
    found = make_company(tmp_path)
    with found.state.writing() as connection:
        replace_directory(connection, [("U1", "Alice Example", "alice@example.com", "Europe/Berlin")], [], [])
        append(connection, [RAISED, ACKNOWLEDGED, CHANGED])
    yield found
    found.state.close()


@pytest.fixture
def finops(installation: Installation) -> Any:
    """Run `finops audit …` on it."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["audit", *words], obj=installation, catch_exceptions=False)

    return run


def test_programs_read_whole_entries(finops: Any, installation: Installation) -> None:
    """JSON gives each entry with the person's real name, instants in UTC, and its hash."""
    with installation.state.reading() as connection:
        hashes = [sealed.hash for sealed in read(connection)][BUDGETS:]
    result = finops("--subject", "alert/payments", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [
        {
            "seq": BUDGETS + 1,
            "at": "2026-11-12T23:30:00.250000+00:00",
            "who": "finops",
            "name": None,
            "action": "alert.raised",
            "subject": "alert/payments/2026-11/forecast/USD",
            "team": "payments",
            "was": RAISED.was,
            "became": RAISED.became,
            "note": None,
            "pinged": 2,
            "hash": hashes[0],
        },
        {
            "seq": BUDGETS + 2,
            "at": "2026-11-13T09:30:00.250000+00:00",
            "who": "U1",
            "name": "Alice Example",
            "action": "alert.acknowledged",
            "subject": "alert/payments/2026-11/forecast/USD",
            "team": "payments",
            "was": {"status": "open"},
            "became": {"status": "acknowledged"},
            "note": ACKNOWLEDGED.note,
            "pinged": 0,
            "hash": hashes[1],
        },
    ]


def test_csv_says_the_same(finops: Any) -> None:
    """CSV has the same fields in the same order, what it was and became as JSON; for nothing its header alone."""
    rows = list(csv.DictReader(io.StringIO(finops("--format", "csv").stdout)))
    found = json.loads(finops("--format", "json").stdout)
    assert [list(row) for row in rows] == [list(entry) for entry in found] and len(rows) == BUDGETS + 3
    for row, entry in zip(rows, found, strict=True):
        parsed = {name: json.loads(row[name]) if row[name] else None for name in ("was", "became")}
        plain = {name: "" if entry[name] is None else str(entry[name]) for name in entry}
        assert row | parsed == plain | {name: entry[name] for name in ("was", "became")}
    assert (
        finops("--team", "search", "--subject", "policy", "--format", "csv").stdout == ",".join(command.COLUMNS) + "\n"
    )
    assert json.loads(finops("--subject", "nothing", "--format", "json").stdout) == []


def test_people_read_what_changed(finops: Any) -> None:
    """The table has local time, real names, and from what to what, without what stayed as it was."""
    shown = finops("--team", "payments").stdout
    assert "Audit record, times in Europe/Berlin" in shown
    lines = [" ".join(line.replace("│", " ").split()) for line in shown.splitlines()]
    subject = "alert/payments/2026-11/forecast/USD"
    assert (
        f"2026-11-13 00:30:00 finops alert.raised {subject} "
        "status resolved → open; step 0 → 1; calls alice@example.com, @finops" in lines
    )
    assert any(
        line.startswith(f"2026-11-13 10:30:00 Alice Example alert.acknowledged {subject} status open → acknowledged")
        for line in lines
    )
    assert any(
        "holds 3 → 5; tiers none" in " ".join(line.split())
        for line in finops("--subject", "policy").stdout.splitlines()
    )
    assert finops("--subject", "nothing").stdout == "Nothing is on record.\n"


def test_budgets_are_on_record(finops: Any) -> None:
    """A budget that is imported is there with its amount and version, the file it came from and who imported it."""
    [row] = json.loads(finops("--subject", "budget/payments", "--format", "json").stdout)
    expected = {
        "who": "test",
        "action": "budget.recorded",
        "subject": "budget/payments/2026-11/USD",
        "team": "payments",
        "was": None,
        "became": {"amount": "2900", "version": 1},
        "note": "budgets.csv",
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--since", "2026-11-13"), 3),
        (("--since", "2026-11-14"), 0),
        (("--until", "2026-11-12"), BUDGETS),
        (("--since", "2026-11-12", "--until", "2026-11-13"), BUDGETS + 3),
        (("--team", "payments", "--since", "2026-11-13"), 2),
        (("--team", "idle"), 1),
    ],
)
def test_days_are_the_companys_and_both_inside(finops: Any, options: tuple[str, ...], found: int) -> None:
    """A day begins at midnight of the company's zone, and the last one named is inside."""
    assert len(json.loads(finops(*options, "--format", "json").stdout)) == found


def test_a_team_that_is_unknown_is_refused(finops: Any, installation: Installation) -> None:
    """A misspelled team gets the nearest; one that is gone by now and has entries is listed."""
    result = finops("--team", "paymets")
    assert (result.exit_code, result.stderr) == (
        1,
        "finops: There is no team 'paymets'. Did you mean payments?\n",
    )
    with installation.state.writing() as connection:
        append(connection, [replace(CHANGED, team="gone")])
    assert len(json.loads(finops("--team", "gone", "--format", "json").stdout)) == 1


def test_a_long_record_is_shown_from_its_end(finops: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table shows the newest entries and says how many there are; CSV gives all, whatever number is read at once."""
    monkeypatch.setattr(command, "MOST_SHOWN", 2)
    monkeypatch.setattr(command, "AT_ONCE", 4)
    shown = finops().stdout
    assert "alert.raised" not in shown and "policy.changed" in shown
    assert shown.endswith("The newest 2 of 6 entries. --since narrows it down; --format csv gives all.\n")
    assert len(list(csv.reader(io.StringIO(finops("--format", "csv").stdout)))) == 7


def test_a_whole_record_gives_its_head(finops: Any, installation: Installation) -> None:
    """The check prints the head to be kept, and takes it back; a later entry does no harm to it."""
    with installation.state.reading() as connection:
        seq, sealed = head(connection)
    result = finops("verify")
    assert (result.exit_code, result.stdout) == (0, f"Whole: 6 entries.\nHead: {seq}:{sealed}\n")
    with installation.state.writing() as connection:
        append(connection, [CHANGED])
    assert finops("verify", "--expect", f"{seq}:{sealed}").exit_code == 0


def test_a_damaged_record_is_told(finops: Any, installation: Installation) -> None:
    """What is wrong is listed, the exit code is 1, and a lost end shows against the head."""
    kept = finops("verify").stdout.split("Head: ")[1].strip()
    with installation.state.writing() as connection:
        unguard(connection)
        connection.execute(text("DELETE FROM audit WHERE seq = 6"))
    assert finops("verify").exit_code == 0
    result = finops("verify", "--expect", kept)
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "the end was cut off: entry 6 was there, and entry 5 is the last\n",
        "finops: The audit record is not what was written. Compare it with a backup of the database.\n",
    )


@pytest.mark.database("sqlite", "PostgreSQL keeps only what is of the column's type")
def test_an_entry_that_cannot_be_read_is_told(finops: Any, installation: Installation) -> None:
    """The check names the entry, and the listing ends there with where to look."""
    with installation.state.writing() as connection:
        unguard(connection)
        connection.execute(text("UPDATE audit SET was = 'nothing' WHERE seq = 4"))
    assert finops("verify").stdout == "entry 4 was changed after it was written\n"
    listed = finops("--format", "csv")
    assert listed.exit_code == 1
    assert listed.stderr.startswith("finops: Entry 4 of the audit record cannot be read.")


@pytest.mark.parametrize("head", ["6", "six:" + "0" * 64, "6:" + "0" * 63, "6:" + "G" * 64])
def test_what_is_no_head_is_wrong_usage(finops: Any, head: str) -> None:
    """A head that cannot be one, and options that would check a part, are refused as wrong usage."""
    assert finops("verify", "--expect", head).exit_code == 2
    assert finops("--team", "payments", "verify").exit_code == 2
    assert finops("--since", "yesterday").exit_code == 1


HOSTILE = "\x1b]0;owned\x07\x1b[2J \x9b31m\r=cmd|' /C calc'!A0"


def test_nothing_reaches_the_terminal_but_text(finops: Any, installation: Installation) -> None:
    """Control characters that somebody wrote are spelled out in every format; programs read them back from JSON."""
    entry = replace(ACKNOWLEDGED, note=HOSTILE, became={"why": HOSTILE}, was={"why": HOSTILE[::-1]}, team="payments")
    with installation.state.writing() as connection:
        append(connection, [entry])
    for form in ("table", "json", "csv"):
        shown = finops("--team", "payments", "--format", form).stdout
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown), form
    assert "\\x1b[2J" in finops("--team", "payments").stdout
    last = json.loads(finops("--team", "payments", "--format", "json").stdout)[-1]
    assert (last["note"], last["became"]) == (HOSTILE, {"why": HOSTILE})


def test_no_text_in_csv_is_a_formula(finops: Any, installation: Installation) -> None:
    """A text that a spreadsheet would compute begins with a quote."""
    notes = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "plain", "-12.50")
    with installation.state.writing() as connection:
        append(connection, [replace(ACKNOWLEDGED, note=note, team="gone") for note in notes])
    rows = csv.DictReader(io.StringIO(finops("--team", "gone", "--format", "csv").stdout))
    assert [row["note"] for row in rows] == ["'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", "plain", "-12.50"]


def test_amounts_in_csv_stay_plain(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command's CSV leaves numbers as they are, negative ones too, and marks names that begin like a formula."""
    row = {"service": '=HYPERLINK("x")', "amount": "-100.123456789", "share": "+0.5", "days": -3, "none": None}
    show([row], "csv")
    assert capsys.readouterr().out == (
        'service,amount,share,days,none\n"\'=HYPERLINK(""x"")",-100.123456789,+0.5,-3,\n'
    )
