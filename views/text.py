"""Text that others wrote (names from a bill, a tag, a user), made safe for where it is shown."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import bidirectional, category, combining, east_asian_width

ISOLATE, POP = "\u2068", "\u2069"
ELLIPSIS = "…"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ESCAPES = str.maketrans(_ENTITIES)
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
# Slack has no escape for its styling marks, so they give way to their likenesses. Underscores inside a word style
# nothing and stay as they are, as do colons that spell no emoji.
_STYLING = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "\u02cb"})
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_EMOJI = re.compile(r":(?=[^\s:]+:)|(?<=[^\s:]):")
_JOINERS = "\u200d\ufe0e\ufe0f"
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_INVISIBLE = {"\u00ad", "\u061c", "\u200b", "\u200e", "\u200f", "\ufeff", *map(chr, range(0x202A, 0x202F))} | set(
    map(chr, range(0x2060, 0x2070))
)


@lru_cache(maxsize=10_000)
def tidy(name: str) -> str:
    """A name on one line, without control and direction characters; '(no name)' where nothing is left."""
    kept = "".join(" " if category(sign) in ("Cc", "Zl", "Zp") else sign for sign in name if not _invisible(sign))
    return " ".join(kept.split()) or "(no name)"


def isolate(text: str) -> str:
    """Text with right-to-left letters fenced off, so that the numbers beside it stay where they are."""
    if text.isascii() or not any(bidirectional(sign) in _RIGHT_TO_LEFT for sign in text):
        return text
    return f"{ISOLATE}{text}{POP}"


def literal(name: str, most: int = 80) -> str:
    """A name for plain text and code blocks, where only `& < >` and the backtick mean something.

    Args:
        most: characters of the name that are shown; the escaped text may be longer.
    """
    shown = clip(tidy(name), most).replace("`", "\u02cb")
    return isolate(shown.translate(_ESCAPES))


def escape(name: str, most: int = 80) -> str:
    """A name for mrkdwn: it pings nobody, links nothing and styles nothing, whatever it holds.

    Args:
        most: characters of the name that are shown; the escaped text may be longer.
    """
    return _unstyled(clip(tidy(name), most))


def prose(text: str, most: int = 2000) -> str:
    """Sentences of ours for mrkdwn, in which `code` between backticks stays code and all else is as with escape().

    Args:
        most: characters of the text that are shown; the escaped text may be longer.
    """
    parts = clip(tidy(text), most).split("`")
    if len(parts) % 2 == 0 or not all(part.strip() for part in parts[1::2]):
        return _unstyled("`".join(parts))
    shown = [f"`{literal(part, most)}`" if number % 2 else _unstyled(part) for number, part in enumerate(parts)]
    return "".join(shown)


def _unstyled(text: str) -> str:
    shown = text.translate(_STYLING)
    if shown.startswith(">"):  # `&gt;` at the start of a line is a quotation
        shown = "\u203a" + shown[1:]
    if shown.count(":") > 1:
        shown = _EMOJI.sub("\u2236", shown)
    shown = _EDGE_UNDERSCORE.sub("\u02cd", shown)
    return isolate(shown.translate(_ESCAPES))


def plain(text: str) -> str:
    """A text as somebody typed it for plain text, every character and line of it kept."""
    return text.translate(_ESCAPES)


def unmarked(name: str, most: int = 80) -> str:
    """A name for pictures and their descriptions, where nothing is unescaped again."""
    return isolate(clip(tidy(name), most).replace("<", "\u2039").replace(">", "\u203a"))


def clip(text: str, most: int) -> str:
    """Text of at most `most` characters, ending in '…' where something was left out.

    No `&lt;` is cut in two, no accent or emoji loses its base, and an isolated name stays closed.
    """
    if len(text) <= most:
        return text
    kept = text[: max(most - len(ELLIPSIS), 0)]
    while kept and not _ends_well(kept, text, most):
        kept = kept[:-1]
    return kept + ELLIPSIS + POP * _open(kept)


def clip_markup(text: str, most: int) -> str:
    """Finished mrkdwn of at most `most` characters, in which no mention and no date of ours is cut in two."""
    shown = clip(text, most)
    begun = shown.rfind("<")
    # Where everything else is escaped, a bracket that is not closed is one of ours.
    return clip(text, begun + len(ELLIPSIS)) if shown != text and begun > shown.rfind(">") else shown


def _ends_well(kept: str, text: str, most: int) -> bool:
    cut = len(kept)
    following = text[cut]
    if combining(following) or following in _JOINERS or kept[-1] == "\u200d":
        return False
    if any(match.start() < cut < match.end() for match in _ENTITY.finditer(text, max(0, cut - 5), cut + 5)):
        return False
    return cut + len(ELLIPSIS) + _open(kept) <= most


def _open(text: str) -> int:
    return max(0, text.count(ISOLATE) - text.count(POP))


def _invisible(sign: str) -> bool:
    """Direction marks, zero-width spaces and lone surrogates, but not the joiners that emoji and Persian need."""
    return sign in _INVISIBLE or category(sign) == "Cs"


def columns(text: str) -> int:
    """Columns that unescaped text takes in a monospaced font."""
    if text.isascii():
        return len(text)
    return sum(
        0 if combining(s) or category(s) in ("Cf", "Mn", "Me") else 1 + (east_asian_width(s) in "WF") for s in text
    )


def clip_columns(text: str, most: int) -> str:
    """Text of at most `most` columns, ending in '…' where something was left out."""
    length = len(text)
    while length and columns(shown := clip(text, length)) > most:
        length -= 1
    return shown if length else ""
