"""The report in every form: within Slack's limits, safe whatever a name holds, the same bytes for the same report."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from finops.money import add
from finops.report_building import build_report
from finops.variance_report import VarianceReport
from tests.reports import (
    FOREIGN,
    NASTY,
    large_report,
    made_data,
    made_explanation,
    made_figures,
    made_report,
    made_told,
)
from views import blocks
from views import report_words as words
from views.fit import text_length
from views.report_csv import safe
from views.report_files import EDITIONS, FORMS, report_file
from views.report_message import LEFT_OUT, MOST_MESSAGES, _within, executive_message, report_messages

SLACK_CHECK = Path(__file__).parents[2].parent / "shared" / "slack-check" / "slack_check.py"
VOID = {"meta", "rect", "path", "br"}


@pytest.fixture(scope="module")
def large() -> VarianceReport:
    """500 teams with hostile names and long words."""
    return large_report(500)


@pytest.fixture(scope="module")
def some() -> VarianceReport:
    """40 of them."""
    return large_report(40)


class Reader(HTMLParser):
    """Reads a page: its elements closed in order, its attributes, and what is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One without an end."""
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """It ends where it should."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """What is shown."""
        self.text.append(data)


@pytest.mark.parametrize(
    ("material", "left", "said"),
    [
        (0, 0, "no variance asks for an explanation"),
        (1, 1, "1 variance asks for an explanation, and has no approved one"),
        (5, 0, "5 variances ask for an explanation, all of them have an approved one"),
        (5, 1, "5 variances ask for an explanation, 1 of them has no approved one"),
        (5, 2, "5 variances ask for an explanation, 2 of them have no approved one"),
        (5, 5, "5 variances ask for an explanation, none has an approved one"),
    ],
)
def test_how_many_ask_for_an_explanation(some: VarianceReport, material: int, left: int, said: str) -> None:
    """How many variances lack an approved explanation is said in plain words where it is all, some or none of them."""
    assert words._asked(replace(some.totals[0], material=material, open=left)) == said


def read(report: VarianceReport, edition: str = "technical") -> Reader:
    reader = Reader()
    reader.feed(report_file(report, "html", edition).decode())
    assert reader.open == []
    return reader


def faults(payload: dict[str, Any]) -> list[str]:
    """What Slack would find, where the checker is on this machine."""
    if not SLACK_CHECK.exists():
        return []
    spec = importlib.util.spec_from_file_location("slack_check", SLACK_CHECK)
    assert spec and spec.loader
    checker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checker)
    return list(checker.check(payload))


@pytest.mark.parametrize("teams", [0, 1, 40, 500])
def test_slack_takes_every_message(teams: int) -> None:
    """The report and the pages of its thread keep every limit, 30 messages at most, and nothing pings or links."""
    messages = report_messages(large_report(teams) if teams else made_report())
    assert 1 <= len(messages) <= MOST_MESSAGES
    for message in messages:
        assert faults({"text": message.text, "blocks": message.blocks}) == []
        assert text_length(message.blocks) <= 9_500 and 1 <= len(message.blocks) <= 50
        assert 0 < len(message.text) <= 4_000
        shown = json.dumps(message.blocks, ensure_ascii=False)
        assert "<" not in shown and ">" not in shown
        assert not message.continued


def test_what_the_thread_cannot_hold_is_counted(large: VarianceReport) -> None:
    """The last page of a long report says how many teams are left, and which command has them."""
    messages = report_messages(large)
    assert len(messages) == MOST_MESSAGES
    found = re.search(
        r"… and (\d+) more teams: `finops report --month 2026-10", json.dumps(messages[-1].blocks, ensure_ascii=False)
    )
    assert found and 0 < int(found[1]) < 500


def test_the_message_says_what_is_missing() -> None:
    """Not final, it says of whom what is open; final, it says so."""
    row = made_figures()
    before = executive_message(made_report(row)).text
    assert "*Not final*" in before
    assert "Payments is $200.00 over budget (+20.0 %): $200.00 is not explained." in before
    after = executive_message(build_report(made_data([row], [made_explanation(row, "200")]))).text
    assert "*Final*" in after and "missing" not in after
    part = executive_message(build_report(made_data([row], [made_explanation(row, "200")], of_all=False))).text
    assert "*Final for the teams shown*" in part


def test_html_is_whole_and_alone(some: VarianceReport) -> None:
    """The page's elements are closed in order; it runs nothing and asks for nothing from elsewhere."""
    for edition in EDITIONS:
        page = read(some, edition)
        tags = {tag for tag, _ in page.seen}
        assert not tags & {"script", "link", "img", "iframe", "object", "form"}
        for tag, attributes in page.seen:
            assert not any(name.startswith("on") or name in ("src", "href") for name in attributes), (tag, attributes)
        html = report_file(some, "html", edition).decode()
        assert "url(" not in html and "@import" not in html and "http://" not in html and "https://" not in html
        assert "<script" not in html


def test_html_can_be_read_by_a_screen_reader(some: VarianceReport) -> None:
    """Every table has a caption and named rows and columns, every chart a name that states its finding."""
    page = read(some)
    tables = sum(tag == "table" for tag, _ in page.seen)
    assert tables == sum(tag == "caption" for tag, _ in page.seen) > 0
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.seen if tag == "th")
    drawn = [attributes for tag, attributes in page.seen if tag == "svg" and attributes.get("role") == "img"]
    assert drawn and all(attributes.get("aria-labelledby") for attributes in drawn)
    ids = [attributes["id"] for _, attributes in page.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert any("is furthest over its budget, by" in text for text in page.text)


def test_html_keeps_every_digit(some: VarianceReport) -> None:
    """Beside each rounded amount stands the exact one."""
    values = {attributes["value"] for tag, attributes in read(some).seen if tag == "data"}
    for total in some.totals:
        assert format(total.actual.normalize(), "f") in values


def test_json_and_csv_add_up_to_the_totals(some: VarianceReport) -> None:
    """The rows of both files hold every team once with its exact figures, which add up to the totals."""
    told = json.loads(report_file(some, "json"))
    table = list(csv.DictReader(io.StringIO(report_file(some, "csv").decode())))
    for total in told["totals"]:
        rows = [row for row in told["teams"] if row["currency"] == total["currency"]]
        for name in ("budget", "actual", "variance"):
            amounts = [Decimal(row[name]) for row in rows if row[name] is not None]
            assert add(amounts) == Decimal(total[name])
            once = {row["team"]: row[name] for row in table if row["currency"] == total["currency"]}
            assert add(Decimal(amount) for amount in once.values() if amount) == Decimal(total[name])
    assert len(table) == sum(max(1, len(row["explanations"])) for row in told["teams"])
    assert "e" not in "".join(row["actual"] + row["ratio"] for row in table).lower()


def test_words_are_kept_whole() -> None:
    """What people wrote stands in JSON and CSV letter for letter, and in HTML line by line."""
    words = f"{NASTY}\n{FOREIGN}\n" + "x" * 2900
    row = made_figures()
    report = build_report(made_data([row], [made_explanation(row, "200", what=words)]))
    assert json.loads(report_file(report, "json"))["teams"][0]["explanations"][0]["wording"]["what"] == words
    assert next(csv.DictReader(io.StringIO(report_file(report, "csv").decode())))["what"] == words
    assert "x" * 2900 in "".join(read(report).text)


@pytest.mark.parametrize("begin", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "\n=1", "＝1"])
def test_no_cell_is_a_formula(begin: str) -> None:
    """Text that a spreadsheet would run begins with an apostrophe."""
    assert safe(begin).startswith("'")
    row = made_figures()
    report = build_report(made_data([row], [made_explanation(row, "200", why=begin)]))
    cells = next(csv.DictReader(io.StringIO(report_file(report, "csv").decode())))
    assert cells["why"].startswith("'") and cells["variance"] == "200"


def test_the_pdf_counts_its_pages(large: VarianceReport) -> None:
    """The executive edition is one page; the technical one repeats its tables' heads, and every page its number."""
    one = pages(report_file(large, "pdf", "executive"))
    assert len(one) == 1 and "1 of 1" in one[0]
    every = pages(report_file(large, "pdf"))
    assert len(every) > 20
    assert all(f"{number} of {len(every)}" in text for number, text in enumerate(every, start=1))
    listed = [text for text in every if "Not explained" in text and "team-" not in text]
    assert len(listed) > 3


def pages(pdf: bytes) -> list[str]:
    """The text of each page, by poppler."""
    try:
        done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("pdftotext is not on this machine")
    return done.stdout.decode().split("\f")[:-1]


def test_the_pdf_shows_what_its_font_lacks(some: VarianceReport) -> None:
    """Latin, Greek and Cyrillic are letters; what the font has not is a box, and nothing breaks it."""
    from views.report_pdf_font import shown

    assert shown("Zürich Ставки Οι τιμές €") == "Zürich Ставки Οι τιμές €"
    assert shown("価格") == "□□"
    assert shown("👩‍💻 a") == "□□ a"
    assert shown("\x00\u202e\ud800") in ("", "(no name)")
    assert report_file(some, "pdf").startswith(b"%PDF-")


@pytest.mark.parametrize("form", FORMS)
def test_the_same_report_gives_the_same_bytes(form: str) -> None:
    """In another process with another hash seed and time zone, a report is the same file byte by byte."""
    code = (
        "import sys; from tests.reports import large_report; from views.report_files import report_file;"
        f"[sys.stdout.buffer.write(report_file(large_report(12), '{form}', e)) for e in ('executive', 'technical')]"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "TZ": zone, "PATH": ""},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(made) == 1 and made != {b""}


def test_a_lone_half_of_a_character_breaks_nothing() -> None:
    """Text that has no bytes is shown with a mark in its place in every form."""
    row = made_figures()
    report = build_report(made_data([row], [made_explanation(row, "200", what="a \ud83d b", following="\udc00")]))
    for form in FORMS:
        assert report_file(report, form)


def test_what_is_left_out_is_said() -> None:
    """Where the message is too long its longest parts give way and it says so; what is missing never does."""
    parts = [
        blocks.section(f"*{name}*\n" + "word " * 570) for name in ("Causes", "What is missing", "Decisions", "Overdue")
    ]
    body = [blocks.header("Report"), blocks.section("lead"), *parts, blocks.context("basis")]
    kept = [str(block) for block in _within(body)]
    assert len(kept) == len(body) and "What is missing" in "".join(kept) and LEFT_OUT in kept[-2]
    assert sum("word" in block for block in kept) == 3
    assert _within(body[:4]) == body[:4]


def test_how_near_forecasts_came_stands_in_every_form() -> None:
    """By days left, the most first, with the mean error and what the intervals held; CSV has each team's own."""
    one, other = made_figures(actual="1200"), made_figures("search", actual="1000")
    told = [
        made_told(one, "1080"),  # 10 % off, held by the wider interval alone
        made_told(other, "1001"),
        made_told(one, "1500", day=22, left=11),  # 25 % off, and held by neither
    ]
    report = build_report(made_data([one, other], told=told))
    said = [
        "15 to 21 days before the end: 2 forecasts, 5.05 % off on average; the 80 % interval held 1 of 2, "
        "the 95 % interval held 2 of 2.",
        "8 to 14 days before the end: 1 forecast, 25.0 % off on average; the 80 % interval held 0 of 1, "
        "the 95 % interval held 0 of 1.",
    ]
    assert words.forecasts(report) == said
    assert all(line in executive_message(report).text for line in said)
    for edition in EDITIONS:
        page = report_file(report, "html", edition).decode().replace("\u00a0", " ")
        assert all(f"<li>{line}</li>" in page for line in said)
    assert b"%PDF" in report_file(report, "pdf")
    found = json.loads(report_file(report, "json"))
    assert [(each["days_left_from"], each["mean_error"]) for each in found["forecasts"]] == [
        (15, "0.0505"),
        (8, "0.25"),
    ]
    assert [row["forecast"]["amount"] for row in found["teams"]] == ["1080", "1001"]
    rows = list(csv.DictReader(io.StringIO(report_file(report, "csv").decode())))
    assert [(row["team"], row["forecast_told_on"], row["forecast"], row["forecast_error"]) for row in rows] == [
        ("payments", "2026-10-15", "1080", "0.1"),
        ("search", "2026-10-15", "1001", "0.001"),
    ]


def test_forecasts_that_nobody_kept_are_said_to_be_none() -> None:
    """Without any, every form says so instead of leaving the part out, and no team has one."""
    report = made_report(made_figures())
    [line] = words.forecasts(report)
    assert line.startswith("No forecast of August 2026 to October 2026 can be judged: one is kept each day from the")
    assert line in executive_message(report).text and line in report_file(report, "html").decode()
    found = json.loads(report_file(report, "json"))
    assert (found["forecasts"], found["teams"][0]["forecast"]) == ([], None)
