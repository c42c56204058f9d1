"""A made-up Kubernetes cluster: OpenCost's answers about it, and where they are taken in."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.money import add
from storage.offered import Taken
from storage.sources.opencost import SOURCE
from storage.sources.source import Offered
from storage.sources.taking import take_in
from tests.storage.bills import Place

RULE = {"export": "aws", "service": ["EC2"], "tag": {"eks:cluster-name": "production"}}
NOW = datetime(2024, 9, 5, 7, tzinfo=UTC)
FOURTH = date(2024, 9, 4)


def allocation(day: date, namespace: str = "shop", **values: Any) -> dict[str, Any]:
    """One allocation of an answer, as OpenCost writes it; its total is that of its parts."""
    made: dict[str, Any] = {
        "name": namespace,
        "properties": {"cluster": "production", "namespace": namespace},
        "window": {"start": f"{day}T00:00:00Z", "end": f"{day + timedelta(days=1)}T00:00:00Z"},
        "cpuCost": 1.43086,
        "cpuCostAdjustment": 0,
        "ramCost": 0.09657,
        "pvCost": 0,
        "externalCost": 0,
        **values,
    }
    parts = [value for name, value in made.items() if name.endswith(("Cost", "Adjustment")) and name != "totalCost"]
    return {"totalCost": float(add(Decimal(str(part)) for part in parts)), **made}


def answer(*allocations: dict[str, Any]) -> dict[str, Any]:
    """An answer with one set."""
    return {"code": 200, "status": "success", "data": [{each["name"]: each for each in allocations}]}


class Cluster:
    """A folder of answers, and the place that they are taken in to."""

    def __init__(self, place: Place) -> None:
        self.place, self.folder = place, place.folder / "opencost"
        self.folder.mkdir()

    def write(self, day: date, *allocations: dict[str, Any], name: str = "") -> Path:
        """The answer of a day."""
        path = self.folder / f"{day}{name}.json"
        path.write_text(json.dumps(answer(*allocations)))
        return path

    def source(self, **keys: str) -> Any:
        """The source, opened as finops.yaml would."""
        keys = {"adds": "true", **keys}
        return SOURCE.opened(str(self.folder), state=self.place.state, ledger=self.place.ledger, **keys)

    def offered(self, now: datetime = NOW, **keys: str) -> Offered:
        """What there is."""
        found: Offered = self.source(**keys).offered(now)
        return found

    def take(self, now: datetime = NOW, **keys: str) -> dict[str, Taken]:
        """What became of each month."""
        place = self.place
        parts: dict[str, Any] = {"company": place.company, "state": place.state, "ledger": place.ledger}
        return {each.name: each for each in take_in("k8s", self.source(**keys), now=now, **parts)}

    def replace(self, now: datetime = NOW) -> dict[str, Taken]:
        """What became of each month whose nodes are in the bill aws."""
        return self.take(now, adds="false", replaces=json.dumps(RULE))
