"""WAHA's webhooks, read with care: engines and versions differ, unknown shapes never raise."""

import hashlib
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from core.clock import now
from gateways.contract import ConnectionUpdate, DeliveryUpdate, Ignored, InboundMessage, MediaRef, MessageChange, Parsed
from gateways.formats.baileys import card_words, place_words
from gateways.formats.jids import is_person, phone_of
from gateways.formats.loose import mapping, when
from gateways.providers.waha.ids import chat_id, chat_of, last_part

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
CHANGES = {"message.edited": "edited", "message.revoked": "revoked", "message.reaction": "reaction"}
LONGEST_TEXT = 65_536
MEDIA_TYPES = {"image": "image", "video": "video", "audio": "audio", "ptt": "audio", "sticker": "image"}
# Where engines put the phone of a contact who writes under a hidden id (not in every version).
PHONE_BESIDE_LID = (("key", "remoteJidAlt"), ("key", "senderPn"), ("Info", "SenderAlt"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


Mapping = Annotated[dict[str, Any], BeforeValidator(mapping)]
Text = Annotated[str, BeforeValidator(_text)]
When = Annotated[datetime, BeforeValidator(when)]


class Envelope(BaseModel):
    """``payload`` and ``me`` are empty where the server sent something else."""

    event: Text = ""
    session: Text = ""
    payload: Mapping = Field(default_factory=dict)
    me: Mapping = Field(default_factory=dict)


class Message(BaseModel):
    """The payload of ``message`` and ``message.any``; fields that are not what they should be read as absent."""

    model_config = ConfigDict(populate_by_name=True)

    id: Text = ""
    timestamp: When = Field(default_factory=now)
    sender: Text = Field(default="", alias="from")
    to: Text = ""
    from_me: Annotated[bool, BeforeValidator(lambda value: value is True)] = Field(default=False, alias="fromMe")
    source: Text = ""
    body: Text = ""
    has_media: Annotated[bool, BeforeValidator(lambda value: value is True)] = Field(default=False, alias="hasMedia")
    media: Mapping = Field(default_factory=dict)
    location: Mapping = Field(default_factory=dict)
    cards: Annotated[list[Any], BeforeValidator(lambda value: value if isinstance(value, list) else [])] = Field(
        default_factory=list, alias="vCards"
    )
    reply_to: Mapping = Field(default_factory=dict, alias="replyTo")
    data: Mapping = Field(default_factory=dict, alias="_data")

    @property
    def chat(self) -> str:
        """The chat as the id names it: for own messages engines disagree about ``from`` and ``to``."""
        return chat_of(self.id) or chat_id(self.to if self.from_me else self.sender)


def read_event(value: Any) -> list[Parsed]:
    """Return what a webhook says."""
    try:
        envelope = Envelope.model_validate(value)
    except ValidationError:
        return [Ignored("not an object")]
    match envelope.event:
        case "message" | "message.any":
            return [_message(envelope.payload)]
        case "message.ack":
            return [_ack(envelope.payload)]
        case "message.edited" | "message.revoked" | "message.reaction":
            return [_change(envelope)]
        case "session.status":
            return [_status(envelope)]
    return [Ignored(f"event {envelope.event[:60]}")]


def event_key(value: Any) -> str:
    """Return what makes a webhook the same webhook for servers that number none: its event, message and ack.

    Everything else in the envelope may differ from one attempt to the next. Empty when there is no message in it.
    """
    envelope = Envelope.model_validate(mapping(value))
    payload = envelope.payload
    if envelope.event in CHANGES:
        return _change_key(envelope)
    if not isinstance(payload.get("id"), str) or envelope.event not in {"message", "message.any", "message.ack"}:
        return ""
    ack = str(payload.get("ack")) if envelope.event == "message.ack" else ""
    parts = [envelope.event, envelope.session, payload["id"], ack]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _change_key(envelope: Envelope) -> str:
    payload, reaction = envelope.payload, mapping(envelope.payload.get("reaction"))
    about = [payload.get(name) for name in ("id", "editedMessageId", "revokedMessageId", "body", "timestamp")]
    action = mapping(payload.get("after")).get("id")
    parts = [envelope.event, envelope.session, *about, action, reaction.get("messageId"), reaction.get("text")]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _change(envelope: Envelope) -> Parsed:
    """Read what was done to an earlier message.

    The action has an id of its own, which names the chat; the message that it is about is named by its last part alone, in
    reactions by its whole id. ``before`` of a revocation is null in most cases.
    """
    payload, kind = envelope.payload, CHANGES[envelope.event]
    action = mapping(payload.get("after")) if kind == "revoked" else payload
    reaction = mapping(payload.get("reaction"))
    about = _text(payload.get({"edited": "editedMessageId", "revoked": "revokedMessageId"}.get(kind, "")))
    about = about or _text(reaction.get("messageId"))
    message = Message.model_validate(action)
    chat = chat_of(message.id) or chat_of(about) or message.chat
    if not about:
        return Ignored("change without a message")
    if not is_person(chat):
        return Ignored("group, channel or status")
    text = message.body if kind == "edited" else _text(reaction.get("text"))
    if kind == "edited" and not text:
        return Ignored("edited without a text")
    from_me = message.from_me or message.id.startswith("true_")
    return MessageChange(kind, last_part(about), chat, text[:LONGEST_TEXT], message.timestamp, from_me)


def _message(payload: dict[str, Any]) -> Parsed:
    message = Message.model_validate(payload)
    if not message.id:
        return Ignored("message without id")
    if not is_person(message.chat):
        return Ignored("group, channel or status")
    phone_chat = _phone_chat(message)
    return InboundMessage(
        external_id=last_part(message.id),
        chat_id=message.chat,
        phone=phone_of(phone_chat),
        identities=_identities(message.chat, phone_chat),
        name="" if message.from_me else _name(message.data),
        kind=_kind(message),
        text=message.body or _words(message),
        at=message.timestamp,
        from_me=message.from_me,
        from_api=message.source == "api",
        media=_media(message.media) if message.has_media else None,
        reply_to=last_part(_text(message.reply_to.get("id"))),
    )


def _name(data: dict[str, Any]) -> str:
    info = mapping(data.get("Info"))
    return (_text(data.get("notifyName")) or _text(data.get("pushName")) or _text(info.get("PushName")))[:160]


def _phone_chat(message: Message) -> str:
    """Return the chat that shows the phone: the chat itself, or for a hidden id what the engine says beside it."""
    if not message.chat.endswith("@lid") or message.from_me:
        return message.chat
    beside = (chat_id(mapping(message.data.get(outer)).get(inner)) for outer, inner in PHONE_BESIDE_LID)
    return next((chat for chat in beside if chat.endswith("@c.us")), message.chat)


def _identities(*chats: str) -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys(("lid" if chat.endswith("@lid") else "whatsapp", chat) for chat in chats))


def _kind(message: Message) -> str:
    if message.has_media:
        family = _text(message.media.get("mimetype")).split("/")[0] or _text(message.data.get("type"))
        return MEDIA_TYPES.get(family, "document")
    if message.location:
        return "location"
    if message.cards:
        return "contact"
    # Polls, orders and whatever comes next have neither words nor a file.
    return "text" if message.body else "unsupported"


def _words(message: Message) -> str:
    """Return what a place or a visiting card says."""
    place = message.location
    if place:
        named = {"name": place.get("description") or place.get("name"), "address": place.get("address")}
        return place_words(place.get("latitude"), place.get("longitude"), named)
    cards = [{"vcard": card} if isinstance(card, str) else mapping(card) for card in message.cards]
    return "\n".join(words for card in cards if (words := card_words({"displayName": _card_name(card), **card})))


def _card_name(card: dict[str, Any]) -> str:
    lines = _text(card.get("vcard")).splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.upper().startswith("FN")), "")


def _media(media: dict[str, Any]) -> MediaRef:
    """Return where the file is; ``url`` is empty when the server could not fetch it itself.

    Only the path is kept: the file is always fetched from the configured server, whatever host is named here.
    """
    try:
        path = urlsplit(_text(media.get("url"))).path
    except ValueError:
        path = ""
    return MediaRef(_text(media.get("mimetype")), _text(media.get("filename"))[:200], path)


def _ack(payload: dict[str, Any]) -> Parsed:
    identifier, ack = _text(payload.get("id")), payload.get("ack")
    state = ACKS.get(ack) if isinstance(ack, int) else None
    if state is None or not identifier:
        return Ignored("unknown ack")
    if identifier.startswith("false_"):
        return Ignored("ack of a message that we received")
    if (chat := chat_of(identifier)) and not is_person(chat):
        return Ignored("group, channel or status")
    error = "WhatsApp refused the message" if state == "failed" else ""
    return DeliveryUpdate(last_part(identifier), state, now(), "ack_error" if error else "", error)


def _status(envelope: Envelope) -> Parsed:
    status = _text(envelope.payload.get("status"))
    if not status:
        return Ignored("session without status")
    phone = phone_of(chat_id(envelope.me.get("id"))) or ""
    if status == "WORKING" and (restriction := _restriction(mapping(envelope.payload.get("data")))):
        return ConnectionUpdate("restricted", restriction, phone)
    return ConnectionUpdate(SESSION_STATES.get(status, "connecting"), status[:60], phone)


def _restriction(data: dict[str, Any]) -> str:
    """Return why WhatsApp lets a working session write to nobody new (WAHA from 2026), or an empty text.

    Restarting or logging out makes it worse; it ends by itself.
    """
    if mapping(data.get("reachoutTimelock")).get("isActive") is True:
        return "reachout_timelock"
    return "message_capping" if mapping(data.get("messageCapping")).get("cappingStatus") == "CAPPED" else ""
