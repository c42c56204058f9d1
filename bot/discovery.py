"""Finding extensions: every module of a package that defines the package's constant."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from finops.errors import ConfigurationRefused


def discover(package: str, constant: str) -> dict[str, Any]:
    """Module name → its constant, of every module of a package that has it, by name."""
    found = {}
    for module in iter_modules(import_module(package).__path__):
        value = getattr(import_module(f"{package}.{module.name}"), constant, None)
        if value is not None:
            found[module.name] = value
    return found


def wired(
    function: Callable[..., Any], dependencies: Mapping[str, Any], given: tuple[str, ...] = ()
) -> Callable[..., Any]:
    """A function with its keyword-only parameters filled by name.

    Args:
        dependencies: what there is to fill in.
        given: parameters that the caller will pass itself.

    Raises:
        ConfigurationRefused: the function names what nobody provides; found at start-up, not at the first click.
    """
    wanted = [name for name, p in inspect.signature(function).parameters.items() if p.kind is p.KEYWORD_ONLY]
    if unknown := [name for name in wanted if name not in dependencies and name not in given]:
        raise ConfigurationRefused(
            f"{function.__module__}.{function.__name__} asks for {unknown[0]}, which nobody provides."
        )
    return partial(function, **{name: dependencies[name] for name in wanted if name in dependencies})


@cache
def declared(package: str, constant: str) -> tuple[str, ...]:
    """Names of the modules that discover() would find, without importing any of them."""
    found = []
    for module in iter_modules(import_module(package).__path__):
        place = find_spec(f"{package}.{module.name}")
        tree = ast.parse(Path(place.origin).read_bytes()) if place and place.origin else ast.Module([], [])
        targets = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
        if any(isinstance(target, ast.Name) and target.id == constant for target in targets):
            found.append(module.name)
    return tuple(found)
