import hashlib
import hmac
import re
from typing import Any

from core.clock import now
from gateways.calls import Answer, FailureKind, HttpCall, HttpReply, Operation, TransportFailure
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
    RawHook,
    Rhythm,
    SendResult,
)
from gateways.formats.loose import decoded, inside, mapping, text, when, word
from gateways.formats.multipart import form_with_file
from gateways.formats.servers import blotted
from gateways.providers.telegram.config import TelegramConfig
from gateways.providers.telegram.payloads import read_update

UPDATES = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"]
HOOK_HEADER = "x-telegram-bot-api-secret-token"
SEND_SECONDS, ASK_SECONDS, PRESENCE_SECONDS = 30.0, 20.0, 10.0
METHODS = {"image": ("sendPhoto", "photo"), "video": ("sendVideo", "video"), "document": ("sendDocument", "document")}
VOICE = {"audio/ogg", "audio/mpeg", "audio/mp4"}
SAFE_PATH = re.compile(r"[A-Za-z0-9_\-]+(/[A-Za-z0-9_\-.]+)*")
FRESH_SECONDS = 900


class TelegramAdapter(PlainAdapter):
    """A Telegram bot: it only answers, and never learns whether a message was read."""

    code = "telegram"
    label = "Telegram"
    config_model = TelegramConfig
    rhythm = Rhythm((34, 50))
    identity_kinds = ("telegram",)
    starts_chats = False
    acknowledges = False
    shows_presence = True

    def send(self, config: TelegramConfig, message: OutgoingMessage) -> Operation[SendResult]:
        if not message.chat_id:
            return SendResult(Outcome.REFUSED, code="blocked", detail="Nobody of this name wrote to the bot.")
        reply = yield _send_call(config, message)
        return _read_send(reply, message.chat_id)

    def check_number(self, config: TelegramConfig, phone: str) -> Operation[NumberAnswer]:
        yield from ()
        return NumberAnswer(None, detail="Telegram knows no phones")

    def connect(self, config: TelegramConfig, webhook_url: str) -> Operation[ConnectionReport]:
        body = {
            "url": webhook_url,
            "secret_token": config.hook_secret,
            "allowed_updates": UPDATES,
            "max_connections": 40,
        }
        reply = yield _call(config, "setWebhook", body if config.hook_secret else {**body, "secret_token": None})
        return _trouble(reply) or (yield from self.health(config))

    def health(self, config: TelegramConfig) -> Operation[ConnectionReport]:
        reply = yield _call(config, "getMe")
        trouble = _trouble(reply)
        if trouble:
            return trouble
        reply = yield _call(config, "getWebhookInfo")
        trouble = _trouble(reply)
        if trouble or not isinstance(reply, HttpReply):
            return trouble or ConnectionReport("disconnected")
        info = mapping(inside(reply.json(), "result"))
        if not text(info.get("url")):
            return ConnectionReport("disconnected", "no webhook")
        return ConnectionReport("connected", "ok", warning=_warning(info))

    def disconnect(self, config: TelegramConfig) -> Operation[ConnectionReport]:
        reply = yield _call(config, "deleteWebhook", {})
        return _trouble(reply) or ConnectionReport("disconnected", "by_hand")

    def presence(self, config: TelegramConfig, chat_id: str, typing: bool) -> Operation[str]:
        if not typing:  # bots cannot mark as read
            return ""
        reply = yield _call(
            config, "sendChatAction", {"chat_id": chat_id, "action": "typing"}, seconds=PRESENCE_SECONDS
        )
        trouble = _trouble(reply)
        return trouble.reason if trouble else ""

    def fetch_media(self, config: TelegramConfig, media: MediaRef) -> Operation[Answer | None]:
        kind, _, identifier = media.url.partition(":")
        if kind != "file" or not identifier or "/" in identifier:
            return None
        reply = yield _call(config, "getFile", {"file_id": identifier})
        if not isinstance(reply, HttpReply) or reply.status >= 300:
            return reply
        path = text(inside(reply.json(), "result", "file_path"))
        if not SAFE_PATH.fullmatch(path) or ".." in path:
            return None
        return (yield HttpCall("GET", config.file_address(path), timeout_seconds=SEND_SECONDS))

    def verify_hook(self, config: TelegramConfig, hook: RawHook) -> bool:
        given = hook.headers.get(HOOK_HEADER, "")
        return not config.hook_secret or hmac.compare_digest(
            config.hook_secret.encode(), given.encode("utf-8", "replace")
        )

    def dedupe_key(self, hook: RawHook) -> str:
        number = word(mapping(decoded(hook.body)).get("update_id"))
        return f"update:{number}"[:120] if number else hashlib.sha256(hook.body).hexdigest()

    def redact(self, config: TelegramConfig, body: bytes) -> bytes:
        return blotted(body, config.secrets)

    def parse(self, config: TelegramConfig, body: bytes) -> list[Parsed]:
        value = decoded(body)
        return [Ignored("not JSON")] if value is None else read_update(value)


def _call(config: TelegramConfig, method: str, body: Any = None, *, seconds: float = ASK_SECONDS) -> HttpCall:
    return HttpCall("POST", config.address(method), json={} if body is None else body, timeout_seconds=seconds)


def _send_call(config: TelegramConfig, message: OutgoingMessage) -> HttpCall:
    reply_to = message.reply_to.rpartition(":")[2]
    quoted = {"reply_parameters": {"message_id": int(reply_to)}} if reply_to.isascii() and reply_to.isdigit() else {}
    if message.media is not None:
        return _file_call(config, message, message.media)
    body = {"chat_id": message.chat_id, "text": message.text, **quoted}
    return HttpCall("POST", config.address("sendMessage"), json=body, effectful=True, timeout_seconds=SEND_SECONDS)


def _file_call(config: TelegramConfig, message: OutgoingMessage, media: OutgoingMedia) -> HttpCall:
    method, name = METHODS.get(media.kind, METHODS["document"])
    if media.kind == "audio":
        method, name = ("sendVoice", "voice") if media.mimetype.split(";")[0] in VOICE else METHODS["document"]
    fields = {"chat_id": message.chat_id} | ({"caption": message.text} if message.text else {})
    content, kind = form_with_file(fields, name, media)
    headers = {"Content-Type": kind}
    return HttpCall(
        "POST", config.address(method), headers, effectful=True, timeout_seconds=SEND_SECONDS, content=content
    )


def _read_send(reply: HttpReply | TransportFailure, chat: str) -> SendResult:
    if isinstance(reply, TransportFailure):
        if reply.kind is FailureKind.NOT_SENT:
            return SendResult(Outcome.CHANNEL_DOWN, chat_id=chat, code="unreachable", detail=reply.detail)
        return SendResult(Outcome.UNKNOWN, chat_id=chat, code="no_answer", detail=reply.detail)
    answer = mapping(reply.json())
    identifier = word(inside(answer, "result", "message_id"))
    if reply.status < 300 and answer.get("ok") is True and identifier:
        return SendResult(Outcome.SENT, f"{chat}:{identifier}"[:200], chat)
    if reply.status < 300 and answer.get("ok") is not False:
        return SendResult(Outcome.UNKNOWN, chat_id=chat, code="no_id")
    return _refusal(reply, answer, chat)


def _refusal(reply: HttpReply, answer: dict[str, Any], chat: str) -> SendResult:
    told, detail = answer.get("error_code"), text(answer.get("description"))[:400]
    status = told if isinstance(told, int) and not isinstance(told, bool) and 400 <= told < 600 else reply.status
    if status == 429:
        wait = inside(answer, "parameters", "retry_after")
        seconds = float(wait) if isinstance(wait, int | float) and 0 <= wait < 10**6 else reply.retry_after_seconds
        return SendResult(Outcome.LATER, "", chat, "429", detail, seconds)
    if status in {401, 404}:  # a wrong token has no method at all
        return SendResult(Outcome.CHANNEL_DOWN, "", chat, "unauthorised", detail)
    if status == 403 or "chat not found" in detail:
        return SendResult(Outcome.REFUSED, "", chat, "blocked", detail)
    is_final = 400 <= status < 500 and status not in {408, 409}
    return SendResult(Outcome.REFUSED if is_final else Outcome.UNKNOWN, "", chat, str(status), detail)


def _warning(info: dict[str, Any]) -> str:
    """Return what kept Telegram from calling us lately."""
    words = text(info.get("last_error_message"))[:200]
    if not words or (now() - when(info.get("last_error_date"))).total_seconds() > FRESH_SECONDS:
        return ""
    return f"telegram: {words}"


def _trouble(reply: HttpReply | TransportFailure) -> ConnectionReport | None:
    if isinstance(reply, TransportFailure):
        return ConnectionReport("disconnected", f"unreachable: {reply.detail}")
    answer = mapping(reply.json())
    if reply.status < 300 and answer.get("ok") is True:
        return None
    if reply.status in {401, 404}:
        return ConnectionReport("disconnected", "unauthorised")
    return ConnectionReport("disconnected", text(answer.get("description"))[:200] or f"HTTP {reply.status}")
