"""What OpenCost's /allocation answers, as the cost of each workload and kind of resource on one day."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from finops.money import add, subtract
from finops.periods import DAY
from storage.sources.source import SourceFailed

KINDS = {
    "cpu": ("Compute", "cpuCost", "cpuCostAdjustment"),
    "ram": ("Compute", "ramCost", "ramCostAdjustment"),
    "gpu": ("Compute", "gpuCost", "gpuCostAdjustment"),
    "pv": ("Storage", "pvCost", "pvCostAdjustment"),
    "network": ("Networking", "networkCost", "networkCostAdjustment"),
    "load balancer": ("Networking", "loadBalancerCost", "loadBalancerCostAdjustment"),
    "shared": ("Other", "sharedCost"),
}
"""Kind of resource → its FOCUS ServiceCategory, and the figures that make up its cost. externalCost is none of them: it
is cost outside of the cluster, which its own bill has."""
OTHER = "other"
"""What totalCost holds beyond the kinds: a newer OpenCost may measure more."""
ROUNDING = Decimal("0.0001")
"""By how much the kinds may differ from totalCost: each figure is rounded to five or six digits."""
IDLE, UNALLOCATED = "__idle__", "__unallocated__"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one workload's use of one kind of resource cost on one day, by OpenCost's prices.

    Attributes:
        namespace: its name, '__idle__' for what nobody used, '__unallocated__' where OpenCost knows none.
        controller: of the workload, '' where the answer tells none apart.
        kind: of resource: one of KINDS, or 'other'.
        labels: of the workload and its namespace, keys as OpenCost writes them ('app_kubernetes_io_name').
    """

    cluster: str
    namespace: str
    controller: str
    kind: str
    cost: Decimal
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def category(self) -> str:
        """ServiceCategory."""
        return KINDS[self.kind][0] if self.kind in KINDS else "Other"


def read_answer(path: Path, day: date) -> list[Measured]:
    """Read an answer about one day, or about parts of it; amounts are exact as they are written.

    Raises:
        SourceFailed: it is no answer, is about other days, counts a time twice, or leaves one out.
    """
    try:
        content = json.loads(path.read_bytes(), parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
        all_sets = content["data"] or ()
        sets = [each for each in all_sets if each]
        dimensions = [name.strip() for name in str(content.get("aggregate", "")).split(",") if name.strip()]
        spans = sorted(_span(next(iter(found.values())), day) for found in sets)
        measured = [each for found in sets for name, one in found.items() for each in _measured(name, one, dimensions)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SourceFailed(f"{path.name} is no answer of OpenCost about {day} ({error}).") from None
    if any(ends > begins for (_, ends), (begins, _) in pairwise(spans)):
        raise SourceFailed(f"{path.name} counts some time of {day} twice.", "Ask without overlapping windows.")
    # An empty set says of a step as long as the others that nothing ran; without any other the day has no cost.
    lengths = [ends - begins for begins, ends in spans]
    told = sum(lengths, timedelta()) + (len(all_sets) - len(sets)) * max(lengths, default=DAY)
    if lengths and told < DAY:
        hours = f"{told / timedelta(hours=1):.4g}"
        raise SourceFailed(f"{path.name} tells {hours} of the 24 hours of {day}.", "Ask for the whole day.")
    return measured


def _measured(name: str, one: Mapping[str, Any], dimensions: list[str]) -> Iterator[Measured]:
    """The kinds of resources of one allocation that cost anything."""
    known = one.get("properties") or {}
    named = dict(zip(dimensions, values, strict=True)) if len(values := name.split("/")) == len(dimensions) else {}
    labels = {**(known.get("namespaceLabels") or {}), **(known.get("labels") or {})}
    for dimension, value in named.items():
        if dimension.startswith("label:") and value not in (UNALLOCATED, IDLE, ""):
            labels[dimension.removeprefix("label:")] = value
    cluster = known.get("cluster") or named.get("cluster") or ""
    namespace = known.get("namespace") or named.get("namespace") or UNALLOCATED
    controller = known.get("controller") or named.get("controller") or ""
    if IDLE in name:
        namespace, controller = IDLE, ""
    who = (str(cluster), str(namespace), "" if controller == UNALLOCATED else str(controller))
    told = tuple(sorted((str(key), str(value)) for key, value in labels.items()))
    costs = {kind: add(_figure(one, name) for name in names) for kind, (_category, *names) in KINDS.items()}
    beyond = subtract(_figure(one, "totalCost"), add((*costs.values(), _figure(one, "externalCost"))))
    for kind, cost in {**costs, OTHER: beyond}.items():
        if cost and (kind != OTHER or abs(cost) > ROUNDING):
            yield Measured(*who, kind, cost, told)


def _figure(one: Mapping[str, Any], name: str) -> Decimal:
    value = one.get(name) or Decimal(0)
    if not isinstance(value, Decimal):
        raise ValueError(f"{name} is no number")
    return value


def _span(one: Mapping[str, Any], day: date) -> tuple[datetime, datetime]:
    """From when until when a set is; raises ValueError where that is not inside of the day."""
    begins, ends = (datetime.fromisoformat(one["window"][name]).astimezone(UTC) for name in ("start", "end"))
    first = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if not first <= begins <= ends <= first + DAY:
        raise ValueError(f"its window is {begins:%Y-%m-%dT%H:%MZ} to {ends:%Y-%m-%dT%H:%MZ}; ask day by day")
    return begins, ends


def _no_number(word: str) -> Decimal:
    raise ValueError(f"{word} is no amount")
