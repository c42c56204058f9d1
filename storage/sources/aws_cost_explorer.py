"""AWS Cost Explorer: cost by day, account and service, for those without an export. Every request costs money."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from finops.basis import Basis
from finops.periods import Month
from storage.sources.cost_explorer_forecast import TheirForecast, forecast_request, read_forecast
from storage.sources.cost_explorer_look import Group, Look, Query, request
from storage.sources.focus_rows import of_day, write_charges
from storage.sources.source import Fetched, Offer, Offered, PaidSource, SourceFailed, SourceKind

READ_AFTER = timedelta(hours=6)
"""Into a day, UTC: Cost Explorer is refreshed at least once a day, and the day before is a fragment until then."""
SETTLING = 15
"""Days of a month in which the month before is still restated."""
MOST_MONTHS = 14
"""Cost Explorer keeps the current month and 13 before it by day."""
REFUSALS = {
    "AccessDeniedException": "AWS does not allow ce:{action}, or Cost Explorer is not switched on.",
    "DataUnavailableException": "Cost Explorer has no data yet; AWS prepares it within a day of switching it on.",
}
FORECAST = "GetCostForecast"
NOBODY = (
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
)
"""Refusals of who asks, before anything is looked up: not counted as paid for, so that a mended right works at once."""
LONG_AGO = (date(2016, 1, 1), date(2016, 1, 2))


class _Refused(SourceFailed):
    """Cost Explorer answered a request with an error code."""

    def __init__(self, code: str, action: str) -> None:
        reason = REFUSALS.get(code, "").format(action=action) or f"Cost Explorer answered {code or 'with an error'}."
        if (code, action) == ("DataUnavailableException", FORECAST):
            reason = "Cost Explorer has too little history for a forecast."
        super().__init__(reason, "See docs/howto/connect-a-source.md.")
        self.code = code


class CostExplorer(PaidSource):
    """An account's, or an organisation's, cost as Cost Explorer answers for it.

    Args:
        months: how many billing periods are read, the current one included.
        tag: key of a cost allocation tag by which usage is told apart; none where empty.
        most_requests: ceiling for one look at one billing period.
    """

    def __init__(self, months: str = "2", tag: str = "", most_requests: str = "20") -> None:
        super().__init__()
        self._months, self._tag, self._most = int(months), tag, int(most_requests)

    def offered(self, now: datetime) -> Offered:
        """Each billing period, to be asked for once a day until it is settled, and once more then; asks nothing."""
        today = (now - READ_AFTER).date()
        month, ready = Month.of(today), []
        for number in range(self._months):
            days = (month.first, min(month.next.first, today))
            settled = number > 1 or (number == 1 and today.day > SETTLING)
            mark = json.dumps([self._tag, "settled" if settled else str(today)])
            if days[0] < days[1]:
                ready.append(Offer(str(month), mark, tuple(map(str, days)), retry=f"failed {today}"))
            month = month.previous
        return Offered(tuple(reversed(ready)))

    def foreseen(self, offer: Offer) -> tuple[int, int]:
        """What there is, and one kind of charge, up to the ceiling."""
        return 2, self._most

    def fetch(self, offer: Offer, folder: Path) -> Fetched:
        """Ask for a billing period, the kinds of charges one after the other."""
        begins, ends = map(date.fromisoformat, offer.files)
        look = Look(self._ask, begins, ends, self._most)
        found = look.overview()
        remarks, charges = list(found.remarks), []
        for query in look.queries(found, self._tag):
            groups = list(look.groups(query))
            charges += [_charge(query, group, found.names) for group in groups]
            remarks += found.difference(query, groups)
        charges.sort(key=lambda charge: sorted(charge.items()))
        if self._tag and charges and not any("Tags" in charge for charge in charges):
            remarks.append(f"No charge has a value for the tag {self._tag}: activate it as a cost allocation tag.")
        return Fetched((write_charges(folder / f"{offer.name}.csv", charges),), tuple(remarks))

    def forecast(self, month: Month, basis: Basis, now: datetime) -> TheirForecast:
        """What AWS itself expects of the rest of a running month, by one request.

        Raises:
            SourceFailed: it is not allowed, or AWS knows too little.
        """
        begins = max(now.date(), month.first)
        return read_forecast(self._ask(forecast_request(begins, month.next.first, basis), FORECAST))

    def lacking(self) -> list[str]:
        """Why Cost Explorer would not answer, by one request about days that it has long forgotten."""
        try:
            self._ask(request(*LONG_AGO, "MONTHLY"))
        except _Refused as refused:
            return [refused.reason] if refused.code in (*NOBODY, *REFUSALS) else []
        except SourceFailed as failed:
            return [failed.reason]
        return []

    def _ask(self, asked: Mapping[str, Any], action: str = "GetCostAndUsage") -> Mapping[str, Any]:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: Mapping[str, Any] = getattr(self._client, xform_name(action))(**asked)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code not in NOBODY:
                self.paid(_made(error.response))
            raise _Refused(code, action) from None
        except BotoCoreError as error:
            words = (str(error).splitlines() or [""])[0][:200]
            mend = "Credentials come from where AWS's own tools find them."
            raise SourceFailed(f"Cost Explorer: {words}", mend) from None
        self.paid(_made(answer))
        return answer

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        # The same service everywhere, so that no region has to be set for it.
        region = boto3.Session().region_name or "us-east-1"
        return boto3.client("ce", region_name=region, config=Config(retries={"mode": "standard", "max_attempts": 3}))


def _charge(query: Query, group: Group, names: Mapping[str, str]) -> dict[str, str]:
    """A group as a FOCUS charge."""
    account, value = group.keys[0], ""
    if query.account:
        account, value = query.account, group.keys[0].removeprefix(f"{query.tag}$")
    tags = {"Tags": json.dumps({query.tag: value}, ensure_ascii=False)} if value else {}
    billed, effective = group.amounts
    return {
        **of_day(group.day),
        "BilledCost": str(billed),
        "EffectiveCost": str(effective),
        "BillingCurrency": group.currency,
        "ChargeCategory": query.category,
        "ChargeDescription": f"Cost Explorer: {', '.join(query.record_types)}",
        "InvoiceIssuerName": "Amazon Web Services",
        "ProviderName": "AWS",
        "PublisherName": "AWS",
        "ServiceName": group.keys[1],
        "SubAccountId": account,
        "SubAccountName": names.get(account, ""),
        **tags,
    }


def _made(answer: Mapping[str, Any]) -> int:
    """Requests behind an answer: boto3 repeats one that was throttled."""
    return 1 + int(answer.get("ResponseMetadata", {}).get("RetryAttempts", 0))


def _fault(given: Mapping[str, object]) -> str:
    """What is wrong with the keys of finops.yaml."""
    for key, least, most in (("months", 1, MOST_MONTHS), ("most_requests", 2, 1000)):
        text = str(given.get(key, least))
        if not re.fullmatch(r"[0-9]{1,4}", text) or not least <= int(text) <= most:
            return f"takes a whole number from {least} to {most} for {key}"
    return "" if isinstance(given.get("tag", ""), str) else "takes one tag key for tag"


SOURCE = SourceKind(
    "AWS Cost Explorer: cost by day, account and service, for those without an export; $0.01 a request",
    CostExplorer,
    {
        "months": "billing periods to read, the current one included: 2 by default, 14 at most",
        "tag": "key of one cost allocation tag by which usage is told apart; takes a request for each account",
        "most_requests": "ceiling for one look at one billing period, 20 by default: above it nothing more is asked",
    },
    required=(),
    check=_fault,
)
