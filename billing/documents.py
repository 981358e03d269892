"""CPF and CNPJ by their check digits; a CNPJ may hold letters since July 2026."""

import re
from typing import Final

_CNPJ: Final = re.compile(r"[0-9A-Z]{12}[0-9]{2}")
_CPF_WEIGHTS: Final = (11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
_CNPJ_WEIGHTS: Final = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)


class InvalidDocumentError(ValueError):
    """The text is neither a CPF nor a CNPJ."""


def read_document(text: str) -> str:
    """Return the 11 digits of a CPF or the 14 characters of a CNPJ; raises :class:`InvalidDocumentError`."""
    plain = re.sub(r"[\s./-]", "", text).upper()
    if not plain.isascii() or not (is_cpf(plain) or is_cnpj(plain)):
        raise InvalidDocumentError(text)
    return plain


def is_cpf(plain: str) -> bool:
    """Tell whether 11 digits carry the right check digits."""
    if len(plain) != 11 or not plain.isascii() or not plain.isdigit() or len(set(plain)) == 1:
        return False
    return plain[9:] == _check_digits(plain[:9], _CPF_WEIGHTS)


def is_cnpj(plain: str) -> bool:
    """Tell whether 14 characters carry the right check digits."""
    if not _CNPJ.fullmatch(plain) or len(set(plain)) == 1:
        return False
    return plain[12:] == _check_digits(plain[:12], _CNPJ_WEIGHTS)


def format_document(plain: str) -> str:
    """Return ``529.982.247-25`` or ``11.222.333/0001-81``."""
    if len(plain) == 11:
        return f"{plain[:3]}.{plain[3:6]}.{plain[6:9]}-{plain[9:]}"
    return f"{plain[:2]}.{plain[2:5]}.{plain[5:8]}/{plain[8:12]}-{plain[12:]}"


def _check_digits(base: str, weights: tuple[int, ...]) -> str:
    first = _digit(base, weights[1:])
    return first + _digit(base + first, weights)


def _digit(base: str, weights: tuple[int, ...]) -> str:
    # Letters count by their distance from "0", which leaves digits what they were.
    total = sum((ord(letter) - 48) * weight for letter, weight in zip(base, weights, strict=True))
    rest = total % 11
    return "0" if rest < 2 else str(11 - rest)
