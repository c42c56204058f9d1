"""A picture as a delivery holds it, drawn from the small company's month."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from decimal import Decimal

from finops.basis import Basis
from finops.periods import Month
from finops.policy import LADDER, Materiality
from finops.spend import Freshness
from finops.team_month import assess
from views.burn_up import burn_up

DAYS = {date(2026, 11, number): Decimal(100) for number in range(1, 12)}
MONTH = assess(
    team="payments",
    month=Month(2026, 11),
    basis=Basis.EFFECTIVE,
    currency="USD",
    budget=Decimal(2900),
    daily=DAYS,
    freshness=Freshness(date(2026, 11, 11), date(2026, 11, 9)),
    as_of=date(2026, 11, 12),
    ladder=LADDER,
    materiality=Materiality(),
)
_DRAWN = burn_up(MONTH, "Payments")
assert _DRAWN is not None
PICTURE = json.loads(json.dumps(asdict(_DRAWN)))
