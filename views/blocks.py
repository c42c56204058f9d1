"""Slack's blocks and their limits: the one place where these are kept.

What a person reads is clipped with '…'. What a program reads (ids, values, metadata) is refused when too long, because
a cut value is another value. Limits: docs.slack.dev/reference/block-kit, checked against @slack/types 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from views.message import Block
from views.text import clip, clip_markup, escape, literal, plain

__all__ = [
    "actions", "as_typed", "button", "choice_input", "clip", "confirm", "context", "date_input", "divider", "escape",
    "header", "home", "image", "literal", "modal", "paragraphs", "person_input", "section", "select", "select_input",
    "text_input",
]  # fmt: skip

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
HEADER, SECTION, FIELD, FIELDS, CONTEXT, ELEMENTS = 150, 3000, 2000, 10, 900, 25
BUTTON, VALUE, OPTION, OPTION_VALUE, OPTIONS, RADIOS, ID = 75, 2000, 75, 150, 100, 10, 255
TITLE, METADATA, ALT_TEXT, LABEL, HINT = 24, 3000, 2000, 2000, 2000


def plain_text(text: str, most: int) -> Block:
    """A plain text object; emoji short names in it stay as they are written."""
    return {"type": "plain_text", "text": clip(text, most) or " ", "emoji": False}


def mrkdwn(text: str, most: int) -> Block:
    """A mrkdwn object; verbatim, so that Slack makes no links of names that look like channels or addresses."""
    return {"type": "mrkdwn", "text": clip_markup(text, most) or " ", "verbatim": True}


def header(text: str) -> Block:
    """A headline of at most 150 characters."""
    return {"type": "header", "text": plain_text(text, HEADER)}


def section(text: str, fields: Sequence[str] | None = None, accessory: Block | None = None) -> Block:
    """A paragraph of mrkdwn, with up to ten fields in two columns; an empty text is left out."""
    if len(fields or ()) > FIELDS:
        raise ValueError(f"{len(fields or ())} fields, Slack shows at most {FIELDS}")
    block: Block = {"type": "section"}
    if text or not fields:
        block["text"] = mrkdwn(text, SECTION)
    if fields:
        block["fields"] = [mrkdwn(field, FIELD) for field in fields]
    return block | ({"accessory": accessory} if accessory else {})


def paragraphs(text: str) -> list[Block]:
    """Sections holding all of a long text, parted between lines; only a single line of over 3,000 is clipped."""
    pages: list[str] = []
    for line in text.split("\n"):
        if pages and len(pages[-1]) + len(line) < SECTION:
            pages[-1] += "\n" + line
        else:
            pages.append(line)
    return [section(page) for page in pages if page.strip()]


def as_typed(text: str) -> list[Block]:
    """Sections holding all of a text as somebody typed it, to be read and copied: nothing in it styles anything."""
    made, rest = [], text
    while rest.strip():
        most = SECTION
        while len(plain(rest[:most])) > SECTION:
            most = most * 3 // 4
        made.append({"type": "section", "text": plain_text(plain(rest[:most]), SECTION)})
        rest = rest[most:]
    return made


def context(*texts: str) -> Block:
    """Small grey print: up to ten texts, empty ones left out."""
    return {"type": "context", "elements": [mrkdwn(text, CONTEXT) for text in texts if text][:10]}


def divider() -> Block:
    """A thin line."""
    return {"type": "divider"}


def actions(*elements: Block) -> Block:
    """A row of buttons and selects."""
    if not 1 <= len(elements) <= ELEMENTS:
        raise ValueError(f"{len(elements)} elements, Slack takes 1 to {ELEMENTS}")
    return {"type": "actions", "elements": list(elements)}


def button(text: str, action_id: str, value: str = "", style: str | None = None, confirm: Block | None = None) -> Block:
    """A button; style is 'primary', 'danger' or None."""
    block: Block = {"type": "button", "text": plain_text(text, BUTTON), "action_id": _whole(action_id, ID, "action_id")}
    optional = {"value": _whole(value, VALUE, "value"), "style": style, "confirm": confirm}
    return block | {key: given for key, given in optional.items() if given}


def confirm(title: str, text: str, yes: str, no: str = "Cancel") -> Block:
    """What is asked before a button acts."""
    return {
        "title": plain_text(title, 100),
        "text": plain_text(text, 300),
        "confirm": plain_text(yes, 30),
        "deny": plain_text(no, 30),
    }


def select(action_id: str, placeholder: str, options: Sequence[tuple[str, str]], initial: str | None = None) -> Block:
    """A menu.

    Args:
        options: label and value each, 1 to 100.
        initial: the value that is chosen at first, or None.
    """
    if not 1 <= len(options) <= OPTIONS:
        raise ValueError(f"{len(options)} options, Slack takes 1 to {OPTIONS}")
    return {
        "type": "static_select",
        "action_id": _whole(action_id, ID, "action_id"),
        "placeholder": plain_text(placeholder, 150),
        **_options(options, initial),
    }


def text_input(
    block_id: str,
    label: str,
    *,
    hint: str = "",
    initial: str = "",
    long: bool = False,
    optional: bool = False,
    most: int = SECTION,
    tells: bool = False,
) -> Block:
    """A question in a modal, its action_id the same as its block_id.

    Args:
        most: characters that Slack lets somebody write, at most 3,000.
        tells: whether what is typed is told as it is typed, and not only once the form is submitted.
    """
    element: Block = {
        "type": "plain_text_input",
        "multiline": long,
        "max_length": min(most, SECTION),
        **({"initial_value": clip(initial, min(most, SECTION))} if initial else {}),
        **({"dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}} if tells else {}),
    }
    return _input(block_id, label, element, hint, optional, tells)


def date_input(
    block_id: str,
    label: str,
    *,
    hint: str = "",
    initial: date | None = None,
    optional: bool = False,
    tells: bool = False,
) -> Block:
    """A day to be chosen in a modal, its action_id the same as its block_id."""
    element: Block = {"type": "datepicker", **({"initial_date": initial.isoformat()} if initial else {})}
    return _input(block_id, label, element, hint, optional, tells)


def person_input(
    block_id: str, label: str, *, hint: str = "", initial: str = "", optional: bool = False, tells: bool = False
) -> Block:
    """Somebody of the workspace to be chosen in a modal, its action_id the same as its block_id."""
    element: Block = {"type": "users_select", **({"initial_user": initial} if initial else {})}
    return _input(block_id, label, element, hint, optional, tells)


def select_input(
    block_id: str,
    label: str,
    options: Sequence[tuple[str, str]],
    *,
    placeholder: str = "Choose",
    hint: str = "",
    initial: str | None = None,
    optional: bool = False,
    tells: bool = False,
) -> Block:
    """A menu in a modal, its action_id the same as its block_id.

    Args:
        options: label and value each, 1 to 100.
        initial: the value that is chosen at first, or None.
    """
    return _input(block_id, label, select(block_id, placeholder, options, initial), hint, optional, tells)


def choice_input(
    block_id: str,
    label: str,
    options: Sequence[tuple[str, str]],
    *,
    hint: str = "",
    initial: str | None = None,
    tells: bool = False,
) -> Block:
    """Radio buttons in a modal, their action_id the same as their block_id.

    Args:
        options: label and value each, 1 to 10.
        initial: the value that is chosen at first, or None.
    """
    if not 1 <= len(options) <= RADIOS:
        raise ValueError(f"{len(options)} options, Slack takes 1 to {RADIOS}")
    return _input(block_id, label, {"type": "radio_buttons", **_options(options, initial)}, hint, tells=tells)


def _input(block_id: str, label: str, element: Block, hint: str, optional: bool = False, tells: bool = False) -> Block:
    block: Block = {
        "type": "input",
        "block_id": _whole(block_id, ID, "block_id"),
        "label": plain_text(label, LABEL),
        "element": element | {"action_id": block_id},
        "optional": optional,
        **({"dispatch_action": True} if tells else {}),
    }
    return block | ({"hint": plain_text(hint, HINT)} if hint else {})


def _options(options: Sequence[tuple[str, str]], initial: str | None) -> Block:
    made = [
        {"text": plain_text(label, OPTION), "value": _whole(value, OPTION_VALUE, "option value")}
        for label, value in options
    ]
    chosen = [option for option in made if option["value"] == initial]
    return {"options": made, **({"initial_option": chosen[0]} if chosen else {})}


def image(slack_file: str, alt_text: str, title: str = "") -> Block:
    """An uploaded picture, by the id of its file."""
    block: Block = {"type": "image", "slack_file": {"id": slack_file}, "alt_text": clip(alt_text, ALT_TEXT)}
    return block | ({"title": plain_text(title, ALT_TEXT)} if title else {})


def home(blocks: Sequence[Block]) -> dict[str, Any]:
    """The App Home view; more than 100 blocks are refused."""
    return {"type": "home", "blocks": _few(blocks)}


def modal(
    title: str,
    blocks: Sequence[Block],
    callback_id: str,
    *,
    submit: str = "",
    close: str = "Close",
    metadata: str = "",
    tells_close: bool = False,
) -> dict[str, Any]:
    """A modal view.

    Args:
        tells_close: whether its being closed is told.
    """
    view = {
        "type": "modal",
        "callback_id": _whole(callback_id, ID, "callback_id"),
        "title": plain_text(title, TITLE),
        "close": plain_text(close, TITLE),
        "blocks": _few(blocks),
        "private_metadata": _whole(metadata, METADATA, "private_metadata"),
    }
    view |= {"submit": plain_text(submit, TITLE)} if submit else {}
    return view | ({"notify_on_close": True} if tells_close else {})


def _few(blocks: Sequence[Block]) -> list[Block]:
    if not 1 <= len(blocks) <= VIEW_BLOCKS:
        raise ValueError(f"{len(blocks)} blocks, a view takes 1 to {VIEW_BLOCKS}")
    return list(blocks)


def _whole(text: str, most: int, what: str) -> str:
    if len(text) > most:
        raise ValueError(f"{what} of {len(text)} characters, Slack takes {most}")
    return text
