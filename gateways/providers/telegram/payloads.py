"""Telegram's updates (Bot API 10)."""

from typing import Any

from core.phones import InvalidPhoneError, canonical
from gateways.contract import Ignored, InboundMessage, MediaRef, MessageChange, Parsed
from gateways.formats.baileys import place_words
from gateways.formats.loose import inside, listing, mapping, text, when, word

SOURCE = "telegram"
# Kind by the key under which a file comes, with what it is when Telegram does not say.
FILES = {
    "voice": ("audio", "audio/ogg"),
    "audio": ("audio", "audio/mpeg"),
    "video": ("video", "video/mp4"),
    "video_note": ("video", "video/mp4"),
    "animation": ("video", "video/mp4"),
    "document": ("document", ""),
    "sticker": ("image", "image/webp"),
}
# Notices of Telegram itself, which no person wrote.
SERVICE = (
    "new_chat_members",
    "left_chat_member",
    "pinned_message",
    "message_auto_delete_timer_changed",
    "group_chat_created",
)


def read_update(value: Any) -> list[Parsed]:
    """Return what an update says."""
    if not isinstance(value, dict):
        return [Ignored("not an object")]
    if message := mapping(value.get("message")):
        return [_message(message)]
    if message := mapping(value.get("edited_message")):
        return [_edited(message)]
    if query := mapping(value.get("callback_query")):
        return [_pressed(query)]
    if reaction := mapping(value.get("message_reaction")):
        return [_reaction(reaction)]
    kind = next((str(key) for key in value if key != "update_id"), "nothing")
    return [Ignored(f"update {kind[:60]}")]


def _address(message: dict[str, Any]) -> tuple[str, str]:
    """Return chat and message as we name them; empty for anything but a chat with one person."""
    chat, identifier = word(inside(message, "chat", "id")), word(message.get("message_id"))
    if text(inside(message, "chat", "type")) != "private" or not chat or not identifier:
        return "", ""
    return chat, f"{chat}:{identifier}"


def _message(message: dict[str, Any]) -> Parsed:
    chat, identifier = _address(message)
    if not chat:
        return Ignored("group, channel or status")
    if any(name in message for name in SERVICE):
        return Ignored("system message")
    kind, words, media = _content(message)
    return InboundMessage(
        external_id=identifier,
        chat_id=chat,
        phone=_phone(message),
        identities=(("telegram", chat),),
        name=_name(mapping(message.get("from"))),
        kind=kind,
        text=words,
        at=when(message.get("date")),
        media=media,
        reply_to=_quoted(message, chat),
        source=SOURCE,
    )


def _content(message: dict[str, Any]) -> tuple[str, str, MediaRef | None]:
    caption = text(message.get("caption"))
    if sizes := [mapping(one) for one in listing(message.get("photo"))]:
        return "image", caption, MediaRef("image/jpeg", "", _file(max(sizes, key=_area)))
    # An animation comes as a document too.
    for name, (kind, mimetype) in FILES.items():
        if part := mapping(message.get(name)):
            known = text(part.get("mime_type"))[:100] or mimetype
            return kind, caption, MediaRef(known, text(part.get("file_name"))[:200], _file(part))
    if place := mapping(message.get("location")):
        venue = {"name": inside(message, "venue", "title"), "address": inside(message, "venue", "address")}
        return "location", place_words(place.get("latitude"), place.get("longitude"), venue), None
    if card := mapping(message.get("contact")):
        names = (text(card.get(name)) for name in ("first_name", "last_name", "phone_number"))
        return "contact", " ".join(name for name in names if name), None
    words = text(message.get("text"))
    return ("text", words, None) if "text" in message else ("unsupported", "", None)


def _area(size: dict[str, Any]) -> int:
    width, height = size.get("width"), size.get("height")
    return width * height if isinstance(width, int) and isinstance(height, int) else 0


def _file(part: dict[str, Any]) -> str:
    identifier = text(part.get("file_id"))[:300]
    return f"file:{identifier}" if identifier else ""


def _phone(message: dict[str, Any]) -> str | None:
    """Return the person's own phone, which Telegram shows only when somebody shares the own visiting card."""
    owner = inside(message, "contact", "user_id")
    if owner is None or owner != inside(message, "from", "id"):
        return None
    try:
        return canonical(f"+{text(inside(message, 'contact', 'phone_number')).lstrip('+')}").e164
    except InvalidPhoneError:
        return None


def _name(sender: dict[str, Any]) -> str:
    names = (text(sender.get("first_name")), text(sender.get("last_name")))
    return (" ".join(name for name in names if name) or text(sender.get("username")))[:160]


def _quoted(message: dict[str, Any], chat: str) -> str:
    identifier = word(inside(message, "reply_to_message", "message_id"))
    return f"{chat}:{identifier}" if identifier else ""


def _edited(message: dict[str, Any]) -> Parsed:
    chat, identifier = _address(message)
    words = text(message.get("text")) or text(message.get("caption"))
    if not chat:
        return Ignored("group, channel or status")
    if not words:
        return Ignored("edited without a text")
    return MessageChange("edited", identifier, chat, words, when(message.get("edit_date")))


def _pressed(query: dict[str, Any]) -> Parsed:
    chat, _message_id = _address(mapping(query.get("message")))
    identifier, words = word(query.get("id")), text(query.get("data"))
    if not chat or not identifier:
        return Ignored("button without a chat")
    sender = mapping(query.get("from"))
    return InboundMessage(
        f"callback:{identifier}"[:200],
        chat,
        None,
        (("telegram", chat),),
        _name(sender),
        "text",
        words,
        when(None),
        source=SOURCE,
    )


def _reaction(reaction: dict[str, Any]) -> Parsed:
    chat, identifier = _address(reaction)
    if not chat:
        return Ignored("group, channel or status")
    emojis = (text(mapping(one).get("emoji")) for one in listing(reaction.get("new_reaction")))
    emoji = next((found for found in emojis if found), "")
    return MessageChange("reaction", identifier, chat, emoji, when(reaction.get("date")))
