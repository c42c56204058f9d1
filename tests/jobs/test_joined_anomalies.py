"""AWS's own anomalies beside ours: one message with both figures, whichever is found first."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.installation import Installation
from finops.company import Company
from finops.incoming_alert import IncomingAlert, IncomingRule, IncomingRules
from finops.incoming_reading import read_alert
from jobs.incoming_alerts import Taken, take_in
from storage.incoming_alerts import find_received
from tests.jobs.anomalous import NOW, deliver, look, make_place, recorded, said, stored
from tests.jobs.test_find_anomalies import MORE

OWN = "incoming/aws-cost-anomaly-detection/9d1c-{}"


def anomaly(impact: int = 850, at: datetime = NOW, number: int = 1, service: str = "Compute") -> IncomingAlert:
    """What AWS says of the same days."""
    body: dict[str, Any] = {
        "anomalyId": f"9d1c-{number}",
        "anomalyStartDate": "2026-11-08",
        "anomalyEndDate": "2026-11-09",
        "dimensionalValue": service,
        "impact": {"totalImpact": impact, "totalActualSpend": impact + 200, "totalExpectedSpend": 200},
        "rootCauses": [{"service": service}],
    }
    return read_alert(json.dumps(body), f"5b4f5c5e-0000-5000-8000-00000000000{number}", at)


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The company whose bill has a spike, listening to AWS."""
    found = make_place(tmp_path)
    deliver(found, MORE, NOW)
    return found


def listening(place: Installation) -> Company:
    """Everything that AWS says of Compute is of payments."""
    rules = IncomingRules(queue="a queue", map=(IncomingRule("payments", service=("Compute", "Storage")),))
    return replace(place.company, incoming=rules)


def come(place: Installation, alert: IncomingAlert) -> Taken:
    return take_in(alert, company=listening(place), state=place.state, now=place.now)


def test_it_joins_our_anomaly(place: Installation) -> None:
    """Said after ours was found, it stands on our message and in its thread, and has no message of its own."""
    look(place)
    assert come(place, anomaly()) is Taken.NEW
    found = said(place, "")
    assert {key: revision for key, (revision, _) in found.items()} == {"anomaly/1": 2, "anomaly/1/2.1": 1}
    assert "*AWS Cost Anomaly Detection* says: $850 more than expected on 8–9 Nov" in found["anomaly/1"][1]
    assert "cost *$900 more than expected* on 8–9 Nov" in found["anomaly/1"][1]
    with place.state.reading() as connection:
        received = find_received(connection, anomaly())
    assert received and received.told_in == "anomaly/1"
    assert recorded(place)[1:] == [("finops", "anomaly.joined")]


def test_it_joins_once_and_grows(place: Installation) -> None:
    """Said again it changes nothing; with other figures it changes what our message says, and nothing else."""
    look(place)
    come(place, anomaly())
    before = said(place, "")
    assert come(place, anomaly(at=NOW + timedelta(hours=1))) is Taken.KNOWN and said(place, "") == before
    assert come(place, anomaly(1200, NOW + timedelta(hours=2))) is Taken.CHANGED
    after = said(place, "")
    assert after.keys() == before.keys() and after["anomaly/1"][0] == 3
    assert "says: $1,200 more than expected" in after["anomaly/1"][1]
    assert look(place) == "nothing new" and said(place, "") == after


def test_ours_takes_over_the_message_of_aws(place: Installation) -> None:
    """Said before ours was found, its message becomes ours, with both figures; the team is pinged in its thread."""
    come(place, anomaly())
    key = OWN.format(1)
    assert list(said(place, "")) == [key]
    assert look(place) == "1 found, 1 joined"
    found = said(place, "")
    assert {each: revision for each, (revision, _) in found.items()} == {key: 2, "anomaly/1/1.1": 1}
    assert "cost *$900 more than expected*" in found[key][1] and "says: $850 more than expected" in found[key][1]
    assert "<@UALICE>" in found["anomaly/1/1.1"][1]
    assert stored(place)[0].message == key
    assert come(place, anomaly(1200, NOW + timedelta(hours=2))) is Taken.CHANGED
    changed = said(place, "")
    assert changed.keys() == found.keys() and "says: $1,200 more than expected" in changed[key][1]
    assert look(place) == "nothing new"


def test_another_service_stays_apart(place: Installation) -> None:
    """What AWS says of another service has a message of its own, as before."""
    look(place)
    come(place, anomaly(service="Storage"))
    assert set(said(place, "")) == {"anomaly/1", OWN.format(1)}
    assert stored(place)[0].aws == ()


def test_what_pings_nobody_leaves_aws_its_message(place: Installation) -> None:
    """In shadow mode ours is recorded with both figures, and AWS's message stands as it did."""
    company = place.company
    shadow = replace(company, anomalies=replace(company.anomalies, mode="shadow"))
    look(place, company=shadow)
    take_in(anomaly(), company=replace(listening(place), anomalies=shadow.anomalies), state=place.state, now=NOW)
    assert list(said(place, "")) == [OWN.format(1)]
    assert [each.figures.impact for each in stored(place)[0].aws] == [850]
