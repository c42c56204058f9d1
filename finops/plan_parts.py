"""Parts of a proposed budget: what came once, what has come to stay, and what is saved."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from finops.basis import Basis
from finops.corrective_action import ActionStage, CorrectiveAction
from finops.explanation import Category, Explanation
from finops.money import EXACT, SCALE, ZERO, subtract
from finops.periods import Month

SMALLEST = Decimal(1).scaleb(-SCALE)
Actuals = Mapping[Month, Decimal]
"""Of the final months that a proposal rests on."""


class Kind(StrEnum):
    """What a part of a proposal is."""

    BASE = "base"
    ONE_OFF = "one-off"
    GOES_ON = "goes on"
    SAVING = "saving"
    FLOOR = "floor"
    ROUNDING = "rounding"


class Remark(StrEnum):
    """What is to be said of a part besides its kind."""

    CONTAINED = "contained"
    CONTINUES = "continues"
    OTHER_BASIS = "other basis"
    MEASURED = "measured"
    PROMISED = "promised"
    NOT_SAVED = "not saved"
    TAKEN_OUT = "taken out"
    UNAPPROVED = "unapproved"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a proposal.

    Attributes:
        amount: what it adds to the parts before it, exact to 18 places; zero where it is only told.
        explanation, action: what is behind it.
    """

    kind: Kind
    amount: Decimal
    explanation: Explanation | None = None
    action: CorrectiveAction | None = None
    remark: Remark | None = None


def causes(told: Iterable[Explanation], actuals: Actuals, basis: Basis) -> Iterator[tuple[Part, Actuals]]:
    """Each approved cause with the actuals as they would have been: without it where it came once, with it in every
    month where it has come to stay.

    Args:
        told: approved explanations, by month.
    """
    first, lasting = min(actuals), _Lasting()
    for each in told:
        month, stays = each.key.month, each.wording.stays
        kind, earlier = Kind.GOES_ON if stays else Kind.ONE_OFF, [known for known in actuals if known < month]
        if (each.approved or each.explained).basis is not basis:
            if month >= first:
                yield Part(kind, ZERO, each, None, Remark.OTHER_BASIS), actuals
        elif stays:
            new = lasting.new(each)
            added = {known: share_of(new, Decimal(len(known)), Decimal(len(month))) for known in earlier}
            actuals = {known: EXACT.add(actual, added.get(known, ZERO)) for known, actual in actuals.items()}
            if month >= first:
                remark = Remark.CONTAINED if not earlier else None if new else Remark.CONTINUES
                yield Part(kind, ZERO, each, None, remark), actuals
        elif month in actuals:
            actuals = {**actuals, month: subtract(actuals[month], each.wording.amount)}
            yield Part(kind, ZERO, each), actuals


class _Lasting:
    """Causes that have come to stay, by category and direction.

    One that goes on is explained again in each month whose budget does not know of it yet: only what is more than in
    any month before is new.
    """

    def __init__(self) -> None:
        self._level: dict[tuple[Category, bool], Decimal] = {}
        self._explained: dict[tuple[Category, bool, Month], Decimal] = {}

    def new(self, explanation: Explanation) -> Decimal:
        """How much of an explanation's amount is new, signed as it is; asked of each once, by month."""
        wording = explanation.wording
        under, size = wording.amount < 0, wording.amount.copy_abs()
        cause = (wording.category, under)
        level, sofar = self._level.get(cause, ZERO), self._explained.get((*cause, explanation.key.month), ZERO)
        reached = EXACT.add(sofar, size)
        new = max(subtract(reached, max(level, sofar)), ZERO)
        self._explained[(*cause, explanation.key.month)], self._level[cause] = reached, max(level, reached)
        return new.copy_negate() if under else new


def saving(
    action: CorrectiveAction,
    actuals: Actuals,
    month: Month,
    counts: Container[str],
    taken_out: Container[str],
    today: date,
) -> Part | None:
    """What a corrective action takes off a month; None where it promises nothing, or not yet for that month.

    What is measured counts. What is promised counts where somebody has approved the explanation that it belongs to and
    it is not overdue; else it is only told, with the remark why. Of what is done, the part of the final months that
    lies after it shows the saving already.

    Args:
        counts: ids of approved explanations.
        taken_out: ids of those whose cause is taken out already.
        today: the day of the plan: what was to be done before it and is still open is overdue.
    """
    measured = action.measured if action.stage is ActionStage.MEASURED else None
    monthly = measured.monthly if measured else action.promised
    done = action.done_on if action.stage in (ActionStage.DONE, ActionStage.MEASURED) else None
    if monthly is None or action.stage is ActionStage.DROPPED or Month.of(done or action.due) >= month:
        return None
    explained = f"{action.key}/{action.explanation}"
    if explained in taken_out:
        return Part(Kind.SAVING, ZERO, None, action, Remark.TAKEN_OUT)
    if monthly <= 0:
        return Part(Kind.SAVING, ZERO, None, action, Remark.NOT_SAVED)
    days = sum(len(known) for known in actuals)
    before = days if done is None else sum(day < done for known in actuals for day in known.days())
    if not before:
        return Part(Kind.SAVING, ZERO, None, action, Remark.CONTAINED)
    if not measured and explained not in counts:
        return Part(Kind.SAVING, ZERO, None, action, Remark.UNAPPROVED)
    if done is None and action.due < today:
        return Part(Kind.SAVING, ZERO, None, action, Remark.OVERDUE)
    saved = share_of(monthly, Decimal(before), Decimal(days))
    remark = Remark.MEASURED if measured else Remark.PROMISED
    return Part(Kind.SAVING, saved.copy_negate(), None, action, remark)


def share_of(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """amount × part / whole, to 18 places."""
    return EXACT.divide(EXACT.multiply(amount, part), whole).quantize(SMALLEST, context=EXACT)
