"""Every message and form of corrective actions over ordinary, empty and hostile input, by its golden file's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from made_up_months import NASTY, NOVEMBER, PAYMENTS, RIGHT_TO_LEFT

from finops.basis import Basis
from finops.company import Team
from finops.corrective_action import (
    LONGEST,
    ActionEvent,
    ActionStage,
    ActionStep,
    CorrectiveAction,
    MeasuredSaving,
    Target,
)
from finops.explanation import VarianceKey
from finops.policy import Policy
from views.action_forms import done_modal, drop_modal, plan_modal
from views.action_list import actions_message
from views.action_notes import answered_note, event_note, measured_note, owner_effect
from views.message import Message

Case = Callable[[], Message | dict[str, Any]]
NOW = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
TODAY = date(2026, 11, 21)
NAMES = {"U1": "Ada", "U2": "Bob", "U3": "Cleo", "S1": "@finops"}
OPEN = CorrectiveAction(
    12,
    VarianceKey("payments", NOVEMBER, "USD"),
    1,
    "Turn idle GPU nodes off at night",
    "U1",
    date(2026, 11, 27),
    Decimal(1200),
    Target("Compute", "0012", "env", "test"),
    ActionStage.OPEN,
    "U2",
    NOW,
    version=1,
)
LATE = replace(OPEN, number=13, due=date(2026, 11, 19), reminded=date(2026, 11, 19), reminded_at=NOW)
CALLED = replace(LATE, number=14, called=date(2026, 11, 19))
DONE = replace(OPEN, number=15, stage=ActionStage.DONE, done_on=date(2026, 10, 20), done_by="U1")
SAVING = MeasuredSaving(
    Decimal("1140.4"),
    Decimal("901.2"),
    Decimal("1379.6"),
    date(2026, 9, 22),
    date(2026, 10, 19),
    date(2026, 10, 20),
    date(2026, 11, 16),
    7,
    NOW,
)
SO_FAR = replace(DONE, number=16, measured=replace(SAVING, after_through=date(2026, 11, 2)))
MEASURED = replace(DONE, number=17, stage=ActionStage.MEASURED, measured=SAVING)
UNCLEAR = replace(MEASURED, number=18, measured=replace(SAVING, monthly=Decimal("-80"), low=Decimal("-319.2")))
GREW = replace(MEASURED, target=Target(), measured=replace(SAVING, trend=Decimal("2400")))
FELL = replace(MEASURED, promised=None, measured=replace(SAVING, trend=Decimal("-500.5")))
DROPPED = replace(OPEN, number=19, stage=ActionStage.DROPPED, dropped_why="the cluster is gone", promised=None)
HOSTILE = replace(OPEN, number=20, text=NASTY, owner="U404", target=Target(NASTY, NASTY, NASTY, RIGHT_TO_LEFT))
LONGEST_OF_ALL = replace(OPEN, number=21, text="x" * LONGEST, promised=Decimal("123456789012.345"))
TEAMS = {"payments": PAYMENTS, "other": Team("other", NASTY)}
TODAYS = dict.fromkeys(TEAMS, TODAY)


def note(action: CorrectiveAction, step: ActionStep, by: str = "U2", **parts: Any) -> Case:
    """A note on something that happened."""
    to = parts.pop("to", "")
    event = ActionEvent(step, NOW, by, ActionStage.OPEN, action.stage, **parts)
    return lambda: event_note(action, event, PAYMENTS, NAMES, TODAY, to=to)


def listed(*actions: CorrectiveAction, may: bool = True, **parts: Any) -> Case:
    """An answer to the command."""
    changes = frozenset(action.number for action in actions) if may else frozenset[int]()
    return lambda: actions_message(actions, TEAMS, NAMES, TODAYS, changes=changes, **parts)


ACTION_CASES: dict[str, Case] = {
    "action_note_planned": note(OPEN, ActionStep.PLANNED),
    "action_note_edited": note(OPEN, ActionStep.EDITED),
    "action_note_done": note(DONE, ActionStep.DONE),
    "action_note_reopened": note(OPEN, ActionStep.REOPENED, note="it came back"),
    "action_note_dropped": note(DROPPED, ActionStep.DROPPED),
    "action_note_overdue": note(LATE, ActionStep.OVERDUE, "", calls=("U1",)),
    "action_note_overdue_direct": note(LATE, ActionStep.OVERDUE, "", calls=("U1",), to="U1"),
    "note_action_called": note(CALLED, ActionStep.CALLED, "", calls=("U3", "S1")),
    "action_note_called_direct": note(CALLED, ActionStep.CALLED, "", calls=("U3", "S1"), to="U3"),
    "action_note_hostile": note(HOSTILE, ActionStep.PLANNED, "U404"),
    "action_answered": lambda: answered_note(
        DONE, ActionEvent(ActionStep.DONE, NOW, "U1", ActionStage.OPEN, ActionStage.DONE), PAYMENTS, NAMES, TODAY
    ),
    **{
        f"action_measured_{name}": lambda action=action: measured_note(  # type: ignore[misc]
            action, PAYMENTS, NAMES, TODAY, Basis.EFFECTIVE
        )
        for name, action in (
            ("so_far", SO_FAR),
            ("final", MEASURED),
            ("unclear", UNCLEAR),
            ("grew_before", GREW),
            ("fell_before", FELL),
        )
    },
    "action_given": lambda: Message(**owner_effect(OPEN, "U2", PAYMENTS, NAMES, NOW, Policy()).payload),
    "actions_every_kind": listed(LATE, CALLED, OPEN, DONE, SO_FAR, adds="payments"),
    "actions_for_others": listed(LATE, DONE, may=False),
    "actions_hostile": listed(HOSTILE, replace(OPEN, key=replace(OPEN.key, team="other")), asked=NASTY),
    "actions_many": listed(*(replace(LONGEST_OF_ALL, number=number) for number in range(1, 31))),
    "actions_mine": listed(LATE, OPEN, mine=True),
    "actions_dropped": listed(DROPPED, dropped=True),
    "actions_none_dropped": listed(dropped=True),
    "actions_none_of_mine": listed(mine=True),
    "actions_none": listed(),
    "actions_none_of_a_team": listed(asked="payments late", adds="payments"),
    "action_form_new": lambda: plan_modal(PAYMENTS, "USD", "U1", date(2026, 12, 5)),
    "action_form_edit": lambda: plan_modal(PAYMENTS, "USD", "U1", TODAY, OPEN),
    "action_form_hostile": lambda: plan_modal(TEAMS["other"], NASTY, "U1", TODAY, HOSTILE),
    "action_form_done": lambda: done_modal(OPEN, TODAY),
    "action_form_drop": lambda: drop_modal(HOSTILE),
}
