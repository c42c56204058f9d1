"""Interactive elements: which value each holds, what a person chose, and what Slack's own form checks refuse."""

import copy
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

# Element type: the field of its value, and the field of its initial value.
FIELDS = {
    **{
        kind: ("value", "initial_value")
        for kind in ("plain_text_input", "number_input", "email_text_input", "url_text_input")
    },
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "overflow": ("selected_option", ""),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}


def interactive(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every (block, element) a person can act on."""
    for block in blocks:
        for element in (block.get("element"), block.get("accessory"), *block.get("elements", [])):
            if isinstance(element, dict) and (element.get("type") in FIELDS or element.get("type") == "button"):
                yield block, element


def with_ids(blocks: list[Json], seed: str) -> list[Json]:
    """The blocks with the block and action ids that Slack adds where an app gave none."""
    blocks = copy.deepcopy(blocks)
    for number, block in enumerate(blocks):
        block.setdefault("block_id", f"b{seed[-6:]}{number}")
    for number, (_, element) in enumerate(interactive(blocks)):
        element.setdefault("action_id", f"a{seed[-6:]}{number}")
    return blocks


def initial_state(blocks: list[Json]) -> dict[str, Json]:
    """The `state.values` of blocks nobody has touched."""
    values: dict[str, Json] = {}
    for block, element in interactive(blocks):
        field, initial = FIELDS.get(element["type"], ("", ""))
        if initial:
            empty: Any = [] if field.endswith("s") else None
            value = {"type": element["type"], field: element.get(initial, empty)}
            values.setdefault(block["block_id"], {})[element["action_id"]] = value
    return values


def options_of(element: Json) -> list[Json]:
    """The options of an element, those in groups included."""
    groups = element.get("option_groups", [])
    return [*element.get("options", []), *(option for group in groups for option in group["options"])]


def chosen(element: Json, raw: Any, options: list[Json]) -> Json:
    """An element's value as Slack sends it.

    Args:
        element: the element acted on.
        raw: what the person chose: a text, an id, an option's value, a list of those, or None for nothing.
        options: the options that could be chosen from.

    Raises:
        ValueError: there is no such option.
    """
    field = FIELDS[element["type"]][0]
    if field.endswith("s"):
        raw = [] if raw is None else raw if isinstance(raw, list) else [raw]
    if field.startswith("selected_option") and raw:
        by_value = {option.get("value"): option for option in options}
        by_value |= {option["text"]["text"]: option for option in options if option["text"]["text"] not in by_value}
        wanted = raw if isinstance(raw, list) else [raw]
        missing = [value for value in wanted if value not in by_value]
        if missing:
            raise ValueError(f"{element['action_id']} has no option {missing[0]!r}, only {sorted(map(str, by_value))}")
        raw = [by_value[v] for v in wanted] if isinstance(raw, list) else by_value[raw]
    return {"type": element["type"], field: None if raw == "" else raw}


def complaints(blocks: list[Json], values: dict[str, Json]) -> dict[str, str]:
    """What Slack's form says before it submits anything, by block id."""
    found: dict[str, str] = {}
    for block, element in interactive(blocks):
        if block["type"] != "input":
            continue
        value = values.get(block["block_id"], {}).get(element["action_id"], {}).get(FIELDS[element["type"]][0])
        if value in (None, "", []):
            if not block.get("optional"):
                found[block["block_id"]] = "Please complete this required field."
        elif wrong := _wrong(element, value):
            found[block["block_id"]] = wrong
    return found


def _wrong(element: Json, value: Any) -> str | None:
    if element["type"] == "number_input":
        try:
            number = float(value)
        except ValueError:
            return "Please enter a number."
        if not element.get("is_decimal_allowed") and not number.is_integer():
            return "Please enter a whole number."
        if number < float(element.get("min_value", "-inf")):
            return f"Please enter a number that is {element['min_value']} or more."
        if number > float(element.get("max_value", "inf")):
            return f"Please enter a number that is {element['max_value']} or less."
    if element["type"] == "plain_text_input":
        if len(value) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(value) > element.get("max_length", 3000):
            return f"Please enter at most {element.get('max_length', 3000)} characters."
    return None
