"""A made-up Cost Explorer behind boto3's client: it answers what the real one answers, refuses what it refuses."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

DIMENSIONS = {"LINKED_ACCOUNT": "account", "SERVICE": "service", "RECORD_TYPE": "kind"}


@dataclass(frozen=True)
class Line:
    """What an account is charged on one day for one service."""

    day: date
    kind: str
    unblended: Decimal
    amortized: Decimal
    account: str = "111111111111"
    service: str = "Amazon Simple Storage Service"
    team: str = ""


@dataclass
class FakeCostExplorer:
    """Cost Explorer over some lines.

    Attributes:
        page: groups of an answer's page.
        denies: the error code that it answers, or none.
        today: on AWS's clock; a forecast begins no later.
        asked: every request that reached it.
    """

    lines: list[Line]
    names: dict[str, str] = field(default_factory=dict)
    page: int = 1000
    denies: str = ""
    today: date = date(2026, 11, 12)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def client(self) -> Any:
        """boto3's client of it: requests and answers go through botocore's own checks, and no further."""
        client = boto3.client("ce", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.meta.events.register("before-send.cost-explorer.GetCostAndUsage", self._answered)
        client.meta.events.register("before-send.cost-explorer.GetCostForecast", self._forecast)
        return client

    def _forecast(self, request: Any, **_context: Any) -> AWSResponse:
        """Ten a day with an interval of a tenth; a request that begins after `today` is refused, as AWS does."""
        asked = json.loads(request.body)
        self.asked.append(asked)
        begins, ends = (date.fromisoformat(asked["TimePeriod"][name]) for name in ("Start", "End"))
        fault = self.denies or ("" if begins <= self.today and begins < ends else "ValidationException")
        amount = Decimal(10) * (ends - begins).days
        part = {
            "TimePeriod": asked["TimePeriod"],
            "MeanValue": str(amount),
            "PredictionIntervalLowerBound": str(amount * Decimal("0.9")),
            "PredictionIntervalUpperBound": str(amount * Decimal("1.1")),
        }
        body = {"Total": {"Amount": str(amount), "Unit": "USD"}, "ForecastResultsByTime": [part]}
        raw = _Raw(json.dumps({"__type": fault} if fault else body).encode())
        status, kind = (400 if fault else 200), {"content-type": "application/x-amz-json-1.1"}
        return AWSResponse(request.url, status, kind, raw)

    def _answered(self, request: Any, **_context: Any) -> AWSResponse:
        asked = json.loads(request.body)
        self.asked.append(asked)
        fault = self.denies or self._fault(asked)
        status, body = (400, {"__type": fault}) if fault else (200, self._answer(asked))
        raw = _Raw(json.dumps(body).encode())
        return AWSResponse(request.url, status, {"content-type": "application/x-amz-json-1.1"}, raw)

    @staticmethod
    def _fault(asked: dict[str, Any]) -> str:
        span, grouped = asked["TimePeriod"], asked.get("GroupBy", [])
        if span["Start"] < "2025":
            return "BillExpirationException"
        right = span["Start"] < span["End"] and len(grouped) <= 2 and len(asked["Metrics"]) > 0
        right = right and not ("Filter" in asked and len(asked["Filter"].get("And", [1, 2])) < 2)
        return "" if right else "ValidationException"

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        begins, ends = (date.fromisoformat(asked["TimePeriod"][name]) for name in ("Start", "End"))
        chosen = [line for line in self.lines if begins <= line.day < ends and _matches(line, asked.get("Filter"))]
        spans = [(begins, ends)]
        if asked["Granularity"] == "DAILY":
            days = [begins + timedelta(days=number) for number in range((ends - begins).days)]
            spans = [(day, day + timedelta(days=1)) for day in days]
        found = [(span, *group) for span in spans for group in self._groups(span, chosen, asked["GroupBy"])]
        first = int(asked.get("NextPageToken", 0))
        shown = found[first : first + self.page]
        more = {"NextPageToken": str(first + self.page)} if first + self.page < len(found) else {}
        accounts = sorted({line.account for line in chosen})
        return {
            "GroupDefinitions": asked["GroupBy"],
            "ResultsByTime": [
                {
                    "TimePeriod": {"Start": str(span[0]), "End": str(span[1])},
                    "Total": {},
                    "Groups": [{"Keys": keys, "Metrics": metrics} for at, keys, metrics in shown if at == span],
                    "Estimated": True,
                }
                for span in spans
            ],
            "DimensionValueAttributes": [
                {"Value": account, "Attributes": {"description": self.names.get(account, "")}} for account in accounts
            ],
            **more,
        }

    @staticmethod
    def _groups(span: tuple[date, date], lines: list[Line], grouped: list[dict[str, str]]) -> Iterator[Any]:
        sums: dict[tuple[str, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for line in lines:
            if span[0] <= line.day < span[1]:
                both = sums[tuple(_key(line, each) for each in grouped)]
                both[0] += line.unblended
                both[1] += line.amortized
        for keys, (unblended, amortized) in sorted(sums.items()):
            amounts = {"UnblendedCost": unblended, "AmortizedCost": amortized}
            yield list(keys), {name: {"Amount": str(value), "Unit": "USD"} for name, value in amounts.items()}


class _Raw(io.BytesIO):
    """A body as urllib3 streams it."""

    def stream(self, **_options: Any) -> Iterator[bytes]:
        """All of it."""
        yield self.read()


def _key(line: Line, grouped: dict[str, str]) -> str:
    if grouped["Type"] == "TAG":
        return f"{grouped['Key']}${line.team}"
    return str(getattr(line, DIMENSIONS[grouped["Key"]]))


def _matches(line: Line, wanted: dict[str, Any] | None) -> bool:
    if wanted is None:
        return True
    if "And" in wanted:
        return all(_matches(line, each) for each in wanted["And"])
    return getattr(line, DIMENSIONS[wanted["Dimensions"]["Key"]]) in wanted["Dimensions"]["Values"]


def over(source: Any, fake: FakeCostExplorer) -> Any:
    """A source that asks a made-up Cost Explorer."""
    source.__dict__["_client"] = fake.client()
    return source
