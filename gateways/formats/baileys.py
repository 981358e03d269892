"""Messages and states as the Baileys library writes them, which several servers pass on as they are."""

from typing import Any

from core.clock import now
from gateways.contract import DeliveryUpdate, Ignored, InboundMessage, MediaRef, MessageChange, Parsed
from gateways.formats.jids import HIDDEN, chat_id, identities, is_person, phone_of
from gateways.formats.loose import inside, listing, mapping, text, when

STATES = {
    "ERROR": "failed",
    "PENDING": "queued",
    "SERVER_ACK": "sent",
    "SENT": "sent",
    "DELIVERY_ACK": "delivered",
    "DELIVERED": "delivered",
    "READ": "read",
    "PLAYED": "read",
    "FAILED": "failed",
}
CODES = ("failed", "queued", "sent", "delivered", "read", "read")
MEDIA = {
    "imageMessage": "image",
    "videoMessage": "video",
    "ptvMessage": "video",
    "audioMessage": "audio",
    "documentMessage": "document",
    "stickerMessage": "image",
}
# What wraps the message proper; each has it under "message".
WRAPPERS = (
    "documentWithCaptionMessage", "ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension",
    "deviceSentMessage",
)  # fmt: skip
# Where each kind of answer to a list or a button has its words.
CHOICES = (
    ("buttonsResponseMessage", "selectedDisplayText"),
    ("templateButtonReplyMessage", "selectedDisplayText"),
    ("listResponseMessage", "title"),
)
QUIET = frozenset({"protocolMessage", "senderKeyDistributionMessage", "messageContextInfo", "keepInChatMessage"})
# Where servers put the phone of somebody who writes under a hidden id.
BESIDE = ("remoteJidAlt", "senderPn")
REVOKE = {0, "REVOKE"}


def state_of(status: Any) -> str:
    """Return our word for a delivery state, given as a name or a number; empty for an unknown one."""
    if isinstance(status, int) and not isinstance(status, bool):
        return CODES[status] if 0 <= status < len(CODES) else ""
    return STATES.get(text(status).upper(), "")


def read_message(data: dict[str, Any], *, media_url: str = "", from_api: bool = False) -> Parsed:
    """Return a message, or what it does to an earlier one. ``media_url`` is where its file can be asked for."""
    key = mapping(data.get("key"))
    identifier, chat = text(key.get("id"))[:200], chat_id(key.get("remoteJid"))
    if not identifier:
        return Ignored("message without id")
    if not is_person(chat):
        return Ignored("group, channel or status")
    from_me, content = key.get("fromMe") is True, unwrapped(mapping(data.get("message")))
    change = _change(content, chat, from_me, data)
    if change is not None:
        return change
    phone_chat = chat if from_me else _phone_chat(key, chat)
    kind, words, media = _content(content, media_url)
    return InboundMessage(
        external_id=identifier,
        chat_id=chat,
        phone=phone_of(phone_chat),
        identities=identities(chat, phone_chat),
        name="" if from_me else text(data.get("pushName"))[:160],
        kind=kind,
        text=words,
        at=when(data.get("messageTimestamp")),
        from_me=from_me,
        from_api=from_api,
        media=media,
        reply_to=_quoted(data, content)[:200],
    )


def unwrapped(content: dict[str, Any]) -> dict[str, Any]:
    """Return the message proper, without what wraps it."""
    for _depth in range(4):
        inner = next((content[name] for name in WRAPPERS if isinstance(content.get(name), dict)), None)
        if inner is None or not isinstance(inner.get("message"), dict):
            return content
        content = inner["message"]
    return content


def _phone_chat(key: dict[str, Any], chat: str) -> str:
    if not chat.endswith(HIDDEN):
        return chat
    beside = (chat_id(key.get(name)) for name in BESIDE)
    return next((found for found in beside if phone_of(found)), chat)


def _content(content: dict[str, Any], media_url: str) -> tuple[str, str, MediaRef | None]:
    """Return kind, words and file."""
    for name, kind in MEDIA.items():
        if isinstance(content.get(name), dict):
            part = content[name]
            file = MediaRef(text(part.get("mimetype"))[:100], text(part.get("fileName"))[:200], media_url)
            return kind, text(part.get("caption")), file
    if words := _words(content):
        return "text", words, None
    if place := mapping(content.get("locationMessage")) or mapping(content.get("liveLocationMessage")):
        return "location", place_words(place.get("degreesLatitude"), place.get("degreesLongitude"), place), None
    if cards := _cards(content):
        return "contact", cards, None
    return ("text", "", None) if set(content) & {"conversation", "extendedTextMessage"} else ("unsupported", "", None)


def _words(content: dict[str, Any]) -> str:
    plain = text(content.get("conversation")) or text(inside(content, "extendedTextMessage", "text"))
    answers = (text(inside(content, *path)) for path in CHOICES)
    poll = next((text(inside(v, "name")) for k, v in content.items() if k.startswith("pollCreationMessage")), "")
    return plain or next((found for found in answers if found), "") or poll


def place_words(latitude: Any, longitude: Any, place: dict[str, Any]) -> str:
    """Return a place as a line that a map understands, with its name where there is one."""
    name = text(place.get("name")) or text(place.get("address"))
    where = (
        f"{latitude},{longitude}" if isinstance(latitude, int | float) and isinstance(longitude, int | float) else ""
    )
    return " ".join(part for part in (where, name) if part)


def _cards(content: dict[str, Any]) -> str:
    cards = [mapping(content.get("contactMessage")), *listing(inside(content, "contactsArrayMessage", "contacts"))]
    names = [name for card in cards if (name := card_words(mapping(card)))]
    return "\n".join(names)


def card_words(card: dict[str, Any]) -> str:
    """Return a visiting card in one line: the name and the phones of its vCard."""
    vcard = text(card.get("vcard"))
    phones = [
        line.rsplit(":", 1)[1].strip() for line in vcard.splitlines() if line.upper().startswith("TEL") and ":" in line
    ]
    return " ".join(part for part in (text(card.get("displayName")), *phones) if part)


def _change(content: dict[str, Any], chat: str, from_me: bool, data: dict[str, Any]) -> Parsed | None:
    at = when(data.get("messageTimestamp"))
    if reaction := mapping(content.get("reactionMessage")):
        return _about(reaction, "reaction", text(reaction.get("text")), chat, at, from_me)
    protocol = mapping(content.get("protocolMessage")) or mapping(
        inside(content, "editedMessage", "message", "protocolMessage")
    )
    if protocol:
        kind = protocol.get("type")
        if isinstance(kind, int | str) and kind in REVOKE:
            return _about(protocol, "revoked", "", chat, at, from_me)
        words = _words(unwrapped(mapping(protocol.get("editedMessage"))))
        if words:
            return _about(protocol, "edited", words, chat, at, from_me)
    if content and set(content) <= QUIET:
        return Ignored("nothing for people")
    return None


def _about(part: dict[str, Any], kind: str, words: str, chat: str, at: Any, from_me: bool) -> Parsed:
    identifier = text(inside(part, "key", "id"))[:200]
    return (
        MessageChange(kind, identifier, chat, words, at, from_me) if identifier else Ignored("change without a message")
    )


def _quoted(data: dict[str, Any], content: dict[str, Any]) -> str:
    outside = text(inside(data, "contextInfo", "stanzaId"))
    parts = (text(inside(part, "contextInfo", "stanzaId")) for part in content.values())
    return outside or next((found for found in parts if found), "")


def delivery(identifier: Any, status: Any, *, from_me: bool = True) -> Parsed:
    """Return a delivery state of one of our messages."""
    state, external_id = state_of(status), text(identifier)[:200]
    if not state or not external_id:
        return Ignored("unknown status")
    if not from_me:
        return Ignored("status of a message that we received")
    error = "WhatsApp refused the message" if state == "failed" else ""
    return DeliveryUpdate(external_id, state, now(), "ack_error" if error else "", error)
