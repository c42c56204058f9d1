"""Every message and view as it was last agreed on, within Slack's limits."""

import importlib.util
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from made_up_messages import CASES

from finops.money import add
from views.fit import text_length
from views.message import Message
from views.text import columns

GOLDEN = Path(__file__).parent / "golden"
SLACK_CHECK = Path(__file__).parents[2].parent / "shared" / "slack-check" / "slack_check.py"
DATE = r"<!date\^\d{10}\^\{date_short(?:_pretty)?\} at \{time\}\|\d\d? \w{3}, \d\d:\d\d UTC>"
MENTION = r"<(?:@U(?:[1-9]|1\d{3})|!subteam\^S[12])>"
"""Of the made-up people and groups; the hostile names hold another."""
CALLING = ("alert_", "anomaly_", "note_", "call_", "freeze_note_", "leave_modal", "budget_request_group", "month_waits")
REWRITE = os.environ.get("GOLDEN") == "1"
Json = dict[str, Any]


def as_json(shown: Message | Json) -> Json:
    """A message or view as it is kept in its golden file."""
    plain = asdict(shown) if isinstance(shown, Message) else shown
    loaded: Json = json.loads(json.dumps(plain))
    return loaded


def is_view(shown: Json) -> bool:
    """Whether it is an App Home or a modal."""
    return shown.get("type") in ("home", "modal")


def payloads(shown: Json) -> list[Json]:
    """What is sent to Slack: the view, or the message and what goes on in its thread."""
    if is_view(shown):
        return [shown]
    return [{"text": one["text"], "blocks": one["blocks"]} for one in (shown, *shown["continued"])]


def strings(node: Any) -> Iterator[str]:
    """Every text below a node that Slack reads as text."""
    if isinstance(node, dict):
        for key, child in node.items():
            if key == "text" and isinstance(child, str):
                yield child
            else:
                yield from strings(child)
    elif isinstance(node, list):
        for child in node:
            yield from strings(child)


def objects(node: Any) -> Iterator[Json]:
    """Every object below a node."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from objects(child)


@pytest.fixture(scope="module", params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> tuple[str, Json]:
    """A case's name and what is shown for it."""
    name: str = request.param
    return name, as_json(CASES[name]())


def test_it_is_what_was_agreed(case: tuple[str, Json]) -> None:
    """A message or view equals its golden file, which `make golden` (GOLDEN=1) alone writes."""
    name, shown = case
    path = GOLDEN / f"{name}.json"
    if REWRITE:
        path.write_text(json.dumps(shown, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert path.exists(), f"{path.name} is missing: look at the message, then run `make golden`"
    assert shown == json.loads(path.read_text(encoding="utf-8"))


def test_slack_takes_it(case: tuple[str, Json]) -> None:
    """Slack's own types and published limits find no fault."""
    if not SLACK_CHECK.exists():
        pytest.skip(
            "the checker made from Slack's own types is no part of this repository and not beside it, in "
            "../shared/slack-check; test_it_keeps_the_limits looks at the same messages without it"
        )
    spec = importlib.util.spec_from_file_location("slack_check", SLACK_CHECK)
    assert spec and spec.loader
    slack_check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(slack_check)
    assert [fault for payload in payloads(case[1]) for fault in slack_check.check(payload)] == []


def test_it_keeps_the_limits(case: tuple[str, Json]) -> None:
    """Blocks, text and buttons are within the limits we know of, whether or not the checker is here."""
    for payload in payloads(case[1]):
        assert 1 <= len(payload["blocks"]) <= (100 if is_view(payload) else 49)
        if is_view(payload):
            continue
        assert text_length(payload["blocks"]) <= 9_500
        assert 0 < len(payload["text"]) <= 4_000


def test_nothing_pings_or_links(case: tuple[str, Json]) -> None:
    """No angle bracket and no bare ampersand comes through but in a date or in a mention of somebody whom the message
    calls or answers, and every mrkdwn object is verbatim.
    """
    for text in strings(payloads(case[1])):
        text = re.sub(DATE, "", text)
        if case[0].startswith(CALLING):
            text = re.sub(MENTION, "", text)
        assert "<" not in text and ">" not in text
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)
    assert all(kind["verbatim"] is True for kind in objects(case[1]) if kind.get("type") == "mrkdwn")


def test_what_is_isolated_is_closed(case: tuple[str, Json]) -> None:
    """Every right-to-left name is fenced off on both sides, and no direction override is left."""
    for text in strings(payloads(case[1])):
        assert text.count("\u2068") == text.count("\u2069")
        assert not re.search("[\u202a-\u202e]", text)


def test_tables_fit_a_phone(case: tuple[str, Json]) -> None:
    """Code blocks are at most 40 columns wide, as shown, and closed."""
    for text in strings(payloads(case[1])):
        assert text.count("```") % 2 == 0
        for code in text.split("```")[1::2]:
            shown = code.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
            assert max(map(columns, shown.split("\n"))) <= 40


def figures(code: str) -> list[list[Decimal]]:
    """Amount and change of each entry of a table, as they are shown; a row of figures begins with a space."""
    entries: list[list[Decimal]] = []
    for row in code.strip("\n").split("\n"):
        if row.startswith(" "):
            shown = re.findall(r"[+−]?[\d,]+(?:\.\d+)?", row)
            entries[-1] += [Decimal(figure.replace(",", "").replace("−", "-")) for figure in shown]
        else:
            entries.append([])
    return [entry for entry in entries if entry]


def test_shown_tables_add_up(case: tuple[str, Json]) -> None:
    """In every table, the amounts and the changes of the lines add up to those of the total, as they are shown."""
    for code in (code for text in strings(payloads(case[1])) for code in text.split("```")[1::2]):
        *lines, total = figures(code)
        for column, expected in enumerate(total):
            assert add(line[column] for line in lines if len(line) > column) == expected


def test_the_text_says_it_all(case: tuple[str, Json]) -> None:
    """Every amount of the blocks stands in `text` too, for notifications and screen readers."""
    if is_view(case[1]):
        return
    for payload in payloads(case[1]):
        if len(payload["text"]) > 3_700:
            continue  # what it cannot hold is counted there and stands in the blocks
        shown = " ".join(strings(payload["blocks"]))
        assert set(re.findall(r"[\d,]*\d\.\d+|\d+ %", shown.split("```")[0])) <= set(
            re.findall(r"[\d,]*\d\.\d+|\d+ %", payload["text"])
        )


def test_no_golden_file_is_left_over() -> None:
    """Each golden file belongs to a case."""
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(CASES)
