"""Static PIX BR Codes: the text of the QR code and of "copia e cola", after the Central Bank's EMV manual.

Fields are id (2 digits), length (2 digits), value; the last one is a CRC over all before it. A static code tells
nobody when it is paid: somebody looks at the bank statement.
"""

import binascii
import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from billing.providers.pix.keys import PixKey

LONGEST_NAME: Final = 25
LONGEST_CITY: Final = 15
LONGEST_TXID: Final = 25
LONGEST_FIELD: Final = 99
# 13 characters of the amount field, of which three are the point and the cents.
HIGHEST_CENTS: Final = 9_999_999_999_99
_TXID = re.compile(r"[A-Za-z0-9]{1,25}")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class BrCodeError(ValueError):
    """The values fit in no BR Code; the text says which one."""


@dataclass(frozen=True)
class BrCode:
    """What a static code says; ``amount_cents`` of None lets the payer type it, an empty ``txid`` becomes ``***``."""

    key: PixKey
    name: str
    city: str
    amount_cents: int | None = None
    txid: str = ""
    text: str = ""


def brcode(code: BrCode) -> str:
    """Return the text that banks read; name, city and text lose accents and what is too long of them."""
    _check(code)
    account = _field("00", "br.gov.bcb.pix") + _field("01", code.key.value)
    account += _optional("02", ascii_text(code.text, LONGEST_FIELD - len(account) - 4))
    body = "".join(
        [
            _field("00", "01"),
            _field("26", account),
            _field("52", "0000"),
            _field("53", "986"),
            _optional("54", "" if code.amount_cents is None else _amount(code.amount_cents)),
            _field("58", "BR"),
            _field("59", ascii_text(code.name, LONGEST_NAME)),
            _field("60", ascii_text(code.city, LONGEST_CITY)),
            _field("62", _field("05", code.txid or "***")),
            "6304",
        ]
    )
    return f"{body}{crc16(body):04X}"


def txid_of(identity: UUID) -> str:
    """Return the 25 letters and digits that stand for one id, the same every time and reversible."""
    number, letters = identity.int, ""
    for _place in range(LONGEST_TXID):
        number, rest = divmod(number, len(_LETTERS))
        letters = _LETTERS[rest] + letters
    return letters


def ascii_text(text: str, length: int) -> str:
    """Return printable ASCII without accents, one space between words, at most ``length`` characters."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in decomposed if " " <= letter <= "~" or letter.isspace())
    return " ".join(plain.split())[: max(0, length)].strip()


def crc16(text: str) -> int:
    """Return the CRC-16/CCITT-FALSE of an ASCII text."""
    return binascii.crc_hqx(text.encode("ascii"), 0xFFFF)


def _check(code: BrCode) -> None:
    if code.amount_cents is not None and not 0 < code.amount_cents <= HIGHEST_CENTS:
        raise BrCodeError("the amount is outside of what a BR Code can hold")
    if code.txid and not _TXID.fullmatch(code.txid):
        raise BrCodeError("the txid has at most 25 letters and digits")
    if not ascii_text(code.name, LONGEST_NAME) or not ascii_text(code.city, LONGEST_CITY):
        raise BrCodeError("the receiver needs a name and a city")


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _field(identity: str, value: str) -> str:
    if len(value) > LONGEST_FIELD:
        raise BrCodeError(f"field {identity} is too long")
    return f"{identity}{len(value):02d}{value}"


def _optional(identity: str, value: str) -> str:
    return _field(identity, value) if value else ""
