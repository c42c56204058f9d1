"""What is told of a form while somebody types may come in any order, and late: no draft comes back that is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.answers import Answers
from handlers.explanation_drafts import ADDED, ENDED
from handlers.explanation_fields import ACTION, FIRST, SECOND
from handlers.request import Reply, Request
from storage.explanations import DRAFTS, TABLE, explanations_of, find_draft
from storage.people import replace_directory
from tests.company import Moved, make_company
from tests.handlers.explaining import KEY

ALICE = "U1ALICE"
WRITTEN = {"explanation_category": "growth", "explanation_stays": "no", "explanation_why": "Because."}
FIELDS = ("explanation_amount", "explanation_what", "explanation_why", "explanation_following", "explanation_task")
OFTEN = [("next",), ("submit",), ("add",), ("anew",), ("close",)]
STEPS = st.sampled_from(
    [
        *(("type", name, text) for name in FIELDS for text in ("1", "30")),
        *(("tell", number) for number in range(6)),
        *(OFTEN * 3),
        ("open",),
        ("turn_to",),
    ]
)


@dataclass
class Step:
    """One step of a form as it stands before Alice.

    Attributes:
        draft: which of her drafts it writes, as this test counts them.
        turn: how many actions were added before it was shown.
    """

    view: dict[str, Any]
    draft: int
    turn: int
    held: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.held = dict(self.shown())

    def shown(self) -> dict[str, str]:
        """Field → what it was shown with."""
        inputs = [block for block in self.view["blocks"] if block["type"] == "input"]
        found = {}
        for block in inputs:
            element = block["element"]
            chosen = element.get("initial_option", {}).get("value", "")
            initial = ("initial_value", "initial_date", "initial_user")
            found[block["block_id"]] = next((element[name] for name in initial if name in element), chosen)
        return found

    def ids(self) -> dict[str, str]:
        """Field → its id in this form."""
        return {name.split(".")[0]: name for name in self.held}


class Alice:
    """Alice before her screen, whose keystrokes reach the bot when the test lets them."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.stack: list[Step] = []
        self.other: list[Step] = []
        self.waiting: list[tuple[Step, Request]] = []
        self.draft = self.turn = 0
        self.kept: dict[str, str] = {}
        self.added: list[str] = []
        self.submitted: list[tuple[str, ...]] = []
        self.open()

    def open(self) -> None:
        """Open the form by the command."""
        request = replace(self.answers.request(ALICE, "C1", "x"), words=("payments",))
        reply = self.answers.answers["explain"](request)
        self.stack = [Step(dict(reply.modal), self.draft, 0)]

    def turn_to(self) -> None:
        """Go on with the form that is open on the other device."""
        self.stack, self.other = self.other, self.stack

    def request(self, step: Step, **more: Any) -> Request:
        """What the bot is given of a form."""
        carried = json.loads(step.view["private_metadata"])
        request = self.answers.request(ALICE, "", "V1")
        return replace(request, inputs=dict(step.held), proposed=step.shown(), metadata=carried, **more)

    def type(self, name: str, text: str) -> None:
        """Type into a field of the form that is on top; the bot is told later."""
        if self.stack and (block := self.stack[-1].ids().get(name)):
            self.stack[-1].held[block] = text
            self.waiting.append((self.stack[-1], self.request(self.stack[-1])))

    def close(self) -> None:
        """Close the form on top, of which the bot is told later."""
        if self.stack:
            step = self.stack.pop()
            self.waiting.append((step, self.request(step)))

    def tell(self, number: int) -> None:
        """The bot is told of one of the things it was not told of yet."""
        if not self.waiting:
            return
        step, request = self.waiting.pop(number % len(self.waiting))
        self.answers.actions["explanation_why"](request)
        is_second = "explanation_following" in step.ids()
        if step.draft == self.draft and not (is_second and step.turn < self.turn):
            changed = request.inputs != request.proposed
            if changed or self.kept or self.added:
                self.keep(request)

    def keep(self, request: Request) -> None:
        """What the draft is to hold from here on."""
        told = {name.split(".")[0]: text for name, text in request.inputs.items()}
        self.kept |= {name: text for name, text in told.items() if name in (*FIRST, *SECOND)}

    def next(self) -> None:
        """Fill in what is missing, and press Next."""
        if len(self.stack) != 1:
            return
        step = self.stack[0]
        step.held |= {step.ids()[name]: text for name, text in WRITTEN.items() if not step.held[step.ids()[name]]}
        step.held[step.ids()["explanation_amount"]] = step.held[step.ids()["explanation_amount"]] or "5"
        request = self.request(step)
        reply = self.answers.submissions["explanation"](request)
        self.keep(request)
        if not reply.errors:
            self.stack.append(Step(dict(reply.next_view), self.draft, self.turn))

    def submit(self) -> None:
        """Submit the second step, and an action with it where one is begun."""
        if len(self.stack) != 2:
            return
        first, second = self.stack
        reply = self.pressed(second, "submit")
        if second.draft != self.draft:
            assert list(reply.errors.values()) and "meanwhile" in str(reply.errors)
            return
        names = [("explanation_what", first), ("explanation_why", first), ("explanation_following", second)]
        if not reply.errors:
            self.submitted.append(tuple(step.held[step.ids()[name]] for name, step in names))
            self.over()
            self.stack = []

    def add(self) -> None:
        """Type an action into the second step, add it, and ask for the next."""
        if len(self.stack) != 2 or self.stack[1].draft != self.draft:
            return
        self.type("explanation_task", "Turn it off")
        second = self.stack[1]
        reply = self.pressed(second, "another")
        assert not reply.errors
        self.keep(self.request(second))
        self.added.append("Turn it off")
        self.kept = {name: text for name, text in self.kept.items() if name not in ACTION}
        self.turn += 1
        self.stack[1] = Step(dict(reply.replaces_view), self.draft, self.turn)

    def pressed(self, step: Step, then: str) -> Reply:
        """The second step is submitted."""
        step.held[step.ids()["explanation_then"]] = then
        return self.answers.submissions["explanation_next"](self.request(step))

    def anew(self) -> None:
        """Start anew, where the form offers it."""
        if len(self.stack) != 1 or "explanation_anew" not in str(self.stack[0].view["blocks"]):
            return
        step = self.stack[0]
        reply = self.answers.actions["explanation_anew"](self.request(step))
        if step.draft == self.draft:
            self.over()
        self.stack = [Step(dict(reply.replaces_view), self.draft, 0)]

    def over(self) -> None:
        """What was typed is submitted or thrown away."""
        self.draft, self.turn, self.kept, self.added = self.draft + 1, 0, {}, []


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """A bot whose database knows Alice and the figures."""
    folder: Path = tmp_path_factory.mktemp("company")
    installation = make_company(folder, clock=Moved())
    with installation.state.writing() as connection:
        replace_directory(connection, [(ALICE, "Alice Example", "alice@example.com", "")], [], [])
    yield Answers(installation, lambda: None)
    installation.state.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=10, max_size=40))
def test_events_in_any_order(answers: Answers, steps: list[tuple[Any, ...]]) -> None:
    """Nothing of a form that was submitted or begun anew comes back, all else that was told is there, and what is
    submitted is what stood in the form.
    """
    state = answers.installation.state
    with state.writing() as connection:
        connection.execute(TABLE.delete())
        connection.execute(DRAFTS.delete())
    alice = Alice(answers)
    for name, *words in steps:
        getattr(alice, name)(*words)
        with state.reading() as connection:
            draft = find_draft(connection, ALICE, KEY, 0)
            written = explanations_of(connection, KEY)
        assert draft.pop(ENDED, 0) == alice.draft
        assert {name: text for name, text in draft.items() if name in (*FIRST, *SECOND)} == alice.kept
        assert [each["explanation_task"] for each in draft.get(ADDED, ())] == alice.added
        assert [(e.wording.what, e.wording.why, e.wording.following) for e in written] == alice.submitted
