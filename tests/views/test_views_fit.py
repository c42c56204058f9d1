"""Blocks, their limits, and how a message is parted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.limits import check_message
from views import blocks
from views.blocks import MESSAGE_BLOCKS
from views.fit import MORE, ROOM, THREAD_ROOM, at_most, fit, message, text_length, with_picture
from views.message import Picture

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).map(lambda text: text * 70)
SECTIONS = st.builds(blocks.section, TEXTS, st.lists(TEXTS, max_size=10))
ANY = st.one_of(SECTIONS, st.just(blocks.divider()), st.builds(blocks.context, TEXTS), st.builds(blocks.header, TEXTS))


def texts(node: Any) -> list[str]:
    """Every text object's text below a node, in order."""
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [text for child in node.values() if not isinstance(child, str) for text in texts(child)]
    return [text for child in node for text in texts(child)] if isinstance(node, list) else []


@given(st.lists(ANY, max_size=80))
def test_fit_loses_nothing(given_blocks: list[dict[str, Any]]) -> None:
    """Every text of every block is on exactly one page, in its place, and each page is within the limits."""
    pages = fit(given_blocks)
    assert texts(pages) == texts(given_blocks)
    assert sum(block["type"] == "divider" for page in pages for block in page) == given_blocks.count(blocks.divider())
    for number, page in enumerate(pages):
        assert len(page) <= MESSAGE_BLOCKS
        assert text_length(page) <= (ROOM if number == 0 else THREAD_ROOM)


@given(st.lists(SECTIONS, min_size=1, max_size=30), st.integers(0, 60))
def test_a_picture_has_room(given_blocks: list[dict[str, Any]], after: int) -> None:
    """With its picture put in, a message is still within the limits, and what went on in the thread says all of it."""
    picture = Picture("burn_up", {}, "alt", "t" * 200)
    made = message("text", given_blocks, picture, after)
    shown = with_picture(made, "F1")
    assert len(shown) <= MESSAGE_BLOCKS and text_length(shown) <= ROOM
    assert shown[made.picture_after]["slack_file"] == {"id": "F1"}
    for further in made.continued:
        assert all(text in further.text for text in texts(further.blocks))


@given(st.text(max_size=9_000))
def test_paragraphs_lose_nothing(text: str) -> None:
    """A long text of short lines is parted into sections that hold all of it."""
    lines = [text[at : at + 80].replace("\n", " ") for at in range(0, len(text), 80)]
    made = blocks.paragraphs("\n".join(lines))
    assert "\n".join(texts(made)).split() == "\n".join(lines).split()
    assert all(len(block["text"]["text"]) <= 3_000 for block in made)


def test_what_a_program_reads_is_never_cut() -> None:
    """Values, ids and counts over Slack's limits are refused."""
    with pytest.raises(ValueError, match="value of 2001"):
        blocks.button("x", "act", "v" * 2_001)
    with pytest.raises(ValueError, match="option value of 151"):
        blocks.select("act", "x", [("a", "v" * 151)])
    with pytest.raises(ValueError, match="101 options"):
        blocks.select("act", "x", [("a", str(number)) for number in range(101)])
    with pytest.raises(ValueError, match="11 fields"):
        blocks.section("", ["f"] * 11)
    with pytest.raises(ValueError, match="26 elements"):
        blocks.actions(*[blocks.button("x", str(number)) for number in range(26)])
    with pytest.raises(ValueError, match="101 blocks"):
        blocks.home([blocks.divider()] * 101)


def test_what_a_person_reads_is_clipped() -> None:
    """Headlines, labels and confirmations over the limits end in '…'."""
    made = blocks.button("b" * 100, "act", confirm=blocks.confirm("t" * 200, "x" * 400, "y" * 40), style="danger")
    assert len(made["text"]["text"]) == 75 and made["text"]["text"].endswith("…")
    assert [len(made["confirm"][key]["text"]) for key in ("title", "text", "confirm", "deny")] == [100, 300, 30, 6]
    assert len(blocks.header("h" * 200)["text"]["text"]) == 150


def test_a_modal_has_all_it_needs() -> None:
    """A modal with an input carries submit, and its inputs their first answers."""
    question = blocks.text_input("what", "What happened?", hint="One sentence.", initial="EC2", long=True)
    view = blocks.modal("Explain", [question], "explain", submit="Send", metadata="{}")
    assert view["submit"]["text"] == "Send"
    assert view["blocks"][0]["element"]["initial_value"] == "EC2"
    assert "submit" not in blocks.modal("Look", [blocks.divider()], "look")


@pytest.mark.parametrize(("pages", "kept"), [(1, 1), (4, 4), (50, 8)])
def test_what_goes_on_too_long_says_so(pages: int, kept: int) -> None:
    """Of a message's further pages so many are kept, the last of them saying that there is more, within the limits."""
    body = [blocks.section("x" * 2900) for _ in range(11)]
    given = message("t", body)
    assert len(given.continued) == 8
    found = at_most(given, pages)
    assert (found.text, found.blocks, len(found.continued)) == (given.text, given.blocks, kept)
    assert found.continued[:-1] == given.continued[: kept - 1]
    last = found.continued[-1]
    assert (MORE in last.text, MORE in str(last.blocks)) == (kept < 8, kept < 8)
    for page in found.continued:
        check_message({"text": page.text, "blocks": page.blocks})
