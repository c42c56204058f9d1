"""Blocks are refused as Slack refuses them."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import Refusal
from sandbox.limits import block_faults, check_view

SHARED = Path(__file__).parents[2].parent / "shared"
Json = dict[str, Any]


def plain(words: str) -> Json:
    """A plain-text object."""
    return {"type": "plain_text", "text": words}


def md(words: str) -> Json:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": words}


def option(n: int = 0, **extra: Any) -> Json:
    """An option."""
    return {"text": plain(f"option {n}"), "value": str(n), **extra}


def button(**extra: Any) -> Json:
    """A button."""
    return {"type": "button", "action_id": "a", "text": plain("Go"), **extra}


def actions(*elements: Json) -> Json:
    """An actions block."""
    return {"type": "actions", "elements": list(elements)}


def field(element: Json, **extra: Any) -> Json:
    """An input block."""
    return {"type": "input", "label": plain("Label"), "element": element, **extra}


def chart(**extra: Any) -> Json:
    """A bar chart."""
    series = [{"name": "actual", "data": [{"label": "Mon", "value": 3}, {"label": "Tue", "value": 4.5}]}]
    data = {"type": "bar", "series": series, "axis_config": {"categories": ["Mon", "Tue"]}} | extra
    return {"type": "data_visualization", "title": "Spend", "chart": data}


GROUPS = [{"label": plain("g"), "options": [option()]}]
CELL = {"type": "raw_text", "text": "x"}
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}
SELECT = {"type": "static_select", "action_id": "s", "options": [option(1), option(2)]}
IMAGE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}
MODAL_ALERT = {"type": "alert", "text": md("careful"), "level": "warning"}

GOOD: list[Json] = [
    {"type": "section", "text": md("x" * 3000), "accessory": button(style="danger", value="v" * 2000)},
    {"type": "section", "fields": [plain("x" * 2000)] * 4},
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider", "block_id": "b" * 255},
    {"type": "context", "elements": [md("x"), plain("y"), IMAGE]},
    actions(SELECT, button(), {"type": "overflow", "action_id": "o", "options": [option(1)]}),
    actions(button(confirm={"title": plain("Sure?"), "text": md("x"), "confirm": plain("Yes"), "deny": plain("No")})),
    field({"type": "plain_text_input", "action_id": "p", "multiline": True, "max_length": 3000}, hint=plain("h")),
    field({"type": "number_input", "action_id": "n", "is_decimal_allowed": True, "min_value": "0"}),
    field({"type": "checkboxes", "action_id": "c", "options": [option(1, description=plain("d"))]}),
    field({"type": "radio_buttons", "action_id": "r", "options": [option(1)], "initial_option": option(1)}),
    field({"type": "multi_static_select", "action_id": "m", "option_groups": GROUPS}),
    field({"type": "external_select", "action_id": "e", "min_query_length": 1, "placeholder": plain("p")}),
    {**IMAGE, "title": plain("t")},
    RICH,
    {"type": "markdown", "text": "# Title"},
    {"type": "table", "rows": [[CELL, {"type": "raw_number", "text": "1", "value": 1}], [RICH, CELL]]},
    {"type": "data_table", "caption": "c", "rows": [[CELL], [CELL]], "page_size": 10},
    chart(),
    chart(type="area"),
    {"type": "data_visualization", "title": "P", "chart": {"type": "pie", "segments": [{"label": "a", "value": 1}]}},
]  # fmt: skip
BAD: list[Json] = [
    {"type": "section"},
    {"type": "section", "text": md("")},
    {"type": "section", "text": md("x" * 3001)},
    {"type": "section", "text": "x"},
    {"type": "section", "text": md("x"), "colour": "red"},
    {"type": "section", "fields": [md("x")] * 11},
    {"type": "section", "fields": [md("x" * 2001)]},
    {"type": "section", "text": md("x"), "accessory": {"type": "plain_text_input", "action_id": "p"}},
    {"type": "header", "text": md("x")},
    {"type": "header", "text": plain("x" * 151)},
    {"type": "header"},
    {"type": "context", "elements": []},
    {"type": "context", "elements": [md("x")] * 11},
    {"type": "context", "elements": [button()]},
    actions(),
    actions(*[button(action_id=str(n)) for n in range(26)]),
    actions(button(), button()),
    actions(button(text=plain("x" * 76))),
    actions(button(value="x" * 2001)),
    actions(button(style="blue")),
    actions(button(confirm={"title": plain("x" * 101), "text": md("x")})),
    actions(button(confirm={"title": plain("x"), "text": md("x" * 301)})),
    actions({"type": "overflow", "action_id": "o", "options": [option(n) for n in range(6)]}),
    actions({**SELECT, "options": [option(n) for n in range(101)]}),
    actions({**SELECT, "options": []}),
    actions({**SELECT, "options": [option(1, value="x" * 151)]}),
    actions({**SELECT, "options": [{"text": plain("x" * 76), "value": "1"}]}),
    actions({"type": "button", "text": plain("x"), "action_id": "a" * 256}),
    field({"type": "button", "text": plain("x"), "action_id": "a"}),
    field({"type": "number_input", "action_id": "n"}),
    {"type": "input", "label": plain("l")},
    {"type": "image", "image_url": "https://example.com/a.png"},
    {"type": "image", "alt_text": "a"},
    {"type": "markdown", "text": "x" * 12_001},
    {"type": "table", "rows": []},
    {"type": "table", "rows": [[CELL]] * 101},
    {"type": "table", "rows": [[CELL] * 21]},
    {"type": "table", "rows": [[CELL], [CELL, CELL]]},
    {"type": "table", "rows": [[{"type": "raw_text", "text": "x" * 10_001}]]},
    {"type": "data_table", "rows": [[CELL], [CELL]]},
    {"type": "data_table", "caption": "c", "rows": [[CELL]]},
    chart(axis_config={"categories": ["Mon", "Wed"]}),
    chart(axis_config={"categories": ["Mon"]}),
    chart(series=[]),
    chart(type="donut"),
    {**chart(), "title": "x" * 51},
    {"type": "data_visualization", "title": "P", "chart": {"type": "pie", "segments": [{"label": "a", "value": 0}]}},
    MODAL_ALERT,
    {"type": "poem"},
    {**RICH, "elements": [{"type": "rich_text_list", "style": "stars", "elements": []}]},
    {"type": "divider", "block_id": "b" * 256},
    {"type": "divider", "block_id": ""},
]  # fmt: skip


@pytest.mark.parametrize("block", GOOD, ids=lambda b: str(b["type"]))
def test_sound_blocks_pass(block: Json) -> None:
    """A block at its limits is accepted."""
    assert block_faults([block], "message") == []


@pytest.mark.parametrize("block", BAD, ids=lambda b: str(b["type"]))
def test_wrong_blocks_are_named(block: Json) -> None:
    """A block past a limit is refused with a pointer into it."""
    faults = block_faults([block], "message")
    assert faults and all(fault.pointer.startswith("/blocks/0") for fault in faults)


def test_rules_over_all_blocks() -> None:
    """Counts, unique block ids, one table and two charts hold over the whole message."""
    divider: Json = {"type": "divider"}
    assert block_faults([divider] * 50, "message") == [] and block_faults([divider] * 51, "message")
    assert block_faults([divider] * 100, "modal") == [] and block_faults([divider] * 101, "modal")
    assert block_faults([{**divider, "block_id": "x"}] * 2, "message")
    table = {"type": "table", "rows": [[CELL]]}
    assert block_faults([table, table], "message") and block_faults([chart()] * 3, "message")
    assert block_faults([table], "modal") and block_faults([MODAL_ALERT], "modal") == []
    assert block_faults("no list", "message")


def test_sandbox_is_stricter_where_the_schema_is_silent() -> None:
    """A picture on this machine, an initial option that is no option, and both kinds of options are refused."""
    assert block_faults([{**IMAGE, "image_url": "http://127.0.0.1:8000/a.png"}], "message")
    assert block_faults([actions({**SELECT, "initial_option": option(9)})], "message")
    assert block_faults([actions({**SELECT, "option_groups": GROUPS})], "message")


@pytest.fixture
def theirs() -> Any:
    """The checker made from Slack's own types."""
    if not (SHARED / "slack-check").exists():
        pytest.skip("the checker made from Slack's own types is not beside this repository, in ../shared/slack-check")
    spec = importlib.util.spec_from_file_location("slack_check", SHARED / "slack-check" / "slack_check.py")
    assert spec and spec.loader
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    return theirs


def test_same_verdict_on_views(theirs: Any) -> None:
    """A view that Slack's types refuse is refused: missing, too long and unknown fields at the top."""
    view = {"type": "modal", "title": plain("T"), "submit": plain("S"), "close": plain("C"), "blocks": [field(SELECT)]}
    check_view(view, "modal")
    wrong: list[Json] = [
        {"title": plain("x" * 25)}, {"submit": plain("x" * 25)}, {"close": md("x")}, {"submit": None}, {"title": None},
        {"private_metadata": "x" * 3001}, {"callback_id": "x" * 256}, {"external_id": "x" * 256}, {"colour": "red"},
        {"clear_on_close": "yes"}, {"private_metadata": "x" * 2000, "blocks": [GOOD[0]] * 101},
    ]  # fmt: skip
    for change in wrong:
        spoiled = {name: value for name, value in (view | change).items() if value is not None}
        assert theirs.check(spoiled), change
        with pytest.raises(Refusal):
            check_view(spoiled, "modal")


def test_same_verdict_as_slacks_own_types(theirs: Any) -> None:
    """What Slack's types refuse, the sandbox refuses: every sample, and samples with one field dropped or spoiled."""

    def refuses(block: Json, surface: str, most: int) -> bool:
        try:
            return bool(theirs.check_blocks([block], surface, most))
        except (
            TypeError,
            AttributeError,
        ):  # an object or a text where their checker takes a name or a list for granted
            return True

    differing = []
    for block in [*BAD, *(variant for sample in GOOD for variant in variants(sample))]:
        for surface, most in (("message", 50), ("modal", 100)):
            # The sandbox may refuse more, never less.
            if refuses(block, surface, most) and not block_faults([block], surface):
                differing.append((surface, json.dumps(block)[:300]))
    assert differing == []
    assert not any(theirs.check_blocks([block], "message", 50) for block in GOOD)


def variants(node: Json) -> list[Json]:
    """The block, and copies with one field at any depth dropped, spoiled, or with an unknown field beside it."""
    text, found = json.dumps(node), [node]

    def walk(path: tuple[Any, ...], child: Any) -> None:
        items = child.items() if isinstance(child, dict) else enumerate(child[:1]) if isinstance(child, list) else ()
        for key, below in items:
            for spoil in ("drop", "wrong", "extra"):
                copy = json.loads(text)
                parent = copy
                for step in path:
                    parent = parent[step]
                if spoil == "drop":
                    del parent[key]
                elif spoil == "wrong":
                    parent[key] = {"wrong": True} if isinstance(below, str) else "wrong"
                elif isinstance(below, dict):
                    parent[key]["unknown_field"] = 1
                found.append(copy)
            walk((*path, key), below)

    # Their checker is slow on long lists, and one item of a list is spoiled as well as the next.
    if len(text) < 3000:
        walk((), node)
    return [block for block in found if isinstance(block.get("type"), str)]
