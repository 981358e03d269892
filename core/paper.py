"""Documents on paper: titles, figures, bars and tables in the type and the colours of the product, written as PDF."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from django.utils.translation import get_language, pgettext
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it reports every step of each document
FONTS: Final = Path(__file__).parent / "fonts"
FAMILY: Final = "Inter"
MARGIN: Final = 14.0
GAP: Final = 4.0
INK, SOFT, ACCENT, PALE, SUNKEN, LINE, WHITE = (
    (31, 27, 21), (106, 97, 83), (12, 99, 85), (220, 236, 229), (246, 242, 234), (232, 225, 212), (255, 255, 255),
)  # fmt: skip
Align = Literal["L", "R"]


@dataclass(frozen=True)
class Figure:
    """A figure with its name above and a note below."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Bar:
    """A bar of a share from 0 to 1, with its value in words at its end."""

    name: str
    share: float
    value: str


class Paper(FPDF):
    """A document on A4 laid across, one part below the other; letters that the type does not have are left out."""

    def __init__(self, title: str, owner: str) -> None:
        super().__init__(orientation="landscape", format="A4")
        self.owner = owner
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 6)
        self.add_font(FAMILY, "", FONTS / "inter-regular.ttf")
        self.add_font(FAMILY, "B", FONTS / "inter-semibold.ttf")
        self.letters: frozenset[int] = frozenset(self.fonts[FAMILY.lower()].cmap)  # type: ignore[union-attr]
        self.set_title(self.known(title))
        self.set_lang(get_language() or "pt-br")
        self.set_creator("Prosa")
        self.add_page()

    def known(self, text: str) -> str:
        """Return a text without the letters for which there is no drawing."""
        return "".join(letter for letter in text if ord(letter) in self.letters).strip()

    def ink(self, size: float, colour: tuple[int, int, int] = INK, *, bold: bool = False) -> None:
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)

    def header(self) -> None:
        self.ink(11, ACCENT, bold=True)
        self.cell(self.epw / 2, 6, "Prosa")
        self.ink(9, SOFT)
        self.cell(self.epw / 2, 6, self.known(self.owner), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(GAP)

    def footer(self) -> None:
        self.set_y(-MARGIN)
        self.ink(8, SOFT)
        words = pgettext("paper", "page %(number)d of %(all)s") % {"number": self.page_no(), "all": "{nb}"}
        self.cell(0, 5, words)

    def opening(self, title: str, lines: Sequence[str]) -> None:
        self.ink(20, bold=True)
        self.multi_cell(0, 9, self.known(title), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ink(9.5, SOFT)
        for line in lines:
            self.multi_cell(0, 5, self.known(line), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(GAP)

    def heading(self, text: str, room: float = 40) -> None:
        """Write a heading, on the next page when less than ``room`` millimetres are left below it."""
        if self.will_page_break(room):
            self.add_page()
        self.ln(GAP)
        self.ink(12.5, bold=True)
        self.cell(0, 7, self.known(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1)

    def figures(self, figures: Sequence[Figure]) -> None:
        """Write figures side by side, each on a card."""
        width, height, top = (self.epw - GAP * (len(figures) - 1)) / len(figures), 24.0, self.get_y()
        for number, figure in enumerate(figures):
            left = self.l_margin + number * (width + GAP)
            self.set_fill_color(*SUNKEN)
            self.rect(left, top, width, height, style="F", round_corners=True, corner_radius=2.5)
            for offset, size, colour, bold, text in (
                (3.0, 8.5, SOFT, False, figure.name), (8.5, 16.0, INK, True, figure.value), (17.0, 8.0, SOFT, False, figure.note),
            ):  # fmt: skip
                self.set_xy(left + 4, top + offset)
                self.ink(size, colour, bold=bold)
                self.cell(width - 8, 5 if size < 16 else 8, self.known(text))
        self.set_xy(self.l_margin, top + height)
        self.ln(GAP)

    def bars(self, bars: Sequence[Bar], name_width: float = 34, value_width: float = 40) -> None:
        """Write bars one below the other."""
        whole = self.epw - name_width - value_width
        for bar in bars:
            top = self.get_y()
            self.ink(9.5)
            self.cell(name_width, 6.5, self.known(bar.name))
            for colour, share in ((SUNKEN, 1.0), (ACCENT, bar.share)):
                if share > 0:
                    self.set_fill_color(*colour)
                    self.rect(self.l_margin + name_width, top + 1.2, max(whole * min(share, 1), 0.6), 4.1, style="F")
            self.set_xy(self.l_margin + name_width + whole + 3, top)
            self.ink(9.5, bold=True)
            self.cell(value_width - 3, 6.5, self.known(bar.value), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def grid(
        self, headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], last: Sequence[str] = ()
    ) -> None:
        """Write a table whose first column is text and the others figures; ``last`` is the line of sums."""
        self.ink(7.5)
        self.set_draw_color(*LINE)
        self.set_fill_color(*WHITE)
        aligned: list[Align] = ["L", *(["R"] * (len(headers) - 1))]  # type: ignore[list-item]
        with self.table(
            col_widths=tuple(widths), text_align=tuple(aligned), line_height=5.2, padding=(0.6, 0.8),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD", color=SOFT, fill_color=SUNKEN),
        ) as table:  # fmt: skip
            for cells in (headers, *rows):
                table.row([self._whole(cell) for cell in cells])
            if last:
                table.row([self._whole(cell) for cell in last], style=FontFace(emphasis="BOLD", fill_color=PALE))

    def _whole(self, cell: str) -> str:
        """Return the words of a cell; an amount of money stays on one line."""
        return self.known(cell.replace("R$ ", "R$\u00a0"))

    def written(self) -> bytes:
        return bytes(self.output())
