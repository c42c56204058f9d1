"""The shapes of blocks, elements and views as a table, and the walk that finds where a node differs from its shape."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """One fault: a JSON pointer and Slack's reason."""

    pointer: str
    reason: str

    def __str__(self) -> str:
        """As Slack prints it in `response_metadata.messages`."""
        return f"{self.reason} [json-pointer:{self.pointer}]"


@dataclass(frozen=True)
class Text:
    """A string of `least` to `most` characters, or one of `choices`."""

    most: int = 1_000_000
    least: int = 0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Number:
    """A number within bounds; `whole` asks for an integer."""

    least: float = float("-inf")
    most: float = float("inf")
    whole: bool = False


class Flag:
    """True or false."""


@dataclass(frozen=True)
class Many:
    """A list of `least` to `most` items."""

    item: Any
    most: int = 1_000_000
    least: int = 1


@dataclass(frozen=True)
class Typed:
    """An object whose `type` is one of `kinds`; a text object's text has at most `most` characters."""

    kinds: tuple[str, ...]
    most: int = 3000


def _plain(most: int = 3000) -> Typed:
    return Typed(("plain_text",), most)


def _any_text(most: int = 3000) -> Typed:
    return Typed(("plain_text", "mrkdwn"), most)


ID, URL, LINE, STYLE = Text(255, 1), Text(3000), Text(), Text(choices=("primary", "danger"))
# A nested dict is an object without `type`; a field whose name ends in "!" is required.
CONFIRM = {"title": _plain(100), "text!": _any_text(300), "confirm": _plain(30), "deny": _plain(30), "style": STYLE}
OPTION = {"text!": _plain(75), "value": Text(150), "url": URL, "description": _plain(75)}
RICH_OPTION = {**OPTION, "text!": _any_text(75), "description": _any_text(75)}
OPTIONS = Many(OPTION, 100)
GROUPS = Many({"label!": _plain(75), "options!": OPTIONS}, 100)
FILTER = {
    "include": Many(Text(choices=("im", "mpim", "private", "public"))),
    "exclude_bot_users": Flag(),
    "exclude_external_shared_channels": Flag(),
}
FILE = {"id": LINE, "url": LINE}
ON = Many(Text(choices=("on_enter_pressed", "on_character_entered")))
HELD = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": Flag(), "placeholder": _plain(150)}
TYPED = {
    "action_id": ID, "focus_on_load": Flag(), "placeholder": _plain(150), "initial_value": LINE,
    "dispatch_action_config": {"trigger_actions_on": ON},
}  # fmt: skip
HELD_BARE = {field: shape for field, shape in HELD.items() if field != "placeholder"}
MOST, ANSWER = {"max_selected_items": Number(1)}, {"response_url_enabled": Flag()}
STATIC, EXTERNAL = {"options": OPTIONS, "option_groups": GROUPS}, {"min_query_length": Number(0)}
CONVERSATIONS = {"filter": FILTER, "default_to_current_conversation": Flag()}

SELECTS: dict[str, Json] = {
    "static_select": {**HELD, **STATIC, "initial_option": OPTION},
    "external_select": {**HELD, **EXTERNAL, "initial_option": OPTION},
    "users_select": {**HELD, "initial_user": LINE},
    "channels_select": {**HELD, **ANSWER, "initial_channel": LINE},
    "conversations_select": {**HELD, **ANSWER, **CONVERSATIONS, "initial_conversation": LINE},
    "multi_static_select": {**HELD, **MOST, **STATIC, "initial_options": Many(OPTION, least=0)},
    "multi_external_select": {**HELD, **MOST, **EXTERNAL, "initial_options": Many(OPTION, least=0)},
    "multi_users_select": {**HELD, **MOST, "initial_users": Many(LINE, least=0)},
    "multi_channels_select": {**HELD, **MOST, "initial_channels": Many(LINE, least=0)},
    "multi_conversations_select": {**HELD, **MOST, **CONVERSATIONS, "initial_conversations": Many(LINE, least=0)},
}
CHOICES: dict[str, Json] = {
    **SELECTS,
    "datepicker": {**HELD, "initial_date": LINE},
    "timepicker": {**HELD, "initial_time": LINE, "timezone": LINE},
    "datetimepicker": {**HELD_BARE, "initial_date_time": Number()},
    "checkboxes": {
        **HELD_BARE, "options!": Many(RICH_OPTION, 10), "initial_options": Many(RICH_OPTION, least=0),
    },
    "radio_buttons": {**HELD_BARE, "options!": Many(RICH_OPTION, 10), "initial_option": RICH_OPTION},
}  # fmt: skip
BUTTONS: dict[str, Json] = {
    "button": {
        "text!": _plain(75), "action_id": ID, "value": Text(2000), "url": URL, "style": STYLE, "confirm": CONFIRM,
        "accessibility_label": Text(75),
    },
    "overflow": {"action_id": ID, "confirm": CONFIRM, "options!": Many(OPTION, 5)},
}  # fmt: skip
INPUTS: dict[str, Json] = {
    "plain_text_input": {
        **TYPED, "multiline": Flag(), "min_length": Number(0, 3000), "max_length": Number(1, 3000),
    },
    "number_input": {**TYPED, "is_decimal_allowed!": Flag(), "min_value": LINE, "max_value": LINE},
    "email_text_input": TYPED,
    "url_text_input": TYPED,
}  # fmt: skip
IMAGE = {"alt_text!": Text(2000), "image_url": URL, "slack_file": FILE}

MARKS = {name: Flag() for name in ("bold", "italic", "strike", "code", "underline")}
INLINE: dict[str, Json] = {
    "text": {"text!": LINE, "style": MARKS},
    "link": {"url!": LINE, "text": LINE, "unsafe": Flag(), "style": MARKS},
    "emoji": {"name!": LINE, "unicode": LINE, "url": LINE, "style": MARKS},
    "user": {"user_id!": LINE, "style": MARKS},
    "usergroup": {"usergroup_id!": LINE, "style": MARKS},
    "channel": {"channel_id!": LINE, "style": MARKS},
    "team": {"team_id!": LINE, "style": MARKS},
    "broadcast": {"range!": Text(choices=("here", "channel", "everyone")), "style": MARKS},
    "date": {"timestamp!": Number(), "format!": LINE, "fallback": LINE, "url": LINE, "style": MARKS},
    "color": {"value!": LINE, "style": MARKS},
}
WORDS, BORDER = Many(Typed(tuple(INLINE)), least=0), Number(0, 1, whole=True)
RICH: dict[str, Json] = {
    "rich_text_section": {"elements!": WORDS},
    "rich_text_quote": {"elements!": WORDS, "border": BORDER},
    "rich_text_preformatted": {"elements!": Many(Typed(("text", "link")), least=0), "border": BORDER},
    "rich_text_list": {
        "elements!": Many(Typed(("rich_text_section",)), least=0), "style!": Text(choices=("bullet", "ordered")),
        "indent": Number(), "border": BORDER,
    },
}  # fmt: skip
CELL = Typed(("raw_text", "raw_number", "rich_text"))
COLUMN = {"align": Text(choices=("left", "center", "right")), "is_wrapped": Flag()}
LABEL = Text(20, 1)
POINTS = Many({"label!": LABEL, "value!": Number()}, 20)
AXIS = {"categories!": Many(LABEL, 20), "x_label": Text(50), "y_label": Text(50)}
PLOT = {"series!": Many({"name!": LABEL, "data!": POINTS}, 6), "axis_config!": AXIS}
CHARTS: dict[str, Json] = {
    # The least value above zero stands for "more than zero".
    "pie": {"segments!": Many({"label!": LABEL, "value!": Number(5e-324)}, 6)},
    "bar": PLOT,
    "line": PLOT,
    "area": PLOT,
}
ACTIONS = Typed((*BUTTONS, *CHOICES))
BLOCKS: dict[str, Json] = {
    "section": {
        "text": _any_text(), "fields": Many(_any_text(2000), 10), "expand": Flag(),
        "accessory": Typed((*BUTTONS, *CHOICES, "image")),
    },
    "header": {"text!": _plain(150), "level": Number(1, 4, whole=True)},
    "divider": {},
    "context": {"elements!": Many(Typed(("plain_text", "mrkdwn", "image")), 10)},
    "actions": {"elements!": Many(ACTIONS, 25)},
    "input": {
        "label!": _plain(2000), "element!": Typed((*INPUTS, *CHOICES)), "hint": _plain(2000), "optional": Flag(),
        "dispatch_action": Flag(),
    },
    "image": {**IMAGE, "title": _plain()},
    "rich_text": {"elements!": Many(Typed(tuple(RICH)), least=0)},
    "markdown": {"text!": Text(12_000, 1)},
    "table": {"rows!": Many(Many(CELL, 20), 100), "column_settings": Many(COLUMN, 20, 0)},
    "data_table": {
        "rows!": Many(Many(CELL, 20), 101, 2), "caption!": LINE, "page_size": Number(1, 100),
        "row_header_column_index": Number(0),
    },
    "data_visualization": {"title!": Text(50, 1), "chart!": Typed(tuple(CHARTS))},
    "alert": {
        "text!": _any_text(200), "level": Text(choices=("default", "info", "warning", "error", "success")),
    },
}  # fmt: skip
VIEW = {
    "blocks!": Many(LINE, least=0), "callback_id": Text(255), "external_id": Text(255),
    "private_metadata": Text(3000),
}  # fmt: skip
SHAPES: dict[str, Json] = {
    **{name: {**shape, "block_id": ID} for name, shape in BLOCKS.items()},
    **BUTTONS, **CHOICES, **INPUTS, **INLINE, **RICH, **CHARTS,
    "plain_text": {"text!": Text(3000, 1), "emoji": Flag()},
    "mrkdwn": {"text!": Text(3000, 1), "verbatim": Flag()},
    "raw_text": {"text!": Text(least=1)},
    "raw_number": {"text!": Text(least=1), "value!": Number()},
    "home": VIEW,
    "modal": {
        **VIEW, "title!": _plain(24), "submit": _plain(24), "close": _plain(24), "clear_on_close": Flag(),
        "notify_on_close": Flag(),
    },
}  # fmt: skip


def shape_faults(node: Json, at: str) -> Iterator[Fault]:
    """Where a block or a view differs from its shape; `at` is its JSON pointer."""
    yield from _differs(node, Typed((*BLOCKS, "home", "modal")), at)


def _differs(node: Any, shape: Any, at: str) -> Iterator[Fault]:
    match shape:
        case Text(most, least, choices):
            if not isinstance(node, str):
                yield Fault(at, "must be a string")
            elif choices and node not in choices:
                yield Fault(at, f"must be one of: {', '.join(choices)}")
            elif len(node) > most:
                yield Fault(at, f"must be less than {most + 1} characters")
            elif len(node) < least:
                yield Fault(at, f"must be more than {least - 1} characters")
        case Number(least, most, whole):
            if isinstance(node, bool) or not isinstance(node, int | float) or (whole and node != int(node)):
                yield Fault(at, "must be a whole number" if whole else "must be a number")
            elif not least <= node <= most:
                yield Fault(at, f"must be from {least} to {most}")
        case Flag():
            if not isinstance(node, bool):
                yield Fault(at, "must be a boolean")
        case Many(item, most, least):
            if not isinstance(node, list):
                yield Fault(at, "must be an array")
                return
            if len(node) > most:
                yield Fault(at, f"no more than {most} items allowed")
            if len(node) < least:
                yield Fault(at, f"no less than {least} items required")
            for i, child in enumerate(node):
                yield from _differs(child, item, f"{at}/{i}")
        case Typed(kinds, most):
            kind = node.get("type") if isinstance(node, dict) else None
            if not isinstance(kind, str) or kind not in kinds:
                yield Fault(at, f"unsupported type: {kind}")
                return
            yield from _fields(node, {"type": Text(), **SHAPES[kind]}, at)
            if kind in ("plain_text", "mrkdwn") and most < 3000 and len(str(node.get("text", ""))) > most:
                yield Fault(f"{at}/text", f"must be less than {most + 1} characters")
        case _:
            yield from _fields(node, shape, at)


def _fields(node: Any, shape: Json, at: str) -> Iterator[Fault]:
    if not isinstance(node, dict):
        yield Fault(at, "must be an object")
        return
    fields = {name.removesuffix("!"): spec for name, spec in shape.items()}
    yield from (Fault(at, f"missing required field: {n[:-1]}") for n in shape if n.endswith("!") and n[:-1] not in node)
    for name, child in node.items():
        if name in fields:
            yield from _differs(child, fields[name], f"{at}/{name}")
        else:
            yield Fault(at, f"invalid additional property: {name}")
