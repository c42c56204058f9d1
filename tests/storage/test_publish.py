"""Publishing: one transaction, so that no reader ever sees half a delivery."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

import storage.ledger.delivery
from finops.basis import Basis
from finops.company import Company, DerivedTeams, Team
from finops.errors import DeliveryRefused
from finops.scope import Derived, Rule
from storage.budgets import approved_budgets, parse_budgets, record_budgets
from storage.ledger.folder import FolderLedger
from storage.ledger.ingest import republish
from storage.ledger.versions import Version
from storage.ledger.workplace import DeliveryFailed, outside_faults
from storage.spend import coverages
from tests.storage.bills import NOW, Place, charge, summed, write_csv

WIDE = [
    charge(
        BilledCost=f"{day}.{number:018d}", SubAccountId=str(number), ChargePeriodStart=f"2024-09-{day:02d}T05:00:00Z"
    )
    for day in range(1, 31)
    for number in range(8)
]


def by_day(row: dict[str, str]) -> tuple[object, ...]:
    """The key of what daily_spend serves."""
    from datetime import date

    return "unallocated", row["ProviderName"], date.fromisoformat(row["ChargePeriodStart"][:10]), row["BillingCurrency"]


@pytest.mark.parametrize("basis", list(Basis))
def test_what_is_served_is_what_was_billed(place: Place, basis: Basis) -> None:
    """daily_spend holds, to the last of 18 digits, what Python sums from the delivered rows."""
    rows = [
        *WIDE,
        charge(ChargeCategory="Tax", BilledCost="99999999999999.000000000000000001"),
        charge(ChargeCategory="Credit", BilledCost="-3e-18", EffectiveCost="-0.5"),
        charge(BillingCurrency="EUR"),
    ]
    place.ingest(write_csv(place.folder / "a.csv", rows))
    assert place.served(basis) == summed(rows, by_day, basis)


def test_the_run_and_its_figures_come_together(place: Place) -> None:
    """Whoever sees figures sees the run that made them, and the run's rows are the figures' rows."""
    place.ingest(write_csv(place.folder / "a.csv", WIDE))
    assert place.rows(
        "SELECT r.export, r.outcome, r.rows, sum(d.rows) FROM daily_spend d JOIN billing_period p ON d.period = p.id "
        "JOIN ingest_run r ON p.ingest_run = r.id GROUP BY 1, 2, 3"
    ) == [("bill", "published", 240, 240)]


def test_readers_never_see_half_a_delivery(place: Place) -> None:
    """While versions replace each other every read of daily_spend gives one version's total, never a mixture."""
    files = [
        write_csv(place.folder / f"{size}.csv", [{**row, "BilledCost": size} for row in WIDE]) for size in ("1", "7")
    ]
    place.ingest(files[0])
    seen: set[tuple[int, Decimal]] = set()
    ended = threading.Event()
    failed: list[BaseException] = []

    def read() -> None:
        try:
            while not ended.is_set():
                found = place.served()
                seen.add((len(found), sum(found.values(), Decimal())))
        except BaseException as error:
            failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for turn in range(1, 5):
            place.ingest(files[turn % 2])
    finally:
        ended.set()
        for reader in readers:
            reader.join()
    assert not failed
    assert seen <= {(30, Decimal(240)), (30, Decimal(1680))} and seen


def test_a_failure_while_publishing_leaves_what_was(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second of two billing periods cannot be published, neither is, and the ledger keeps no new file."""
    october = {"BillingPeriodStart": "2024-10-01T00:00:00Z", "ChargePeriodStart": "2024-10-02T00:00:00Z"}
    place.ingest(write_csv(place.folder / "a.csv", [charge(), charge(**october)]))
    before = place.stored()
    publish = storage.ledger.delivery.publish_period

    def breaking(connection: object, version: object, *rest: object, **options: object) -> None:
        publish(connection, version, *rest, **options)  # type: ignore[arg-type]
        if version.billing_period == "2024-10":  # type: ignore[attr-defined]
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.ledger.delivery, "publish_period", breaking)
    changed = write_csv(place.folder / "b.csv", [charge(BilledCost="9"), charge(**october, BilledCost="9")])
    refusal = place.refusal(changed)
    assert refusal.reason == "The delivery could not be taken in: [Errno 28] No space left on device."
    assert place.stored() == before
    monkeypatch.undo()
    assert place.ingest(changed).periods == {"2024-09": 2, "2024-10": 2}
    assert place.runs() == ["published", "failed", "published"]


def test_what_another_published_meanwhile_is_not_replaced(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ingest whose former version is no longer the current one is refused whole, and tried again it is published."""
    place.ingest(write_csv(place.folder / "a.csv", [charge()]))
    keep, files = FolderLedger.keep, place.files()

    def meanwhile(self: FolderLedger, staged: Path, version: Version) -> Version:
        with place.state.writing() as connection:
            connection.execute(text("UPDATE billing_period SET version = 9"))
        return keep(self, staged, version)

    monkeypatch.setattr(FolderLedger, "keep", meanwhile)
    changed = write_csv(place.folder / "b.csv", [charge(BilledCost="9")])
    with pytest.raises(DeliveryFailed) as refusal:
        place.ingest(changed)
    assert str(refusal.value) == "Another ingest of bill published 2024-09 meanwhile. Try again."
    assert place.files() == files and sum(place.served().values()) == Decimal("1.5")
    monkeypatch.undo()
    assert place.ingest(changed).periods == {"2024-09": 10}
    assert place.runs() == ["published", "failed", "published"]


def test_what_another_published_meanwhile_is_not_confirmed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery like the former version does not confirm the version that replaced it meanwhile."""
    path = write_csv(place.folder / "a.csv", [charge()])
    place.ingest(path)
    suspect = FolderLedger.suspect

    def meanwhile(self: FolderLedger, version: Version) -> Iterator[str]:
        with place.state.writing() as connection:
            connection.execute(text("UPDATE billing_period SET version = 9"))
        return suspect(self, version)

    monkeypatch.setattr(FolderLedger, "suspect", meanwhile)
    with pytest.raises(DeliveryFailed, match="Another ingest of bill published 2024-09 meanwhile"):
        place.ingest(path, now=NOW + timedelta(days=1))
    assert place.rows("SELECT count(*) FROM ingest_run WHERE outcome = 'failed'") == [(1,)]
    with place.state.reading() as connection:
        assert [found.confirmed_at for found in coverages(connection).values()] == [NOW]


def test_a_changed_scope_moves_rows_between_teams(place: Place) -> None:
    """After the scopes change, publishing anew moves every row to its team and loses none."""
    rows = [charge(Tags='{"Team": "Pay ments"}'), charge(SubAccountId="222"), charge(SubAccountId="333")]
    place.ingest(write_csv(place.folder / "a.csv", rows))
    assert {key[0]: cost for key, cost in place.served().items()} == {"unallocated": Decimal("4.5")}
    place.company = Company(
        teams=(Team(slug="web", name="Web", scope=(Rule(sub_account_id=("222",)),)),),
        derived_teams=DerivedTeams(Derived(tag="team"), ""),
    )
    company, state, ledger = place.company, place.state, place.ledger
    assert republish(company=company, state=state, ledger=ledger, now=NOW) == 1
    assert republish(company=company, state=state, ledger=ledger, now=NOW) == 0
    assert {key[0]: cost for key, cost in place.served().items()} == {
        "pay-ments": Decimal("1.5"),
        "web": Decimal("1.5"),
        "unallocated": Decimal("1.5"),
    }
    assert place.totals("team") == {
        ("pay-ments", "USD"): Decimal("1.5"),
        ("unallocated", "USD"): Decimal("1.5"),
        ("web", "USD"): Decimal("1.5"),
    }


def test_texts_that_a_database_refuses_are_tidied(place: Place) -> None:
    """A NUL, half a surrogate pair, an emoji and a very long name in a bill are served."""
    rows = [
        charge(Tags='{"team": "a\\u0000b"}'),
        charge(Tags='{"team": "\\ud800x"}'),
        charge(Tags='{"team": "🚀"}'),
        charge(Tags='{"team": "' + "long " * 3000 + '"}'),
        charge(ServiceName="E\0C2"),
    ]
    place.company = Company(derived_teams=DerivedTeams(Derived(tag="team"), ""))
    place.ingest(write_csv(place.folder / "a.csv", rows))
    served = {key[0]: cost for key, cost in place.served().items()}
    assert len(served) == 5 and set(served.values()) == {Decimal("1.5")}
    assert {"ab", "x", "unallocated"} < set(served) and max(map(len, served)) <= 100


def test_coverage_says_how_far_a_delivery_reaches(place: Place) -> None:
    """The current version, its rows and its first and last day of ChargePeriodStart are on record."""
    place.ingest(write_csv(place.folder / "a.csv", WIDE))
    with place.state.reading() as connection:
        (found,) = coverages(connection).values()
    assert (found.export, found.billing_period, found.version, found.rows) == ("bill", "2024-09", 1, 240)
    assert (str(found.first_day), str(found.last_day), found.restated) == ("2024-09-01", "2024-09-30", False)
    assert found.delivered_at == found.confirmed_at == NOW


def test_budget_versions_are_kept(place: Place, tmp_path: Path) -> None:
    """A changed budget becomes a new version, an equal one none, and the newest counts, in full precision."""
    said = []
    for amount in ("99999999999999999999.123456789012345678", "+99999999999999999999.123456789012345678", "7"):
        budgets = parse_budgets(f"team,month,amount,currency\nweb,2024-09,{amount},USD\n", "b.csv", lambda _team: None)
        with place.state.writing() as connection:
            said.append(record_budgets(connection, budgets, source="b.csv", by="me", now=NOW))
    assert [(done.new, done.changed, done.unchanged) for done in said] == [(1, 0, 0), (0, 0, 1), (0, 1, 0)]
    with place.state.reading() as connection:
        (budget,) = approved_budgets(connection)
    assert (budget.amount, budget.version) == (Decimal(7), 2)
    assert len(place.rows("SELECT version FROM budget ORDER BY version")) == 2


def test_a_full_database_refuses_the_delivery(place: Place) -> None:
    """SQLite that cannot grow any more is said, and what was served stays."""
    if place.state.engine.dialect.name != "sqlite":
        pytest.skip("SQLite's own limit")
    place.ingest(write_csv(place.folder / "a.csv", [charge()]))
    before = place.served(Basis.BILLED)

    @event.listens_for(place.state.engine, "connect")
    def _limit(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # as many as it has, and no more

    place.state.engine.dispose()
    with pytest.raises(DeliveryFailed) as refusal:
        place.ingest(write_csv(place.folder / "a.csv", [charge(ServiceName=f"s{n}") for n in range(20_000)]))
    assert refusal.value.reason == "The delivery could not be taken in: database or disk is full."
    assert place.served(Basis.BILLED) == before


def test_texts_too_long_for_a_key(place: Place) -> None:
    """They are cut and told apart by a digest, on every database alike, and a remark says so; no money is lost."""
    letters = "".join(Random(1).choices("abcdefghijklmnopqrstuvwxyzäöü東京", k=6000))
    long = {name: f"{name}-{letters}" for name in ("ServiceName", "SubAccountId", "SubAccountName", "RegionId")}
    rows = [
        charge(BilledCost="1", **long),
        charge(BilledCost="2", **{**long, "ServiceName": f"{long['ServiceName']}x"}),
    ]
    done = place.ingest(write_csv(place.folder / "a.csv", rows))
    assert done.remarks[-1] == (
        "a.csv: SubAccountId, SubAccountName, ServiceName, RegionId: texts of more than 500 bytes are shown by their "
        "first 100 characters and a digest."
    )

    def served(text: str) -> str:
        return f"{text[:100]}…{sha256(text.encode()).hexdigest()[:10]}"

    assert place.rows("SELECT service, rows FROM daily_spend ORDER BY billed_cost") == [
        (served(str(row["ServiceName"])), 1) for row in rows
    ]
    names = ("SubAccountId", "SubAccountName", "RegionId")
    assert place.rows("SELECT sub_account_id, sub_account_name, region FROM monthly_spend") == [
        tuple(served(long[name]) for name in names)
    ]
    # The ledger keeps them whole, and teams are found by the whole of them.
    assert place.totals("service") == {(row["ServiceName"], "USD"): Decimal(row["BilledCost"]) for row in rows}
    assert place.ingest(write_csv(place.folder / "a.csv", [charge(ServiceName="ä" * 250)])).remarks == ()


def test_costs_that_only_together_overflow_are_refused(place: Place) -> None:
    """Days that fit one by one and not as a month's change refuse the second delivery, and the first stays."""
    first = [charge(BilledCost="6e19", ChargePeriodStart=f"2024-09-0{day}T00:00:00Z") for day in (1,)]
    path = place.folder / "a.csv"
    later = NOW + timedelta(days=60)
    place.ingest(write_csv(path, [*first, charge(BilledCost="0", ChargePeriodStart="2024-09-02T00:00:00Z")]), now=later)
    before = place.served(Basis.BILLED)
    both = [*first, charge(BilledCost="6e19", ChargePeriodStart="2024-09-02T00:00:00Z")]
    with pytest.raises(DeliveryRefused) as refused:
        place.ingest(write_csv(path, both), now=later)
    assert refused.value.reason == "The costs of one team add up to more than DECIMAL(38,18) holds."
    assert place.served(Basis.BILLED) == before


def test_a_database_servers_words_are_not_shown() -> None:
    """What a server says of a broken connection, with its host and account, stays in the log; SQLite's own is shown."""
    raw = 'connection to server at "10.1.2.3", port 5432 failed: FATAL: password for user "finops" is wrong'
    for cause, words in (
        (OSError(raw), "the database failed, see the log"),
        (sqlite3.OperationalError("full"), "full"),
    ):
        with pytest.raises(DeliveryFailed) as refusal, outside_faults():
            raise OperationalError("SELECT body FROM alert", {}, cause)
        assert refusal.value.reason == f"The delivery could not be taken in: {words}."


def test_a_damaged_database_file_is_a_reason() -> None:
    """A file of SQLite that is malformed refuses the delivery with that; what this program did wrong is raised on."""
    malformed = sqlite3.DatabaseError("database disk image is malformed")
    with pytest.raises(DeliveryFailed) as refusal, outside_faults():
        raise DatabaseError("SELECT body FROM alert", {}, malformed)
    assert refusal.value.reason == "The delivery could not be taken in: database disk image is malformed."
    with pytest.raises(IntegrityError), outside_faults():
        raise IntegrityError("INSERT INTO alert", {}, sqlite3.IntegrityError("UNIQUE constraint failed"))
