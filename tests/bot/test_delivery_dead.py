"""What is given up: seen, named, and tried again when a person says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import update

from storage import deliveries
from tests.bot.delivering import PostOffice, each_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PostOffice]:
    """A sender's surroundings."""
    yield from each_office(tmp_path)


def _dead(office: PostOffice) -> list[deliveries.DeadLetter]:
    with office.state.reading() as connection:
        return deliveries.dead(connection)


def _revive(office: PostOffice, prefix: str) -> int:
    with office.state.writing() as connection:
        return deliveries.revive(connection, prefix, office.clock())


def _deaths() -> float:
    return REGISTRY.get_sample_value("finops_deliveries_total", {"kind": "test", "outcome": "dead"}) or 0.0


def test_a_death_is_an_error_with_its_key(office: PostOffice, capsys: pytest.CaptureFixture[str]) -> None:
    """A delivery that is given up is logged as an error with its key and counted, and listed with its reason."""
    sender, before = office.sender(), _deaths()
    office.queue("daily/payments/2026-11-12", blocks=[{"type": "nonsense"}])
    office.send_all(sender, 2)
    [line] = [line for line in capsys.readouterr().out.splitlines() if "delivery died" in line]
    assert "error" in line and "key=daily/payments/2026-11-12" in line and "invalid_blocks" in line
    assert _deaths() - before == 1
    [letter] = _dead(office)
    assert (letter.key, letter.destination, letter.attempts) == ("daily/payments/2026-11-12", "#cost-payments", 1)
    assert letter.error.startswith("invalid_blocks")


def test_what_a_person_mended_is_sent_after_all(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message to a channel that is missing dies after its last try, and is sent once the channel is there."""
    monkeypatch.setattr("bot.delivery.MOST_ATTEMPTS", 5)
    sender = office.sender()
    office.queue("daily/a", place="#nowhere")
    office.queue("daily/b", place="#nowhere-else")
    office.send_all(sender, 6)
    assert [letter.attempts for letter in _dead(office)] == [5, 5]
    with office.state.writing() as connection:
        connection.execute(update(deliveries.TABLE).values(destination="#cost-idle"))
    assert _revive(office, "daily/a") == 1
    office.send_all(sender, 2)
    assert (office.texts("cost-idle"), office.counts()) == (["hello"], {"sent": 1, "dead": 1})
    assert office.find("daily/a").attempts == 0


def test_an_answer_whose_address_is_used_up_stays_dead(office: PostOffice) -> None:
    """An answer through a response_url forgets the address when it dies, and cannot be revived."""
    sender = office.sender()
    office.queue("answer/1", place=f"response:{office.sandbox.url}/response/unknown", kind="answer")
    office.send_all(sender, 2)
    assert [letter.destination for letter in _dead(office)] == ["response:"]
    assert _revive(office, "") == 0
