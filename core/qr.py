"""QR codes drawn here, from the text that the provider gives: no picture of a secret travels or is kept."""

from dataclasses import dataclass

import segno


@dataclass(frozen=True)
class QrPath:
    """SVG path data on a square of ``size`` modules."""

    size: int
    data: str


def qr_path(text: str) -> QrPath:
    """Draw the text as one path of horizontal runs; raises ``segno.DataOverflowError`` for texts no code can hold."""
    matrix = segno.make(text, error="l", micro=False).matrix
    runs = [run for y, row in enumerate(matrix) for run in _runs(y, row)]
    return QrPath(len(matrix), "".join(runs))


def _runs(y: int, row: bytearray) -> list[str]:
    runs, start = [], None
    for x, module in enumerate([*row, 0]):
        if module and start is None:
            start = x
        elif not module and start is not None:
            runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
            start = None
    return runs
