"""The warm-up curve of a young number as shapes of an SVG of 100 by 40."""

from dataclasses import dataclass

from gateways.pacing import QR_DAILY_CAP, WARM_DAYS, cap_on_day

WIDTH, HEIGHT, TOP = 100.0, 40.0, 4.0


@dataclass(frozen=True)
class Curve:
    """``past`` and ``future`` are path data that meet at (``x``, ``y``), today; ``area`` lies under the past."""

    past: str
    area: str
    future: str
    x: str
    y: str


def warm_up_curve(day: int) -> Curve:
    """Draw the caps of the first days, today being ``day`` of the number's life."""
    today = min(day, WARM_DAYS)
    points = [_point(number) for number in range(1, WARM_DAYS + 1)]
    past, future = points[:today], points[today - 1 :]
    x, y = past[-1].split()
    line = "M" + "L".join(past)
    return Curve(
        past=line,
        area=f"{line}L{x} {HEIGHT:g}L0 {HEIGHT:g}Z",
        future="M" + "L".join(future) if len(future) > 1 else "",
        x=x,
        y=y,
    )


def _point(day: int) -> str:
    x = (day - 1) / (WARM_DAYS - 1) * WIDTH
    y = HEIGHT - cap_on_day(day) / QR_DAILY_CAP * (HEIGHT - TOP)
    return f"{x:.1f} {y:.1f}"
