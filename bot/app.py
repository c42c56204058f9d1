"""The Bolt app: which listener hears what, and what is said to what no listener understands."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot import metrics
from bot.answers import Answers
from bot.events import Events
from bot.installation import Installation
from bot.interactions import Interactions

LOG = structlog.get_logger("finops.app")
COMMAND = "/finops"


def build_app(installation: Installation, wake: Callable[[], None] = lambda: None) -> App:
    """The Bolt app, ready for HTTP or Socket Mode; its listeners call Slack for forms and what they held, and no more.

    Args:
        wake: called after something was queued for Slack.
    """
    settings = installation.settings
    # Bolt logs a request with a bad signature at INFO, body and all.
    logging.getLogger("slack_bolt.RequestVerification").setLevel(logging.WARNING)
    # Bolt warns that SLACK_BOT_TOKEN of the environment is not taken by itself; it comes in by authorize().
    logging.getLogger("slack_bolt.App").addFilter(lambda record: "`token`" not in record.getMessage())
    token = settings.slack_bot_token.get_secret_value()

    def authorize() -> AuthorizeResult:
        # One workspace, one token: nothing to ask Slack for, so an outage at boot is no crash loop.
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token, bot_id="", bot_user_id="")

    app = App(
        # Socket Mode has no signatures; a secret nobody knows lets nobody in by HTTP.
        signing_secret=settings.slack_signing_secret.get_secret_value() or secrets.token_hex(32),
        client=WebClient(token=token, base_url=settings.api_url),
        authorize=authorize,
        process_before_response=True,
    )
    answers = Answers(installation, wake)
    interactions, events = Interactions(answers), Events(answers)
    app.command(COMMAND)(interactions.command)
    app.block_action(re.compile(""))(interactions.action)
    app.view_submission(re.compile(""))(interactions.submission)
    app.view_closed(re.compile(""))(interactions.closed)
    app.event("app_home_opened")(events.home)
    app.event("message")(events.message)
    app.event("reaction_added")(events.reaction)
    app.event("reaction_removed")(events.reaction)
    for unanswered in (app.shortcut, app.options):
        unanswered(re.compile(""))(ignore)
    app.event(re.compile(""))(ignore)
    app.error(refuse)
    return app


def refuse(error: Exception) -> BoltResponse:
    """Answer what broke outside the handlers: a payload that lacks what Slack always sends, or a database that is gone.

    Slack sends an event again after a 5xx, which helps against the second only.
    """
    if isinstance(error, LookupError | TypeError | ValueError | AttributeError):
        LOG.warning("malformed request", exc_info=error)
        return BoltResponse(status=400, body="malformed payload")
    LOG.error("request failed", exc_info=error)
    return BoltResponse(status=503, body="try again")


def ignore(ack: Ack, body: Mapping[str, Any]) -> BoltResponse:
    """Acknowledge what nothing here asked for: of an older version of the app, or of a newer Slack."""
    kind = str((body.get("event") or body).get("type", "?"))[:80]
    LOG.info("ignored", type=kind)
    metrics.REQUESTS.labels("ignored", "unknown").inc()
    return ack()
