"""Is this webhook Stripe's? Checked over the raw bytes, before anything reads them."""

import time
from dataclasses import dataclass
from typing import Any, Final

import orjson
import stripe

TOLERANCE_SECONDS: Final = 300
LONGEST_ID: Final = 255
LONGEST_KIND: Final = 120


class BadHookError(Exception):
    """The request is not a webhook that Stripe signed for this endpoint; the text is for the log."""


@dataclass(frozen=True)
class SignedEvent:
    id: str
    kind: str
    body: bytes


def read_event(body: bytes, header: str, secret: str) -> SignedEvent:
    """Return the event of a signed body; raises :class:`BadHookError`."""
    _check_signature(body, header, secret)
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadHookError("not JSON") from error
    if not isinstance(payload, dict):
        raise BadHookError("not an object")
    identity, kind = payload.get("id"), payload.get("type")
    if not _is_word(identity, LONGEST_ID) or not _is_word(kind, LONGEST_KIND):
        raise BadHookError("no id or no type")
    return SignedEvent(str(identity), str(kind), body)


def _check_signature(body: bytes, header: str, secret: str) -> None:
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE_SECONDS)
        stamp = next(part[2:] for part in header.split(",") if part.startswith("t="))
        # The SDK lets any time of the future pass.
        early = int(stamp) - time.time() > TOLERANCE_SECONDS
    except (stripe.SignatureVerificationError, ValueError, TypeError, OverflowError, StopIteration) as error:
        # Besides its own error the SDK lets odd letters and huge numbers fall through as these.
        raise BadHookError("wrong signature") from error
    if early:
        raise BadHookError("signed in the future")


def _is_word(value: Any, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isascii() and value.isprintable()


def object_of(body: bytes) -> dict[str, Any]:
    """Return ``data.object`` of a stored event; empty when there is none."""
    payload = orjson.loads(body)
    data = payload.get("data")
    found = data.get("object") if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}
