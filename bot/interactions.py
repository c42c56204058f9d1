"""What a person types, clicks and submits: each becomes a handler's Request, and its Reply the acknowledgement."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog
from slack_bolt import Ack, BoltResponse

from bot import metrics
from bot.answers import Answers, logged_bug
from finops.errors import FinopsError
from finops.names import nearest
from handlers.request import Reply, Request
from storage.deliveries import find_message
from storage.teams import find_team
from views import blocks
from views.notes import old_button_message
from views.problems import RUN, problem_message, unexpected_message, unkept_message, unknown_command_message

LOG = structlog.get_logger("finops.app")
HELD = ("value", "selected_date", "selected_user", "selected_option")
"""Where an element of a form keeps what was filled in."""
PROPOSED = ("initial_value", "initial_date", "initial_user", "initial_option")
"""Where it keeps what it was shown with."""


class Interactions:
    """Bolt's listeners for what is acknowledged with an answer."""

    def __init__(self, answers: Answers) -> None:
        self._answers, self._installation = answers, answers.installation

    def command(self, ack: Ack, command: Mapping[str, Any]) -> BoltResponse:
        """`/finops …`: a read is answered in the ack itself."""
        words = str(command.get("text") or "").split()
        start = time.perf_counter()
        trigger = command.get("trigger_id", "")
        request = self._answers.request(command["user_id"], command.get("channel_id", ""), trigger)
        reply = self._answers.opened(self._run(words, request), trigger)
        known = words[0].lower() if words and words[0].lower() in self._answers.commands else "other"
        metrics.ANSWER_SECONDS.labels(known).observe(time.perf_counter() - start)
        metrics.REQUESTS.labels("command", known).inc()
        self._answers.go_on(f"answer/{trigger or secrets.token_hex(8)}", str(command.get("response_url") or ""), reply)
        self._answers.done()
        if reply.message is None:
            return ack()
        kind = "in_channel" if reply.in_channel else "ephemeral"
        return ack(text=reply.message.text, blocks=reply.message.blocks, response_type=kind)

    def _run(self, words: Sequence[str], request: Request) -> Reply:
        """The answer to the words of a command; a team's name alone asks for its month."""
        name, *rest = words or ["help"]
        answers = self._answers.answers
        if name.lower() in answers:
            answer = answers[name.lower()]
            return self._answers.safely(lambda: answer(replace(request, words=tuple(rest))), words)
        near = [] if self._is_team(name) else nearest(name, list(self._answers.commands), 3)
        if near:
            return Reply(unknown_command_message(name, [" ".join([each, *rest]) for each in near]))
        return self._answers.safely(
            lambda: answers["variance"](replace(request, words=tuple(words))), ["variance", *words]
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
        value, user_id = _value(action), body["user"]["id"]
        request = self._answers.request(user_id, channel, f"{place}/{name}/{value}")
        message = self._message(channel, str(container.get("message_ts") or ""))
        view = body.get("view") or {}
        request = replace(request, value=value, via="button", message=message)
        request = _with_form(request, view)
        actions = self._answers.actions
        metrics.REQUESTS.labels("action", name if name in actions or name == RUN else "unknown").inc()
        if name == RUN:
            reply = replace(self._run(value.split(), request), replaces=True)
        elif name in actions:
            reply = self._answers.safely(lambda: actions[name](request))
        else:
            LOG.info("unknown action", action_id=name[:80])
            reply = Reply(old_button_message())
        reply = self._answers.replaced(self._answers.opened(reply, str(body.get("trigger_id") or "")), view)
        self._answer_click(body, action, reply)
        if view.get("type") == "home":
            self._answers.refresh_home(user_id)
        return ack()

    def _message(self, channel: str, ts: str) -> str:
        """Key of the delivery that became a message; empty for an answer to one person, and for a form."""
        if not channel or not ts:
            return ""
        with self._installation.state.reading() as connection:
            found = find_message(connection, channel, ts)
        return found.key if found else ""

    def _answer_click(self, body: Mapping[str, Any], action: Mapping[str, Any], reply: Reply) -> None:
        """Queue the answer: through the response_url, or as a direct message to a click in App Home."""
        urls = [body.get("response_url"), *(each.get("response_url") for each in body.get("response_urls") or ())]
        url = next((url for url in urls if url), None)
        key = f"answer/{action.get('action_ts') or secrets.token_hex(8)}/{body['user']['id']}"
        container = body.get("container") or {}
        thread = str(container.get("thread_ts") or "")
        if url:
            # The first message of a thread stands in the channel, and so does the answer to its buttons.
            self._answers.respond(key, url, reply, "" if thread == container.get("message_ts") else thread)
        elif reply.message:
            self._answers.tell(key, str(body["user"]["id"]), reply.message)
        self._answers.done()

    def submission(self, ack: Ack, body: Mapping[str, Any]) -> BoltResponse:
        """A form: what it does is committed, then it closes; whatever is wrong with it keeps it open as it was."""
        view = body["view"]
        name, user_id = str(view["callback_id"]), body["user"]["id"]
        fields = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
        known = self._answers.submissions.get(name)
        metrics.REQUESTS.labels("submission", name if known else "unknown").inc()
        request = _with_form(replace(self._answers.request(user_id, "", str(view["id"])), via="form"), view)
        reply = _at_fields(fields, lambda: (known or _of_an_older_version)(request))
        if reply.errors:
            return ack(response_action="errors", errors=dict(reply.errors))
        if reply.next_view is not None:
            return ack(response_action="push", view=dict(reply.next_view))
        if reply.replaces_view is not None:
            return ack(response_action="update", view=dict(reply.replaces_view))
        if reply.message:
            self._answers.tell(f"answer/{view['id']}/{user_id}", user_id, reply.message)
        self._answers.refresh_home(user_id)
        self._answers.done()
        return ack(response_action="clear")

    def closed(self, ack: Ack, body: Mapping[str, Any]) -> BoltResponse:
        """A form was closed without being submitted: what it held is kept, or given back to its writer."""
        view = body["view"]
        name = str(view.get("callback_id") or "")
        known = self._answers.closings.get(name)
        metrics.REQUESTS.labels("closing", name if known else "unknown").inc()
        if known:
            user_id = str(body["user"]["id"])
            request = self._answers.request(user_id, "", str(view.get("id") or ""))
            request = _with_form(replace(request, via="form"), view)
            why, typed = _failed(lambda: known(request)), _typed(view, request)
            if why and typed:
                title = str((view.get("title") or {}).get("text") or "")
                self._answers.give_back(user_id, unkept_message(title, typed, why))
        return ack()


def _of_an_older_version(_request: Request) -> Reply:
    raise FinopsError(
        "This form is of an older version of me and does nothing any more.", "Close it and see /finops help."
    )


def _failed(keep: Callable[[], Reply]) -> str:
    """Why something was not kept, in words for who typed it; empty where it was."""
    try:
        keep()
    except FinopsError as problem:
        return str(problem)
    except Exception:
        return f"something went wrong on my side, and FinOps finds it in the log as `{logged_bug()}`."
    return ""


def _typed(view: Mapping[str, Any], request: Request) -> list[tuple[str, str]]:
    """Label and content of every field of a form that does not hold what it was shown with."""
    labels = {block.get("block_id"): str((block.get("label") or {}).get("text")) for block in view.get("blocks") or ()}
    return [(labels.get(name) or name, held) for name, held in request.changed.items() if held]


def _at_fields(fields: Sequence[str], answer: Callable[[], Reply]) -> Reply:
    """The reply to a form, everything that is wrong standing at a field; where it has none, on top of the form."""
    try:
        reply = answer()
    except FinopsError as problem:
        wrong, message = {"": str(problem)}, problem_message(problem)
    except Exception:
        reference = logged_bug()
        said = f"Something went wrong on my side, and nothing was changed. Try again, or tell FinOps {reference}."
        wrong, message = {"": said}, unexpected_message(reference)
    else:
        if not reply.errors:
            return reply
        wrong, message = dict(reply.errors), problem_message(FinopsError(" ".join(reply.errors.values())))
    if not fields:
        return Reply(next_view=blocks.modal("Not possible", message.blocks, "problem", close="Back"))
    return Reply(errors={name if name in fields else fields[0]: said for name, said in wrong.items()})


def _value(action: Mapping[str, Any]) -> str:
    """What a button, a menu or an overflow item stands for."""
    chosen = action.get("selected_option") or {}
    return str(action.get("value") or chosen.get("value") or "")


def _with_form(request: Request, view: Mapping[str, Any]) -> Request:
    """The request with what a form holds, was shown with and carries along."""
    # Slack leaves the state out where it has none to tell.
    filled = ((view.get("state") or {}).get("values") or {}).items()
    inputs = {block: _held(element, HELD) for block, elements in filled for element in elements.values()}
    shown = (block for block in view.get("blocks") or () if block.get("type") == "input")
    proposed = {str(block.get("block_id")): _held(block.get("element") or {}, PROPOSED) for block in shown}
    return replace(request, inputs=inputs, proposed=proposed, metadata=_carried(view))


def _held(element: Mapping[str, Any], names: Sequence[str]) -> str:
    """What an element of a form holds under any of some names."""
    held = next((element[name] for name in names if element.get(name)), "")
    return str(held["value"] if isinstance(held, dict) else held)


def _carried(view: Mapping[str, Any]) -> dict[str, Any]:
    """What a form carries along, nothing where it is not ours."""
    try:
        carried = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return carried if isinstance(carried, dict) else {}
