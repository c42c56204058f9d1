"""The same week without faults: what went wrong may have cost time, and nothing else."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.faults.seen import Seen

MOMENT = re.compile(r"<!date\^[^>]*>")
"""A moment in a message; see views.time."""
COMPARED = ("alert", "alert_note", "call", "calls", "digest", "daily")
"""What begins the keys of the messages that are compared: answers to a try that failed are told again."""


def differences(seen: Seen, reference: Seen) -> Iterator[str]:
    """Where two runs of one week ended differently, one line each."""
    yield from _differing("in Slack", Counter(_messages(seen)), Counter(_messages(reference)))
    threads, others = _threads(seen), _threads(reference)
    for alert in sorted(threads.keys() | others.keys()):
        if threads[alert] != others[alert]:
            yield f"the thread of {alert} reads {threads[alert]} instead of {others[alert]}"
    record, other = _record(seen), _record(reference)
    for subject in sorted(record.keys() | other.keys()):
        if record[subject] != other[subject]:
            yield f"the record of {subject} reads {record[subject]} instead of {other[subject]}"


def _differing(where: str, found: Counter[tuple[str, ...]], wanted: Counter[tuple[str, ...]]) -> Iterator[str]:
    for message in (wanted - found).elements():
        yield f"missing {where}: {' | '.join(message)[:300]}"
    for message in (found - wanted).elements():
        yield f"too much {where}: {' | '.join(message)[:300]}"


def _messages(seen: Seen) -> Iterator[tuple[str, ...]]:
    for message in seen.messages:
        if message.key.split("/")[0] in COMPARED:
            content = MOMENT.sub("<moment>", json.dumps([message.text, message.blocks], sort_keys=True))
            yield _kept(message.key), message.channel, str(message.broadcast), content


def _threads(seen: Seen) -> dict[str, list[str]]:
    """Alert → what its thread says, in Slack's order."""
    places = {(message.channel, message.ts): message.key for message in seen.messages if not message.thread}
    found: dict[str, list[str]] = defaultdict(list)
    for message in sorted(seen.messages, key=lambda message: message.ts):
        if message.thread:
            found[places[message.channel, message.thread]].append(MOMENT.sub("<moment>", message.text))
    return found


def _record(seen: Seen) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for sealed in seen.entries:
        entry = sealed.entry
        became = entry.became or {}
        found[entry.subject].append(
            (entry.action, seen.names.get(entry.who, entry.who), entry.pinged, became.get("step"))
        )
    return found


def _kept(key: str) -> str:
    """A key without an alert's version: an evaluation that was made twice counts twice."""
    kind, *rest = key.split("/")
    if kind == "alert":
        return "/".join((kind, *rest[:4], *("note" for _ in rest[4:])))
    if kind == "call":
        return "/".join((kind, *rest[:4], rest[5]))
    return "/".join((kind, *rest[:5])) if kind == "calls" else key
