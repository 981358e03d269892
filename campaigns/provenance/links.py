"""Links that only the person who got the message knows: the recipient's id and our signature of it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

_ID_LENGTH, _SIGNATURE_LENGTH = 22, 16


def token_of(recipient_id: UUID) -> str:
    """Return the 38 letters that stand for a recipient in a link."""
    return _text(recipient_id.bytes) + _signature(recipient_id)


def recipient_of(token: str) -> UUID | None:
    """Return whose link this is, or None for one that we never made."""
    name, signature = token[:_ID_LENGTH], token[_ID_LENGTH:]
    try:
        recipient_id = UUID(bytes=urlsafe_b64decode(name + "=="))
    except (NotBase64, ValueError):
        return None
    return recipient_id if constant_time_compare(signature, _signature(recipient_id)) else None


def origin_url(recipient_id: UUID) -> str:
    """Return the address of the page that tells why this recipient got the message."""
    return settings.BASE_URL + reverse("origin:page", args=[token_of(recipient_id)])


def _signature(recipient_id: UUID) -> str:
    return _text(salted_hmac("campaigns.origin", recipient_id.bytes, algorithm="sha256").digest())[:_SIGNATURE_LENGTH]


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
