"""AWS's own anomalies beside ours: one record with both figures where both speak of the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from finops.anomaly_state import Anomaly, AnomalyChange, AnomalyEvent, AnomalyStep, AwsFinding
from finops.incoming_alert import AnomalyFigures, IncomingAlert

APART = timedelta(days=2)
"""By so much the days of both may lie apart: AWS begins a day when its own monitor runs."""
_NOISE = re.compile(r"^(amazon|aws)\s+|\([^)]*\)|[^a-z0-9]+")


def joined_with(anomalies: Iterable[Anomaly], alert: IncomingAlert, team: str) -> Anomaly | None:
    """Which of our anomalies an alert of AWS Cost Anomaly Detection is, None where it stands alone.

    One of the same team and of AWS, in the same direction, with days in common, and of the service that AWS names; of
    several, and where AWS names none, the one with the largest excess.

    Args:
        team: whose the alert is.
    """
    figures = alert.figures
    if not isinstance(figures, AnomalyFigures):
        return None
    fits = [each for each in anomalies if each.key.series.team == team and _is_same(each, alert, figures)]
    return max(fits, key=lambda each: (abs(each.found.excess), each.key.first_day), default=None)


def with_aws(anomaly: Anomaly, alert: IncomingAlert, now: datetime) -> AnomalyChange:
    """An anomaly with what AWS says of it; said again with other figures, the newer ones stand. It pings nobody."""
    if not isinstance(alert.figures, AnomalyFigures):
        return AnomalyChange(anomaly)
    finding = AwsFinding(alert.id, alert.currency, alert.figures)
    if finding in anomaly.aws:
        return AnomalyChange(anomaly)
    known = any(each.id == alert.id for each in anomaly.aws)
    aws = (*(each for each in anomaly.aws if each.id != alert.id), finding)
    events = () if known else (AnomalyEvent(AnomalyStep.JOINED, now, note=alert.id),)
    return AnomalyChange(replace(anomaly, aws=aws), events)


def _is_same(anomaly: Anomaly, alert: IncomingAlert, figures: AnomalyFigures) -> bool:
    if anomaly.withdrawn or not _is_aws(anomaly.key.series.provider):
        return False
    if (figures.impact > 0) != anomaly.found.is_increase:
        return False
    begins = figures.begins or figures.ends or alert.day
    return _meet(anomaly, begins, figures.ends or alert.day) and _is_of(anomaly.key.series.service, alert.service)


def _meet(anomaly: Anomaly, begins: date, ends: date) -> bool:
    return anomaly.found.first_day - APART <= max(ends, begins) and begins <= anomaly.found.last_day + APART


def _is_aws(provider: str) -> bool:
    name = provider.lower()
    return bool(re.search(r"\baws\b|amazon", name))


def _is_of(service: str, named: str) -> bool:
    """Whether a service as billed is the one that AWS names: 'Amazon EC2' and 'Amazon EC2 - Compute' are the same."""
    ours, theirs = _plain(service), _plain(named)
    return not theirs or ours == theirs or (bool(ours) and (ours.startswith(theirs) or theirs.startswith(ours)))


def _plain(service: str) -> str:
    words = service.lower().strip()
    return _NOISE.sub("", words)
