"""Every picture by its name; matplotlib is loaded when the first one is drawn."""

from __future__ import annotations

from typing import Any


def draw(name: str, data: dict[str, Any]) -> bytes:
    """Draw a picture as PNG, 1200 × 675; the same data gives the same bytes.

    Args:
        name: Picture.name.
        data: Picture.data, also after a way through JSON.

    Raises:
        KeyError: there is no picture of that name.
    """
    from views.burn_up_drawing import draw_burn_up
    from views.drivers_over_time_drawing import draw_drivers_over_time
    from views.waterfall_drawing import draw_waterfall

    known = {"burn_up": draw_burn_up, "drivers_over_time": draw_drivers_over_time, "waterfall": draw_waterfall}
    return known[name](data)
