"""What drives the change of teams' months against the months before, told from the ledger: the worker's.

The web process has no DuckDB: it reads what storage/drivers.py keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from finops.closed_month import TeamCurrency
from finops.company import Company
from finops.driver_parts import separate
from finops.drivers import Caveat, Separation, Span
from finops.explained_month import span_of
from finops.spend import Coverage
from finops.team_month import TeamMonth
from storage.ledger.driver_charges import driver_charges
from storage.ledger.versions import Ledger


def team_drivers(
    months: Sequence[TeamMonth], coverages: Iterable[Coverage], *, company: Company, ledger: Ledger
) -> Iterator[tuple[TeamCurrency, Separation]]:
    """The parts of each team's change, one after the other; each version of the ledger is read once for all.

    Teams without charges on the days that are compared, and months of which no day is known yet, are left out.

    Args:
        months: of one basis, each team and currency once; not by invoice.
        coverages: every published billing period, read in the transaction that the months were read in.
    """
    spans = {(each.team, each.currency): span for each in months if (span := span_of(each))}
    if not spans:
        return
    known = [each for each in coverages if any(reaches(each, span) for span in set(spans.values()))]
    versions = [(each.export, each.billing_period, each.version) for each in known]
    elsewhere = any(ledger.read(*each).rows_at for each in versions)
    found = driver_charges(spans, versions, basis=months[0].basis, company=company, ledger=ledger)
    for key, charges in found:
        separation = separate(charges, spans[key])
        if elsewhere and Caveat.QUANTITIES in separation.caveats:
            separation = replace(separation, caveats=separation.caveats | {Caveat.ROWS})
        yield key, separation


def reaches(coverage: Coverage, span: Span) -> bool:
    """Whether a billing period has charges on days that are compared."""
    periods = (span.current, span.former)
    return any(coverage.first_day <= last and first <= coverage.last_day for first, last in periods)
