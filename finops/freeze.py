"""The freeze of an emergency: a sponsor's recorded decision, exceptions asked for and granted, and its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from finops.alert import AlertKey
from finops.errors import FinopsError


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
        answered_by: who granted or refused it, empty while it waits.
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
        return tuple(each for each in self.exceptions if not each.answered_by)

    def granted(self, today: date) -> tuple[FreezeException, ...]:
        """Exceptions that hold on a day."""
        return tuple(each for each in self.exceptions if each.granted and each.until >= today)


def decide(
    alert: AlertKey, *, freeze: bool, what: str, why: str, until: date | None, by: str, today: date, now: datetime
) -> Freeze:
    """A sponsor's decision; raises FreezeRefused where it says too little or ends in the past."""
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
    """Ask for an exception; raises FreezeRefused where nothing is frozen or too little is said."""
    _refuse_ended(freeze)
    if not what.strip() or not why.strip():
        raise FreezeRefused("An exception says what is to go on, and why.", "Fill in both.")
    if until < today:
        raise FreezeRefused("The exception would end in the past.", "Choose today or a later day.")
    if freeze.until and until > freeze.until:
        raise FreezeRefused(f"The freeze itself ends on {freeze.until}.", "Choose that day or an earlier one.")
    number = len(freeze.exceptions) + 1
    asked = FreezeException(number, what.strip(), why.strip(), until, by, now)
    return replace(freeze, exceptions=(*freeze.exceptions, asked))


def answer(freeze: Freeze, number: int, *, granted: bool, by: str, now: datetime) -> Freeze:
    """Grant or refuse an exception.

    Raises:
        FreezeRefused: there is none of that number, it is answered, it is one's own, or the freeze has ended.
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
    answered = replace(asked, answered_by=by, answered_at=now, granted=granted)
    return replace(freeze, exceptions=tuple(answered if each is asked else each for each in freeze.exceptions))


def lift(freeze: Freeze, *, by: str, now: datetime) -> Freeze:
    """End a freeze before its last day; raises FreezeRefused where it has ended."""
    _refuse_ended(freeze)
    return replace(freeze, status=FreezeStatus.LIFTED, ended_by=by, ended_at=now)


def expire(freeze: Freeze, *, today: date, now: datetime) -> Freeze:
    """End a freeze whose last day is past; any other stays as it is."""
    if freeze.status is not FreezeStatus.IN_FORCE or freeze.until is None or today <= freeze.until:
        return freeze
    return replace(freeze, status=FreezeStatus.EXPIRED, ended_at=now)


def _refuse_ended(freeze: Freeze) -> None:
    if freeze.status is not FreezeStatus.IN_FORCE:
        raise FreezeRefused(f"This freeze is not in force: it was {freeze.status}.")
