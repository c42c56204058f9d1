"""The demo's runaway job is told as an anomaly, with its cause, and the message changes when it is over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import select

from bot.demo.bill import deliver
from bot.demo.demo import SEED, Demo
from jobs import find_anomalies
from storage.anomalies import anomalies_in
from storage.deliveries import TABLE as DELIVERIES
from tests.databases import OF_THE_DEMO

pytestmark = OF_THE_DEMO


def _look(demo: Demo) -> list[str]:
    """Run the job; returns the texts that stand in the team's channel."""
    place = demo.installation
    find_anomalies.run(now=demo.clock.now(), company=place.company, state=place.state, ledger=place.ledger)
    query = select(DELIVERIES.c.payload).where(DELIVERIES.c.key.regexp_match("^anomaly/[0-9]+$"))
    with place.state.reading() as connection:
        return [str(payload["text"]) for payload in connection.execute(query).scalars()]


def test_the_runaway_job_is_told_and_over(tmp_path: Path) -> None:
    """The job is told with its cause and is over four days on; what is metered twice is told then."""
    demo = Demo(tmp_path, 0, date(2026, 11, 21), lambda _: None)
    try:
        demo.prepare()
        (text,) = _look(demo)
        assert "*Machine Learning*: Amazon SageMaker (AWS) cost *$5,064.49 more than expected* on 8–9 Nov" in text
        assert "Usage type: `ml.p4d.24xlarge training` (+$5,047.18)" in text and "*To do by Fri 13 Nov*" in text
        with demo.installation.state.reading() as connection:
            told = [each for each in anomalies_in(connection) if each.told_at]
        assert [(each.key.series.team, each.key.first_day) for each in told] == [
            ("machine-learning", date(2026, 11, 8))
        ]
        for _ in range(4):
            demo.clock.set(demo.clock.next_morning())
        deliver(tmp_path / "bills", demo.clock.today(), seed=SEED)
        demo._ingest(demo.clock.today())
        text, other = _look(demo)
        assert "on 8–10 Nov" in text and "*Over* since 12 Nov: the cost is as expected again." in text
        assert "*Data Platform*: AWS Glue (AWS) cost *$457.15 more than expected* on 11–12 Nov" in other
    finally:
        demo.installation.state.close()
        demo._lock.close()
