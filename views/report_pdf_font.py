"""The font of the report's PDF, and lines as it can show them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from unicodedata import bidirectional, category, combining

from fontTools.ttLib import TTFont
from fpdf.bidi import BidiParagraph

from views.text import tidy

PLACEHOLDER = "\u25a1"
"""What stands for a character that the font has not: visible, so that nobody takes the name for whole."""
UNSEEN = "\u200b\u200c\u200d\u2060\u2066\u2067\u2068\u2069\ufe0e\ufe0f"


def font_file(style: str) -> Path:
    """DejaVu Sans, which matplotlib brings: Latin, Greek, Cyrillic and more, free to embed."""
    return Path(str(files("matplotlib") / "mpl-data" / "fonts" / "ttf" / f"DejaVuSans{style}.ttf"))


@cache
def _known() -> frozenset[int]:
    """Characters that both weights of the font have."""
    regular, bold = (TTFont(font_file(style), lazy=True).getBestCmap().keys() for style in ("", "-Bold"))
    return frozenset(regular & bold)


def shown(text: str) -> str:
    """A line as the font can show it."""
    text = tidy(text) if text.strip() else ""
    if text.isascii():
        return text
    known = _known()
    kept = (sign for sign in text if sign not in UNSEEN)
    seen = "".join(sign if ord(sign) in known else "" if _is_mark(sign) else PLACEHOLDER for sign in kept)
    # The page is written from left to right, sign by sign.
    return BidiParagraph(seen).get_reordered_string() if _turns(seen) else seen


def _turns(text: str) -> bool:
    """Whether a part of it is read from right to left."""
    return any(bidirectional(sign) in ("R", "AL") for sign in text)


def _is_mark(sign: str) -> bool:
    """Whether a character only changes the one before it, as skin tones and accents do."""
    return bool(combining(sign)) or category(sign) in ("Mn", "Me", "Cf", "Sk")
