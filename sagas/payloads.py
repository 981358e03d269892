"""What may be kept in a journal: JSON, without secrets. The journal is read by people and lives for long."""

import math
import re
from collections.abc import Iterator
from typing import Any

import orjson

from sagas.definition import JSON
from sagas.errors import PayloadRefusedError

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
MAX_BYTES = 64 * 1024
HIDDEN = "•••"
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS = {
    "password", "passwd", "passphrase", "pwd", "senha", "secret", "segredo", "token", "cvv", "cvc", "authorization",
    "credential", "credentials", "bearer", "pan",
}  # fmt: skip
_SECRET_NAMES = ("apikey", "privatekey", "secretkey", "cardnumber", "numerocartao", "numerodocartao")
_SECRET_VALUE = re.compile(
    r"(?:sk|rk|pk)_(?:live|test)_\w{8,}|whsec_\w{8,}|Bearer\s+\S{8,}|-----BEGIN [A-Z ]*PRIVATE KEY"
)
# 15 digits of American Express, 16 of everybody else, 19 of a few; 14 are left to the CNPJ.
_CARD = re.compile(
    r"(?<![\dA-Za-z])(?:3[47]\d{2}[ -]?\d{6}[ -]?\d{5}|[2-6]\d{3}(?:[ -]?\d{4}){3}(?:[ -]?\d{3})?)(?![\dA-Za-z])"
)


def checked_json(value: Any, what: str) -> JSON:
    """Return the object as the database will give it back; raise :class:`PayloadRefusedError` for anything else.

    The message names the place, never the value.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PayloadRefusedError(f"The {what} must be an object, not {type(value).__name__}.")
    if (path := next(_unspeakable(value, what), None)) is not None:
        raise PayloadRefusedError(f"{path} is no JSON.")
    try:
        encoded = orjson.dumps(value, option=_STRICT)
    except TypeError as error:
        raise PayloadRefusedError(f"The {what} is no JSON: {error}.") from None
    if len(encoded) > MAX_BYTES:
        raise PayloadRefusedError(f"The {what} is larger than {MAX_BYTES} bytes.")
    if (path := next(_secrets(value, what), None)) is not None:
        raise PayloadRefusedError(f"{path} looks like a secret, which a journal must not keep.")
    plain: JSON = orjson.loads(encoded)
    return plain


def redacted(value: Any, name: str = "") -> Any:
    """Return a copy for people's eyes: free text and anything like a secret is hidden, ids and figures stay."""
    if isinstance(value, dict):
        return {key: redacted(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [redacted(inner, name) for inner in value]
    if isinstance(value, str) and not _is_plain(value, name):
        return HIDDEN
    return value


def _is_plain(text: str, name: str) -> bool:
    if is_secret_name(name) or is_secret_text(text):
        return False
    return bool(re.fullmatch(r"[\w.:+-]{0,64}", text)) and not re.fullmatch(r"\+?[\d-]{10,15}", text)


def is_secret_name(name: str) -> bool:
    """Say whether a key of this name would hold a secret: ``api_key``, ``clientSecret``, ``senha``."""
    words = [word.lower() for word in _WORD.findall(name)]
    return bool(_SECRET_WORDS.intersection(words)) or "".join(words).endswith(_SECRET_NAMES)


def is_secret_text(text: str) -> bool:
    """Say whether a text holds a key of a provider or the number of a card."""
    return bool(_SECRET_VALUE.search(text)) or any(_luhn(match[0]) for match in _CARD.finditer(text))


def _unspeakable(value: Any, path: str) -> Iterator[str]:
    """Name what a lenient writer would let through and PostgreSQL or a reader would not."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _unspeakable(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _unspeakable(inner, f"{path}[{index}]")
    elif (isinstance(value, float) and not math.isfinite(value)) or (isinstance(value, str) and "\0" in value):
        yield path


def _secrets(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            where = f"{path}.{key}"
            # A flag or a number of tokens tells nothing; a text under such a name does.
            if is_secret_name(str(key)) and not isinstance(inner, bool | int | float | None):
                yield where
            yield from _secrets(inner, where)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _secrets(inner, f"{path}[{index}]")
    elif (isinstance(value, str) and is_secret_text(value)) or (
        isinstance(value, int) and not isinstance(value, bool) and is_secret_text(str(value))
    ):
        yield path


def _luhn(text: str) -> bool:
    digits = [int(one) for one in text if one.isdigit()][::-1]
    doubled = (sum(divmod(2 * one, 10)) for one in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
