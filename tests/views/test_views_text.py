"""Names that others wrote do no harm."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st
from made_up_months import NASTY, RIGHT_TO_LEFT

from views.text import ISOLATE, POP, clip, clip_columns, columns, escape, literal, prose, tidy, unmarked

NAMES = st.text(st.one_of(st.characters(), st.sampled_from("<>&*_~`:!@# \u202e\u2068\u2069אבג")), max_size=200)


@given(NAMES)
def test_no_bracket_comes_out(name: str) -> None:
    """Whatever a name holds, no bare '<', '>' or '&' comes out of escape() or literal()."""
    for shown in (escape(name), literal(name)):
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", shown)
        assert "`" not in shown and "\n" not in shown


@given(NAMES)
def test_nothing_is_styled(name: str) -> None:
    """No styling mark is left in mrkdwn, no underscore at a word's edge, no emoji, and no quotation at the start."""
    shown = escape(name)
    assert not re.search(r"[*~`]", shown)
    assert not re.search(r"(?<![^\W_])_|_(?![^\W_])", shown)
    assert not re.search(r":[^\s:]+:", shown)
    assert not shown.startswith("&gt;")


@given(NAMES)
def test_direction_is_contained(name: str) -> None:
    """A name's own direction marks are gone, and right-to-left text is fenced off."""
    for shown in (escape(name), literal(name), unmarked(name)):
        assert not re.search("[\u202a-\u202e\u200e\u200f]", shown)
        assert shown.count(ISOLATE) == shown.count(POP) == (1 if shown.startswith(ISOLATE) else 0)


@given(st.one_of(NAMES, NAMES.map(escape)), st.integers(1, 220))
def test_clip_keeps_its_length(text: str, most: int) -> None:
    """Clipped text has at most that many characters, is the beginning of the text, and says that it was cut."""
    shown = clip(text, most)
    assert len(shown) <= most
    if shown != text:
        assert shown.rstrip(POP).endswith("…") and text.startswith(shown.rstrip(POP)[:-1])


@given(NAMES.map(escape), st.integers(1, 220))
def test_clip_cuts_no_entity(text: str, most: int) -> None:
    """What was escaped stays escaped and what was isolated stays closed, wherever it is cut."""
    shown = clip(text, most)
    assert not re.search(r"&(?!amp;|lt;|gt;)", shown)
    assert shown.count(ISOLATE) == shown.count(POP)


@given(NAMES, st.integers(1, 60))
def test_columns_are_kept(name: str, most: int) -> None:
    """A name clipped to columns takes no more of them, wide signs counting twice."""
    assert columns(clip_columns(name, most)) <= most


def test_ordinary_names_are_left_alone() -> None:
    """Names without markup are shown as they are, underscores, dots and Persian joiners included."""
    for name in (
        "Amazon EC2",
        "my_service_name",
        "a:b",
        "eu-west-1",
        "支払い",
        "\u0645\u06cc\u200c\u062e\u0648\u0627",
        "👩\u200d💻",
    ):
        assert unescape(escape(name)).strip(ISOLATE + POP) == name


@given(NAMES)
def test_prose_is_as_safe_as_a_name(text: str) -> None:
    """Our own sentences may quote anything: brackets are escaped, and outside of code nothing is styled."""
    shown = prose(text)
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", shown)
    assert shown.count("`") % 2 == 0
    assert not re.search(r"[*~]", "".join(shown.split("`")[::2]))


def test_code_in_prose_stays_code() -> None:
    """A command between backticks is shown as code, its markup untouched; a lone backtick is not."""
    assert prose("Invite me with `/invite @FinOps <now>`.") == "Invite me with `/invite @FinOps &lt;now&gt;`."
    assert prose("a ` b") == "a \u02cb b"


def test_known_attacks() -> None:
    """A mention, bold, code, italics, strike-through and an emoji come out as text."""
    assert escape(NASTY) == "&lt;!channel&gt; ∗bold∗ ˋtickˋ ˍitˍ ∼no∼ ∶smile∶ &amp; &lt;@U123&gt;"
    assert escape("> quoted") == "› quoted"
    assert escape("\u202e\n\t ") == "(no name)" == tidy("")
    assert escape(RIGHT_TO_LEFT) == f"{ISOLATE}{RIGHT_TO_LEFT}{POP}"
