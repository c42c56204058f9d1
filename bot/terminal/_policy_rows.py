"""A policy in the shape that programs rely on: amounts and shares as text in full precision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from finops.alert import Level
from finops.calendar import WorkCalendar
from finops.company import Company
from finops.money import plain
from finops.policy import Kind, Materiality, Tier
from finops.policy_check import ANY_TEAM, Difference, Rung
from views.policy import HOLIDAYS_AHEAD, WEEKDAYS

PLACEHOLDERS = {*ANY_TEAM.owners, ANY_TEAM.engineering_lead}


def policy_data(
    company: Company, rungs: Sequence[Rung], differences: Sequence[Difference], doubts: Sequence[str], today: date
) -> dict[str, Any]:
    """Everything `finops policy check` says."""
    rules = company.alerts
    quiet = rules.quiet and {
        "from": f"{rules.quiet.begins:%H:%M}",
        "to": f"{rules.quiet.ends:%H:%M}",
        "days_off": rules.quiet.days_off,
    }
    return {
        "mode": "live" if rules.live else "shadow",
        "kinds": [str(kind) for kind in rules.kinds],
        "materiality": _materiality(company.materiality),
        "tiers": [_tier(company, rung) for rung in rungs if rung.kind is not Kind.THRESHOLD],
        "thresholds": [
            {"above": plain(rung.above), "calls": _level(rung.chain[0])}
            for rung in rungs
            if rung.kind is Kind.THRESHOLD
        ],
        "explanations": [_explained(company, tier) for tier in company.ladder],
        "acknowledgement_holds_working_days": rules.holds,
        "longest_snooze_days": rules.longest_snooze,
        "realert_after_minutes": int(rules.realert_after.total_seconds()) // 60,
        "most_pings": rules.most_pings,
        "quiet_hours": quiet,
        "close_on": rules.close_on,
        "channel": rules.channel or None,
        "calendar": _calendar(company.calendar, today) | {"timezone": company.calendar.zone.key},
        "teams": [
            {
                "teams": list(each.teams),
                "timezone": each.zone or None,
                "materiality": _materiality(each.materiality) if each.materiality else None,
                "calendar": _calendar(each.calendar, today) if each.calendar else None,
            }
            for each in differences
        ],
        "warnings": list(doubts),
    }


def _tier(company: Company, rung: Rung) -> dict[str, Any]:
    return {
        "name": company.ladder[abs(rung.step)].name,
        "direction": "over" if rung.step > 0 else "under",
        "above": plain(rung.above),
        "up_to": _text(rung.up_to),
        "above_amount": _text(rung.above_amount),
        "chance": _text(rung.chance),
        "calls": _level(rung.chain[0]),
        "duty": rung.duty,
        "due_working_days": rung.due,
        "answer_within_working_hours": rung.answer_within,
        "silence_calls": [_level(level) for level in rung.chain[1:]] if rung.answer_within is not None else [],
        "never_held_back": rung.highest,
    }


def _explained(company: Company, tier: Tier) -> dict[str, Any]:
    rules = company.explanations.within(tier)
    return {
        "tier": tier.name,
        "review_within_working_days": rules.review_within,
        "answer_within_working_days": rules.answer_within,
    }


def _level(level: Level) -> list[dict[str, Any]]:
    """Roles with the names that have them; null for the owners or the lead of whichever team it is."""
    named = {role: [each.name for each in level.callees if each.role is role] for role in level.roles}
    return [{"role": str(role), "names": None if PLACEHOLDERS & set(names) else names} for role, names in named.items()]


def _materiality(materiality: Materiality) -> dict[str, str]:
    rule = "and" if materiality.both else "or"
    return {"amount": plain(materiality.amount), "ratio": plain(materiality.ratio), "rule": rule}


def _calendar(calendar: WorkCalendar, today: date) -> dict[str, Any]:
    return {
        "hours": f"{calendar.begins:%H:%M}-{calendar.ends:%H:%M}",
        "weekend": [WEEKDAYS[number].lower() for number in sorted(calendar.weekend)],
        "country": calendar.country or None,
        "subdivision": calendar.subdivision or None,
        "holidays": [
            {"day": day.isoformat(), "name": name or None}
            for day, name in calendar.holidays(today, today + HOLIDAYS_AHEAD)
        ],
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)
