"""What doctor says of the ways in which alerts of AWS come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from pydantic import SecretStr

from bot.doctor import Finding, examine
from bot.installation import Installation
from finops.incoming_alert import IncomingRule, IncomingRules
from storage.incoming_queue import Queue
from tests.company import make_company
from tests.queues import Mail, made_up_credentials, make_mail

TOPIC = "arn:aws:sns:eu-west-1:123456789012:budgets"


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    """A queue of moto's."""
    made_up_credentials(monkeypatch)
    with mock_aws():
        yield make_mail()


def found(folder: Path, rules: IncomingRules, secret: str = "a signing secret") -> Finding:
    """What the check says."""
    place: Installation = make_company(folder, bill=False)
    place.company = replace(place.company, incoming=rules)
    place.settings.slack_signing_secret = SecretStr(secret)
    [finding] = [each for each in examine(place) if each.check == "incoming"]
    place.state.close()
    return finding


def test_nothing_comes_in(tmp_path: Path) -> None:
    """Where nothing is set, that is said and AWS is not asked."""
    assert found(tmp_path, IncomingRules()) == Finding("incoming", True, "no alerts of AWS come in")


def test_all_is_well(tmp_path: Path, mail: Mail) -> None:
    """Topics, a queue that can be used, and the rules are counted."""
    rules = IncomingRules((TOPIC,), mail.url, (IncomingRule("payments", account=("1",)),))
    said = "1 topics by `finops web`, a queue that can be read and emptied, 1 rules of whose they are"
    assert found(tmp_path, rules) == Finding("incoming", True, said)


def test_topics_without_a_web_process(tmp_path: Path) -> None:
    """Topics that nobody could listen to are a warning: the web process may run elsewhere."""
    finding = found(tmp_path, IncomingRules((TOPIC,)), secret="")
    assert (finding.good, finding.warns) == (False, True)
    assert finding.said == "`incoming.topics` are taken by `finops web` alone, which needs SLACK_SIGNING_SECRET."


def test_missing_permissions(tmp_path: Path, mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each permission that AWS refuses is named."""
    from botocore.exceptions import ClientError

    client = Queue(mail.url)._client

    def denied(**_options: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "any")

    for name in ("receive_message", "delete_message"):
        monkeypatch.setattr(client, name, denied)
    monkeypatch.setattr(Queue, "_client", client)
    finding = found(tmp_path, IncomingRules(queue=mail.url))
    assert (finding.good, finding.warns) == (False, False)
    assert finding.said == (
        f"AWS does not allow sqs:ReceiveMessage on {mail.url}. AWS does not allow sqs:DeleteMessage on {mail.url}."
    )
