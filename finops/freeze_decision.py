"""Which decision on a freeze counts for an emergency, whether one is still to be made, and who is asked for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from finops.alert import Alert, Callee
from finops.alert_rungs import is_highest
from finops.freeze import Freeze, FreezeStatus
from finops.policy import Kind, Policy


def is_emergency(alert: Alert, policy: Policy) -> bool:
    """Whether an alert stands on the ladder's last tier for overspend, where a freeze is decided on.

    A month that is closed has nothing left to freeze.
    """
    return alert.key.kind is not Kind.CLOSED and alert.step > 0 and is_highest(alert, policy)


def decision_on(alert: Alert, freezes: Sequence[Freeze], policy: Policy) -> Freeze | None:
    """The freeze in force, or in an emergency the newest decision since it became one.

    A freeze whose last day has passed decides nothing any more: where the emergency outlasts it, the next is to be
    made.

    Args:
        freezes: every decision on the alert, newest first.

    Returns:
        None where there is none, or where it is to be made anew.
    """
    newest = freezes[0] if freezes else None
    if newest is None or newest.status is FreezeStatus.IN_FORCE:
        return newest
    if not is_emergency(alert, policy) or newest.status is FreezeStatus.EXPIRED:
        return None
    return newest if newest.decided_at >= alert.called.get(alert.step, alert.raised_at) else None


def is_undecided(alert: Alert, freezes: Sequence[Freeze], policy: Policy) -> bool:
    """Whether an emergency waits for a decision on a freeze."""
    return is_emergency(alert, policy) and decision_on(alert, freezes, policy) is None


def sponsors_asked(sponsors: Iterable[Callee], stand_ins: Mapping[str, str], asker: str = "") -> tuple[str, ...]:
    """Slack ids of the people and groups who decide now: each executive sponsor, or who takes their calls.

    Args:
        sponsors: whoever has the role, as the workspace knows them.
        stand_ins: id of who is on leave → id of who takes their calls; one who is on leave too takes none.
        asker: whose own request it is, empty for nobody's; where they stand in for a sponsor, the sponsor is asked.
    """
    found = []
    for sponsor in sponsors:
        other = stand_ins.get(sponsor.id, "")
        reached = other if other and other not in stand_ins and other != asker else sponsor.id
        found.append("" if reached == asker else reached)
    return tuple(dict.fromkeys(each for each in found if each))
