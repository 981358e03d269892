from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

import orjson

from gateways.calls import Answer, HttpCall, HttpReply, Operation
from gateways.contract import (
    ConnectionReport,
    Ignored,
    MediaRef,
    NumberAnswer,
    Outcome,
    OutgoingMedia,
    OutgoingMessage,
    Parsed,
    PlainAdapter,
    Profile,
    Rhythm,
    SendResult,
)
from gateways.formats.graph import GraphHooks, is_files_host, refused
from gateways.formats.loose import decoded, inside, mapping, text, word
from gateways.formats.multipart import form_with_file
from gateways.providers.pages.config import PageConfig
from gateways.providers.pages.payloads import OUR_MARK, Reader

SEND_SECONDS, ASK_SECONDS, PRESENCE_SECONDS = 30.0, 20.0, 10.0
FIELDS = "messages,message_echoes,messaging_postbacks,message_deliveries,message_reads,message_reactions"
KINDS = {"image": "image", "video": "video", "audio": "audio"}


class PageAdapter(GraphHooks, PlainAdapter):
    """What Messenger and Instagram have in common: people write first, and are answered for 24 hours."""

    config_model = PageConfig
    rhythm = Rhythm((250, 400))
    starts_chats = False
    has_window = True
    days_by_hand = 7
    tells_names = True
    acknowledges = False
    shows_presence = True
    beat_seconds = 120.0
    named_by = ("account_id",)
    code: str
    longest_text: ClassVar[int]
    name_fields: ClassVar[tuple[str, ...]]

    def _addressed(self, message: OutgoingMessage) -> dict[str, Any]:
        tag = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if message.by_hand else {}
        return {"recipient": {"id": _person(message.chat_id)}} | tag

    def send(self, config: PageConfig, message: OutgoingMessage) -> Operation[SendResult]:
        problem = self._problem(config, message)
        if problem:
            return SendResult(Outcome.REFUSED, chat_id=message.chat_id, code=problem)
        body = self._addressed(message)
        if message.media is not None:
            uploaded = yield from self._upload(config, message.media)
            if isinstance(uploaded, SendResult):
                return uploaded
            kind = KINDS.get(message.media.kind, "file")
            body["message"] = {"attachment": {"type": kind, "payload": {"attachment_id": uploaded}}}
        else:
            body["message"] = {"text": message.text}
        if self.code == "messenger":
            body["message"]["metadata"] = OUR_MARK
        url = config.address(f"{config.page_id}/messages")
        reply = yield HttpCall("POST", url, config.headers, body, effectful=True, timeout_seconds=SEND_SECONDS)
        return _read_send(reply, message.chat_id, by_hand=message.by_hand)

    def _problem(self, config: PageConfig, message: OutgoingMessage) -> str:
        if not self.reaches(config, message.chat_id):
            return "blocked"
        if message.media is not None and message.text:
            return "file_caption"
        return "too_long" if self._length(message.text) > self.longest_text else ""

    def _length(self, words: str) -> int:
        return len(words)

    def _upload(self, config: PageConfig, media: OutgoingMedia) -> Operation[str | SendResult]:
        kind = KINDS.get(media.kind, "file")
        message = {"attachment": {"type": kind, "payload": {"is_reusable": True}}}
        fields = {"message": orjson.dumps(message).decode(), "platform": self.code}
        content, content_type = form_with_file(fields, "filedata", media)
        url, headers = (
            config.address(f"{config.page_id}/message_attachments"),
            {**config.headers, "Content-Type": content_type},
        )
        reply = yield HttpCall("POST", url, headers, content=content, timeout_seconds=SEND_SECONDS)
        result = refused(reply)
        if result is not None and result.outcome is not Outcome.UNKNOWN:
            return result
        found = word(inside(reply.json(), "attachment_id")) if isinstance(reply, HttpReply) else ""
        return found or SendResult(Outcome.NOT_SENT, code="upload", detail="The file was not accepted.")

    def check_number(self, config: PageConfig, phone: str) -> Operation[NumberAnswer]:
        yield from ()
        return NumberAnswer(None, detail="no phones here")

    def connect(self, config: PageConfig, webhook_url: str) -> Operation[ConnectionReport]:
        url = config.address(f"{config.page_id}/subscribed_apps?subscribed_fields={FIELDS}")
        reply = yield HttpCall("POST", url, config.headers, {}, timeout_seconds=ASK_SECONDS)
        return _trouble(reply) or (yield from self.health(config))

    def health(self, config: PageConfig) -> Operation[ConnectionReport]:
        url = config.address(f"{config.account_id}?fields=id,name")
        reply = yield HttpCall("GET", url, config.headers, timeout_seconds=ASK_SECONDS)
        trouble = _trouble(reply)
        if trouble:
            return trouble
        found = isinstance(reply, HttpReply) and bool(mapping(reply.json()).get("id"))
        return ConnectionReport("connected", "ok") if found else ConnectionReport("disconnected", "not Meta")

    def disconnect(self, config: PageConfig) -> Operation[ConnectionReport]:
        url = config.address(f"{config.page_id}/subscribed_apps")
        reply = yield HttpCall("DELETE", url, config.headers, timeout_seconds=ASK_SECONDS)
        return _trouble(reply) or ConnectionReport("disconnected", "by_hand")

    def presence(self, config: PageConfig, chat_id: str, typing: bool) -> Operation[str]:
        url = config.address(f"{config.page_id}/messages")
        body = {"recipient": {"id": _person(chat_id)}, "sender_action": "typing_on" if typing else "mark_seen"}
        reply = yield HttpCall("POST", url, config.headers, body, timeout_seconds=PRESENCE_SECONDS)
        result = refused(reply)
        return f"{result.code}: {result.detail}" if result else ""

    def profile(self, config: PageConfig, chat_id: str) -> Operation[Profile]:
        url = config.address(f"{_person(chat_id)}?fields={','.join(self.name_fields)}")
        reply = yield HttpCall("GET", url, config.headers, timeout_seconds=ASK_SECONDS)
        result = refused(reply)
        if result is not None or not isinstance(reply, HttpReply):
            return Profile(problem=f"{result.code}: {result.detail}".strip(": ") if result else "no answer")
        return Profile(self._name(mapping(reply.json()))[:160])

    def _name(self, answer: dict[str, Any]) -> str:
        return " ".join(found for field in self.name_fields if (found := text(answer.get(field)).strip()))

    def fetch_media(self, config: PageConfig, media: MediaRef) -> Operation[Answer | None]:
        # The address is signed by Meta and needs no token, which therefore goes nowhere.
        if urlsplit(media.url).scheme not in {"http", "https"} or not is_files_host(config, media.url):
            return None
        return (yield HttpCall("GET", media.url, timeout_seconds=SEND_SECONDS))

    def reaches(self, config: PageConfig, address: str) -> bool:
        return address.startswith(f"{config.account_id}:")

    def parse(self, config: PageConfig, body: bytes) -> list[Parsed]:
        value = decoded(body)
        return [Ignored("not JSON")] if value is None else Reader(self.code, config).read(value)


class MessengerAdapter(PageAdapter):
    code = "messenger"
    label = "Messenger"
    identity_kinds = ("messenger",)
    longest_text = 2_000
    name_fields = ("first_name", "last_name")

    def _addressed(self, message: OutgoingMessage) -> dict[str, Any]:
        return {"messaging_type": "RESPONSE"} | super()._addressed(message)


class InstagramAdapter(PageAdapter):
    code = "instagram"
    label = "Instagram"
    identity_kinds = ("instagram",)
    longest_text = 1_000
    name_fields = ("name", "username")

    def _name(self, answer: dict[str, Any]) -> str:
        return text(answer.get("name")).strip() or text(answer.get("username")).strip()

    def _length(self, words: str) -> int:
        return len(words.encode())  # Instagram counts bytes


def _person(chat_id: str) -> str:
    return chat_id.rpartition(":")[2]


def _read_send(reply: Answer, chat: str, *, by_hand: bool) -> SendResult:
    result = refused(reply, chat)
    if by_hand and result is not None and result.code == "permission":
        # The page works; what is missing is the leave to answer after 24 hours.
        return SendResult(Outcome.REFUSED, "", chat, "human_agent", result.detail)
    if result is not None and result.code == "window":
        return replace(result, code="window_over")  # there are no templates here that could be sent instead
    if result is not None or not isinstance(reply, HttpReply):
        return result or SendResult(Outcome.UNKNOWN, chat_id=chat)
    identifier = text(inside(reply.json(), "message_id"))[:200]
    if identifier:
        return SendResult(Outcome.SENT, identifier, chat)
    return SendResult(Outcome.UNKNOWN, chat_id=chat, code="no_id")


def _trouble(reply: Answer) -> ConnectionReport | None:
    result = refused(reply)
    if result is None:
        return None
    return ConnectionReport(result.channel_state or "disconnected", f"{result.code}: {result.detail}".strip(": "))
