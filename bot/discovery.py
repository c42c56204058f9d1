"""Finding extensions: every module of a package that defines the package's constant."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
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
