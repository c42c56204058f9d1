"""YAML as plain data, with the line and column of everything in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from finops.errors import ConfigurationRefused

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Place = tuple[str | int, ...]
"""Keys and numbers that lead to a value: ('teams', 0, 'slug')."""


class Document:
    """A YAML file, read.

    Attributes:
        data: mappings, lists and text: scalars stay text, so that a sub-account 0123 keeps its zero.

    Args:
        path: of the file, as shown in refusals.

    Raises:
        ConfigurationRefused: the file is missing, is not YAML, or repeats a key.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._positions: dict[Place, tuple[int, int]] = {}
        self._open: set[int] = set()
        try:
            root = yaml.compose(_text(path), Loader=LOADER)
            self.data: Any = None if root is None else self._plain(root, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
            raise ConfigurationRefused(f"{where}: not YAML, {error.problem}.") from None
        except yaml.YAMLError as error:
            raise ConfigurationRefused(f"{path}: not YAML, {str(error).splitlines()[0]}.") from None

    def refusal(self, place: Place, reason: str) -> ConfigurationRefused:
        """A refusal at the deepest part of a place that stands in the file: what lacks is named at what should hold it.

        Args:
            reason: what is wrong, a sentence.
        """
        known = next(place[:end] for end in range(len(place), -1, -1) if place[:end] in self._positions or not end)
        line, column = self._positions.get(known, (1, 1))
        return ConfigurationRefused(f"{self._path}:{line}:{column}: {reason}")

    def _plain(self, node: yaml.Node, at: Place) -> Any:
        self._positions[at] = _start(node)
        if isinstance(node, yaml.ScalarNode):
            return None if node.tag == "tag:yaml.org,2002:null" else node.value
        if id(node) in self._open:
            raise self.refusal(at, "it holds itself.")
        self._open.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            plain: Any = [self._plain(item, (*at, number)) for number, item in enumerate(node.value)]
        else:
            plain = self._mapping(node, at)
        self._open.remove(id(node))
        return plain

    def _mapping(self, node: yaml.Node, at: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            line, column = _start(key)
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigurationRefused(f"{self._path}:{line}:{column}: a key is a single word.")
            if key.value in found:
                raise ConfigurationRefused(f"{self._path}:{line}:{column}: '{key.value}' stands twice.")
            found[key.value] = self._plain(value, (*at, key.value))
            self._positions[(*at, key.value)] = (line, column)
        return {name: value for name, value in found.items() if value is not None}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationRefused(
            f"There is no configuration file {path}.", "Write one (docs/tutorial.md), or name it with --config."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationRefused(f"{path} cannot be read: {error}.") from None


def _start(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
