"""Which letters the bytes of a text file stand for."""

import codecs
import re
from collections.abc import Iterable

from charset_normalizer import from_bytes

SAMPLE = 256 * 1024
_MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
_PORTUGUESE = frozenset("áàâãéêíóôõúüçñÁÀÂÃÉÊÍÓÔÕÚÜÇÑºª°–—‘’“”•…´")
_LATIN = ("cp1252", "cp850", "mac_roman")


def detect_encoding(head: bytes, chunks: Iterable[bytes]) -> tuple[str, str]:
    """Return (encoding, error handling) for the whole file; ``head`` is its beginning."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, "replace"
    if wide := _unmarked_utf16(head):
        return wide, "replace"
    if _is_utf8(chunks):
        return "utf-8", "strict"
    sample = head[:SAMPLE]
    sequences = len(_SEQUENCE.findall(sample))
    stray = len(_HIGH.findall(_SEQUENCE.sub(b"", sample)))
    # A few broken letters in UTF-8 are better lost than all others misread.
    if sequences and sequences >= 10 * stray:
        return "utf-8", "replace"
    return _single_byte(sample), "replace"


def _unmarked_utf16(head: bytes) -> str:
    sample = head[:4096]
    if len(sample) < 4:
        return ""
    odd, even = sample[1::2].count(0), sample[0::2].count(0)
    half = len(sample) // 2
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 * half and odd < 0.1 * half else ""


def _is_utf8(chunks: Iterable[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _single_byte(sample: bytes) -> str:
    high = b"".join(_HIGH.findall(sample))
    shares = {name: _portuguese_share(high, name) for name in _LATIN}
    best = max(_LATIN, key=lambda name: shares[name])
    if not high or shares[best] >= 0.6:
        return best
    guess = from_bytes(sample[:65_536]).best()
    return guess.encoding if guess else "cp1252"


def _portuguese_share(high: bytes, encoding: str) -> float:
    letters = high.decode(encoding, "replace")
    return sum(letter in _PORTUGUESE for letter in letters) / len(letters) if letters else 1.0
