"""Secrets at rest: Fernet with the installation's own key ring, never with Django's secret key.

The organization's id is inside the sealed text and is checked on opening, so that a sealed value copied into another
organization's row opens nothing.
"""

from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBrokenError(Exception):
    """The value was not sealed with a known key for this organization."""


@lru_cache(maxsize=1)
def _ring() -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in settings.PROSA_ENCRYPTION_KEYS])


def encrypt_for(organization_id: UUID | str, value: dict[str, Any]) -> str:
    """Seal a JSON object for one organization."""
    return _ring().encrypt(orjson.dumps({"org": str(organization_id), "value": value})).decode()


def decrypt_for(organization_id: UUID | str, sealed: str) -> dict[str, Any]:
    """Open a sealed object; raise :class:`SealBrokenError` for a wrong key or another organization."""
    try:
        opened = orjson.loads(_ring().decrypt(sealed.encode()))
    except InvalidToken as error:
        raise SealBrokenError("The stored secret cannot be opened with the configured keys.") from error
    if opened["org"] != str(organization_id):
        raise SealBrokenError("The stored secret belongs to another organization.")
    value: dict[str, Any] = opened["value"]
    return value


def rotate(sealed: str) -> str:
    """Seal an existing value again with the newest key."""
    return _ring().rotate(sealed.encode()).decode()
