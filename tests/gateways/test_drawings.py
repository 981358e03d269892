"""QR codes and curves are drawn by us, so they are read back here."""

import re

import pytest
import segno

from core.qr import qr_path
from gateways.curve import warm_up_curve
from gateways.pacing import WARM_DAYS

TEXT = "2@Yx7KkqvQpQv0J2S1bF8V6mNnWkPzq3rT9uYhGfDsAzXcVbNmLkJhGfDsAqWeRtYuIoP0987654321==,abcd,efgh,ijkl"


@pytest.mark.parametrize("text", ["a", TEXT, TEXT * 5])
def test_the_path_holds_exactly_the_modules_of_the_code(text: str) -> None:
    drawn = qr_path(text)
    dark = set()
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn.data):
        dark |= {(int(x) + offset, int(y)) for offset in range(int(width))}
    matrix = segno.make(text, error="l", micro=False).matrix
    assert drawn.size == len(matrix)
    assert dark == {(x, y) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}


@pytest.mark.parametrize("day", range(1, 20))
def test_the_curve_meets_today(day: int) -> None:
    curve = warm_up_curve(day)
    today = f"{curve.x} {curve.y}"
    assert curve.past.endswith(today)
    assert curve.future.startswith(f"M{today}") if day < WARM_DAYS else curve.future == ""
    assert curve.area.startswith(curve.past)
    assert curve.area.endswith("L0 40Z")


def test_the_curve_rises_from_the_first_day_to_the_cap() -> None:
    heights = [float(warm_up_curve(day).y) for day in range(1, WARM_DAYS + 1)]
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] == 4.0
