"""Pictures: the same bytes everywhere, and no name or amount that breaks them."""

import json
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from made_up_messages import MONTHS, NAMES
from PIL import Image

from views.burn_up import burn_up
from views.pictures import draw


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


def test_an_unknown_picture_is_refused() -> None:
    """A name that no drawing has is a KeyError."""
    with pytest.raises(KeyError):
        draw("pie", {})
