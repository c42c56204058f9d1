"""Names as people write them: the nearest existing one to one that was mistyped, and how an error repeats it."""

from __future__ import annotations

from collections.abc import Collection

from rapidfuzz import fuzz, process

LONGEST = 60
"""Most characters of a name that an error repeats."""


def nearest(word: str, names: Collection[str], most: int = 3) -> list[str]:
    """Up to `most` existing names that look like the word, best first; empty where none does."""
    found = process.extract(
        word.casefold(), names, scorer=fuzz.WRatio, processor=str.casefold, limit=most, score_cutoff=70
    )
    return [name for name, _, _ in found]


def repeated(word: str) -> str:
    """A word as an error repeats it: its beginning, where nobody could find the error behind it."""
    return word if len(word) <= LONGEST else f"{word[: LONGEST - 1]}…"
