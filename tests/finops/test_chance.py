"""The chance of ending over an edge, and the step that a running month stands on by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from finops.alert import Action, Reading, evaluate, stands_on
from finops.basis import Basis
from finops.chance import chance_over, chance_under, chances, expected_tier
from finops.company import Company, Team
from finops.evaluation import readings
from finops.forecast import PROBABILITIES, Forecast
from finops.periods import Month
from finops.policy import LADDER, Materiality, Policy, Tier
from finops.spend import Freshness
from finops.team_month import TeamMonth, assess, rejudged
from tests.finops.made_up_alerts import KEY, MORNING, setting

NOVEMBER = Month(2026, 11)
THROUGH = date(2026, 11, 17)
BUDGET = Decimal(1000)
BY_CHANCE = (*LADDER[:2], replace(LADDER[2], chance=Decimal("0.7")), LADDER[3])
"""`formal`, over 10 %, begins at a chance of 70 %; the other steps go by the expected amount."""


def forecast(low: int, high: int, amount: int | None = None, settled: int = 500) -> Forecast:
    """A forecast that ends evenly anywhere between two amounts."""
    quantiles = tuple(low + (high - low) * Decimal(repr(each)) for each in PROBABILITIES)
    expected = Decimal((low + high) / 2 if amount is None else amount)
    return Forecast(expected, Decimal(settled), THROUGH, quantiles, ((date(2026, 11, 18), expected - settled),))


def known(amount: int) -> Forecast:
    """A month of which nothing is left to come."""
    return Forecast(Decimal(amount), Decimal(amount), THROUGH, (Decimal(amount),) * len(PROBABILITIES), ())


@pytest.mark.parametrize(
    ("of", "over", "under"),
    [
        (forecast(1000, 1200), "0.5", "0.005"),
        (forecast(800, 1000), "0.005", "0.5"),
        (forecast(960, 1160), "0.3", "0.005"),
        (forecast(2000, 3000), "0.995", "0.005"),
        (known(1101), "1", "0"),
        (known(1100), "0", "0"),
        (known(900), "0", "0"),
        (known(899), "0", "1"),
    ],
)
def test_chances_lie_beyond_an_edge(of: Forecast, over: str, under: str) -> None:
    """More than 10 % over and under a budget of 1,000, to 1/10000; on the edge itself is not beyond it."""
    edge = Decimal("0.1")
    assert (chance_over(of, BUDGET, edge), chance_under(of, BUDGET, edge)) == (Decimal(over), Decimal(under))


def test_what_lies_on_an_amount_is_neither_over_nor_under_it() -> None:
    """A month that most likely ends exactly on its budget, as one of a fixed fee, is hardly over it nor under it."""
    quantiles = [Decimal(900), *[Decimal(950)] * (len(PROBABILITIES) - 2), Decimal(1000)]
    fee = Forecast(Decimal(950), Decimal(950), THROUGH, tuple(quantiles), ((date(2026, 11, 18), Decimal(0)),))
    least, most = Decimal(repr(PROBABILITIES[1])), Decimal(repr(PROBABILITIES[-2]))
    budget, edge = Decimal(950), Decimal(0)
    assert (chance_over(fee, budget, edge), chance_under(fee, budget, edge)) == (1 - most, least)


def test_what_an_earlier_day_was_told_stays_uncertain() -> None:
    """Of an earlier day the expected days are not kept, and its chances stay what they were."""
    told = forecast(960, 1160)
    earlier = replace(told, days=())
    assert [chance_over(each, BUDGET, Decimal("0.1")) for each in (told, earlier)] == [Decimal("0.3")] * 2


def test_a_month_that_is_certain_to_end_on_its_budget_is_not_over_it() -> None:
    """Where no day scatters, an end exactly on an amount is not above it."""
    flat = replace(forecast(1000, 1000), quantiles=(BUDGET,) * len(PROBABILITIES))
    assert chance_over(flat, BUDGET, Decimal(0)) == Decimal("0.005")


def test_nothing_is_a_share_of_no_budget() -> None:
    """A budget of zero, or below, has no chances, and its amount decides."""
    of = forecast(1000, 1200)
    for budget in (Decimal(0), Decimal(-5)):
        assert chance_over(of, budget, Decimal(0)) is None and chance_under(of, budget, Decimal(0)) is None
        assert chances(of, budget, LADDER) == ()
        assert expected_tier(of, budget, BY_CHANCE, Materiality()) == BY_CHANCE[1]


def test_chances_are_on_the_amounts_side() -> None:
    """A month expected under its budget has the chances of ending under the edges."""
    assert chances(forecast(1000, 1200), BUDGET, LADDER) == (Decimal("0.75"), Decimal("0.5"), Decimal("0.005"))
    assert chances(forecast(800, 1000), BUDGET, LADDER) == (Decimal("0.75"), Decimal("0.5"), Decimal("0.005"))


@pytest.mark.parametrize(
    ("of", "step"),
    [
        (forecast(1040, 1240), "formal"),  # exactly 70 % above 1,100
        (forecast(1039, 1239), "investigate"),  # 69.5 %: expected 13.9 % over, and not likely enough
        (forecast(980, 1300, amount=1040), "note"),  # expected below the edge of a step that goes by the amount
        (forecast(1090, 1290, amount=1040), "formal"),  # the chance alone decides
        (forecast(760, 960), "formal"),
        (forecast(761, 961), "investigate"),
        (forecast(1100, 1400), "emergency"),  # by its amount
        (known(1101), "formal"),
        (known(1100), "investigate"),
    ],
)
def test_a_step_with_a_chance_goes_by_it(of: Forecast, step: str) -> None:
    """A step that names a chance is reached by it in either direction, any other by the expected amount."""
    assert expected_tier(of, BUDGET, BY_CHANCE, Materiality()).name == step


def test_what_is_not_material_has_no_chance() -> None:
    """An expected variance below the least that counts stays in the first step, however likely an edge is passed."""
    assert expected_tier(forecast(1090, 1290), BUDGET, BY_CHANCE, Materiality(Decimal(191))) == BY_CHANCE[0]


def month(of: Forecast, ladder: tuple[Tier, ...] = BY_CHANCE, as_of: date = date(2026, 11, 21)) -> TeamMonth:
    """November with a forecast."""
    return assess(
        team="payments",
        month=NOVEMBER,
        basis=Basis.EFFECTIVE,
        currency="USD",
        budget=BUDGET,
        daily={THROUGH: Decimal(500)},
        freshness=Freshness(date(2026, 11, 20), THROUGH),
        as_of=as_of,
        ladder=ladder,
        materiality=Materiality(),
        forecast=of,
    )


def read(of: Forecast, ladder: tuple[Tier, ...] = BY_CHANCE) -> Reading:
    """What the forecast's alert is brought to."""
    company = Company(teams=(Team("payments", "Payments"),), ladder=ladder)
    return next(reading for _, reading in readings([month(of, ladder)], company, 1, MORNING))


def test_an_ended_month_goes_by_its_actual() -> None:
    """Chances are of months that run: what has ended has none, and its tier is of the amount."""
    ended = month(forecast(1040, 1240), as_of=date(2026, 12, 3))
    assert (ended.chance_over(Decimal(0)), ended.forecast) == (None, None)
    assert ended.tier and ended.tier.name == "emergency"  # half of the budget is left


def test_the_default_ladder_goes_by_the_amount() -> None:
    """Without a chance in the policy a step is what it was before there were any."""
    assert read(forecast(1040, 1240), LADDER).step == 2
    assert read(forecast(1000, 1199), LADDER).step == 1
    assert read(forecast(1000, 1199), LADDER).chances == (Decimal("0.7487"), Decimal("0.4975"), Decimal("0.005"))


@pytest.mark.parametrize(
    ("of", "before", "step"),
    [
        (forecast(1040, 1240), 0, 2),
        (forecast(1012, 1212), 2, 2),  # exactly 56 %, four fifths of 70 %
        (forecast(1011, 1211), 2, 1),
        (forecast(1012, 1212), 1, 1),  # it is held, and not reached
        (forecast(1012, 1212), 3, 2),  # from above it goes no further down than it must
        (forecast(788, 988), -2, -2),
        (forecast(788, 988), 2, -1),  # the other direction holds nothing
        (forecast(1011, 1211), 9, 1),  # a ladder that has become shorter
    ],
)
def test_an_alert_holds_a_step_that_it_reached_by_chance(of: Forecast, before: int, step: int) -> None:
    """A step is left where its chance is less than four fifths of what reaches it."""
    assert stands_on(read(of), before, Policy(BY_CHANCE)) == step


def test_what_is_no_longer_material_is_not_held() -> None:
    """An alert leaves its step where the expected variance has become too small to count, however likely the step."""
    of, policy = forecast(1012, 1212), Policy(BY_CHANCE)
    assert stands_on(read(of), 2, policy) == 2
    small = Company(teams=(Team("payments", "Payments", materiality=Materiality(Decimal(113))),), ladder=BY_CHANCE)
    judged = rejudged(month(of), BY_CHANCE, Materiality(Decimal(113)))
    reading = next(reading for _, reading in readings([judged], small, 1, MORNING))
    assert (reading.chances, stands_on(reading, 2, policy)) == ((), 0)


def test_a_chance_that_goes_up_and_down_calls_once() -> None:
    """From 70 % to 69 % and back nothing happens; below 56 % the alert falls, and says so."""
    judge = setting(Policy(BY_CHANCE, setting().policy.rules))
    alert, told = None, []
    for number, low in enumerate((1040, 1038, 1040, 1012, 1011)):
        change = evaluate(alert, KEY, replace(read(forecast(low, low + 200)), publication=number), judge, MORNING)
        assert change
        alert = change.alert
        told.append([(event.action, event.became["tier"]) for event in change.events])
        if change.events:
            told_of = [change.events[0].was.get("chance"), change.events[0].became.get("chance")]
            assert told_of == ([None, "0.7000"] if number == 0 else ["0.5600", None])
    assert told == [[(Action.RAISED, "formal")], [], [], [], [(Action.FELL, "investigate")]]
