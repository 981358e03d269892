"""WAHA's JSON, read with care: engines and versions differ, unknown shapes never raise."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from core.clock import now
from core.phones import InvalidPhoneError, canonical
from gateways.contract import ConnectionUpdate, DeliveryUpdate, Ignored, InboundMessage, MediaRef, Parsed

ACKS = {-1: "failed", 0: "queued", 1: "sent", 2: "delivered", 3: "read", 4: "read"}
SESSION_STATES = {
    "STOPPED": "disconnected",
    "STARTING": "connecting",
    "SCAN_QR_CODE": "qr_required",
    "PASSKEY_REQUIRED": "qr_required",
    "PASSKEY_CONFIRMATION_REQUIRED": "qr_required",
    "WORKING": "connected",
    # WAHA has no ban code: a blocked account shows as FAILED too, so the reason is kept for the person to see.
    "FAILED": "disconnected",
}


def message_id(answer: Any) -> str:
    """Return the id of a sent message from any engine's answer, or an empty string."""
    if not isinstance(answer, dict):
        return ""
    identifier = answer.get("id")
    if isinstance(identifier, str):
        return last_part(identifier)
    if isinstance(identifier, dict) and isinstance(identifier.get("_serialized"), str):
        return last_part(identifier["_serialized"])
    key = answer.get("key")
    if isinstance(key, dict) and isinstance(key.get("id"), str):
        return str(key["id"])
    return ""


def last_part(identifier: str) -> str:
    """Return the id proper of ``{fromMe}_{chat}_{id}[_{participant}]``: equal for sends, echoes and acks."""
    parts = identifier.split("_")
    return parts[2] if len(parts) >= 3 and parts[0] in {"true", "false"} else identifier


def chat_of(identifier: str) -> str:
    parts = identifier.split("_")
    return parts[1].replace("@s.whatsapp.net", "@c.us") if len(parts) >= 3 else ""


def read_event(event: dict[str, Any]) -> list[Parsed]:
    """Return what an envelope says."""
    payload = event.get("payload")
    if not isinstance(payload, dict):
        return [Ignored("no payload")]
    match event.get("event"):
        case "message" | "message.any":
            return [_message(payload)]
        case "message.ack":
            return [_ack(payload)]
        case "session.status":
            return [_status(payload, event.get("me"))]
    return [Ignored(f"event {event.get('event')!s:.60}")]


def _message(payload: dict[str, Any]) -> Parsed:
    identifier = str(payload.get("id") or "")
    if not identifier:
        return Ignored("message without id")
    from_me = bool(payload.get("fromMe"))
    chat = chat_of(identifier) or str(payload.get("to" if from_me else "from") or "")
    if chat.endswith(("@g.us", "@newsletter", "@broadcast")):
        return Ignored("group, channel or status")
    extra = payload["_data"] if isinstance(payload.get("_data"), dict) else {}
    media = payload.get("media") if isinstance(payload.get("media"), dict) else None
    return InboundMessage(
        external_id=last_part(identifier),
        chat_id=chat,
        phone=_phone(chat),
        identities=_identities(chat),
        name="" if from_me else str(extra.get("notifyName") or extra.get("pushName") or "")[:160],
        kind=_kind(payload, media),
        text=str(payload.get("body") or ""),
        at=_seconds(payload.get("timestamp")),
        from_me=from_me,
        from_api=payload.get("source") == "api",
        media=_media(media) if payload.get("hasMedia") else None,
        reply_to=_reply_to(payload.get("replyTo")),
    )


def _identities(chat: str) -> tuple[tuple[str, str], ...]:
    return (("lid" if chat.endswith("@lid") else "whatsapp", chat),) if chat else ()


def _phone(chat: str) -> str | None:
    user, _, domain = chat.partition("@")
    if domain != "c.us":
        return None
    try:
        return canonical(f"+{user}").e164
    except InvalidPhoneError:
        return None


def _kind(payload: dict[str, Any], media: dict[str, Any] | None) -> str:
    if payload.get("hasMedia"):
        family = str((media or {}).get("mimetype") or "").split("/")[0]
        return {"image": "image", "video": "video", "audio": "audio"}.get(family, "document")
    if payload.get("location"):
        return "location"
    return "contact" if payload.get("vCards") else "text"


def _media(media: dict[str, Any] | None) -> MediaRef:
    if not media:
        return MediaRef(mimetype="")
    path = urlsplit(str(media.get("url") or ""))
    return MediaRef(
        mimetype=str(media.get("mimetype") or ""),
        filename=str(media.get("filename") or "")[:200],
        # Only the path is kept: the file is always fetched from the configured server, whatever host is named here.
        url=path.path,
    )


def _reply_to(value: Any) -> str:
    return last_part(str(value.get("id") or "")) if isinstance(value, dict) else ""


def _ack(payload: dict[str, Any]) -> Parsed:
    state = ACKS.get(payload.get("ack", -99))
    identifier = str(payload.get("id") or "")
    if state is None or not identifier:
        return Ignored("unknown ack")
    error = "WhatsApp refused the message" if state == "failed" else ""
    return DeliveryUpdate(last_part(identifier), state, now(), "ack_error" if error else "", error)


def _status(payload: dict[str, Any], me: Any) -> Parsed:
    status = str(payload.get("status") or "")
    phone = _phone(str(me.get("id") or "")) if isinstance(me, dict) else None
    return ConnectionUpdate(SESSION_STATES.get(status, "connecting"), status, phone or "")


def _seconds(value: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(float(value)), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return now()
