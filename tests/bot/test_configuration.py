"""finops.yaml: what is taken, and what is refused with file, line and column."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.configuration import load_company, load_policy
from bot.demo.company import config_text
from finops.budget_request import BudgetRules
from finops.calendar import QuietHours, WorkCalendar
from finops.company import Company
from finops.errors import ConfigurationRefused
from finops.explanation import ExplanationRules
from finops.incoming_alert import IncomingRule, IncomingRules
from finops.policy import LADDER, AlertRules, Kind, Materiality, Policy, Role, Threshold, Tier


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("teams:\n  - slug: a\n    nme: x\n", "3:5: teams.0.nme: is not a key that exists; did you mean name?"),
        ("basis: foo\n", "1:1: basis: Input should be 'effective', 'billed' or 'usage-billed'."),
        ("a: 1\na: 2\n", "2:1: 'a' stands twice."),
        ("teams: [{slug: a}, {slug: a}]", "1:20: team 'a' stands twice."),
        ("teams: [{slug: unallocated}]", "1:9: team 'unallocated' is the name of what no team owns."),
        ("teams: {x: [", "not YAML"),
        ("timezone: Mars/Olympus", "1:1: timezone: 'Mars/Olympus' is not an IANA time zone"),
        ("schedules: {daily_summary: '25:00'}", "1:13: schedules.daily_summary: '25:00' is not a schedule; write"),
        ("teams_from: {tag: a, column: SubAccountId}", "teams_from takes either `tag` or `column`"),
        ("teams: [{slug: a, scope: {any: [{}]}}]", "a rule must name a sub_account_id"),
        ("tiers: [{name: note, above: 0.05}]", "tiers begin with `above: 0`"),
        ("roles: {boss: [a]}", "roles.boss"),
        ("- just a list", "Input should be a valid dictionary"),
        ("materiality: {amount: -1}", "materiality.amount"),
        ("currency: usd", "currency: 'usd' is not an ISO 4217 currency code such as USD."),
        (
            "tiers: [{name: a, above: 0, who: [boss]}]",
            "1:35: tiers.0.who.0: Input should be 'owner', 'engineering_lead'",
        ),
        ("tiers: [{name: a, above: 0, due: 2.5}]", "1:29: tiers.0.due: Input should be a valid integer"),
        ("tiers: [{name: a, above: 0, chance: 0}]", "1:29: tiers.0.chance: a chance lies from 1 % to 99 %."),
        ("tiers: [{name: a, above: 0, chance: 70}]", "1:29: tiers.0.chance: a chance lies from 1 % to 99 %."),
        ("tiers: [{name: a, above: 0, chance: likely}]", "'likely' is not a share; write 5 % or 0.05"),
        ("tiers: [{name: a, above: 0, answer_within: 0}]", "tiers.0.answer_within: Input should be greater than"),
        ("alerts: {quiet: off}", "1:10: alerts.quiet: is not a key that exists; did you mean quiet_hours?"),
        ("alerts: {mode: loud}", "1:10: alerts.mode: Input should be 'live' or 'shadow'."),
        ("alerts: {kinds: [daily]}", "1:18: alerts.kinds.0: Input should be 'threshold', 'forecast' or 'closed'."),
        ("alerts: {thresholds: [{above: much}]}", "1:24: alerts.thresholds.0.above: 'much' is not a share; write 5 %"),
        ("alerts: {thresholds: [{above: x %}]}", "alerts.thresholds.0.above: 'x %' is not a share; write 5 % or 0.05."),
        ("alerts: {thresholds: [{above: 0}]}", "alerts.thresholds.0.above: Input should be greater than 0."),
        (
            "alerts:\n  thresholds:\n    - {above: 80 %}\n    - {above: 0.8}\n",
            "4:7: alerts.thresholds rise from one to the next.",
        ),
        ("alerts: {thresholds: []}", "1:10: alerts.thresholds: name one at least; to be told of none, leave threshold"),
        ("alerts: {realert_after: soon}", "1:10: alerts.realert_after: 'soon' is not a span of time; write 90m, 24h"),
        ("alerts: {most_pings: -1}", "1:10: alerts.most_pings: Input should be greater than or equal to 0."),
        (
            "sources: {aws: {kind: s3, path: x}}",
            "1:11: sources.aws: 's3' is no kind of source; there are aws_cost_and_usage_report, aws_cost_explorer, aws",
        ),
        (
            "{teams: [{slug: a}, {slug: b}], allocations: [{team: a, evenly: [b], proportionally: [b]}]}",
            "allocations.0: an allocation takes exactly one of `evenly`, `shares` and `proportionally`.",
        ),
        (
            "{teams: [{slug: a}, {slug: b}], allocations: [{team: a, shares: {b: 101 %}}]}",
            "allocations.0: shares are above 0 and at most 100 % together.",
        ),
        (
            "{teams: [{slug: a}, {slug: b}], allocations: [{team: a, evenly: [a, b]}]}",
            "allocations.0: an allocation names each of the other teams once.",
        ),
        (
            "{teams: [{slug: shop}, {slug: b}], allocations: [{team: b, evenly: [shp]}]}",
            "'shp' is not one of `teams`; did you mean shop?",
        ),
        (
            "{teams: [{slug: a}, {slug: b}, {slug: c}], allocations: [{team: a, evenly: [b]}, {team: b, evenly: [c]}]}",
            "'b' shares its own cost with others, so that it cannot share another's.",
        ),
        ("sources: {aws: {}}", "sources.aws: a source of the kind folder needs the key path: file, folder, s3://"),
        ("sources: {aws: {pth: x}}", "a source of the kind folder has no key pth; there are path"),
        (
            "sources: {aws: {kind: aws_cost_explorer, months: 15}}",
            "a source of the kind aws_cost_explorer takes a whole number from 1 to 14 for months.",
        ),
        ("sources: {aws: {kind: aws_cost_explorer, tag: [a, b]}}", "takes one tag key for tag."),
        (
            "sources: {k8s: {kind: opencost, path: x}}",
            "1:11: sources.k8s: a source of the kind opencost needs either `replaces`",
        ),
        ("alerts: {quiet_hours: on}", '1:10: alerts.quiet_hours: write {from: "20:00", to: "07:00"}, or off.'),
        (
            "alerts: {quiet_hours: {form: 20:00}}",
            "1:24: alerts.quiet_hours.form: is not a key that exists; did you mean from",
        ),
        (
            "alerts: {quiet_hours: {to: 24:00}}",
            "1:24: alerts.quiet_hours.to: '24:00' is not a time of day; write HH:MM",
        ),
        (
            "alerts: {quiet_hours: {from: 20:00, to: 20:00}}",
            "`from` and `to` are the same; for none write `quiet_hours: off`",
        ),
        (
            "alerts: {quiet_hours: {from: 08:00, to: 18:00}}",
            "1:10: the quiet hours, 08:00 to 18:00, hold all working hours, 09:00 to 17:00.",
        ),
        (
            "teams: [{slug: a, calendar: {hours: 20:00-23:00}}]",
            "1:19: the quiet hours, 20:00 to 07:00, hold all working hours of team 'a', 20:00 to 23:00.",
        ),
        ("calendar: {hours: 9-17}", "1:12: calendar.hours: '9-17' is not a working day; write 09:00-17:00."),
        ("calendar: {hours: 17:00-09:00}", "calendar.hours: a working day ends after it begins, before midnight."),
        (
            "calendar: {country: Germny}",
            "1:12: calendar.country: 'Germny' is not a country whose holidays are known; did",
        ),
        ("calendar: {country: Germny}", "did you mean DE (Germany)?"),
        ("calendar: {country: XX}", "is not a country whose holidays are known; write its ISO 3166 code, such as DE."),
        (
            "calendar: {country: DE, subdivision: Berlin}",
            "1:25: calendar.subdivision: 'Berlin' is not a subdivision of DE",
        ),
        ("calendar: {country: DE, subdivision: Berlin}", "did you mean BE?"),
        ("calendar: {country: DE, subdivision: XYZ}", "whose holidays are known; there are Augsburg, BB, BE, BW"),
        ("calendar: {country: SG, subdivision: X}", "'X' is not known: SG has no holidays of its subdivisions."),
        ("calendar: {subdivision: BE}", "1:12: calendar.subdivision: a subdivision needs its `country`."),
        ("teams: [{slug: a, calendar: {country: XX}}]", "1:30: teams.0.calendar.country: 'XX' is not a country"),
        (
            "calendar: {holidays: [2026-02-30]}",
            "1:23: calendar.holidays.0: '2026-02-30' is not a day; write 2026-12-24.",
        ),
        ("calendar: {weekend: [sonntag]}", "1:22: calendar.weekend.0: Input should be 'monday', 'tuesday'"),
        (
            "calendar: {weekend: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]}",
            "1:12: calendar.weekend: names every day of the week; one at least must be left to work on.",
        ),
        (
            "budgets: {approvers: []}",
            "1:11: budgets.approvers: name one role at least: what nobody asks for or decides",
        ),
        ("budgets: {approver: [finance]}", "budgets.approver: is not a key that exists; did you mean approvers?"),
        ("budgets: {answer_within: 0}", "budgets.answer_within: Input should be greater than or equal to 1."),
        (
            "tiers: [{name: a, above: 0, explanation_review_within: 0}]",
            "tiers.0.explanation_review_within: Input should be greater than or equal to 1.",
        ),
        ("incoming: {topic: x}", "1:12: incoming.topic: is not a key that exists; did you mean topics?"),
        (
            "incoming:\n  topics: [arn:aws:sqs:eu-west-1:123456789012:x]",
            "2:12: incoming.topics.0: 'arn:aws:sqs:eu-west-1:123456789012:x' is not a topic's ARN such as arn:aws:sns:",
        ),
        ("incoming: {queue: 'http://sqs/1/x'}", "1:12: incoming.queue: 'http://sqs/1/x' is not a queue's URL such as"),
        ("incoming: {map: [{account: 1}]}", "1:18: incoming.map.0.team: Field required."),
        ("incoming: {map: [{team: a}]}", "1:18: incoming.map.0: a rule must name an account, budget or service."),
        (
            "teams: [{slug: payments}]\nincoming: {map: [{budget: x, team: paymnts}]}",
            "2:30: incoming.map.0.team: there is no team 'paymnts'; did you mean payments?",
        ),
        (
            "incoming: {queue: 'https://sqs.eu-west-1.amazonaws.com/123456789012/x'}",
            "1:1: incoming: `alerts.channel` is needed too, where alerts are shown that no team owns.",
        ),
        ("teams: [{slug: a, alerts: {}}]", "1:19: teams.0.alerts: is not a key that exists."),
        ("a: &x [*x]", "1:4: it holds itself."),
        ("? [a]\n: b\n", "1:3: a key is a single word."),
    ],
)
def test_mistakes_are_named_by_their_place(tmp_path: Path, text: str, reason: str) -> None:
    """Every mistake is refused, and the refusal says where it stands."""
    path = tmp_path / "finops.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationRefused) as refused:
        load_company(path)
    assert str(path) in str(refused.value)
    assert reason in str(refused.value)


def test_what_a_configuration_says(tmp_path: Path) -> None:
    """Percentages, single values for lists, leading zeros, own tiers and materiality are read as meant."""
    path = tmp_path / "finops.yaml"
    path.write_text(
        """
teams:
  - slug: a
    materiality: {amount: 100, ratio: 5 %, rule: or}
    scope: {any: [{sub_account_id: 0123}, {tag: {team: [x, y]}, provider: AWS}]}
teams_from: {column: SubAccountId, channel: "#cost-{slug}"}
roles: {finops: "@finops"}
tiers:
  - {name: calm, above: 0, who: [finops], duty: none}
  - {name: loud, above: 7.5 %, who: [owner, finance], duty: explain, chance: 70 %}
"""
    )
    company = load_company(path)
    [team] = company.teams
    assert team.scope[0].sub_account_id == ("0123",)
    assert dict(team.scope[1].tag) == {"team": ("x", "y")}
    assert team.materiality is not None
    assert (team.materiality.amount, team.materiality.ratio, team.materiality.both) == (100, Decimal("0.05"), False)
    assert [(tier.name, tier.above, tier.who, tier.chance) for tier in company.ladder] == [
        ("calm", Decimal(0), (Role.FINOPS,), None),
        ("loud", Decimal("0.075"), (Role.OWNER, Role.FINANCE), Decimal("0.7")),
    ]
    assert company.roles == {Role.FINOPS: ("@finops",)}


def test_what_a_configuration_says_of_alerts(tmp_path: Path) -> None:
    """Duties, times, thresholds, quiet hours and calendars arrive in the policy of each team as they are written."""
    path = tmp_path / "finops.yaml"
    path.write_text(
        """
timezone: Europe/Berlin
tiers:
  - {name: calm, above: 0}
  - {name: loud, above: 5 %, who: [finops], duty: explain, due: 5, answer_within: 16, who_under: [finance, owner]}
alerts:
  mode: shadow
  kinds: [closed, threshold]
  channel: "#finops"
  thresholds: [{above: 82.5 %, who: [owner]}, {above: 1.1, who: [owner, finance]}]
  acknowledgement_holds: 2
  longest_snooze: 30
  realert_after: 36h
  most_pings: 3
  quiet_hours: {from: 19:30, to: "06:00", days_off: true}
  close_on: 3
calendar: {hours: 08:00 - 16:30, country: DE, subdivision: BE, holidays: [2026-12-24]}
teams:
  - {slug: here}
  - {slug: there, timezone: Asia/Dubai, calendar: {weekend: [friday, saturday]}}
"""
    )
    company = load_company(path)
    here, there = (company.policy(team) for team in company.teams)
    berlin = ZoneInfo("Europe/Berlin")
    assert here == Policy(
        ladder=(
            Tier("calm", Decimal(0), (), ""),
            Tier(
                "loud",
                Decimal("0.05"),
                (Role.FINOPS,),
                "explain",
                due=5,
                answer_within=16,
                who_under=(Role.FINANCE, Role.OWNER),
            ),
        ),
        rules=AlertRules(
            live=False,
            kinds=(Kind.THRESHOLD, Kind.CLOSED),
            channel="#finops",
            thresholds=(
                Threshold(Decimal("0.825"), (Role.OWNER,)),
                Threshold(Decimal("1.1"), (Role.OWNER, Role.FINANCE)),
            ),
            holds=2,
            longest_snooze=30,
            realert_after=timedelta(hours=36),
            most_pings=3,
            quiet=QuietHours(time(19, 30), time(6), days_off=True),
            close_on=3,
        ),
        calendar=WorkCalendar(
            berlin, time(8), time(16, 30), country="DE", subdivision="BE", days_off=frozenset({date(2026, 12, 24)})
        ),
    )
    assert there == replace(here, calendar=WorkCalendar(ZoneInfo("Asia/Dubai"), weekend=frozenset({4, 5})))


def test_what_a_configuration_says_of_budgets_and_explanations(tmp_path: Path) -> None:
    """Who asks for budgets and decides on them by when; and the days of explanations, of the company and of a tier."""
    path = tmp_path / "finops.yaml"
    path.write_text(
        """
budgets: {askers: [finops], approvers: [finance, owner], answer_within: 5}
explanations: {reviewers: [finops], review_within: 4}
tiers:
  - {name: calm, above: 0}
  - {name: loud, above: 5 %, explanation_review_within: 1, explanation_answer_within: 2}
"""
    )
    company = load_company(path)
    assert company.budgets == BudgetRules((Role.FINOPS,), (Role.FINANCE, Role.OWNER), 5)
    assert company.explanations == ExplanationRules((Role.FINOPS,), review_within=4)
    calm, loud = (company.explanations.within(tier) for tier in company.ladder)
    assert calm == company.explanations
    assert loud == replace(company.explanations, review_within=1, answer_within=2)


def test_what_a_configuration_says_of_incoming_alerts(tmp_path: Path) -> None:
    """Topics, queue and rules arrive as they are written; teams made from the bill may be named before it has come."""
    path = tmp_path / "finops.yaml"
    path.write_text(
        """
alerts: {channel: "#finops"}
teams: [{slug: a}]
teams_from: {tag: team}
incoming:
  topics: [arn:aws:sns:eu-west-1:123456789012:budgets]
  queue: https://sqs.eu-west-1.amazonaws.com/123456789012/finops-alerts
  map:
    - {account: 001234567890, budget: [x, y], team: a}
    - {service: Amazon Athena, team: not-yet}
"""
    )
    assert load_company(path).incoming == IncomingRules(
        ("arn:aws:sns:eu-west-1:123456789012:budgets",),
        "https://sqs.eu-west-1.amazonaws.com/123456789012/finops-alerts",
        (
            IncomingRule("a", account=("001234567890",), budget=("x", "y")),
            IncomingRule("not-yet", service=("Amazon Athena",)),
        ),
    )


def test_no_quiet_hours(tmp_path: Path) -> None:
    """`quiet_hours: off` is none; equal hours are taken where only days off are meant."""
    path = tmp_path / "finops.yaml"
    path.write_text("alerts: {quiet_hours: off}")
    assert load_company(path).alerts.quiet is None
    path.write_text("alerts: {quiet_hours: {from: 00:00, to: 00:00, days_off: true}}")
    assert load_company(path).alerts.quiet == QuietHours(time(0), time(0), days_off=True)


def test_defaults_are_those_of_the_policy(tmp_path: Path) -> None:
    """Naming a mapping without its keys changes nothing."""
    path = tmp_path / "finops.yaml"
    path.write_text("alerts: {}\ncalendar: {}\nmateriality: {}\nbudgets: {}\nexplanations: {}\n")
    assert load_company(path) == Company()
    path.write_text("tiers: [{name: a, above: 0}]\nalerts: {quiet_hours: {}}\nteams: [{slug: a, calendar: {}}]\n")
    company = load_company(path)
    assert company.ladder == (Tier("a", Decimal(0), (), ""),)
    assert (company.alerts, company.teams[0].calendar) == (AlertRules(), WorkCalendar())


def test_a_policy_is_laid_over_the_company(tmp_path: Path) -> None:
    """A file without teams replaces what it names, as a whole; one with teams is a finops.yaml of its own."""
    current, tried = tmp_path / "finops.yaml", tmp_path / "try.yaml"
    current.write_text(
        "company: Example\nsettled_after: 2\nroles: {finops: '@finops'}\nmateriality: {amount: 5, ratio: 2 %}\n"
        "alerts: {most_pings: 3, close_on: 2}\nteams: [{slug: a, owners: a@example.com}]\n"
    )
    company = load_company(current)
    tried.write_text("materiality: {amount: 100}\nalerts: {most_pings: 9}\n")
    assert load_policy(tried, company) == replace(
        company, materiality=Materiality(Decimal(100)), alerts=AlertRules(most_pings=9)
    )
    tried.write_text("tiers: [{name: calm, above: 0}]\nteams: [{slug: b}]\n")
    assert load_policy(tried, company) == load_company(tried)
    tried.write_text("alerts: {quiet_hours: {from: 09:00, to: 18:00}}\n")
    with pytest.raises(ConfigurationRefused, match=r"try.yaml:1:10: the quiet hours, .* hold all working hours, 09:00"):
        load_policy(tried, company)
    with pytest.raises(ConfigurationRefused, match="no configuration file"):
        load_policy(tmp_path / "none.yaml", company)


def test_an_empty_file_is_a_company_without_teams(tmp_path: Path) -> None:
    """Everything has a default."""
    path = tmp_path / "finops.yaml"
    path.write_text("")
    company = load_company(path)
    assert (company.teams, company.ladder, company.currency, company.basis) == ((), LADDER, "USD", "effective")


def test_the_demos_configuration_is_read(tmp_path: Path) -> None:
    """The commented configuration that the demo writes is one that is taken."""
    path = tmp_path / "finops.yaml"
    path.write_text(config_text())
    assert len(load_company(path).teams) == 9


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """No configuration is a refusal that names the way out."""
    with pytest.raises(ConfigurationRefused, match="--config"):
        load_company(tmp_path / "none.yaml")


def test_keys_of_sources_reach_them_as_text(tmp_path: Path) -> None:
    """Paths are relative to the file, a day and a number are as written, and lists and mappings are JSON."""
    path = tmp_path / "finops.yaml"
    path.write_text(
        "sources:\n"
        "  saas: {path: bills, rules: saas.yaml}\n"
        "  aws: {kind: aws_cost_explorer, months: 3}\n"
        "  k8s: {kind: opencost, path: days, since: 2026-11-01, replaces: {export: aws, service: EC2}}\n"
    )
    sources = load_company(path).sources
    assert sources["saas"].keys == {"path": str(tmp_path / "bills"), "rules": str(tmp_path / "saas.yaml")}
    assert sources["aws"].keys == {"months": "3"}
    assert sources["k8s"].keys == {
        "path": str(tmp_path / "days"),
        "since": "2026-11-01",
        "replaces": '{"export": "aws", "service": "EC2"}',
    }
