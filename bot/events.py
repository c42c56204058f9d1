"""What happens in the workspace: a home is opened, a word is said in a thread, an emoji is put on a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from bot import metrics
from bot.answers import Answers
from finops.errors import FinopsError
from handlers.alert_access import alert_of_message
from handlers.request import Answer, Reply
from handlers.thread_words import thread_word
from storage.deliveries import find_message
from storage.events import is_being_posted
from storage.people import names_of
from views.answers import word_alone_message
from views.problems import problem_message

LOG = structlog.get_logger("finops.app")


class NotYetKnown(Exception):
    """A message is being posted where the event happened, so it may be that one's: Slack has to tell again."""


class Events:
    """Bolt's listeners for what nobody waits for. What breaks here is not acknowledged, so Slack tells it again."""

    def __init__(self, answers: Answers) -> None:
        self._answers, self._installation = answers, answers.installation

    def home(self, event: Mapping[str, Any]) -> None:
        """Somebody opened the app's home."""
        if event.get("tab", "home") != "home":
            return
        metrics.REQUESTS.labels("event", "app_home_opened").inc()
        self._answers.open_home(event["user"])

    def message(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """A person's whole reply in a thread may be a word that answers the thread's message; all else is nothing.

        Where it only begins with the word, the person is told how to answer: it may have been meant for us.
        """
        thread = event.get("thread_ts")
        # Every message of every channel comes by here.
        if not thread or thread == event.get("ts") or event.get("bot_id") or event.get("edited"):
            return
        if event.get("subtype") not in (None, "thread_broadcast"):
            return
        word, alone = thread_word(str(event.get("text") or ""), self._answers.thread_words)
        channel = str(event.get("channel") or "")
        if word and alone:
            self._answer(self._answers.thread_words[word], body, channel, str(thread), "thread")
        elif word:
            self._hint(word, str(event.get("user") or ""), channel, str(thread), str(event.get("ts") or ""))

    def reaction(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """An emoji was put on a message, or taken away."""
        item, pair = event.get("item") or {}, self._answers.reactions.get(str(event.get("reaction")))
        if pair is None or item.get("type") != "message":
            return
        put, taken = pair
        answer = put if event["type"] == "reaction_added" else taken
        self._answer(answer, body, str(item.get("channel") or ""), str(item.get("ts") or ""), "reaction")

    def _hint(self, word: str, user_id: str, channel: str, thread: str, ts: str) -> None:
        """Tell somebody, once for each message of theirs, that a word of ours counts alone; in an alert's thread."""
        with self._installation.state.reading() as connection:
            found = find_message(connection, channel, thread)
            known = bool(names_of(connection, [user_id]))
        if known and found is not None and alert_of_message(found.key):
            self._answers.tell(f"hint/{channel}/{ts}/{user_id}", user_id, word_alone_message(word))

    def _answer(self, answer: Answer, body: Mapping[str, Any], channel: str, ts: str, via: str) -> None:
        """Let a handler answer for the message at a place, if it is one of ours; what it says is a direct message."""
        user_id, event_id = str(body["event"].get("user") or ""), str(body["event_id"])
        with self._installation.state.reading() as connection:
            found = find_message(connection, channel, ts)
            if found is None and is_being_posted(connection, channel):
                raise NotYetKnown(f"{channel} {ts}")
            # A bot is nobody whom the directory knows, and takes no direct messages.
            known = bool(names_of(connection, [user_id]))
        if found is None or not user_id:
            return
        metrics.REQUESTS.labels("event", via).inc()
        request = self._answers.request(user_id, channel, event_id)
        try:
            reply = answer(replace(request, via=via, message=found.key))
        except FinopsError as problem:
            reply = Reply(problem_message(problem))
        if reply.message and known:
            self._answers.tell(f"answer/{event_id}/{user_id}", user_id, reply.message)
        self._answers.done()
