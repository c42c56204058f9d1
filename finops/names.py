"""The nearest existing name to one that was mistyped."""

from __future__ import annotations

from collections.abc import Collection

from rapidfuzz import fuzz, process


def nearest(word: str, names: Collection[str], most: int = 3) -> list[str]:
    """Up to `most` existing names that look like the word, best first; empty where none does."""
    found = process.extract(
        word.casefold(), names, scorer=fuzz.WRatio, processor=str.casefold, limit=most, score_cutoff=70
    )
    return [name for name, _, _ in found]
