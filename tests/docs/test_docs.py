"""The docs are true of the code: commands, options, links, targets, files, configuration, and the tutorial itself."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.configuration import load_company
from bot.discovery import discover
from finops.forecast_experts import PRIORS
from tests.databases import POSTGRESQL, SQLITE, is_server, state_url

ROOT = Path(__file__).parents[2]
FOLDERS = ("bot", "handlers", "jobs", "views", "storage", "finops", "sandbox", "tests")
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("*.md"),
        *(ROOT / folder / "README.md" for folder in FOLDERS if (ROOT / folder / "README.md").exists()),
    ]
)
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
FENCE = re.compile(r"^ *```([^\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
every_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """(info string, text without the indent of its first line) of every fenced block."""
    for found in FENCE.finditer(page.read_text(encoding="utf-8")):
        lines = found[2].splitlines()
        indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
        yield found[1].strip(), "".join(f"{line[indent:]}\n" for line in lines)


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def said(page: Path) -> set[str]:
    """Everything a page writes as code: each line of a block, without a prompt, and each `span`."""
    lines = {line.strip().removeprefix("$ ") for _, text in blocks(page) for line in text.splitlines()}
    return lines | {" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(page))}


def command_lines(page: Path) -> list[str]:
    """Every `finops …` a page shows, also behind `release:`, a path or variables, without comments and pipes."""
    bare = {re.split(r" +[|>&;#]", text)[0].strip() for text in said(page)}
    found = (re.fullmatch(r"(?:\w+: |\w+=\S+ |\S*/bin/)*(finops(?: .*)?)", text) for text in bare)
    return sorted({match[1] for match in found if match})


def fault_of(line: str) -> str:
    """What `finops` would not understand of a command line; empty where it is right."""
    words = shlex.split(line)[1:]
    command: click.Command = main
    context = click.Context(main, info_name="finops")
    while isinstance(command, click.Group):
        words = command.make_parser(context).parse_args(list(words))[1]
        if not words:
            return ""  # the group as such
        found = command.get_command(context, words[0])
        if found is None:
            return f"no command {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    try:
        values, rest, _ = command.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        return error.format_message()
    for option in command.params:
        value = values.get(option.name or "")
        if isinstance(option.type, click.Choice) and value is not None and value not in option.type.choices:
            return f"no choice {value}"
    return f"too many words: {rest}" if rest else ""


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_command_lines_exist(page: Path) -> None:
    """Every `finops` command line names a command and options that exist."""
    assert {line: fault for line in command_lines(page) if (fault := fault_of(line))} == {}


def test_wrong_command_lines_are_found() -> None:
    """The check itself refuses what does not exist, so that it cannot pass by looking at nothing."""
    wrong = (
        "finops fly",
        "finops ledger fly",
        "finops ingest a --nope",
        "finops variance a b",
        "finops variance --month",
    )
    assert all(fault_of(line) for line in wrong)
    assert fault_of("finops variance a --format xml") == "no choice xml"
    assert sum(len(command_lines(page)) for page in PAGES) > 50


@every_page
def test_slack_commands_exist(page: Path) -> None:
    """Every `/finops` command the docs show exists, or is the name of a team alone."""
    known = {command.name for command in discover("handlers", "COMMAND").values()} | {"payments", ""}
    shown = {match[1] or "" for text in said(page) if (match := re.match(r"/finops(?: (\w+))?", text))}
    assert shown <= known


@every_page
def test_links_resolve(page: Path) -> None:
    """Every relative link leads to a file, and to a heading in it where it names one."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@every_page
def test_make_targets_exist(page: Path) -> None:
    """Every `make` target shown is one of the Makefile's."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {word for text in said(page) if (match := re.match(r"make ([a-z]+)\b", text)) for word in [match[1]]}
    assert shown <= targets


def test_contributing_lists_every_target() -> None:
    """CONTRIBUTING.md describes every target that `make` prints."""
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = set(re.findall(r"`make ([a-z]+)`", (ROOT / "CONTRIBUTING.md").read_text()))
    assert targets - {"targets"} <= shown


@every_page
def test_files_exist(page: Path) -> None:
    """Every file of the repository that a page names exists, from the top or in the page's own folder."""
    made = {"docs/benchmarks.md", "handlers/x.py", "jobs/x.py", "bot/terminal/x.py"}
    made |= {"storage/engines/x.py", "storage/sources/x.py", "storage/migrations/versions/0002_what_it_is.py"}
    paths = {text for text in said(page) if re.fullmatch(r"[\w./-]+", text)} - made
    missing = {path for path in paths if path.partition("/")[0] in (*FOLDERS, "docs") and not (ROOT / path).exists()}
    if page.parent.name in FOLDERS:
        missing = {path for path in missing if not (page.parent / path).exists()}
        missing |= {name for name in paths if re.fullmatch(r"\w+\.py", name) and not list(page.parent.rglob(name))}
    assert missing == set()


@every_page
def test_configuration_examples_are_valid(page: Path, tmp_path: Path) -> None:
    """Every YAML block is a finops.yaml that the product takes."""
    for number, (info, text) in enumerate(blocks(page)):
        if info.split(" ")[0] == "yaml":
            path = tmp_path / f"{number}.yaml"
            path.write_text(text, encoding="utf-8")
            load_company(path)


def test_every_folder_has_a_readme() -> None:
    """What lives in a folder, and how to add to it, stands in the folder."""
    assert [name for name in (*FOLDERS, "docs") if not (ROOT / name / "README.md").exists()] == []


def test_the_map_names_every_page() -> None:
    """Every how-to and every record is linked from its index."""
    linked = (ROOT / "docs" / "README.md").read_text()
    assert [page.name for page in (ROOT / "docs" / "howto").glob("*.md") if f"howto/{page.name}" not in linked] == []
    records = (ROOT / "docs" / "adr" / "README.md").read_text()
    assert [page.name for page in (ROOT / "docs" / "adr").glob("0*.md") if page.name not in records] == []


def test_the_forecasters_are_counted() -> None:
    """The page about forecasts says how many forecasters there are."""
    numbers = {14: "Fourteen", 15: "Fifteen", 16: "Sixteen", 17: "Seventeen", 18: "Eighteen", 19: "Nineteen"}
    page = prose(ROOT / "docs" / "howto" / "read-a-forecast.md")
    assert re.findall(r"\*\*(\w+) simple forecasters\*\*", page) == [numbers[len(PRIORS)]]


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the working directory, with an environment that says nothing but where a server is."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("FINOPS_", "SLACK_"))]:
        monkeypatch.delenv(name)
    if is_server():
        monkeypatch.setenv("FINOPS_DATABASE_URL", state_url(tmp_path))
    return tmp_path


def run(line: str) -> Result:
    """A line as it is written: `finops` in this process, as starting ten of them takes long, the rest in a shell."""
    if line.startswith("finops "):
        return CliRunner().invoke(main, shlex.split(line)[1:], catch_exceptions=False)
    subprocess.run(line, shell=True, check=True, timeout=60)
    return CliRunner().invoke(click.Command("nothing"))


def test_the_tutorial_runs_as_written(laptop: Path) -> None:
    """The tutorial's files and commands, taken in order, print exactly what the tutorial shows."""
    ran = 0
    for info, text in blocks(ROOT / "docs" / "tutorial.md"):
        language, _, name = info.partition(" ")
        if name:
            (laptop / name).write_text(text, encoding="utf-8")
        if language != "console":
            continue
        printed = ""
        for line in [line[2:] for line in text.splitlines() if line.startswith("$ ")]:
            step = run(line)
            assert step.exit_code == 0, (line, step.output)
            printed += f"$ {line}\n{step.stdout}"
            ran += 1
        settle(ROOT / "docs" / "tutorial.md", text, "".join(f"{line.rstrip()}\n" for line in printed.splitlines()))
    assert ran >= 8


def settle(page: Path, shown: str, printed: str) -> None:
    """A page shows what is printed; with GOLDEN=1 (`make golden`) it is made to."""
    if os.environ.get("GOLDEN") and shown != printed:
        text = page.read_text(encoding="utf-8")
        assert shown in text, "an indented block is mended by hand"
        page.write_text(text.replace(shown, printed), encoding="utf-8")
        shown = printed
    assert shown.splitlines() == printed.splitlines()


def test_howtos_show_what_is_printed(laptop: Path) -> None:
    """What the how-tos show of doctor, of a refused bill, of refused budgets and of a team is what is printed today."""
    for info, text in blocks(ROOT / "docs" / "tutorial.md"):
        if name := info.partition(" ")[2]:
            (laptop / name).write_text(text, encoding="utf-8")
    header = (laptop / "bill.csv").read_text().splitlines()[0]
    (laptop / "bad.csv").write_text(
        f'{header}\n"1,200",1,USD,2025-09-01,2025-09-02,Usage,AWS,EC2,0012,,\n'
        "1,1,usd,2025-09-01,02.09.2025,Usage,AWS,EC2,0012,,\n1,1,USD,2025-09-01,2025-09-02,Refund,AWS,EC2,0012,,\n"
    )
    (laptop / "b.csv").write_text(
        'team,month,amount,currency\npaymnts,2025-09,100,USD\nsearch,2025-9,1,USD\nsearch,2025-10,"1,000",USD\n'
    )

    def compare(name: str, line: str) -> None:
        printed = run(line).output.replace("finops: read bad.csv\n", "")
        printed = printed.replace(f"database: {POSTGRESQL},", f"database: {SQLITE},")
        page = ROOT / "docs" / "howto" / name
        [shown] = [text for info, text in blocks(page) if info == "console" and text.startswith(f"$ {line}\n")]
        settle(page, shown, f"$ {line}\n{printed}")

    run("finops ingest bill.csv --export aws --lenient")
    run("finops budgets import budgets.csv")
    compare("read-the-figures.md", "finops variance payments --as-of 2025-09-20 --format json")
    compare("read-a-bill.md", "finops ingest bad.csv --export aws --lenient")
    compare("set-budgets.md", "finops budgets import b.csv")
    compare("back-up-and-restore.md", "finops ledger verify")
    # The file that the page itself shows, instead of the tutorial's.
    [own] = [text for info, text in blocks(ROOT / "docs" / "howto" / "install-in-slack.md") if info == "yaml"]
    (laptop / "finops.yaml").write_text(own)
    (laptop / "bills" / "aws").mkdir(parents=True)
    compare("install-in-slack.md", "finops doctor")
