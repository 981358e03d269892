"""Where a table begins and what its columns are called, also when nobody wrote it down."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from core.formulas import strip_guard

_PHONE = re.compile(r"'?\+?[0-9 ()./-]{8,22}(?:\.0)?")
_LINK = re.compile(r"https?://|wa\.me/|\S+@\S+\.\S+", re.IGNORECASE)
_EMAIL = re.compile(r"\S+@\S+\.\S+")
_WORDS = re.compile(r"[^\W\d_]{2,}")


def looks_like_phone(cell: str) -> bool:
    return _PHONE.fullmatch(cell.strip()) is not None and 8 <= sum(letter.isdigit() for letter in cell) <= 15


def _looks_like_chat_link(cell: str) -> bool:
    return "wa.me/" in cell.lower() or "whatsapp.com/" in cell.lower()


def _looks_like_name(cell: str) -> bool:
    return _WORDS.match(cell) is not None and not _LINK.match(cell)


_CONTENTS: list[tuple[str, Callable[[str], bool]]] = [
    ("telefone", looks_like_phone),
    ("whatsapp_link", _looks_like_chat_link),
    ("email", lambda cell: _EMAIL.fullmatch(cell) is not None),
    ("nome", _looks_like_name),
]


def header_index(sample: Sequence[Sequence[str]]) -> int:
    """Return the index of the first row of the table in the sample: titles above it fill one cell only."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in sample]
    usual = Counter(count for count in filled if count).most_common(1)
    for index, count in enumerate(filled):
        if count > 1 or (count and (not usual or usual[0][0] < 3)):
            return index
    return 0


def is_header(row: Sequence[str]) -> bool:
    """Tell whether a row names columns: data have a phone, an address or a link, names of columns never do."""
    return not any(looks_like_phone(cell) or _LINK.match(cell.strip()) for cell in row)


def names_from_header(row: Sequence[str], width: int) -> list[str]:
    """Return one name per column: blank ones are numbered, repeated ones too."""
    names = [" ".join(strip_guard(cell.strip()).split())[:120] for cell in row] + [""] * (width - len(row))
    return _unique([name or f"coluna {index}" for index, name in enumerate(names, 1)])


def names_from_content(sample: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return names for a table without a header: the phone and the name are recognised."""
    columns = [
        [row[index].strip() for row in sample if index < len(row) and row[index].strip()] for index in range(width)
    ]
    names = [f"coluna {index}" for index in range(1, width + 1)]
    for name, test in _CONTENTS:
        matching = (
            index for index, cells in enumerate(columns)
            if cells and names[index].startswith("coluna ") and sum(map(test, cells)) * 2 > len(cells)
        )  # fmt: skip
        if (index := next(matching, None)) is not None:
            names[index] = name
    return names


def _unique(names: list[str]) -> list[str]:
    seen: set[str] = set()
    unique = []
    for name in names:
        number, candidate = 2, name
        while candidate.casefold() in seen:
            candidate, number = f"{name} {number}", number + 1
        seen.add(candidate.casefold())
        unique.append(candidate)
    return unique
