"""JSON that every database gives back as it was written, spelled in one way so that it can be hashed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """A value as JSON gives it back.

    Raises:
        TypeError: it holds what would come back as something else, or not at all.
    """
    if isinstance(value, str):
        return kept(value)
    if value is None or isinstance(value, bool) or type(value) is int:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return {kept(name): plain(each) for name, each in value.items()}
    raise TypeError(f"{value!r} is no plain JSON; write amounts and days as text")


def kept(text: str) -> str:
    """Text with � for NUL, which PostgreSQL refuses, and for surrogates that stand alone, which are no characters."""
    if text.isascii() and "\0" not in text:
        return str.__str__(text)
    whole = str.__str__(text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\ufffd")


def spelled(value: Any) -> str:
    """Plain JSON as text, the same for equal values: names sorted, nothing but ASCII, no spaces."""
    return _WRITER.encode(value)


def read_back(text: str) -> Any:
    """What stored text says; raises ValueError where it is no JSON, or gives a name twice.

    Readers differ on which of two values of one name counts.
    """
    return _READER.decode(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


_WRITER = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":"))
_READER = json.JSONDecoder(object_pairs_hook=_object)
