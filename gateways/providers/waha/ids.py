"""WAHA's ids: ``{fromMe}_{chat}_{id}[_{participant}]`` for messages, ``{user}@{domain}`` for chats."""

from typing import Any

from gateways.formats import jids


def message_id(answer: Any) -> str:
    """Return the id of a sent message from any engine's answer, or an empty string.

    NOWEB and GOWS answer ``{"key": {"id"}}`` or ``{"id": "true_…"}``, WEBJS ``{"id": {"_serialized"}}``.
    """
    if not isinstance(answer, dict):
        return ""
    for place in (answer, answer.get("key"), answer.get("_data")):
        found = place.get("id") if isinstance(place, dict) else None
        if isinstance(found, dict):
            found = found.get("_serialized") or found.get("id")
        if isinstance(found, str) and found:
            return last_part(found)
    return ""


def last_part(identifier: str) -> str:
    """Return the id proper: equal for the send, its echo and its acks."""
    parts = identifier.split("_")
    return parts[2] if len(parts) >= 3 and parts[0] in {"true", "false"} else identifier


def chat_of(identifier: str) -> str:
    """Return the chat that a message id names, or an empty string."""
    parts = identifier.split("_")
    return chat_id(parts[1]) if len(parts) >= 3 and parts[0] in {"true", "false"} else ""


def chat_id(raw: Any) -> str:
    """Return a chat id in the form that messages are sent to: without the device and the engines' inner domain."""
    return jids.chat_id(raw) if isinstance(raw, str) and "@" in raw else ""


def full_id(identifier: str, chat: str) -> str:
    """Return the whole id of a message that somebody sent us, for quoting it."""
    return identifier if "_" in identifier else f"false_{chat}_{identifier}"
