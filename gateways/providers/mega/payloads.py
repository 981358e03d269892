"""Mega API's webhooks: what Baileys says, beside the instance's name and without an envelope."""

import hashlib
from typing import Any

import orjson

from gateways.contract import ConnectionUpdate, Ignored, Parsed
from gateways.formats.baileys import MEDIA, delivery, read_message, unwrapped
from gateways.formats.jids import chat_id, is_person, phone_of
from gateways.formats.loose import inside, mapping, text

CONNECTED = "phone_connected"
FILE_KEYS = ("mediaKey", "directPath", "url", "mimetype")


def read_event(value: Any, instance_key: str) -> list[Parsed]:
    """Return what a webhook of our instance says."""
    if not isinstance(value, dict):
        return [Ignored("not an object")]
    if text(value.get("instance_key")) not in {"", instance_key}:
        return [Ignored("another instance")]
    kind = text(value.get("messageType"))
    if kind == "connection_update":
        return [_connection(value)]
    if kind == "message.ack":
        return [_ack(value)]
    if value.get("broadcast") is True:
        return [Ignored("group, channel or status")]
    return [read_message(value, media_url=_file(mapping(value.get("message"))))]


def _connection(value: dict[str, Any]) -> Parsed:
    word = text(value.get("message"))[:60]
    phone = phone_of(chat_id(value.get("jid"))) or ""
    # Only one word is documented; for any other the heartbeat asks.
    return ConnectionUpdate("connected" if word == CONNECTED else "disconnected", word or "unknown", phone)


def _ack(value: dict[str, Any]) -> Parsed:
    chat = chat_id(inside(value, "key", "remoteJid"))
    if chat and not is_person(chat):
        return Ignored("group, channel or status")
    from_me = inside(value, "key", "fromMe") is not False
    return delivery(inside(value, "key", "id"), inside(value, "update", "status"), from_me=from_me)


def _file(content: dict[str, Any]) -> str:
    """Return what the server must be told to decrypt a file, empty when there is none."""
    whole = unwrapped(content)
    name = next((name for name in MEDIA if isinstance(whole.get(name), dict)), "")
    if not name:
        return ""
    keys = {key: whole[name].get(key) for key in FILE_KEYS if isinstance(whole[name].get(key), str)}
    return "keys:" + orjson.dumps(keys | {"messageType": name}).decode()


def event_key(value: Any) -> str:
    """Return what makes a webhook the same webhook, since none is numbered; empty where there is no message in it."""
    known = mapping(value)
    kind = text(known.get("messageType"))
    identifier = text(inside(known, "key", "id"))
    if kind == "connection_update":
        parts: list[Any] = [kind, known.get("message"), known.get("jid")]
    elif identifier:
        parts = [kind, identifier, inside(known, "update", "status"), inside(known, "key", "remoteJid")]
    else:
        return ""
    return hashlib.sha256(repr([known.get("instance_key"), *parts]).encode()).hexdigest()
