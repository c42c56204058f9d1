"""OpenCost: a Kubernetes cluster's cost by namespace, workload and label, from its server or from files of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from finops.money import plain
from finops.periods import DAY, Month
from storage.sources.focus_rows import of_day, write_charges
from storage.sources.opencost_answer import IDLE, UNALLOCATED, Measured, read_answer
from storage.sources.opencost_server import OpenCostServer
from storage.sources.replacement import Replaced, billed_charges, put_in, taken_out, version_of
from storage.sources.source import Fetched, Offer, Offered, SourceFailed, SourceKind, Waiting

if TYPE_CHECKING:  # DuckDB comes with it, which the web process does without
    from storage.ledger.versions import Ledger
    from storage.state import State

OF_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?!\d).*\.json")
"""An answer's file is named by its day; what follows tells two of one day apart."""
LAG = timedelta(hours=1)
"""After a day's end, until all of it is measured."""
TOLD_BY = "allocated by OpenCost"


class OpenCost:
    """Answers of one or more clusters, a file for each day, and the server that gives them.

    Args:
        path: folder of the answers, where those of the server are kept too: Prometheus forgets them.
        url: of the server, empty where others put the files there.
        since: the first day, ISO 8601; that of the first file where empty.
        adds: 'true' where the cluster's cost is in no other bill.
        replaces: JSON, see replacement.Replaced; empty where it adds.
        labels: JSON, a list of the labels to tell apart, or one of them.
        cluster: its name, instead of the one that OpenCost gives.
        currency: of OpenCost's prices.
    """

    def __init__(
        self,
        path: str,
        url: str = "",
        since: str = "",
        adds: str = "",
        replaces: str = "",
        labels: str = "",
        cluster: str = "",
        currency: str = "USD",
        *,
        state: State,
        ledger: Ledger,
    ) -> None:
        self._folder, self._server = Path(path), OpenCostServer(url) if url else None
        self._since = date.fromisoformat(since) if since else None
        self._replaced = Replaced.of(json.loads(replaces)) if replaces else None
        self._labels = tuple(json.loads(labels)) if labels.startswith("[") else (labels,) if labels else ()
        self._cluster, self._currency = cluster, currency
        self._state, self._ledger = state, ledger
        self._settings = json.dumps([adds, replaces, labels, cluster, currency])

    def offered(self, now: datetime) -> Offered:
        """Each month whose days are all there; those that the server has and the folder has not are brought first."""
        last = (now - LAG).date() - DAY
        why = self._bring(self._server, last) if self._server else {}
        files = self._files()
        first = self._since or min(files, default=None)
        last = last if self._server else max(files, default=last)
        if first is None:
            raise SourceFailed(f"{self._folder}: there is no file named by its day.", "Such as 2026-11-05.json.")
        found: list[Offer | Waiting] = []
        month = Month.of(first)
        while month.first <= last:
            found.append(self._offer(month, [day for day in month.days() if first <= day <= last], files, why))
            month = month.next
        ready = tuple(each for each in found if isinstance(each, Offer))
        return Offered(ready, tuple(each for each in found if isinstance(each, Waiting)))

    def fetch(self, offer: Offer, folder: Path) -> Fetched:
        """One month's answers as charges."""
        month = Month.parse(offer.name)
        days: dict[date, list[Measured]] = defaultdict(list)
        for name in offer.files:
            day = _day_of(name)
            measured = read_answer(self._folder / name, day)
            both = {each.cluster for each in measured} & {each.cluster for each in days[day]}
            if both:
                raise SourceFailed(f"{name} is not the only file about {min(both) or 'its cluster'} on {day}.")
            days[day] += measured
        remarks: list[str] = []
        charges = self._replacing(month, days, remarks) if self._replaced else self._adding(days)
        return Fetched((write_charges(folder / f"{offer.name}.csv", charges),), tuple(remarks))

    def lacking(self) -> list[str]:
        """Whether the folder and the server are there."""
        if self._server:
            return self._server.lacking()
        return [] if self._folder.is_dir() else [f"{self._folder} does not exist."]

    def _offer(
        self, month: Month, days: list[date], files: Mapping[date, list[Path]], why: Mapping[Month, str]
    ) -> Offer | Waiting:
        if lacking := [day for day in days if day not in files]:
            reason = why.get(month) or f"there is no file of {lacking[0]}."
            return Waiting(str(month), f"{len(lacking)} of {len(days)} days are missing: {reason}")
        settings = self._settings
        if self._replaced:
            version = version_of(self._state, self._replaced.export, month)
            if version is None:
                return Waiting(str(month), f"{self._replaced.export} has no {month} yet, which it replaces charges of.")
            settings += f" {version}"
        seen = [(path.name, path.stat()) for day in days for path in files[day]]
        marks = "\n".join([settings, *(f"{name} {found.st_size} {found.st_mtime_ns}" for name, found in seen)])
        mark = hashlib.sha256(marks.encode()).hexdigest()[:32]
        return Offer(str(month), mark, tuple(name for name, _ in seen), sum(found.st_size for _, found in seen))

    def _files(self) -> dict[date, list[Path]]:
        if not self._folder.is_dir():
            raise SourceFailed(f"{self._folder} does not exist.", "Mend `sources:` in finops.yaml.")
        found: dict[date, list[Path]] = defaultdict(list)
        for path in sorted(self._folder.iterdir()):
            if OF_DAY.fullmatch(path.name):
                found[_day_of(path.name)].append(path)
        return dict(found)

    def _bring(self, server: OpenCostServer, last: date) -> dict[Month, str]:
        """Ask for every day that is not there; returns why a month is not whole.

        After the first day of a month that cannot be had, the others of it are asked for another time.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SourceFailed(f"{self._folder} cannot be made ({error.strerror}).") from None
        files, why, day = self._files(), {}, self._since or last
        while day <= last:
            if day not in files and (month := Month.of(day)) not in why:
                try:
                    self._keep(server, day)
                except SourceFailed as failed:
                    why[month] = failed.reason
            day += DAY
        return why

    def _keep(self, server: OpenCostServer, day: date) -> None:
        """Ask for a day, and keep the answer under the day's name."""
        answer = server.day(day, self._labels)
        beside = self._folder / f".{day}.json"
        try:
            beside.write_bytes(answer)
            beside.replace(self._folder / f"{day}.json")
        except OSError as error:
            raise SourceFailed(f"{self._folder} cannot be written ({error.strerror}).") from None

    def _adding(self, days: Mapping[date, list[Measured]]) -> Iterator[dict[str, str]]:
        """What was measured, as it was priced."""
        for day, measured in sorted(days.items()):
            for each in measured:
                cost = plain(each.cost)
                yield {
                    **of_day(day),
                    **self._workload(each),
                    "BilledCost": cost,
                    "EffectiveCost": cost,
                    "ListCost": cost,
                    "ContractedCost": cost,
                    "BillingCurrency": self._currency,
                    "ChargeCategory": "Usage",
                }

    def _replacing(
        self, month: Month, days: Mapping[date, list[Measured]], remarks: list[str]
    ) -> Iterator[dict[str, str]]:
        """The replaced charges taken out, and shared out to what was measured, of each day that has both."""
        assert self._replaced is not None
        billed = billed_charges(self._state, self._ledger, self._replaced, month)
        positive = {day: [each for each in days[day] if each.cost > 0] for day in sorted(days)}
        both = [day for day in positive if positive[day] and day in billed]
        export = self._replaced.export
        if not both:
            raise SourceFailed(f"{export} has no charge that `replaces` names on a measured day of {month}.")
        if only := [day for day in positive if day not in both]:
            why = f"{export} has no such charge there, or nothing was measured"
            remarks.append(f"{len(only)} of {len(days)} days are not replaced, the first {only[0]}: {why}.")
        for day in both:
            for charge in billed[day]:
                yield {**of_day(day), **taken_out(charge), "ChargeDescription": TOLD_BY}
            for number, columns in put_in(billed[day], [each.cost for each in positive[day]]):
                yield {**of_day(day), **self._workload(positive[day][number]), **columns}

    def _workload(self, measured: Measured) -> dict[str, str]:
        """The columns that say whose it is."""
        cluster = self._cluster or measured.cluster
        tags = {**dict(measured.labels), "namespace": measured.namespace}
        if measured.controller:
            tags["controller"] = measured.controller
        what = {IDLE: "idle", UNALLOCATED: "of no namespace"}.get(measured.namespace, measured.namespace)
        return {
            "ProviderName": "Kubernetes",
            "PublisherName": "Kubernetes",
            "ServiceName": measured.kind,
            "ServiceCategory": measured.category,
            "SubAccountId": cluster,
            "SubAccountName": cluster,
            "ResourceName": "/".join(filter(None, (measured.namespace, measured.controller))),
            "Tags": json.dumps(tags, ensure_ascii=False, sort_keys=True),
            "ChargeDescription": f"{measured.kind} {what}, {TOLD_BY}",
        }


def _day_of(name: str) -> date:
    match = OF_DAY.fullmatch(name)
    assert match is not None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        raise SourceFailed(f"{name}: there is no day {match[1]}.") from None


def _fault(given: Mapping[str, object]) -> str:
    """What is wrong with the keys of finops.yaml; above all, whether money would count twice."""
    adds, replaces, labels = given.get("adds", "false"), given.get("replaces"), given.get("labels", [])
    if adds not in ("true", "false"):
        return "takes true or false for adds"
    if (adds == "true") == bool(replaces):
        return (
            "needs either `replaces` (charges of a bill, whose cost the cluster's workloads used) or `adds: true` (the "
            "cluster's cost is in no other bill); otherwise the same money could count twice"
        )
    if replaces:
        try:
            Replaced.of(replaces if isinstance(replaces, Mapping) else {})
        except ValueError as fault:
            return f"cannot be used: {fault}"
    if given.get("url") and not given.get("since"):
        return "with a url needs the key since: the first day that OpenCost has"
    try:
        date.fromisoformat(str(given.get("since", "2000-01-01")))
    except ValueError:
        return "takes a day such as 2026-11-01 for since"
    if not isinstance(labels, str) and not (isinstance(labels, list) and all(isinstance(each, str) for each in labels)):
        return "takes names for labels"
    if not re.fullmatch("[A-Z]{3}", str(given.get("currency", "USD"))):
        return "takes an ISO 4217 code for currency"
    return ""


SOURCE = SourceKind(
    "OpenCost: a Kubernetes cluster's cost by namespace, workload and label",
    OpenCost,
    {
        "path": "folder of answers of /allocation, one or more for each day, named by it: 2026-11-05.json",
        "url": "of the server, which is asked for each day that the folder lacks; http://opencost.opencost:9003",
        "since": "first day to be read; with a url it must be given",
        "replaces": "`export`, and which of its charges are the cluster: `sub_account_id`, `sub_account_name`, "
        "`service`, `provider`, `tag`; their billed cost is shared out by what OpenCost measured",
        "adds": "`true` where the cluster's cost is in no other bill: it counts at OpenCost's prices",
        "labels": "labels to tell apart, as OpenCost writes them (`app_kubernetes_io_name`)",
        "cluster": "its name, instead of the one that OpenCost gives",
        "currency": "of OpenCost's prices, USD by default; `replaces` has that of the bill",
    },
    check=_fault,
)
