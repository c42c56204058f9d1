"""People who answer alerts, and who try again as people do when Slack tells them that the app did not answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox import AppFailure
from sandbox.errors import Refusal
from tests.faults import estate
from tests.faults.plan import Act
from tests.faults.world import World

TRIES = 6
BUTTONS = {"acknowledge": "alert_acknowledge", "take back": "alert_take_back"}
WORDS = {"acknowledge": "ack", "take back": "unack"}
CHECK_MARK = "white_check_mark"


@dataclass(frozen=True)
class Answered:
    """Somebody's answer that the app acknowledged.

    Attributes:
        alert: the key of the alert whose message was answered.
        begun, done: when it was tried first, and when it was acknowledged.
    """

    user_id: str
    alert: str
    act: Act
    begun: datetime
    done: datetime


def answer(world: World, act: Act) -> list[Answered]:
    """Let somebody answer, and another in the same moment where the plan says so; returns what was acknowledged."""
    found = _message(world, act)
    if found is None:
        return []
    names = [name for name in (act.who, act.other) if name]
    world.doom_web(act.dies_after)
    if world.plan.lags and world.plan.at_once > 1:
        with ThreadPoolExecutor(len(names)) as pool:
            done = list(pool.map(lambda name: _try(world, act, name, *found), names))
    else:
        done = [_try(world, act, name, *found) for name in names]
    if world.web_is_dead:
        world.start_web()
    world.doom_web(0)
    return [each for each in done if each]


def _message(world: World, act: Act) -> tuple[str, dict[str, Any]] | None:
    """The channel and the first message of the team's alerts that can be answered so."""
    team = next(team for team in estate.teams() if team.slug == act.team)
    channel = (team.channel or world.company.alerts.channel).removeprefix("#")
    wanted, button = f"alert/{act.team}/", BUTTONS[act.what]
    found = []
    for message in world.sandbox.messages(channel):
        key = (message.get("metadata") or {}).get("event_payload", {}).get("key", "")
        elements = [element for block in message.get("blocks", ()) for element in block.get("elements", ())]
        if key.startswith(wanted) and any(element.get("action_id") == button for element in elements):
            found.append((key, message))
    if not found:
        return None
    return channel, min(found, key=lambda pair: pair[0])[1]


def _try(world: World, act: Act, name: str, channel: str, message: dict[str, Any]) -> Answered | None:
    begun = world.clock()
    for _ in range(TRIES):
        if world.plan.socket and world.web_is_dead:
            world.start_web()
        try:
            heard = _do(world, act, name, channel, message["ts"])
        except AppFailure:
            world.fired["a person tried again"] += 1
            world.clock.now += timedelta(seconds=2)
            continue
        except (KeyError, Refusal):
            # The button is gone, or the emoji stands there already: an earlier try was heard after all.
            return None
        if not heard:
            return None
        alert = message["metadata"]["event_payload"]["key"].removeprefix("alert/")
        return Answered(world.sandbox.user_id(name), alert, act, begun, world.clock())
    return None


def _do(world: World, act: Act, name: str, channel: str, ts: str) -> bool:
    """One try; returns whether the app acknowledged it."""
    person = world.sandbox.person(name)
    if act.via == "button":
        person.click(channel, ts, BUTTONS[act.what])
        return True
    if act.twice:
        world.sandbox.duplicate_next_event()
    before = world.sandbox.look(lambda: len(world.sandbox._delivery.log))
    if act.via == "thread":
        person.say(channel, WORDS[act.what], thread_ts=ts)
    elif act.what == "acknowledge":
        person.react(channel, ts, CHECK_MARK)
    else:
        person.unreact(channel, ts, CHECK_MARK)
    world.settle_events()
    sent = world.sandbox.look(lambda: [each.error for each in world.sandbox._delivery.log[before:]])
    if act.twice:
        world.fired["event told twice"] += 1
    world.fired["event told again"] += sum(error is not None for error in sent)
    return any(error is None for error in sent)
