"""Secrets at rest: Fernet with the installation's own key ring, never with Django's secret key.

The organization's id is inside the sealed text and is checked on opening, so that a sealed value copied into another
organization's row opens nothing. The first key of ``PROSA_ENCRYPTION_KEYS`` seals, all of them open: to rotate, put a
new one in front, :func:`rotate` every :func:`is_stale` value, then drop the old one.
"""

import hmac
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class SealBrokenError(Exception):
    """The value was not sealed with a known key for this organization."""


@lru_cache(maxsize=4)
def _fernets(keys: tuple[str, ...]) -> tuple[Fernet, ...]:
    try:
        fernets = tuple(Fernet(key) for key in keys)
    except ValueError as error:
        raise ImproperlyConfigured("PROSA_ENCRYPTION_KEYS: each key is 32 bytes in url-safe base64.") from error
    if not fernets:
        raise ImproperlyConfigured("PROSA_ENCRYPTION_KEYS is empty.")
    return fernets


def _keys() -> tuple[str, ...]:
    return tuple(key.strip() for key in settings.PROSA_ENCRYPTION_KEYS if key.strip())


def _ring() -> MultiFernet:
    return MultiFernet(_fernets(_keys()))


def encrypt_for(organization_id: UUID | str, value: dict[str, Any]) -> str:
    """Seal a JSON object for one organization."""
    return _seal(organization_id, value)


def decrypt_for(organization_id: UUID | str, sealed: str) -> dict[str, Any]:
    """Open a sealed object; raises :class:`SealBrokenError` for a wrong key or another organization."""
    value = _open(organization_id, sealed)
    if not isinstance(value, dict):
        raise SealBrokenError("The stored secret is no object.")
    return value


def encrypt_text_for(organization_id: UUID | str, text: str) -> str:
    """Seal a text for one organization."""
    return _seal(organization_id, text)


def decrypt_text_for(organization_id: UUID | str, sealed: str) -> str:
    """Open a sealed text; raises :class:`SealBrokenError` for a wrong key or another organization."""
    value = _open(organization_id, sealed)
    if not isinstance(value, str):
        raise SealBrokenError("The stored secret is no text.")
    return value


def _seal(organization_id: UUID | str, value: Any) -> str:
    return _ring().encrypt(orjson.dumps({"org": str(organization_id), "value": value})).decode()


def _open(organization_id: UUID | str, sealed: str) -> Any:
    try:
        opened = orjson.loads(_ring().decrypt(sealed.encode()))
    except (InvalidToken, UnicodeEncodeError, orjson.JSONDecodeError) as error:
        raise SealBrokenError("The stored secret cannot be opened with the configured keys.") from error
    if opened["org"] != str(organization_id):
        raise SealBrokenError("The stored secret belongs to another organization.")
    return opened["value"]


def is_stale(sealed: str) -> bool:
    """Tell whether a value was not sealed with the newest key."""
    try:
        _fernets(_keys())[0].decrypt(sealed.encode())
    except (InvalidToken, UnicodeEncodeError):
        return True
    return False


def rotate(sealed: str) -> str:
    """Seal an existing value again with the newest key; raises :class:`SealBrokenError`."""
    try:
        return _ring().rotate(sealed.encode()).decode()
    except (InvalidToken, UnicodeEncodeError) as error:
        raise SealBrokenError("The stored secret cannot be opened with the configured keys.") from error


def fingerprint_for(organization_id: UUID | str, text: str) -> str:
    """Return a keyed hash that tells whether a text was seen before without telling the text (erased phones)."""
    return fingerprints_for(organization_id, text)[0]


def fingerprints_for(organization_id: UUID | str, text: str) -> list[str]:
    """Return the fingerprint under every key of the ring, newest first, so that older ones match after a rotation."""
    message = f"{organization_id}\n{text}".encode()
    return [hmac.new(key.encode(), message, "sha256").hexdigest() for key in _keys()]
