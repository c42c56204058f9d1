"""What a person does: commands, messages, reactions, clicks, forms. Person and the page both come through here."""

import asyncio
from typing import Any

from sandbox.delivery import Delivery
from sandbox.elements import FIELDS, chosen, complaints, initial_state, interactive, options_of
from sandbox.errors import AppFailure, Refusal
from sandbox.modals import Modals
from sandbox.places import Place, base_payload, find_place
from sandbox.response_urls import ResponseUrls
from sandbox.workspace import APP_ID, TEAM, Workspace

Json = dict[str, Any]
TROUBLE = "We had some trouble connecting. Try again?"


class Actions:
    """A person's hands; every method takes her user id and runs on the sandbox's loop."""

    def __init__(self, workspace: Workspace, modals: Modals, delivery: Delivery, urls: ResponseUrls) -> None:
        """Act on the given parts of one sandbox."""
        self._workspace, self._modals, self._delivery, self._urls = workspace, modals, delivery, urls
        self._suggested: dict[tuple[str, str], list[Json]] = {}
        self._touched: dict[tuple[str, str], Json] = {}

    async def command(
        self, user: str, channel: str, line: str, thread_ts: str | None = None, timeout: float = 5.0
    ) -> list[Json]:
        """Type a slash command.

        Returns:
            The messages it brought, waiting up to `timeout` seconds when the acknowledgement had none.

        Raises:
            AppFailure: Slack's words when there is no such command or the app failed.
        """
        self._present(user, channel)
        word, _, text = line.strip().partition(" ")
        declared = next((c for c in self._workspace.manifest.commands if c.command == word), None)
        if declared is None:
            raise AppFailure(f"{word} is not a valid command.")
        if thread_ts:
            raise AppFailure(f"{word} is not supported in threads. Sorry!")
        trigger_id = self._modals.trigger(user)
        response_url, origin = self._urls.make(user, channel)
        place = self._workspace.channels[channel]
        payload = {
            "token": "verification-token", "team_id": TEAM["id"], "team_domain": TEAM["domain"], "channel_id": channel,
            "channel_name": place["name"] or "directmessage", "user_id": user,
            "user_name": self._workspace.users[user]["name"], "command": word,
            "text": self._workspace.mentions(text, labelled=True) if declared.should_escape else text.strip(),
            "api_app_id": APP_ID, "is_enterprise_install": "false", "response_url": response_url,
            "trigger_id": trigger_id,
        }  # fmt: skip
        try:
            answer = await self._delivery.send("slash_commands", payload)
            if answer.get("text") or answer.get("blocks"):
                self._urls.answer(origin, answer)
        except (AppFailure, Refusal) as failure:
            self._delivery.complaints.append(f"{word} {text}: {' '.join(map(str, failure.args))}")
            raise AppFailure(f"{word} failed with the error {failure.args[0]}") from None
        await self._settle(lambda: bool(origin.answers) or self._modals.was_used(trigger_id), timeout)
        return list(origin.answers)

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Write a message, as typed: `@alice` is a mention, markup characters are escaped."""
        self._present(user, channel)
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return self._workspace.post(channel, user, text=self._workspace.mentions(escaped), thread_ts=thread_ts)

    async def react(self, user: str, channel: str, ts: str, name: str, add: bool = True) -> None:
        """Add a reaction, or take it back."""
        self._workspace.react(user, channel, ts, name.strip(":"), add=add)

    async def act(
        self, user: str, action_id: str, *, channel: str | None = None, ts: str | None = None, value: Any = None,
        block_id: str | None = None, state: Json | None = None,
    ) -> None:  # fmt: skip
        """Use an element of a message, or without a channel of the open modal or else the Home tab.

        Args:
            user: who.
            action_id: of the element; `block_id`, or a button's `value`, tells equal ones apart.
            channel: of the message.
            ts: of the message.
            value: what is chosen, as in `elements.chosen`.
            block_id: of the block.
            state: what else is filled in at the moment, as in `submit`.

        Raises:
            AppFailure: the app did not acknowledge.
            KeyError: there is no such element.
            ValueError: it is an input that tells the app nothing before the form is submitted.
        """
        place = find_place(self._workspace, self._modals, user, channel, ts)
        block, element = place.element(action_id, block_id, value)
        if block["type"] == "input" and not block.get("dispatch_action"):
            raise ValueError(f"{action_id} is an input without dispatch_action: Slack tells the app nothing of it yet")
        values = await self._fill(user, place, state or {})
        action: Json = {"type": element["type"], "block_id": block["block_id"], "action_id": action_id}
        if element["type"] == "button":
            action |= {key: element[key] for key in ("text", "value") if key in element}
        else:
            options = await self._options(user, place, block, element, value)
            action |= chosen(element, value, options)
            values.setdefault(block["block_id"], {})[action_id] = chosen(element, value, options)
        action["action_ts"] = self._workspace.next_ts()
        payload = self._base("block_actions", user, place) | {"actions": [action]}
        if not place.view:
            payload |= {"state": {"values": values}}
        if place.channel:
            payload["response_url"], _ = self._urls.make(user, place.channel, place.message)
        await self._deliver(payload)

    async def suggest(
        self, user: str, action_id: str, query: str, *, channel: str | None = None, ts: str | None = None,
        block_id: str | None = None,
    ) -> list[Json]:  # fmt: skip
        """The options the app offers in an external select for what is typed."""
        place = find_place(self._workspace, self._modals, user, channel, ts)
        block, element = place.element(action_id, block_id, None)
        payload = self._base("block_suggestion", user, place)
        payload |= {"action_id": action_id, "block_id": block["block_id"], "value": query}
        del payload["trigger_id"]
        answer = await self._deliver(payload)
        options = options_of(answer)
        if len(options) > 100:
            self._delivery.complaints.append(f"{action_id}: {len(options)} options, Slack takes 100")
            raise AppFailure("Could not load the options.")
        self._suggested[user, element["action_id"]] = options
        return options

    async def submit(self, user: str, values: Json | None = None) -> dict[str, str] | None:
        """Submit the open modal.

        Args:
            user: who.
            values: what is filled in: `{block_id: {action_id: value}}` or `{action_id: value}`.

        Returns:
            Errors by block id when the form stays open, else None.

        Raises:
            AppFailure: no modal is open, or the app's answer is none Slack would take.
        """
        view = self._modals.top(user)
        if view is None:
            raise AppFailure("no modal is open")
        place = Place(view["blocks"], view=view)
        filled = await self._fill(user, place, values or {})
        if errors := complaints(view["blocks"], filled):
            return errors
        answer = await self._deliver(self._base("view_submission", user, place) | {"response_urls": []}, TROUBLE)
        try:
            return self._follow(user, view, answer)
        except Refusal as refusal:
            self._delivery.complaints.append(f"view_submission {view['callback_id']}: {refusal.answer}")
            raise AppFailure(TROUBLE) from None

    def _follow(self, user: str, view: Json, answer: Json) -> dict[str, str] | None:
        """Do what the answer to a submission says."""
        match answer.get("response_action"):
            case None if not answer:
                self._modals.close(user)
            case "errors":
                inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
                errors: dict[str, str] = answer.get("errors") or {}
                if not errors or not set(errors) <= inputs:
                    raise Refusal("invalid_errors", f"errors name {sorted(errors)}, inputs are {sorted(inputs)}")
                return errors
            case "update":
                self._modals.update(view, answer.get("view"))
            case "push":
                self._modals.push_over(user, answer.get("view"))
            case "clear":
                self._modals.close(user, everything=True)
            case other:
                raise Refusal("invalid_response_action", f"{other}")
        return None

    async def close(self, user: str) -> None:
        """Close the open modal."""
        view = self._modals.top(user)
        if view is None:
            return
        self._modals.close(user)
        if view["notify_on_close"]:
            payload = self._base("view_closed", user, Place(view["blocks"], view=view)) | {"is_cleared": False}
            del payload["trigger_id"]
            await self._deliver(payload)

    async def open_home(self, user: str, timeout: float = 2.0) -> Json | None:
        """Open the app's Home tab; waits up to `timeout` seconds for the app to publish it."""
        before = self._workspace.homes.get(user)
        event = {"type": "app_home_opened", "user": user, "channel": self._workspace.direct(user), "tab": "home"}
        event["event_ts"] = self._workspace.next_ts()
        self._delivery.event("app_home_opened", event | ({"view": before} if before else {}))
        await self._settle(lambda: self._workspace.homes.get(user) is not before, timeout)
        return self._workspace.homes.get(user)

    async def _fill(self, user: str, place: Place, raw: Json) -> Json:
        """The values of a place's elements after filling in what is given; KeyError for a field that is not there."""
        if place.view:
            values = place.view["state"]["values"]
        else:
            values = self._touched.setdefault((user, place.key), initial_state(place.blocks))
        given: dict[tuple[str | None, str], Any] = {}
        for key, value in raw.items():
            given |= (
                {(key, action): v for action, v in value.items()} if isinstance(value, dict) else {(None, key): value}
            )
        for block, element in interactive(place.blocks):
            block_id, action_id = block["block_id"], element["action_id"]
            for name in ((None, action_id), (block_id, action_id)):
                if name in given and element["type"] in FIELDS:
                    options = await self._options(user, place, block, element, given[name])
                    values.setdefault(block_id, {})[action_id] = chosen(element, given.pop(name), options)
        if given:
            raise KeyError(f"no such field: {[action for _, action in given]}")
        return dict(values)

    async def _options(self, user: str, place: Place, block: Json, element: Json, raw: Any) -> list[Json]:
        """What can be chosen in an element; for an external select what the app offered, asking it if need be."""
        if "external" not in element["type"] or not raw:
            return options_of(element)
        wanted = raw if isinstance(raw, list) else [raw]
        kept = element.get("initial_options", [element["initial_option"]] if "initial_option" in element else [])
        known = [*self._suggested.get((user, element["action_id"]), []), *kept]
        names = {name for option in known for name in (option["value"], option["text"]["text"])}
        for word in (word for word in wanted if word not in names):
            where = {"channel": place.channel, "ts": place.ts, "block_id": block["block_id"]}
            known += await self.suggest(user, element["action_id"], str(word), **where)
        return known

    def _present(self, user: str, channel: str) -> None:
        if user not in self._workspace.channels[channel]["members"]:
            raise ValueError(f"{user} is not a member of {channel}")

    def _base(self, kind: str, user: str, place: Place) -> Json:
        trigger = self._modals.trigger(user, place.view["id"] if place.view else None)
        return base_payload(self._workspace, kind, user, place) | {"trigger_id": trigger}

    async def _deliver(self, payload: Json, trouble: str = "") -> Json:
        try:
            return await self._delivery.send("interactive", payload)
        except AppFailure as failure:
            self._delivery.complaints.append(f"{payload['type']}: {failure}")
            raise AppFailure(trouble or f"This app did not respond: {failure}") from None

    @staticmethod
    async def _settle(done: Any, timeout: float) -> None:
        """Wait until `done()` or until time is up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while not done() and loop.time() < end:
            await asyncio.sleep(0.01)


def seen_by(workspace: Workspace, user: str, channel: str, thread_ts: str | None = None) -> list[Json]:
    """What a person sees in a channel or a thread, oldest first, with what is visible to her only."""
    shown = workspace.thread(channel, thread_ts) if thread_ts else workspace.top_level(channel)
    own = [m for m in workspace.ephemeral.get(user, []) if m["channel"] == channel and m.get("thread_ts") == thread_ts]
    return sorted([*shown, *own], key=lambda message: str(message["ts"]))
