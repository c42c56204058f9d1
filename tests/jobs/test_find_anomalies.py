"""The job that looks for anomalies, on a bill with a spike: what is found, said, answered and over."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.installation import Installation
from finops.anomaly import Anomaly, AnomalySetting, Cause, expect, false_alarm, investigate
from finops.anomaly_rules import TeamAnomalies
from jobs.find_anomalies import GONE, OTHER_RULES, RESTATED
from storage.anomalies import find_anomaly, save_anomalies
from storage.ledger.ingest import ingest
from tests.company import CONFIG, Charge, take_in, write_bill
from tests.jobs.anomalous import DAY, NOW, SPIKE, charges, company_of, deliver, look, make_place, recorded, said, stored

MORE = {SPIKE: Decimal(400), SPIKE + DAY: Decimal(500)}


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """The company, its bill with a spike on the last two settled days."""
    found = make_place(tmp_path)
    deliver(found, MORE, NOW)
    return found


def setting(place: Installation) -> AnomalySetting:
    team = place.company.listed["payments"]
    return AnomalySetting(place.company.policy(team).calendar, SPIKE)


def answered(place: Installation, change: object) -> Anomaly:
    """Write an answer to the only anomaly, as a click does."""
    with place.state.writing() as connection:
        assert find_anomaly(connection, 1, lock=True)
        [saved] = save_anomalies(connection, [change], place.now)  # type: ignore[list-item]
    return saved.anomaly


def test_a_spike_is_found_told_and_explained_by_the_bill(place: Installation) -> None:
    """One record, one message that pings the team, and what of the bill made the difference; again it is nothing."""
    assert look(place) == "1 found"
    [anomaly] = stored(place)
    assert (anomaly.key.series.team, anomaly.key.series.service, anomaly.key.first_day) == (
        "payments",
        "Compute",
        SPIKE,
    )
    assert (anomaly.found.cost, anomaly.found.expected, anomaly.found.over_on) == (1100, 200, None)
    assert anomaly.causes == (
        Cause("account", "production (0012)", Decimal(900)),
        Cause("region", "eu-west-1", Decimal(900)),
        Cause("usage type", "A charge", Decimal(900)),
    )
    [(key, (revision, text))] = said(place).items()
    assert (key, revision) == ("anomaly/1", 1)
    assert "Compute (AWS) cost *$900 more than expected* on 8–9 Nov" in text
    assert "<@UALICE>" in text and "<@UBOB>" in text and "To do by Fri 13 Nov" in text
    before = (said(place), stored(place), recorded(place))
    assert before[2] == [("finops", "anomaly.found")]
    for _ in range(2):
        assert look(place) == "nothing new"
    assert (said(place), stored(place), recorded(place)) == before


def test_it_is_over_in_the_same_message(place: Installation) -> None:
    """Days as usual afterwards end it: its message is edited, and its thread says so; nobody is pinged."""
    look(place)
    deliver(place, MORE, NOW + 4 * DAY)
    assert look(place) == "1 over"
    found = said(place)
    assert {key: revision for key, (revision, _) in found.items()} == {"anomaly/1": 2, "anomaly/1/2.1": 1}
    assert "*Over* since 11 Nov" in found["anomaly/1"][1] and "<@" not in found["anomaly/1/2.1"][1]


@pytest.mark.parametrize("days", [14, 30])
def test_what_is_long_over_at_the_first_look_pings_nobody(tmp_path: Path, days: int) -> None:
    """An installation that looks for the first time records the past, and posts nothing of it."""
    place = make_place(tmp_path)
    deliver(place, MORE, NOW + days * DAY)
    assert look(place) == "1 found, 1 over"
    [anomaly] = stored(place)
    assert (anomaly.told_at, anomaly.is_over, anomaly.causes, said(place)) == (None, True, (), {})


def test_shadow_records_and_off_does_not_look(place: Installation) -> None:
    """In shadow mode nothing is posted; where it is off, nothing is recorded; live again, what lasts is told."""
    off = replace(
        place.company,
        teams=tuple(replace(team, anomalies=TeamAnomalies(mode="off")) for team in place.company.teams),
    )
    assert look(place, company=off) == "nothing new" and stored(place) == []
    assert look(place, company=company_of(place, "shadow")) == "1 found" and said(place) == {}
    muted = replace(place.company, alerts=replace(place.company.alerts, live=False))
    assert look(place, company=muted) == "nothing new" and said(place) == {}
    assert look(place) == "1 raised-again" and list(said(place)) == ["anomaly/1"]


def test_expected_holds_until_its_day(place: Installation) -> None:
    """While it is expected nothing pings, however long it lasts; after its day it is raised again, once."""
    look(place)
    [anomaly] = stored(place)
    answered(place, expect(anomaly, "UALICE", date(2026, 11, 14), setting(place), place.now))
    for days, wanted in ((2, "nothing new"), (5, "nothing new"), (6, "1 raised-again"), (7, "nothing new")):
        now = NOW + days * DAY
        deliver(place, {SPIKE + n * DAY: Decimal(400) for n in range(days + 5)} | MORE, now)
        assert (days, look(place)) == (days, wanted)
    notes = [text for key, (_, text) in said(place).items() if key != "anomaly/1" and key.count("/") == 2]
    assert len(notes) == 1 and "<@UALICE>" in notes[0]
    assert "*Expected*, says Alice; that ended on Sat 14 Nov 2026." in said(place)["anomaly/1"][1]


def test_a_false_alarm_counts_from_the_next_look_on(place: Installation) -> None:
    """The next spike of the service pings nobody unless it is more than twice as far above."""
    look(place)
    [anomaly] = stored(place)
    answered(place, false_alarm(anomaly, "UALICE", setting(place), place.now))
    later = SPIKE + 10 * DAY
    deliver(place, MORE | {later: Decimal(990)}, NOW + 10 * DAY)
    assert look(place) == "1 found, 1 over"
    silent = stored(place)[1]
    assert (silent.key.first_day, silent.told_at, silent.silent_by) == (later, None, "UALICE")
    assert "anomaly/2" not in said(place)
    deliver(place, MORE | {later: Decimal(990), later + DAY: Decimal(1100)}, NOW + 11 * DAY)
    assert look(place) == "1 raised-again"
    assert "anomaly/2" in said(place)


def test_the_cost_review_is_asked_for_once(place: Installation) -> None:
    """Five working days after an investigated anomaly is over, whoever looked into it is reminded, and only once."""
    look(place)
    [anomaly] = stored(place)
    answered(place, investigate(anomaly, "UALICE", setting(place), place.now))
    deliver(place, MORE, NOW + 4 * DAY)
    assert look(place) == "1 over"
    assert stored(place)[0].review_on == date(2026, 11, 23)
    for days, wanted in ((10, "nothing new"), (11, "1 review-asked"), (12, "nothing new")):
        deliver(place, MORE, NOW + days * DAY)
        assert (days, look(place)) == (days, wanted)
    asked = {key: text for key, (_, text) in said(place).items() if "review-asked" in key}
    assert [key.rsplit("/", 1)[1] for key in asked] == ["UALICE"]
    assert "You looked into it, and it is over." in next(iter(asked.values()))


def test_what_a_restatement_takes_away_is_withdrawn(place: Installation) -> None:
    """A bill that no longer shows it withdraws it in its own message; shown again, it is a new one."""
    look(place)
    deliver(place, {}, NOW + timedelta(hours=1))
    assert look(place) == "1 withdrawn"
    assert "*Withdrawn*: the figures were restated" in said(place)["anomaly/1"][1]
    assert look(place) == "nothing new"
    deliver(place, MORE, NOW + timedelta(hours=2))
    assert look(place) == "1 found"
    assert [each.number for each in stored(place)] == [1, 2]


@pytest.fixture
def wrong(tmp_path: Path) -> Installation:
    """The company, its bill with a service that never cost anything before, and what was found in it."""
    found = make_place(tmp_path)
    bill(found, SPIKE + 3 * DAY, "Wrong")
    assert look(found) == "1 found"
    return found


def bill(place: Installation, through: date, service: str = "", export: str = "") -> None:
    """Deliver the usual days through one, and two of a service; as the bill itself, or as another export."""
    more = [
        Charge(day, Decimal(900), "payments", service) for day in (SPIKE, SPIKE + DAY) if service and day <= through
    ]
    found = charges({}, through) + more
    if not export:
        write_bill(Path(next(iter(place.company.sources.values())).keys["path"]) / "bill.csv", found)
        take_in(place)
        return
    folder = place.config_path.parent / export
    write_bill(folder / "bill.csv", found)
    ingest([folder], export, company=place.company, state=place.state, ledger=place.ledger, now=place.now)


def test_what_leaves_the_figures_with_its_service_is_withdrawn(wrong: Installation) -> None:
    """A service restated away has no days to judge any more: its anomaly is withdrawn with that reason, once."""
    bill(wrong, SPIKE + 3 * DAY)
    assert look(wrong) == "1 withdrawn" and look(wrong) == "nothing new"
    assert stored(wrong)[0].withdrawn == GONE
    assert "*Withdrawn*: its team or service has no charges any more." in said(wrong)["anomaly/1"][1]


def test_what_is_not_delivered_withdraws_nothing(wrong: Installation) -> None:
    """While a bill ends before the days of an anomaly it does not say that these cost nothing."""
    bill(wrong, SPIKE - DAY)
    assert look(wrong) == "nothing new"
    bill(wrong, SPIKE + 3 * DAY)
    assert look(wrong) == "1 withdrawn"


def test_days_that_are_not_delivered_any_more_withdraw_nothing(place: Installation) -> None:
    """Nor where the service has other days: what the anomaly's cost is not known until they are delivered again."""
    look(place)
    bill(place, SPIKE - DAY)
    assert look(place) == "nothing new"
    bill(place, SPIKE + 3 * DAY)
    assert look(place) == "1 withdrawn" and stored(place)[0].withdrawn == RESTATED


def test_what_one_export_is_yet_to_deliver_withdraws_nothing(tmp_path: Path) -> None:
    """While an export that delivers still is behind the days of an anomaly, another's figures do not withdraw it."""
    place = make_place(tmp_path)
    bill(place, SPIKE + 3 * DAY)
    bill(place, SPIKE + 3 * DAY, "Wrong", export="second")
    assert "1 found" in look(place)
    bill(place, SPIKE - DAY, export="second")
    look(place)
    assert [each.withdrawn for each in stored(place) if each.key.series.service == "Wrong"] == [""]
    bill(place, SPIKE + 3 * DAY, export="second")
    look(place)
    assert [each.withdrawn for each in stored(place) if each.key.series.service == "Wrong"] == [GONE]


def test_a_renamed_team_leaves_nothing_open(place: Installation, tmp_path: Path) -> None:
    """The anomaly of a team that is another now is withdrawn where it was told; the other team is told."""
    look(place)
    (tmp_path / "finops.yaml").write_text(CONFIG.replace("slug: payments", "slug: paying"))
    renamed = Installation(tmp_path / "finops.yaml", place.settings, place.clock)
    deliver(renamed, MORE, NOW + timedelta(hours=1))
    assert look(renamed) == "1 found, 1 withdrawn"
    assert [(each.key.series.team, each.withdrawn) for each in stored(renamed)] == [("payments", GONE), ("paying", "")]
    assert "*Withdrawn*" in said(renamed)["anomaly/1"][1] and "anomaly/2" in said(renamed)


@pytest.mark.parametrize(
    ("cost", "overlap", "told"), [(100, 0, False), (119, 0, False), (121, 0, True), (100, 2, False), (100, 3, True)]
)
def test_a_renamed_service_is_not_told(tmp_path: Path, cost: int, overlap: int, told: bool) -> None:
    """A service that begins as another of the same provider ends, and costs up to a fifth more or less, is recorded and
    told to nobody; one that costs more still, or begins while the other lasts, is told.
    """
    place = make_place(tmp_path)
    begins = SPIKE - 2 * DAY
    old = [each for each in charges({}) if each.day < begins + overlap * DAY]
    new = [Charge(each.day, Decimal(cost), "payments", "Compute Engine") for each in charges({}) if each.day >= begins]
    write_bill(Path(next(iter(place.company.sources.values())).keys["path"]) / "bill.csv", old + new)
    take_in(place)
    look(place)
    [anomaly] = [each for each in stored(place) if each.key.series.service == "Compute Engine"]
    assert (anomaly.key.first_day, anomaly.told_at is not None) == (begins, told)


def test_a_new_spike_inherits_no_silence(place: Installation) -> None:
    """A spike that a delivery takes away silences none that the same delivery shows within three days of it."""
    look(place)
    [anomaly] = stored(place)
    answered(place, false_alarm(anomaly, "UALICE", setting(place), place.now))
    deliver(place, {SPIKE + 2 * DAY: Decimal(800)}, NOW + DAY)
    assert look(place) == "1 found, 1 withdrawn"
    old, fresh = stored(place)
    assert (old.withdrawn, fresh.key.first_day) == (RESTATED, SPIKE + 2 * DAY)
    assert fresh.told_at and "anomaly/2" in said(place)
    assert fresh.causes[0] == Cause("account", "production (0012)", Decimal(800))


def test_a_restatement_beyond_an_answer_pings(place: Installation) -> None:
    """A day that was known when it was called a false alarm is told again where it is restated beyond the limit."""
    look(place)
    [anomaly] = stored(place)
    answered(place, false_alarm(anomaly, "UALICE", setting(place), place.now))
    deliver(place, {day: 2 * cost for day, cost in MORE.items()}, NOW + timedelta(hours=1))
    assert look(place) == "nothing new"
    deliver(place, {day: 100 * cost for day, cost in MORE.items()}, NOW + timedelta(hours=2))
    assert look(place) == "1 raised-again" and look(place) == "nothing new"


def test_a_shift_is_one_anomaly(place: Installation) -> None:
    """A level that stays is one record and one message, and over once it is the new level."""
    raised = {SPIKE + number * DAY: Decimal(400) for number in range(60)}
    for days in (0, 6, 12, 18):
        deliver(place, raised, NOW + days * DAY)
        look(place)
    [anomaly] = stored(place)
    assert anomaly.found.is_absorbed and list(said(place)) == ["anomaly/1", f"anomaly/1/{anomaly.version}.1"]
    assert recorded(place) == [("finops", "anomaly.found"), ("finops", "anomaly.over")]


def test_an_earlier_finding_leaves_a_known_one_its_record(place: Installation) -> None:
    """A restatement that shows another spike three days before makes a new record; taken away, only that one goes."""
    before = SPIKE - 3 * DAY
    look(place)
    [anomaly] = stored(place)
    answered(place, false_alarm(anomaly, "UALICE", setting(place), place.now))
    deliver(place, MORE | {before: Decimal(400)}, NOW + timedelta(hours=1))
    assert look(place) == "1 found, 1 over"
    assert [(each.number, each.found.first_day) for each in stored(place)] == [(1, SPIKE), (2, before)]
    assert look(place) == "nothing new"
    deliver(place, MORE, NOW + timedelta(hours=2))
    assert look(place) == "1 withdrawn"
    [first, second] = stored(place)
    assert first.answer and not first.withdrawn and second.withdrawn == RESTATED


def test_without_its_ledger_it_is_told_without_causes(place: Installation, tmp_path: Path) -> None:
    """A version of the ledger that cannot be read keeps no anomaly from being recorded and told."""
    shutil.rmtree(tmp_path / "ledger")
    assert look(place) == "1 found"
    [anomaly] = stored(place)
    assert (anomaly.causes, list(said(place))) == ((), ["anomaly/1"])


def test_changed_rules_are_named(place: Installation) -> None:
    """What a higher threshold takes away was not restated, and the message does not say so."""
    look(place)
    strict = replace(place.company, anomalies=replace(place.company.anomalies, amount=Decimal(1000)))
    assert look(place, company=strict) == "1 withdrawn"
    assert stored(place)[0].withdrawn == OTHER_RULES


def test_where_none_are_looked_for_any_more_none_stays_open(place: Installation) -> None:
    """A team that is off has its open anomalies withdrawn, once; those that are over and answered stay."""
    look(place)
    off = company_of(place, "off")
    assert look(place, company=off) == "1 withdrawn" and look(place, company=off) == "nothing new"
    assert stored(place)[0].withdrawn == "anomalies of this team are no longer looked for"


def test_what_an_ended_export_held_pings_nobody(tmp_path: Path) -> None:
    """How long ago a day is counts from the newest figures of all: a bill taken in late raises no old spike."""
    place = make_place(tmp_path)
    old = [date(2026, 1, 1) + number * DAY for number in range(150)]
    folder = tmp_path / "archive"
    more = {old[-1]: Decimal(4000), old[-2]: Decimal(4000)}
    write_bill(folder / "bill.csv", [Charge(day, more.get(day, Decimal(100)), "payments", "Old") for day in old])
    ingest([folder], "archive", company=place.company, state=place.state, ledger=place.ledger, now=NOW)
    deliver(place, {}, NOW)
    assert look(place) == "1 found"
    [anomaly] = stored(place)
    assert (anomaly.key.series.service, anomaly.told_at, said(place)) == ("Old", None, {})
