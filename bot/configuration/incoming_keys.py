"""The keys of finops.yaml that say where alerts of AWS come in, and whose they are."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from bot.configuration.policy_keys import Keys
from bot.configuration.values import Names
from finops.incoming_alert import IncomingRule, IncomingRules
from finops.sns_message import TOPIC


def _known_topic(value: str) -> str:
    if not TOPIC.fullmatch(value):
        raise ValueError(f"'{value}' is not a topic's ARN such as arn:aws:sns:eu-west-1:123456789012:budgets")
    return value


def _known_queue(value: str) -> str:
    if value and not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d+)?/[0-9]{12}/[A-Za-z0-9_-]{1,80}(\.fifo)?", value):
        example = "https://sqs.eu-west-1.amazonaws.com/123456789012/finops-alerts"
        raise ValueError(f"'{value}' is not a queue's URL such as {example}")
    return value


class IncomingRuleKeys(Keys):
    """One of `incoming.map:`."""

    team: str = Field(min_length=1)
    """slug of the team that such alerts are of; required"""
    account: Names = ()
    """AWS account ids; of an anomaly, the account that contributes most to it"""
    budget: Names = ()
    """names of AWS's budgets"""
    service: Names = ()
    """services, as AWS Cost Anomaly Detection names them"""

    @model_validator(mode="after")
    def _names_something(self) -> IncomingRuleKeys:
        if not any((self.account, self.budget, self.service)):
            raise ValueError("a rule must name an account, budget or service")
        return self


class IncomingKeys(Keys):
    """`incoming:`."""

    topics: tuple[Annotated[str, AfterValidator(_known_topic)], ...] = ()
    """ARNs of the SNS topics whose messages count; `finops web` takes them at `/incoming/sns`"""
    queue: Annotated[str, AfterValidator(_known_queue)] = ""
    """URL of an SQS queue that the worker reads, for those who open no port"""
    map: tuple[IncomingRuleKeys, ...] = ()
    """whose an alert is; the first that matches, all that it names holding; else a team of the budget's name, and \
then the scopes"""

    def value(self) -> IncomingRules:
        """As the company has it."""
        rules = tuple(IncomingRule(each.team, each.account, each.budget, each.service) for each in self.map)
        return IncomingRules(self.topics, self.queue, rules)
