"""Writes docs/reference/ from the code: commands, jobs, settings, finops.yaml. `--check` fails where it has changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from bot.cli import main as finops
from bot.configuration import configuration_schema
from bot.discovery import discover
from bot.settings import Settings
from bot.sources import source_kinds

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
HEAD = "<!-- written by `python -m bot.reference`; do not edit -->\n\n"


def pages() -> dict[str, str]:
    """File name → its text."""
    return {
        "commands.md": HEAD + "\n".join(_slash_commands()) + "\n",
        "terminal.md": HEAD + "\n".join(_terminal()) + "\n",
        "jobs.md": HEAD + "\n".join(_jobs()) + "\n",
        "sources.md": HEAD + "\n".join(_sources()) + "\n",
        "engines.md": HEAD + "\n".join(_engines()) + "\n",
        "settings.md": HEAD + "\n".join(_settings()) + "\n",
        "configuration.md": HEAD + "\n".join(_configuration()) + "\n",
    }


def _slash_commands() -> Iterator[str]:
    yield "# Commands in Slack\n"
    yield "| command | what it does |\n|---|---|"
    for command in discover("handlers", "COMMAND").values():
        usage = f" {command.usage}".replace("|", "\\|") if command.usage else ""
        yield f"| `/finops {command.name}{usage}` | {command.summary} |"


def _terminal() -> Iterator[str]:
    yield "# Commands in the terminal\n"
    context = click.Context(finops, info_name="finops")
    yield from _command("finops", finops)
    for name in finops.list_commands(context):
        command = finops.get_command(context, name)
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield from _command(f"finops {name}", command)
            for part in command.commands.values():
                yield from _command(f"finops {name} {part.name}", part)
        elif command is not None:
            yield from _command(f"finops {name}", command)


def _command(path: str, command: click.Command) -> Iterator[str]:
    arguments = [p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)]
    yield f"## {' '.join([path, *arguments])}\n"
    yield f"{' '.join((command.help or '').split())}\n"
    for option in command.params:
        if isinstance(option, click.Option):
            yield f"- `{', '.join(option.opts)}`: {option.help or '(no description)'}"
    yield ""


def _jobs() -> Iterator[str]:
    yield "# Jobs\n"
    yield "The time of each can be set under `schedules:` of finops.yaml: `HH:MM`, `every 15m`, `every 2h` or `off`.\n"
    yield "| job | by default | what it does |\n|---|---|---|"
    for name, job in discover("jobs", "JOB").items():
        zone = ", in every team's time zone" if job.per_zone else ""
        yield f"| `{job.name}` | {job.schedule}{zone} | {_first_line(sys.modules[f'jobs.{name}'].__doc__)} |"


def _sources() -> Iterator[str]:
    yield "# Sources\n"
    yield "Each of `sources:` in finops.yaml names an export and has a `kind`, `folder` by default, with keys of its"
    yield "own. A path that is no URL is relative to the file.\n"
    yield "| kind | what is delivered there | key | meaning |\n|---|---|---|---|"
    for name, kind in source_kinds().items():
        for key, meaning in kind.keys.items():
            needed = "" if key in kind.required else " (may be left out)"
            yield f"| `{name}` | {kind.about} | `{key}` | {meaning}{needed} |"


def _engines() -> Iterator[str]:
    yield "# Engines\n"
    yield "A source of the kind `warehouse` names one as `engine:` and gives its keys beside it. `table` is what the"
    yield "engine knows the bill by. No key holds a secret.\n"
    for name, kind in discover("storage.engines", "ENGINE").items():
        yield f"## {name}\n"
        yield f"{kind.about}. `table`: {kind.table}.\n"
        if kind.extra:
            yield f"- driver: `.venv/bin/python -m pip install -e '.[{kind.extra}]'`"
        if kind.secrets:
            yield f"- credentials: {kind.secrets}"
        for key, meaning in kind.keys.items():
            yield f"- `{key}`: {meaning}{'' if key in kind.required else ' (may be left out)'}"
        yield ""


def _settings() -> Iterator[str]:
    yield "# Environment\n"
    yield "Secrets and places come from the environment only.\n"
    yield "| variable | by default | meaning |\n|---|---|---|"
    said = _attributes(Settings.__doc__ or "")
    for name, field in Settings.model_fields.items():
        default = field.default.get_secret_value() if hasattr(field.default, "get_secret_value") else field.default
        yield f"| `{name.upper()}` | `{default}` | {said.get(name, '')} |".replace("``", "none")
    yield "| `AWS_…` | | as boto3 reads them |"


def _configuration() -> Iterator[str]:
    yield "# finops.yaml\n"
    yield "Every key may be left out but a team's slug and a tier's name and edge. A mistake is named by file, line"
    yield "and column; unknown and repeated keys are mistakes.\n"
    yield "| key | takes | by default | meaning |\n|---|---|---|---|"
    schema = configuration_schema()
    for path, kind, default, meaning in _keys(schema, schema, ""):
        yield f"| `{path}` | {kind} | {default} | {meaning} |"


def _keys(schema: dict[str, Any], part: dict[str, Any], path: str) -> Iterator[tuple[str, str, str, str]]:
    """Every key below a part of the schema: its dotted path, what it takes, its default, and what it means."""
    for name, value in part.get("properties", {}).items():
        found = _resolved(schema, value)
        here = f"{path}{name}"
        if "properties" in found:
            yield from _keys(schema, found, f"{here}.")
            continue
        items = _resolved(schema, found.get("items", {}))
        if "properties" in items:
            yield from _keys(schema, items, f"{here}[].")
            continue
        each = found.get("additionalProperties")
        named = _resolved(schema, each) if isinstance(each, dict) else {}
        if "properties" in named:
            yield from _keys(schema, named, f"{here}.<name>.")
            continue
        yield here, _kind(schema, found), _default(value.get("default")), value.get("description", "")


def _resolved(schema: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """A part of the schema, with references and `or null` taken away."""
    options = [option for option in value.get("anyOf", []) if option.get("type") != "null"]
    if options:
        value = options[0]
    if "$ref" in value:
        found: dict[str, Any] = schema["$defs"][value["$ref"].rsplit("/", 1)[1]]
        return found
    return value


def _kind(schema: dict[str, Any], value: dict[str, Any]) -> str:
    if "enum" in value:
        return ", ".join(f"`{option}`" for option in value["enum"])
    if value.get("type") == "array":
        return f"list of {_kind(schema, _resolved(schema, value.get('items', {})))}"
    if value.get("type") == "object":
        each = value.get("additionalProperties")
        return f"mapping to {_kind(schema, _resolved(schema, each))}" if isinstance(each, dict) else "mapping"
    if value.get("format") == "date":
        return "day"
    names = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`"}
    return names.get(value.get("type", ""), "value")


def _default(value: Any) -> str:
    """A default as it is written in YAML; empty for none."""
    values = value if isinstance(value, list) else [value]
    return ", ".join(
        f"`{str(each).lower() if isinstance(each, bool) else each}`" for each in values if each not in (None, "")
    )


def _attributes(docstring: str) -> dict[str, str]:
    """Attribute → meaning, from a docstring's Attributes section."""
    found: dict[str, str] = {}
    name = ""
    for line in docstring.partition("Attributes:")[2].splitlines():
        head, colon, rest = line.strip().partition(": ")
        if colon and head.isidentifier():
            name, found[head] = head, rest
        elif name and line.strip():
            found[name] += " " + line.strip()
    return found


def _first_line(docstring: str | None) -> str:
    return (docstring or "").strip().splitlines()[0]


def write(check: bool) -> int:
    """Write the pages, or say which differ from those on disk; returns the exit code."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    changed = [name for name, text in pages().items() if not _same(FOLDER / name, text)]
    if check:
        for name in changed:
            click.echo(f"docs/reference/{name} is not what the code says: run `make fix`.", err=True)
        return 1 if changed else 0
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(write("--check" in sys.argv))
