"""The freeze of an emergency: a sponsor's recorded decision, exceptions asked for and granted, and its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from finops.alert import AlertKey
from finops.errors import FinopsError

LONGEST = 250
"""Most characters of what is frozen or is to go on, and of each reason: little enough to be shown whole everywhere."""


class FreezeStatus(StrEnum):
    """Where a decision stands."""

    DECLINED = "declined"
    IN_FORCE = "in force"
    LIFTED = "lifted"
    EXPIRED = "expired"


class FreezeRefused(FinopsError):
    """The freeze cannot be changed so; nothing was changed."""


@dataclass(frozen=True, slots=True)
class FreezeException:
    """Spend that somebody asks to go on in spite of a freeze.

    Attributes:
        number: from 1 within the freeze.
        until: the last day asked for.
        answered_by: who granted or refused it, empty where nobody has.
        ended_at: when it was over, by its last day or with the freeze; None while it waits or holds, and where it was
            refused.
    """

    number: int
    what: str
    why: str
    until: date
    asked_by: str
    asked_at: datetime
    answered_by: str = ""
    answered_at: datetime | None = None
    granted: bool = False
    ended_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody may still answer it."""
        return not self.answered_by and self.ended_at is None

    @property
    def holds(self) -> bool:
        """Whether it was granted and is not over."""
        return self.granted and self.ended_at is None


@dataclass(frozen=True, slots=True)
class Freeze:
    """A decision on an emergency.

    Attributes:
        alert: the emergency.
        what: the spend that is frozen; empty where it was declined.
        until: the last frozen day, None where it was declined.
        id: the stored row's, 0 before it is stored.
    """

    alert: AlertKey
    status: FreezeStatus
    what: str
    why: str
    until: date | None
    decided_by: str
    decided_at: datetime
    exceptions: tuple[FreezeException, ...] = ()
    ended_by: str = ""
    ended_at: datetime | None = None
    id: int = 0

    @property
    def waiting(self) -> tuple[FreezeException, ...]:
        """Exceptions nobody has answered."""
        if self.status is not FreezeStatus.IN_FORCE:
            return ()
        return tuple(each for each in self.exceptions if each.waits)

    @property
    def granted(self) -> tuple[FreezeException, ...]:
        """Exceptions that hold."""
        return tuple(each for each in self.exceptions if each.holds)


def decide(
    alert: AlertKey, *, freeze: bool, what: str, why: str, until: date | None, by: str, today: date, now: datetime
) -> Freeze:
    """A sponsor's decision; raises FreezeRefused where it says too little or too much, or ends in the past."""
    _refuse_long(what, why)
    if not why.strip():
        raise FreezeRefused("A decision needs its reason.", "Say why, for those who read it later.")
    if not freeze:
        return Freeze(alert, FreezeStatus.DECLINED, "", why.strip(), None, by, now)
    if not what.strip():
        raise FreezeRefused("What is to be frozen?", "Name the services, accounts or purchases.")
    if until is None or until < today:
        raise FreezeRefused("A freeze needs a last day that is not past.", "Choose today or a later day.")
    return Freeze(alert, FreezeStatus.IN_FORCE, what.strip(), why.strip(), until, by, now)


def ask(freeze: Freeze, *, what: str, why: str, until: date, by: str, today: date, now: datetime) -> Freeze:
    """Ask for an exception; raises FreezeRefused where nothing is frozen, or too little or too much is said."""
    _refuse_ended(freeze)
    _refuse_long(what, why)
    if not what.strip() or not why.strip():
        raise FreezeRefused("An exception says what is to go on, and why.", "Fill in both.")
    if until < today:
        raise FreezeRefused("The exception would end in the past.", "Choose today or a later day.")
    if freeze.until and until > freeze.until:
        raise FreezeRefused(f"The freeze itself ends on {freeze.until}.", "Choose that day or an earlier one.")
    number = len(freeze.exceptions) + 1
    asked = FreezeException(number, what.strip(), why.strip(), until, by, now)
    return replace(freeze, exceptions=(*freeze.exceptions, asked))


def answer(freeze: Freeze, number: int, *, granted: bool, by: str, today: date, now: datetime) -> Freeze:
    """Grant or refuse an exception.

    Raises:
        FreezeRefused: there is none of that number, it is answered, it is one's own, its last day is past, or the
            freeze has ended.
    """
    _refuse_ended(freeze)
    asked = next((each for each in freeze.exceptions if each.number == number), None)
    if asked is None:
        raise FreezeRefused(f"There is no exception {number}.")
    if asked.answered_by:
        word = "granted" if asked.granted else "refused"
        raise FreezeRefused(f"<@{asked.answered_by}> has {word} it already.")
    if asked.asked_by == by:
        raise FreezeRefused("Nobody grants an exception to themselves.", "Another sponsor has to answer it.")
    if asked.ended_at or today > asked.until:
        raise FreezeRefused(f"Its last day, {asked.until}, is past.", "It has to be asked for again, with a later day.")
    answered = replace(asked, answered_by=by, answered_at=now, granted=granted)
    return replace(freeze, exceptions=tuple(answered if each is asked else each for each in freeze.exceptions))


def lift(freeze: Freeze, *, by: str, now: datetime) -> Freeze:
    """End a freeze before its last day, with its exceptions; raises FreezeRefused where it has ended."""
    _refuse_ended(freeze)
    over = _over(freeze, now)
    return replace(freeze, status=FreezeStatus.LIFTED, exceptions=over, ended_by=by, ended_at=now)


def expire(freeze: Freeze, *, today: date, now: datetime) -> Freeze:
    """End a freeze whose last day is past, with its exceptions; any other stays as it is."""
    if freeze.status is not FreezeStatus.IN_FORCE or freeze.until is None or today <= freeze.until:
        return freeze
    return replace(freeze, status=FreezeStatus.EXPIRED, exceptions=_over(freeze, now), ended_at=now)


def end_exceptions(freeze: Freeze, *, today: date, now: datetime) -> Freeze:
    """End the exceptions to a freeze in force whose last day is past, answered or not; any other stays as it is."""
    if freeze.status is not FreezeStatus.IN_FORCE:
        return freeze
    return replace(freeze, exceptions=_over(freeze, now, before=today))


def _over(freeze: Freeze, now: datetime, before: date = date.max) -> tuple[FreezeException, ...]:
    """The exceptions, those that wait or hold and whose last day lies before a day ended."""
    return tuple(
        replace(each, ended_at=now) if (each.waits or each.holds) and each.until < before else each
        for each in freeze.exceptions
    )


def _refuse_long(what: str, why: str) -> None:
    """Whoever answers for it sees all of it."""
    if max(len(what.strip()), len(why.strip())) > LONGEST:
        raise FreezeRefused(f"What and why are at most {LONGEST} characters each.", "Say it in fewer words.")


def _refuse_ended(freeze: Freeze) -> None:
    if freeze.status is not FreezeStatus.IN_FORCE:
        raise FreezeRefused(f"This freeze is not in force: it was {freeze.status}.")
