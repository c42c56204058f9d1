"""What must hold at the end of a run: every due message once, none lost, none doubled, no answer forgotten."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from finops.alert import Status, covers
from finops.policy import Kind
from storage.audit import Entry
from storage.claims import MOST_ATTEMPTS
from storage.deliveries import HOME, RESPONSE
from tests.faults.course import Run
from tests.faults.people import Answered
from tests.faults.seen import Message, Seen

RAISED = "alert.raised"
ANSWERED = ("alert.fell", "alert.resolved", "alert.concluded", "alert.acknowledged", "alert.snoozed")
"""What makes a call needless that Slack has not taken yet."""


def violations(run: Run) -> list[str]:
    """Everything that should not be so, one line each."""
    told = (line for answered in run.answered for line in _answered(answered, run.seen))
    return [*run.stuck, *told, *wrong_with(run.seen)]


def wrong_with(seen: Seen) -> Iterator[str]:
    """What is wrong with the database and the workspace at the end of a run."""
    yield from seen.audit_faults
    for check in (_rows, _messages, _threads, _history, _notes, _calls, _alerts, _claims):
        yield from check(seen)


def _has_message(row: Any) -> bool:
    """Whether a row becomes a message that can be looked up."""
    return not row.destination.startswith((HOME, RESPONSE))


def _rows(seen: Seen) -> Iterator[str]:
    """Every delivery is in Slack, or rightly not."""
    placed = {row.key: row.ts for row in seen.rows}
    for row in seen.rows:
        held = row.not_before and row.not_before > seen.now
        waits = row.thread_of and not placed.get(row.thread_of)
        if row.state == "dead":
            yield f"{row.key} died: {row.error}"
        elif row.state == "due" and not held and not waits:
            yield f"{row.key} was never sent: {row.error or 'no reason'}"
        elif row.state == "sent" and row.sent_revision != row.revision:
            yield f"{row.key} is sent in revision {row.sent_revision} of {row.revision}"


def _messages(seen: Seen) -> Iterator[str]:
    """Slack shows each delivery once, where and as it is noted, and nothing else."""
    rows = {row.key: row for row in seen.rows}
    shown: dict[str, list[Message]] = defaultdict(list)
    for message in seen.messages:
        shown[message.key].append(message)
    for key, found in shown.items():
        if key not in rows:
            yield f"a message of no delivery: {key or found[0].text[:80]}"
        elif len(found) > 1:
            yield f"{key} stands in Slack {len(found)} times"
    for row in rows.values():
        if row.state != "sent" or not _has_message(row):
            continue
        if not shown[row.key]:
            yield f"{row.key} is noted as sent and is not in Slack"
            continue
        [message, *_] = shown[row.key]
        parent = rows[row.thread_of].ts if row.thread_of else ""
        wanted = (row.channel, row.ts, parent, row.broadcast, row.revision, row.payload["text"], _plain(row.payload))
        is_so = (
            message.channel,
            message.ts,
            message.thread,
            message.broadcast,
            message.revision,
            message.text,
            _plain({"blocks": message.blocks}),
        )
        if is_so != wanted:
            yield f"{row.key} is not in Slack as it is noted: {_first_difference(is_so, wanted)}"


def _plain(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Blocks without what Slack or the sender adds to them: ids, and a picture."""
    return [
        {name: part for name, part in block.items() if name != "block_id"}
        for block in payload["blocks"]
        if block["type"] != "image"
    ]


def _first_difference(is_so: tuple[Any, ...], wanted: tuple[Any, ...]) -> str:
    return next(
        f"{str(one)[:200]!r} instead of {str(other)[:200]!r}"
        for one, other in zip(is_so, wanted, strict=True)
        if one != other
    )


def _threads(seen: Seen) -> Iterator[str]:
    """The notes of a thread stand in the order in which they were queued."""
    order = {row.key: row.id for row in seen.rows}
    threads: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for message in sorted(seen.messages, key=lambda message: message.ts):
        if message.thread:
            threads[message.channel, message.thread].append(message)
    for notes in threads.values():
        ids = [order.get(note.key, 0) for note in notes]
        if ids != sorted(ids):
            yield f"out of order: {', '.join(note.key for note in notes)}"


def _entries(seen: Seen) -> dict[str, list[Entry]]:
    """Alert → what happened to it, by the record."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for sealed in seen.entries:
        if sealed.entry.action.startswith("alert."):
            found[sealed.entry.subject.removeprefix("alert/")].append(sealed.entry)
    return found


def _history(seen: Seen) -> Iterator[str]:
    """Each entry begins where the one before ended: nothing happened twice, and nothing off the record."""
    for alert, entries in _entries(seen).items():
        step = 0
        for entry in entries:
            was, became = entry.was or {}, entry.became or {}
            if was.get("step") != step:
                yield f"{alert}: {entry.action} at {entry.at} begins on step {was.get('step')} instead of {step}"
            step = became.get("step", 0)
            if entry.action in (RAISED, "alert.rose", "alert.fell", "alert.resolved") and was.get("step") == step:
                yield f"{alert}: {entry.action} at {entry.at} changes nothing"


def _notes(seen: Seen) -> Iterator[str]:
    """What happens to an alert is told in its thread once: all but the first rise, which its message tells itself."""
    rows = Counter(row.key.rpartition("/")[0].removeprefix("alert/") for row in seen.rows if row.kind == "alert_note")
    for alert, entries in _entries(seen).items():
        # A threshold's that stands beside the forecast's alert has no message of its own.
        if not len(entries) - 1 <= rows[alert] <= len(entries):
            yield f"{alert}: {len(entries)} entries on record, {rows[alert]} notes"


def _calls(seen: Seen) -> Iterator[str]:
    """Who is called has one message for it: one for all alerts that one evaluation of a month calls them for."""
    least: dict[str, set[Any]] = defaultdict(set)
    most: dict[str, set[Any]] = defaultdict(set)
    for sealed in seen.entries:
        for called in (sealed.entry.became or {}).get("calls", ()):
            _, _, month, *_ = sealed.entry.subject.split("/")
            for user in seen.members.get(called.get("id", ""), [called.get("id", "")]):
                least[user].add(sealed.entry.at)
                most[user].add((sealed.entry.at, month))
    least.pop("", None)
    rows = Counter(row.destination for row in seen.rows if row.kind == "call")
    for user in least.keys() | rows.keys():
        if not len(least[user]) <= rows[user] <= len(most[user]):
            yield f"{seen.names.get(user, user)} was called {len(least[user])} times and has {rows[user]} messages"
    entries = _entries(seen)
    for row in seen.rows:
        if row.kind == "call" and row.state == "withdrawn":
            alert = "/".join(row.key.split("/")[1:5])
            if not any(entry.action in ANSWERED and entry.at >= row.created_at for entry in entries[alert]):
                yield f"{row.key} was taken back, and nothing had happened that made it needless"


def _claims(seen: Seen) -> Iterator[str]:
    """No work was given up."""
    for work, due, tries, done in seen.claims:
        if not done and tries >= MOST_ATTEMPTS:
            yield f"{work} {due} was given up after {tries} tries"


def _alerts(seen: Seen) -> Iterator[str]:
    """Who has an alert stands in its message, and one that nobody has has called somebody, or will."""
    texts = {message.key: json.dumps([message.text, message.blocks]) for message in seen.messages}
    for alert in seen.alerts:
        named = alert.live and not alert.beside and alert.chain and alert.chain[0].callees
        silent = not alert.call_at and not any(covers(step, alert.step) for step in alert.called)
        if named and silent and alert.status(seen.now) is Status.OPEN and alert.key.kind is not Kind.THRESHOLD:
            yield f"{alert.key} is open, and nobody was ever called for it"
        if alert.status(seen.now) is Status.ACKNOWLEDGED and alert.acknowledgement and not alert.beside:
            name = seen.names[alert.acknowledgement.by]
            if name not in texts.get(f"alert/{alert.key}", ""):
                yield f"{alert.key} is acknowledged by {name}, and its message does not say so"


def _answered(answered: Answered, seen: Seen) -> Iterator[str]:
    """An answer that was acknowledged is on record, or another's that was first, or its refusal was said."""
    if answered.act.what != "acknowledge":
        return
    entries = [entry for entry in _entries(seen)[answered.alert] if entry.at <= answered.done]
    own = any(
        entry.who == answered.user_id and entry.action == "alert.acknowledged" and entry.at >= answered.begun
        for entry in entries
    )
    # As it stood when the answer came: taken already, or over.
    last = entries[-1].became or {} if entries else {}
    held = last.get("status") in ("acknowledged", "resolved")
    told = any(
        row.kind == "answer"
        and row.key.endswith(f"/{answered.user_id}")
        and answered.begun <= row.created_at <= answered.done
        for row in seen.rows
    )
    if not own and not held and not told:
        yield f"{seen.names[answered.user_id]} acknowledged {answered.alert} at {answered.done}, and nothing came of it"
