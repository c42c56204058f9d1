"""What `finops doctor` looks at: each check says what it found, or what is wrong and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from slack_sdk import WebClient

from bot.channels.channel import Refused
from bot.channels.slack_calls import attempt
from bot.directory import refresh_directory
from bot.discovery import discover
from bot.installation import Installation
from bot.scheduler import refuse_unknown_jobs
from bot.sources import open_source
from bot.terminal.output import counted
from finops.company import BillingSource
from finops.errors import FinopsError
from finops.money import plain
from finops.names import nearest
from finops.policy_doubts import doubts
from storage.incoming_queue import Queue
from storage.ledger.rollup import fingerprint
from storage.people import channels, known_emails, touch
from storage.publish import published_periods
from storage.spend import billed_currencies, coverages
from storage.state import newest_revision


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found.

    Attributes:
        check: its name.
        good: nothing has to be mended.
        said: what was found, one line.
        mend: the next step where something is wrong.
        warns: it may be meant so: nothing fails because of it.
    """

    check: str
    good: bool
    said: str
    mend: str = ""
    warns: bool = False


class Sick(FinopsError):
    """A check that failed."""


class Doubtful(FinopsError):
    """What is allowed, and hardly anybody means."""


def examine(installation: Installation) -> Iterator[Finding]:
    """Run every check, in the order in which things should be mended; one that needs a failed one is left out."""
    failed: set[str] = set()
    for name, needs, check in CHECKS:
        if failed & set(needs):
            failed.add(name)
            continue
        try:
            said = check(installation)
            found = [Finding(name, True, said)] if isinstance(said, str) else said
        except Doubtful as doubt:
            found = [Finding(name, False, doubt.reason, doubt.mend, warns=True)]
        except FinopsError as problem:
            found = [Finding(name, False, problem.reason, problem.mend)]
        except Refused as refusal:
            found = [Finding(name, False, refusal.reason, "Check SLACK_BOT_TOKEN, SLACK_API_URL and the network.")]
        if not all(finding.good for finding in found):
            failed.add(name)
        yield from found


def manifest_scopes() -> set[str]:
    """The bot scopes that the app's manifest asks for."""
    manifest = json.loads((files("bot") / "slack_app" / "manifest.socket.json").read_text())
    return set(manifest["oauth_config"]["scopes"]["bot"])


def _configuration(installation: Installation) -> str:
    if not installation.is_configured:
        raise Sick("There is no finops.yaml here.", "Write one (docs/tutorial.md), or name it with --config.")
    company = installation.company
    if not company.teams and not company.derived_teams:
        raise Sick("finops.yaml names no teams.", "List `teams:`, or make them from the bill with `teams_from:`.")
    refuse_unknown_jobs(company, discover("jobs", "JOB"))
    derived = ", and those made from the bill" if company.derived_teams else ""
    return f"{installation.config_path}: {counted(len(company.teams), 'team')} listed{derived}"


def _policy(installation: Installation) -> str:
    company = installation.company
    if found := doubts(company, company.teams):
        more = f" And {len(found) - 1:,} more." if len(found) > 1 else ""
        raise Doubtful(f"{found[0]}{more}", "Read `finops policy check`, and mend what is not meant.")
    return f"{len(company.ladder)} steps, and nothing that hardly anybody means"


def _database(installation: Installation) -> str:
    try:
        state = installation.state
        with state.writing() as connection:
            touch(connection)
    except FinopsError:
        raise
    except Exception as error:  # any driver's own error means the same here
        reason = str(error).splitlines()[0][:200]
        raise Sick(f"The database cannot be written ({reason}).", "Check FINOPS_DATABASE_URL and its rights.") from None
    return f"{state.engine.dialect.name}, at migration {newest_revision()}"


def _ledger(installation: Installation) -> str:
    ledger = installation.ledger
    if lacking := ledger.lacking():
        raise Sick(" ".join(lacking), "Check FINOPS_LEDGER; a bucket needs docs/howto/outgrow-one-machine.md.")
    with installation.state.reading() as connection:
        published = published_periods(connection)
        through = max((found.last_day for found in coverages(connection).values()), default=None)
    for period in published:
        ledger.read(period.export, period.billing_period, period.version)
    if not published:
        mend = (
            "Look at the sources now: `finops sources --look`."
            if installation.company.sources
            else "Take in a bill: `finops ingest PATH --export NAME`."
        )
        raise Sick("The ledger is empty.", mend)
    if any(period.scope_fingerprint != fingerprint(installation.company) for period in published):
        raise Sick("The scopes in finops.yaml changed since the last ingest.", "Run `finops ledger publish`.")
    exports = counted(len({period.export for period in published}), "export")
    return f"{ledger.place}: {counted(len(published), 'billing period')} of {exports}, data through {through}"


def _anomalies(installation: Installation) -> str:
    company = installation.company
    rules = company.anomalies
    if all(rules.mode_of(own) == "off" for own in (None, *(team.anomalies for team in company.teams))):
        return "none are looked for"
    with installation.state.reading() as connection:
        billed = billed_currencies(connection)
    if lacking := [each for each in billed if each != company.currency and each not in rules.amounts]:
        raise Doubtful(
            f"An anomaly's least amount is {plain(rules.amount)} in {', '.join(lacking)} too, which is billed.",
            "Name what it is there, as in `anomalies: {amounts: {JPY: 15000}}`.",
        )
    return f"each currency that is billed has a least amount ({', '.join(billed)})"


def _sources(installation: Installation) -> str | list[Finding]:
    sources = installation.company.sources
    found = []
    for export, settings in sources.items():
        try:
            lacking = open_source(settings, state=installation.state, ledger=installation.ledger).lacking()
        except FinopsError as failed:
            lacking = [str(failed)]
        if lacking:
            said = f"The source {export} cannot be read: {' '.join(lacking)}"
            found.append(Finding("sources", False, said, "See docs/howto/connect-a-source.md."))
        found += _unknown_replaced(installation, export, settings)
    if found or not sources:
        return found or "none; bills come in by `finops ingest` alone"
    return counted(len(sources), "source")


def _unknown_replaced(installation: Installation, export: str, settings: BillingSource) -> Iterator[Finding]:
    """A doubt about a source that waits for charges of an export which nobody delivers."""
    if not (stored := settings.keys.get("replaces")):
        return
    replaced = str(json.loads(stored).get("export"))
    with installation.state.reading() as connection:
        known = {period.export for period in published_periods(connection)} | set(installation.company.sources)
    if replaced not in known:
        near = nearest(replaced, sorted(known - {export}), 1)
        said = f"{export} replaces charges of {replaced}, which is no source and was never taken in."
        mend = f"Did you mean {near[0]}?" if near else f"Take in {replaced}, or mend `replaces`."
        yield Finding("sources", False, said, mend, warns=True)


def _incoming(installation: Installation) -> str:
    incoming = installation.company.incoming
    if not incoming.are_used:
        return "no alerts of AWS come in"
    if incoming.queue and (lacking := Queue(incoming.queue).lacking()):
        raise Sick(" ".join(lacking), "See docs/howto/receive-aws-alerts.md.")
    if incoming.topics and not installation.settings.slack_signing_secret.get_secret_value():
        raise Doubtful(
            "`incoming.topics` are taken by `finops web` alone, which needs SLACK_SIGNING_SECRET.",
            "Set it where `finops web` runs, or let AWS send to a queue (docs/howto/receive-aws-alerts.md).",
        )
    return ", ".join(
        part
        for part in (
            f"{len(incoming.topics)} topics by `finops web`" if incoming.topics else "",
            "a queue that can be read and emptied" if incoming.queue else "",
            f"{len(incoming.map)} rules of whose they are",
        )
        if part
    )


def _slack(installation: Installation) -> str:
    if not installation.settings.slack_bot_token.get_secret_value():
        kind = Doubtful if _is_without_slack(installation) else Sick
        raise kind("SLACK_BOT_TOKEN is not set.", "Install the app (docs/howto/install-in-slack.md) and set it.")
    answer = attempt(_client(installation).auth_test)
    return f"@{answer['user']} in {answer['team']}"


def _door(installation: Installation) -> str:
    settings = installation.settings
    if app_token := settings.slack_app_token.get_secret_value():
        client = WebClient(base_url=settings.api_url, timeout=10, retry_handlers=[])
        attempt(client.apps_connections_open, app_token=app_token)
        return "Socket Mode (`finops run`)"
    if settings.slack_signing_secret.get_secret_value():
        return "HTTP (`finops web`)"
    kind = Doubtful if _is_without_slack(installation) else Sick
    raise kind(
        "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set: Slack cannot reach the bot.",
        "Set the first for `finops run`, the second for `finops web`.",
    )


def _scopes(installation: Installation) -> str:
    answer = attempt(_client(installation).auth_test)
    granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",")}
    if lacking := sorted(manifest_scopes() - granted):
        raise Sick(
            f"The app lacks the scopes {', '.join(lacking)}.",
            "Add them under 'OAuth & Permissions' and install the app again.",
        )
    return f"all {len(manifest_scopes())} granted"


def _channels(installation: Installation) -> str:
    refresh_directory(_client(installation), installation.state)
    with installation.state.reading() as connection:
        known = channels(connection)
    company = installation.company
    of_company = ((company.report.channel, "report.channel"), (company.alerts.channel, "alerts.channel"))
    wanted = {channel: f"`{key}`" for channel, key in of_company if channel}
    wanted |= {team.channel: f"team {team.slug}" for team in company.teams if team.channel}
    for channel, whose in wanted.items():
        if channel not in known:
            near = nearest(channel.lstrip("#"), [name.lstrip("#") for name in known if name.startswith("#")], 1)
            hint = f" or did you mean #{near[0]}?" if near else "."
            raise Sick(f"{channel} of {whose} does not exist.", f"Create it and `/invite` the bot{hint}")
    if outside := sorted(channel for channel in wanted if not known[channel]):
        raise Sick(f"The bot is not in {', '.join(outside[:10])}.", "Write `/invite @FinOps` in each.")
    report = f"the report goes to {company.report_channel}" if company.report_channel else "no report is posted"
    return f"{len(wanted)} channels, the bot is in all of them; {report}"


def _people(installation: Installation) -> str:
    company = installation.company
    with installation.state.reading() as connection:
        known = known_emails(connection)
    named = {name for names in company.roles.values() for name in names}
    named |= {name for team in company.teams for name in (*team.owners, team.engineering_lead)}
    emails = {name.lower() for name in named if "@" in name.lstrip("@")}
    if unknown := sorted(emails - known):
        raise Sick(f"Nobody in Slack has the e-mail {', '.join(unknown[:5])}.", "Mend finops.yaml, or invite them.")
    if not company.roles:
        raise Sick("finops.yaml names no `roles:`.", "Name at least the finops group.")
    return f"{len(emails)} people found by their e-mail"


def _is_without_slack(installation: Installation) -> bool:
    """Whether no token of Slack is set at all: bills and figures in the terminal need none."""
    settings = installation.settings
    tokens = (settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret)
    return not any(token.get_secret_value() for token in tokens)


def _client(installation: Installation) -> WebClient:
    settings: Any = installation.settings
    token = settings.slack_bot_token.get_secret_value()
    return WebClient(token=token, base_url=settings.api_url, timeout=10, retry_handlers=[])


Check = Callable[[Installation], str | list[Finding]]
CHECKS: tuple[tuple[str, tuple[str, ...], Check], ...] = (
    ("configuration", (), _configuration),
    ("policy", ("configuration",), _policy),
    ("database", (), _database),
    ("ledger", ("configuration", "database"), _ledger),
    ("anomalies", ("configuration", "database", "ledger"), _anomalies),
    ("sources", ("configuration", "database"), _sources),
    ("incoming", ("configuration",), _incoming),
    ("slack token", (), _slack),
    ("slack connection", (), _door),
    ("slack scopes", ("slack token",), _scopes),
    ("channels", ("configuration", "database", "slack token", "slack scopes"), _channels),
    ("people", ("channels",), _people),
)
"""Name, the checks it rests on, and the check."""
