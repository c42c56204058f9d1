"""Every handler with what it asks for filled in, and the ways in which its answer reaches the person."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from slack_sdk import WebClient

from bot.channels.channel import Refused
from bot.channels.slack_calls import attempt
from bot.discovery import declared, discover, wired
from bot.installation import Installation
from finops.effect import Effect
from finops.errors import ConfigurationRefused, FinopsError
from handlers.arguments import UnknownName
from handlers.home import open_home
from handlers.request import Answer, Command, Reply, Request
from storage.deliveries import RESPONSE, find, queue
from views.fit import at_most
from views.message import Message
from views.notes import note
from views.problems import problem_message, unexpected_message

LOG = structlog.get_logger("finops.app")
OPEN_SECONDS = 2
"""How long Slack may take to open a form: a trigger is good for three seconds, and so is the acknowledgement."""
USES = 5
"""How many answers a response_url takes."""
T = TypeVar("T")


class Answers:
    """The handlers, by what calls them.

    Args:
        wake: called after something was queued for Slack.

    Attributes:
        commands: in the order of the help.
        answers, actions, submissions, closings, thread_words, reactions: as in handlers.request.Command.

    Raises:
        ConfigurationRefused: two commands answer the same button, form, word or emoji.
    """

    def __init__(self, installation: Installation, wake: Callable[[], None]) -> None:
        self.installation, self._wake = installation, wake
        found: dict[str, Command] = {command.name: command for command in discover("handlers", "COMMAND").values()}
        self.commands = {name: found[name] for name in sorted(found, key=lambda name: (name != "help", name))}
        dependencies = {
            "company": installation.company,
            "state": installation.state,
            "commands": self.commands,
            # Their names only: the jobs themselves need what the web process does without.
            "jobs": declared("jobs", "JOB"),
        }

        def fill(answer: Answer) -> Answer:
            return wired(answer, dependencies)

        every = self.commands.values()
        self.answers = {command.name: fill(command.answer) for command in every}
        self.actions = {name: fill(answer) for name, answer in _merged(command.actions for command in every).items()}
        submissions = _merged(command.submissions for command in every)
        self.submissions = {name: fill(answer) for name, answer in submissions.items()}
        closings = _merged(command.closings for command in every)
        self.closings = {name: fill(answer) for name, answer in closings.items()}
        words = _merged(command.thread_words for command in every)
        self.thread_words = {word: fill(answer) for word, answer in words.items()}
        reactions = _merged(command.reactions for command in every)
        self.reactions = {emoji: (fill(put), fill(taken)) for emoji, (put, taken) in reactions.items()}
        self._home = wired(open_home, dependencies)
        settings = installation.settings
        # Of its own, because it waits for less and never repeats: a repeated trigger is refused.
        self._client = WebClient(
            token=settings.slack_bot_token.get_secret_value(),
            base_url=settings.api_url,
            timeout=OPEN_SECONDS,
            retry_handlers=[],
        )

    def request(self, user_id: str, channel: str, interaction: str) -> Request:
        """What a handler is given, as far as every way in knows it."""
        return Request(user_id, self.installation.now, channel=channel, interaction=interaction)

    def safely(self, answer: Callable[[], Reply], words: Sequence[str] = ()) -> Reply:
        """An answer, or what went wrong in words: what a person can mend, or a reference to what is in the log."""
        try:
            return answer()
        except UnknownName as unknown:
            meant = [" ".join(near if word == unknown.word else word for word in words) for near in unknown.near]
            return Reply(problem_message(unknown, instead=meant))
        except FinopsError as problem:
            return Reply(problem_message(problem))
        except Exception:
            return Reply(unexpected_message(logged_bug()))

    def opened(self, reply: Reply, trigger_id: str) -> Reply:
        """The reply once its form is before the person, or instead of it why it is not."""
        if reply.modal is None:
            return reply
        try:
            attempt(self._client.views_open, trigger_id=trigger_id, view=dict(reply.modal))
        except Refused as refusal:
            LOG.warning("form not opened", form=reply.modal.get("callback_id"), reason=refusal.reason)
            return Reply(note("Slack did not open the form in time. Nothing was changed: please try again."))
        return reply

    def replaced(self, reply: Reply, view: Mapping[str, Any]) -> Reply:
        """The reply once its form stands in the place of the one that was clicked in, or instead of it why not.

        Args:
            view: the one that was clicked in, as Slack sent it.
        """
        if reply.replaces_view is None:
            return reply
        try:
            attempt(
                self._client.views_update,
                view_id=str(view.get("id") or ""),
                hash=str(view.get("hash") or ""),
                view=dict(reply.replaces_view),
            )
        except Refused as refusal:
            LOG.warning("form not replaced", form=reply.replaces_view.get("callback_id"), reason=refusal.reason)
            return Reply(note("Slack did not show the form anew. Close it and open it again: it holds what is kept."))
        return reply

    def tell(self, key: str, user_id: str, message: Message) -> None:
        """Queue a direct message."""
        self._queue(Effect(key, "answer", user_id, message.as_payload()))

    def give_back(self, user_id: str, message: Message) -> None:
        """Post a direct message at once: what the database cannot keep, it cannot queue either."""
        try:
            for page in (message, *message.continued):
                attempt(self._client.chat_postMessage, channel=user_id, text=page.text, blocks=page.blocks)
        except Refused as refusal:
            LOG.error("not given back", user=user_id, reason=refusal.reason)

    def respond(self, key: str, url: str, reply: Reply, thread: str) -> None:
        """Queue an answer through a response_url; in a thread where the click was in one."""
        if reply.message is None:
            return
        pages = _pages(reply, at_most(reply.message, USES - 1), thread)
        self._queue(_answer(key, url, [pages[0] | {"replace_original": reply.replaces}, *pages[1:]]))

    def go_on(self, key: str, url: str, reply: Reply) -> None:
        """Queue what the acknowledgement of a command has no room for, through its response_url."""
        if reply.message and reply.message.continued:
            self._queue(_answer(key, url, _pages(reply, at_most(reply.message, USES), "")[1:]))

    def done(self) -> None:
        """Something may have been queued."""
        self._wake()

    def open_home(self, user_id: str) -> None:
        """Queue a person's home view."""
        self._home(self.request(user_id, "", ""))
        self._wake()

    def refresh_home(self, user_id: str) -> None:
        """Queue a person's home view anew where they have one: what waits for them may have changed."""
        try:
            with self.installation.state.reading() as connection:
                has_one = find(connection, f"home:{user_id}") is not None
            if has_one:
                self.open_home(user_id)
        except Exception:
            # What was asked for is done; a home that lags behind must not make it look as if it were not.
            LOG.exception("home not refreshed")

    def _queue(self, effect: Effect) -> None:
        with self.installation.state.writing() as connection:
            queue(connection, [effect], self.installation.now)
        self._wake()


def _pages(reply: Reply, message: Message, thread: str) -> list[dict[str, Any]]:
    """A message, and what of it goes on in others, as a response_url takes them."""
    kind = "in_channel" if reply.in_channel else "ephemeral"
    place = {"thread_ts": thread} if thread and not reply.replaces else {}
    return [
        {"text": page.text, "blocks": page.blocks, "replace_original": False, "response_type": kind, **place}
        for page in (message, *message.continued)
    ]


def _answer(key: str, url: str, pages: Sequence[dict[str, Any]]) -> Effect:
    """Pages that are sent through a response_url one after the other."""
    return Effect(key, "answer", f"{RESPONSE}{url}", pages[0] | {"continued": list(pages[1:])})


def logged_bug() -> str:
    """Put the exception being handled in the log; returns the reference that the person is shown."""
    reference = secrets.token_hex(4)
    LOG.exception("bug", reference=reference)
    return reference


def _merged(parts: Iterable[Mapping[str, T]]) -> dict[str, T]:
    merged: dict[str, T] = {}
    for part in parts:
        if twice := merged.keys() & part.keys():
            raise ConfigurationRefused(f"Two commands answer {', '.join(sorted(twice))}.")
        merged |= part
    return merged
