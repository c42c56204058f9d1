"""Bolt's listeners: a request becomes a handler's Request, its Reply becomes the ack."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot import metrics
from bot.discovery import discover, wired
from bot.installation import Installation
from finops.effect import Effect
from finops.errors import FinopsError
from finops.names import nearest
from handlers.arguments import UnknownName
from handlers.home import open_home
from handlers.request import Answer, Command, Reply, Request
from storage.deliveries import queue
from storage.teams import find_team
from views.notes import old_button_message
from views.problems import RUN, problem_message, unexpected_message, unknown_command_message

LOG = structlog.get_logger("finops.app")
COMMAND = "/finops"


class Listeners:
    """What the listeners share.

    Args:
        wake: called after something was queued for Slack.
    """

    def __init__(self, installation: Installation, wake: Callable[[], None]) -> None:
        self._installation, self._wake = installation, wake
        found: dict[str, Command] = {command.name: command for command in discover("handlers", "COMMAND").values()}
        self.commands = {name: found[name] for name in sorted(found, key=lambda name: (name != "help", name))}
        dependencies = {
            "company": installation.company,
            "state": installation.state,
            "commands": self.commands,
        }
        self._answers = {name: wired(command.answer, dependencies) for name, command in self.commands.items()}
        self._actions: dict[str, Answer] = {
            action: wired(answer, dependencies)
            for command in self.commands.values()
            for action, answer in command.actions.items()
        }
        self._home = wired(open_home, dependencies)

    def command(self, ack: Ack, command: Mapping[str, Any]) -> BoltResponse:
        """`/finops …`: a read is answered in the ack itself."""
        words = str(command.get("text") or "").split()
        start = time.perf_counter()
        request = self._request(command["user_id"], command.get("channel_id", ""), command.get("trigger_id", ""))
        reply = self._run(words, request)
        known = words[0].lower() if words and words[0].lower() in self.commands else "other"
        metrics.ANSWER_SECONDS.labels(known).observe(time.perf_counter() - start)
        metrics.REQUESTS.labels("command", known).inc()
        kind = "in_channel" if reply.in_channel else "ephemeral"
        return ack(text=reply.message.text, blocks=reply.message.blocks, response_type=kind)

    def _run(self, words: Sequence[str], request: Request) -> Reply:
        """The answer to the words of a command; a team's name alone asks for its month."""
        name, *rest = words or ["help"]
        if name.lower() in self._answers:
            answer = self._answers[name.lower()]
            return self._safely(lambda: answer(replace(request, words=tuple(rest))), words)
        near = [] if self._is_team(name) else nearest(name, list(self.commands), 3)
        if near:
            return Reply(unknown_command_message(name, [" ".join([each, *rest]) for each in near]))
        return self._safely(
            lambda: self._answers["variance"](replace(request, words=tuple(words))), ["variance", *words]
        )

    def _is_team(self, name: str) -> bool:
        with self._installation.state.reading() as connection:
            return find_team(connection, self._installation.company, name.lower()) is not None

    def action(self, ack: Ack, body: Mapping[str, Any]) -> BoltResponse:
        """A button or menu: what it does and its answer are committed, then the click is acknowledged."""
        action = body["actions"][0]
        # Several buttons of one kind in a row differ by what follows the dot.
        name = str(action["action_id"]).split(".")[0]
        container = body.get("container") or {}
        channel = (body.get("channel") or {}).get("id") or container.get("channel_id") or ""
        place = container.get("message_ts") or container.get("view_id") or ""
        value = _value(action)
        request = replace(self._request(body["user"]["id"], channel, f"{place}/{name}/{value}"), value=value)
        metrics.REQUESTS.labels("action", name if name in self._actions or name == RUN else "unknown").inc()
        if name == RUN:
            reply = replace(self._run(value.split(), request), replaces=True)
        elif name in self._actions:
            reply = self._safely(lambda: self._actions[name](request))
        else:
            LOG.info("unknown action", action_id=name[:80])
            reply = Reply(old_button_message())
        self._answer_click(body, action, reply)
        return ack()

    def home(self, event: Mapping[str, Any]) -> None:
        """Somebody opened the app's home."""
        if event.get("tab", "home") != "home":
            return
        metrics.REQUESTS.labels("event", "app_home_opened").inc()
        self._home(self._request(event["user"], "", ""))
        self._wake()

    def _answer_click(self, body: Mapping[str, Any], action: Mapping[str, Any], reply: Reply) -> None:
        """Queue the answer: through the response_url, or as a direct message to a click in App Home."""
        urls = [body.get("response_url"), *(each.get("response_url") for each in body.get("response_urls") or ())]
        url = next((url for url in urls if url), None)
        key = f"answer/{action.get('action_ts') or secrets.token_hex(8)}/{body['user']['id']}"
        payload = reply.message.as_payload()
        if url:
            kind = "in_channel" if reply.in_channel else "ephemeral"
            payload = {"text": payload["text"], "blocks": payload["blocks"], "response_type": kind}
            payload["replace_original"] = reply.replaces
        place = f"response:{url}" if url else str(body["user"]["id"])
        with self._installation.state.writing() as connection:
            queue(connection, [Effect(key, "answer", place, payload)], self._installation.now)
        self._wake()

    def _request(self, user_id: str, channel: str, interaction: str) -> Request:
        return Request(user_id, self._installation.now, channel=channel, interaction=interaction)

    def _safely(self, answer: Callable[[], Reply], words: Sequence[str] = ()) -> Reply:
        """An answer, or what went wrong in words: what a person can mend, or a reference to what is in the log."""
        try:
            return answer()
        except UnknownName as unknown:
            meant = [" ".join(near if word == unknown.word else word for word in words) for near in unknown.near]
            return Reply(problem_message(unknown, instead=meant))
        except FinopsError as problem:
            return Reply(problem_message(problem))
        except Exception:
            reference = secrets.token_hex(4)
            LOG.exception("bug", reference=reference)
            return Reply(unexpected_message(reference))


def build_app(installation: Installation, wake: Callable[[], None] = lambda: None) -> App:
    """The Bolt app, ready for HTTP or Socket Mode; it calls Slack neither now nor in a listener."""
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
    listeners = Listeners(installation, wake)
    app.command(COMMAND)(listeners.command)
    app.block_action(re.compile(""))(listeners.action)
    app.event("app_home_opened")(listeners.home)
    for unanswered in (app.shortcut, app.view, app.view_closed, app.options):
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


def _value(action: Mapping[str, Any]) -> str:
    """What a button, a menu or an overflow item stands for."""
    chosen = action.get("selected_option") or {}
    return str(action.get("value") or chosen.get("value") or "")
