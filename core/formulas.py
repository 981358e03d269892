"""Text that a spreadsheet would run as a formula, and the apostrophe that stops it."""

import re

# Spreadsheets skip spaces and invisible marks before a formula; some also take full-width and small forms of its sign.
_INVISIBLE = r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
_SIGNS = r"[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212]"
# Apostrophes in front count as none, so that guarding and reading back are exact opposites for every text.
_DANGEROUS = re.compile(rf"'*(?:[\t\r\n]|{_INVISIBLE}*{_SIGNS})")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """Return the text without control characters and half pairs, which no spreadsheet format can hold."""
    return _UNPRINTABLE.sub("", text)


def guard_formula(text: str) -> str:
    """Return the text with an apostrophe in front if a spreadsheet could run it."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def strip_guard(text: str) -> str:
    """Return a text as it was before :func:`guard_formula`."""
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text, 1) else text
