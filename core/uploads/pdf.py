"""PDF: begins and ends as a PDF does, and holds no scripts, no programs to start and no attached files."""

import re
import zlib

from core.uploads.damage import DamagedFileError

MAX_INFLATED = 8 * 1024 * 1024
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_ESCAPED = re.compile(rb"#([0-9a-fA-F]{2})")
_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia)(?![A-Za-z0-9])")
_TAIL = re.compile(rb"startxref\s+[0-9]+\s+%%EOF[\s\0]*$")


def verify(data: bytes) -> None:
    """Raise :class:`DamagedFileError` for anything that is more than pages."""
    if not re.match(rb"%PDF-[12]\.[0-9]", data) or not _TAIL.search(data[-1100:]):
        raise DamagedFileError("not a whole PDF")
    # Page contents are compressed and would match by chance; only the objects around them are looked at.
    if _is_active(_STREAM.sub(b"stream endstream", data)):
        raise DamagedFileError("active content")
    budget = MAX_INFLATED
    for match in _STREAM.finditer(data):
        head = data[max(0, match.start() - 400) : match.start()]
        if b"/ObjStm" in head.rsplit(b" obj", 1)[-1]:
            inflated = _inflate(match[1], budget)
            budget -= len(inflated)
            if budget <= 0 or _is_active(inflated):
                raise DamagedFileError("active content")


def _is_active(text: bytes) -> bool:
    plain = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), text)
    return _ACTIVE.search(plain) is not None


def _inflate(packed: bytes, budget: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, budget)
    except zlib.error:
        return packed
