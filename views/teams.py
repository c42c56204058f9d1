"""The answer to `/finops teams`: every team's month at a glance, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from heapq import nsmallest

from finops.company import Team
from finops.money import EXACT, ZERO
from finops.periods import Month
from finops.policy import LADDER, Tier, ratio_of
from finops.scope import UNALLOCATED
from finops.team_month import TeamMonth
from views import blocks
from views.amounts import month_name
from views.fit import TEXT, message
from views.message import Block, Message
from views.sentences import counted, freshness
from views.team_line import team_line, totals
from views.text import escape

SHOWN = 30
Key = tuple[int, Decimal, str]
_UNJUDGED, _WITHOUT_DATA, _WITHIN = 1, 2, 100
"""Where teams stand after those a tier has called for overspend: without a budget, without data, then underspend, and
last those within their budget."""
_UNDER = " (under)"


def teams_message(
    months: Sequence[TeamMonth],
    teams: Mapping[str, Team],
    *,
    month: Month,
    asked: str = "",
    ladder: Sequence[Tier] = LADDER,
    most: int = SHOWN,
) -> Message:
    """Every team's month, the worst `most` of them by name and all of them in the totals.

    Sorted by tier, then by variance; where the currencies differ, by variance ratio, because amounts in different
    currencies have no order. Underspend comes after every overspend, its duties being milder. The unallocated spend has
    its line wherever it stands.

    Args:
        months: one for each team and currency, all of one month and basis.
        teams: slug → team; a team missing here is shown by its slug.
        asked: what team names were filtered by, empty for none.
    """
    if not months:
        return _nobody(month, asked)
    kept = nsmallest(most, months, key=_order(months, ladder))
    if len(kept) < len(months) and not any(one.team == UNALLOCATED for one in kept):
        kept += [one for one in months if one.team == UNALLOCATED]
    left = len(months) - len(kept)
    about = f" with “{escape(asked)}” in the name" if asked else ""
    number = len({one.team for one in months})
    noun = "team" if number == 1 else "teams"
    counts = _counts(months, ladder)
    first = [f"*{number:,} {noun}*{about} in {month_name(month)}: {counts}.", *totals(months)]
    lines = [team_line(one, teams.get(one.team)) for one in kept]
    body: list[Block] = [blocks.header(f"Teams — {month_name(month)}"), *blocks.paragraphs("\n".join(first))]
    body += [blocks.divider(), *blocks.paragraphs("\n".join(lines))]
    body.append(blocks.context(_more(left), _hint(months), *_small(months)))
    return message(_text(first, lines, left), body)


def _nobody(month: Month, asked: str) -> Message:
    if asked:
        said = f"No team has “{escape(asked)}” in its name. Try fewer letters, or `/finops teams` for all of them."
    else:
        said = (
            f"No team has a budget or spend in {month_name(month)} yet. Start with `finops ingest` on a billing export."
        )
    return message(said, [blocks.section(said)])


def _order(months: Sequence[TeamMonth], ladder: Sequence[Tier]) -> Callable[[TeamMonth], Key]:
    """A sort key, worst first; made for 10,000 teams, so it asks of each only what it needs."""
    rank = {tier.name: number for number, tier in enumerate(ladder)}
    by_amount = len({month.currency for month in months}) == 1

    def key(month: TeamMonth) -> Key:
        reading, budget = _reading(month), month.budget
        if reading is None:
            return _WITHOUT_DATA, ZERO, month.team
        if budget is None:
            return _UNJUDGED, -reading if by_amount else ZERO, month.team
        variance = EXACT.subtract(reading, budget)
        size = variance if by_amount else ratio_of(variance, budget) or ZERO
        number = rank.get(month.tier.name, 0) if month.tier else 0
        place = -number if number and variance > 0 else _WITHIN - number
        return place, -size, month.team

    return key


def _reading(month: TeamMonth) -> Decimal | None:
    """TeamMonth.reading, without asking the calendar: an ended month has no forecast."""
    return month.forecast.amount if month.forecast else month.actual


def _counts(months: Sequence[TeamMonth], ladder: Sequence[Tier]) -> str:
    """'2 emergency, 5 investigate, 1 emergency (under), 20 note, 1 without budget', overspend first."""
    found = Counter(map(_kind, months))
    called = [tier.name for tier in reversed(ladder[1:])]
    named = [*called, *(name + _UNDER for name in called), *(tier.name for tier in ladder[:1])]
    order = [*named, *(kind for kind in found if kind not in named)]
    return ", ".join(f"{found[kind]:,} {escape(kind, 40)}" for kind in order if found[kind])


def _kind(month: TeamMonth) -> str:
    tier, reading, budget = month.tier, _reading(month), month.budget
    if tier:
        under = tier.above > 0 and reading is not None and budget is not None and reading < budget
        return tier.name + _UNDER if under else tier.name
    if month.actual is None:
        return "without data"
    return "without budget" if budget is None else "without a tier yet"


def _more(left: int) -> str:
    return f"… and {left:,} more, all counted in the totals." if left > 0 else ""


def _hint(months: Sequence[TeamMonth]) -> str:
    if len(months) == 1:
        return f"`/finops variance {escape(months[0].team, 200)}` shows it in full."
    return (
        "`/finops teams pay` shows those with “pay” in the name; `/finops variance` and a team shows that one in full."
    )


def _small(months: Sequence[TeamMonth]) -> list[str]:
    """Freshness of the stalest team, and the basis."""
    stalest: TeamMonth | None = None
    for month in months:
        through = month.freshness.data_through
        if through and (stalest is None or through < (stalest.freshness.data_through or through)):
            stalest = month
    said = freshness(stalest) if stalest else ""
    return [text for text in (said and f"The least fresh of them: {said}", counted(months[0])) if text]


def _text(first: Sequence[str], lines: Sequence[str], left: int) -> str:
    """All of it while it fits; whatever does not is counted."""
    text, unsaid = "\n".join(first), len(lines)
    for said in lines:
        if len(text) + len(said) > TEXT - 100:
            break
        text, unsaid = f"{text}\n{said}", unsaid - 1
    return f"{text}\n{_more(left + unsaid)}".rstrip()
