"""The message of an alert: the finding first, then who must do what by when, where it stands, and the answers to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from finops.alert import Alert, Level, Status
from finops.company import Team
from finops.explanation import Coverage
from finops.freeze import Freeze, FreezeStatus
from finops.freeze_decision import is_emergency, is_undecided
from finops.incoming_alert import Received
from finops.policy import Policy, Role
from views import blocks
from views.alert_words import folded_line, held_line, lead, silence, small_print, standing, to_do
from views.explanation_words import coverage_line
from views.fit import message
from views.freeze_words import ICE, freeze_lines
from views.incoming_alert import incoming_lines
from views.message import Block, Message
from views.people import called_lines, some, stood_in
from views.text import escape

ACKNOWLEDGE, TAKE_BACK, EXPLAIN = "alert_acknowledge", "alert_take_back", "alert_explain"
SNOOZE, END_SNOOZE, DRIVERS = "alert_snooze", "alert_end_snooze", "alert_drivers"
DECIDE, ASK_EXCEPTION, LIFT = "alert_freeze", "freeze_exception", "freeze_lift"
"""action_ids; the value is the alert's key, for ASK_EXCEPTION and LIFT the freeze's id."""


def alert_message(
    alert: Alert,
    team: Team,
    policy: Policy,
    names: Mapping[str, str],
    now: datetime,
    *,
    freeze: Freeze | None = None,
    stand_ins: Mapping[str, str] | None = None,
    coverage: Coverage | None = None,
    received: Sequence[Received] = (),
) -> Message:
    """An alert as it stands; edited in place, it says at any time what is true then.

    Args:
        names: Slack id → real name, or '@handle' of a group.
        freeze: the newest decision on this emergency, None while there is none.
        stand_ins: id of who is on leave → id of who takes their calls.
        coverage: how far its variance is explained, None where nothing is to be.
        received: what AWS said of the month, the newest first.
    """
    first = lead(alert, team, policy)
    turn = _turn(alert, policy, names, now, stand_ins or {})
    where = "\n".join((standing(alert, policy, names, now), *_freeze(alert, policy, names, freeze)))
    explained = f"{coverage_line(coverage, alert.key.currency)}." if coverage else ""
    small = [*small_print(alert, policy, now), *incoming_lines(received)]
    body: list[Block] = [blocks.section(first), *blocks.paragraphs(turn), *blocks.paragraphs(where)]
    body += [
        *([blocks.context(explained)] if explained else []),
        blocks.context(*small),
        blocks.actions(*_buttons(alert, policy, now)),
        *_freeze_buttons(alert, policy, freeze),
    ]
    return message("\n".join(part for part in (first, turn, where, explained, " ".join(small)) if part), body)


def _turn(
    alert: Alert,
    policy: Policy,
    names: Mapping[str, str],
    now: datetime,
    stand_ins: Mapping[str, str],
) -> str:
    """Who must do what by when, and what happens if nobody answers; empty once nothing is to be done."""
    status = alert.status(now)
    if status is Status.RESOLVED:
        return ""
    pings = status is Status.OPEN and not alert.folded and not alert.call_at
    lines = [to_do(alert, policy, now)]
    for number, level in enumerate(alert.chain[: alert.level + 1]):
        lines += _level(level, number, names, pings, stand_ins)
    if status is Status.OPEN and alert.call_at:
        lines.append(held_line(alert.call_at))
    elif status is Status.OPEN and alert.folded and any(level.callees for level in alert.chain):
        lines.append(folded_line(policy))
    if any(level.roles for level in alert.chain) and not any(level.callees for level in alert.chain):
        lines.append("Nobody is named to be called for this: FinOps can name them in `finops.yaml`.")
    if status is Status.OPEN:
        lines.append(silence(alert, names))
    return "\n".join(line for line in lines if line)


def _level(level: Level, number: int, names: Mapping[str, str], pings: bool, stand_ins: Mapping[str, str]) -> list[str]:
    callees = stood_in(level.callees, stand_ins)
    if not callees:
        return []
    lines = called_lines(callees, names, pings)
    return [f"{line}, called after silence" for line in lines] if number else lines


def _freeze(alert: Alert, policy: Policy, names: Mapping[str, str], freeze: Freeze | None) -> list[str]:
    decided = freeze_lines(freeze, names) if freeze else []
    if not _is_undecided(alert, policy, freeze):
        return decided
    sponsors = [
        escape(names.get(each.id) or each.name, 60)
        for level in alert.chain
        for each in level.callees
        if each.role is Role.EXECUTIVE_SPONSOR
    ]
    who = f"the executive sponsor ({some(sponsors)})" if sponsors else "the executive sponsor"
    return [*decided, f"{ICE} *A freeze of non-critical spend is to be decided* by {who}."]


def _is_undecided(alert: Alert, policy: Policy, freeze: Freeze | None) -> bool:
    return is_undecided(alert, [freeze] if freeze else [], policy)


def _buttons(alert: Alert, policy: Policy, now: datetime) -> list[Block]:
    status, key = alert.status(now), str(alert.key)
    drivers = blocks.button("Drivers", DRIVERS, key)
    if status is Status.RESOLVED:
        return [drivers]
    explain, snooze = blocks.button("Explain", EXPLAIN, key), blocks.button("Snooze", SNOOZE, key)
    if status is Status.SNOOZED:
        return [blocks.button("End snooze", END_SNOOZE, key), explain, drivers]
    if status is Status.ACKNOWLEDGED and not alert.acknowledgement:
        return [explain, drivers]
    if status is Status.ACKNOWLEDGED:
        return [blocks.button("Take back", TAKE_BACK, key), explain, snooze, drivers]
    return [blocks.button("Acknowledge", ACKNOWLEDGE, key, style="primary"), explain, snooze, drivers]


def decide_button(alert: Alert) -> Block:
    """Opens the sponsor's decision."""
    return blocks.button("Decide on a freeze", DECIDE, str(alert.key), style="danger")


def _freeze_buttons(alert: Alert, policy: Policy, freeze: Freeze | None) -> list[Block]:
    if _is_undecided(alert, policy, freeze):
        return [blocks.actions(decide_button(alert))]
    if freeze is None:
        return []
    if freeze.status is not FreezeStatus.IN_FORCE:
        # What was declined or lifted may have been decided too early.
        again = blocks.button("Decide anew", DECIDE, str(alert.key))
        return [blocks.actions(again)] if is_emergency(alert, policy) else []
    sure = blocks.confirm("Lift the freeze?", "It ends at once, and its thread is told.", "Lift it")
    return [
        blocks.actions(
            blocks.button("Ask for an exception", ASK_EXCEPTION, str(freeze.id)),
            blocks.button("Lift the freeze", LIFT, str(freeze.id), confirm=sure),
        )
    ]
