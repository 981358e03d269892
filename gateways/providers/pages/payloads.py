"""Webhooks of Messenger and Instagram: people are known by ids that are the page's own, never by a phone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateways.contract import DeliveryUpdate, Ignored, InboundMessage, MediaRef, MessageChange, Parsed, Watermark
from gateways.formats.baileys import place_words
from gateways.formats.graph_parts import parts
from gateways.formats.loose import inside, listing, mapping, text, when, word
from gateways.providers.pages.config import PageConfig

MEDIA = {"image": "image", "video": "video", "audio": "audio", "file": "document", "ig_reel": "video", "reel": "video"}
MIMETYPES = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mp4"}
OUR_MARK = "prosa"


@dataclass(frozen=True)
class Reader:
    """Reads for one account; ``kind`` is messenger or instagram."""

    kind: str
    config: PageConfig

    def read(self, value: Any) -> list[Parsed]:
        """Return all that a webhook says."""
        if not isinstance(value, dict):
            return [Ignored("not an object")]
        found: list[Parsed] = []
        for part in parts(value, self.kind):
            if not part.is_for(self.kind, self.config):
                found.append(part.for_others())
                continue
            for event in listing(part.value.get("messaging")):
                found += self._event(mapping(event))
            found += [Ignored("another app has the conversation") for _event in listing(part.value.get("standby"))]
        return found or [Ignored("nothing in it")]

    def _event(self, event: dict[str, Any]) -> list[Parsed]:
        sender, recipient = word(inside(event, "sender", "id")), word(inside(event, "recipient", "id"))
        is_echo = inside(event, "message", "is_echo") is True
        person = recipient if is_echo else sender
        if not person:
            return [Ignored("message without sender or id")]
        chat = f"{self.config.account_id}:{person}"[:120]
        at = when(event.get("timestamp"))
        if message := mapping(event.get("message")):
            return list(self._message(message, chat, at, is_echo))
        if postback := mapping(event.get("postback")):
            return [self._pressed(postback, chat, at)]
        if reaction := mapping(event.get("reaction")):
            return [_reaction(reaction, chat, at)]
        if "delivery" in event or "read" in event:
            return list(_marks(event, chat))
        return [Ignored("event without a message")]

    def _message(self, message: dict[str, Any], chat: str, at: Any, is_echo: bool) -> Iterator[Parsed]:
        mid = text(message.get("mid"))[:190]
        if not mid:
            yield Ignored("message without id")
            return
        if message.get("is_deleted") is True:
            yield MessageChange("revoked", mid, chat, "", at, is_echo)
            return
        parts = [mapping(one) for one in listing(message.get("attachments"))] or [{}]
        for number, part in enumerate(parts):
            words = text(message.get("text")) if number == 0 else ""
            kind, found, media = _content(message, part)
            yield InboundMessage(
                external_id=mid if number == 0 else f"{mid}#{number + 1}",
                chat_id=chat,
                phone=None,
                identities=((self.kind, chat),),
                name="",
                kind=kind,
                text=words or found,
                at=at,
                from_me=is_echo,
                from_api=is_echo and text(message.get("metadata")) == OUR_MARK,
                media=media,
                reply_to=text(inside(message, "reply_to", "mid"))[:200],
                source=self.kind,
            )

    def _pressed(self, postback: dict[str, Any], chat: str, at: Any) -> Parsed:
        mid = text(postback.get("mid"))[:200]
        words = text(postback.get("title")) or text(postback.get("payload"))
        if not mid or not words:
            return Ignored("button without a text")
        return InboundMessage(mid, chat, None, ((self.kind, chat),), "", "text", words, at, source=self.kind)


def _content(message: dict[str, Any], part: dict[str, Any]) -> tuple[str, str, MediaRef | None]:
    kind, url = text(part.get("type")), text(inside(part, "payload", "url"))[:2000]
    if kind in MEDIA:
        ours = MEDIA[kind]
        return ours, "", MediaRef(MIMETYPES.get(ours, ""), "", url)
    if kind == "location":
        place = mapping(inside(part, "payload", "coordinates"))
        return "location", place_words(place.get("lat"), place.get("long"), {"name": part.get("title")}), None
    if url:  # shared posts, stories, links
        return "text", url, None
    if message.get("is_unsupported") is True or kind:
        return "unsupported", "", None
    return ("text", "", None) if "text" in message else ("unsupported", "", None)


def _reaction(reaction: dict[str, Any], chat: str, at: Any) -> Parsed:
    mid = text(reaction.get("mid"))[:200]
    if not mid:
        return Ignored("change without a message")
    emoji = "" if text(reaction.get("action")) == "unreact" else text(reaction.get("emoji")) or "❤"
    return MessageChange("reaction", mid, chat, emoji, at)


def _marks(event: dict[str, Any], chat: str) -> Iterator[Parsed]:
    """Yield what was delivered or read: single messages where they are named, else all up to a moment."""
    for name, state in (("delivery", "delivered"), ("read", "read")):
        mark = mapping(event.get(name))
        at = when(mark.get("watermark") or event.get("timestamp"))
        mids = [mid for one in (*listing(mark.get("mids")), mark.get("mid")) if (mid := text(one)[:200])]
        for mid in mids:
            yield DeliveryUpdate(mid, state, at)
        if mark.get("watermark"):
            yield Watermark(chat, state, at)
        elif name in event and not mids:
            yield Ignored("mark without a message")
