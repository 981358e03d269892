"""Evolution's webhooks, v2.1 to 2.3, read with care: unknown shapes never raise."""

import hashlib
from typing import Any

import orjson

from core.clock import now
from gateways.contract import ConnectionUpdate, Ignored, MessageChange, Parsed
from gateways.formats.baileys import delivery, read_message
from gateways.formats.jids import chat_id, is_person, phone_of
from gateways.formats.loose import inside, listing, mapping, text, word

STATES = {"open": "connected", "connecting": "connecting", "close": "disconnected", "refused": "qr_required"}
# What Evolution does not reconnect from by itself, by WhatsApp's own codes.
BANS = {"402": "ban_temporary", "403": "ban", "406": "ban_permanent"}
ENDS = {"401": "logout", "405": "outdated"}
# "logout.instance" is not among them: it tells no code, and a "connection.update" with one follows.
CONNECTION_EVENTS = {"connection.update", "status.instance", "remove.instance", "qrcode.updated"}
MESSAGES = {"messages.upsert": False, "send.message": True}


def state_and_reason(state: str, code: str) -> tuple[str, str]:
    """Return our state for Evolution's and the code with which the connection ended."""
    known = STATES.get(state, "connecting")
    if known != "disconnected":
        return known, state[:60]
    if code in BANS:
        return "restricted", BANS[code]
    return "disconnected", ENDS.get(code, f"close {code}".strip())


def read_event(value: Any) -> list[Parsed]:
    """Return what a webhook says."""
    if not isinstance(value, dict):
        return [Ignored("not an object")]
    event, data = text(value.get("event")), value.get("data")
    if event in MESSAGES:
        return [_message(mapping(item), event) for item in _several(data)] or [Ignored("no message")]
    if event == "messages.update":
        return [_status(mapping(item)) for item in _several(data)] or [Ignored("no status")]
    if event in {"messages.delete", "messages.edited"}:
        return [_change(mapping(data), event)]
    if event in CONNECTION_EVENTS:
        return [_connection(event, mapping(data), value)]
    return [Ignored(f"event {event[:60]}")]


def _several(data: Any) -> list[Any]:
    return listing(data) if isinstance(data, list) else [data]


def _message(data: dict[str, Any], event: str) -> Parsed:
    identifier = text(inside(data, "key", "id"))
    return read_message(data, media_url=f"message:{identifier}", from_api=MESSAGES[event])


def _status(data: dict[str, Any]) -> Parsed:
    identifier = data.get("keyId") or inside(data, "key", "id")
    status = data.get("status") or inside(data, "update", "status")
    if text(status).upper() == "DELETED":
        return _deleted(data, text(identifier))
    chat = chat_id(data.get("remoteJid"))
    if chat and not is_person(chat):
        return Ignored("group, channel or status")
    return delivery(identifier, status, from_me=data.get("fromMe") is not False)


def _change(data: dict[str, Any], event: str) -> Parsed:
    # Deleted by the other side: a bare key. Deleted through the API: the row, with the key inside.
    key = mapping(data.get("key")) or data
    identifier = text(key.get("id"))
    if event == "messages.delete":
        return _deleted(key, identifier)
    words = text(inside(data, "editedMessage", "conversation")) or text(
        inside(data, "editedMessage", "extendedTextMessage", "text")
    )
    chat = chat_id(key.get("remoteJid"))
    if not words or not identifier or not is_person(chat):
        return Ignored("edited without a text")
    return MessageChange("edited", identifier[:200], chat, words, now(), key.get("fromMe") is True)


def _deleted(key: dict[str, Any], identifier: str) -> Parsed:
    chat = chat_id(key.get("remoteJid"))
    if not identifier or not is_person(chat):
        return Ignored("change without a message")
    return MessageChange("revoked", identifier[:200], chat, "", now(), key.get("fromMe") is True)


def _connection(event: str, data: dict[str, Any], envelope: dict[str, Any]) -> Parsed:
    phone = phone_of(chat_id(data.get("wuid") or envelope.get("sender"))) or ""
    code = word(data.get("statusReason") or data.get("disconnectionReasonCode"))
    match event:
        case "connection.update":
            return ConnectionUpdate(*state_and_reason(text(data.get("state")), code), phone)
        case "qrcode.updated":
            # Past its limit the server gives up asking for the code; our next heartbeat asks for a new one.
            return ConnectionUpdate("qr_required", "qrcode") if data.get("qrcode") else Ignored("no code any more")
        case "status.instance":
            return ConnectionUpdate(*state_and_reason("close", code), phone)
    return ConnectionUpdate("disconnected", "removed")


def event_key(value: Any) -> str:
    """Return what makes a webhook the same webhook, since the server numbers none; empty for what we do not know.

    The envelope's time, server and key may differ from one attempt to the next.
    """
    envelope = mapping(value)
    event, data = text(envelope.get("event")), envelope.get("data")
    if event in CONNECTION_EVENTS or event in {"messages.delete", "messages.edited"}:
        known: Any = data
    elif event in {*MESSAGES, "messages.update"} and isinstance(data, dict):
        known = [
            data.get("keyId") or inside(data, "key", "id"),
            data.get("status") if event == "messages.update" else "",
        ]
        if not isinstance(known[0], str) or not known[0]:
            return ""
    else:
        return ""
    parts = [event, envelope.get("instance"), known]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
