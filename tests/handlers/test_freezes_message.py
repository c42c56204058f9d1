"""The answer to `/finops freeze` at its fullest, and which decision counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from finops.alert import Alert, AlertKey, Reading
from finops.basis import Basis
from finops.company import Company, Team
from finops.freeze import Freeze, FreezeException, FreezeStatus
from finops.freeze_decision import decision_on, is_undecided
from finops.periods import Month
from finops.policy import Kind
from sandbox.limits import check_message
from views.freezes import freezes_message

NOW = datetime(2026, 11, 12, 8, tzinfo=UTC)
NASTY = "<!channel> & *bold* `code` " * 40
POLICY = Company().policy(Team("t", "T"))


def alert(team: str = "payments", step: int = 3) -> Alert:
    """An alert on a rung, called for it at NOW."""
    key = AlertKey(team, Month(2026, 11), Kind.FORECAST, "USD")
    amount = Decimal(3700)
    reading = Reading(1, NOW, step, amount, True, amount, Decimal(2900), Decimal("0.27"), Basis.EFFECTIVE, NOW.date())
    return Alert(key, reading, raised_at=NOW, called={3: NOW})


def freeze(number: int, status: FreezeStatus = FreezeStatus.IN_FORCE) -> Freeze:
    """A decision with everything that can be written in it, and five exceptions waiting."""
    asked = tuple(FreezeException(n, NASTY[:1000], NASTY[:1000], date(2026, 11, 20), "U2", NOW) for n in range(1, 6))
    until = date(2026, 11, 30)
    return Freeze(alert(f"t{number}").key, status, NASTY[:1000], NASTY[:1000], until, "U1", NOW, asked, id=number)


def test_it_fits_at_its_fullest() -> None:
    """Many freezes with long and hostile words are within the limits, ping nobody, and are counted where left out."""
    freezes, undecided = [freeze(number) for number in range(1, 9)], [alert(f"u{number}") for number in range(8)]
    teams = {each.alert.team: Team(each.alert.team, NASTY) for each in freezes}
    teams |= {each.key.team: Team(each.key.team, NASTY) for each in undecided}
    policies = dict.fromkeys(teams, POLICY)
    told = freezes_message(freezes, undecided, teams, policies, {"U1": NASTY}, decides=frozenset(teams), user_id="U9")
    for message in (told, *told.continued):
        check_message({"text": message.text, "blocks": message.blocks})
        assert "<!channel>" not in str(message.blocks)
    assert "… and 6 more" in str([told.blocks, *(page.blocks for page in told.continued)])


@pytest.mark.parametrize(
    ("status", "decided", "step", "counts", "open_"),
    [
        (FreezeStatus.IN_FORCE, 0, 3, True, False),
        (FreezeStatus.IN_FORCE, 0, 1, True, False),
        (FreezeStatus.DECLINED, 1, 3, True, False),
        (FreezeStatus.DECLINED, -1, 3, False, True),
        (FreezeStatus.DECLINED, 1, 2, False, False),
        (FreezeStatus.LIFTED, 1, 3, True, False),
        (FreezeStatus.EXPIRED, 1, 3, False, True),
    ],
)
def test_which_decision_counts(status: FreezeStatus, decided: int, step: int, counts: bool, open_: bool) -> None:
    """One in force always; in an emergency the newest made since it became one, unless its last day is past."""
    made = replace(freeze(1, status), decided_at=NOW + timedelta(hours=decided))
    assert (decision_on(alert(step=step), [made], POLICY) is made) is counts
    assert is_undecided(alert(step=step), [made], POLICY) is open_
    assert is_undecided(alert(step=step), [], POLICY) is (step == 3)
