"""How time passes in the demo: what falls due happens at its own time, and the terminal sees the same company."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from bot.demo.demo import Demo
from finops.errors import FinopsError
from storage.audit import read
from tests.databases import OF_THE_DEMO
from tests.handlers.desk import key_of
from views.alert import ACKNOWLEDGE

pytestmark = OF_THE_DEMO
THURSDAY, FRIDAY = date(2026, 11, 12), date(2026, 11, 13)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to stand in."""
    return tmp_path_factory.mktemp("clone")


@pytest.fixture(scope="module")
def demo(place: Path) -> Iterator[Demo]:
    """A demo where the terminal looks for it, on its first morning."""
    found = Demo(place / "var" / "demo", 0, date(2026, 11, 21), lambda _step: None)
    found.prepare()
    found.start()
    yield found
    found.stop()


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment on Berlin's clock in November, in UTC."""
    return datetime(day.year, day.month, day.day, hour - 1, minute, tzinfo=UTC)


def done(demo: Demo, action: str) -> list[tuple[str, datetime]]:
    """Team and full minute of everything of a kind that happened to alerts, in its order."""
    with demo.installation.state.reading() as connection:
        entries = [sealed.entry for sealed in read(connection, subject="alert")]
    return [(e.team, e.at.replace(second=0, microsecond=0)) for e in entries if e.action == f"alert.{action}"]


def finops(place: Path, *words: str) -> Result:
    """A line at a terminal in the folder."""
    with pytest.MonkeyPatch.context() as moved:
        moved.chdir(place)
        return CliRunner().invoke(main, ["--demo", *words])


def test_a_course_of_days(demo: Demo, place: Path) -> None:
    """Time stops where something is due, calls are made at their own time, and a day's summary comes at its own."""
    lena = demo.sandbox.person("lena.hartmann")
    demo.settle()
    [alert] = [m for m in demo.sandbox.messages("cost-checkout") if key_of(m).endswith("checkout/2026-11/forecast/USD")]
    lena.click("cost-checkout", alert["ts"], ACKNOWLEDGE)
    assert demo.until_due() == "It is Thu 12 Nov 2026, 13:00. Machine Learning: escalated."
    assert set(done(demo, "escalated")) == {("machine-learning", at(THURSDAY, 13))}
    called = [m for m in demo.sandbox.person("samuel.okafor").direct_messages() if "you are called next" in m["text"]]
    assert [datetime.fromtimestamp(float(m["ts"]) // 60 * 60, UTC) for m in called] == [at(THURSDAY, 13)]

    rows = json.loads(finops(place, "alerts", "--format", "json").stdout)
    [held] = [row for row in rows if (row["team"], row["kind"], row["month"]) == ("checkout", "forecast", "2026-11")]
    assert (held["status"], held["by"]) == ("acknowledged", "Lena Hartmann")
    assert finops(place, "audit", "verify").stdout.startswith("Whole: ")
    assert "machine-learning" in finops(place, "policy", "replay", "--from", "2026-09", "--to", "2026-11").stdout
    assert "November 2026" in finops(place, "variance", "payments").stdout, "the company's day, not ours"

    said = demo.next_day()
    assert said.startswith("It is Fri 13 Nov 2026, 08:45.")
    assert ("checkout", at(THURSDAY, 17)) in done(demo, "escalated"), "that of October, unanswered until its evening"
    assert not any(moment > at(THURSDAY, 17) for _, moment in done(demo, "escalated"))
    posted = [m for m in demo.sandbox.messages("cost-checkout") if key_of(m) == f"daily/checkout/{FRIDAY}"]
    assert [datetime.fromtimestamp(float(m["ts"]) // 60 * 60, UTC) for m in posted] == [at(FRIDAY, 8, 30)]


def test_the_environment_reaches_no_demo(place: Path, demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--demo` no database and no token of the environment is used, and a configuration beside it is refused."""
    from bot.demo.place import demo_at_the_terminal

    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(name, "xoxb-real")
    monkeypatch.setenv("FINOPS_DATABASE_URL", "sqlite:////nowhere/finops.db")
    settings = demo_at_the_terminal(place / "var" / "demo").settings
    tokens = (settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret)
    assert [token.get_secret_value() for token in tokens] == ["", "", ""]
    assert "nowhere" not in settings.finops_database_url.get_secret_value()
    assert finops(place, "--config", "finops.yaml", "alerts").exit_code == 2


def test_where_there_is_no_demo(tmp_path: Path) -> None:
    """Without a demo the terminal says how to make one, and makes nothing itself."""
    result = finops(tmp_path, "alerts")
    assert result.exit_code == 1 and "`make demo` makes it" in result.stderr
    assert list(tmp_path.iterdir()) == []
    from bot.demo.place import demo_at_the_terminal

    with pytest.raises(FinopsError):
        demo_at_the_terminal(tmp_path)
