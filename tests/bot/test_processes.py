"""The processes: what the web one loads, what doctor says, what the log keeps to itself, and the manifests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.doctor import Finding, examine, manifest_scopes
from bot.log import without_secrets
from storage.people import channel_id
from tests.bot.conftest import Bench, open_bench
from tests.company import make_company, take_in, usual_charges, write_bill
from tests.databases import state_url

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT.parent / "shared" / "data" / "slack" / "manifest.schema.2.0.0.json"
MANIFESTS = ("manifest.http.json", "manifest.socket.json")
SCOPES = {
    "apps_connections_open": set(),
    "auth_test": set(),
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_list": {"channels:read", "groups:read"},
    "conversations_open": {"im:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "files_info": {"files:read"},
    "files_upload_v2": {"files:write"},
    "usergroups_list": {"usergroups:read"},
    "users_list": {"users:read", "users:read.email"},
    "views_open": set(),
    "views_update": set(),
    "views_publish": set(),
}
"""Scopes of every Web API method the code calls, as docs.slack.dev lists them by method."""
EVENTS = {
    "app_home_opened": {"app_home_opened": set()},
    "message": {"message.channels": {"channels:history"}, "message.groups": {"groups:history"}},
    "reaction_added": {"reaction_added": {"reactions:read"}},
    "reaction_removed": {"reaction_removed": {"reactions:read"}},
}
"""Subscriptions that bring each event the code listens to, with their scopes; nobody can write to the bot directly."""


def test_the_web_process_is_light(tmp_path: Path) -> None:
    """The web process answers a command without having loaded duckdb, pandas, matplotlib, pyarrow or numpy."""
    make_company(tmp_path)
    script = f"""
from pathlib import Path
from pydantic import SecretStr
from bot.installation import Installation
from bot.settings import Settings
from bot.web import build_web

settings = Settings(
    finops_database_url=SecretStr({state_url(tmp_path)!r}),
    slack_signing_secret=SecretStr("a signing secret"),
)
web = build_web(Installation(Path({str(tmp_path / "finops.yaml")!r}), settings))

import hashlib, hmac, io, sys, time
body = b"command=%2Ffinops&text=variance+payments+2026-11&user_id=U1&channel_id=C1&team_id=T1"
stamp = str(int(time.time()))
digest = hmac.new(b"a signing secret", f"v0:{{stamp}}:".encode() + body, hashlib.sha256).hexdigest()
environ = {{
    "REQUEST_METHOD": "POST",
    "PATH_INFO": "/slack/events",
    "QUERY_STRING": "",
    "CONTENT_TYPE": "application/x-www-form-urlencoded",
    "CONTENT_LENGTH": str(len(body)),
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.input": io.BytesIO(body),
    "HTTP_X_SLACK_REQUEST_TIMESTAMP": stamp,
    "HTTP_X_SLACK_SIGNATURE": "v0=" + digest,
}}
status = []
parts = web(environ, lambda found, *_: status.append(found))
assert b"Payments" in b"".join(parts), parts
heavy = "duckdb pandas matplotlib pyarrow numpy boto3 alembic cryptography urllib3".split()
heavy = set(heavy) & set(sys.modules)
print(status[0], sorted(heavy))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "200 OK []", done.stderr


def test_doctor_finds_a_healthy_installation(bench: Bench) -> None:
    """With everything in place every check is good; what its policy leaves open is a warning."""
    findings = list(examine(bench.installation))
    assert [(finding.check, finding.good or finding.warns) for finding in findings] == [
        (name, True)
        for name in (
            "configuration",
            "policy",
            "database",
            "ledger",
            "anomalies",
            "sources",
            "incoming",
            "slack token",
            "slack connection",
            "slack scopes",
            "channels",
            "people",
        )
    ]


def test_a_doubtful_policy_is_a_warning(tmp_path: Path) -> None:
    """Doctor names the first doubt of the policy and counts the others; without doubts the check is good."""
    installation = make_company(tmp_path)
    policy = next(finding for finding in examine(installation) if finding.check == "policy")
    assert (policy.good, policy.warns) == (False, True)
    assert policy.said == "Teams search and idle have no engineering lead."
    assert policy.mend == "Read `finops policy check`, and mend what is not meant."
    shown = CliRunner().invoke(main, ["doctor"], obj=installation).output
    assert "WARN policy: Teams search and idle have no engineering lead.\n     → Read `finops policy check`" in shown
    text = installation.config_path.read_text()
    for name in ("search", "idle"):
        text = text.replace(
            f'channel: "#cost-{name}", ', f'channel: "#cost-{name}", engineering_lead: bob@example.com, '
        )
    installation.config_path.write_text(text)
    again = type(installation)(installation.config_path, installation.settings, installation.clock)
    policy = next(finding for finding in examine(again) if finding.check == "policy")
    assert (policy.good, policy.mend) == (True, "")


def test_doubts_leave_doctor_with_zero(bench: Bench) -> None:
    """An installation with nothing worse than a doubtful policy exits with 0."""
    done = CliRunner().invoke(main, ["doctor"], obj=bench.installation)
    assert "WARN policy" in done.output and done.exit_code == 0, done.output


def test_doctor_names_the_mending_step(bench: Bench) -> None:
    """Each thing that is wrong is named with its mending step, and what rests on it is not asked."""
    config = bench.installation.config_path
    text = config.read_text().replace("#cost-idle", "#cost-idel").replace("alice@", "alicia@")
    config.write_text(text.replace("path: bills", "path: nowhere"))
    again = type(bench.installation)(config, bench.installation.settings, bench.clock)
    wrong = {
        finding.check: (finding.said, finding.mend) for finding in examine(again) if not (finding.good or finding.warns)
    }
    assert set(wrong) == {"sources", "channels"}
    assert "did you mean #cost-idle?" in wrong["channels"][1]


def test_doctor_looks_for_the_reports_channel(bench: Bench) -> None:
    """A channel of the report or of alerts is looked for by its name or id; one that does not exist is named."""
    config = bench.installation.config_path
    usual = config.read_text()

    def channels(more: str) -> Finding:
        config.write_text(usual + more)
        again = type(bench.installation)(config, bench.installation.settings, bench.clock)
        return next(finding for finding in examine(again) if finding.check == "channels")

    assert channels("").said == "3 channels, the bot is in all of them; no report is posted"
    found = channels('report: {channel: "#genral"}\n')
    assert (found.good, found.said) == (False, "#genral of `report.channel` does not exist.")
    assert found.mend == "Create it and `/invite` the bot or did you mean #general?"
    assert channels('alerts: {channel: "#general"}\n').said.endswith("in all of them; the report goes to #general")
    with bench.installation.state.reading() as connection:
        general = channel_id(connection, "#general")
    assert channels(f'report: {{channel: "{general}"}}\n').said.endswith(f"; the report goes to {general}")
    assert channels("report: {channel: C0NOWHERE}\n").said == "C0NOWHERE of `report.channel` does not exist."


def test_doctor_finds_the_bot_outside_the_reports_channel(tmp_path: Path) -> None:
    """A report channel that the bot is not in is named with what to write there."""
    bench = open_bench(tmp_path, bot_channels=["cost-payments", "cost-search", "cost-idle"])
    with bench.installation.config_path.open("a") as config:
        config.write('report: {channel: "#general"}\n')
    again = type(bench.installation)(bench.installation.config_path, bench.installation.settings, bench.clock)
    found = next(finding for finding in examine(again) if finding.check == "channels")
    assert (found.good, found.said, found.mend) == (
        False,
        "The bot is not in #general.",
        "Write `/invite @FinOps` in each.",
    )
    bench.sandbox.stop()
    again.state.close()


def test_doctor_without_tokens(tmp_path: Path) -> None:
    """Without any token of Slack the checks warn of what to set; with one of them, what lacks is a fault."""
    installation = make_company(tmp_path)
    from pydantic import SecretStr

    installation.settings.slack_bot_token = SecretStr("")
    installation.settings.slack_signing_secret = SecretStr("")
    found = list(examine(installation))
    doubted = {finding.check: finding.said for finding in found if finding.warns and finding.check != "policy"}
    assert doubted == {
        "slack token": "SLACK_BOT_TOKEN is not set.",
        "slack connection": "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set: Slack cannot reach the bot.",
    }
    assert [finding for finding in found if not (finding.good or finding.warns)] == []
    assert {"slack scopes", "channels", "people"}.isdisjoint(finding.check for finding in found)
    installation.settings.slack_signing_secret = SecretStr("secret")
    [fault] = [finding for finding in examine(installation) if not (finding.good or finding.warns)]
    assert (fault.check, fault.said) == ("slack token", "SLACK_BOT_TOKEN is not set.")


def test_doctor_names_each_source_by_itself(tmp_path: Path) -> None:
    """Every source at fault has a line and a next step of its own; an empty ledger is filled from the sources."""
    installation = make_company(tmp_path, bill=False)
    path = installation.config_path
    path.write_text(path.read_text().replace("path: bills}", "path: one}, other: {path: two}, bills: {path: .}"))
    again = type(installation)(path, installation.settings, installation.clock)
    found = [finding for finding in examine(again) if finding.check in ("ledger", "sources")]
    mend = "See docs/howto/connect-a-source.md."
    assert found == [
        Finding("ledger", False, "The ledger is empty.", "Look at the sources now: `finops sources --look`."),
        Finding("sources", False, f"The source aws cannot be read: {tmp_path}/one does not exist.", mend),
        Finding("sources", False, f"The source other cannot be read: {tmp_path}/two does not exist.", mend),
    ]


def test_doctor_doubts_an_export_that_nobody_delivers(tmp_path: Path) -> None:
    """A misspelt export in `replaces` would be waited for in vain: it is named with the one that is meant."""
    installation = make_company(tmp_path)
    path = installation.config_path
    (tmp_path / "opencost").mkdir()
    cluster = "cluster: {kind: opencost, path: opencost, replaces: {export: EXPORT, service: EKS}}"
    text = path.read_text()

    def sources(export: str) -> list[Finding]:
        path.write_text(text.replace("sources: {", f"sources: {{{cluster.replace('EXPORT', export)}, "))
        again = type(installation)(path, installation.settings, installation.clock)
        return [finding for finding in examine(again) if finding.check == "sources"]

    [doubt] = sources("awss")
    said = "cluster replaces charges of awss, which is no source and was never taken in."
    assert doubt == Finding("sources", False, said, "Did you mean aws?", warns=True)
    assert sources("aws") == [Finding("sources", True, "2 sources")]


def test_doctor_doubts_one_least_amount_in_two_currencies(tmp_path: Path) -> None:
    """A currency in bills that `anomalies.amounts` does not name is doubted, unless it is the company's own."""
    installation = make_company(tmp_path, bill=False)
    path = installation.config_path
    usual = path.read_text()
    bill = write_bill(tmp_path / "bills" / "bill.csv", usual_charges(date(2026, 11, 1), date(2026, 11, 3)))
    bill.write_text(bill.read_text().replace("USD", "JPY", 3))
    take_in(installation)

    def anomalies(more: str) -> Finding:
        path.write_text(f"{usual}\n{more}\n")
        again = type(installation)(path, installation.settings, installation.clock)
        return next(finding for finding in examine(again) if finding.check == "anomalies")

    said = "An anomaly's least amount is 100 in JPY too, which is billed."
    mend = "Name what it is there, as in `anomalies: {amounts: {JPY: 15000}}`."
    assert anomalies("") == Finding("anomalies", False, said, mend, warns=True)
    good = Finding("anomalies", True, "each currency that is billed has a least amount (JPY, USD)")
    assert anomalies("anomalies: {amounts: {JPY: 15000}}") == good
    assert anomalies("anomalies: {mode: 'off'}") == Finding("anomalies", True, "none are looked for")


def test_doctor_with_slack_out_of_reach(tmp_path: Path) -> None:
    """A Slack that does not answer is a finding, not a crash."""
    [token] = [finding for finding in examine(make_company(tmp_path)) if finding.check == "slack token"]
    assert not token.good and "no answer" in token.said


def test_secrets_stay_out_of_the_log() -> None:
    """Tokens, response URLs and database passwords are replaced wherever they stand."""
    said = without_secrets(
        None,
        "info",
        {
            "event": "xoxb-123-abc and xapp-1-A-9",
            "url": "https://hooks.example.com/actions/T1/2/abc",
            "database": "postgresql://finops:geheim@db/finops",
            "number": 3,
        },
    )
    assert said == {
        "event": "[secret] and [secret]",
        "url": "[secret]",
        "database": "postgresql[secret]db/finops",
        "number": 3,
    }


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_hold_all_that_the_code_uses(name: str) -> None:
    """Every scope of a method called and every event listened to is in the manifest, and no other."""
    manifest = json.loads((files("bot") / "slack_app" / name).read_text())
    code = "\n".join(path.read_text() for path in (ROOT / "bot").rglob("*.py"))
    methods = set(re.findall(r"client(?:\(installation\))?\.([a-z]+_[a-zA-Z_0-9]+)[(,)]", code))
    assert methods == SCOPES.keys()
    heard = set(re.findall(r'app\.event\("(\w+)"\)', code))
    assert heard == EVENTS.keys()
    events = {name: scopes for event in heard for name, scopes in EVENTS[event].items()}
    needed = {"commands"}.union(*(SCOPES[method] for method in methods), *events.values())
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed == manifest_scopes()
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == events.keys()


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's manifest schema is not on this machine")
@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_are_valid(name: str) -> None:
    """Both manifests are valid against Slack's own schema."""
    import jsonschema

    manifest = json.loads((files("bot") / "slack_app" / name).read_text())
    jsonschema.validate(manifest, json.loads(SCHEMA.read_text()))


def test_the_two_manifests_differ_only_in_the_way_in() -> None:
    """HTTP and Socket Mode have the same scopes, events and command."""
    http, socket = (json.loads((files("bot") / "slack_app" / name).read_text()) for name in MANIFESTS)
    for manifest in (http, socket):
        manifest["settings"].pop("socket_mode_enabled")
    for part in (
        http["features"]["slash_commands"][0],
        http["settings"]["event_subscriptions"],
        http["settings"]["interactivity"],
    ):
        part.pop("url", None)
        part.pop("request_url", None)
    assert http == socket
