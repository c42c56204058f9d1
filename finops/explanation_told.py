"""Who is told of explanations, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from finops.alert_state import Callee
from finops.company import Team
from finops.corrective_action import CorrectiveAction
from finops.policy import Policy


@dataclass(frozen=True)
class Audience:
    """What must be known to say what happened to a team's explanations.

    Attributes:
        place: '#channel' or id in which their messages stand, empty for nowhere.
        threads: number of an explanation → key of the message in whose thread its own stands, empty for none.
        parts: number of an explanation → how many messages its own has been continued in.
        reviewers: who may review, whoever is on leave replaced.
        members: id of a user group → ids of the people in it.
        names: Slack id → real name, or '@handle' of a group.
        actions: number of an explanation → its corrective actions.
    """

    team: Team
    policy: Policy
    place: str = ""
    threads: Mapping[int, str] = field(default_factory=dict)
    parts: Mapping[int, int] = field(default_factory=dict)
    reviewers: tuple[Callee, ...] = ()
    members: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[int, tuple[CorrectiveAction, ...]] = field(default_factory=dict)

    def reviewers_of(self, authors: tuple[str, ...]) -> tuple[Callee, ...]:
        """Those who may review what some people wrote, each once; nobody reviews their own."""
        found = {each.id: each for each in reversed(self.reviewers) if each.id and each.id not in authors}
        return tuple(reversed(found.values()))
