"""Pictures: the same bytes everywhere, and no name or amount that breaks them."""

import json
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from itertools import pairwise

import pytest
from made_up_drivers import DRIVEN, six_months
from made_up_messages import MONTHS, NAMES
from made_up_months import NASTY
from matplotlib.figure import Figure
from PIL import Image

from finops.basis import Basis
from finops.drivers import Separation
from finops.money import add
from finops.periods import Month
from views import drivers_over_time_drawing
from views.burn_up import burn_up
from views.drivers_over_time import drivers_over_time
from views.pictures import draw
from views.waterfall import waterfall


def test_the_web_process_loads_no_matplotlib() -> None:
    """Rendering every message loads neither matplotlib, numpy, pandas nor duckdb."""
    code = (
        "import sys, views.daily, views.variance, views.teams, views.home, views.help, views.problems, views.pictures;"
        "print(sorted({'matplotlib', 'numpy', 'pandas', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_same_data_gives_the_same_bytes() -> None:
    """Over eight threads and a way through JSON, two pictures come out byte for byte the same."""
    pictures = [burn_up(MONTHS[name], "Payments") for name in ("running", "ended")] * 4
    data = [json.loads(json.dumps(picture.data)) for picture in pictures if picture]
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda one: draw("burn_up", one), data))
    assert len(set(drawn[::2])) == len(set(drawn[1::2])) == 1
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize("name", sorted(MONTHS))
def test_every_month_can_be_drawn(name: str) -> None:
    """Each kind of month gives a PNG of 1200 × 675, or none where there is no data."""
    picture = burn_up(MONTHS[name], "Payments")
    assert (picture is None) == (MONTHS[name].actual is None)
    if picture:
        assert Image.open(BytesIO(draw(picture.name, picture.data))).size == (1200, 675)
        assert "Payments" in picture.alt_text and len(picture.alt_text) <= 2_000


@pytest.mark.parametrize("name", [*NAMES.values(), "$x$ and $\\frac{1}{0}$", "x" * 300])
def test_no_name_breaks_a_picture(name: str) -> None:
    """Names in scripts the font lacks, and names that look like mathematics, are drawn without a warning."""
    picture = burn_up(MONTHS["running"], name)
    assert picture
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert draw(picture.name, picture.data).startswith(b"\x89PNG")


def test_the_title_states_the_finding() -> None:
    """The title says what the picture shows, with the direction in words."""
    titles = {name: (picture.data["title"] if (picture := burn_up(MONTHS[name], "P")) else None) for name in MONTHS}
    assert titles["running"] == "Heading for $62,292.68: 3.8 % over budget"
    assert titles["without_forecast"] == "Spent $42,767.66 of $60,000 so far"
    assert titles["ended_without_budget"] == "Spent $62,686.33; no approved budget"
    assert titles["ended_with_credits"] == "Credits of $157.60: $157.60 under budget"


def test_the_fan_has_both_intervals() -> None:
    """The picture has the ends of the 80 and the 95 % interval, its description says them and the chance; one that was
    queued with a single interval is drawn all the same.
    """
    month = MONTHS["running"]
    picture = burn_up(month, "P")
    assert picture and month.forecast
    of = picture.data["forecast"]
    assert [Decimal(of[name]) for name in ("lowest", "low", "high", "highest")] == [
        month.forecast.lowest, month.forecast.low, month.forecast.high, month.forecast.highest
    ]  # fmt: skip
    assert picture.alt_text.endswith(
        "forecast $62,292.68 (80 %: $60,532.88 to $64,052.47; 95 %: $59,601.31 to $64,984.05); "
        "95 % chance of ending over budget."
    )
    one = {name: value for name, value in of.items() if name not in ("lowest", "highest")}
    drawn = draw("burn_up", picture.data | {"forecast": one})
    assert drawn.startswith(b"\x89PNG") and drawn != draw("burn_up", picture.data)


@pytest.mark.parametrize("name", [name for name, (_, drivers) in DRIVEN.items() if drivers])
def test_every_variance_can_be_drawn(name: str) -> None:
    """A waterfall begins at the budget and ends, step by step without a gap, at what was or will be spent."""
    month, drivers = DRIVEN[name]
    assert drivers and month.budget is not None and month.reading is not None
    picture = waterfall(month, drivers, "Payments")
    _, start, budget, _, _ = picture.data["bars"][0]
    assert (Decimal(start), Decimal(budget)) == (0, month.budget)
    *steps, (_, _, end, _, _) = picture.data["bars"][1:]
    assert len(steps) <= 8 and Decimal(end) == month.reading
    ends = [budget, *(to for _, _, to, _, _ in steps)]
    assert [at for _, at, _, _, _ in steps] == ends[:-1] and Decimal(ends[-1]) == month.reading
    data = json.loads(json.dumps(picture.data))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = draw(picture.name, data)
    assert Image.open(BytesIO(drawn)).size == (1200, 675) and drawn == draw(picture.name, data)
    assert picture.alt_text.startswith(f"Waterfall of Payments, November 2026. {picture.data['title']}. Budget ")


def test_a_waterfall_s_title_states_the_finding() -> None:
    """The title names the variance and the step that makes most of it."""
    titles = {
        name: waterfall(month, drivers, "P").data["title"] for name, (month, drivers) in DRIVEN.items() if drivers
    }
    assert titles == {
        "running": "$2,292.68 over budget, most of it expected for 18–30 Nov",
        "ended": "$7,686.33 over budget, most of it not separable",
        "under": "$92,313.67 under budget, most of it as the budget lay above last month",
        "yen": "¥2,293 over budget, most of it expected for 18–30 Nov",
        "hostile": "$2,292.68 over budget, most of it volume",
        "untold": "$2,292.68 over budget, most of it expected for 18–30 Nov",
    }


@pytest.mark.parametrize("told", [six_months(), six_months(-1), six_months()[:1], six_months(10**15), six_months(0)])
def test_drivers_over_time_can_be_drawn(told: list[tuple[Month, Separation]]) -> None:
    """Each month's parts add up to its change, whatever the number of months and whichever way they go."""
    picture = drivers_over_time(told, "USD", Basis.EFFECTIVE, NASTY)
    data = json.loads(json.dumps(picture.data))
    changes = [add(Decimal(amounts[number]) for _, amounts in data["parts"]) for number in range(len(told))]
    assert (
        changes == [separation.total for _, separation in told] == [Decimal(change) for change, *_ in data["changes"]]
    )
    assert len(data["parts"]) <= 6 and len(picture.alt_text) <= 2_000
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = draw(picture.name, data)
    assert Image.open(BytesIO(drawn)).size == (1200, 675) and drawn == draw(picture.name, data)


def a_year(number: int, amount: str) -> list[tuple[Month, Separation]]:
    """Months whose changes are all the same amount, down in every second one."""
    first, told = Month(2026, 1), []
    for sign in range(number):
        [(_, separation)] = six_months()[:1]
        parts = (replace(separation.parts[0], amount=Decimal(amount) * (-1) ** sign),)
        told.append((first, replace(separation, parts=parts)))
        first = first.next
    return told


@pytest.mark.parametrize(
    ("number", "amount", "shown"),
    [
        (6, "600", "+$600"),
        (6, "748.35", "+$748.35"),
        (6, "1748.35", "+$1.7k"),
        (6, "-123456.78", "−$123k"),
        (7, "1748.35", "+$1.7k"),
        (12, "-1748.35", "−$1.7k"),
        (12, "123456.78", "+$123k"),
        (24, "99949", "+$100k"),
    ],
)
def test_no_label_over_time_meets_another(
    monkeypatch: pytest.MonkeyPatch, number: int, amount: str, shown: str
) -> None:
    """Changes are shown in short where they have no room at length, apart from each other and from the legend."""
    figures: list[Figure] = []
    monkeypatch.setattr(drivers_over_time_drawing, "to_png", lambda figure: figures.append(figure) or b"")
    data = drivers_over_time(a_year(number, amount), "USD", Basis.EFFECTIVE, "Payments").data
    drivers_over_time_drawing.draw_drivers_over_time(data)
    [axes] = figures[0].axes
    texts = {text.get_text(): text for text in axes.texts}
    changes = [text for text in axes.texts if "$" in text.get_text()]
    boxes = [text.get_window_extent() for text in changes]
    assert len(changes) == number and changes[0].get_text() == shown
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert boxes[-1].x1 < texts["change in all"].get_window_extent().x0 - 20, "there the legend's mark stands"


def test_drivers_over_time_state_the_finding() -> None:
    """Title and description say how far it went, what made most of it, and each month with its largest part."""
    picture = drivers_over_time(six_months(), "USD", Basis.EFFECTIVE, "Payments")
    assert picture.data["title"] == "+$3,627 in all, most of it volume"
    assert picture.data["months"] == ["Jun", "Jul", "Aug", "Sep", "Oct", "1–17 Nov"]
    assert picture.alt_text.startswith(
        "Drivers of cost of Payments, June 2026 to November 2026, each month against the one before. +$3,627 in all, "
        "most of it volume: June 2026 +$570.00 (volume +$900.00); July 2026 +$1,870.00 (new and ended resources +$1,2"
    )


def test_an_unknown_picture_is_refused() -> None:
    """A name that no drawing has is a KeyError."""
    with pytest.raises(KeyError):
        draw("pie", {})
