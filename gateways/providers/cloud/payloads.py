"""Webhooks of the WhatsApp Cloud API: batches of entries, changes, messages and statuses."""

from collections.abc import Iterator
from typing import Any

from gateways.contract import (
    AccountUpdate,
    ConnectionUpdate,
    DeliveryUpdate,
    Ignored,
    InboundMessage,
    MediaRef,
    MessageChange,
    Parsed,
    TemplateUpdate,
)
from gateways.formats.baileys import place_words
from gateways.formats.graph import error_of
from gateways.formats.graph_parts import parts
from gateways.formats.jids import PERSON, chat_id, phone_of
from gateways.formats.loose import inside, listing, mapping, text, when, word
from gateways.providers.cloud.config import CloudConfig

STATES = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}
MEDIA = {"image": "image", "video": "video", "audio": "audio", "document": "document", "sticker": "image"}
TIERS = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
    "TIER_UNLIMITED": 0,
}
QUALITIES = {"GREEN", "YELLOW", "RED"}
STOPS = {"ACCOUNT_RESTRICTION", "DISABLED_UPDATE"}
ENDS = {"ACCOUNT_DELETED", "ACCOUNT_OFFBOARDED"}


def read_body(value: Any, config: CloudConfig) -> list[Parsed]:
    """Return all that a webhook says about one number and its account, and what is another's."""
    if not isinstance(value, dict):
        return [Ignored("not an object")]
    found: list[Parsed] = []
    for part in parts(value, "cloud"):
        if not part.is_for("cloud", config):
            found.append(part.for_others())
            continue
        found += _change(part.value)
        if part.is_shared:
            found.append(part.for_others(is_ours_too=True))
    return found or [Ignored("nothing in it")]


def _change(change: dict[str, Any]) -> list[Parsed]:
    field, value = text(change.get("field")), mapping(change.get("value"))
    match field:
        case "messages":
            return list(_messages(value))
        case "message_template_status_update" | "message_template_quality_update" | "template_category_update":
            return [_template(field, value)]
        case "phone_number_quality_update" | "business_capability_update":
            limit = limit_of(value.get("max_daily_conversations_per_business") or value.get("current_limit"))
            return [AccountUpdate(limit) if limit is not None else Ignored(f"field {field}")]
        case "account_update":
            return [_account(value)]
    return [Ignored(f"field {field[:60]}")]


def limit_of(tier: Any) -> int | None:
    """Return the people a day of one of Meta's tiers: 0 is no limit, None not said."""
    if isinstance(tier, int) and not isinstance(tier, bool) and tier >= -1:
        return max(tier, 0)
    return TIERS.get(text(tier).upper())


def quality_of(value: Any) -> str:
    found = text(value).upper()
    return found if found in QUALITIES else ""


def _messages(value: dict[str, Any]) -> Iterator[Parsed]:
    names: dict[str, str] = {}
    for contact in (mapping(one) for one in listing(value.get("contacts"))):
        for key in (word(contact.get("wa_id")), word(contact.get("user_id"))):
            names[key] = text(inside(contact, "profile", "name"))[:160]
    users = {word(mapping(c).get("wa_id")): word(mapping(c).get("user_id")) for c in listing(value.get("contacts"))}
    for message in listing(value.get("messages")):
        yield _message(mapping(message), names, users)
    for status in listing(value.get("statuses")):
        yield _status(mapping(status))


def _message(message: dict[str, Any], names: dict[str, str], users: dict[str, str]) -> Parsed:
    sender, identifier = word(message.get("from")), text(message.get("id"))[:200]
    user = word(message.get("from_user_id")) or users.get(sender, "")
    chat = chat_id(f"{sender}{PERSON}") if sender.isascii() and sender.isdigit() else ""
    if not identifier or not (chat or user):
        return Ignored("message without sender or id")
    kind = text(message.get("type"))
    if kind == "reaction":
        return _reaction(message, chat or user)
    if kind == "system":
        return Ignored("system message")
    ours, words, media = _content(kind, mapping(message.get(kind)), message)
    return InboundMessage(
        external_id=identifier,
        chat_id=chat or user,
        phone=phone_of(chat),
        identities=tuple(pair for pair in (("whatsapp", chat), ("bsuid", user[:120])) if pair[1]),
        name=names.get(sender, "") or names.get(user, ""),
        kind=ours,
        text=words,
        at=when(message.get("timestamp")),
        media=media,
        reply_to=text(inside(message, "context", "id"))[:200],
        source=_source(mapping(message.get("referral"))),
    )


def _source(referral: dict[str, Any]) -> str:
    """Return the advertisement that brought somebody here, in a word."""
    return f"ad:{word(referral.get('source_id'))}"[:40] if referral.get("source_id") else ""


def _content(kind: str, part: dict[str, Any], message: dict[str, Any]) -> tuple[str, str, MediaRef | None]:
    if kind in MEDIA:
        file = MediaRef(text(part.get("mime_type"))[:100], text(part.get("filename"))[:200], _file(part))
        return MEDIA[kind], text(part.get("caption")), file
    match kind:
        case "text":
            return "text", text(part.get("body")), None
        case "button":
            return "text", text(part.get("text")), None
        case "interactive":
            answer = mapping(part.get(text(part.get("type"))))
            return "text", text(answer.get("title")) or text(answer.get("body")), None
        case "location":
            return "location", place_words(part.get("latitude"), part.get("longitude"), part), None
        case "contacts":
            cards = [_card(mapping(card)) for card in listing(message.get("contacts"))]
            return "contact", "\n".join(card for card in cards if card), None
    return "unsupported", "", None


def _file(part: dict[str, Any]) -> str:
    identifier = word(part.get("id"))
    return f"media:{identifier}" if identifier else ""


def _card(card: dict[str, Any]) -> str:
    phones = [text(mapping(phone).get("phone")) for phone in listing(card.get("phones"))]
    return " ".join(part for part in (text(inside(card, "name", "formatted_name")), *phones) if part)


def _reaction(message: dict[str, Any], chat: str) -> Parsed:
    about = text(inside(message, "reaction", "message_id"))[:200]
    if not about:
        return Ignored("change without a message")
    emoji = text(inside(message, "reaction", "emoji"))
    return MessageChange("reaction", about, chat, emoji, when(message.get("timestamp")))


def _status(status: dict[str, Any]) -> Parsed:
    identifier, state = text(status.get("id"))[:200], STATES.get(text(status.get("status")))
    if not identifier or state is None:
        return Ignored("unknown status")
    at = when(status.get("timestamp"))
    if state != "failed":
        return DeliveryUpdate(identifier, state, at)
    error = error_of(next(iter(listing(status.get("errors"))), None))
    return DeliveryUpdate(identifier, state, at, str(error.code) if error.code >= 0 else "failed", error.detail)


def _template(field: str, value: dict[str, Any]) -> Parsed:
    identifier = word(value.get("message_template_id"))
    if not identifier:
        return Ignored("template without id")
    name, language = text(value.get("message_template_name"))[:512], text(value.get("message_template_language"))[:20]
    if field == "message_template_quality_update":
        return TemplateUpdate(
            identifier, name, language, quality=quality_of(value.get("new_quality_score")) or "UNKNOWN"
        )
    if field == "template_category_update":
        return TemplateUpdate(identifier, name, language, category=text(value.get("new_category"))[:20])
    reason = _reason(value)
    return TemplateUpdate(identifier, name, language, text(value.get("event"))[:30].upper(), reason)


def _reason(value: dict[str, Any]) -> str:
    reason = text(value.get("reason"))
    told = "" if reason.upper() == "NONE" else reason
    rejection = text(inside(value, "rejection_info", "reason"))
    advice = text(inside(value, "rejection_info", "recommendation")) or text(inside(value, "other_info", "description"))
    return ": ".join(part for part in (told or rejection, advice) if part)[:500]


def _account(value: dict[str, Any]) -> Parsed:
    event = text(value.get("event"))[:60]
    if event == "DISABLED_UPDATE" and text(inside(value, "ban_info", "waba_ban_state")) == "REINSTATE":
        return ConnectionUpdate("connected", "REINSTATE")
    if event in STOPS:
        return ConnectionUpdate("restricted", event)
    return ConnectionUpdate("disconnected", event) if event in ENDS else Ignored(f"account {event}")
