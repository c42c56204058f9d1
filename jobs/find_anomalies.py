"""Look for anomalies in every team's settled days, bring known ones to what the figures show, and ask for reviews."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial

import structlog
from sqlalchemy import Connection

from finops.anomaly import (
    RECENT,
    Anomaly,
    AnomalyChange,
    AnomalyKey,
    AnomalySeries,
    Cause,
    answers_of,
    ask_for_review,
    evaluate_anomaly,
    known_as,
    withdraw,
)
from finops.anomaly_detection import find_anomalies
from finops.anomaly_found import FoundAnomaly
from finops.anomaly_noise import Floats
from finops.anomaly_renamed import former_name
from finops.anomaly_state import STALE
from finops.company import Company, Team
from finops.errors import FinopsError
from jobs.job import Job, Outcome
from jobs.telling_anomalies import AnomalyTelling
from storage.anomalies import anomalies_in
from storage.anomaly_causes import Asked, causes_of
from storage.anomaly_costs import SettledCosts, settled_costs
from storage.incoming_alerts import received_anomalies
from storage.ledger.versions import Ledger
from storage.publish import newest_publication
from storage.state import State
from storage.teams import all_teams

RESTATED = "the figures were restated and show it no more"
GONE = "its team or service has no charges any more"
OTHER_RULES = "its days cost what they did, and by the rules as they are now they are none"
OFF = "anomalies of this team are no longer looked for"
OTHER_BASIS = "another basis is counted now"
A_CENT = Decimal("0.01")
"""Amounts on record are rounded; what moved by less was not restated."""
TEAMS_AT_ONCE = 100
"""Teams of one transaction: a click on an anomaly waits for no more than these."""

LOG = structlog.get_logger("finops.jobs")


@dataclass(frozen=True)
class _Looked:
    """What a look at the figures showed.

    Attributes:
        found: team → series → its findings, by day.
        costs: the figures.
        settled_through: the last settled day of the newest series.
        causes: of the findings that are not on record, by series and first day.
        former_names: of the findings that are a service's new name, by series and first day.
    """

    publication: int
    teams: Mapping[str, Team]
    found: Mapping[str, Mapping[AnomalySeries, Sequence[FoundAnomaly]]]
    costs: SettledCosts
    settled_through: date
    causes: Mapping[tuple[AnomalySeries, date], tuple[Cause, ...]]
    former_names: Mapping[tuple[AnomalySeries, date], str]

    def why_gone(self, anomaly: Anomaly) -> str:
        """Why an anomaly is none any more that was not found; empty where its days are only not known now."""
        series, first = anomaly.key.series, self.costs.first_day
        if series not in self.costs.rows:
            return GONE if self.costs.settles(each.day for each in anomaly.found.days) else ""
        held = [(self.costs.cost(series, each.day), each.cost) for each in anomaly.found.days if each.day >= first]
        if any(cost is not None and abs(cost - before) >= A_CENT for cost, before in held):
            return RESTATED
        return OTHER_RULES if all(cost is not None for cost, _ in held) else ""


def run(*, now: datetime, company: Company, state: State, ledger: Ledger) -> Outcome:
    """Look at the newest figures; it stops where newer ones are published meanwhile, which have a run of their own."""
    with state.reading() as connection:
        publication = newest_publication(connection)
        costs = settled_costs(connection, company, company.today(now))
        teams = all_teams(connection, company)
        known = anomalies_in(connection, since=costs.first_day)
    found = _found(costs, company, teams)
    settled = max(costs.settled_through, default=costs.first_day)
    new = list(_new(found, known, costs, settled))
    try:
        causes = causes_of(new, company=company, state=state, ledger=ledger)
    except FinopsError as refusal:
        # What cannot be explained is told all the same.
        LOG.warning("anomalies without causes", count=len(new), reason=str(refusal))
        causes = [() for _ in new]
    by_finding = {(each.series, each.found.first_day): named for each, named in zip(new, causes, strict=True)}
    looked = _Looked(publication, teams, found, costs, settled, by_finding, _former_names(found, costs, settled))
    slugs = sorted({*found, *(each.key.series.team for each in known)})
    counts: Counter[str] = Counter()
    for start in range(0, len(slugs), TEAMS_AT_ONCE):
        with state.writing() as connection:
            if newest_publication(connection) != publication:
                break
            counts.update(_bring_up(connection, slugs[start : start + TEAMS_AT_ONCE], looked, company, now))
    return Outcome(", ".join(f"{number} {what}" for what, number in sorted(counts.items())) or "nothing new")


def _mode(slug: str, company: Company, teams: Mapping[str, Team]) -> str:
    team = teams.get(slug)
    return company.anomalies.mode_of(team.anomalies if team else None)


def _found(
    costs: SettledCosts, company: Company, teams: Mapping[str, Team]
) -> dict[str, dict[AnomalySeries, list[FoundAnomaly]]]:
    """Every finding of the teams whose anomalies are looked for."""
    wanted = [number for number, each in enumerate(costs.series) if _mode(each.team, company, teams) != "off"]
    minimums = []
    for series in (costs.series[number] for number in wanted):
        team = teams.get(series.team)
        minimums.append(company.anomalies.minimums(team.anomalies if team else None, series.currency))
    found: dict[str, dict[AnomalySeries, list[FoundAnomaly]]] = defaultdict(lambda: defaultdict(list))
    for each in find_anomalies(costs.costs[wanted], costs.first_day, minimums):
        series = costs.series[wanted[each.series]]
        found[series.team][series].append(replace(each, series=0))
    return found


def _former_names(
    found: Mapping[str, Mapping[AnomalySeries, Sequence[FoundAnomaly]]], costs: SettledCosts, settled_through: date
) -> dict[tuple[AnomalySeries, date], str]:
    """The findings that may ping and are a service's new name; no service has two."""
    beside: dict[AnomalySeries, dict[str, Floats]] = defaultdict(dict)
    for series, row in costs.rows.items():
        beside[replace(series, service="")][series.service] = costs.costs[row]
    names: dict[tuple[AnomalySeries, date], str] = {}
    for by_series in found.values():
        for series, findings in by_series.items():
            for each in findings:
                if not each.is_increase or each.expected or each.last_day < settled_through - STALE:
                    continue
                others = beside[replace(series, service="")]
                if name := former_name(each, others, costs.first_day):
                    names[series, each.first_day] = name
                    del others[name]
    return names


def _new(
    found: Mapping[str, Mapping[AnomalySeries, Sequence[FoundAnomaly]]],
    known: Sequence[Anomaly],
    costs: SettledCosts,
    settled_through: date,
) -> Iterator[Asked]:
    """Increases that are not on record and may ping."""
    own: dict[AnomalySeries, list[Anomaly]] = defaultdict(list)
    for anomaly in known:
        own[anomaly.key.series].append(anomaly)
    for by_series in found.values():
        for series, findings in by_series.items():
            matched = known_as(own[series], series, findings, partial(costs.cost, series))
            for each, before in zip(findings, matched, strict=True):
                if before is None and each.is_increase and each.last_day >= settled_through - STALE:
                    yield Asked(series, each)


def _bring_up(
    connection: Connection, slugs: Sequence[str], looked: _Looked, company: Company, now: datetime
) -> Counter[str]:
    """Bring some teams' anomalies to what was seen; returns how many of each thing happened."""
    telling = AnomalyTelling(connection, company, looked.teams, now)
    of_team: dict[str, list[Anomaly]] = {slug: [] for slug in slugs}
    for anomaly in anomalies_in(connection, slugs, since=looked.costs.first_day, lock=True):
        of_team[anomaly.key.series.team].append(anomaly)
    received = received_anomalies(connection, slugs, now - RECENT)
    changes: list[AnomalyChange] = []
    for slug, known in of_team.items():
        if _mode(slug, company, looked.teams) == "off":
            changes += _no_longer(known, company.today(now), now)
            continue
        team = _of_team(slug, known, looked, telling, company, now)
        changes += telling.with_what_aws_said(list(team), received.get(slug, ()), slug)
    stored = {each.number: each for known in of_team.values() for each in known}
    changed = []
    for each in changes:
        if each.events or each.anomaly != stored.get(each.anomaly.number):
            changed.append(each)
        elif not each.anomaly.is_over or each.anomaly.answer:
            # What was said of it may have expired.
            telling.refresh(each)
    saved = telling.write(changed)
    return Counter(str(event.step) for change in saved for event in change.events)


def _of_team(
    slug: str, known: Sequence[Anomaly], looked: _Looked, telling: AnomalyTelling, company: Company, now: datetime
) -> Iterator[AnomalyChange]:
    """What becomes of a team's anomalies, those on record and those that are new."""
    own: dict[AnomalySeries, list[Anomaly]] = defaultdict(list)
    for anomaly in known:
        own[anomaly.key.series].append(anomaly)
    found = looked.found.get(slug, {})
    for series in {**found, **own}:
        findings = found.get(series, ())
        matched = known_as(own[series], series, findings, partial(looked.costs.cost, series))
        gone = [each for each in own[series] if not any(each is before for before in matched)]
        unfound = [_no_more(each, looked, telling, company, now) for each in gone]
        # What was said of one that is withdrawn by the same figures silences no other.
        others = [each for each in matched if each] + [change.anomaly for change in unfound]
        for finding, before in zip(findings, matched, strict=True):
            key = before.key if before else AnomalyKey(series, finding.first_day)
            causes = before.causes if before else looked.causes.get((series, finding.first_day), ())
            setting = telling.setting(slug, looked.settled_through, answers_of(others, key))
            setting = replace(setting, former_name=looked.former_names.get((series, finding.first_day), ""))
            change = evaluate_anomaly(before, key, finding, causes, setting, now)
            asked = ask_for_review(change.anomaly, setting, now)
            yield AnomalyChange(asked.anomaly, (*change.events, *asked.events))
        yield from unfound


def _no_longer(known: Sequence[Anomaly], today: date, now: datetime) -> Iterator[AnomalyChange]:
    """What becomes of the anomalies of a team in which none are looked for: what is open is withdrawn."""
    for anomaly in known:
        if not anomaly.is_over or anomaly.asks(today):
            yield withdraw(anomaly, OFF, now)


def _no_more(
    anomaly: Anomaly, looked: _Looked, telling: AnomalyTelling, company: Company, now: datetime
) -> AnomalyChange:
    """What becomes of an anomaly on record that the figures do not show: it is withdrawn where it is recent."""
    series = anomaly.key.series
    if not anomaly.is_over and series.basis != company.basis:
        return withdraw(anomaly, OTHER_BASIS, now)
    recent = not anomaly.is_over or anomaly.found.last_day >= looked.settled_through - RECENT
    if recent and not anomaly.withdrawn and (why := looked.why_gone(anomaly)):
        return withdraw(anomaly, why, now)
    return ask_for_review(anomaly, telling.setting(series.team, looked.settled_through), now)


JOB = Job("find_anomalies", "08:00", run, shows_figures=True)
