"""Slack's limits on blocks, messages and views: one table of shapes, one walk over it, the rules between fields.

What the table leaves out (video, file, card, plan and the other agent blocks) is refused like an unknown type.
Sources: the types of @slack/types 3.2 and the limits on docs.slack.dev/reference/block-kit.
"""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from sandbox.elements import interactive
from sandbox.errors import Refusal
from sandbox.shapes import Fault, shape_faults

Json = dict[str, Any]
MESSAGE_BLOCKS, VIEW_BLOCKS, MESSAGE_TEXT, UPDATE_TEXT, BLOCKS_TEXT = 50, 100, 40_000, 4_000, 9_500
VIEW_BYTES, TABLE_TEXT, CHARTS, STACK = 250_000, 10_000, 2, 3
MESSAGE_ONLY = {"markdown", "table", "data_table", "data_visualization"}
REFUSED = {"message": {"alert"}, "modal": MESSAGE_ONLY, "home": MESSAGE_ONLY | {"alert"}}


def block_faults(blocks: Any, surface: str) -> list[Fault]:
    """Every fault of a list of blocks, each with its JSON pointer.

    Args:
        blocks: what the app sent.
        surface: `message`, `modal` or `home`.
    """
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        return [Fault("/blocks", "must be an array of blocks")]
    faults = [Fault("/blocks", f"no more than {most} items allowed")] if len(blocks) > most else []
    for i, block in enumerate(blocks):
        at = f"/blocks/{i}"
        if str(block.get("type")) in REFUSED[surface]:
            faults.append(Fault(f"{at}/type", f"{block['type']} is not allowed on a {surface}"))
        found = list(shape_faults(block, at))
        # Rules between fields take the shapes for granted.
        faults += found or [Fault(at + below, reason) for below, reason in _between_fields(block)]
    return faults or list(_between_blocks(blocks))


def check_message(arguments: Json, *, text_limit: int = MESSAGE_TEXT) -> None:
    """Refuse a message as chat.postMessage would; `arguments` has text, blocks and metadata."""
    text, blocks, metadata = arguments.get("text") or "", arguments.get("blocks"), arguments.get("metadata")
    if arguments.get("attachments"):
        raise Refusal("invalid_attachments", "the sandbox has no attachments, use blocks")
    if not text and not blocks:
        raise Refusal("no_text")
    if len(text) > text_limit:
        raise Refusal("msg_too_long")
    if blocks is not None and (faults := block_faults(blocks, "message")):
        raise Refusal("invalid_blocks", *map(str, faults), errors=[fault.reason for fault in faults])
    if blocks and text_length(blocks) > BLOCKS_TEXT:
        raise Refusal("msg_blocks_too_long")
    if metadata and not _metadata_is_sound(metadata):
        raise Refusal("invalid_metadata_format")


def check_view(view: Any, kind: str) -> None:
    """Refuse a view as views.open (`kind` modal) or views.publish (`kind` home) would."""
    if not isinstance(view, dict) or view.get("type") != kind:
        raise Refusal("invalid_arguments", f"must be a view of type {kind} [json-pointer:/view]")
    blocks = view.get("blocks")
    faults = list(shape_faults({**view, "blocks": []}, "")) + block_faults(blocks, kind)
    if not faults and blocks == []:
        faults.append(Fault("/blocks", "no less than 1 items required"))
    if not faults and kind == "modal" and not view.get("submit") and any(b["type"] == "input" for b in view["blocks"]):
        faults.append(Fault("", "missing required field: submit"))
    if faults:
        raise Refusal("invalid_arguments", *(str(Fault("/view" + fault.pointer, fault.reason)) for fault in faults))
    if len(json.dumps(view)) > VIEW_BYTES:
        raise Refusal("view_too_large")


def text_length(node: Any) -> int:
    """The number of characters in every `text` below a node."""
    if isinstance(node, dict):
        return sum(len(v) if k == "text" and isinstance(v, str) else text_length(v) for k, v in node.items())
    return sum(map(text_length, node)) if isinstance(node, list) else 0


def is_ready(file: Json) -> bool:
    """Whether an upload is completed and processed, so that it may be shown."""
    return bool(file["completed"]) and file["ready_at"] <= time.time()


def check_pictures(blocks: Any, files: dict[str, Json]) -> None:
    """Refuse blocks that show a `slack_file` which is not there or not ready; `files` by id."""
    by_name = files | {file["url_private"]: file for file in files.values()}
    for reference in _slack_files(blocks):
        found = [by_name[name] for name in reference.values() if name in by_name]
        if len(reference) != 1 or not found or not is_ready(found[0]):
            raise Refusal("invalid_blocks", "invalid slack file [json-pointer:/blocks]", errors=["invalid slack file"])


def _slack_files(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield from [node["slack_file"]] if "slack_file" in node else []
        node = list(node.values())
    for child in node if isinstance(node, list) else []:
        yield from _slack_files(child)


def _between_fields(block: Json) -> Iterator[tuple[str, str]]:
    kind = block["type"]
    if kind == "section" and not ("text" in block or "fields" in block):
        yield "", "must have one of: text, fields"
    if kind == "data_visualization" and "series" in block["chart"]:
        categories = block["chart"]["axis_config"]["categories"]
        for i, series in enumerate(block["chart"]["series"]):
            if [point["label"] for point in series["data"]] != categories:
                yield f"/chart/series/{i}", "labels must equal the categories of the axis"
    if kind in ("table", "data_table"):
        if len({len(row) for row in block["rows"]}) > 1:
            yield "/rows", "rows must have the same number of cells"
        if text_length(block["rows"]) > TABLE_TEXT:
            yield "/rows", f"must be less than {TABLE_TEXT + 1} characters"
    actions = [element.get("action_id") for _, element in interactive([block]) if element.get("action_id")]
    if len(actions) != len(set(actions)):
        yield "", "action_id must be unique within the block"
    images = [block, block.get("accessory"), *block.get("elements", [])]
    for image in (node for node in images if isinstance(node, dict) and node.get("type") == "image"):
        if image is not block and {"title", "block_id"} & set(image):
            yield "", "an image element has no title and no block_id"
        if ("image_url" in image) == ("slack_file" in image):
            yield "", "must have one of: image_url, slack_file"
        elif "image_url" in image and not _reachable(image["image_url"]):
            yield "/image_url", "downloading image failed"
    for _, element in interactive([block]):
        yield from _choices(element)


def _choices(element: Json) -> Iterator[tuple[str, str]]:
    if element["type"] in ("static_select", "multi_static_select"):
        if ("options" in element) == ("option_groups" in element):
            yield "", "must have one of: options, option_groups"
            return
        groups = element.get("option_groups", [])
        options = element.get("options") or [option for group in groups for option in group["options"]]
    elif element["type"] in ("radio_buttons", "checkboxes"):
        options = element["options"]
    else:
        return
    initial = element.get("initial_options", [element["initial_option"]] if "initial_option" in element else [])
    if any(option not in options for option in initial):
        yield "", "an initial option must be one of the options"


def _between_blocks(blocks: list[Json]) -> Iterator[Fault]:
    ids = [block["block_id"] for block in blocks if block.get("block_id")]
    yield from (
        Fault(f"/blocks/{i}/block_id", "block_id must be unique")
        for i, block in enumerate(blocks)
        if ids.count(block.get("block_id")) > 1
    )
    if sum(block["type"] == "table" for block in blocks) > 1:
        yield Fault("/blocks", "only_one_table_allowed")
    if sum(block["type"] == "data_visualization" for block in blocks) > CHARTS:
        yield Fault("/blocks", f"no more than {CHARTS} charts allowed")
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > 12_000:
        yield Fault("/blocks", "markdown must be less than 12001 characters in all")


def _reachable(url: str) -> bool:
    """Slack fetches pictures itself, so one on this machine cannot be shown."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and (parts.hostname or "localhost") not in ("localhost", "127.0.0.1")


def _metadata_is_sound(metadata: Any) -> bool:
    return (
        isinstance(metadata, dict)
        and set(metadata) <= {"event_type", "event_payload"}
        and bool(metadata.get("event_type"))
        and isinstance(metadata["event_type"], str)
        and isinstance(metadata.get("event_payload"), dict)
    )
