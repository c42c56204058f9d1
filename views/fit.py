"""From blocks to a message: what one message cannot hold goes on in its thread, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from views.blocks import MESSAGE_BLOCKS, context, image
from views.message import Block, Message, Picture
from views.text import clip_markup

TEXT = 4_000
"""Most characters of Message.text: chat.update takes no more."""
ROOM = 9_500
"""Most characters of text in the blocks of a message; `msg_blocks_too_long` has been seen from 11,300."""
THREAD_ROOM = 3_900
"""The same for what goes on in the thread: little enough that its `text` can hold all of it."""
MORE = "… and more than can be shown at once: ask for less of it, such as one team's."
Json = dict[str, object]


def text_length(node: object) -> int:
    """Characters in every `text` below a node, as Slack counts them."""
    if isinstance(node, dict):
        own = node.get("text")
        if isinstance(own, str):
            return len(own) + sum(text_length(child) for key, child in node.items() if key != "text")
        return sum(map(text_length, node.values()))
    return sum(map(text_length, node)) if isinstance(node, list) else 0


def _texts(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [text for key, child in node.items() if key != "text" or not own for text in _texts(child)]
    return [text for child in node for text in _texts(child)] if isinstance(node, list) else []


def fit(blocks: Sequence[Block], room: int = ROOM, most: int = MESSAGE_BLOCKS) -> list[list[Block]]:
    """Blocks parted into messages: the first within `room` characters and `most` blocks, the others for the thread.

    Every block is in exactly one of them and in its place; only a section too long for a message is parted, its fields
    following in sections of their own.
    """
    pages: list[list[Block]] = [[]]
    held = 0
    for block in (piece for whole in blocks for piece in _pieces(whole)):
        first, length = len(pages) == 1, text_length(block)
        full = len(pages[-1]) >= (most if first else MESSAGE_BLOCKS)
        if pages[-1] and (full or held + length > (room if first else THREAD_ROOM)):
            pages.append([])
            held = 0
        pages[-1].append(block)
        held += length
    return pages


def _pieces(block: Block) -> list[Block]:
    if block["type"] != "section" or "fields" not in block or text_length(block) <= THREAD_ROOM:
        return [block]
    lead = [{key: part for key, part in block.items() if key != "fields"}] if "text" in block else []
    return lead + [{"type": "section", "fields": [field]} for field in block["fields"]]


def message(text: str, blocks: Sequence[Block], picture: Picture | None = None, picture_after: int = 0) -> Message:
    """A message within Slack's limits; what does not fit goes into `continued`.

    Args:
        text: every number of the message, in plain mrkdwn.
        picture: takes the place of one block, after `picture_after` of them.
    """
    room, most = (ROOM - len(picture.title), MESSAGE_BLOCKS - 1) if picture else (ROOM, MESSAGE_BLOCKS)
    first, *others = fit(blocks, room, most)
    continued = tuple(Message(clip_markup("\n".join(_texts(page)), TEXT) or "(continued)", page) for page in others)
    return Message(clip_markup(text, TEXT), first, picture, min(picture_after, len(first)), continued)


def at_most(given: Message, pages: int) -> Message:
    """A message that goes on in at most so many others, the last of which says so where it is not all.

    Args:
        pages: at least one.
    """
    if len(given.continued) <= pages:
        return given
    last = given.continued[pages - 1]
    text = f"{clip_markup(last.text, TEXT - len(MORE) - 1)}\n{MORE}"
    ending = replace(last, text=text, blocks=[*last.blocks[: MESSAGE_BLOCKS - 1], context(MORE)])
    return replace(given, continued=(*given.continued[: pages - 1], ending))


def with_picture(given: Message, slack_file: str) -> list[Block]:
    """A message's blocks with its uploaded picture in its place.

    Args:
        slack_file: the id of the uploaded file.
    """
    if given.picture is None:
        return given.blocks
    shown = image(slack_file, given.picture.alt_text, given.picture.title)
    return [*given.blocks[: given.picture_after], shown, *given.blocks[given.picture_after :]]


def lines_that_fit(head: str, lines: Iterable[str]) -> tuple[str, int]:
    """A text of a head and the lines that fit below it, with room for a word on the others; and their number."""
    text, said = head, 0
    for line in lines:
        if len(text) + len(line) > TEXT - 300:
            break
        text, said = f"{text}\n{line}", said + 1
    return text, said
