"""PIX keys as people type them, and as a BR Code needs them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from billing.documents import is_cnpj, is_cpf
from core.phones import InvalidPhoneError, canonical

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
LONGEST_EMAIL = 77


class KeyKind(StrEnum):
    CPF = "cpf"
    CNPJ = "cnpj"
    EMAIL = "email"
    PHONE = "phone"
    RANDOM = "random"


class PixKeyError(ValueError):
    """The text is no PIX key."""


@dataclass(frozen=True)
class PixKey:
    """A key in the form of the Central Bank's directory."""

    kind: KeyKind
    value: str


def read_key(text: str, kind: KeyKind | None = None) -> PixKey:
    """Read a key; 11 digits may be a CPF or a phone, which only ``kind`` settles. Raises :class:`PixKeyError`."""
    kinds = [kind] if kind else [KeyKind.EMAIL, KeyKind.RANDOM, KeyKind.CPF, KeyKind.CNPJ, KeyKind.PHONE]
    for candidate in kinds:
        if value := _READERS[candidate](text.strip()):
            return PixKey(candidate, value)
    raise PixKeyError(text)


def _email(text: str) -> str:
    plain = text.lower()
    return plain if plain.isascii() and _EMAIL.fullmatch(plain) and len(plain) <= LONGEST_EMAIL else ""


def _random(text: str) -> str:
    try:
        return str(UUID(text)) if len(text) in {32, 36} else ""
    except ValueError:
        return ""


def _cpf(text: str) -> str:
    plain = re.sub(r"[\s.-]", "", text)
    return plain if is_cpf(plain) else ""


def _cnpj(text: str) -> str:
    plain = re.sub(r"[\s./-]", "", text).upper()
    return plain if plain.isascii() and is_cnpj(plain) else ""


def _phone(text: str) -> str:
    try:
        phone = canonical(text)
    except InvalidPhoneError:
        return ""
    return phone.e164 if phone.country == "BR" else ""


_READERS = {
    KeyKind.EMAIL: _email,
    KeyKind.RANDOM: _random,
    KeyKind.CPF: _cpf,
    KeyKind.CNPJ: _cnpj,
    KeyKind.PHONE: _phone,
}
